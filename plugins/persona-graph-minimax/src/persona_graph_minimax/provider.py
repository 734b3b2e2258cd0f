"""MiniMax behind the wall."""

from __future__ import annotations

from collections.abc import Sequence

from persona_graph.provider import (
    API_VERSION,
    Call,
    Delivery,
    Offer,
    Order,
    OrderRejected,
    Progress,
    Speak,
    Ticket,
    TrainVoice,
)
from persona_graph_minimax import long_speech
from persona_graph_minimax.account import Account
from persona_graph_minimax.offers import AT_ONCE_CHARS, offers_of
from persona_graph_minimax.speech import speak, weigh
from persona_graph_minimax.training import Training
from persona_graph_minimax.voicing import voicing
from persona_graph_minimax.wire import Wire


class MiniMax:
    """Voice cloning and speech. Speech beyond what comes in one answer is a ticket."""

    id = "minimax"
    name = "MiniMax"
    api_version = API_VERSION

    def __init__(self, account: Account) -> None:
        self._account = account
        self._wire = Wire(account)
        self._training = Training(self._wire, account)
        self.offers: Sequence[Offer] = offers_of(account)

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        match offer.id, order:
            case "train", TrainVoice():
                return await self._training.train(order, call)
            case "speak", Speak():
                return await self._speak(order, call)
            case "stock", Speak():
                return await self._say(order, call, self._account.stock_voice, first_use=False)
        raise OrderRejected("MiniMax trains voices and speaks, nothing else.", code="NOT_OFFERED")

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        return await long_speech.look(self._wire, self._account, call, ticket)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        if isinstance(order, TrainVoice):
            return await self._training.find(call)
        # There is no list of what was spoken; its offers are BLIND, so nobody relies on this.
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """There is no way to stop a task, and it was billed when it was taken."""
        raise long_speech.billed_anyway(self._account, ticket)

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        await self._training.forget(vendor_voice, call)

    async def _speak(self, order: Speak, call: Call) -> Ticket | Delivery:
        if order.voice is None:
            raise OrderRejected("This needs a voice that was trained at MiniMax.", code="VOICE_GONE")
        return await self._say(order, call, order.voice.id, first_use=order.voice.expires_at is not None)

    async def _say(self, order: Speak, call: Call, voice_id: str, first_use: bool) -> Ticket | Delivery:
        text = voicing(order, voice_id, self._account)
        # It is not said whether the limit counts Han characters like the bill; the other way always works.
        if weigh(text.text) <= AT_ONCE_CHARS:
            return await speak(self._wire, self._account, call, text, first_use)
        return await long_speech.order(self._wire, call, text, first_use)
