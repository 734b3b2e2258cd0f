"""Speech of a long script: ordered, looked after, fetched. A ticket says all that is needed for that."""

from __future__ import annotations

import io
import json
import tarfile
from decimal import Decimal
from typing import Any

from persona_graph.provider import (
    Call,
    Delivery,
    OrderFailed,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Ticket,
    Timing,
)
from persona_graph_minimax.account import Account
from persona_graph_minimax.refusals import Stake
from persona_graph_minimax.speech import CONTENT_TYPE, bill, billed_characters, is_mp3
from persona_graph_minimax.voicing import Voicing
from persona_graph_minimax.wire import Wire, whole

# 50,000 characters are about an hour: at this rate it stays under what one answer may hold.
AUDIO = {"audio_sample_rate": 32000, "bitrate": 64000, "format": "mp3", "channel": 1}
LOOK_SECONDS = 5.0
_MOST_BYTES = 64 << 20
_TAR_MAGIC, _TAR_AT = b"ustar", 257


async def order(wire: Wire, call: Call, text: Voicing, first_use: bool) -> Ticket:
    body = {**text.request, "audio_setting": AUDIO}
    answer = await wire.ask(call, Stake.SPEECH, "/v1/t2a_async_v2", body, seconds=0.7 * call.remaining)
    task = whole(answer.get("task_id"))
    if task is None:
        raise OutcomeUnknown("MiniMax took the script and did not say as which task.")
    return Ticket(
        {
            "task": str(task),
            "file": _file(answer),
            "characters": billed_characters(answer, text.text),
            "first_use": first_use,
            "honoured": list(text.honoured),
            "not_expressed": list(text.not_expressed)[:200],
        },
        check_again_in=LOOK_SECONDS,
        vendor_ref=str(task),
    )


async def look(wire: Wire, account: Account, call: Call, ticket: Ticket) -> Progress | Delivery:
    task = whole(ticket.data.get("task"))
    if task is None:
        raise OutcomeUnknown("This ticket is not one of MiniMax's.")
    answer = await _status(wire, account, call, ticket, task)
    match str(answer.get("status")).lower():
        case "success":
            file = _file(answer) or str(ticket.data.get("file") or "")
            return await _fetched(wire, account, call, ticket, file)
        case "failed":
            raise _failed(account, ticket, "MiniMax could not speak this script.", "VENDOR_FAILED")
        case "expired":
            raise _gone(account, ticket)
        case _:
            return Progress(None, "speaking", check_again_in=LOOK_SECONDS)


def billed_anyway(account: Account, ticket: Ticket) -> OrderRejected:
    """What to say to whoever wants to stop a task."""
    return _in_vain(account, ticket, "MiniMax does not stop a speech that it has begun.", "CANNOT_CANCEL")


async def _status(wire: Wire, account: Account, call: Call, ticket: Ticket, task: int) -> dict[str, Any]:
    """Whatever is wrong with the account now, the task is paid for and goes on."""
    try:
        return await wire.look(call, "/v1/query/t2a_async_query_v2", {"task_id": str(task)}, seconds=10)
    except ProviderUnavailable as trouble:
        raise ProviderBusy(str(trouble), trouble.retry_after) from None
    except OrderRejected as refused:
        if refused.code == "MODERATION":
            raise _in_vain(account, ticket, str(refused), refused.code) from None
        raise OutcomeUnknown("MiniMax does not know this task any more.") from None


async def _fetched(wire: Wire, account: Account, call: Call, ticket: Ticket, file: str) -> Delivery:
    if not file:
        raise ProviderBusy("MiniMax says that it spoke, and not where.")
    first_use = _is(ticket, "first_use")
    paid: dict[str, Any] = {
        "content_type": CONTENT_TYPE,
        "billed_cost": _bill(account, ticket, first_use),
        "voice_kept": first_use,
        "honoured_options": _words(ticket, "honoured"),
        "not_expressed": _words(ticket, "not_expressed"),
    }
    try:
        content = await wire.fetch(
            call, "/v1/files/retrieve_content", {"file_id": file}, seconds=0.6 * call.remaining
        )
    except (OrderRejected, ProviderUnavailable):
        return Delivery(remote_url=await _link(wire, account, call, ticket, file), **paid)
    audio, timings = _unpacked(content)
    return Delivery(media=audio, timings=timings, **paid)


async def _link(wire: Wire, account: Account, call: Call, ticket: Ticket, file: str) -> str:
    try:
        answer = await wire.look(call, "/v1/files/retrieve", {"file_id": file}, seconds=0.2 * call.remaining)
    except ProviderUnavailable as trouble:
        raise ProviderBusy(str(trouble), trouble.retry_after) from None
    except OrderRejected:
        raise _gone(account, ticket) from None
    described = answer.get("file")
    url = described.get("download_url") if isinstance(described, dict) else None
    if not isinstance(url, str) or not url:
        raise ProviderBusy("MiniMax does not say where the speech is.")
    return url


def _gone(account: Account, ticket: Ticket) -> OrderRejected:
    message = "MiniMax made this speech and does not keep it any more. Ask again."
    return _failed(account, ticket, message, "OUTPUT_GONE")


def _in_vain(account: Account, ticket: Ticket, message: str, code: str) -> OrderRejected:
    """A clone's fee is left to its first use that can be heard."""
    return OrderRejected(message, code=code, billed_cost=_bill(account, ticket, first_use=False))


def _failed(account: Account, ticket: Ticket, message: str, code: str) -> OrderFailed:
    """No fault of the script: somebody else may speak it."""
    return OrderFailed(message, code=code, billed_cost=_bill(account, ticket, first_use=False))


def _bill(account: Account, ticket: Ticket, first_use: bool) -> Decimal:
    return bill(account, whole(ticket.data.get("characters")) or 0, first_use)


def _unpacked(content: bytes) -> tuple[bytes, tuple[Timing, ...]]:
    """Sources differ on whether a tar comes or the audio itself, so it is looked at. Nothing is written."""
    if content[_TAR_AT : _TAR_AT + len(_TAR_MAGIC)] != _TAR_MAGIC:
        return _checked(content), ()
    audio, titles = b"", b""
    try:
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            for member in archive:
                held = archive.extractfile(member) if member.isreg() and member.size <= _MOST_BYTES else None
                if held is not None and member.name.endswith(".mp3"):
                    audio = held.read()
                elif held is not None and member.name.endswith(".titles"):
                    titles = held.read()
    except tarfile.TarError:
        raise ProviderBusy("The archive that MiniMax sent cannot be read.") from None
    return _checked(audio), _timings(titles)


def _checked(audio: bytes) -> bytes:
    if not is_mp3(audio):
        raise ProviderBusy("MiniMax says that it spoke, and what it sent is no audio.")
    return audio


def _timings(titles: bytes) -> tuple[Timing, ...]:
    """Sentences, in milliseconds; none where the file is not as one source describes it."""
    try:
        return tuple(
            Timing("sentence", str(each["text"]), each["time_begin"] / 1000, each["time_end"] / 1000)
            for each in json.loads(titles)
        )
    except (ValueError, TypeError, KeyError):
        return ()


def _file(answer: dict[str, Any]) -> str | None:
    file = whole(answer.get("file_id"))
    return None if file is None else str(file)


def _is(ticket: Ticket, key: str) -> bool:
    return ticket.data.get(key) is True


def _words(ticket: Ticket, key: str) -> tuple[str, ...]:
    words = ticket.data.get(key)
    return tuple(map(str, words)) if isinstance(words, list) else ()
