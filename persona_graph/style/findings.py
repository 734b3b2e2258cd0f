"""What in a text departs from a style or from its platform, where, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from persona_graph.style import labels
from persona_graph.style import lexicon as lex
from persona_graph.style.edits import Style
from persona_graph.style.figures import Body, hashtags, is_emoji, values
from persona_graph.style.platforms import Adaptation, posted_length
from persona_graph.style.text import Reading, Span, Word

MOST, MOST_OF_A_RULE = 50, 8
_QUOTE = 160
_MARKDOWN = re.compile(r"^#{1,6} |\*\*[^*\n]{1,200}\*\*|^```|\]\(https?://", re.MULTILINE)
_LONG_FORMS = {long: short for short, long in reversed(lex.CONTRACTIBLE)}
_SHORT_FORMS = dict(reversed(lex.CONTRACTIBLE))


@dataclass(frozen=True)
class Finding:
    """``start`` and ``end`` are None for what concerns the whole text."""

    rule: str
    severity: str
    message: str
    suggestion: str
    start: int | None = None
    end: int | None = None
    quote: str | None = None


def findings(style: Style, body: Body, adaptation: Adaptation | None) -> list[Finding]:
    """Those of the platform first, then in the order of the text; at most eight of a rule and fifty in all."""
    reading = body.readings[0]
    found = [] if adaptation is None else list(_platform(reading, body, adaptation))
    if body.words:
        rules: list[Callable[[], Iterator[Finding]]] = [
            lambda: _avoided(reading, style), lambda: _long_words(reading, style, body),
            lambda: _long_sentences(reading, style, adaptation), lambda: _contractions(reading, style, body),
            lambda: _marks(reading, style, body), lambda: _tone(style, body), lambda: _drift(style, body),
        ]  # fmt: skip
        own = [finding for rule in rules for finding in _some(rule())]
        found += sorted(own, key=lambda each: (each.start is None, each.start or 0, each.rule))
    return found[:MOST]


def _some(found: Iterator[Finding]) -> Iterator[Finding]:
    for number, finding in enumerate(found):
        if number == MOST_OF_A_RULE:
            return
        yield finding


def _at(reading: Reading, span: Span, rule: str, severity: str, message: str, suggestion: str) -> Finding:
    quote = reading.text[span.start : min(span.end, span.start + _QUOTE)]
    return Finding(rule, severity, message, suggestion, span.start, span.end, quote)


# --- The writer's -----------------------------------------------------------------------------------


def _avoided(reading: Reading, style: Style) -> Iterator[Finding]:
    avoided = {word.lower(): instead for word, instead in style.avoided.items()}
    if not avoided:
        return
    either = "|".join(re.escape(word) for word in sorted(avoided, key=lambda word: (-len(word), word)))
    for found in re.finditer(rf"(?<!\w)(?:{either})(?!\w)", reading.text, re.IGNORECASE):
        instead = avoided[found[0].lower()]
        yield _at(
            reading, Span(found.start(), found.end()), "word.avoided", "WARNING", f"“{found[0]}” is a word this writer avoids.",
            f"Write “{instead}”." if instead else "Leave it out, or say it another way.",
        )  # fmt: skip


def _long_words(reading: Reading, style: Style, body: Body) -> Iterator[Finding]:
    """Only for who writes plainly, and not those words the writer uses."""
    complexity = style.value("complexity")
    if not body.is_english or complexity is None or complexity >= 50:
        return
    own = set(style.go_to_words) | {word.lower() for word in style.avoided}
    for word in reading.words:
        plain = lex.PLAIN.get(word.bare)
        if plain and word.bare not in own:
            yield _at(
                reading,
                word,
                "word.plain",
                "HINT",
                f"“{word.bare}” is heavier than this writer's words.",
                f"Write “{plain}”.",
            )


def _long_sentences(reading: Reading, style: Style, adaptation: Adaptation | None) -> Iterator[Finding]:
    mean, spread = style.value("sentence_words"), style.value("sentence_words_spread")
    most = adaptation.longest_sentence if adaptation else None
    if most is None and mean is not None:
        most = max(20, round(mean + 2.5 * (spread if spread is not None else 8)))
    for sentence in reading.sentences:
        if most is not None and len(sentence.words) > most:
            about = round(adaptation.sentence_words if adaptation else mean or most)
            yield _at(
                reading, sentence, "sentence.long", "WARNING", f"{len(sentence.words)} words; here a sentence has at most {most}.",
                f"Cut it into sentences of about {about} words.",
            )  # fmt: skip


def _contractions(reading: Reading, style: Style, body: Body) -> Iterator[Finding]:
    own = style.value("contractions")
    if own is None or not body.is_english or 0.1 < own < 0.8:
        return
    pairs = zip(reading.words, (*reading.words[1:], None), strict=True)
    for word, after in pairs:
        if own <= 0.1 and word.bare in _SHORT_FORMS:
            yield _contraction(reading, word, word, "uses", _SHORT_FORMS[word.bare])
        elif own >= 0.8:
            both = f"{word.bare} {after.bare}" if after else ""
            if both in _LONG_FORMS and after is not None:
                yield _contraction(reading, word, after, "spells out", _LONG_FORMS[both])
            elif word.bare in _LONG_FORMS:
                yield _contraction(reading, word, word, "spells out", _LONG_FORMS[word.bare])


def _contraction(reading: Reading, first: Word, last: Word, does: str, instead: str) -> Finding:
    rule = "contraction.used" if does == "uses" else "contraction.missing"
    return _at(
        reading,
        Span(first.start, last.end),
        rule,
        "HINT",
        f"This text {does} what this writer does not.",
        f"Write “{instead}”.",
    )


_MARKS = {
    "exclamation_marks": ("!", "exclamation mark", "End with a full stop."),
    "semicolons": (";", "semicolon", "Make two sentences of it."),
    "dashes": ("—", "dash", "Use a comma, brackets or a new sentence."),
    "ellipses": ("…", "ellipsis", "Finish the sentence."),
    "parentheses": ("(", "bracket", "Say it in the sentence, or leave it out."),
}


def _marks(reading: Reading, style: Style, body: Body) -> Iterator[Finding]:
    """Marks that the writer hardly ever sets."""
    for key, (mark, name, suggestion) in _MARKS.items():
        own = style.value(key)
        if own is None or own >= 0.5:
            continue
        start = reading.text.find(mark)
        if start >= 0:
            yield _at(
                reading, Span(start, start + 1), f"punctuation.{key}", "HINT",
                f"This writer sets {own:.1f} times a {name} in 1,000 words; here it stands {reading.text.count(mark)} times.", suggestion,
            )  # fmt: skip


def _tone(style: Style, body: Body) -> Iterator[Finding]:
    if not body.is_english or not style.edits.forbidden_tones:
        return
    strengths = labels.tones(labels.more_figures(body, values(body)))
    forbidden = {each.lower() for each in style.edits.forbidden_tones}
    for tone, strength in sorted(strengths.items(), key=lambda each: (-each[1], each[0]))[:2]:
        if tone in forbidden and strength >= 0.5:
            yield Finding(
                "tone.forbidden",
                "WARNING",
                f"The text sounds {tone} ({100 * strength:.0f} of 100), which was ruled out.",
                "Take the words out that make it so.",
            )


_DRIFT = (
    ("grade", 4.0, "readability.harder", "readability.easier", "school years of reading"),
    ("formality", 25.0, "formality.higher", "formality.lower", "of 100 in formality"),
)


def _drift(style: Style, body: Body) -> Iterator[Finding]:
    """Of the whole text, where there is enough of it."""
    if len(body.words) < 80 or not body.is_english:
        return
    here = values(body)
    here["formality"] = labels.strength_of("formality", labels.more_figures(body, here)) or 0.0
    for key, most, above, below, what in _DRIFT:
        own = style.value(key)
        if own is not None and key in here and abs(here[key] - own) > most:
            higher = here[key] > own
            towards = (
                "Shorter sentences and plainer words" if higher else "Longer sentences and weightier words"
            )
            yield Finding(
                above if higher else below,
                "WARNING",
                f"{here[key]:.0f} {what}; this writer has {own:.0f}.",
                f"{towards} bring it nearer.",
            )


# --- The platform's ---------------------------------------------------------------------------------


def _platform(reading: Reading, body: Body, adaptation: Adaptation) -> Iterator[Finding]:
    yield from _length(reading, body, adaptation)
    tags = hashtags(reading.text)
    if len(tags) > adaptation.hashtags_high:
        yield Finding(
            "platform.hashtags",
            "WARNING",
            f"{len(tags)} hashtags; at most {adaptation.hashtags_high} serve here.",
            "Keep those people search for.",
        )
    elif len(tags) < adaptation.hashtags_low:
        yield Finding(
            "platform.hashtags",
            "HINT",
            f"{len(tags)} hashtags; {adaptation.hashtags_low} or more help to be found.",
            "Add some about the subject.",
        )
    emoji = sum(map(is_emoji, reading.text))
    if emoji > max(adaptation.emoji_per_1000 * max(len(body.words), 150) / 1000, 0):
        yield Finding(
            "platform.emoji", "HINT", f"{emoji} emoji; this writer sets fewer here.", "Take some out."
        )
    if any("no Markdown" in line for line in adaptation.formatting) and (
        mark := _MARKDOWN.search(reading.text)
    ):
        yield _at(
            reading,
            Span(mark.start(), mark.end()),
            "platform.markdown",
            "WARNING",
            "Markdown is shown as it is typed here.",
            "Write it plain.",
        )
    yield from _some(_paragraphs(reading, adaptation))


def _length(reading: Reading, body: Body, adaptation: Adaptation) -> Iterator[Finding]:
    limit, length = adaptation.character_limit, posted_length(adaptation.platform, reading.text)
    if limit is not None and length > limit:
        # Where it would be cut off.
        yield _at(
            reading, Span(min(limit, len(reading.text)), len(reading.text)), "platform.characters", "ERROR",
            f"{length:,} characters; {adaptation.platform} takes {limit:,}.", f"Take out {length - limit:,}, or cut it into several posts.",
        )  # fmt: skip
    words = len(body.words)
    if words > adaptation.words_high * 1.2:
        yield Finding(
            "platform.long",
            "HINT",
            f"{words:,} words; {adaptation.words_low:,} to {adaptation.words_high:,} are advised.",
            "Shorten it, or split it.",
        )
    elif words < adaptation.words_low * 0.8:
        yield Finding(
            "platform.short",
            "HINT",
            f"{words:,} words; {adaptation.words_low:,} to {adaptation.words_high:,} are advised.",
            "Add an example or a reason.",
        )


def _paragraphs(reading: Reading, adaptation: Adaptation) -> Iterator[Finding]:
    sizes: dict[int, int] = {}
    for sentence in reading.sentences:
        sizes[sentence.paragraph] = sizes.get(sentence.paragraph, 0) + 1
    for number, size in sizes.items():
        if size > adaptation.paragraph_sentences + 2:
            yield _at(
                reading, reading.paragraphs[number], "platform.paragraph", "HINT",
                f"{size} sentences in a paragraph; here it has up to {adaptation.paragraph_sentences}.", "Break it up.",
            )  # fmt: skip
