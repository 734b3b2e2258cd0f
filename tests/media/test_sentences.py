"""Where sentences end, and how a long script is cut (row 247)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from persona_graph.media.sentences import parts, sentences

CASES = [
    ("en", "Dr. Smith met Mr. J. Jones at 3.30 p.m. on Jan. 5. They left! Why? Nobody knows...",
     ["Dr. Smith met Mr. J. Jones at 3.30 p.m. on Jan. 5.", "They left!", "Why?", "Nobody knows..."]),
    ("en", 'She said: "Go home." Then it rained (a lot). See e.g. www.example.com for more.',
     ['She said: "Go home."', "Then it rained (a lot).", "See e.g. www.example.com for more."]),
    ("en", '"Why not?" she said. "No!" \'Yes!\'', ['"Why not?" she said.', '"No!"', "'Yes!'"]),
    ("en", "Wait... what? It costs $3.50 today.", ["Wait... what?", "It costs $3.50 today."]),
    ("de", "Das ist z.B. am 3. Mai so. Dr. Weber kommt usw. und so fort. Gut!",
     ["Das ist z.B. am 3. Mai so.", "Dr. Weber kommt usw. und so fort.", "Gut!"]),
    ("fr", "M. Dupont arrive. « Bonjour ! » Il part, p.ex. demain.",
     ["M. Dupont arrive.", "« Bonjour ! »", "Il part, p.ex. demain."]),
    ("es", "¿Qué tal? El Sr. López vino. ¡Vale!", ["¿Qué tal?", "El Sr. López vino.", "¡Vale!"]),
    ("ja", "これは本です。「はい。」そうですか？", ["これは本です。", "「はい。」", "そうですか？"]),
    ("zh", "你好！今天很好。走吧", ["你好！", "今天很好。", "走吧"]),
    ("hi", "यह एक वाक्य है। यह दूसरा है।", ["यह एक वाक्य है।", "यह दूसरा है।"]),
    ("ar", "كيف حالك؟ أنا بخير.", ["كيف حالك؟", "أنا بخير."]),
    ("en", "A title\n\nThe text begins. ", ["A title", "The text begins."]),
]  # fmt: skip


@pytest.mark.parametrize(("language", "text", "expected"), CASES)
def test_sentences_of_many_languages(language: str, text: str, expected: list[str]) -> None:
    assert sentences(text, language) == expected


def test_parts_hold_whole_sentences_where_they_fit() -> None:
    text = "One two three. Four five six. Seven eight nine ten."
    assert parts(text, 30) == ["One two three. Four five six.", "Seven eight nine ten."]


def test_a_sentence_longer_than_a_part_is_cut_at_a_clause_then_between_words_then_letters() -> None:
    assert parts("When it rains, we stay at home.", 20) == ["When it rains,", "we stay at home."]
    assert parts("we stay at home today", 10) == ["we stay at", "home today"]
    assert parts("a" * 25, 10) == ["a" * 10, "a" * 10, "a" * 5]


@given(some.text(alphabet="ab .,!?。\n", max_size=300), some.integers(5, 80))
def test_parts_lose_nothing_and_none_is_too_long(text: str, most: int) -> None:
    cut = parts(text, most)
    assert all(0 < len(part) <= most for part in cut)
    assert "".join("".join(cut).split()) == "".join(text.split())
