"""Taking a persona elsewhere, and watching how its voice sounds."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import PaidInput, answer, errors_field, maybe, request_of
from persona_graph.graphql.mutations.personas import PersonaPayload
from persona_graph.graphql.mutations.voices import VoicePayload, quote_of, subject_of
from persona_graph.graphql.types.assets import Asset
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.jobs import Job, Quote
from persona_graph.graphql.types.personas import Persona, Voice
from persona_graph.graphql.types.portable import PersonaOrigin
from persona_graph.personas import drift, golden
from persona_graph.personas import tables as rows
from persona_graph.personas.exporting import export_persona
from persona_graph.personas.importing import import_persona


@described_input
class ExportPersonaInput:
    """Which persona to write down."""

    persona_id: strawberry.ID = f("The persona.")
    passphrase: str | None = f(
        "12 to 200 characters, to take voice models along, encrypted with it; null leaves them out.",
        default=None,
    )


@described
class ExportPersonaPayload:
    """The bundle, or why there is none."""

    asset: Asset | None = maybe(
        "The signed file, with purpose BUNDLE. It holds a face: keep it as you would keep a key. Erased after 24 hours, and with the next export."
    )
    key: str | None = maybe(
        "The public key it is signed with, for PERSONA_GRAPH_TRUSTED_BUNDLE_KEYS of another installation."
    )
    left_out: list[str] | None = maybe("What the persona has and the bundle does not, each with the reason.")
    errors: list[UserError] = errors_field()


@described_input
class ImportPersonaInput:
    """A bundle to make a persona of."""

    asset_id: strawberry.ID = f("An uploaded asset with purpose BUNDLE.")
    name: str | None = f("A name in place of the one in the bundle.", default=None)
    passphrase: str | None = f(
        "What the voice models in it were encrypted with; null leaves them out.", default=None
    )


@described
class ImportPersonaPayload:
    """The new persona, or why there is none."""

    persona: Persona | None = maybe(
        "The persona; its voices and faces are drafts, and nothing speaks or shows them before grantConsent."
    )
    origin: PersonaOrigin | None = maybe("What came with it, and what could not be taken over.")
    errors: list[UserError] = errors_field()


@described_input
class CheckDriftInput(PaidInput):
    """A persona whose voice to listen to."""

    persona_id: strawberry.ID = f("The persona.")
    as_baseline: bool = f("Make this rendering what later ones are compared with.", default=False)


@described
class CheckDriftPayload:
    """The job at once, or why there is none. Its result will be the first of voice.driftChecks."""

    voice: Voice | None = maybe("The voice that speaks; null on a dry run.")
    job: Job | None = maybe("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = maybe("What it comes to: as much as speech of that length.")
    errors: list[UserError] = errors_field()


@described_input
class SetGoldenLinesInput:
    """The sentences a persona's voice is watched by."""

    persona_id: strawberry.ID = f("The persona.")
    lines: list[str] | None = f(
        "1 to 10 sentences of at most 300 characters, 800 together; null goes back to those of its language. Other lines begin with a new baseline.",
        default=None,
    )


@described_input
class SetDriftWatchInput:
    """What watching a voice may cost."""

    voice_id: strawberry.ID = f("The voice.")
    monthly_cap: Decimal | None = f(
        "What checks that nobody asked for may take from the account within 30 days, in USD; null: it is only checked when asked.",
        default=None,
    )


@described
class PortableMutations:
    """Taking a persona elsewhere, and watching how its voice sounds."""

    @strawberry.mutation(
        description="Write a persona down as one signed file: style, settings, consent records, voices with their enrolments, faces. Recordings are never in it. Needs the READ scope too."
    )
    async def export_persona(self, info: Info, input: ExportPersonaInput) -> ExportPersonaPayload:
        context = info.context
        return await answer(
            ExportPersonaPayload,
            lambda: export_persona(
                context.runtime.personas, context.viewer, row_id("Persona", input.persona_id, "personaId"),
                input.passphrase,
            ),
            lambda made: {"asset": Asset.of(made.asset), "key": made.key, "left_out": list(made.left_out)},
        )  # fmt: skip

    @strawberry.mutation(
        description="Make a new persona of a bundle. Its signature is checked over every byte, and the consent records in it again; what speaks or shows a face arrives as a draft. The bundle is erased."
    )
    async def import_persona(self, info: Info, input: ImportPersonaInput) -> ImportPersonaPayload:
        context = info.context
        return await answer(
            ImportPersonaPayload,
            lambda: import_persona(
                context.runtime.personas, context.viewer, row_id("Asset", input.asset_id, "assetId"), input.name,
                input.passphrase,
            ),
            lambda made: {"persona": Persona.of(made[0]), "origin": PersonaOrigin.of(made[1])},
        )  # fmt: skip

    @strawberry.mutation(
        description="Speak the persona's golden lines in its voice, and compare how they sound with the baseline; the first time makes the baseline. What is spoken is measured and not kept."
    )
    async def check_drift(self, info: Info, input: CheckDriftInput) -> CheckDriftPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            persona_id = row_id("Persona", input.persona_id, "personaId")
            request = request_of("checkDrift", input)
            done = await drift.check_drift(
                context.runtime.personas, context.viewer, persona_id, input.as_baseline, request
            )
            voice = Voice.of(await subject_of(info, done, rows.Voice))
            return {"voice": voice, "job": Job.of(done.job) if done.job else None, "quote": quote_of(done)}

        return await answer(CheckDriftPayload, use_case, lambda shape: shape)

    @strawberry.mutation(description="Change the sentences a persona's voice is watched by.")
    async def set_golden_lines(self, info: Info, input: SetGoldenLinesInput) -> PersonaPayload:
        context = info.context
        return await answer(
            PersonaPayload,
            lambda: golden.set_golden_lines(
                context.runtime.personas, context.viewer, row_id("Persona", input.persona_id, "personaId"),
                input.lines,
            ),
            lambda row: {"persona": Persona.of(row)},
        )  # fmt: skip

    @strawberry.mutation(
        description="Allow, or forbid, that a voice is checked for drift by itself, as often as the server is set to (PERSONA_GRAPH_DRIFT_DAYS)."
    )
    async def set_drift_watch(self, info: Info, input: SetDriftWatchInput) -> VoicePayload:
        context = info.context
        return await answer(
            VoicePayload,
            lambda: drift.set_watch(
                context.runtime.personas, context.viewer, row_id("Voice", input.voice_id, "voiceId"),
                input.monthly_cap,
            ),
            lambda row: {"voice": Voice.of(row)},
        )  # fmt: skip
