"""Checks, adaptations and prompts: what is found, where, and what counts."""

from __future__ import annotations

import pytest

from persona_graph.style import FACTS, Edits, Finding, Profile, Source, Style, adapt, measure, render, score
from persona_graph.style.check import RELIABLE_WORDS
from persona_graph.style.platforms import posted_length
from tests.style.posts import ANNOUNCEMENT, FOURTH, POSTS
from tests.style.test_figures import author


@pytest.fixture(scope="module")
def austen() -> Profile:
    return measure([Source("emma", author("austen"))])


@pytest.fixture(scope="module")
def twain() -> Profile:
    return measure([Source("tom", author("twain"))])


def rules(found: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in found}


def only(found: tuple[Finding, ...], rule: str) -> Finding:
    [finding] = [each for each in found if each.rule == rule]
    return finding


PLAIN = "The boys went down to the river in the morning. They had an apple and a fence to paint. It was hot."


def test_a_post_by_the_same_hand_and_an_announcement_by_nobody() -> None:
    """Rows 6 and 14: three short posts are enough to tell a person's voice from a company's."""
    posts = measure([Source(str(n), post) for n, post in enumerate(POSTS)])
    on_linkedin = adapt(Style(posts), "LINKEDIN")
    same, other = score(posts, FOURTH, on_linkedin), score(posts, ANNOUNCEMENT, on_linkedin)
    assert same.score >= 80 and other.score <= 50
    assert {
        "word.plain",
        "sentence.long",
        "formality.higher",
        "readability.harder",
        "contraction.missing",
    } <= rules(other.findings)
    assert not {"word.plain", "formality.higher", "readability.harder"} & rules(same.findings)


def test_a_check_is_the_same_each_time_and_between_0_and_100(austen: Profile) -> None:
    first = score(austen, author("doyle"))
    assert score(austen, author("doyle")) == first and 0 <= first.score <= 100
    assert sum(part.weight for part in first.parts) == pytest.approx(1.0)
    assert {part.name for part in first.parts} == {
        "fingerprint",
        "sentences",
        "vocabulary",
        "punctuation",
        "tone",
    }
    on_x = score(austen, PLAIN, adapt(Style(austen), "X"))
    assert sum(part.weight for part in on_x.parts) == pytest.approx(1.0) and on_x.parts[-1].name == "platform"


@pytest.mark.parametrize(
    "text", ["a", "…", "!" * 50, "x" * 99_000, "a " * 40_000, "\U0001f600" * 30, "こんにちは。" * 40]
)
def test_any_text_gets_a_score(austen: Profile, text: str) -> None:
    checked = score(austen, text, adapt(Style(austen), "X"))
    assert 0 <= checked.score <= 100 and len(checked.findings) <= 50


def test_short_texts_are_not_relied_on(austen: Profile) -> None:
    assert not score(austen, PLAIN).reliable
    assert score(austen, " ".join(author("austen").split()[: RELIABLE_WORDS + 20])).reliable
    thin = measure([Source("x", " ".join(author("austen").split()[:60]))])
    assert not score(thin, author("austen")).reliable


def test_offsets_point_at_what_was_found(austen: Profile) -> None:
    edits = Edits(avoid_words=("boys", "dead end"))
    text = PLAIN.replace("hot", "a Dead End") + " Boys!"
    checked = score(Style(austen, edits), text)
    found = [each for each in checked.findings if each.rule == "word.avoided"]
    assert [each.quote for each in found] == ["boys", "Dead End", "Boys"]
    for each in checked.findings:
        if each.start is not None:
            assert each.quote is not None and checked.text[each.start :].startswith(each.quote)


def test_contractions_are_judged_by_the_writers_own_habit(austen: Profile, twain: Profile) -> None:
    used = only(score(austen, "It was clear that he didn't wish it at all.").findings, "contraction.used")
    assert (used.quote, used.suggestion) == ("didn't", "Write “did not”.")
    casual = Style(twain, Edits(figures={"contractions": 0.95}))
    missing = only(score(casual, "He did not wish it at all.").findings, "contraction.missing")
    assert (missing.quote, missing.suggestion) == ("did not", "Write “didn't”.")


def test_sentences_words_and_marks_that_are_not_the_writers(twain: Profile) -> None:
    style = Style(twain, Edits(figures={"exclamation_marks": 0.0, "complexity": 20}))
    text = "We utilize it! " + "and so it went on " * 30 + "."
    found = score(style, text).findings
    assert {"word.plain", "sentence.long", "punctuation.exclamation_marks"} <= rules(found)
    assert only(found, "word.plain").suggestion == "Write “use”."


def test_a_tone_that_was_ruled_out_is_found() -> None:
    profile = measure([Source("x", author("austen"))])
    glad = "I love it! We are so very happy, you are wonderful! Thank you, dear friend, what joy! " * 3
    style = Style(profile, Edits(forbidden_tones=("Enthusiastic",)))
    assert "tone.forbidden" in rules(score(style, glad).findings)
    assert "tone.forbidden" not in rules(score(profile, glad).findings)


