"""The conformance kit: everything the core expects of a provider, as tests that a plugin inherits.

::

    from persona_graph.provider.conformance import ProviderConformance, ScriptedVendor

    class TestMine(ProviderConformance):
        secrets = ("sk-canary-1",)

        def provider(self) -> Provider:
            return MyProvider(api_key="sk-canary-1")

        def vendor(self) -> ScriptedVendor:
            vendor = ScriptedVendor()
            return vendor.on("POST", "/v1/speech", lambda request: vendor.charge() and speech())

It runs without key and network. ``KitCall`` is a call as the core lends it, for a plugin's own tests.
Only ``ProviderConformance`` needs pytest. See docs/write-a-provider.md.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from persona_graph.provider.conformance.base import Conformance
from persona_graph.provider.conformance.call import KIT_NOW, KitCall, Logbook
from persona_graph.provider.conformance.cassette import CassetteVendor
from persona_graph.provider.conformance.every import conformance_of
from persona_graph.provider.conformance.samples import clip, picture, sample_order, sound
from persona_graph.provider.conformance.vendor import EmulatedVendor, ScriptedVendor, Vendor
from persona_graph.provider.report import Finding, Grade, Report, Verdict

if TYPE_CHECKING:
    from persona_graph.provider.conformance.suite import ProviderConformance

__all__ = [
    "KIT_NOW", "CassetteVendor", "Conformance", "EmulatedVendor", "Finding", "Grade", "KitCall", "Logbook", "ProviderConformance",
    "Report", "ScriptedVendor", "Vendor", "Verdict", "clip", "conformance_of", "picture", "sample_order", "sound",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "ProviderConformance":
        from persona_graph.provider.conformance.suite import ProviderConformance

        return ProviderConformance
    raise AttributeError(name)
