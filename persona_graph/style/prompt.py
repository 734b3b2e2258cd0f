"""A style as instructions for a language model, whichever it is."""

from __future__ import annotations

from collections.abc import Iterator

from persona_graph.style.edits import Style
from persona_graph.style.platforms import Adaptation

_DEVICES = {
    "anaphora": "begin sentences in a row alike",
    "tricolon": "name things in threes",
    "rhetorical_question": "ask a question and answer it",
    "contrast": "set what it is against what it is not",
    "simile": "compare with “like” and “as”",
    "aside": "put asides in dashes or brackets",
    "direct_address": "speak to the reader as “you”",
    "one_line_paragraph": "let a short sentence stand as a paragraph",
    "list": "use lists",
    "repetition": "repeat a word of weight",
    "colon_reveal": "lead up to the point with a colon",
}


def describe(style: Style) -> str:
    """The style in two or three sentences, put together from its figures; empty where nothing is known."""
    said = []
    nouns = [word for word in (style.tones[0] if style.tones else None, style.label("register")) if word]
    mean, grade = style.value("sentence_words"), style.value("grade")
    if nouns:
        said.append(
            f"{' and '.join(nouns).capitalize()} prose"
            + (f", {style.label('complexity')} to read" if style.label("complexity") else "")
        )
    if mean is not None:
        length = "short" if mean < 12 else "long" if mean > 22 else "middling"
        said.append(
            f"{length} sentences of about {round(mean)} words"
            + (f" (school year {max(1, round(grade))})" if grade is not None else "")
        )
    first = ", in ".join(said)
    lines = [f"{first[0].upper()}{first[1:]}."] if first else []
    if devices := [_DEVICES[key] for key in style.devices if key in _DEVICES][:3]:
        lines.append(f"Likes to {'; '.join(devices)}.")
    if words := style.go_to_words[:5]:
        lines.append(f"Comes back to {', '.join(words)}.")
    return " ".join(lines)


def render(
    style: Style,
    adaptation: Adaptation | None = None,
    *,
    name: str = "",
    language: str = "",
    brand_voice: str = "",
) -> str:
    """Lines of plain text. Only what was measured or set is said; nothing is made up for a thin style."""
    lines = [f"Write as {name}." if name else "Write in this person's style."]
    if language:
        lines.append(f"Language: {language}.")
    lines += [f"- {line}" for line in _style(style, brand_voice)]
    if adaptation is not None:
        lines.append(f"On {adaptation.platform}:")
        lines += [f"- {line}" for line in _platform(adaptation)]
    if style.profile is None:
        lines.append("This person's texts were not analysed yet: keep to plain, neutral prose.")
    elif style.profile.missing:
        lines.append("Little was known about some of this; where nothing is said, stay plain.")
    lines.append("Do not imitate quotations, and do not mention these instructions.")
    return "\n".join(lines)


def _style(style: Style, brand_voice: str) -> Iterator[str]:
    if brand_voice:
        yield f"The brand's voice: {brand_voice}"
    if style.edits.core_belief:
        yield f"Believes: {style.edits.core_belief}"
    if tones := style.tones:
        yield f"Tone: {tones[0]}" + (f", at times {', '.join(tones[1:])}" if tones[1:] else "") + "."
    if style.edits.forbidden_tones:
        yield f"Never: {', '.join(style.edits.forbidden_tones)}."
    for label, said in (
        ("register", "Register"),
        ("complexity", "Complexity"),
        ("engagement", "Engagement with the reader"),
    ):
        if value := style.label(label):
            yield f"{said}: {value}."
    yield from _sentences(style)
    yield from _words(style)
    yield from _marks(style)
    if devices := [_DEVICES[key] for key in style.devices if key in _DEVICES][:4]:
        yield f"Habits: {'; '.join(devices)}."
    if style.edits.notes:
        yield style.edits.notes


def _sentences(style: Style) -> Iterator[str]:
    mean, spread = style.value("sentence_words"), style.value("sentence_words_spread")
    if mean is not None:
        most = (
            f", mostly {max(1, round(mean - spread))} to {round(mean + spread)}" if spread is not None else ""
        )
        yield f"Sentences of about {round(mean)} words{most}."
    questions = style.value("questions")
    if questions is not None:
        yield (
            f"Questions: {_percent(questions)} of sentences."
            if questions >= 0.02
            else "Hardly any questions."
        )
    passive = style.value("passive")
    if passive is not None:
        yield f"Passive voice in about {_percent(passive)} of sentences."
    grade = style.value("grade")
    if grade is not None:
        yield f"Reading level: school year {max(1, round(grade))}."


def _words(style: Style) -> Iterator[str]:
    contractions = style.value("contractions")
    if contractions is not None:
        often = "usual" if contractions > 0.66 else "avoided" if contractions < 0.15 else "now and then"
        yield f"Contractions: {often}."
    if words := style.go_to_words[:12]:
        yield f"Comes back to: {', '.join(words)}."
    if phrases := style.go_to_phrases[:6]:
        yield f"Phrases: {'; '.join(f'“{phrase}”' for phrase in phrases)}."
    if avoided := style.avoided:
        said = [f"{word} (rather: {instead})" if instead else word for word, instead in avoided.items()]
        yield f"Avoids: {', '.join(said)}."


def _marks(style: Style) -> Iterator[str]:
    told = (("dashes", "dashes"), ("semicolons", "semicolons"), ("ellipses", "ellipses"), ("exclamation_marks", "exclamation marks"),
            ("emoji", "emoji"), ("parentheses", "brackets"))  # fmt: skip
    used = [(name, value) for key, name in told if (value := style.value(key)) is not None]
    if some := [f"{name} about {value:.0f} in 1,000 words" for name, value in used if value >= 0.5]:
        yield f"Punctuation: {', '.join(some)}."
    if none := [name for name, value in used if value < 0.5]:
        yield f"No or hardly any: {', '.join(none)}."


def _platform(adaptation: Adaptation) -> Iterator[str]:
    limit = f", at most {adaptation.character_limit:,} characters" if adaptation.character_limit else ""
    yield f"{adaptation.words_low:,} to {adaptation.words_high:,} words{limit}."
    yield f"Sentences of about {adaptation.sentence_words:g} words, none over {adaptation.longest_sentence}; paragraphs of up to {adaptation.paragraph_sentences} sentences."
    if adaptation.tones:
        yield f"Tone here: {', '.join(adaptation.tones)}."
    if adaptation.hashtags_high:
        yield f"{adaptation.hashtags_low} to {adaptation.hashtags_high} hashtags."
    else:
        yield "No hashtags."
    yield "No emoji." if adaptation.emoji_per_1000 < 0.5 else "Emoji sparingly."
    yield from (f"{line[0].upper()}{line[1:]}." for line in (*adaptation.formatting, *adaptation.engagement))
    if adaptation.devices:
        yield f"Of the habits, above all: {'; '.join(_DEVICES.get(key, key) for key in adaptation.devices)}."
    yield f"Links {adaptation.links}."
    if adaptation.notes:
        yield adaptation.notes


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
