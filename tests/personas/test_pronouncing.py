"""A lexicon on a script: whole words in any writing, and timings as they were written (rows 108–111 of the settings that
reach the provider)."""

from __future__ import annotations

import pytest

from persona_graph.errors import InvalidInput
from persona_graph.personas.lexicon import checked
from persona_graph.personas.pronouncing import (
    CaseRule,
    Entry,
    Expression,
    fitting,
    matches,
    pronunciations,
    reported,
    respelled,
    written_back,
)
from persona_graph.provider import Pronunciation, Timing


@pytest.mark.parametrize(
    ("script", "written", "spoken", "said"),
    [
        ("Ada met Adam.", "Ada", "Ayda", "Ayda met Adam."),
        ("ada's and ADA, Ada-like", "Ada", "Ayda", "Ayda's and Ayda, Ayda-like"),
        ("Nietzsche?", "Nietzsche", "Neecha", "Neecha?"),
        ("Das Öl der Ölung.", "Öl", "Oehl", "Das Oehl der Ölung."),
        # A letter with a mark of its own is another letter.
        ("Zoe and Zoe\u0308", "Zoe", "Zoh", "Zoh and Zoe\u0308"),
        ("C++ or C+++?", "C++", "see plus plus", "see plus plus or see plus plus+?"),
        ("我喜欢重庆火锅", "重庆", "虫庆", "我喜欢虫庆火锅"),
        ("New York, New Yorker", "New York", "Noo Yawk", "Noo Yawk, New Yorker"),
        ("a.b a+b", "a.b", "ay bee", "ay bee a+b"),
        ("x_Ada Ada_x", "Ada", "Ayda", "x_Ada Ada_x"),
        ("", "Ada", "Ayda", ""),
    ],
)
def test_whole_words_only(script: str, written: str, spoken: str, said: str) -> None:
    assert respelled(script, [Entry(written, spoken)]).text == said


def test_the_longest_word_wins_and_nothing_is_respelled_twice() -> None:
    entries = [Entry("York", "Yawk"), Entry("New York", "York City"), Entry("City", "Sitty")]
    assert respelled("New York is York City.", entries).text == "York City is Yawk Sitty."


def test_case_and_language() -> None:
    exact = Entry("IT", "eye tee", case=CaseRule.EXACT)
    assert respelled("IT is it.", [exact]).text == "eye tee is it."
    entries = [
        Entry("Jan", "Djan"),
        Entry("Jan", "Yan", language="de"),
        Entry("Jan", "Yaan", language="de-CH"),
    ]
    said = {
        tag: respelled("Jan", fitting(entries, tag)).text
        for tag in ("en", "de", "de-AT", "de-CH", "DE-ch", "den")
    }
    assert said == {
        "en": "Djan", "de": "Yan", "de-AT": "Yan", "de-CH": "Yaan", "DE-ch": "Yaan", "den": "Djan",
    }  # fmt: skip


def test_a_provider_is_told_every_spelling_once() -> None:
    entries = [Entry("gif", "jif", "dʒɪf"), Entry("Siobhan", ipa="ʃɪˈvɔːn")]
    told = pronunciations("A GIF, a gif, a GIF by Siobhan.", entries)
    assert told == (
        Pronunciation(written="GIF", spoken="jif", ipa="dʒɪf"),
        Pronunciation(written="gif", spoken="jif", ipa="dʒɪf"),
        Pronunciation(written="Siobhan", ipa="ʃɪˈvɔːn"),
    )


def test_what_became_of_each() -> None:
    entries = [Entry("gif", "jif"), Entry("Siobhan", ipa="ʃɪˈvɔːn")]
    script = "A gif by Siobhan."
    alone = {each.written: each.expression for each in reported(script, entries, by_provider=False)}
    assert alone == {"gif": Expression.RESPELLED, "Siobhan": Expression.NOT_EXPRESSED}
    told = reported(script, entries, by_provider=True, not_expressed=["Siobhan"])
    assert [each.expression for each in told] == [Expression.BY_PROVIDER, Expression.NOT_EXPRESSED]


def test_timings_keep_the_written_form() -> None:
    script = "I asked the WHO's boss. Then the WHO left."
    made = respelled(script, [Entry("WHO", "double you aitch oh")])
    words = [
        Timing("word", text, n / 10, n / 10 + 0.09)
        for n, text in enumerate(made.text.replace(".", "").split())
    ]
    back = written_back(words, made)
    assert [each.text for each in back] == [
        "I",
        "asked",
        "the",
        "WHO's",
        "boss",
        "Then",
        "the",
        "WHO",
        "left",
    ]
    assert (back[3].start, back[3].end) == (words[3].start, words[6].end)
    said = [
        Timing("sentence", "I asked the double you aitch oh's boss.", 0, 1),
        Timing("sentence", "Then the double you aitch oh left.", 1, 2),
    ]
    assert [each.text for each in written_back(said, made)] == [
        "I asked the WHO's boss.",
        "Then the WHO left.",
    ]
    # What the provider times and did not get from us stays as it is.
    odd = [Timing("word", "erm", 0, 1), Timing("phoneme", "ə", 0, 1)]
    assert list(written_back(odd, made)) == odd


def test_matches_are_where_they_say() -> None:
    script = "Ada, ada & ADA"
    assert [script[m.start : m.end] for m in matches(script, [Entry("ada", "x")])] == ["Ada", "ada", "ADA"]


@pytest.mark.parametrize(
    "ipa", ["/ˈniːtʃə/", "[ʃɪˈvɔːn]", "t͡sʊŋ", "a˥˩", "ˈɡæ.bi", "çeˈvɑːp", "ʔɔ̃ ~".replace(" ~", "")]
)
def test_transcriptions_are_read(ipa: str) -> None:
    entry = checked(Entry("x", ipa=ipa))
    assert entry.ipa and not set("/[]") & set(entry.ipa)


@pytest.mark.parametrize(
    "entry",
    [
        Entry("x"),
        Entry("", "y"),
        Entry("...", "y"),
        Entry("x", "x"),
        Entry("x", "?!"),
        Entry("x" * 61, "y"),
        Entry("x", "y" * 121),
        Entry("x", ipa="Hello"),
        Entry("x", ipa="ˈa1"),
        Entry("x", ipa="a<break/>"),
        Entry("x", ipa="ɐ" * 121),
        Entry("x", "y\nz"),
        Entry("x\u202ey", "y"),
        Entry("x", "y\x00"),
        Entry("x", "y", language="not a language"),
    ],
    ids=lambda entry: repr((entry.written[:9], (entry.spoken or "")[:9], (entry.ipa or "")[:9])),
)
def test_what_is_no_pronunciation_is_refused(entry: Entry) -> None:
    with pytest.raises(InvalidInput):
        checked(entry)
