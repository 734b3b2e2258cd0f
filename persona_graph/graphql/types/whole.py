"""A persona as a whole: its lexicon, the steps to its approval, its versions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import After, First, described, f
from persona_graph.graphql.ids import cursor_row, global_id, split_id
from persona_graph.graphql.types.assets import Asset, load_asset
from persona_graph.graphql.types.core import Connection, UserError, user_error
from persona_graph.graphql.types.outputs import LazyAvatar, LazyVoice
from persona_graph.graphql.types.settings import PersonaSettings, SettingValues
from persona_graph.personas import onboarding, versions, whole_tables
from persona_graph.personas.onboarding import OnboardingStep, Step, StepState
from persona_graph.personas.pronouncing import CaseRule
from persona_graph.personas.tables import Avatar as AvatarRow
from persona_graph.personas.tables import Persona as PersonaRow
from persona_graph.personas.tables import Platform
from persona_graph.personas.tables import Voice as VoiceRow
from persona_graph.style import describe

Since = Annotated[
    strawberry.ID | None,
    strawberry.argument(description="The version to compare with; the one before if null."),
]


@described
class LexiconEntry:
    """How one written word is said."""

    id: strawberry.ID = f("Opaque id, for removePronunciation.")
    written: str = f("The word, or words, as they stand in a script.")
    spoken: str | None = f("Respelled as it sounds; null if only its transcription is known.")
    ipa: str | None = f("Its transcription in the International Phonetic Alphabet; null if not known.")
    language: str | None = f("BCP 47 tag of the language it is for; null for any.")
    case_rule: CaseRule = f("Which spellings it is for.")
    updated_at: datetime = f("When it was last changed.")

    @classmethod
    def of(cls, row: whole_tables.LexiconEntry) -> LexiconEntry:
        return cls(
            id=global_id("LexiconEntry", row.id), written=row.written, spoken=row.spoken, ipa=row.ipa,
            language=row.language or None, case_rule=row.case_rule, updated_at=row.updated_at,
        )  # fmt: skip


@described
class OnboardingStepFact:
    """One step, and how far it is."""

    step: OnboardingStep = f("Which step.")
    state: StepState = f("How far it is.")
    next: str | None = f("What can be done about it; null if nothing has to be.")
    blockers: list[UserError] = f("What stands in the way, as the mutation would refuse it.")
    offered: bool = f("Whether the account's tier has it; what it has not stands in nobody's way.")
    opted_out: bool = f("Whether the person opted out of it.")

    @classmethod
    def of(cls, step: Step) -> OnboardingStepFact:
        return cls(
            step=step.name, state=step.state, next=step.next, offered=step.offered, opted_out=step.opted_out,
            blockers=[user_error(fault) for fault in step.blockers],
        )  # fmt: skip


@described
class PersonaPreview:
    """The whole as it would be approved: the drafts that are ready, else what is in use."""

    style_summary: str | None = f("The writing style in a few sentences; null without a style.")
    voice_row: strawberry.Private[VoiceRow | None]
    avatar_row: strawberry.Private[AvatarRow | None]

    @strawberry.field(description="The voice; null without one.")
    async def voice(self, info: Info) -> LazyVoice | None:
        from persona_graph.graphql.types.personas import Voice

        return Voice.of(self.voice_row)

    @strawberry.field(description="The avatar; null without one.")
    async def avatar(self, info: Info) -> LazyAvatar | None:
        from persona_graph.graphql.types.personas import Avatar

        return Avatar.of(self.avatar_row) if self.avatar_row else None

    @strawberry.field(description="The voice, to listen to; null until it is trained.")
    async def voice_preview(self, info: Info) -> Asset | None:
        return await load_asset(info, self.voice_row.preview_id) if self.voice_row else None

    @strawberry.field(description="The avatar, to look at; null until it is made.")
    async def avatar_preview(self, info: Info) -> Asset | None:
        return await load_asset(info, self.avatar_row.preview_id) if self.avatar_row else None


@described
class Onboarding:
    """The way from nothing to a persona that is approved as a whole."""

    steps: list[OnboardingStepFact] = f("In their order.")
    next: OnboardingStep | None = f("The step to do now; null if nothing is left or something is under way.")
    complete: bool = f("Whether the persona is approved and no draft waits.")
    preview: PersonaPreview = f("The whole as approvePersona would make it.")


@described
class VersionChange:
    """One thing that differs between two versions."""

    field: str = f(
        "Which, for example `voice`, `settings.speed`, `settings.LINKEDIN.emotion` or `style.tone`."
    )
    before: str | None = f("As it was; null where it was not set. Voices and avatars by their ids.")
    after: str | None = f("As it became; null where it is not set.")


@described
class VersionDifference:
    """How a version differs from another one."""

    since: int | None = f("The other one's number; null if there is none before it.")
    changes: list[VersionChange] = f(
        "What differs, by field; everything that is set if there is none before it."
    )


@described
class PersonaVersion:
    """One approved state of a persona. It never changes."""

    id: strawberry.ID = f("Opaque id, for rollbackPersona and pinPersonaVersion.")
    number: int = f("From 1 upwards.")
    note: str | None = f("What whoever approved it said of it.")
    approved_by: str = f("The service or user that approved it.")
    at: datetime = f("When.")
    settings: SettingValues = f("The persona's own settings then.")
    row: strawberry.Private[whole_tables.PersonaVersion]

    @classmethod
    def of(cls, row: whole_tables.PersonaVersion | None) -> PersonaVersion | None:
        if row is None:
            return None
        own = {**(row.settings.get("own") or {}), "language": row.settings.get("language")}
        return cls(
            id=global_id("PersonaVersion", row.id), number=row.number, note=row.note, approved_by=row.approved_by,
            at=row.at, settings=SettingValues.of(own), row=row,
        )  # fmt: skip

    @strawberry.field(description="Its voice; null without one, or if it was erased since.")
    async def voice(self, info: Info) -> LazyVoice | None:
        from persona_graph.graphql.types.personas import Voice

        return Voice.of(await info.context.voices.load(self.row.voice_id)) if self.row.voice_id else None

    @strawberry.field(description="Its avatar; null without one, or if it was erased since.")
    async def avatar(self, info: Info) -> LazyAvatar | None:
        from persona_graph.graphql.types.personas import Avatar

        return Avatar.of(await info.context.avatars.load(self.row.avatar_id)) if self.row.avatar_id else None

    @strawberry.field(description="Whether its voice or avatar was erased: then it cannot come back.")
    async def erased(self, info: Info) -> bool:
        voice, avatar = self.row.voice_id, self.row.avatar_id
        gone = voice is not None and await info.context.voices.load(voice) is None
        return gone or (avatar is not None and await info.context.avatars.load(avatar) is None)

    @strawberry.field(description="The version it brought back; null if it was approved.")
    async def rolled_back_to(self, info: Info) -> strawberry.ID | None:
        first = self.row.rolled_back_to
        return global_id("PersonaVersion", first) if first else None

    @strawberry.field(
        description="How it differs from another version of the same persona; null if there is no such version."
    )
    async def difference(self, info: Info, since: Since = None) -> VersionDifference | None:
        if since is None:
            other = await versions.version_before(info.context.runtime.db, self.row)
        else:
            parts = split_id(since)
            known = parts is not None and parts[0] == "PersonaVersion"
            other = await info.context.versions.load(parts[1]) if parts and known else None
            if other is None or other.persona_id != self.row.persona_id:
                return None
        return VersionDifference(
            since=other.number if other else None,
            changes=[
                VersionChange(field=each.field, before=_shown(each.field, each.before), after=_shown(each.field, each.after))
                for each in versions.changes(other, self.row)
            ],
        )  # fmt: skip


def _shown(field: str, value: str | None) -> str | None:
    kind = {"voice": "Voice", "avatar": "Avatar"}.get(field)
    return str(global_id(kind, value)) if kind and value else value


@described
class PlatformPin:
    """A platform that keeps to a version, whatever is live."""

    platform: Platform = f("The platform.")
    version: PersonaVersion = f("The version.")


@strawberry.type
class WholeFields:
    """What a persona shows of itself as a whole."""

    row: strawberry.Private[PersonaRow]

    @strawberry.field(description="How it sounds and looks where a request leaves it out.")
    async def settings(self, info: Info) -> PersonaSettings:
        return PersonaSettings.of(self.row, await info.context.settings_of.load(self.row.id))

    @strawberry.field(description="The words that are not said as they are written, by the alphabet.")
    async def lexicon(self, info: Info) -> list[LexiconEntry]:
        return [LexiconEntry.of(row) for row in await info.context.lexicons_of.load(self.row.id)]

    @strawberry.field(description="Which steps are done, which is next, and why one is blocked.")
    async def onboarding(self, info: Info) -> Onboarding:
        found = await onboarding.whole_of(info.context.runtime.personas, self.row)
        style = found.style.style if found.style else None
        return Onboarding(
            steps=[OnboardingStepFact.of(step) for step in found.steps],
            next=next((step.name for step in found.steps if step.state is StepState.NEXT), None),
            complete=found.steps[-1].state is StepState.DONE,
            preview=PersonaPreview(
                style_summary=describe(style) or None if style else None, voice_row=found.voice,
                avatar_row=found.avatar,
            ),
        )  # fmt: skip

    @strawberry.field(description="Its approved states, newest first.")
    async def versions(
        self, info: Info, first: First = None, after: After = None
    ) -> Connection[PersonaVersion]:
        page = await info.context.versions_of(first, cursor_row(after)).load(self.row.id)
        made: Connection[PersonaVersion] = Connection.of_rows(
            page.rows, [PersonaVersion.of(row) for row in page.rows], page.more
        )
        return made

    @strawberry.field(description="The platforms that keep to a version.")
    async def pins(self, info: Info) -> list[PlatformPin]:
        found = await info.context.pins_of.load(self.row.id)
        return [
            PlatformPin(platform=platform, version=made)
            for platform, row in found
            if (made := PersonaVersion.of(row))
        ]
