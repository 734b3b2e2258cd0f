"""The provider: a piece of the script at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from persona_graph.provider import (
    API_VERSION,
    Call,
    Capability,
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
from persona_graph_gtts import mp3
from persona_graph_gtts.account import Account
from persona_graph_gtts.breaker import Breaker
from persona_graph_gtts.languages import LANGUAGES, google_language
from persona_graph_gtts.splitting import LONGEST_PIECE, clean, pieces, says_something
from persona_graph_gtts.wire import Blocked, NoSound, say

LONGEST_SCRIPT = 2000
NO_SOUND_TRIES = 2
_SOON = 0.2
_SILENT = "Google Translate sends no audio for a part of this script."
_BLOCK = "Google Translate takes no more requests from this server's address for a while."

SPEECH = Offer(
    id="speech",
    capability=Capability.SPEECH,
    fidelity=Fidelity.STOCK,
    limits=Limits(max_chars=LONGEST_SCRIPT, languages=LANGUAGES, max_concurrent=2),
    payment_safety=PaymentSafety.KEYED,
    typical_seconds=15.0,
    give_up_after=timedelta(minutes=30),
    data_use=DataUse(
        leaves=("the script, without an agreement with Google about what becomes of it",),
        kept_days=None,
        region="unknown",
        trains_on_it=True,
        deletion_supported=False,
    ),
)


class GoogleTranslateSpeech:
    """Free, so an order may be begun again at any time. Parts lie in the attempt's folder; on another machine
    they are fetched again."""

    id = "gtts"
    name = "Google Translate speech (generic voice)"
    api_version = API_VERSION
    offers: Sequence[Offer] = (SPEECH,)

    def __init__(self, account: Account) -> None:
        self._account = account
        self._breaker = Breaker()

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        if not isinstance(order, Speak):
            raise OrderRejected("Google Translate speaks scripts, nothing else.", code="NOT_OFFERED")
        parts, language = _parts(order), _language(order.language)
        if (left := self._breaker.left(call.now)) > 0:
            raise ProviderUnavailable(_BLOCK, left)
        if any(_refusals(call.folder, number) >= NO_SOUND_TRIES for number in range(len(parts))):
            raise ProviderUnavailable(_SILENT)
        if not _path(call.folder, 0).is_file():
            await self._first(call, parts, language)
        if len(parts) == 1:
            return _delivery(call.folder, parts)
        return Ticket({"parts": parts, "language": language}, check_again_in=_SOON)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        parts, language = _read(ticket)
        wanting = _first_missing(call.folder, parts)
        if wanting is None:
            return _delivery(call.folder, parts)
        if self._breaker.left(call.now) > 0:
            # Not lost, but not to be had here soon; begun anew, it goes to another provider.
            raise OutcomeUnknown(_BLOCK)
        await self._next(call, parts, language, wanting)
        if _first_missing(call.folder, parts) is None:
            return _delivery(call.folder, parts)
        return Progress(
            (wanting + 1) / len(parts), f"part {wanting + 2} of {len(parts)}", check_again_in=_SOON
        )

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        """Nothing is kept there to be found."""
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        """Nothing goes on without being asked."""

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        """There are no voices of anybody's."""

    async def _first(self, call: Call, parts: list[str], language: str) -> None:
        """The first piece, while another provider can still be asked."""
        for last in (False, True):
            try:
                return await self._fetch(call, parts, language, 0)
            except NoSound as silent:
                if last:
                    raise ProviderUnavailable(str(silent)) from None
        return None

    async def _next(self, call: Call, parts: list[str], language: str, number: int) -> None:
        """Trouble with work under way is always busy, until it is plain that it will not end here."""
        try:
            await self._fetch(call, parts, language, number)
        except NoSound as silent:
            if _refusals(call.folder, number, more=1) >= NO_SOUND_TRIES:
                raise OutcomeUnknown(str(silent)) from None
            raise ProviderBusy(str(silent)) from None
        except ProviderUnavailable as error:
            raise ProviderBusy(str(error)) from None

    async def _fetch(self, call: Call, parts: list[str], language: str, number: int) -> None:
        await call.turn(self._account.spacing)
        try:
            audio = await say(self._account, call, parts[number], language)
        except Blocked as blocked:
            # Whoever asks next in this process is told how long it lasts, and others are asked instead.
            if blocked.retry_after is None:
                self._breaker.trip(call.now)
            raise ProviderBusy(_BLOCK, blocked.retry_after) from None
        self._breaker.mend()
        path = _path(call.folder, number)
        unfinished = path.with_suffix(".part")
        unfinished.write_bytes(audio)
        unfinished.replace(path)


def _refusals(folder: Path, number: int, more: int = 0) -> int:
    """How often this piece came back without audio."""
    tries = folder / f"gtts-{number:03}.refused"
    count = (tries.stat().st_size if tries.exists() else 0) + more
    if more:
        tries.write_bytes(b"x" * count)
    return count


def _parts(order: Speak) -> list[str]:
    if len(order.script) > LONGEST_SCRIPT:
        raise OrderRejected(
            f"The script has {len(order.script)} characters; {LONGEST_SCRIPT} are the most.",
            code="TEXT_TOO_LONG",
        )
    text = clean(order.script)
    if not says_something(text):
        raise OrderRejected(
            "There is nothing in this script that can be said aloud. Write at least one word.",
            code="NOTHING_TO_SAY",
        )
    return pieces(text)


def _language(tag: str) -> str:
    if (known := google_language(tag)) is None:
        raise OrderRejected(
            f"Google Translate does not speak {tag[:20]!r}. It speaks: {', '.join(LANGUAGES)}.",
            code="LANGUAGE",
        )
    return known


def _read(ticket: Ticket) -> tuple[list[str], str]:
    parts, language = ticket.data.get("parts"), ticket.data.get("language")
    if not (isinstance(parts, list) and parts and isinstance(language, str)):
        raise OutcomeUnknown("This ticket is not one of gtts.")
    if not all(isinstance(part, str) and 0 < len(part) <= LONGEST_PIECE for part in parts):
        raise OutcomeUnknown("This ticket is not one of gtts.")
    return parts, language


def _path(folder: Path, number: int) -> Path:
    return folder / f"gtts-{number:03}.mp3"


def _first_missing(folder: Path, parts: list[str]) -> int | None:
    return next((number for number in range(len(parts)) if not _path(folder, number).is_file()), None)


def _delivery(folder: Path, parts: list[str]) -> Delivery:
    audio = mp3.joined(_path(folder, number).read_bytes() for number in range(len(parts)))
    return Delivery(
        media=audio, content_type="audio/mpeg", billed_cost=Decimal(0), facts={"requests": len(parts)}
    )
