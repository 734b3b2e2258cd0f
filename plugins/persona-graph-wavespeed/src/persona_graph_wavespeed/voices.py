"""Voices by MiniMax's models on WaveSpeed. They live in WaveSpeed's account at MiniMax: a key of one's own there
does not know them, nor do these models know voices that were made with such a key."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from persona_graph.provider import (
    Call,
    Delivery,
    Offer,
    Order,
    OrderRejected,
    OutcomeUnknown,
    Speak,
    Ticket,
    TrainVoice,
)
from persona_graph_wavespeed import offers
from persona_graph_wavespeed.account import Account
from persona_graph_wavespeed.desk import Desk, Placement, cost_of, output
from persona_graph_wavespeed.knocks import Knocks
from persona_graph_wavespeed.languages import language_name
from persona_graph_wavespeed.marks import voice_id
from persona_graph_wavespeed.predictions import Prediction
from persona_graph_wavespeed.recording import joined
from persona_graph_wavespeed.uploads import attachment, upload

CLONE = "minimax/voice-clone"
SPEECH = "minimax/speech-02-hd"
SPEECH_MODEL = "speech-02-hd"
KEPT_UNUSED = timedelta(days=7)
EMOTIONS = ("happy", "sad", "angry", "fearful", "disgusted", "surprised")
_VOICE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{7,255}")


class MiniMaxVoices(Desk):
    id = "wavespeed-minimax"
    name = "MiniMax voices (WaveSpeed)"

    def __init__(self, account: Account, knocks: Knocks) -> None:
        super().__init__(account, knocks)
        self.offers = (offers.training(account.level), offers.speech(account.level))

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        raise OutcomeUnknown("WaveSpeed documents no call that deletes a cloned voice; ask its support")

    def _placement(self, offer: Offer, order: Order, call: Call) -> Placement:
        match order:
            case TrainVoice():
                return _training(offer, order, call)
            case Speak():
                return _speech(offer, order)
        raise OrderRejected(f"{self.name} clones voices and speaks, nothing else.", code="NOT_OFFERED")

    async def _body(self, order: Order, placed: Placement, call: Call) -> dict[str, Any]:
        if isinstance(order, Speak):
            return dict(placed.marks)
        assert isinstance(order, TrainVoice)
        samples = [await call.read(sample) for sample in order.samples]
        whole = await asyncio.to_thread(joined, samples, offers.MOST_SAMPLE_SECONDS, offers.MOST_SAMPLE_BYTES)
        # The samples come cleaned and levelled: what the vendor would do to them again is left out.
        return {
            "audio": await upload(self._account, call, attachment(whole)),
            "model": SPEECH_MODEL,
            "need_noise_reduction": False,
            "need_volume_normalization": False,
            **placed.marks,
        }

    def _says_why(self, failed: Sequence[Prediction]) -> bool:
        """A text may have been spoken before, by an order that is none of this one's business."""
        return super()._says_why([task for task in failed if "text" not in (task.inputs or {})])

    def _delivery(self, ticket: Ticket, task: Prediction, call: Call) -> Delivery:
        facts = {name: ticket.data[name] for name in ("prediction", "model")}
        if ticket.data.get("model") == CLONE:
            return Delivery(
                vendor_voice=str(ticket.data["voice"]),
                billed_cost=cost_of(ticket),
                voice_expires_at=datetime.fromisoformat(str(ticket.data["placed_at"])) + KEPT_UNUSED,
                facts=facts,
            )
        honoured = ticket.data.get("honoured")
        return Delivery(
            remote_url=output(task, ticket),
            content_type="audio/mpeg",
            billed_cost=cost_of(ticket),
            voice_kept=True,
            honoured_options=tuple(map(str, honoured)) if isinstance(honoured, list) else (),
            facts=facts,
        )


def _training(offer: Offer, order: TrainVoice, call: Call) -> Placement:
    if not order.samples:
        raise OrderRejected("Give at least one recording.", code="SAMPLE_COUNT")
    seconds = sum(sample.seconds or 0 for sample in order.samples)
    if all(sample.seconds is not None for sample in order.samples) and seconds < 10:
        raise OrderRejected(
            f"The recordings have {seconds:.1f} s; 10 s are the least.", code="SAMPLE_TOO_SHORT"
        )
    voice = voice_id(call.idempotency_key)
    return Placement(CLONE, {"custom_voice_id": voice}, {"voice": voice}, offer.cost.of())


def _speech(offer: Offer, order: Speak) -> Placement:
    if order.voice is None or not _VOICE.fullmatch(order.voice.id):
        raise OrderRejected("This voice cannot speak here. Train it again.", code="VOICE_UNUSABLE")
    script = order.script.strip()
    if not script:
        raise OrderRejected("There is nothing to say.", code="NOTHING_TO_SAY")
    if len(script) > offers.MOST_CHARACTERS:
        raise OrderRejected(
            f"The script has {len(script)} characters; {offers.MOST_CHARACTERS} are the most.",
            code="TEXT_TOO_LONG",
        )
    if not (0.5 <= order.style.speed <= 2.0 and -12 <= order.style.pitch <= 12):
        raise OrderRejected("Speed is 0.5 to 2, pitch -12 to 12.", code="SETTING_OUT_OF_RANGE")
    said = {
        "text": script,
        "voice_id": order.voice.id,
        "speed": order.style.speed,
        "pitch": round(order.style.pitch),
        "format": "mp3",
        "sample_rate": 44100,
        "bitrate": 256000,
        "language_boost": language_name(order.language) or "auto",
    }
    honoured = ["speed", "pitch"]
    if order.style.emotion in EMOTIONS:
        said["emotion"] = order.style.emotion
        honoured.append("emotion")
    cost = offer.cost.of(characters=offer.cost.weigh(script))
    return Placement(SPEECH, said, {"honoured": honoured}, cost)
