"""Personas, consent and uploads."""

from __future__ import annotations

from datetime import datetime

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.enums import UploadPurpose
from persona_graph.graphql.ids import global_id, row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, instant, maybe
from persona_graph.graphql.types.assets import Asset
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.personas import Consent, Persona
from persona_graph.media.assets import AssetPurpose
from persona_graph.personas import consents, personas, uploads
from persona_graph.personas.personas import PersonaChange
from persona_graph.personas.tables import ConsentScope


@described_input
class CreatePersonaInput:
    """A new persona."""

    name: str = f("1 to 200 characters.")
    archetype: str | None = f("At most 200 characters.", default=None)
    brand_voice: str | None = f("At most 5,000 characters.", default=None)
    language: str = f("BCP 47 tag of the language it speaks.", default="en")


@described_input
class UpdatePersonaInput:
    """What to change; null or absent leaves a field as it is."""

    persona_id: strawberry.ID = f("The persona.")
    name: str | None = f("1 to 200 characters.", default=None)
    archetype: str | None = f("At most 200 characters; empty clears it.", default=None)
    brand_voice: str | None = f("At most 5,000 characters; empty clears it.", default=None)
    language: str | None = f("BCP 47 tag of the language it speaks.", default=None)


@described_input
class DeletePersonaInput:
    """Which persona to delete."""

    persona_id: strawberry.ID = f("The persona.")


@described
class PersonaPayload:
    """The changed persona, or why nothing was changed."""

    persona: Persona | None = maybe("The persona.")
    errors: list[UserError] = errors_field()


@described
class DeletedPayload:
    """The id that is gone, or why it is not."""

    deleted_id: strawberry.ID | None = maybe("The id of what was deleted.")
    pending: list[str] | None = maybe(
        "Providers that have not confirmed deleting their copy of a voice yet; they are asked until they do."
    )
    errors: list[UserError] = errors_field()


@described_input
class GrantConsentInput:
    """An agreement of the person whose voice or face it is."""

    persona_id: strawberry.ID = f("The persona.")
    scope: ConsentScope = f("What is agreed to.")
    subject: str = f("The name of the person who agrees, 1 to 200 characters.")
    expires_at: datetime | None = f("When it ends by itself; null for until withdrawn.", default=None)


@described_input
class WithdrawConsentInput:
    """Which consent to withdraw."""

    consent_id: strawberry.ID = f("The consent.")


@described
class ConsentPayload:
    """The consent, or why nothing was changed."""

    consent: Consent | None = maybe("The consent.")
    errors: list[UserError] = errors_field()


@described_input
class CreateUploadInput:
    """What is going to be uploaded."""

    purpose: UploadPurpose = f("What it is for.")
    file_name: str = f("Its name, for people; never used as a path.")
    content_type: str = f("The media type claimed; the bytes decide.")
    size: int = f("Exact number of bytes; more or fewer are refused.")


@described
class Upload:
    """Permission to put a file's bytes: PUT them, raw, to `url` before it expires. The answer is 201 with the
    checked asset, or 4xx with the reason."""

    url: str = f("Where to PUT the bytes. It needs no token.")
    method: str = f("PUT.")
    expires_at: datetime = f("When the link stops working.")
    max_bytes: int = f("The announced size.")


@described_input
class DeleteUploadInput:
    """Which upload to delete."""

    asset_id: strawberry.ID = f("An uploaded asset that nothing is made of.")


@described
class UploadPayload:
    """Where to put the bytes, or why not."""

    asset: Asset | None = maybe("The asset they will become; refer to it by its id.")
    upload: Upload | None = maybe("Where to put them.")
    errors: list[UserError] = errors_field()


@described
class PersonaMutations:
    """Personas, consent and uploads."""

    @strawberry.mutation(description="Make a persona.")
    async def create_persona(self, info: Info, input: CreatePersonaInput) -> PersonaPayload:
        context = info.context
        change = PersonaChange(input.name, input.archetype, input.brand_voice, input.language)
        return await answer(
            PersonaPayload,
            lambda: personas.create_persona(context.runtime.personas, context.viewer, change),
            lambda row: {"persona": Persona.of(row)},
        )

    @strawberry.mutation(description="Change a persona.")
    async def update_persona(self, info: Info, input: UpdatePersonaInput) -> PersonaPayload:
        context = info.context
        change = PersonaChange(input.name, input.archetype, input.brand_voice, input.language)
        return await answer(
            PersonaPayload,
            lambda: personas.update_persona(
                context.runtime.personas,
                context.viewer,
                row_id("Persona", input.persona_id, "personaId"),
                change,
            ),
            lambda row: {"persona": Persona.of(row)},
        )

    @strawberry.mutation(
        description="Delete a persona with its voices, avatars and outputs; its jobs are cancelled, keys are destroyed first."
    )
    async def delete_persona(self, info: Info, input: DeletePersonaInput) -> DeletedPayload:
        context = info.context
        return await answer(
            DeletedPayload,
            lambda: personas.delete_persona(
                context.runtime.personas, context.viewer, row_id("Persona", input.persona_id, "personaId")
            ),
            lambda gone: {"deleted_id": global_id("Persona", gone.id), "pending": gone.pending},
        )

    @strawberry.mutation(
        description="Record a consent. Without a live one nothing of a person is trained, rendered or sent anywhere."
    )
    async def grant_consent(self, info: Info, input: GrantConsentInput) -> ConsentPayload:
        context = info.context
        return await answer(
            ConsentPayload,
            lambda: consents.grant_consent(
                context.runtime.personas, context.viewer, row_id("Persona", input.persona_id, "personaId"),
                input.scope, input.subject, instant(input.expires_at, "expiresAt"),
            ),
            lambda row: {"consent": Consent.of(row)},
        )  # fmt: skip

    @strawberry.mutation(
        description="Withdraw a consent: unless another one holds, use stops at once and jobs that rest on it are cancelled. What was made stays until it is deleted."
    )
    async def withdraw_consent(self, info: Info, input: WithdrawConsentInput) -> ConsentPayload:
        context = info.context
        return await answer(
            ConsentPayload,
            lambda: consents.withdraw_consent(
                context.runtime.personas, context.viewer, row_id("Consent", input.consent_id, "consentId")
            ),
            lambda row: {"consent": Consent.of(row)},
        )

    @strawberry.mutation(description="Get permission to upload a file.")
    async def create_upload(self, info: Info, input: CreateUploadInput) -> UploadPayload:
        context = info.context
        media = context.runtime.media

        def shape(asset: object) -> dict[str, object]:
            link = media.upload_link(asset)  # type: ignore[arg-type]
            upload = Upload(url=link.url, method="PUT", expires_at=link.expires_at, max_bytes=input.size)
            return {"asset": Asset.of(asset), "upload": upload}  # type: ignore[arg-type]

        return await answer(
            UploadPayload,
            lambda: uploads.announce(
                context.runtime.personas, context.viewer, AssetPurpose(input.purpose.value), input.file_name,
                input.content_type, input.size,
            ),
            shape,
        )  # fmt: skip

    @strawberry.mutation(
        description="Delete an upload that no training and no avatar uses; its key is destroyed first. A link to it stops working."
    )
    async def delete_upload(self, info: Info, input: DeleteUploadInput) -> DeletedPayload:
        context = info.context
        return await answer(
            DeletedPayload,
            lambda: uploads.delete_upload(
                context.runtime.personas, context.viewer, row_id("Asset", input.asset_id, "assetId")
            ),
            lambda _: {"deleted_id": input.asset_id, "pending": []},
        )
