"""Personas, consents, voices, avatars and outputs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from persona_graph.db import utcnow
from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import After, First, described, f
from persona_graph.graphql.ids import cursor_row, global_id
from persona_graph.graphql.types.assets import Asset, MediaRefusal, load_asset
from persona_graph.graphql.types.core import Connection, Money, Node
from persona_graph.graphql.types.jobs import InState, Job
from persona_graph.graphql.types.outputs import Output, load_job, output_of
from persona_graph.graphql.types.photos import PhotoReport
from persona_graph.graphql.types.portable import DriftCheck, PersonaOrigin
from persona_graph.graphql.types.quality import (
    SampleMeasures,
    VoiceCharacteristics,
    VoiceQuality,
    refusal_of,
)
from persona_graph.graphql.types.styles import StyleFields
from persona_graph.graphql.types.usage import InPeriod, Usage, stretch_of
from persona_graph.graphql.types.whole import WholeFields
from persona_graph.personas import tables as rows
from persona_graph.personas.golden import lines_of
from persona_graph.personas.tables import (
    Approval,
    AvatarStatus,
    ConsentScope,
    EnrolmentState,
    NoticeKind,
    Platform,
    Standing,
    TrainingStatus,
)
from persona_graph.provider import Fidelity

if TYPE_CHECKING:
    from persona_graph.graphql.types.catalog import Provider

ForPlatform = Annotated[
    Platform | None, strawberry.argument(description="Only what was made for this platform.")
]
LazyProvider = Annotated["Provider", strawberry.lazy("persona_graph.graphql.types.catalog")]


@described
class Consent(Node):
    """An agreement of the person whose voice or face it is."""

    id: strawberry.ID = f("Opaque id.")
    scope: ConsentScope = f("What was agreed to.")
    subject: str = f("Who agreed.")
    statement: str = f("The words agreed to.")
    statement_version: str = f("The version of those words.")
    granted_by: str = f("The service or user that recorded it.")
    granted_at: datetime = f("When.")
    expires_at: datetime | None = f("When it ends by itself.")
    withdrawn_at: datetime | None = f("When it was withdrawn.")

    @strawberry.field(description="Whether it holds now: neither withdrawn nor expired.")
    def live(self) -> bool:
        return self.withdrawn_at is None and (self.expires_at is None or self.expires_at > utcnow())

    @classmethod
    def of(cls, row: rows.Consent) -> Consent:
        return cls(
            id=global_id("Consent", row.id), scope=row.scope, subject=row.subject, statement=row.statement,
            statement_version=row.statement_version, granted_by=row.granted_by, granted_at=row.granted_at,
            expires_at=row.expires_at, withdrawn_at=row.withdrawn_at,
        )  # fmt: skip


@described
class Sample:
    """A recording a voice was trained on. The recording itself is deleted when training settles."""

    file_name: str = f("The name it was uploaded under.")
    seconds: float = f("Measured length.")
    kept: bool = f("Whether the recording is still stored; false once training has settled.")
    refusal: MediaRefusal | None = f("Why it was left out of the training.")
    measures: SampleMeasures | None = f("What was measured on it; null until training has settled.")

    @classmethod
    def of(cls, row: rows.Sample) -> Sample:
        return cls(
            file_name=row.file_name, seconds=row.seconds, kept=row.asset_id is not None,
            refusal=refusal_of(row.facts.get("refusal")), measures=SampleMeasures.of(row.facts.get("measures")),
        )  # fmt: skip


@described
class Enrolment:
    """One vendor's copy of a voice."""

    id: strawberry.ID = f("Opaque id, for acceptTwin and deleteTwin.")
    provider: str = f("The provider's id.")
    state: EnrolmentState = f("Whether the vendor has it.")
    standing: Standing = f("Whether it may speak.")
    similarity: float | None = f(
        "Of a twin: cosine of the speaker embeddings of its preview and of the voice's recordings, measured here; null where it could not be measured."
    )
    enrolled_at: datetime = f("When it was made.")
    expires_at: datetime | None = f("When the vendor drops it if it is not used.")
    row: strawberry.Private[rows.Enrolment]

    @classmethod
    def of(cls, row: rows.Enrolment) -> Enrolment:
        return cls(
            id=global_id("Enrolment", row.id), provider=row.provider, state=row.state, standing=row.standing,
            similarity=row.similarity, enrolled_at=row.enrolled_at, expires_at=row.expires_at, row=row,
        )  # fmt: skip

    @strawberry.field(description="Of a twin: what it sounds like; null before its job succeeded.")
    async def preview(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.preview_id)


