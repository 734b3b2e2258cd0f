"""What each platform allows and rewards, and a style fitted to it.

The hard limits are the platforms' own, as far as they publish them; ``source`` says where and ``checked`` when that was
last written down here. The other ranges are advice, and marked so in docs/style.md."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from persona_graph.style.edits import Style

CHECKED = "2026-11"

# How X weighs a post: twitter-text's configuration, version 3. What is in none of these ranges counts two.
_LINK = re.compile(r"https?://\S+")
_LINK_WEIGHT = 23
_SINGLE = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))
# An emoji with what is joined to it counts two, however many code points it takes.
_JOINED = re.compile(
    r"[\u2600-\u27bf\U0001f1e6-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?(?:\u200d[\u2600-\u27bf\U0001f300-\U0001faff][\ufe0f\U0001f3fb-\U0001f3ff]?){0,8}"
)


@dataclass(frozen=True, kw_only=True)
class PlatformFacts:
    """``characters`` is the hard limit of one post; ``words`` the advised length of one."""

    characters: int | None
    words: tuple[int, int]
    hashtags: tuple[int, int] = (0, 0)
    emoji: float = 0.0
    sentence_words: int = 25
    paragraph_sentences: int = 4
    formality: tuple[int, int] = (0, 100)
    tones: tuple[str, ...] = ()
    formatting: tuple[str, ...] = ()
    engagement: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    links: str = "in the text"
    source: str = ""


FACTS: dict[str, PlatformFacts] = {
    "LINKEDIN": PlatformFacts(
        characters=3000, words=(150, 300), hashtags=(3, 5), emoji=6, sentence_words=18, paragraph_sentences=2,
        formality=(30, 80), tones=("assertive", "analytical", "reflective", "warm"),
        formatting=("the point in the first two lines, before “see more”", "a blank line between short paragraphs", "no Markdown: it is shown as it is"),
        engagement=("end with one question that can be answered from experience",),
        devices=("one_line_paragraph", "list", "contrast", "rhetorical_question"), links="in the first comment or at the end",
        source="posting services' references (Upload-Post, Ayrshare): 3,000 characters",
    ),
    "FACEBOOK": PlatformFacts(
        characters=63206, words=(40, 80), hashtags=(0, 3), emoji=10, sentence_words=16, paragraph_sentences=2,
        formality=(10, 60), tones=("warm", "enthusiastic", "narrative"),
        formatting=("one thought in a post", "no Markdown: it is shown as it is"),
        engagement=("ask for a story or an opinion",), devices=("direct_address", "rhetorical_question"), links="after the text",
        source="posting services' references (Upload-Post, Ayrshare): 63,206 characters",
    ),
    "BLOG": PlatformFacts(
        characters=None, words=(800, 2000), sentence_words=24, paragraph_sentences=5, formality=(20, 90),
        tones=("analytical", "narrative", "reflective"),
        formatting=("Markdown headings every 200 to 300 words", "a summary of 150 to 160 characters for search results", "lists where things are counted"),
        engagement=("end with what to read or do next",), devices=("list", "rhetorical_question", "simile"),
        source="no limit; length as advised in comparable products",
    ),
    "X": PlatformFacts(
        characters=280, words=(15, 45), hashtags=(0, 2), emoji=10, sentence_words=14, paragraph_sentences=2, formality=(0, 65),
        tones=("assertive", "critical", "enthusiastic"),
        formatting=("one idea in a post; more make a numbered thread", "no Markdown: it is shown as it is"),
        engagement=("a claim that can be answered",), devices=("contrast", "tricolon", "one_line_paragraph"),
        links="at the end: each counts 23 characters", source="developer.x.com, Counting characters, and twitter-text’s config v3: 280, weighted; a link counts 23",
    ),
    "INSTAGRAM": PlatformFacts(
        characters=2200, words=(50, 150), hashtags=(3, 5), emoji=15, sentence_words=14, paragraph_sentences=2, formality=(0, 55),
        tones=("warm", "enthusiastic", "narrative"),
        formatting=("the first 125 characters stand alone, before “more”", "hashtags at the end", "no Markdown: it is shown as it is"),
        engagement=("ask to save, share or answer",), devices=("direct_address", "one_line_paragraph"),
        links="in the profile: they are no links in a caption", source="posting services' references (Upload-Post, Ayrshare): captions of 2,200 characters; 5 hashtags, earlier 30",
    ),
    "YOUTUBE": PlatformFacts(
        characters=5000, words=(100, 300), hashtags=(0, 3), emoji=4, sentence_words=18, paragraph_sentences=3, formality=(10, 70),
        tones=("enthusiastic", "narrative", "assertive"),
        formatting=("a script as hook, introduction, body and call to action", "a description with chapters as times"),
        engagement=("ask for one thing: subscribe, comment or the next video",), devices=("direct_address", "rhetorical_question"),
        links="in the description", source="YouTube Data API: descriptions of 5,000 bytes",
    ),
    "MEDIUM": PlatformFacts(
        characters=None, words=(1000, 3000), hashtags=(0, 5), sentence_words=22, paragraph_sentences=4, formality=(20, 85),
        tones=("narrative", "reflective", "analytical"),
        formatting=("title and subtitle", "headings and pull quotes", "a story before the lesson"),
        engagement=("end on the thought to keep",), devices=("anaphora", "simile", "rhetorical_question", "aside"),
        source="Medium help: up to five topics a story; no limit of length",
    ),
    "SUBSTACK": PlatformFacts(
        characters=None, words=(600, 2500), sentence_words=22, paragraph_sentences=4, formality=(15, 80),
        tones=("reflective", "warm", "narrative"),
        formatting=("a subject line of at most 60 characters", "a greeting, then one theme", "headings in long letters"),
        engagement=("invite a reply",), devices=("direct_address", "aside", "anaphora"), source="no limit that is published",
    ),
    "EMAIL": PlatformFacts(
        characters=None, words=(50, 200), sentence_words=16, paragraph_sentences=3, formality=(20, 85), tones=("warm", "assertive"),
        formatting=("a subject line of at most 60 characters", "one request, in a line of its own"),
        engagement=("say what is asked and by when",), devices=("direct_address", "list"),
        source="no limit; some mail readers cut messages of more than 102 kB",
    ),
    "STORY": PlatformFacts(
        characters=None, words=(300, 3000), sentence_words=28, paragraph_sentences=5, formality=(0, 100), tones=("narrative", "reflective"),
        formatting=("scenes with a blank line between them", "speech in quotation marks"), engagement=("open in the middle of things",),
        devices=("simile", "repetition", "tricolon"), source="none: told, not posted",
    ),
    "PODCAST": PlatformFacts(
        characters=None, words=(600, 4500), sentence_words=16, paragraph_sentences=4, formality=(0, 65),
        tones=("warm", "narrative", "enthusiastic"),
        formatting=("written for the ear: no headings, lists, links or abbreviations", "numbers rounded and spelled out"),
        engagement=("talk to one listener",), devices=("direct_address", "repetition", "rhetorical_question", "anaphora"),
        links="said, or in the show notes", source="none: about 150 words are spoken in a minute",
    ),
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Adaptation:
    """A style on one platform. ``edited`` names the fields somebody set by hand."""

    platform: str
    character_limit: int | None
    words_low: int
    words_high: int
    hashtags_low: int
    hashtags_high: int
    emoji_per_1000: float
    sentence_words: float
    longest_sentence: int
    paragraph_sentences: int
    formality_low: float
    formality_high: float
    tones: tuple[str, ...]
    formatting: tuple[str, ...]
    engagement: tuple[str, ...]
    devices: tuple[str, ...]
    links: str
    notes: str = ""
    edited: tuple[str, ...] = ()

    def stored(self) -> dict[str, Any]:
        return asdict(self)


EDITABLE = tuple(
    each.name for each in fields(Adaptation) if each.name not in ("platform", "character_limit", "edited")
)


def posted_length(platform: str, text: str) -> int:
    """As the platform counts: X weighs characters and counts every link 23, YouTube counts bytes."""
    if platform == "YOUTUBE":
        return len(text.encode())
    if platform != "X":
        return len(text)
    links = len(_LINK.findall(text))
    rest, emoji = _JOINED.subn("", _LINK.sub("", text))
    single = sum(any(low <= ord(char) <= high for low, high in _SINGLE) for char in rest)
    return _LINK_WEIGHT * links + 2 * emoji + single + 2 * (len(rest) - single)


def adapt(style: Style, platform: str, edits: Mapping[str, Any] | None = None) -> Adaptation:
    """The platform's ranges moved as near to the writer's own as they allow; then what was set by hand."""
    facts = FACTS[platform]
    own_sentence = style.value("sentence_words")
    sentence = min(
        own_sentence if own_sentence is not None else facts.sentence_words, float(facts.sentence_words)
    )
    spread = style.value("sentence_words_spread")
    low, high = facts.formality
    own_formality = style.value("formality")
    centre = min(max(own_formality if own_formality is not None else (low + high) / 2, low), high)
    made = Adaptation(
        platform=platform, character_limit=facts.characters, words_low=facts.words[0], words_high=facts.words[1],
        hashtags_low=facts.hashtags[0], hashtags_high=facts.hashtags[1], emoji_per_1000=_emoji(style, facts),
        sentence_words=round(sentence, 1), longest_sentence=max(20, round(sentence + 2 * (spread if spread is not None else 8))),
        paragraph_sentences=_paragraph(style, facts), formality_low=round(max(low, centre - 15), 1),
        formality_high=round(min(high, centre + 15), 1), tones=_tones(style, facts), formatting=facts.formatting,
        engagement=facts.engagement, devices=_devices(style, facts), links=facts.links,
    )  # fmt: skip
    known = {name: _plain(value) for name, value in (edits or {}).items() if name in EDITABLE}
    return replace(made, **known, edited=tuple(sorted(known)))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _emoji(style: Style, facts: PlatformFacts) -> float:
    """Nobody who never uses one starts to."""
    own = style.value("emoji")
    return round(facts.emoji if own is None else min(own, facts.emoji), 1)


def _paragraph(style: Style, facts: PlatformFacts) -> int:
    own = style.value("paragraph_sentences")
    return facts.paragraph_sentences if own is None else max(1, min(round(own), facts.paragraph_sentences))


def _tones(style: Style, facts: PlatformFacts) -> tuple[str, ...]:
    """The writer's, those first that the platform favours; the platform's only for who has none."""
    own = style.tones
    forbidden = {each.lower() for each in style.edits.forbidden_tones or ()}
    if not own:
        return tuple(each for each in facts.tones if each not in forbidden)
    return tuple(sorted(own, key=lambda each: (each != own[0], each not in facts.tones)))


def _devices(style: Style, facts: PlatformFacts) -> tuple[str, ...]:
    own = style.devices
    return tuple(each for each in own if each in facts.devices) or tuple(own[:2]) or facts.devices[:1]
