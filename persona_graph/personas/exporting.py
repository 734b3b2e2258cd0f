"""A persona as a signed bundle (B7): everything that makes it up, and nothing it was made of."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import utcnow
from persona_graph.errors import MediaRefused
from persona_graph.media.assets import Asset, AssetKind, AssetPurpose, AssetState
from persona_graph.media.keys import bundle_keys, public_key
from persona_graph.media.letter import BUNDLE_TYPE, write_letter
from persona_graph.personas.bundle import (
    ConsentPart,
    Contents,
    EnrolmentPart,
    EntryPart,
    FacePart,
    File,
    PersonaPart,
    SealedPart,
    SettingsPart,
    StylePart,
    VoicePart,
    seal_models,
    write_contents,
)
from persona_graph.personas.erasure import drop_bundles
from persona_graph.personas.finding import find, hold, live_consent, missing
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.styles import PlatformEdits, WritingStyle
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    AvatarStatus,
    Consent,
    ConsentScope,
    Enrolment,
    EnrolmentState,
    Persona,
    Platform,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.whole_tables import LexiconEntry, PersonaSettings
from persona_graph.provider import Fidelity

PASSPHRASE = (12, 200)
Made = TypeVar("Made", Voice, Avatar)


@dataclass(frozen=True)
class Exported:
    asset: Asset
    key: str
    left_out: tuple[str, ...]


@dataclass
class _Gathering:
    """What is found on the way; files are read once nothing is locked any more."""

    contents: Contents
    left_out: list[str]
    models: dict[str, Asset]


async def export_persona(
    personas: Personas, viewer: Viewer, persona_id: str, passphrase: str | None
) -> Exported:
    """One bundle of a persona at a time: an earlier one is erased."""
    viewer.need(Scope.WRITE)
    viewer.need(Scope.READ)
    if passphrase is not None:
        passphrase = plain_text(passphrase, "passphrase", most=PASSPHRASE[1], least=PASSPHRASE[0])
    key = bundle_keys(personas.settings.signing_key.get_secret_value())[0]
    async with personas.db.reading() as session:
        persona = await find(session, viewer, Persona, persona_id)
        if persona is None:
            raise missing("Persona", "personaId")
        gathered = await _gather(personas, session, persona)
    sealed = await _models(personas, gathered, passphrase)
    whole = replace(gathered.contents, models=sealed, exported_at=utcnow(), left_out=gathered.left_out)
    body = await asyncio.to_thread(write_contents, whole)
    letter = await asyncio.to_thread(write_letter, body, key)
    most = personas.settings.max_bundle_bytes
    if len(letter) > most:
        raise MediaRefused(
            code="MEDIA_TOO_LARGE", message=f"The bundle would have {len(letter):,} bytes; at most {most:,} are allowed.",
            fix="Delete voices or avatars that are not used.", path=("personaId",),
        )  # fmt: skip
    asset = await personas.media.keep(
        viewer.account_id, AssetPurpose.BUNDLE, letter, BUNDLE_TYPE, name=f"{persona.name}.persona",
        facts={"persona": persona.id, "key": public_key(key)},
    )  # fmt: skip
    asset.kind = AssetKind.BUNDLE
    async with personas.db.writing() as session:
        await hold(session, viewer, Persona, persona_id, "personaId")
        await drop_bundles(personas, session, viewer.account_id, persona_id)
        session.add(asset)
    return Exported(asset, public_key(key), tuple(gathered.left_out))


async def _gather(personas: Personas, session: AsyncSession, persona: Persona) -> _Gathering:
    left_out: list[str] = []
    models: dict[str, Asset] = {}
    voices: list[VoicePart] = []
    for voice in await _ready(session, Voice, persona, TrainingStatus.READY):
        enrolments = await _enrolments(session, voice, models)
        voices.append(await _voice(personas, session, persona, voice, enrolments))
    if voices and await live_consent(session, persona.id, ConsentScope.VOICE) is None:
        left_out.append("its voices: there is no live VOICE consent")
        voices, models = [], {}
    faces: list[FacePart] = []
    if await live_consent(session, persona.id, ConsentScope.LIKENESS) is not None:
        faces = [
            face
            for avatar in await _ready(session, Avatar, persona, AvatarStatus.READY)
            if (face := await _face(personas, session, persona, avatar))
        ]
    elif await _ready(session, Avatar, persona, AvatarStatus.READY):
        left_out.append("its face: there is no live LIKENESS consent")
    contents = Contents(
        PersonaPart(persona.name, persona.archetype, persona.brand_voice, persona.language),
        await _style(session, persona), await _settings(session, persona), await _lexicon(session, persona),
        await _consents(session, persona), voices, faces,
        golden_lines=persona.golden_lines,
    )  # fmt: skip
    return _Gathering(contents, left_out, models)


async def _ready(session: AsyncSession, kind: type[Made], persona: Persona, ready: str) -> Sequence[Made]:
    rows = select(kind).where(
        kind.persona_id == persona.id, kind.deleted_at.is_(None), kind.status == ready,
        kind.approval != Approval.REJECTED,
    )  # fmt: skip
    return (await session.scalars(rows.order_by(kind.id))).all()


async def _style(session: AsyncSession, persona: Persona) -> StylePart | None:
    style = await session.get(WritingStyle, persona.id)
    rows = select(PlatformEdits).where(PlatformEdits.persona_id == persona.id)
    platforms = {row.platform: row.edits for row in (await session.scalars(rows)).all()}
    if style is None:
        return StylePart(None, [], {}, None, platforms) if platforms else None
    return StylePart(style.measured, style.sources, style.edits, style.analyzed_at, platforms)


async def _settings(session: AsyncSession, persona: Persona) -> SettingsPart | None:
    row = await session.get(PersonaSettings, persona.id)
    return (
        SettingsPart(row.own, {Platform(name): level for name, level in row.platforms.items()})
        if row
        else None
    )


async def _lexicon(session: AsyncSession, persona: Persona) -> list[EntryPart]:
    rows = select(LexiconEntry).where(LexiconEntry.persona_id == persona.id)
    found = (await session.scalars(rows.order_by(LexiconEntry.written, LexiconEntry.language))).all()
    return [EntryPart(row.written, row.language, row.case_rule, row.spoken, row.ipa) for row in found]


async def _consents(session: AsyncSession, persona: Persona) -> list[ConsentPart]:
    found = [await live_consent(session, persona.id, scope) for scope in ConsentScope]
    return [_consent(row) for row in found if row is not None]


def _consent(row: Consent) -> ConsentPart:
    return ConsentPart(
        row.id, row.scope, row.subject, row.statement, row.statement_version, row.granted_by, row.granted_at,
        row.expires_at,
    )  # fmt: skip


async def _enrolments(session: AsyncSession, voice: Voice, models: dict[str, Asset]) -> list[EnrolmentPart]:
    rows = select(Enrolment).where(Enrolment.voice_id == voice.id, Enrolment.state == EnrolmentState.LIVE)
    parts = []
    for row in (await session.scalars(rows.order_by(Enrolment.id))).all():
        model = await _file_of(session, row.model_id)
        if model is not None:
            models[model.id] = model
        parts.append(
            EnrolmentPart(
                row.provider, row.vendor_voice, row.standing, row.similarity, row.enrolled_at, row.expires_at,
                row.model_id,
            )
        )  # fmt: skip
    return parts


async def _voice(
    personas: Personas, session: AsyncSession, persona: Persona, voice: Voice, enrolments: list[EnrolmentPart]
) -> VoicePart:
    return VoicePart(
        voice.name, voice.language, voice.id == persona.voice_id,
        Fidelity(voice.fidelity) if voice.fidelity else None, voice.similarity, voice.fingerprint, voice.quality,
        voice.characteristics, voice.trained_at, enrolments, await _file(personas, session, voice.preview_id),
    )  # fmt: skip


async def _face(
    personas: Personas, session: AsyncSession, persona: Persona, avatar: Avatar
) -> FacePart | None:
    picture = await _file(personas, session, avatar.portrait_id)
    return FacePart(avatar.name, avatar.id == persona.avatar_id, picture) if picture else None


async def _file(personas: Personas, session: AsyncSession, asset_id: str | None) -> File | None:
    asset = await _file_of(session, asset_id)
    return File.of(asset.content_type or "", await personas.media.read(asset)) if asset else None


async def _file_of(session: AsyncSession, asset_id: str | None) -> Asset | None:
    asset = await session.get(Asset, asset_id) if asset_id else None
    return asset if asset is not None and asset.state is AssetState.READY and asset.object_key else None


async def _models(personas: Personas, gathered: _Gathering, passphrase: str | None) -> SealedPart | None:
    if not gathered.models:
        return None
    if passphrase is None:
        gathered.left_out.append(
            f"{len(gathered.models)} voice models: they can speak as the person, and leave only under a passphrase"
        )
        return None
    read = {id: await personas.media.read(asset) for id, asset in gathered.models.items()}
    return await asyncio.to_thread(seal_models, read, passphrase)
