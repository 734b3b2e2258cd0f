from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_graph.catalog.pace import speech_seconds

FOX = "The quick brown fox jumps over the lazy dog, and then it sleeps. Nobody knows why, but everyone agrees that it is funny."

# name: espeak voice, language, text
TEXTS: dict[str, tuple[str, str, str]] = {
    "English": ("en-us", "en", FOX),
    "German": ("de", "de", "Die Geschwindigkeitsbegrenzung auf der Autobahn ist seit Jahren umstritten. Viele wünschen sich eine klare Regelung."),
    "French": ("fr", "fr", "Il était une fois une petite fille qui vivait près de la forêt. Tous les jours, elle allait voir sa grand-mère."),
    "Spanish": ("es", "es-MX", "En un lugar de la Mancha, de cuyo nombre no quiero acordarme, vivía un hidalgo de los de lanza en astillero."),
    "Russian": ("ru", "ru", "Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему."),
    "Mandarin": ("cmn", "zh", "人工智能正在改变我们的生活方式,也带来了很多新的问题。我们应该如何面对这些挑战呢?"),
    "Japanese kana": ("ja", "ja", "これはとてもながいぶんしょうです。きょうはてんきがいいので、さんぽにいきましょう。"),
    "Japanese kanji": ("ja", "ja", "志承政事東京都特許許可局"),
    "Korean": ("ko", "ko", "모든 인간은 태어날 때부터 자유로우며 그 존엄과 권리에 있어 동등하다."),
    "Arabic": ("ar", "ar", "يولد جميع الناس أحرارا متساوين في الكرامة والحقوق. وقد وهبوا عقلا وضميرا."),
    "Hindi": ("hi", "hi", "सभी मनुष्यों को गौरव और अधिकारों के मामले में जन्मजात स्वतन्त्रता और समानता प्राप्त है।"),
    "Greek": ("el", "el", "Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα."),
    "Han read by an English voice": ("en-us", "en", "人工智能正在改变"),
    "digits": ("en-us", "en", "1234567 98765 2024 3.14159 777777 0015550199 12345678901234567890"),
    "German digits": ("de", "de", "1234567 98765 777777 555 777 12345678901234567890"),
    "Korean dates": ("ko", "ko", "2024년 12월 31일 1234567"),
    "Latin words and digits in Mandarin": ("cmn", "zh-CN", "我用 Python 3.11 写代码 2024年12月31日"),
    "acronyms": ("en-us", "en", "WWW HTTP SQL NATO XYZ WXYZ BBC WWW WWW"),
    "letters": ("en-us", "en", "w w w w w w w w w w"),
    "words without a vowel": ("en-us", "en", "wwwwwwwwwwwwwwwwwwww xxxxxxxxxxxxxxxxxxxx crwth"),
    "addresses": ("en-us", "en", "https://www.example.com/a/b?x=1&y=2#z user_name@mail.example.org"),
    "symbols": ("en-us", "en", "$5 & €7 % # @ / \\ * + = < > [ ] { } ^ ~ | ©"),
    "symbols in a row": ("en-us", "en", "&&&&&&&&&& %%%%%%%%%% @@@@@@@@@@ ########## ----------"),
    "emoji": ("en-us", "en", "😀😂🎉🔥👍🏽 ❤️ 👨‍👩‍👧‍👦"),
    "one grapheme of a hundred code points": ("en-us", "en", "a" + "\u0301" * 100),
    "stacked marks": ("en-us", "en", "h" + "\u0336\u0321\u0301" * 30 + "i"),
    "many commas": ("en-us", "en", "a, b, c, d, e, f, g, h"),
    "many stops": ("en-us", "en", "A. B. C. D. E. F."),
    "stops in a row": ("en-us", "en", "......... ,,,,,,,,, !!!!!!!!!! ?????????"),
    "paragraphs": ("en-us", "en", "One.\n\n\nTwo.\n\n\nThree.\n\n\nFour."),
    "pause markup read aloud": ("en-us", "en", 'Hello <break time="9s"/> there <#2.5#> friend'),
    "one word": ("en-us", "en", "Yes"),
}  # fmt: skip
SLOW, FAST = 120, 230


