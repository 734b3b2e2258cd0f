"""Providers to route between: real objects that keep the contract and do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from persona_graph.catalog.registry import Catalog, Plugin, Registered
from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
    Cost,
    DataUse,
    Delivery,
    Fidelity,
    Limits,
    Offer,
    Order,
    Progress,
    Ticket,
)
from persona_graph.provider.contract import checked

D = Decimal


class Toy:
    """A provider whose every answer is a delivery of one byte."""

    api_version = API_VERSION

    def __init__(self, id: str, *offers: Offer) -> None:
        self.id, self.name = id, f"Toy {id}"
        self.offers: Sequence[Offer] = offers

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        return Delivery(media=b"x")

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        return Delivery(media=b"x")

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        return None

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        return None


def catalog(*toys: Toy) -> Catalog:
    """As ``load_plugins`` would take them in, the contract checked."""
    taken = []
    for toy in toys:
        seen = checked(toy)
        taken.append(Registered(seen.id, seen.name, seen.offers, Plugin(toy.id, "toys", "1"), toy))
    return Catalog(tuple(taken))


def video(id: str, max_seconds: float | None, block: str = "0.15", **limits: Any) -> Toy:
    cost = Cost(per_block=D(block), block_seconds=5, min_blocks=1)
    bounds = Limits(max_seconds=max_seconds, resolutions=("480p", "720p"), **limits)
    return Toy(id, Offer(id="talk", capability=Capability.TALKING_VIDEO, cost=cost, limits=bounds))


def speaker(
    id: str, *, own: str = "", stock: str = "", fidelity: Fidelity = Fidelity.CLONE, **more: Any
) -> Toy:
    """``own`` and ``stock`` are the costs per 1,000 characters of the offers it has."""
    offers = []
    if own:
        cost = Cost(per_1000_chars=D(own))
        offers.append(
            Offer(
                id="own",
                capability=Capability.SPEECH,
                cost=cost,
                uses_trained_voice=True,
                fidelity=fidelity,
                **more,
            )
        )
        offers.append(Offer(id="train", capability=Capability.VOICE_TRAINING, cost=Cost(per_run=D("1.5"))))
    if stock:
        cost = Cost(per_1000_chars=D(stock))
        offers.append(
            Offer(id="stock", capability=Capability.SPEECH, cost=cost, fidelity=Fidelity.STOCK, **more)
        )
    return Toy(id, *offers)


SENT_AWAY = DataUse(
    leaves=("script",), kept_days=30, region="us", trains_on_it=True, deletion_supported=False
)

HUNYUAN = video("wavespeed-hunyuan", 120)
INFINITETALK = video("wavespeed-infinitetalk", 600)
LOCAL_PORTRAIT = video("local-portrait", 600, block="0")
MINIMAX = speaker("minimax", own="0.1", data_use=DataUse(leaves=("script",), region="sg"))
GTTS = speaker("gtts", stock="0", data_use=SENT_AWAY)
LOCAL_VOICE = speaker("local-voice", own="0", stock="0", fidelity=Fidelity.APPROXIMATE)

EVERYTHING = catalog(GTTS, HUNYUAN, INFINITETALK, LOCAL_PORTRAIT, LOCAL_VOICE, MINIMAX)
