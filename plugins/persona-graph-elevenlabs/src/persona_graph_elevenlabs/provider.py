"""ElevenLabs behind the wall. Everything comes in one answer, so there are no tickets."""

from __future__ import annotations

from collections.abc import Sequence

from persona_graph.provider import (
    API_VERSION,
    Call,
    Delivery,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    Speak,
    Ticket,
    TrainVoice,
)
from persona_graph_elevenlabs import cloning
from persona_graph_elevenlabs.account import Account
from persona_graph_elevenlabs.offers import offers_of
from persona_graph_elevenlabs.speech import speak
from persona_graph_elevenlabs.wire import Wire


class ElevenLabs:
    id = "elevenlabs"
    name = "ElevenLabs"
    api_version = API_VERSION

    def __init__(self, account: Account) -> None:
        self._account = account
        self._wire = Wire(account)
        self.offers: Sequence[Offer] = offers_of(account)

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        match offer.id, order:
            case "train", TrainVoice():
                return await cloning.train(self._wire, order, call)
            case "speak", Speak(voice=None):
                raise OrderRejected("This needs a voice that was trained at ElevenLabs.", code="VOICE_GONE")
            case "speak", Speak(voice=voice) if voice is not None:
                return await speak(self._wire, self._account, order, voice.id, call)
            case "stock", Speak():
                return await speak(self._wire, self._account, order, self._account.stock_voice, call)
        raise OrderRejected("ElevenLabs trains voices and speaks, nothing else.", code="NOT_OFFERED")

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        raise OutcomeUnknown("This ticket is not one of ElevenLabs's: it gives none.")

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        """Speech is BLIND, so nobody relies on what is said of it."""
        return await cloning.find(self._wire, call) if isinstance(order, TrainVoice) else None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """There is never anything under way."""

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        await cloning.forget(self._wire, vendor_voice, call)
