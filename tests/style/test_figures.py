"""Rows 7–13: what is measured, against texts small enough to count by hand."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from persona_graph.style import Profile, Source, measure
from persona_graph.style import lexicon as lex
from persona_graph.style.figures import KINDS, Body, values
from persona_graph.style.labels import COMPLEXITY, ENGAGEMENT, FORMALITY, TONES
from persona_graph.style.syllables import counter, english
from persona_graph.style.text import read

AUTHORS = Path(__file__).parents[1] / "samples" / "authors"


def author(name: str) -> str:
    return (AUTHORS / f"{name}.txt").read_text(encoding="utf-8")


def numbers(text: str, language: str = "en") -> dict[str, float]:
    return values(Body((read(Source("x", text)),), language))


def sentences(text: str) -> list[str]:
    return [sentence.text for sentence in read(Source("x", text)).sentences]


# --- Sentences and words ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Mr. Smith went home. He slept.", ["Mr. Smith went home.", "He slept."]),
        ("It cost 3.50 e.g. at Dr. Who's. Really?", ["It cost 3.50 e.g. at Dr. Who's.", "Really?"]),
        ("“Why not?” she said. J. R. Hale nodded.", ["“Why not?” she said.", "J. R. Hale nodded."]),
        ("Was it I. Yes it was... and then! “No.” So.", ["Was it I.", "Yes it was... and then!", "“No.”", "So."]),
        ("One line\n\nAnother one", ["One line", "Another one"]),
        ("A wrapped line that\ngoes on in the next\nand ends only here\nin the fourth. Two.", ["A wrapped line that\ngoes on in the next\nand ends only here\nin the fourth.", "Two."]),
        ("- first item\n- second item", ["- first item", "- second item"]),
        ("", []),
        ("...", []),
    ],
    ids=range(9),
)  # fmt: skip
def test_sentences_end_where_they_end(text: str, found: list[str]) -> None:
    assert sentences(text) == found


def test_every_place_is_in_the_text() -> None:
    for path in sorted(AUTHORS.glob("*.txt")):
        reading = read(Source(path.stem, path.read_text(encoding="utf-8")))
        for sentence in reading.sentences:
            assert reading.text[sentence.start : sentence.end] == sentence.text
            assert [reading.text[w.start : w.end].lower().replace("’", "'") for w in sentence.words] == list(
                sentence.bares
            )
        assert [w for s in reading.sentences for w in s.words] == list(reading.words)


SYLLABLES = {
    "the": 1, "people": 2, "readable": 3, "beautiful": 3, "area": 3, "idea": 3, "created": 3, "walked": 1, "wanted": 2,
    "table": 2, "business": 2, "every": 2, "science": 2, "society": 4, "question": 2, "various": 3, "lonely": 2,
    "statement": 2, "changes": 2, "quiet": 2, "million": 2, "university": 5, "measured": 2, "period": 3, "radio": 3,
    "somewhere": 2, "trial": 2, "agreed": 2, "opinion": 3, "asked": 1, "added": 2, "therefore": 2, "experience": 4,
}  # fmt: skip


def test_syllables_are_those_a_dictionary_gives() -> None:
    """In English by rule: of these 33 words, chosen for their traps, all."""
    assert {word: english(word) for word in SYLLABLES} == SYLLABLES
    german = counter("de")
    assert german is not None and german("geschwindigkeit") == 4 and counter("xx") is None


def test_figures_counted_by_hand() -> None:
    text = "I don't know. We do not know why. Do you? The house was built by a man, slowly; it is old!"
    found = numbers(text)
    words = 3 + 5 + 2 + 11
    assert found["sentence_words"] == words / 4 and found["sentence_words_median"] == 4.0
    assert (found["questions"], found["exclamations"], found["passive"]) == (0.25, 0.25, 0.25)
    assert found["short_sentences"] == 0.75
    # One "don't" against "do not" and "it is".
    assert found["contractions"] == pytest.approx(1 / 3)
    per = 1000 / words
    assert found["commas"] == found["semicolons"] == found["exclamation_marks"] == pytest.approx(per)
    assert found["first_person"] == found["we"] == found["you"] == pytest.approx(per)
    assert found["hashtags"] == found["emoji"] == found["dashes"] == 0


def test_readability_is_by_the_published_formulas() -> None:
    """Flesch 1948 and Kincaid 1975 on ten words of thirteen syllables in two sentences."""
    found = numbers("The cat sat on a table. It wanted the garden.")
    words, syllables = 10, 13
    assert found["reading_ease"] == pytest.approx(206.835 - 1.015 * words / 2 - 84.6 * syllables / words)
    assert found["grade"] == pytest.approx(0.39 * words / 2 + 11.8 * syllables / words - 15.59)


def test_texts_are_ordered_by_how_hard_they_are() -> None:
    grades = {name: numbers(author(name))["grade"] for name in ("newton", "austen", "thoreau", "doyle")}
    assert sorted(grades, key=lambda name: -grades[name]) == ["newton", "austen", "thoreau", "doyle"]


# --- The whole ----------------------------------------------------------------------------------------


def three() -> list[Source]:
    return [Source("a", author("twain")), Source("b", author("thoreau")), Source("c", author("doyle"))]


def test_the_same_texts_give_the_same_numbers_in_any_order() -> None:
    """Down to the evidence: what is stored is equal, byte by byte."""
    first = measure(three()).stored()
    for seed in range(3):
        shuffled = three()
        random.Random(seed).shuffle(shuffled)
        assert measure(shuffled).stored() == first
    assert measure([*three(), Source("again", author("doyle") + "\n")]).words == first["words"]


def test_evidence_quotes_what_stands_there() -> None:
    sources = {source.name: read(source).text for source in three()}
    profile = measure(three())
    found = [
        each
        for part in (profile.figures, profile.labels)
        for one in part.values()
        for each in one["evidence"]
    ]
    found += [
        each
        for part in (profile.go_to_words, profile.go_to_phrases, profile.avoided, profile.devices)
        for one in part
        for each in one["evidence"]
    ]
    assert len(found) > 60
    for each in found:
        assert sources[each["source"]][each["start"] : each["end"]] == each["quote"] and each["quote"].strip()


def test_confidence_falls_with_thin_texts() -> None:
    words = author("thoreau").split()
    seen = [measure([Source("x", " ".join(words[:size]))]) for size in (60, 200, 600, 1500)]
    assert [p.confidence for p in seen] == sorted({p.confidence for p in seen})
    for key in ("sentence_words", "commas", "grade", "contractions"):
        values_ = [p.figures[key]["confidence"] for p in seen if p.figures[key]["value"] is not None]
        assert values_ == sorted(values_)
    split = measure([Source(str(at), " ".join(words[at : at + 500])) for at in (0, 500, 1000)])
    assert split.confidence > seen[-1].confidence


def test_what_is_missing_is_said_and_nothing_is_made_up() -> None:
    one = measure([Source("x", "This is one short text of hardly more than fifty words. " * 5)])
    assert (
        one.figures["consistency"]["value"] is None
        and "at least two texts" in one.figures["consistency"]["reason"]
    )
    assert any("55 words" in each for each in one.missing) and any("one text" in each for each in one.missing)
    nothing = measure([Source("x", "Too short to say anything.")])
    assert (nothing.figures, nothing.labels, nothing.confidence, nothing.completeness) == ({}, {}, 0.0, 0.0)
    assert nothing.missing == ["There are 5 words; a style needs at least 50."]


GERMAN = (
    "Der Hund läuft durch den Garten und sucht seinen Ball. Niemand weiß, wo er ihn gestern vergessen hat. Vielleicht liegt er "
    "unter der alten Bank, vielleicht auch hinter dem Haus. Am Abend kommt der Nachbar vorbei und bringt ihn lachend zurück. "
    "Was für ein Glück! Der Hund freut sich sehr und bellt. Dann wird es dunkel, und alle gehen wieder in ihre warmen Häuser."
)


def test_other_languages_keep_what_holds_and_say_what_does_not() -> None:
    profile = measure([Source("x", GERMAN)], "de")
    assert profile.value("sentence_words") == pytest.approx(61 / 7, abs=0.5) and profile.value("commas")
    assert profile.value("reading_ease") is not None, "Amstad's formula"
    for key in ("contractions", "passive", "grade", "hedges", "formality"):
        assert profile.figures[key]["value"] is None and "in de" in profile.figures[key]["reason"]
    assert profile.labels["tone"]["value"] is None and "in de" in profile.labels["tone"]["reason"]
    assert profile.avoided == []
    assert (
        measure([Source("x", GERMAN)], "da").figures["reading_ease"]["reason"]
        == "No formula for this language."
    )


def test_scripts_without_spaces_are_not_counted_as_words() -> None:
    profile = measure([Source("x", "これは日本語の文章です。単語の間に空白はありません。" * 10)], "ja")
    assert set(profile.numbers()) <= {"consistency"}
    assert "no spaces between words" in profile.figures["sentence_words"]["reason"]


def test_a_profile_survives_storage() -> None:
    import json

    profile = measure(three())
    again = Profile.of(json.loads(json.dumps(profile.stored())))
    assert again.print == profile.print and again.numbers() == profile.numbers()


# --- Labels and devices -------------------------------------------------------------------------------


def test_labels_of_texts_that_are_plainly_so() -> None:
    formal = (
        "The committee has therefore considered the application. It is consequently recommended that the procedure be continued without modification. The documentation demonstrates sufficient compliance with applicable requirements, although additional verification remains necessary. "
        * 4
    )
    casual = (
        "Hey, you know what? I just love it! We're so happy you're here, it's gonna be great. Don't you think? Well, let's go! "
        * 5
    )
    found = {name: measure([Source("x", text)]) for name, text in (("formal", formal), ("casual", casual))}
    assert found["formal"].labels["register"]["value"] == "formal"
    assert found["casual"].labels["register"]["value"] == "casual"
    assert (
        found["casual"].labels["engagement"]["value"] == "high"
        and found["formal"].labels["engagement"]["value"] == "low"
    )
    assert found["casual"].labels["tone"]["value"] in ("warm", "enthusiastic")
    assert found["formal"].labels["complexity"]["value"] in ("demanding", "complex")
    assert found["casual"].labels["complexity"]["value"] == "simple"


@pytest.mark.parametrize(
    ("key", "text", "quote"),
    [
        ("anaphora", "We shall fight on the beaches. We shall fight in the hills. It is so.", "We shall fight on the beaches. We shall fight in the hills."),
        ("tricolon", "She was handsome, clever, and rich. That is all.", "was handsome, clever, and rich"),
        ("rhetorical_question", "Who made them serfs of the soil? Nobody knows it.", "Who made them serfs of the soil?"),
        ("contrast", "It was not a victory, but a beginning.", "not a victory, but"),
        ("simile", "He could leap like a grasshopper.", "like a grasshopper"),
        ("aside", "He went (nobody knew why) to bed.", "(nobody knew why)"),
        ("direct_address", "What you need is rest. He left.", "What you need is rest."),
        ("list", "Things:\n\n- one thing\n- another thing", "- "),
        ("one_line_paragraph", "Short.\n\nThis is a longer paragraph. It has two sentences.", "Short."),
        ("repetition", "The desperate city and the desperate country.", "desperate city and the desperate"),
    ],
)  # fmt: skip
def test_devices_are_found_by_their_form_and_quoted(key: str, text: str, quote: str) -> None:
    padding = "\n\n" + "There it stood. Nothing moved at all in that place. " * 6
    profile = measure([Source("x", text + padding)])
    device = next(each for each in profile.devices if each["key"] == key)
    assert device["evidence"][0]["quote"] == quote


def test_go_to_words_are_the_writers_and_not_everybodys_nor_names() -> None:
    words = {each["text"] for each in measure([Source("x", author("twain"))]).go_to_words}
    assert {"fence", "boy", "whitewash"} <= words
    assert not words & {"tom", "ben", "the", "polly", "and"}
    avoided = {each["text"]: each["instead"] for each in measure([Source("x", author("twain"))]).avoided}
    assert avoided.get("however") == "but"


def test_every_cue_of_a_label_is_a_figure_that_is_measured() -> None:
    made = set(measure([Source("x", author("doyle"))]).numbers())
    more = {
        "positive",
        "negative",
        "warm",
        "certain",
        "thinking",
        "contrast",
        "third_person",
        "past",
        "you_and_we",
        "first_and_second",
    }
    for cues in (*TONES.values(), FORMALITY, ENGAGEMENT, COMPLEXITY):
        assert {cue.figure for cue in cues} <= made | more
    assert len({kind.key for kind in KINDS}) == len(KINDS)
    assert all(len(set(row)) > 1 for row in lex.CHOICES)
