"""The states of a job: only the listed moves, and what has ended stays ended."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_graph.jobs.states import CLAIMABLE, TERMINAL, IllegalMove, JobState, Move, after, may

STATES = st.sampled_from(JobState)
MOVES = st.sampled_from(Move)


@given(STATES, st.lists(MOVES, max_size=40))
def test_terminal_states_never_change(state: JobState, moves: list[Move]) -> None:
    for move in moves:
        before = state
        try:
            state = after(state, move)
        except IllegalMove:
            assert not may(before, move)
            continue
        assert may(before, move)
        assert before not in TERMINAL or before == state


@given(STATES, MOVES)
def test_a_move_is_allowed_or_raises(state: JobState, move: Move) -> None:
    if may(state, move):
        assert after(state, move) in JobState
    else:
        with pytest.raises(IllegalMove):
            after(state, move)


def test_no_terminal_state_is_left_by_any_move() -> None:
    assert [(state, move) for state in TERMINAL for move in Move if may(state, move)] == []


def test_every_other_state_leads_to_an_end() -> None:
    """Nobody gets stuck: from each state some moves reach a terminal one."""
    for start in set(JobState) - TERMINAL:
        seen, todo = {start}, [start]
        while todo:
            state = todo.pop()
            reached = {after(state, move) for move in Move if may(state, move)} - seen
            seen |= reached
            todo.extend(reached)
        assert seen & TERMINAL, start


def test_a_cancelled_job_may_still_have_succeeded() -> None:
    assert after(JobState.CANCELLING, Move.SUCCEED) is JobState.SUCCEEDED
    assert not may(JobState.CANCELLED, Move.SUCCEED)


def test_what_waits_for_a_person_is_not_claimed() -> None:
    assert not {JobState.NEEDS_REVIEW, JobState.QUARANTINED} & CLAIMABLE
    assert not TERMINAL & CLAIMABLE
