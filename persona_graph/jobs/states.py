"""The states of a job and the only moves between them. Pure; property tests drive it."""

from __future__ import annotations

from enum import StrEnum


class JobKind(StrEnum):
    """What a job makes."""

    VOICE_TRAINING = "VOICE_TRAINING"
    SPEECH = "SPEECH"
    CONTENT = "CONTENT"
    AVATAR = "AVATAR"
    VIDEO = "VIDEO"
    VOICE_TWIN = "VOICE_TWIN"
    VOICE_RENEWAL = "VOICE_RENEWAL"
    VOICE_DRIFT = "VOICE_DRIFT"


class JobState(StrEnum):
    """QUEUED waits for a worker; RUNNING is held by one; WAITING means a provider works and nobody
    holds it; CANCELLING was asked to stop; NEEDS_REVIEW may have spent money and cannot find out;
    QUARANTINED killed its worker three times. SUCCEEDED, FAILED and CANCELLED never change."""

    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    WAITING = "WAITING"
    CANCELLING = "CANCELLING"
    NEEDS_REVIEW = "NEEDS_REVIEW"
    QUARANTINED = "QUARANTINED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"


class Move(StrEnum):
    CLAIM = "CLAIM"
    YIELD = "YIELD"
    WAIT = "WAIT"
    SUCCEED = "SUCCEED"
    KEEP = "KEEP"
    FAIL = "FAIL"
    ASK_CANCEL = "ASK_CANCEL"
    CANCEL = "CANCEL"
    PARK = "PARK"
    QUARANTINE = "QUARANTINE"
    REQUEUE = "REQUEUE"


class IllegalMove(Exception):
    """A bug in the caller: the state does not allow the move."""


_S = JobState
_MOVES: dict[Move, dict[JobState, JobState]] = {
    Move.CLAIM: {_S.QUEUED: _S.RUNNING, _S.WAITING: _S.RUNNING, _S.RUNNING: _S.RUNNING, _S.CANCELLING: _S.CANCELLING},
    Move.YIELD: {_S.RUNNING: _S.QUEUED, _S.CANCELLING: _S.CANCELLING},
    Move.WAIT: {_S.RUNNING: _S.WAITING, _S.CANCELLING: _S.CANCELLING},
    # A job that was finished while somebody asked to cancel it has succeeded, late.
    Move.SUCCEED: {_S.RUNNING: _S.SUCCEEDED, _S.CANCELLING: _S.SUCCEEDED},
    # What is done is kept, the rest will not come.
    Move.KEEP: {
        _S.RUNNING: _S.SUCCEEDED, _S.CANCELLING: _S.SUCCEEDED, _S.NEEDS_REVIEW: _S.SUCCEEDED, _S.QUARANTINED: _S.SUCCEEDED,
    },
    Move.FAIL: {
        _S.RUNNING: _S.FAILED, _S.CANCELLING: _S.FAILED, _S.NEEDS_REVIEW: _S.FAILED, _S.QUARANTINED: _S.FAILED,
    },
    Move.ASK_CANCEL: {
        _S.QUEUED: _S.CANCELLING, _S.RUNNING: _S.CANCELLING, _S.WAITING: _S.CANCELLING, _S.CANCELLING: _S.CANCELLING,
        _S.QUARANTINED: _S.CANCELLING,
    },
    Move.CANCEL: {_S.CANCELLING: _S.CANCELLED},
    Move.PARK: {_S.RUNNING: _S.NEEDS_REVIEW, _S.CANCELLING: _S.NEEDS_REVIEW},
    Move.QUARANTINE: {_S.RUNNING: _S.QUARANTINED, _S.CANCELLING: _S.QUARANTINED},
    Move.REQUEUE: {_S.NEEDS_REVIEW: _S.QUEUED, _S.QUARANTINED: _S.QUEUED},
}  # fmt: skip

TERMINAL = frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED})
CLAIMABLE = frozenset(_MOVES[Move.CLAIM])


def after(state: JobState, move: Move) -> JobState:
    try:
        return _MOVES[move][state]
    except KeyError:
        raise IllegalMove(f"{move} from {state}") from None


def may(state: JobState, move: Move) -> bool:
    return state in _MOVES[move]
