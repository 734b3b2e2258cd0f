"""Words that are not said as they are written: what the engine then reports to have said, and where."""

from __future__ import annotations

from pathlib import Path

import pytest
from persona_graph_local.pronouncing import Lexicon, sounded
from persona_graph_local.speech import Mouth, Speech, speak


def said(folder: Path, script: str, language: str = "en-us", **word: str | None) -> tuple[Speech, Lexicon]:
    lexicon = Lexicon.of([{"written": "", "spoken": None, "ipa": None, **word}], language)
    mouth = Mouth(language, 1, 0, None, lexicon)
    return speak(script, mouth, folder / "speech.wav", lambda fraction, stage: None), lexicon


def words(speech: Speech) -> list[object]:
    return [each["text"] for each in speech.timings if each["kind"] == "word"]


def sounds(speech: Speech, word: str) -> str:
    """What is heard during a word, without stress."""
    [place] = [each for each in speech.timings if each["kind"] == "word" and each["text"] == word]
    heard = [
        str(each["text"]) for each in speech.timings
        if each["kind"] == "phoneme" and place["start"] <= each["start"] < place["end"]  # type: ignore[operator]
    ]  # fmt: skip
    return "".join(heard).replace("ˈ", "").replace("ˌ", "")


SCRIPT = "I met Nguyen, and Nguyen's cat."


def test_a_transcription_is_said(tmp_path: Path) -> None:
    plain, _ = said(tmp_path, "I met Nguyen today.")
    speech, lexicon = said(tmp_path, "I met Nguyen today.", written="Nguyen", ipa="wɪn")
    assert sounds(plain, "Nguyen") != "wɪn"
    assert sounds(speech, "Nguyen") == "wɪn" and lexicon.not_expressed == []
    assert words(speech) == ["I", "met", "Nguyen", "today"]


def test_a_respelling_keeps_the_written_word(tmp_path: Path) -> None:
    """Also where it takes several words, and where something clings to it."""
    speech, _ = said(
        tmp_path, "The WHO met, and the WHO's head left.", written="WHO", spoken="double you aitch oh"
    )
    assert words(speech) == ["The", "WHO", "met", "and", "the", "WHO's", "head", "left"]
    assert "dʌb" in sounds(speech, "WHO")


@pytest.mark.parametrize(
    ("ipa", "language"), [("ʃɪˈvɔːn", "en-us"), ("ˈniːtʃə", "de"), ("huː", "en-us"), ("dʒɪf", "en-us")]
)
def test_transcriptions_the_engine_can_say(ipa: str, language: str) -> None:
    assert sounded(ipa, language)


@pytest.mark.parametrize("ipa", ["ŋʷǃa", "ɓɗʄ", "ʙ̥", "t͡ɬʼ"])
def test_what_it_cannot_say_it_says_so(tmp_path: Path, ipa: str) -> None:
    """Not something near it: the word is respelled if there is a way, and reported if there is none."""
    assert sounded(ipa, "en-us") is None
    _, lexicon = said(tmp_path, "Hello Xyz.", written="Xyz", ipa=ipa)
    assert lexicon.not_expressed == ["Xyz"]
    _, lexicon = said(tmp_path, "Hello Xyz.", written="Xyz", ipa=ipa, spoken="click")
    assert lexicon.not_expressed == [] and lexicon.said == {"Xyz": "click"}


def test_brackets_of_the_script_are_no_commands(tmp_path: Path) -> None:
    script = "Say [[Z'ON]] to Nguyen."
    plain, _ = said(tmp_path, script)
    speech, _ = said(tmp_path, script, written="Nguyen", ipa="wɪn")
    heard = [
        "".join(str(each["text"]) for each in one.timings if each["kind"] == "phoneme")
        for one in (plain, speech)
    ]
    assert heard[0][:6] == heard[1][:6] and "ʒ" not in heard[1] and "wɪn" in heard[1]
    _, lexicon = said(tmp_path, "Hello.", written="Hello", spoken="[[h'u:]]")
    assert "[" not in lexicon.said["Hello"]


def test_only_whole_words(tmp_path: Path) -> None:
    assert Lexicon({"Ada": "x"}).told("Adam, Ada and Ada's").text == "Adam, x and x's"
