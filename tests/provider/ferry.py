"""A provider for a vendor that speaks. It does everything right; the tests spoil one thing at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx

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
    OrderRejected,
    OutcomeUnknown,
    PaymentSafety,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Speak,
    Ticket,
)

BASE = "https://api.ferry.example"
LONGEST = 3000


def offer(safety: PaymentSafety) -> Offer:
    return Offer(
        id="speak",
        capability=Capability.SPEECH,
        cost=Cost(per_1000_chars=Decimal("0.1")),
        limits=Limits(max_chars=LONGEST, languages=("en",)),
        fidelity=Fidelity.STOCK,
        payment_safety=safety,
        typical_seconds=5,
        give_up_after=timedelta(hours=1),
        data_use=DataUse(leaves=("the script",), region="eu", kept_days=0),
    )


class Ferry:
    api_version = API_VERSION
    id = "ferry"
    name = "Ferry"

    def __init__(self, key: str, safety: PaymentSafety = PaymentSafety.KEYED) -> None:
        self._key = key
        self.offers: Sequence[Offer] = (offer(safety),)

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        if not isinstance(order, Speak):
            raise OrderRejected("This provider speaks and does nothing else.", code="NOT_OFFERED")
        if len(order.script) > LONGEST:
            raise OrderRejected(f"Write at most {LONGEST} characters.", code="TEXT_TOO_LONG")
        headers = {"Idempotency-Key": self.key_sent(call)}
        body = {"text": order.script, "ref": call.client_ref}
        answer = await self.asked(call, "POST", "/v1/speech", placing=True, json=body, headers=headers)
        ident = answer.get("id")
        if not isinstance(ident, str):
            raise OutcomeUnknown("The vendor's answer names no order.")
        return self.ticket(ident)

    def key_sent(self, call: Call) -> str:
        return call.idempotency_key

    def ticket(self, ident: str) -> Ticket:
        return Ticket({"id": ident})

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        told = await self.asked(call, "GET", f"/v1/speech/{ticket.data['id']}")
        match told:
            case {"state": "working", "share": float(share)}:
                return Progress(share, "speaking")
            case {"state": "done"}:
                return await self.delivered(call)
        raise ProviderBusy("The vendor's answer cannot be read.")

    async def delivered(self, call: Call) -> Delivery:
        fetched = await self.sent(call, "GET", "/v1/sound", {})
        if fetched.headers.get("content-type") != "audio/wav" or not fetched.content:
            raise ProviderBusy("The vendor did not hand out the sound.")
        return Delivery(media=fetched.content, content_type="audio/wav", facts={"seconds": 1.0})

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        told = await self.asked(call, "GET", "/v1/find", params={"ref": call.client_ref})
        ids = told.get("ids")
        return self.ticket(str(ids[0])) if isinstance(ids, list) and ids else None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        await self.asked(call, "DELETE", f"/v1/speech/{ticket.data['id']}")

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        return None

    async def asked(self, call: Call, method: str, path: str, *, placing: bool = False, **more: Any) -> dict[str, Any]:  # fmt: skip
        unclear = OutcomeUnknown if placing else ProviderBusy
        answer = await self.sent(call, method, path, more, placing=placing)
        try:
            told = answer.json()
        except ValueError:
            raise unclear("The vendor's answer is no JSON.") from None
        if not isinstance(told, dict):
            raise unclear("The vendor's answer is no object.")
        return told

    async def sent(
        self, call: Call, method: str, path: str, more: dict[str, Any], *, placing: bool = False
    ) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self._key}", **more.pop("headers", {})}
        try:
            answer = await call.http.request(method, f"{BASE}{path}", headers=headers, **more)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            raise ProviderBusy("The vendor cannot be reached.") from None
        except httpx.HTTPError:
            raise (OutcomeUnknown if placing else ProviderBusy)("The vendor's answer was lost.") from None
        self.refuse(answer, placing)
        return answer

    def refuse(self, answer: httpx.Response, placing: bool) -> None:
        match answer.status_code:
            case 429:
                raise ProviderBusy("busy", retry_after=wait(answer))
            case 503:
                raise ProviderBusy("away")
            case 401 | 402 | 403:
                raise (ProviderUnavailable if placing else ProviderBusy)("The vendor refuses the key.")
            case status if status >= 500:
                raise (OutcomeUnknown if placing else ProviderBusy)(f"HTTP {status}")
            case status if status >= 400 and placing:
                raise OrderRejected("The vendor refuses this text. Try another one.")
            case status if status >= 400:
                raise ProviderBusy(f"HTTP {status}")


def wait(answer: httpx.Response) -> float | None:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else None
