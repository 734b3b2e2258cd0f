"""The engine's events become timings that fit the audio and the words as written."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from persona_graph_local.espeak import RATE, engine
from persona_graph_local.languages import LANGUAGES, UNSPACED, engine_language
from persona_graph_local.script import clean
from persona_graph_local.timings import Said, said


def spoken(text: str, language: str = "en") -> tuple[np.ndarray, list[Said]]:
    name = engine_language(language)
    assert name
    got = engine().speak(clean(text), name)
    return got.samples, list(said(clean(text), got.marks, len(got.samples), unspaced=name in UNSPACED))


def words(items: list[Said]) -> list[str]:
    return [item.text for item in items if item.kind == "word"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "Hello, “dear” world!", ["Hello", "dear", "world"]),
        (
            "en",
            "In 1998, Dr. Smith paid 3.5% of it.",
            ["In", "1998", "Dr", "Smith", "paid", "3.5%", "of", "it"],
        ),
        ("en", "well-known — see https://x.y/z", ["well-known", "see", "https://x.y/z"]),
        (
            "en",
            "of the end of the day in the sun",
            ["of", "the", "end", "of", "the", "day", "in", "the", "sun"],
        ),
        ("de", "Ich habe 25 Äpfel.", ["Ich", "habe", "25", "Äpfel"]),
        ("fr", "C'est l'été, n'est-ce pas ?", ["C'est", "l'été", "n'est-ce", "pas"]),
        ("es", "¿Qué tal, señor?", ["Qué", "tal", "señor"]),
        ("ru", "Привет, мир!", ["Привет", "мир"]),
        ("zh", "你好，世界。", ["你好", "世", "界"]),
        ("en", "Great 🎉 news", ["Great", "news"]),
    ],
)
def test_words_come_as_they_are_written(language: str, text: str, expected: list[str]) -> None:
    _, items = spoken(text, language)
    got = words(items)
    assert got == expected


TEXT = (
    "She had a look at the list of the books, and in the end she took three. Then, after a pause, "
    "she left: nobody knew why."
)


def test_timings_are_in_order_inside_the_audio_and_do_not_overlap() -> None:
    samples, items = spoken(TEXT)
    for kind in ("word", "phoneme"):
        some = [item for item in items if item.kind == kind]
        assert len(some) >= 20
        edges = [edge for item in some for edge in (item.start, item.end)]
        assert edges == sorted(edges)
        assert all(item.start < item.end for item in some)
        assert edges[0] >= 0
        assert edges[-1] <= len(samples)


def test_words_told_apart_by_the_engine_are_reported_and_merged_ones_are_estimated() -> None:
    _, items = spoken("the list of the books")
    sources = {item.text: item.source for item in items if item.kind == "word"}
    assert sources == {"the": "ESTIMATED", "list": "REPORTED", "of": "ESTIMATED", "books": "REPORTED"}


def test_words_are_loud_and_the_pauses_between_them_are_not() -> None:
    samples, items = spoken(TEXT)
    level = samples.astype(float)
    said_words = [item for item in items if item.kind == "word"]
    loud = np.concatenate([level[item.start : item.end] for item in said_words])
    pauses = [level[a.end : b.start] for a, b in pairwise(said_words) if b.start - a.end > 0.1 * RATE]
    assert len(pauses) >= 3
    assert np.sqrt(np.mean(loud**2)) > 30 * np.sqrt(np.mean(np.concatenate(pauses) ** 2))


def test_phonemes_are_ipa_and_belong_to_a_word() -> None:
    _, items = spoken("thing")
    assert [item.text for item in items if item.kind == "phoneme"] == ["θ", "ˈɪ", "ŋ"]
    word = next(item for item in items if item.kind == "word")
    assert (word.start, word.end) == (items[0].start, items[2].end)


def test_markup_and_phoneme_brackets_are_read_out_not_obeyed() -> None:
    """Plain text: no SSML, no [[phonemes]], no engine commands after a control character."""
    plain, _ = spoken("end")
    for trick in ('<break time="9s"/> end', "[[h@loU]] end", "\x0110R end"):
        samples, items = spoken(trick)
        assert words(items)[-1] == "end"
        assert len(words(items)) > 1
        assert len(samples) > len(plain)
    _, items = spoken("[[h@loU]]")
    assert "".join(item.text for item in items if item.kind == "phoneme") != "həlˈoʊ"


def test_every_language_offered_is_spoken() -> None:
    silent = []
    for language in LANGUAGES:
        samples, items = spoken("Anna 12 mama.", language)
        if len(samples) < RATE / 2 or not [item for item in items if item.kind == "phoneme"]:
            silent.append(language)
    assert silent == []


@pytest.mark.parametrize(
    ("tag", "name"),
    [("en", "en-us"), ("en-GB", "en"), ("EN_us", "en-us"), ("pt-BR", "pt-br"), ("pt-PT", "pt"), ("de-AT", "de"),
     ("no", "nb"), ("zh-Hans-CN", "cmn"), ("es-MX", "es-419"), ("xx", None), ("", None), ("piqd", None)],
)  # fmt: skip
def test_language_tags(tag: str, name: str | None) -> None:
    assert engine_language(tag) == name


def test_a_variants_echo_is_hardly_heard_and_its_words_keep_their_places() -> None:
    text = "Please call Stella, who is at home. "
    got = engine().speak(text, "en-us+f2")
    items = list(said(text, got.marks, len(got.samples)))
    assert words(items) == ["Please", "call", "Stella", "who", "is", "at", "home"]
    end = max(item.end for item in items)
    spoken_level = np.sqrt(np.mean(got.samples[:end].astype(float) ** 2))
    tail = got.samples[end + RATE // 20 :].astype(float)
    assert len(tail) > RATE // 10
    assert np.sqrt(np.mean(tail**2)) < spoken_level / 50
