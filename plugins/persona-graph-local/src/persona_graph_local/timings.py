"""The engine's events as timings of words and phonemes."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from persona_graph_local.espeak import Mark
from persona_graph_local.script import says_something

_TOKEN = re.compile(r"\S+")
_EDGES = re.compile(r"^[^\w€$£¥%‰&@#°]+|[^\w€$£¥%‰&@#°]+$")


class Said(NamedTuple):
    """``start`` and ``end`` in samples; ``source`` as in ``persona_graph.provider.TimingSource``."""

    kind: str
    text: str
    start: int
    end: int
    source: str


@dataclass(slots=True)
class _Word:
    text: str
    start: int
    sounds: list[Said] = field(default_factory=list)


def said(text: str, marks: Sequence[Mark], length: int, *, unspaced: bool = False) -> Iterator[Said]:
    """All that is said in ``text``: its phonemes, then its words.

    Words come as they are written, without the punctuation around them. Where the engine says
    several words as one ("of the"), their shares of its time are estimated, and say so.
    """
    words = _engine_words(text, marks) if unspaced else _written_words(text)
    for sound, position in _sounds(marks, length):
        yield sound
        if words:
            _at(words, position).sounds.append(sound)
    for group in _groups(words):
        yield from _shared(group)


def _written_words(text: str) -> list[_Word]:
    tokens = (match for match in _TOKEN.finditer(text) if says_something(match.group()))
    return [_Word(_EDGES.sub("", match.group()) or match.group(), match.start()) for match in tokens]


def _engine_words(text: str, marks: Sequence[Mark]) -> list[_Word]:
    """Where nothing shows its words, each reaches from one of the engine's to the next."""
    edges = [*sorted({mark.position for mark in marks if mark.ipa is None}), len(text)]
    found = []
    for start, end in pairwise(edges):
        written = _EDGES.sub("", text[start:end].strip())
        if says_something(written):
            found.append(_Word(written, start))
    return found


def _sounds(marks: Sequence[Mark], length: int) -> Iterator[tuple[Said, int]]:
    """Each phoneme, with the character at which the engine's word for it begins."""
    word = 0
    ends = [mark.sample for mark in marks if mark.ipa is not None] + [length]
    following = iter(pairwise(ends))
    for mark in marks:
        if mark.ipa is None:
            word = mark.position
            continue
        start, end = next(following)
        if mark.ipa and end > start:
            yield Said("phoneme", mark.ipa, start, min(end, length), "REPORTED"), word


def _at(words: list[_Word], position: int) -> _Word:
    """The word at a character; never one before a word that has already begun to sound."""
    index = max(0, bisect_right([word.start for word in words], position) - 1)
    begun = max((i for i, word in enumerate(words) if word.sounds), default=0)
    return words[max(index, begun)]


def _groups(words: list[_Word]) -> Iterator[list[_Word]]:
    """Each word that sounds, with the silent ones after it (or, at the beginning, before it)."""
    group: list[_Word] = []
    for word in words:
        if word.sounds and any(earlier.sounds for earlier in group):
            yield group
            group = []
        group.append(word)
    if any(word.sounds for word in group):
        yield group


def _shared(group: list[_Word]) -> Iterator[Said]:
    sounds = [sound for word in group for sound in word.sounds]
    if len(group) == 1:
        yield Said("word", group[0].text, sounds[0].start, sounds[-1].end, "REPORTED")
        return
    total, passed = sum(len(word.text) for word in group), 0
    edges = []
    for word in group:
        edges.append(_edge(sounds, passed / total))
        passed += len(word.text)
    edges.append(sounds[-1].end)
    for word, (start, end) in zip(group, pairwise(edges), strict=True):
        yield Said("word", word.text, start, end, "ESTIMATED")


def _edge(sounds: list[Said], part: float) -> int:
    """The beginning of the sound at ``part`` of them; between two beginnings if they are too few."""
    place = part * len(sounds)
    sound = sounds[int(place)]
    inside = place - int(place)
    return sound.start if inside < 0.5 else round(sound.start + inside * (sound.end - sound.start))
