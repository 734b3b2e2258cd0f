"""Settings, lexicon, onboarding and versions of a persona."""

from __future__ import annotations

from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.enums import Aspect, Resolution, SpeechFormat
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, maybe
from persona_graph.graphql.mutations.personas import PersonaPayload
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.personas import Persona
from persona_graph.graphql.types.whole import LexiconEntry, PersonaVersion
from persona_graph.personas import lexicon, onboarding, persona_settings, versions
from persona_graph.personas.onboarding import OnboardingStep, PersonaPart
from persona_graph.personas.persona_settings import Manner, SettingName, VoiceTone
from persona_graph.personas.pronouncing import CaseRule, Entry
from persona_graph.personas.tables import ContentType, Platform


@described_input
class UpdatePersonaSettingsInput:
    """What to set for a persona, everywhere or on one platform. Null or absent leaves a setting as it is; `reset` leaves it
    to the next level again, and is done first."""

    persona_id: strawberry.ID = f("The persona.")
    platform: Platform | None = f(
        "The platform it is for; null for wherever nothing else is set.", default=None
    )
    emotion: str | None = f("A word such as neutral, happy or calm; at most 40 characters.", default=None)
    speed: float | None = f("0.5 to 2; 1 is the voice's own pace.", default=None)
    tone: VoiceTone | None = f("How high the voice is held, by name; give this or pitch.", default=None)
    pitch: float | None = f("How high the voice is held: -12 to 12 semitones.", default=None)
    clothing: str | None = f("What the face wears; at most 150 characters.", default=None)
    background: str | None = f("What is behind the face; at most 150 characters.", default=None)
    style: str | None = f("What the picture is like; at most 150 characters.", default=None)
    content_type: ContentType | None = f("What an output is.", default=None)
    language: str | None = f(
        "BCP 47 tag of the language spoken; without a platform, the persona's language.", default=None
    )
    format: SpeechFormat | None = f("The file format of speech.", default=None)
    resolution: Resolution | None = f("The short side of a video.", default=None)
    aspect: Aspect | None = f("The shape of a video.", default=None)
    reset: list[SettingName] = f("Settings to leave to the next level again.", default_factory=list)

    def manner(self) -> Manner:
        return Manner(
            self.emotion, self.speed, self.tone, self.pitch, self.clothing, self.background, self.style,
            self.content_type, self.language, self.format.value if self.format else None,
            self.resolution.value if self.resolution else None, self.aspect.value if self.aspect else None,
        )  # fmt: skip


@described_input
class SetPronunciationInput:
    """How a word is said. A word that is there already, for the same language, is said the new way."""

    persona_id: strawberry.ID = f("The persona.")
    written: str = f("The word, or words, as they stand in a script; at most 60 characters.")
    spoken: str | None = f(
        "Respelled as it sounds; at most 120 characters. Give this, ipa or both.", default=None
    )
    ipa: str | None = f(
        "Its transcription in the International Phonetic Alphabet, with or without slashes; at most 120 characters.",
        default=None,
    )
    language: str | None = f("BCP 47 tag of the language it is for; null for any.", default=None)
    case_rule: CaseRule = f("Which spellings it is for.", default=CaseRule.IGNORE)


@described_input
class RemovePronunciationInput:
    """Which entry to remove."""

    entry_id: strawberry.ID = f("The entry.")


@described
class PronunciationPayload:
    """The entry, or why nothing was changed."""

    entry: LexiconEntry | None = maybe("The entry.")
    errors: list[UserError] = errors_field()


@described
class RemovedPronunciationPayload:
    """The id that is gone, or why it is not."""

    removed_id: strawberry.ID | None = maybe("The id of what was removed.")
    errors: list[UserError] = errors_field()


@described_input
class OnboardingStepInput:
    """Which step of which persona."""

    persona_id: strawberry.ID = f("The persona.")
    step: OnboardingStep = f("The step.")


@described_input
class OptOutInput:
    """What the person does not want any more."""

    persona_id: strawberry.ID = f("The persona.")
    part: PersonaPart = f("What to stop using and erase.")


@described
class OptOutPayload:
    """The persona without it, or why nothing was changed."""

    persona: Persona | None = maybe("The persona.")
    pending: list[str] | None = maybe(
        "Providers that have not confirmed deleting their copy of a voice yet; they are asked until they do."
    )
    errors: list[UserError] = errors_field()


@described_input
class ApprovePersonaInput:
    """Which persona to approve as a whole."""

    persona_id: strawberry.ID = f("The persona.")
    note: str | None = f("What to remember of it; at most 200 characters.", default=None)


@described_input
class RollbackPersonaInput:
    """Which version to bring back."""

    version_id: strawberry.ID = f("The version.")
    note: str | None = f("What to remember of it; at most 200 characters.", default=None)


@described_input
class PinPersonaVersionInput:
    """Which version a platform is to keep to."""

    version_id: strawberry.ID = f("The version.")
    platform: Platform = f("The platform.")


@described_input
class UnpinPersonaVersionInput:
    """Which platform is to go by what is live again."""

    persona_id: strawberry.ID = f("The persona.")
    platform: Platform = f("The platform.")