@pytest.fixture(scope="module")
def measured() -> dict[str, tuple[float, float]]:
    """Seconds that espeak-ng takes, slow and fast."""
    pytest.importorskip("espeakng_loader")
    asked = [(voice, words, text) for voice, _, text in TEXTS.values() for words in (SLOW, FAST)]
    child = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("espeak_lengths.py"))],
        input=json.dumps(asked).encode(),
        stdout=subprocess.PIPE,
        check=True,
        timeout=120,
    )
    lengths = json.loads(child.stdout)
    return dict(zip(TEXTS, zip(lengths[::2], lengths[1::2], strict=True), strict=True))


@pytest.mark.parametrize("name", TEXTS)
def test_g20_real_speech_lies_within_the_bounds(measured: dict[str, tuple[float, float]], name: str) -> None:
    """G20, 205: what espeak-ng really takes, at a slow and at a fast pace."""
    slow, fast = measured[name]
    _, language, text = TEXTS[name]
    estimate = speech_seconds(text, language)
    assert 0.1 < fast < slow
    assert estimate.low <= fast and slow <= estimate.high


@pytest.mark.parametrize("name", ["English", "German", "French", "Spanish", "Mandarin", "Korean", "Russian"])
def test_205_the_estimate_of_prose_is_worth_something(
    measured: dict[str, tuple[float, float]], name: str
) -> None:
    """The likely length lies between slow and fast, and the ceiling is not beyond all reason."""
    slow, fast = measured[name]
    _, language, text = TEXTS[name]
    estimate = speech_seconds(text, language)
    assert fast * 0.95 <= estimate.likely <= slow * 1.05
    assert estimate.high <= 2.5 * estimate.likely


def test_g20_declared_pauses_are_covered() -> None:
    plain = speech_seconds("Hello there friend")
    for markup, seconds in (
        ('<break time="9999s"/>', 9999),
        ("<break time='1500ms'>", 1.5),
        ("<#99.99#>", 99.99),
    ):
        paused = speech_seconds(f"Hello {markup} there {markup} friend")
        assert paused.high >= plain.high + 2 * seconds
        assert paused.likely >= plain.likely + 2 * seconds
        assert paused.low == plain.low, "a provider may leave pauses out"


def test_speed_divides_what_is_spoken() -> None:
    normal, slow, fast = (speech_seconds(FOX, speed=speed) for speed in (1.0, 0.5, 2.0))
    assert slow.high == pytest.approx(2 * normal.high, abs=0.02)
    assert fast.low == pytest.approx(normal.low / 2, abs=0.02)


@given(st.text(max_size=300), st.sampled_from(["en", "zh-Hans", "ja", "xx", ""]))
def test_any_text_has_an_ordered_finite_estimate(text: str, language: str) -> None:
    estimate = speech_seconds(text, language)
    assert 0 <= estimate.low <= estimate.likely <= estimate.high < 10_000


@given(st.lists(st.sampled_from([FOX, "人工智能。", "12 %", "WWW", "<#1#>"]), min_size=1, max_size=6))
def test_more_text_takes_longer(parts: list[str]) -> None:
    shorter, longer = speech_seconds(" ".join(parts[:-1])), speech_seconds(" ".join(parts))
    assert all(one <= two for one, two in zip(shorter, longer, strict=True))


def test_the_longest_script_is_estimated_in_one_pass() -> None:
    """20,000 characters, the most a script may have; a thousand times one sentence is a thousand times its length."""
    once, often = speech_seconds(FOX), speech_seconds(FOX * 160)
    assert often.low == pytest.approx(160 * once.low, rel=0.01)
    assert often.high > 100 * once.low
