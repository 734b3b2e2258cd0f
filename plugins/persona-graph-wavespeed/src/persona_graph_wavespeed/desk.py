"""What the three providers have in common: placing an order that is never repeated, following it, and looking
for one whose receipt was lost."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from persona_graph.provider import (
    API_VERSION,
    Call,
    Delivery,
    Knock,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    ProviderBusy,
    Ticket,
)
from persona_graph_wavespeed.account import Account
from persona_graph_wavespeed.faults import UNREACHABLE, rejection, unusable
from persona_graph_wavespeed.knocks import Knocks
from persona_graph_wavespeed.predictions import KEPT, Prediction, is_id, look, search, submit
from persona_graph_wavespeed.uploads import is_address

# A task that is not listed this long after it was sent was not taken.
LISTED_WITHIN = timedelta(seconds=30)
CLOCKS_APART = timedelta(hours=1)
SUBMITS = 2
_NOTE = "wavespeed.json"


@dataclass(frozen=True)
class Placement:
    """An order in the vendor's words. ``marks`` are the inputs that tell it from others; ``notes`` is what
    following it takes, kept in the ticket; ``cost`` is what it will be billed, where its length is known."""

    model: str
    marks: Mapping[str, Any]
    notes: Mapping[str, Any]
    cost: Decimal | None


class Desk:
    api_version = API_VERSION
    id: str
    name: str
    offers: Sequence[Offer]

    def __init__(self, account: Account, knocks: Knocks) -> None:
        self._account = account
        self._knocks = knocks

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        placed = self._placement(offer, order, call)
        await self._take_turn(call)
        body = await self._body(order, placed, call)
        _remember(call)
        receipt = await submit(self._account, call, placed.model, body, self._knocks.query(call))
        return _ticket(receipt, placed, call.now, submits=1)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        receipt, placed_at = _receipt(ticket)
        task = await look(self._account, call, receipt, placed_at)
        if task.status == "completed":
            return self._delivery(ticket, task, call)
        if task.has_failed:
            raise _failure(task, int(str(ticket.data.get("submits", 1))))
        return Progress(stage=_stage(task), check_again_in=_interval(call.now - placed_at))

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        placed = self._placement(offer, order, call)
        note = _recalled(call)
        since = (note["first"] - CLOCKS_APART) if note else call.now - KEPT
        found = await search(self._account, call, placed.model, since, lambda task: _is_ours(task, placed))
        note = note or _remember(call)
        going = next((task for task in found if not task.has_failed), None)
        if going is not None:
            return _ticket(going.id, placed, note["first"], submits=len(found))
        if self._says_why(found):
            return _ticket(found[-1].id, placed, note["first"], submits=SUBMITS)
        if call.now - note["last"] < LISTED_WITHIN:
            raise ProviderBusy("the order may not be listed yet", LISTED_WITHIN.total_seconds())
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """There is no call that stops a task. The one that deletes it is final, and whether it stops one that
        runs is not known: the task is left to end by itself, and is billed."""
        if (cost := cost_of(ticket)) is None:
            raise OutcomeUnknown("WaveSpeed does not stop a task that it has begun")
        raise OrderRejected(
            "The vendor does not stop work that it has begun.", code="CANNOT_CANCEL", billed_cost=cost
        )

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        """There are no voices here."""

    def verify_knock(self, knock: Knock) -> None:
        self._knocks.verify(knock)

    async def _take_turn(self, call: Call) -> None:
        """Where the vendor counts orders by the minute."""

    def _says_why(self, failed: Sequence[Prediction]) -> bool:
        """Whether the failure of these tasks of ours is the answer, or one more may be placed."""
        return len(failed) >= SUBMITS or any(task.code != UNREACHABLE for task in failed)

    def _placement(self, offer: Offer, order: Order, call: Call) -> Placement:
        """Raises OrderRejected for what the vendor would refuse."""
        raise NotImplementedError

    async def _body(self, order: Order, placed: Placement, call: Call) -> dict[str, Any]:
        """The whole of it, files lent."""
        raise NotImplementedError

    def _delivery(self, ticket: Ticket, task: Prediction, call: Call) -> Delivery:
        raise NotImplementedError


def output(task: Prediction, ticket: Ticket) -> str:
    """The address of what was made. The vendor's own client takes a text or an object there."""
    if not task.outputs:
        raise unusable("nothing", cost_of(ticket))
    first = task.outputs[0]
    address = first.get("url") if isinstance(first, dict) else first
    if not is_address(address):
        raise unusable("no address to fetch it from", cost_of(ticket))
    return str(address)


def _ticket(receipt: str, placed: Placement, moment: datetime, submits: int) -> Ticket:
    notes = {
        "prediction": receipt,
        "model": placed.model,
        "placed_at": moment.isoformat(),
        "submits": submits,
        "cost": None if placed.cost is None else str(placed.cost),
    }
    return Ticket({**notes, **placed.notes}, check_again_in=2.0, vendor_ref=receipt)


def cost_of(ticket: Ticket) -> Decimal | None:
    """No reply names a price; the vendor bills by the length of what it was sent, which is known."""
    try:
        return Decimal(str(ticket.data.get("cost")))
    except ArithmeticError:
        return None


def _receipt(ticket: Ticket) -> tuple[str, datetime]:
    receipt = ticket.data.get("prediction")
    try:
        placed_at = datetime.fromisoformat(str(ticket.data.get("placed_at")))
    except ValueError:
        placed_at = None
    if not is_id(receipt) or placed_at is None or placed_at.tzinfo is None:
        raise OutcomeUnknown("This ticket is not one of WaveSpeed's.")
    return str(receipt), placed_at


def _failure(task: Prediction, submits: int) -> Exception:
    """Files that the vendor could not read are lent once more, in a new task: the failed one is refunded."""
    if task.code == UNREACHABLE and task.status == "failed" and submits < SUBMITS:
        return OutcomeUnknown("WaveSpeed could not read the files it was lent")
    return rejection(task.status, task.code, task.error)


def _stage(task: Prediction) -> str:
    return {"created": "waiting at the vendor", "processing": "at work"}.get(task.status, "at the vendor")


def _interval(age: timedelta) -> float:
    """Two seconds at first, ten for what takes long."""
    return min(max(age.total_seconds() / 15, 2.0), 10.0)


def _same(one: object, other: object) -> bool:
    """A number counts as itself however it is written."""
    if isinstance(one, bool) or isinstance(other, bool) or isinstance(one, str) != isinstance(other, str):
        return str(one) == str(other)
    return one == other


def _is_ours(inputs: Mapping[str, Any], placed: Placement) -> bool:
    return all(_same(inputs.get(name), value) for name, value in placed.marks.items())


def _remember(call: Call) -> dict[str, datetime]:
    """When the order was sent, for a search that has to know how far back to look and when to give up. The note
    is on this machine alone; without it a search looks further back, and twice."""
    note = {"first": (_recalled(call) or {"first": call.now})["first"], "last": call.now}
    (call.folder / _NOTE).write_text(json.dumps({name: moment.isoformat() for name, moment in note.items()}))
    return note


def _recalled(call: Call) -> dict[str, datetime] | None:
    try:
        written = json.loads((call.folder / _NOTE).read_text())
        return {name: datetime.fromisoformat(written[name]) for name in ("first", "last")}
    except (OSError, ValueError, KeyError, TypeError):
        return None