@described
class PersonaVersionPayload:
    """The version with its persona, or why nothing was changed."""

    persona: Persona | None = maybe("The persona.")
    version: PersonaVersion | None = maybe("The version.")
    errors: list[UserError] = errors_field()


def _persona(row: Any) -> dict[str, Any]:
    return {"persona": Persona.of(row)}


def _version(made: Any) -> dict[str, Any]:
    return {"persona": Persona.of(made[0]), "version": PersonaVersion.of(made[1])}


@described
class WholeMutations:
    """Settings, lexicon, onboarding and versions of a persona."""

    @strawberry.mutation(
        description="Set how a persona sounds and looks where a request leaves it out, everywhere or on one platform."
    )
    async def update_persona_settings(self, info: Info, input: UpdatePersonaSettingsInput) -> PersonaPayload:
        context = info.context
        return await answer(
            PersonaPayload,
            lambda: persona_settings.update_settings(
                context.runtime.personas, context.viewer, row_id("Persona", input.persona_id, "personaId"),
                input.platform, input.manner(), input.reset,
            ),
            _persona,
        )  # fmt: skip

    @strawberry.mutation(description="Say how a word is said that is not said as it is written.")
    async def set_pronunciation(self, info: Info, input: SetPronunciationInput) -> PronunciationPayload:
        context = info.context
        asked = Entry(input.written, input.spoken, input.ipa, input.language or "", input.case_rule)
        return await answer(
            PronunciationPayload,
            lambda: lexicon.set_pronunciation(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                asked,
            ),
            lambda row: {"entry": LexiconEntry.of(row)},
        )

    @strawberry.mutation(description="Let a word be said as it is written again.")
    async def remove_pronunciation(
        self, info: Info, input: RemovePronunciationInput
    ) -> RemovedPronunciationPayload:
        context = info.context
        return await answer(
            RemovedPronunciationPayload,
            lambda: lexicon.remove_pronunciation(
                context.runtime.personas, context.viewer, row_id("LexiconEntry", input.entry_id, "entryId")
            ),
            lambda _: {"removed_id": input.entry_id},
        )

    @strawberry.mutation(
        description="Leave a step of the onboarding out. Nothing is deleted; doing the step later undoes it."
    )
    async def skip_onboarding_step(self, info: Info, input: OnboardingStepInput) -> PersonaPayload:
        context = info.context
        return await answer(
            PersonaPayload,
            lambda: onboarding.skip_step(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                input.step,
            ),
            _persona,
        )

    @strawberry.mutation(description="Take a step back that was skipped or opted out of.")
    async def resume_onboarding_step(self, info: Info, input: OnboardingStepInput) -> PersonaPayload:
        context = info.context
        return await answer(
            PersonaPayload,
            lambda: onboarding.resume_step(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                input.step,
            ),
            _persona,
        )

    @strawberry.mutation(
        description="The person opts out of voice or avatar: use stops at once, every one of them is erased with its jobs, and the consent ends. What was made stays until it is deleted."
    )
    async def opt_out(self, info: Info, input: OptOutInput) -> OptOutPayload:
        context = info.context
        return await answer(
            OptOutPayload,
            lambda: onboarding.opt_out(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                input.part,
            ),
            lambda made: {"persona": Persona.of(made[0]), "pending": list(made[1])},
        )

    @strawberry.mutation(
        description="Approve a persona as a whole: every draft that is ready comes into use, and the state becomes a version. Where nothing changed since, the latest version is given again."
    )
    async def approve_persona(self, info: Info, input: ApprovePersonaInput) -> PersonaVersionPayload:
        context = info.context
        return await answer(
            PersonaVersionPayload,
            lambda: versions.approve_persona(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                input.note,
            ),
            _version,
        )

    @strawberry.mutation(
        description="Bring back voice, avatar, style and settings of an earlier version, as a new version. Refused if its voice or avatar was erased."
    )
    async def rollback_persona(self, info: Info, input: RollbackPersonaInput) -> PersonaVersionPayload:
        context = info.context
        return await answer(
            PersonaVersionPayload,
            lambda: versions.rollback_persona(
                context.runtime.personas,
                context.viewer,
                row_id("PersonaVersion", input.version_id, "versionId"),
                input.note,
            ),
            _version,
        )

    @strawberry.mutation(
        description="Let a platform keep to a version: what is made for it has that version's voice, face and settings, whatever is live."
    )
    async def pin_persona_version(self, info: Info, input: PinPersonaVersionInput) -> PersonaVersionPayload:
        context = info.context
        return await answer(
            PersonaVersionPayload,
            lambda: versions.pin_version(
                context.runtime.personas,
                context.viewer,
                row_id("PersonaVersion", input.version_id, "versionId"),
                input.platform,
            ),
            _version,
        )

    @strawberry.mutation(description="Let a platform go by what is live again.")
    async def unpin_persona_version(self, info: Info, input: UnpinPersonaVersionInput) -> PersonaPayload:
        context = info.context
        return await answer(
            PersonaPayload,
            lambda: versions.unpin_version(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                input.platform,
            ),
            _persona,
        )
