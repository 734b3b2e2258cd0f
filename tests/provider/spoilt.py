"""The ferry's provider, spoilt in one place at a time. The docstrings say what the core would suffer, where it is not
plain."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest

from persona_graph.provider import (
    Call,
    Delivery,
    Knock,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Speak,
    Ticket,
)
from tests.provider.ferry import BASE, Ferry
from tests.provider.ferry_vendor import KEY, speech

BLIND, KEYED, FINDABLE = PaymentSafety.BLIND, PaymentSafety.KEYED, PaymentSafety.FINDABLE


class NoKeySent(Ferry):
    def key_sent(self, call: Call) -> str:
        return f"{id(call)}-{call.now}-{id(self)}"


class SameKeyForAll(Ferry):
    def key_sent(self, call: Call) -> str:
        return "always-this"


class PutsAnObjectInTheTicket(Ferry):
    def ticket(self, ident: str) -> Ticket:
        return Ticket({"id": ident, "since": object()})


class KeepsItInMemory(Ferry):
    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        ticket = await super().start(offer, order, call)
        assert isinstance(ticket, Ticket)
        self.known = ticket.data["id"]
        return Ticket({})

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        return await super().check(Ticket({"id": self.known}), call)


class ChangesTheTicket(Ferry):
    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        ticket.data["seen"] = True  # type: ignore[index]
        return await super().check(ticket, call)


class LeavesAThread(Ferry):
    let_go = threading.Event()

    async def delivered(self, call: Call) -> Delivery:
        threading.Thread(target=self.let_go.wait, name="left", daemon=True).start()
        return await super().delivered(call)


class LeavesAFile(Ferry):
    kept: list[Any] = []

    async def delivered(self, call: Call) -> Delivery:
        self.kept.append((call.folder / "left").open("w"))
        return await super().delivered(call)


class LeavesATask(Ferry):
    kept: list[Any] = []

    async def delivered(self, call: Call) -> Delivery:
        self.kept.append(asyncio.create_task(asyncio.Event().wait()))
        return await super().delivered(call)


class Silent(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        return replace(await super().delivered(call), media=bytes(44) + bytes(48_000))


class Longer(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        return replace(await super().delivered(call), facts={"seconds": 9.0})


class NamesNoKind(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        return replace(await super().delivered(call), content_type="application/octet-stream")


class OutsideTheFolder(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        path = call.folder.parent / "elsewhere.wav"
        path.write_bytes(speech())
        return replace(await super().delivered(call), media=path)


class BillsMore(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        return replace(await super().delivered(call), billed_cost=Decimal(9))


class Backwards(Ferry):
    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        match await super().check(ticket, call):
            case Progress(fraction=float(share)):
                return Progress(1 - share, "speaking")
            case other:
                return other


class OverTheTop(Ferry):
    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        match await super().check(ticket, call):
            case Progress():
                return Progress(1.5, "speaking")
            case other:
                return other


class EverythingIsBusy(Ferry):
    """As if nothing could have been accepted: the core would send the order again."""

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        try:
            return await super().start(offer, order, call)
        except OutcomeUnknown as error:
            raise ProviderBusy(str(error)) from None


class EverythingIsUnknown(Ferry):
    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        try:
            return await super().start(offer, order, call)
        except (ProviderBusy, ProviderUnavailable) as error:
            raise OutcomeUnknown(str(error)) from None


class ForgetsTheWait(Ferry):
    def refuse(self, answer: httpx.Response, placing: bool) -> None:
        if answer.status_code == 429:
            raise ProviderBusy("busy")
        super().refuse(answer, placing)


class TrustsTheWait(Ferry):
    def refuse(self, answer: httpx.Response, placing: bool) -> None:
        if answer.status_code == 429:
            raise ProviderBusy("busy", retry_after=float(answer.headers["retry-after"]))
        super().refuse(answer, placing)


class BlamesTheUser(Ferry):
    def refuse(self, answer: httpx.Response, placing: bool) -> None:
        if answer.status_code in (401, 402, 403) and placing:
            raise OrderRejected("The text was refused.")
        super().refuse(answer, placing)


class ChecksRaw(Ferry):
    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        try:
            return await super().check(ticket, call)
        except ProviderBusy:
            raise OutcomeUnknown("It is gone.") from None


class QuotesTheVendor(Ferry):
    def refuse(self, answer: httpx.Response, placing: bool) -> None:
        if answer.status_code in (400, 422) and placing:
            raise OrderRejected(answer.text.replace(KEY, "…"))
        super().refuse(answer, placing)


class TellsTheKey(Ferry):
    def refuse(self, answer: httpx.Response, placing: bool) -> None:
        if answer.status_code in (400, 422) and placing:
            raise OrderRejected("The vendor refuses this text.") from ValueError(answer.text)
        super().refuse(answer, placing)


class LogsTheKey(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        call.log.debug("asked with %s", self._key)
        return await super().delivered(call)


class ShowsTheKey(Ferry):
    def __repr__(self) -> str:
        return f"Ferry({self._key!r})"


class TakesLongTexts(Ferry):
    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        short = replace(order, script=order.script[:100]) if isinstance(order, Speak) else order
        return await super().start(offer, short, call)


class TakesEverything(Ferry):
    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        return await super().start(offer, order if isinstance(order, Speak) else Speak(script="Hi."), call)


class FindOrders(Ferry):
    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return await self.start(offer, order, call)


class FindsNothing(Ferry):
    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return None


class CancelsOnce(Ferry):
    gone: set[str] = set()

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        ident = f"{ticket.data['id']}"
        if ident in self.gone:
            raise OutcomeUnknown("It is cancelled already.")
        self.gone.add(ident)


class GoesOn(Ferry):
    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        try:
            return await super().start(offer, order, call)
        except asyncio.CancelledError:
            call.remaining = 60
            await asyncio.wait({asyncio.ensure_future(call.http.get(f"{BASE}/v1/find"))}, timeout=0.3)
            raise


class Patient(Ferry):
    async def sent(
        self, call: Call, method: str, path: str, more: dict[str, Any], *, placing: bool = False
    ) -> httpx.Response:
        return await super().sent(call, method, path, {**more, "timeout": 600}, placing=placing)


class OwnClient(Ferry):
    async def delivered(self, call: Call) -> Delivery:
        async with httpx.AsyncClient(trust_env=False) as own:
            with pytest.raises(httpx.ConnectError):
                await own.get("http://127.0.0.1:9/")
        return await super().delivered(call)


class TwoFaced(Ferry):
    made = 0

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        type(self).made += 1
        self.offers = (replace(self.offers[0], typical_seconds=float(self.made)),)


class Undeclared(Ferry):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        limits = replace(self.offers[0].limits, max_chars=None, languages=())
        self.offers = (replace(self.offers[0], limits=limits),)


class Dear(Ferry):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.offers = (replace(self.offers[0], cost=replace(self.offers[0].cost, per_run=Decimal(-1))),)


class Secretive(Ferry):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.offers = (replace(self.offers[0], data_use=replace(self.offers[0].data_use, leaves=())),)


class TakesAnyKnock(Ferry):
    def verify_knock(self, knock: Knock) -> None:
        return None


SPOILT: list[tuple[type[Ferry], PaymentSafety, set[str]]] = [
    (NoKeySent, KEYED, {"a_repeated_start_pays_once"}),
    (SameKeyForAll, KEYED, {"a_repeated_start_pays_once"}),
    (KeepsItInMemory, KEYED, {"start_leads_to_a_delivery", "ticket_survives_json_and_a_fresh_instance", "a_repeated_start_pays_once", "cancelling_twice_is_harmless"}),
    (PutsAnObjectInTheTicket, KEYED, {"start_leads_to_a_delivery"}),
    (ChangesTheTicket, KEYED, {"arguments_stay_as_they_were"}),
    (LeavesAThread, KEYED, {"nothing_is_left_behind"}),
    (LeavesAFile, KEYED, {"nothing_is_left_behind"}),
    (LeavesATask, KEYED, {"nothing_is_left_behind"}),
    (Silent, KEYED, {"media_plays_and_is_as_long_as_claimed"}),
    (Longer, KEYED, {"media_plays_and_is_as_long_as_claimed"}),
    (NamesNoKind, KEYED, {"delivery_fits_the_order"}),
    (OutsideTheFolder, KEYED, {"start_leads_to_a_delivery"}),
    (BillsMore, KEYED, {"cost_covers_the_bill"}),
    (Backwards, KEYED, {"progress_is_honest"}),
    (OverTheTop, KEYED, {"progress_is_honest"}),
    (EverythingIsBusy, KEYED, {"a_lost_answer_is_an_unknown_outcome"}),
    (EverythingIsUnknown, BLIND, {"not_reached_means_not_accepted", "busy_is_told_with_its_wait", "a_dead_key_rests_the_provider"}),
    (ForgetsTheWait, KEYED, {"busy_is_told_with_its_wait"}),
    (TrustsTheWait, KEYED, {"busy_is_told_with_its_wait"}),
    (BlamesTheUser, KEYED, {"a_dead_key_rests_the_provider"}),
    (ChecksRaw, KEYED, {"trouble_after_the_ticket_is_busy"}),
    (QuotesTheVendor, KEYED, {"refusals_are_fit_for_users"}),
    (TellsTheKey, KEYED, {"no_secret_is_shown"}),
    (LogsTheKey, KEYED, {"no_secret_is_shown"}),
    (ShowsTheKey, KEYED, {"no_secret_is_shown"}),
    (TakesLongTexts, KEYED, {"the_text_limit_is_respected"}),
    (TakesEverything, KEYED, {"refusals_are_fit_for_users"}),
    (FindOrders, FINDABLE, {"find_adopts_instead_of_repeating"}),
    (FindsNothing, FINDABLE, {"find_adopts_instead_of_repeating"}),
    (CancelsOnce, KEYED, {"cancelling_twice_is_harmless"}),
    (GoesOn, KEYED, {"it_stops_when_told"}),
    (Patient, KEYED, {"timeouts_stay_within_the_deadline"}),
    (OwnClient, KEYED, {"only_the_lent_client_connects"}),
    (TwoFaced, KEYED, {"offers_are_sane"}),
    (Undeclared, KEYED, {"limits_are_declared"}),
    (Dear, KEYED, {"offers_are_sane"}),
    (Secretive, KEYED, {"costs_are_declared"}),
]  # fmt: skip
