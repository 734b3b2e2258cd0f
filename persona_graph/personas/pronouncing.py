"""A lexicon applied to a script: found as whole words, told to a provider that takes pronunciations, written into the
script for one that does not. Pure.

What is respelled is only what a provider gets to read: ``written_back`` puts the words of its timings back as they
were written."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from persona_graph.provider import Pronunciation, Timing

# Scripts that put no space between words: there, a word may begin and end anywhere.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U000323af]"
)
_LOOKAHEAD = 400


class CaseRule(StrEnum):
    """Which spellings of a word a lexicon entry is for."""

    EXACT = "EXACT"
    IGNORE = "IGNORE"


class Expression(StrEnum):
    """What became of a pronunciation."""

    BY_PROVIDER = "BY_PROVIDER"
    RESPELLED = "RESPELLED"
    NOT_EXPRESSED = "NOT_EXPRESSED"


@dataclass(frozen=True)
class Entry:
    """How one written word is said: ``spoken``, ``ipa`` or both. ``language`` is a BCP 47 tag; empty: any."""

    written: str
    spoken: str | None = None
    ipa: str | None = None
    language: str = ""
    case: CaseRule = CaseRule.IGNORE

    def stored(self) -> dict[str, Any]:
        return {
            "written": self.written, "spoken": self.spoken, "ipa": self.ipa, "language": self.language,
            "case": self.case.value,
        }  # fmt: skip

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Entry:
        return cls(**{**stored, "case": CaseRule(stored["case"])})


@dataclass(frozen=True)
class Match:
    """Where in a script an entry applies."""

    start: int
    end: int
    entry: Entry


def fitting(entries: Iterable[Entry], language: str) -> list[Entry]:
    """Those for a language. One for exactly it goes before one for its main language, that before one for any."""
    tag = language.lower()
    ranks = {tag: 0, tag.split("-")[0]: 1, "": 2}
    mine = [each for each in entries if each.language.lower() in ranks]
    return sorted(mine, key=lambda each: (ranks[each.language.lower()], -len(each.written), each.written))


def matches(script: str, entries: Sequence[Entry]) -> list[Match]:
    """In order, without overlaps; of two that begin at one place, the longer, then the earlier entry."""
    found: list[Match] = []
    for entry in entries:
        flags = re.IGNORECASE if entry.case is CaseRule.IGNORE else 0
        for hit in re.finditer(re.escape(entry.written), script, flags):
            if _whole(script, hit.start(), hit.end()):
                found.append(Match(hit.start(), hit.end(), entry))
    found.sort(key=lambda match: (match.start, -match.end))
    kept: list[Match] = []
    for match in found:
        if not kept or match.start >= kept[-1].end:
            kept.append(match)
    return kept


def _whole(script: str, start: int, end: int) -> bool:
    return _edge(script[start - 1 : start], script[start]) and _edge(script[end : end + 1], script[end - 1])


def _edge(outside: str, inside: str) -> bool:
    if not outside or not (_in_word(outside) and _in_word(inside)):
        # A mark always belongs to the letter before it.
        return not outside or not unicodedata.category(outside).startswith("M")
    return bool(_UNSPACED.match(outside) or _UNSPACED.match(inside))


def _in_word(character: str) -> bool:
    return character == "_" or unicodedata.category(character)[0] in "LNM"


@dataclass(frozen=True)
class Respelled:
    """A script as a provider gets it. ``spans`` are the places that differ: where they are in ``text``, and where in
    what was ``written``."""

    written: str
    text: str
    spans: tuple[tuple[int, int, int, int], ...] = ()


def respelled(script: str, entries: Sequence[Entry]) -> Respelled:
    """Every whole word that an entry has a spoken form for, in that form."""
    parts: list[str] = []
    spans: list[tuple[int, int, int, int]] = []
    at = length = 0
    for match in matches(script, [entry for entry in entries if entry.spoken]):
        before, said = script[at : match.start], match.entry.spoken or ""
        parts += [before, said]
        length += len(before)
        spans.append((length, length + len(said), match.start, match.end))
        length += len(said)
        at = match.end
    return Respelled(script, "".join([*parts, script[at:]]), tuple(spans))


def pronunciations(script: str, entries: Sequence[Entry]) -> tuple[Pronunciation, ...]:
    """For a provider that takes them: each spelling that stands in the script, once."""
    found: dict[str, Pronunciation] = {}
    for match in matches(script, entries):
        surface = script[match.start : match.end]
        said = Pronunciation(written=surface, spoken=match.entry.spoken, ipa=match.entry.ipa)
        found.setdefault(surface, said)
    return tuple(found.values())


def written_back(timings: Sequence[Timing], made: Respelled) -> tuple[Timing, ...]:
    """Words and sentences as they were written, where the provider was given a respelling. Several words that one
    written word was respelled as become one."""
    if not made.spans:
        return tuple(timings)
    at: dict[str, int] = {}
    shown: list[Timing] = []
    begun: tuple[tuple[int, int, int, int], int, int] | None = None
    for timing in timings:
        start = -1
        if timing.kind in ("word", "sentence"):
            behind = at.get(timing.kind, 0)
            start = made.text.find(timing.text, behind, behind + _LOOKAHEAD + len(timing.text))
        if start < 0:
            shown.append(timing)
            continue
        end = at[timing.kind] = start + len(timing.text)
        inside = next((span for span in made.spans if start < span[1] and span[0] < end), None)
        if timing.kind == "sentence" or inside is None:
            shown.append(replace(timing, text=_before(made, start, end)))
        elif begun is not None and begun[0] == inside:
            _, first, place = begun
            shown[place] = replace(shown[place], text=_before(made, first, end), end=timing.end)
        else:
            begun = (inside, start, len(shown))
            shown.append(replace(timing, text=_before(made, start, end)))
    return tuple(shown)


def _before(made: Respelled, start: int, end: int) -> str:
    return made.written[_back(made, start, 0) : _back(made, end, 1)]


def _back(made: Respelled, place: int, side: int) -> int:
    """The place in what was written; inside of a respelling its beginning (0) or its end (1)."""
    shift = 0
    for start, end, before, behind in made.spans:
        if place <= start:
            break
        if place < end:
            return behind if side else before
        shift = behind - end
    return place + shift


@dataclass(frozen=True)
class Report:
    """What became of one entry in a speech."""

    written: str
    expression: Expression
    said: str

    def stored(self) -> dict[str, str]:
        return {"written": self.written, "expression": self.expression.value, "said": self.said}


def reported(
    script: str, entries: Sequence[Entry], *, by_provider: bool, not_expressed: Iterable[str] = ()
) -> list[Report]:
    """For each spelling in the script. ``not_expressed`` are those that the provider said it could not follow."""
    unsaid = set(not_expressed)
    found: list[Report] = []
    for each in pronunciations(script, entries):
        if by_provider:
            how = Expression.NOT_EXPRESSED if each.written in unsaid else Expression.BY_PROVIDER
        else:
            how = Expression.RESPELLED if each.spoken else Expression.NOT_EXPRESSED
        found.append(Report(each.written, how, each.spoken or each.ipa or ""))
    return found
