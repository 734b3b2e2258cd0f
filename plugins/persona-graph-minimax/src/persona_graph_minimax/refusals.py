"""MiniMax's status codes, each as what the core does next. The code stands in the body; HTTP says 200."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from persona_graph.provider import (
    OrderRejected,
    OutcomeUnknown,
    ProviderBusy,
    ProviderError,
    ProviderUnavailable,
)


class Stake(Enum):
    """What asking again could cost. NOTHING: it is a free question. SPEECH: MiniMax's own word that it failed
    was not billed, anything unclear may have been. VOICE: even that word may come after the voice was made."""

    NOTHING = auto()
    SPEECH = auto()
    VOICE = auto()


class _Next(Enum):
    BUSY = auto()
    OPERATOR = auto()
    USER = auto()
    FAILED = auto()


@dataclass(frozen=True, slots=True)
class Verdict:
    """``code`` is for the user's program; ``text`` for whoever can change something."""

    next: _Next
    text: str
    code: str = ""


_BUSY, _OPERATOR, _USER, _FAILED = _Next.BUSY, _Next.OPERATOR, _Next.USER, _Next.FAILED
_KEY = "MiniMax refuses the API key. Check the key, and that BASE_URL is of the region it was made in."
_PLAN = (
    "MiniMax says that the plan's quota is used up. It goes on with the next period, or with a larger plan."
)
GONE = Verdict(_USER, "This voice does not exist at MiniMax any more. Train it again.", "VOICE_GONE")
_UNREADABLE = Verdict(_USER, "MiniMax cannot read these recordings. Upload other ones.", "SAMPLE_UNREADABLE")

VERDICTS = {
    1000: Verdict(_FAILED, "MiniMax failed without saying why."),
    1001: Verdict(_FAILED, "MiniMax ran out of time."),
    1002: Verdict(_BUSY, "MiniMax takes no more requests this minute."),
    1004: Verdict(_OPERATOR, _KEY),
    1008: Verdict(_OPERATOR, "The MiniMax account has no balance left. Top it up."),
    1013: Verdict(_FAILED, "MiniMax has an internal fault."),
    1024: Verdict(_FAILED, "MiniMax has an internal fault."),
    1026: Verdict(_USER, "MiniMax does not accept this content. Change it.", "MODERATION"),
    1027: Verdict(_USER, "MiniMax does not release what came of this content. Change it.", "MODERATION"),
    1028: Verdict(_OPERATOR, _PLAN),
    1030: Verdict(_OPERATOR, _PLAN),
    1033: Verdict(_FAILED, "A system behind MiniMax failed."),
    1039: Verdict(_BUSY, "MiniMax takes no more text this minute."),
    1041: Verdict(_BUSY, "MiniMax takes no more connections."),
    1042: Verdict(
        _USER,
        "More than a tenth of the text is invisible or illegal characters. Remove them.",
        "TEXT_INVISIBLE",
    ),
    1043: Verdict(
        _USER, "The recordings do not say the text they should. Record it again.", "SAMPLE_MISMATCH"
    ),
    1044: Verdict(
        _USER, "The example recording does not match its text. Record it again.", "SAMPLE_MISMATCH"
    ),
    2013: Verdict(_USER, "MiniMax says that the order is not valid.", "INVALID_REQUEST"),
    20132: GONE,
    2037: Verdict(_USER, "MiniMax wants recordings of 10 seconds to 5 minutes in all.", "SAMPLE_DURATION"),
    2038: Verdict(_OPERATOR, "The MiniMax account may not clone voices. Verify it at MiniMax."),
    2039: Verdict(_USER, "MiniMax says that this voice's id is taken.", "VOICE_ID_TAKEN"),
    2042: Verdict(
        _USER, "This MiniMax account has no access to that voice. Train it again.", "VOICE_FORBIDDEN"
    ),
    2045: Verdict(_BUSY, "MiniMax finds that requests grew too fast."),
    2048: Verdict(_USER, "The example recording must be shorter than 8 seconds.", "SAMPLE_DURATION"),
    2049: Verdict(_OPERATOR, _KEY),
    2056: Verdict(_OPERATOR, _PLAN),
    2061: Verdict(_OPERATOR, "The MiniMax plan does not include this model. Set another MODEL."),
}
# What a delete answers about a voice that is not there (the vendor does not say which of them).
GONE_ALREADY = frozenset({2013, 20132, 2042})
TAKEN = 2039


def refusal(code: int, said: str, stake: Stake, retry_after: float | None = None) -> ProviderError:
    """``said`` is MiniMax's own message, free of secrets."""
    verdict = VERDICTS.get(code)
    if (verdict is None or code == 2013) and "voice id not exist" in said.lower():
        verdict = GONE
    if verdict is None:
        text = f"MiniMax refuses this: {said or 'it gives no reason'} (code {code})."
        return OrderRejected(text, code="VENDOR_REFUSED")
    if stake is Stake.VOICE and code in (1000, 20132):
        verdict = _UNREADABLE
    reason = f": {said}" if code == 2013 and said else ""
    text = f"{verdict.text.removesuffix('.')}{reason} (code {code})."
    match verdict.next:
        case _Next.BUSY:
            return ProviderBusy(text, retry_after)
        case _Next.OPERATOR:
            return ProviderUnavailable(text, retry_after)
        case _Next.USER:
            return OrderRejected(text, code=verdict.code)
        case _Next.FAILED:
            return failed(text) if stake is Stake.VOICE else ProviderBusy(text, retry_after)


def failed(text: str, stake: Stake = Stake.VOICE, retry_after: float | None = None) -> ProviderError:
    """There is an answer, and it does not say what became of the question."""
    if stake is Stake.NOTHING:
        return ProviderBusy(text, retry_after)
    return OutcomeUnknown(f"{text} What was asked for may be there.")


def lost(text: str, stake: Stake) -> ProviderError:
    """The question went out and no answer came back."""
    if stake is Stake.NOTHING:
        return ProviderBusy(text)
    return OutcomeUnknown(text)
