"""What a plugin's author says about the provider, so that it can be checked."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from persona_graph.provider.conformance.call import KitCall
from persona_graph.provider.conformance.samples import sample_order
from persona_graph.provider.conformance.vendor import Vendor
from persona_graph.provider.hookspec import Provider
from persona_graph.provider.knocks import Knock
from persona_graph.provider.offers import Offer
from persona_graph.provider.orders import Order


class Conformance:
    """Inherit it (in tests: ``ProviderConformance``) and say at least how to make the ``provider``."""

    secrets: Sequence[str] | None = None
    """The keys the provider is made with, ``()`` if there are none; nothing it shows, says or logs may hold
    one. Choose words that appear nowhere else."""

    apart: Mapping[str, str] = {}
    """Source files, by pattern of their name, that only run in processes of the plugin's own, each with the
    reason; they may sleep and look at the clock."""

    def provider(self) -> Provider:
        """A new instance, as the hook makes it. Called many times: each plays another process."""
        raise NotImplementedError("say how the provider is made")

    def vendor(self) -> Vendor | None:
        """What is at the far end of ``call.http``, without a past; ``None`` if the provider asks nobody."""
        return None

    def order(self, offer: Offer, call: KitCall) -> Order:
        """An ordinary order that the vendor will fulfil. Files come from ``call.lend``."""
        return sample_order(offer, call)

    async def wait(self, vendor: Vendor | None, seconds: float) -> None:
        """Let the time pass that the provider asked for: the vendor's, or a little of the real one."""
        if vendor is not None:
            await vendor.pass_time(seconds)
            await asyncio.sleep(0)
        else:
            await asyncio.sleep(min(seconds, 0.2))

    def paid(self, vendor: Vendor | None, call: KitCall) -> int | None:
        """How many orders were accepted and are billed or worked on; ``None`` if nobody counts them."""
        return vendor.paid() if vendor is not None else None

    def knock(self) -> Knock | None:
        """A genuine knock of the vendor, where the provider takes knocks."""
        return None

    def package(self) -> Path:
        """The folder, or the one file, of the plugin's source."""
        own = type(self.provider()).__module__
        top = getattr(sys.modules[own.partition(".")[0]], "__file__", None)
        path = Path(top or str(sys.modules[own].__file__))
        return path.parent if path.name == "__init__.py" else path

    def offers(self) -> Iterator[Offer]:
        yield from self.provider().offers
