"""When each word is said, from when each character is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any, NamedTuple

from persona_graph.provider import Timing


class Said(NamedTuple):
    character: str
    start: float
    end: float


def words(answer: Mapping[str, Any]) -> tuple[Timing, ...]:
    """Of the text as it was given, else as it was read out; nothing where ElevenLabs aligned neither."""
    for name in ("alignment", "normalized_alignment"):
        said = _said(answer.get(name))
        if said:
            return tuple(_words(said))
    return ()


def _said(given: Any) -> list[Said]:
    if not isinstance(given, dict):
        return []
    rows = [given.get(name) for name in (
        "characters", "character_start_times_seconds", "character_end_times_seconds"
    )]  # fmt: skip
    if (
        not all(isinstance(row, list) for row in rows)
        or len({len(row) for row in rows if row is not None}) != 1
    ):
        return []
    try:
        return [Said(str(c), float(start), float(end)) for c, start, end in zip(*rows, strict=True)]
    except (TypeError, ValueError):
        return []


def _words(said: list[Said]) -> Iterator[Timing]:
    for blank, group in groupby(said, key=lambda each: each.character.isspace()):
        characters = list(group)
        if not blank:
            text = "".join(each.character for each in characters)
            yield Timing("word", text, characters[0].start, characters[-1].end)
