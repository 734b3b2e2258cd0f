"""Words that are not said as they are written: by their transcription where the engine can be shown to say it, else as they
are respelled."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from persona_graph_local.espeak import Mark, engine
from persona_graph_local.script import clean

# The engine's names of sounds; those of a language differ in places, which is why each transcription is tried first.
_VOWELS = {
    "a": "a", "e": "e", "i": "i", "o": "o", "u": "u", "y": "y", "æ": "a", "ɑ": "A", "ɒ": "0", "ɔ": "O", "ə": "@",
    "ɛ": "E", "ɜ": "3", "ɪ": "I", "ʊ": "U", "ʌ": "V", "ø": "Y", "œ": "W", "ʏ": "y", "ɐ": "3", "ɨ": "y",
}  # fmt: skip
_CONSONANTS = {
    **{letter: letter for letter in "bdfhjklmnpstvwxzcqr"}, "g": "g", "ɡ": "g", "ɹ": "r", "ʃ": "S", "ʒ": "Z", "θ": "T",
    "ð": "D", "ŋ": "N", "ç": "C", "ʁ": "r", "ɾ": "*", "ɲ": "n^", "ʎ": "l^", "β": "B", "ɣ": "Q", "ʔ": "?",
}  # fmt: skip
_STRESS = {"ˈ": "'", "ˌ": ","}
_SILENT = re.compile("[ˈˌ.|‖‿ \u0361]")


@dataclass(frozen=True, slots=True)
class Told:
    """A piece as the engine gets it. ``spans`` are where it differs: begin and end here, begin and end in the piece."""

    text: str
    spans: tuple[tuple[int, int, int, int], ...] = ()
    phonemes: bool = False

    def back(self, marks: Sequence[Mark]) -> tuple[Mark, ...]:
        """With the places that they have in the piece."""
        return tuple(replace(mark, position=self._place(mark.position)) for mark in marks)

    def _place(self, place: int) -> int:
        shift = 0
        for start, end, before, behind in self.spans:
            if place < start:
                break
            if place < end:
                return before
            shift = behind - end
        return place + shift


@dataclass
class Lexicon:
    """``said`` is what the engine gets for a written word, ``not_expressed`` what it cannot say."""

    said: dict[str, str] = field(default_factory=dict)
    not_expressed: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, words: Sequence[Mapping[str, str | None]], language: str) -> Lexicon:
        made = cls()
        for word in words:
            written, spoken, ipa = str(word["written"]), word["spoken"], word["ipa"]
            sounds = sounded(ipa, language) if ipa else None
            if sounds is not None:
                made.said[written] = f"[[{sounds}]]"
            elif spoken:
                # A bracket of it would be a command.
                made.said[written] = clean(spoken).replace("[", " ").replace("]", " ")
            else:
                made.not_expressed.append(written)
        return made

    def told(self, text: str) -> Told:
        found = list(self._pattern.finditer(text)) if self.said else []
        if not found:
            return Told(text)
        plain = text.replace("[[", "[ ")
        parts: list[str] = []
        spans: list[tuple[int, int, int, int]] = []
        at = length = 0
        for match in found:
            before, said = plain[at : match.start()], self.said[match.group()]
            parts += [before, said]
            length += len(before)
            spans.append((length, length + len(said), match.start(), match.end()))
            length += len(said)
            at = match.end()
        whole = "".join([*parts, plain[at:]])
        return Told(whole, tuple(spans), "[[" in whole)

    @property
    def _pattern(self) -> re.Pattern[str]:
        longest = sorted(self.said, key=len, reverse=True)
        return re.compile("|".join(f"{_open(word)}{re.escape(word)}{_shut(word)}" for word in longest))


def _open(word: str) -> str:
    return r"(?<!\w)" if word[0].isalnum() and ord(word[0]) < 0x0E00 else ""


def _shut(word: str) -> str:
    return r"(?!\w)" if word[-1].isalnum() and ord(word[-1]) < 0x0E00 else ""


def sounded(ipa: str, language: str) -> str | None:
    """The engine's own names for these sounds; None unless it then reports to have said exactly them."""
    names = _names(ipa)
    if names is None:
        return None
    marks = engine().speak(f"[[{names}]]", language, phonemes=True).marks
    return names if _bare("".join(mark.ipa or "" for mark in marks)) == _bare(ipa) else None


def _names(ipa: str) -> str | None:
    names, stress = "", ""
    for sign in ipa:
        if sign in _STRESS:
            # The chart sets it before the syllable, the engine before the vowel.
            stress = _STRESS[sign]
        elif sign in _VOWELS:
            names, stress = names + stress + _VOWELS[sign], ""
        elif sign in _CONSONANTS:
            names += _CONSONANTS[sign]
        elif sign == "ː":
            names += ":"
        elif not _SILENT.match(sign):
            return None
    return names or None


def _bare(ipa: str) -> str:
    return unicodedata.normalize("NFC", _SILENT.sub("", ipa)).replace("ɡ", "g")
