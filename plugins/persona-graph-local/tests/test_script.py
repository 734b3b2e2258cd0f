"""Scripts as they reach the engine: cleaned without moving a character, cut where a breath may be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persona_graph_local.script import LONGEST_PIECE, clean, pieces, says_something

ANY_TEXT = st.text(st.characters(), max_size=1500)


@given(ANY_TEXT)
def test_cleaning_keeps_every_character_in_its_place_and_can_be_encoded(script: str) -> None:
    cleaned = clean(script)
    assert len(cleaned) == len(script)
    assert clean(cleaned) == cleaned
    cleaned.encode()
    assert not [c for c in cleaned if c < " " and c != "\n"]


@given(ANY_TEXT)
def test_pieces_are_in_order_short_and_leave_out_nothing_that_can_be_said(script: str) -> None:
    text = clean(script)
    cut = pieces(text)
    assert all(0 < len(piece.text) <= LONGEST_PIECE for piece in cut)
    assert all(text[piece.start :].startswith(piece.text) for piece in cut)
    edges = [edge for piece in cut for edge in (piece.start, piece.start + len(piece.text))]
    assert edges == sorted(edges)
    said = "".join(piece.text for piece in cut)
    assert [c for c in said if says_something(c)] == [c for c in text if says_something(c)]


@pytest.mark.parametrize(
    ("script", "cut"),
    [
        ("One here. Two here.", ["One here.", " Two here."]),
        ("Dr. Smith met e.g. Mr. Jones.", ["Dr. Smith met e.g. Mr. Jones."]),
        ("It costs 3.50 today. Good?", ["It costs 3.50 today.", " Good?"]),
        ("A title\n\nThe text.", ["A title", "\nThe text."]),
        ("你好。再见。", ["你好。", "再见。"]),
        ("नमस्ते। फिर मिलेंगे।", ["नमस्ते।", " फिर मिलेंगे।"]),
        ("Wait… Really? “Yes!” she said.", ["Wait…", " Really?", " “Yes!”", " she said."]),
    ],
)
def test_a_script_is_cut_at_its_sentences(script: str, cut: list[str]) -> None:
    assert [piece.text for piece in pieces(clean(script))] == cut


def test_a_sentence_without_end_is_cut_at_its_commas_or_spaces() -> None:
    cut = pieces("so and on, " * 200)
    assert len(cut) > 4
    assert all(piece.text.rstrip().endswith(",") for piece in cut)
    assert [piece.ends_sentence for piece in cut] == [False] * (len(cut) - 1) + [True]
    assert all(len(piece.text) <= LONGEST_PIECE for piece in pieces("x" * 5000))


def test_a_blank_line_ends_a_paragraph() -> None:
    assert [p.ends_paragraph for p in pieces("One here.\n\nTwo here.\nThree here.")] == [True, False, False]


@pytest.mark.parametrize("script", ["", " \n", "…", "?!", "🎉🎉", "👩‍👩‍👧 ✨", "\x00\x01", "—", "\ud800"])
def test_nothing_to_say(script: str) -> None:
    assert not says_something(clean(script))


@pytest.mark.parametrize("script", ["a", "7", "€", "é", "你", "ก", "5 %"])
def test_something_to_say(script: str) -> None:
    assert says_something(clean(script))