@described
class Notice:
    """Something that happened to a persona by itself."""

    id: strawberry.ID = f("Opaque id.")
    kind: NoticeKind = f("What happened.")
    subject_id: strawberry.ID = f("The voice it happened to.")
    message: str = f("What happened, in words.")
    fix: str | None = f("What can be done about it; null where nothing has to be.")
    at: datetime = f("When.")

    @classmethod
    def of(cls, row: rows.Notice) -> Notice:
        return cls(
            id=global_id("Notice", row.id), kind=row.kind, subject_id=global_id(row.subject_kind, row.subject_id),
            message=row.message, fix=row.fix, at=row.at,
        )  # fmt: skip


@described
class Voice(Node):
    """A trained voice of a persona."""

    id: strawberry.ID = f("Opaque id.")
    name: str = f("Its name.")
    language: str = f("BCP 47 tag it was trained for.")
    status: TrainingStatus = f("Where it is.")
    approval: Approval = f("Whether it may be used.")
    fidelity: Fidelity | None = f(
        "How near it comes to the person, as the provider declares; null until trained."
    )
    similarity: float | None = f(
        "Cosine of the speaker embeddings of the preview and of the samples, measured here: about 0.5 to 0.75 between different people, above 0.85 for one person recorded twice (Resemblyzer encoder)."
    )
    created_at: datetime = f("When training was asked for.")
    trained_at: datetime | None = f("When training succeeded.")
    expires_at: datetime | None = f(
        "When the last enrolment that can speak is dropped by its vendor if it is not used; null if one stays."
    )
    renewal_cap: Money | None = f(
        "What keeping its enrolments alive may cost the operator within 30 days; null: nothing is renewed."
    )
    drift_cap: Money | None = f(
        "What checks for drift that nobody asked for may take from the account within 30 days; null: it is only checked when asked."
    )
    row: strawberry.Private[rows.Voice]

    @classmethod
    def of(cls, row: rows.Voice | None) -> Voice | None:
        if row is None:
            return None
        return cls(
            id=global_id("Voice", row.id), name=row.name, language=row.language, status=row.status,
            approval=row.approval, fidelity=Fidelity(row.fidelity) if row.fidelity else None,
            similarity=row.similarity, created_at=row.created_at, trained_at=row.trained_at,
            expires_at=row.expires_at, row=row,
            renewal_cap=Money.usd(row.renewal_cap) if row.renewal_cap is not None else None,
            drift_cap=Money.usd(row.drift_cap) if row.drift_cap is not None else None,
        )  # fmt: skip

    @strawberry.field(description="What it sounds like, spoken by the trained voice itself.")
    async def preview(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.preview_id)

    @strawberry.field(description="What its recordings were worth; null until training has settled.")
    def quality(self) -> VoiceQuality | None:
        return VoiceQuality.of(self.row.quality)

    @strawberry.field(description="What it is like, measured on its recordings; null until it is trained.")
    def characteristics(self) -> VoiceCharacteristics | None:
        return VoiceCharacteristics.of(self.row.characteristics)

    @strawberry.field(description="The recordings it was trained on.")
    async def samples(self, info: Info) -> list[Sample]:
        return [Sample.of(row) for row in await info.context.samples_of.load(self.row.id)]

    @strawberry.field(description="Where it is enrolled.")
    async def enrolments(self, info: Info) -> list[Enrolment]:
        return [Enrolment.of(row) for row in await info.context.enrolments_of.load(self.row.id)]

    @strawberry.field(description="How its golden lines sounded over time, newest first.")
    async def drift_checks(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[DriftCheck]:
        page = await info.context.drift_checks_of(first, cursor_row(after)).load(self.row.id)
        looked: Connection[DriftCheck] = Connection.of_rows(
            page.rows, [DriftCheck.of(row) for row in page.rows], page.more
        )
        return looked

    @strawberry.field(description="The provider that trained it, if it is installed.")
    async def provider(self, info: Info) -> LazyProvider | None:
        from persona_graph.graphql.types.catalog import Provider

        enrolments = await info.context.enrolments_of.load(self.row.id)
        found = info.context.runtime.catalog.find(enrolments[0].provider) if enrolments else None
        return Provider.of(found) if found else None

    @strawberry.field(description="The job that trains or trained it.")
    async def training(self, info: Info) -> Job | None:
        return await load_job(info, self.row.job_id)

    @strawberry.field(description="Whose voice it is.")
    async def persona(self, info: Info) -> Persona | None:
        return Persona.of(await info.context.personas.load(self.row.persona_id))


@described
class Avatar(Node):
    """A portrait the persona appears as."""

    id: strawberry.ID = f("Opaque id.")
    name: str = f("Its name.")
    status: AvatarStatus = f("Where it is.")
    approval: Approval = f("Whether it may be used.")
    created_at: datetime = f("When it was asked for.")
    ready_at: datetime | None = f("When its proof clip was made.")
    row: strawberry.Private[rows.Avatar]

    @classmethod
    def of(cls, row: rows.Avatar | None) -> Avatar | None:
        if row is None:
            return None
        return cls(
            id=global_id("Avatar", row.id), name=row.name, status=row.status, approval=row.approval,
            created_at=row.created_at, ready_at=row.ready_at, row=row,
        )  # fmt: skip

    @strawberry.field(description="The portrait, re-encoded without any metadata.")
    async def portrait(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.portrait_id)

    @strawberry.field(description="A short proof clip to approve.")
    async def preview(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.preview_id)

    @strawberry.field(description="What was measured on the photo.")
    def photo(self) -> PhotoReport:
        facts = self.row.photo
        return PhotoReport.of(facts, facts.get("width"), facts.get("height"))

    @strawberry.field(description="The job that makes or made it.")
    async def job(self, info: Info) -> Job | None:
        return await load_job(info, self.row.job_id)

    @strawberry.field(description="Whose face it is.")
    async def persona(self, info: Info) -> Persona | None:
        return Persona.of(await info.context.personas.load(self.row.persona_id))


@described
class Persona(StyleFields, WholeFields, Node):
    """One writer's persona: how they sound and how they look."""

    id: strawberry.ID = f("Opaque id.")
    name: str = f("Its name.")
    archetype: str | None = f("In a few words, what kind of character it is.")
    brand_voice: str | None = f("How the brand speaks, in prose.")
    language: str = f("BCP 47 tag of the language it speaks unless told otherwise.")
    created_at: datetime = f("When it was made.")
    updated_at: datetime = f("When it last changed.")
    row: strawberry.Private[rows.Persona]

    @classmethod
    def of(cls, row: rows.Persona | None) -> Persona | None:
        if row is None:
            return None
        return cls(
            id=global_id("Persona", row.id), name=row.name, archetype=row.archetype, brand_voice=row.brand_voice,
            language=row.language, created_at=row.created_at, updated_at=row.updated_at, row=row,
        )  # fmt: skip

    @strawberry.field(
        description="The voice content is spoken with: the approved one; null if there is none."
    )
    async def voice(self, info: Info) -> Voice | None:
        return Voice.of(await info.context.voices.load(self.row.voice_id)) if self.row.voice_id else None

    @strawberry.field(description="All its voices, newest first.")
    async def voices(self, info: Info) -> list[Voice]:
        return [voice for row in await info.context.voices_of.load(self.row.id) if (voice := Voice.of(row))]

    @strawberry.field(description="The face content is shown with: the approved one; null if there is none.")
    async def avatar(self, info: Info) -> Avatar | None:
        return Avatar.of(await info.context.avatars.load(self.row.avatar_id)) if self.row.avatar_id else None

    @strawberry.field(description="All its avatars, newest first.")
    async def avatars(self, info: Info) -> list[Avatar]:
        return [
            avatar for row in await info.context.avatars_of.load(self.row.id) if (avatar := Avatar.of(row))
        ]

    @strawberry.field(description="All consents, withdrawn ones too, newest first.")
    async def consents(self, info: Info) -> list[Consent]:
        return [Consent.of(row) for row in await info.context.consents_of.load(self.row.id)]

    @strawberry.field(
        description="The sentences its voice is watched by: those set by hand, else those of its language."
    )
    def golden_lines(self) -> list[str]:
        return list(lines_of(self.row))

    @strawberry.field(description="The bundle it was imported from; null if it was made here.")
    async def origin(self, info: Info) -> PersonaOrigin | None:
        return PersonaOrigin.of(await info.context.imports_of.load(self.row.id))

    @strawberry.field(description="What was made for it in a period, and what it came to.")
    def usage(self, info: Info, period: InPeriod = None) -> Usage:
        return Usage.of_persona(info, stretch_of(period), self.row.id)

    @strawberry.field(description="What was made for it, newest first.")
    async def outputs(
        self, info: Info, first: First = None, after: After = None, platform: ForPlatform = None
    ) -> Connection[Output]:
        page = await info.context.outputs_of(first, cursor_row(after), platform).load(self.row.id)
        made: Connection[Output] = Connection.of_rows(
            page.rows, [output_of(row) for row in page.rows], page.more
        )
        return made

    @strawberry.field(
        description="What happened to it by itself, newest first: voices that expire, are lost or drift."
    )
    async def notices(self, info: Info, first: First = None, after: After = None) -> Connection[Notice]:
        page = await info.context.notices_of(first, cursor_row(after)).load(self.row.id)
        told: Connection[Notice] = Connection.of_rows(
            page.rows, [Notice.of(row) for row in page.rows], page.more
        )
        return told

    @strawberry.field(description="The jobs for it, newest first.")
    async def jobs(
        self, info: Info, first: First = None, after: After = None, state: InState = None
    ) -> Connection[Job]:
        page = await info.context.jobs_of(first, cursor_row(after), state).load(self.row.id)
        mine: Connection[Job] = Connection.of_rows(page.rows, [Job.of(row) for row in page.rows], page.more)
        return mine