def test_readability_and_formality_that_drift(twain: Profile) -> None:
    newton = " ".join(author("newton").split()[:400])
    assert {"readability.harder", "formality.higher"} <= rules(score(twain, newton).findings)


# --- Platforms ----------------------------------------------------------------------------------------

PLATFORMS = sorted(FACTS)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_platform_has_its_facts_and_can_be_written_for(platform: str, austen: Profile) -> None:
    """Rows 14–16, and eight more."""
    made = adapt(Style(austen), platform)
    facts = FACTS[platform]
    assert facts.source and made.character_limit == facts.characters
    assert 0 < made.words_low < made.words_high and made.sentence_words <= facts.sentence_words
    assert facts.formality[0] <= made.formality_low <= made.formality_high <= facts.formality[1]
    assert made.tones[0] == austen.labels["tone"]["value"] and made.emoji_per_1000 == 0
    said = render(Style(austen), made, name="Ada")
    assert f"On {platform}:" in said and f"{made.words_high:,} words" in said
    assert (f"at most {facts.characters or 0:,} characters" in said) == (facts.characters is not None)


def test_the_limits_are_the_published_ones() -> None:
    limits = {name: facts.characters for name, facts in FACTS.items() if facts.characters}
    assert limits == {"X": 280, "LINKEDIN": 3000, "INSTAGRAM": 2200, "FACEBOOK": 63206, "YOUTUBE": 5000}


def test_what_breaks_a_platforms_limits_is_found(austen: Profile) -> None:
    on = {name: adapt(Style(austen), name) for name in ("X", "LINKEDIN", "BLOG")}
    long = only(score(austen, "word " * 60, on["X"]).findings, "platform.characters")
    assert (long.severity, long.start) == ("ERROR", 280)
    link = "See https://example.com/" + "a" * 300
    assert "platform.characters" not in rules(score(austen, link, on["X"]).findings), "links count 23"
    tagged = "# Title\n\nText with **weight**. #one #two #three #four #five #six \U0001f600\U0001f600"
    assert {"platform.hashtags", "platform.markdown", "platform.emoji", "platform.short"} <= rules(
        score(austen, tagged, on["LINKEDIN"]).findings
    )
    assert "platform.markdown" not in rules(score(austen, tagged, on["BLOG"]).findings)
    worse = {part.name: part.score for part in score(austen, "word " * 60, on["X"]).parts}
    assert worse["platform"] is not None and worse["platform"] <= 40


@pytest.mark.parametrize(
    ("platform", "text", "length"),
    [
        ("X", "a" * 280, 280),
        ("X", "日本語", 6),
        ("X", "see https://example.com/" + "a" * 90, 27),
        ("X", "“quotes” — and…", 16),
        ("X", "\U0001f468\u200d\U0001f469\u200d\U0001f467 \u2764\ufe0f", 5),
        ("YOUTUBE", "äöü", 6),
        ("LINKEDIN", "äöü", 3),
    ],
    ids=range(7),
)  # fmt: skip
def test_a_post_is_as_long_as_its_platform_counts(platform: str, text: str, length: int) -> None:
    """X: twitter-text's weights and links; YouTube: bytes."""
    assert posted_length(platform, text) == length


def test_edits_count_over_what_follows_from_the_style_and_new_measurements(
    austen: Profile, twain: Profile
) -> None:
    edits = {"words_high": 40, "tones": ["dry"], "notes": "Say it twice."}
    for profile in (austen, twain):
        made = adapt(Style(profile), "X", edits)
        assert (made.words_high, made.tones, made.notes) == (40, ("dry",), "Say it twice.")
        assert made.edited == ("notes", "tones", "words_high") and made.character_limit == 280
    assert adapt(Style(austen), "X", {"character_limit": 9999}).character_limit == 280


# --- Prompts ------------------------------------------------------------------------------------------


def test_a_prompt_says_what_is_known_and_what_was_set(austen: Profile) -> None:
    edits = Edits(
        tone="wry",
        core_belief="Good sense wins.",
        avoid_words=("synergy",),
        forbidden_tones=("critical",),
        notes="No jokes.",
    )
    said = render(Style(austen, edits), name="Jane", language="en-GB", brand_voice="Calm.")
    for part in (
        "Write as Jane.",
        "en-GB",
        "Calm.",
        "Tone: wry",
        "Good sense wins.",
        "synergy",
        "Never: critical",
        "No jokes.",
        "Contractions: avoided",
    ):
        assert part in said
    assert "semicolons about 17 in 1,000 words" in said


def test_a_prompt_without_a_style_makes_nothing_up() -> None:
    said = render(Style(), name="Jane")
    assert "not analysed yet" in said and "Tone" not in said and "words" not in said
