"""The wall: everything a provider plugin may import from Persona Graph, and nothing else.

A plugin is a distribution with an entry point in the group ``persona_graph`` whose module
implements one hook::

    from persona_graph.provider import hookimpl, PluginConfig, Provider

    @hookimpl
    def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
        return [MyProvider(api_key=config.secret("API_KEY"))]

The core drives: a provider answers ``start``, ``check``, ``find``, ``cancel`` and ``forget_voice``
and never loops, sleeps, reads the environment or builds an HTTP client. See docs/write-a-provider.md.
"""

from persona_graph.provider.asking import Step, ask, json_of, unreadable
from persona_graph.provider.call import Call, PluginConfig
from persona_graph.provider.deliveries import Delivery, Progress, Ticket, Timing, TimingSource
from persona_graph.provider.errors import (
    OrderFailed,
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)
from persona_graph.provider.hookspec import API_VERSION, Provider, hookimpl
from persona_graph.provider.knocks import BadKnock, Knock, TakesKnocks
from persona_graph.provider.offers import (
    Capability,
    Cost,
    DataUse,
    Fidelity,
    Limits,
    Offer,
    PaymentSafety,
)
from persona_graph.provider.orders import (
    Animate,
    FileRef,
    Order,
    Pronunciation,
    Speak,
    SpeechStyle,
    TrainVoice,
    VendorVoice,
    Write,
)

__all__ = [
    "API_VERSION", "Animate", "BadKnock", "Call", "Capability", "Cost", "DataUse", "Delivery",
    "Fidelity", "FileRef", "Knock", "Limits", "Offer", "Order", "OrderFailed", "OrderRejected",
    "OutcomeUnknown", "PaymentSafety", "PluginConfig", "Progress", "Pronunciation", "Provider",
    "ProviderBusy", "ProviderError", "ProviderUnavailable", "Speak", "SpeechStyle",
    "Step", "TakesKnocks", "Ticket", "Timing", "TimingSource", "TrainVoice", "VendorVoice", "Write",
    "ask", "hookimpl", "json_of", "unreadable",
]  # fmt: skip
