"""What people changed on a measured style, kept apart from what was measured, and both seen as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from persona_graph.style.figures import KINDS, Area
from persona_graph.style.profile import Profile

# Consistency is found, not wished for.
EDITABLE = {kind.key: kind.scale for kind in KINDS} | {
    "formality": (0, 100), "engagement": (0, 100), "complexity": (0, 100)
}  # fmt: skip
LABELS = ("tone", "register", "complexity", "engagement")


def figure_facts(key: str) -> tuple[Area, str, float | None, float | None]:
    """Area, unit, lowest and highest of an editable figure."""
    for kind in KINDS:
        if kind.key == key:
            return kind.area, kind.unit, *kind.scale
    return Area.SUMMARY, "0 to 100", 0, 100


@dataclass(frozen=True)
class Edits:
    """None where nothing was changed."""

    tone: str | None = None
    register: str | None = None
    complexity: str | None = None
    engagement: str | None = None
    permitted_tones: Sequence[str] | None = None
    forbidden_tones: Sequence[str] | None = None
    go_to_words: Sequence[str] | None = None
    go_to_phrases: Sequence[str] | None = None
    avoid_words: Sequence[str] | None = None
    core_belief: str | None = None
    notes: str | None = None
    figures: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Edits:
        known = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in (stored or {}).items() if name in known})

    def stored(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None and value != {}}


@dataclass(frozen=True)
class Style:
    """The edit where there is one, else what was measured."""

    profile: Profile | None = None
    edits: Edits = field(default_factory=Edits)

    @property
    def language(self) -> str:
        return self.profile.language if self.profile else "en"

    def value(self, key: str) -> float | None:
        edited = self.edits.figures.get(key)
        if edited is not None:
            return float(edited)
        return self.profile.value(key) if self.profile else None

    def numbers(self) -> dict[str, float]:
        return (self.profile.numbers() if self.profile else {}) | dict(self.edits.figures)

    def label(self, name: str) -> str | None:
        edited: str | None = getattr(self.edits, name)
        return edited or self.measured_label(name)

    def measured_label(self, name: str) -> str | None:
        found = self.profile.labels.get(name) if self.profile else None
        return found["value"] if found else None

    @property
    def tones(self) -> list[str]:
        """The tone, those that come close or were permitted, without those forbidden."""
        measured = self.profile.labels.get("tone") if self.profile else None
        close = list(measured["others"]) if measured else []
        permitted = self.edits.permitted_tones if self.edits.permitted_tones is not None else close
        tone = self.label("tone")
        forbidden = {each.lower() for each in self.edits.forbidden_tones or ()}
        return [
            each
            for each in dict.fromkeys([*([tone] if tone else []), *permitted])
            if each.lower() not in forbidden
        ]

    @property
    def go_to_words(self) -> list[str]:
        return self._terms("go_to_words", self.edits.go_to_words)

    @property
    def go_to_phrases(self) -> list[str]:
        return self._terms("go_to_phrases", self.edits.go_to_phrases)

    @property
    def avoided(self) -> dict[str, str | None]:
        """With what stands in their place, where that is known."""
        measured = {each["text"]: each["instead"] for each in self.profile.avoided} if self.profile else {}
        if self.edits.avoid_words is None:
            return dict(measured)
        return {word: measured.get(word) for word in self.edits.avoid_words}

    @property
    def devices(self) -> list[str]:
        return [each["key"] for each in self.profile.devices] if self.profile else []

    def _terms(self, name: str, edited: Sequence[str] | None) -> list[str]:
        if edited is not None:
            return list(edited)
        return [each["text"] for each in getattr(self.profile, name)] if self.profile else []
