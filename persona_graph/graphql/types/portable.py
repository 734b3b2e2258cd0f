"""Where a persona came from, and whether its voices still sound as they did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

import strawberry

from persona_graph.graphql.describe import closed_set, described, f
from persona_graph.graphql.ids import global_id
from persona_graph.personas.portable_tables import DriftCheck as Row
from persona_graph.personas.portable_tables import PersonaImport as ImportRow
from persona_graph.personas.tables import ConsentScope


class DriftMeasure(StrEnum):
    """What is measured on golden lines."""

    SIMILARITY = "similarity"
    PITCH = "pitch"
    RATE = "rate"
    LOUDNESS = "loudness"
    SPECTRUM = "spectrum"


closed_set(
    DriftMeasure,
    {
        "SIMILARITY": "Cosine of the speaker embeddings of the rendering and of the voice's recordings.",
        "PITCH": "Mean fundamental frequency, Hz; its deviation is in semitones.",
        "RATE": "Syllable nuclei per second of speech; its deviation is a share.",
        "LOUDNESS": "LUFS as the vendor delivered it; its deviation is in LU.",
        "SPECTRUM": "Levels of six octave bands from 100 Hz to 6.4 kHz; its deviation is their mean difference in dB.",
    },
)


@described
class DriftDeviation:
    """One measure of a check beside that of the baseline."""

    measure: DriftMeasure = f("What was measured.")
    before: float | None = f("At the baseline; null for the spectrum, which is several figures.")
    now: float | None = f("At this check; null for the spectrum.")
    by: float = f("How far they are apart, in the unit of the measure; what is negative went down.")
    tolerance: float = f("How far it may go either way; docs/quality.md says how that was measured.")
    over: bool = f("Whether it went farther.")

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> DriftDeviation:
        return cls(
            measure=DriftMeasure(facts["measure"]), before=facts["before"], now=facts["now"], by=facts["by"],
            tolerance=facts["tolerance"], over=abs(facts["by"]) > facts["tolerance"],
        )  # fmt: skip


@described
class DriftCheck:
    """Golden lines spoken in a voice and compared with the first time they were."""

    id: strawberry.ID = f("Opaque id.")
    provider: str = f("Who spoke: only renderings of one provider are compared.")
    baseline: bool = f("Whether this is what later checks are compared with.")
    drifted: bool = f(
        "Whether a measure is over its tolerance; then the persona has a notice VOICE_DRIFTED too."
    )
    message: str = f("What came of it, in words.")
    similarity: float | None = f("Cosine with the voice's recordings; null where it could not be measured.")
    pitch_hz: float | None = f("Mean fundamental frequency.")
    syllables_per_second: float | None = f("Syllable nuclei per second of speech.")
    loudness: float = f("LUFS, as the vendor delivered it.")
    deviations: list[DriftDeviation] = f("Measure by measure; empty for a baseline.")
    at: datetime = f("When.")

    @classmethod
    def of(cls, row: Row) -> DriftCheck:
        measures = row.measures
        return cls(
            id=global_id("DriftCheck", row.id), provider=row.provider, baseline=row.baseline, drifted=row.drifted,
            message=row.message, similarity=measures["similarity"], pitch_hz=measures["pitch_hz"],
            syllables_per_second=measures["syllables_per_second"], loudness=measures["loudness"],
            deviations=[DriftDeviation.of(each) for each in row.deviations], at=row.at,
        )  # fmt: skip


@described
class CarriedConsent:
    """The record of a consent that a bundle carried. It allows nothing here: grantConsent does."""

    scope: ConsentScope = f("What was agreed to.")
    subject: str = f("Who agreed.")
    statement: str = f("The words agreed to.")
    granted_by: str = f("Who recorded it there.")
    granted_at: datetime = f("When.")
    expires_at: datetime | None = f("When it ends by itself.")

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> CarriedConsent:
        ends = facts["expires_at"]
        return cls(
            scope=ConsentScope(facts["scope"]), subject=facts["subject"], statement=facts["statement"],
            granted_by=facts["granted_by"], granted_at=datetime.fromisoformat(facts["granted_at"]),
            expires_at=datetime.fromisoformat(ends) if ends else None,
        )  # fmt: skip


@described
class PersonaOrigin:
    """The bundle a persona was imported from."""

    key: str = f("The public key it was signed with, 64 hexadecimal digits.")
    exported_at: datetime | None = f("When it was written.")
    imported_at: datetime = f("When it was taken in.")
    consents: list[CarriedConsent] = f("The records it carried.")
    unusable: list[str] = f("Enrolments that could not be taken over, each with the reason.")

    @classmethod
    def of(cls, row: ImportRow | None) -> PersonaOrigin | None:
        if row is None:
            return None
        return cls(
            key=row.key, exported_at=row.exported_at, imported_at=row.imported_at,
            consents=[CarriedConsent.of(each) for each in row.consents], unusable=row.unusable,
        )  # fmt: skip
