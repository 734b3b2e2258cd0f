"""A portrait made to speak: Hunyuan Avatar for what is short, InfiniteTalk for what is long. One account, two
models, the same order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from persona_graph.provider import Animate, Call, Delivery, Offer, Order, OrderRejected, Ticket
from persona_graph_wavespeed import offers
from persona_graph_wavespeed.account import Account
from persona_graph_wavespeed.desk import Desk, Placement, cost_of, output
from persona_graph_wavespeed.knocks import Knocks
from persona_graph_wavespeed.marks import seed
from persona_graph_wavespeed.predictions import Prediction
from persona_graph_wavespeed.uploads import Attachment, attachment, upload

LONGEST_PROMPT = 2_000


class _Avatar(Desk):
    model: str

    async def _take_turn(self, call: Call) -> None:
        # One rate for the account, whichever model.
        await call.turn(self._account.level.seconds_apart, "wavespeed-videos")

    def _placement(self, offer: Offer, order: Order, call: Call) -> Placement:
        if not isinstance(order, Animate):
            raise OrderRejected(f"{self.name} animates portraits, nothing else.", code="NOT_OFFERED")
        _check(offer, order)
        notes = {
            "resolution": order.resolution, "seconds": order.speech.seconds, "portrait": order.portrait.id,
            "speech": order.speech.id, "prompt": bool(order.prompt.strip()),
        }  # fmt: skip
        seconds = order.speech.seconds
        cost = None if seconds is None else offer.cost.of(seconds=seconds, resolution=order.resolution)
        return Placement(self.model, {"seed": seed(call.idempotency_key)}, notes, cost)

    async def _body(self, order: Order, placed: Placement, call: Call) -> dict[str, Any]:
        assert isinstance(order, Animate)
        portrait = _of_kind("image", await call.read(order.portrait))
        speech = _of_kind("audio", await call.read(order.speech))
        body = {
            "image": await upload(self._account, call, portrait),
            "audio": await upload(self._account, call, speech),
            "resolution": order.resolution,
            **placed.marks,
        }
        return {**body, "prompt": order.prompt.strip()} if order.prompt.strip() else body

    def _delivery(self, ticket: Ticket, task: Prediction, call: Call) -> Delivery:
        return Delivery(
            remote_url=output(task, ticket),
            content_type="video/mp4",
            billed_cost=cost_of(ticket),
            honoured_options=("prompt",) if ticket.data.get("prompt") else (),
            facts=_facts(ticket),
        )


class HunyuanAvatar(_Avatar):
    id = "wavespeed-hunyuan"
    name = "Hunyuan Avatar (WaveSpeed)"
    model = "wavespeed-ai/hunyuan-avatar"

    def __init__(self, account: Account, knocks: Knocks) -> None:
        super().__init__(account, knocks)
        self.offers = (offers.hunyuan(account.level),)


class InfiniteTalk(_Avatar):
    id = "wavespeed-infinitetalk"
    name = "InfiniteTalk (WaveSpeed)"
    model = "wavespeed-ai/infinitetalk"

    def __init__(self, account: Account, knocks: Knocks) -> None:
        super().__init__(account, knocks)
        self.offers = (offers.infinite_talk(account.level),)


def _check(offer: Offer, order: Animate) -> None:
    if order.resolution not in offer.limits.resolutions:
        raise OrderRejected(f"Choose one of {', '.join(offer.limits.resolutions)}.", code="RESOLUTION")
    longest = offer.limits.max_seconds or 0
    if order.speech.seconds is not None and order.speech.seconds > longest:
        raise OrderRejected(
            f"The speech has {order.speech.seconds:.1f} s; {longest:g} s are the most.",
            code="SPEECH_TOO_LONG",
        )
    if len(order.prompt) > LONGEST_PROMPT:
        raise OrderRejected(
            f"The prompt has {len(order.prompt)} characters; {LONGEST_PROMPT} are the most.",
            code="TEXT_TOO_LONG",
        )


def _of_kind(kind: str, content: bytes) -> Attachment:
    lent = attachment(content)
    if lent.kind != kind:
        raise OrderRejected("A portrait has to be a picture, and speech a recording.", code="FILE_TYPE")
    return lent


def _facts(ticket: Ticket) -> Mapping[str, object]:
    return {name: ticket.data[name] for name in ("prediction", "model", "resolution") if name in ticket.data}
