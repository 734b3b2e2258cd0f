"""A voice at MiniMax: cloned under an id that we choose, kept by its first use, deleted for good.

The id comes from the order's key, so that an order sent twice cannot make two voices: the second time
MiniMax answers that the id is taken, and a word spoken with it shows that it is ours.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from persona_graph.provider import (
    Call,
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
    TrainVoice,
)
from persona_graph_minimax.account import Account
from persona_graph_minimax.languages import language_boost
from persona_graph_minimax.offers import FIRST_WORDS
from persona_graph_minimax.recordings import joined
from persona_graph_minimax.refusals import GONE_ALREADY, TAKEN, Stake, failed
from persona_graph_minimax.speech import bill, say
from persona_graph_minimax.wire import Wire, status_code, whole

UNUSED_FOR = timedelta(days=7)
PURPOSE = "voice_clone"
# Recordings of a training that is still under way, maybe on another machine, are younger.
STRAY_AFTER = timedelta(hours=1)
MOST_STRAYS = 3
_OURS = re.compile(r"pg1[0-9a-f]{29}\.wav")


def voice_id_of(key: str) -> str:
    """Fits MiniMax's rules and its resellers': a letter first, letters and digits both, 32 of them."""
    return f"pg1{hashlib.sha256(f'voice {key}'.encode()).hexdigest()[:29]}"


class Training:
    def __init__(self, wire: Wire, account: Account) -> None:
        self._wire = wire
        self._account = account

    async def train(self, order: TrainVoice, call: Call) -> Delivery:
        recordings = [await call.read(sample) for sample in order.samples]
        content = await asyncio.to_thread(joined, recordings)
        voice_id = voice_id_of(call.idempotency_key)
        # On this machine it is known whether the voice may be there since an earlier try.
        asked = call.folder / f"{voice_id}.asked"
        again = asked.exists()
        try:
            known = await self._made(call, voice_id, content, order.language, asked)
        except (ProviderBusy, ProviderUnavailable) as trouble:
            if again:
                raise OutcomeUnknown(f"{trouble} The voice may be there all the same.") from None
            raise
        if known:
            return await self._adopt(call, voice_id)
        return await self._deliver(call, voice_id, activate=self._account.activate)

    async def _made(self, call: Call, voice_id: str, content: bytes, language: str, asked: Path) -> bool:
        """True if it was there already. The recordings are taken back whatever becomes of it."""
        file_id = await self._upload(call, voice_id, content)
        asked.touch()
        try:
            known = await self._clone(call, voice_id, file_id, language)
        except ProviderError:
            await self._discard(call, voice_id, file_id)
            raise
        await self._discard(call, voice_id, file_id)
        return known

    async def find(self, call: Call) -> Delivery | None:
        """MiniMax lists a clone only once it was used; before that only using it shows that it is there."""
        voice_id = voice_id_of(call.idempotency_key)
        answer = await self._wire.ask(
            call, Stake.NOTHING, "/v1/get_voice", {"voice_type": "voice_cloning"}, seconds=15
        )
        listed = answer.get("voice_cloning")
        if isinstance(listed, list) and any(
            isinstance(each, dict) and each.get("voice_id") == voice_id for each in listed
        ):
            return Delivery(vendor_voice=voice_id, billed_cost=bill(self._account, 0, first_use=True))
        try:
            return await self._used(call, voice_id)
        except OrderRejected as refused:
            if refused.code == "VOICE_GONE":
                return None
            raise

    async def forget(self, vendor_voice: str, call: Call) -> None:
        body = {"voice_type": "voice_cloning", "voice_id": vendor_voice}
        await self._wire.ask(call, Stake.NOTHING, "/v1/delete_voice", body, seconds=20, let=GONE_ALREADY)

    async def _upload(self, call: Call, voice_id: str, content: bytes) -> int:
        answer = await self._wire.upload(
            call, "/v1/files/upload", {"purpose": PURPOSE}, f"{voice_id}.wav", content,
            seconds=0.25 * call.remaining,
        )  # fmt: skip
        file = answer.get("file")
        file_id = whole(file.get("file_id")) if isinstance(file, dict) else None
        if file_id is None:
            raise failed("MiniMax took the recordings and did not say as what.", Stake.NOTHING)
        return file_id

    async def _clone(self, call: Call, voice_id: str, file_id: int, language: str) -> bool:
        """True if the id was taken already, which only an earlier try of this order can have done."""
        body = {
            "file_id": file_id,
            "voice_id": voice_id,
            "language_boost": language_boost(language, self._account.model),
        }
        answer = await self._wire.ask(
            call, Stake.VOICE, "/v1/voice_clone", body, seconds=0.5 * call.remaining, let={TAKEN}
        )
        return status_code(answer) == TAKEN

    async def _discard(self, call: Call, voice_id: str, file_id: int) -> None:
        """The recordings have no business at MiniMax once the voice is there, nor have those that an earlier
        try could not take back."""
        try:
            await self._delete(call, file_id)
            for stray in await self._strays(call, voice_id):
                await self._delete(call, stray)
        except ProviderError as trouble:
            call.log.warning("recordings stayed at MiniMax, file %d among them: %s", file_id, trouble)

    async def _delete(self, call: Call, file_id: int) -> None:
        body = {"file_id": file_id, "purpose": PURPOSE}
        await self._wire.ask(call, Stake.NOTHING, "/v1/files/delete", body, seconds=0.04 * call.remaining)

    async def _strays(self, call: Call, voice_id: str) -> list[int]:
        answer = await self._wire.look(
            call, "/v1/files/list", {"purpose": PURPOSE}, seconds=0.04 * call.remaining
        )
        listed = answer.get("files")
        found = [_stray(each, voice_id, call.now) for each in listed] if isinstance(listed, list) else []
        return [file_id for file_id in found if file_id is not None][:MOST_STRAYS]

    async def _adopt(self, call: Call, voice_id: str) -> Delivery:
        try:
            return await self._used(call, voice_id)
        except OrderRejected as refused:
            if refused.code == "VOICE_GONE":
                raise OrderRejected(
                    "This voice was deleted at MiniMax meanwhile. Train it again.", code="VOICE_GONE"
                ) from None
            return self._unused(call, voice_id, refused)
        except ProviderError as trouble:
            return self._unused(call, voice_id, trouble)

    async def _deliver(self, call: Call, voice_id: str, *, activate: bool) -> Delivery:
        if not activate:
            return self._unused(call, voice_id, None)
        try:
            return await self._used(call, voice_id)
        except ProviderError as trouble:
            return self._unused(call, voice_id, trouble)

    async def _used(self, call: Call, voice_id: str) -> Delivery:
        """Used once: from now on it stays, and is paid for."""
        request = {
            "model": self._account.model,
            "text": FIRST_WORDS,
            "voice_setting": {"voice_id": voice_id, "speed": 1.0, "vol": 1.0, "pitch": 0},
        }
        spoken = await say(self._wire, self._account, call, request, seconds=0.15 * call.remaining)
        cost = bill(self._account, spoken.characters, first_use=True)
        return Delivery(
            vendor_voice=voice_id, billed_cost=cost, facts={"activated": True}, vendor_ref=voice_id
        )

    def _unused(self, call: Call, voice_id: str, trouble: ProviderError | None) -> Delivery:
        """A clone is not lost over its first word; whoever speaks with it first pays for it."""
        delivery = Delivery(
            vendor_voice=voice_id,
            billed_cost=Decimal(0),
            voice_expires_at=call.now + UNUSED_FOR,
            facts={"activated": False},
            vendor_ref=voice_id,
        )
        if trouble is None:
            return delivery
        call.log.warning("a voice was cloned and not activated: %s", trouble)
        sure = not isinstance(trouble, OutcomeUnknown)
        return replace(
            delivery,
            billed_cost=getattr(trouble, "billed_cost", None) or Decimal(0),
            facts={"activated": False if sure else None, "trouble": str(trouble)[:300]},
        )


def _stray(listed: object, voice_id: str, now: datetime) -> int | None:
    """The id of a file of ours that nobody needs any more."""
    if not isinstance(listed, dict) or not _OURS.fullmatch(str(listed.get("filename"))):
        return None
    made = whole(listed.get("created_at"))
    old = made is not None and now.timestamp() - made > STRAY_AFTER.total_seconds()
    return whole(listed.get("file_id")) if old or listed["filename"] == f"{voice_id}.wav" else None
