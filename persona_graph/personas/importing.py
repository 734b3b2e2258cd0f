"""A bundle becomes a new persona. Everything in it that speaks or shows a face arrives as a draft, and is used for
nothing before a consent was granted here."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Database, Writing, new_id, utcnow
from persona_graph.errors import ConsentRequired, UserFault
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.keys import bundle_keys, public_key
from persona_graph.media.letter import damaged, open_letter
from persona_graph.media.photo import PhotoLimits, portrait
from persona_graph.personas.bundle import (
    ConsentPart,
    Contents,
    EnrolmentPart,
    FacePart,
    File,
    StylePart,
    VoicePart,
    open_models,
    read_contents,
)
from persona_graph.personas.erasure import erase_asset
from persona_graph.personas.golden import checked_lines
from persona_graph.personas.leases import show_expiry
from persona_graph.personas.lexicon import checked
from persona_graph.personas.persona_settings import checked_manner
from persona_graph.personas.personas import language_tag
from persona_graph.personas.portable_tables import PersonaImport
from persona_graph.personas.pronouncing import Entry
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.styles import PlatformEdits, WritingStyle
from persona_graph.personas.tables import (
    SPEAKING,
    Avatar,
    AvatarStatus,
    Consent,
    ConsentScope,
    Enrolment,
    Persona,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.uploads import usable
from persona_graph.personas.whole_tables import LexiconEntry, PersonaSettings
from persona_graph.style import Edits, Profile, Style, adapt


@dataclass(frozen=True)
class _Media:
    """Decoded and stored anew, by the place of the voice or face they belong to."""

    previews: dict[int, Asset]
    pictures: dict[int, Asset]
    models: dict[str, Asset]


async def import_persona(
    personas: Personas, viewer: Viewer, asset_id: str, name: str | None, passphrase: str | None
) -> tuple[Persona, PersonaImport]:
    """The bundle is erased with the same transaction, so that it becomes one persona and not two."""
    viewer.need(Scope.WRITE)
    name = None if name is None else plain_text(name, "name", most=200)
    async with personas.db.reading() as session:
        asset = await usable(personas, session, viewer, asset_id, AssetPurpose.BUNDLE, "assetId")
    key, contents = await _opened(personas, asset)
    async with personas.db.reading() as session:
        await _need_agreed(session, contents)
    media = await _unpacked(personas, viewer, contents, passphrase)
    async with personas.db.writing() as session:
        held = await session.get(Asset, asset_id, with_for_update=True)
        assert held is not None
        held.need_ready()
        persona = _persona(viewer, contents, name)
        session.add(persona)
        await session.flush()
        _keep_style(session, persona, contents.style)
        _keep_words(session, persona, contents)
        unusable: list[str] = []
        for n, voice in enumerate(contents.voices):
            unusable += await _keep_voice(
                personas, session, persona, voice, media.previews.get(n), media.models
            )
        for n, face in enumerate(contents.faces):
            _keep_face(session, persona, face, media.pictures[n])
        came = PersonaImport(
            persona_id=persona.id, account_id=viewer.account_id, key=key, exported_at=contents.exported_at,
            consents=[_record(each) for each in contents.consents], unusable=unusable,
        )  # fmt: skip
        session.add(came)
        await erase_asset(personas, session, asset_id)
    return persona, came


async def imports_of(db: Database, account_id: str, persona_ids: Sequence[str]) -> list[PersonaImport | None]:
    rows = select(PersonaImport).where(
        PersonaImport.persona_id.in_(set(persona_ids)), PersonaImport.account_id == account_id
    )
    async with db.reading() as session:
        found = {row.persona_id: row for row in (await session.scalars(rows)).all()}
    return [found.get(id) for id in persona_ids]


async def _opened(personas: Personas, asset: Asset) -> tuple[str, Contents]:
    """Nothing of it is read before its signature holds."""
    own = [public_key(key) for key in bundle_keys(personas.settings.signing_key.get_secret_value())]
    trusted = {*own, *(key.lower() for key in personas.settings.trusted_bundle_keys)}
    content = await personas.media.read(asset)
    try:
        head, body = await asyncio.to_thread(open_letter, content, trusted)
        contents = await asyncio.to_thread(read_contents, body)
        _check(contents)
    except UserFault as fault:
        fault.path = ("assetId",)
        raise
    return head.key, contents


def _check(contents: Contents) -> None:
    """What a caller would be refused for is no better from a bundle."""
    persona = contents.persona
    try:
        plain_text(persona.name, "name", most=200)
        for language in (persona.language, *(voice.language for voice in contents.voices)):
            language_tag(language)
        if contents.golden_lines is not None:
            checked_lines(contents.golden_lines)
        for each in contents.lexicon:
            if (
                checked(Entry(each.written, each.spoken, each.ipa, each.language, each.case)).written
                != each.written
            ):
                raise damaged("A word of the lexicon in this bundle is not written as words are kept.")
        if contents.settings is not None:
            for level in (contents.settings.own, *contents.settings.platforms.values()):
                checked_manner(level)
        if contents.style is not None:
            style = Style(
                Profile.of(contents.style.measured) if contents.style.measured else None,
                Edits.of(contents.style.edits),
            )
            for platform, edits in contents.style.platforms.items():
                adapt(style, platform.value, edits)
    except UserFault as fault:
        raise damaged(f"This bundle holds what cannot be: {fault.message}") from fault
    except (KeyError, TypeError, ValueError, AttributeError) as wrong:
        raise damaged("The writing style in this bundle cannot be read.") from wrong


async def _need_agreed(session: AsyncSession, contents: Contents) -> None:
    """A voice or a face comes with the record of a consent that still holds: not run out since, and, where the
    record is one of this installation, not withdrawn."""
    carried = {ConsentScope.VOICE: bool(contents.voices), ConsentScope.LIKENESS: bool(contents.faces)}
    for scope, needed in carried.items():
        if needed and not [
            one for one in contents.consents if one.scope == scope and await _holds(session, one)
        ]:
            raise ConsentRequired(
                message=f"The {scope} consent that this bundle carries has ended, or it carries none.", scope=scope,
                path=("assetId",), fix="Ask the person, grant a consent where the bundle comes from, and export again.",
            )  # fmt: skip


async def _holds(session: AsyncSession, record: ConsentPart) -> bool:
    if record.expires_at is not None and record.expires_at <= utcnow():
        return False
    ours = await session.get(Consent, record.id)
    return ours is None or ours.withdrawn_at is None


async def _unpacked(personas: Personas, viewer: Viewer, contents: Contents, passphrase: str | None) -> _Media:
    """Pictures and sound are a stranger's until a bounded child has decoded them."""
    models = {}
    if contents.models is not None and passphrase is not None:
        opened = await asyncio.to_thread(open_models, contents.models, passphrase)
        for id, model in opened.items():
            models[id] = await personas.media.keep(
                viewer.account_id,
                AssetPurpose.VOICE_MODEL,
                model,
                "application/octet-stream",
                name="voice.model",
            )
    try:
        previews = {
            n: await personas.media.keep(
                viewer.account_id,
                AssetPurpose.PREVIEW,
                voice.preview.content,
                "audio/wav",
                name="preview.wav",
            )
            for n, voice in enumerate(contents.voices)
            if voice.preview
        }
        pictures = {
            n: await _portrait(personas, viewer, face.picture) for n, face in enumerate(contents.faces)
        }
    except UserFault as fault:
        fault.path = ("assetId",)
        raise
    return _Media(previews, pictures, models)


async def _portrait(personas: Personas, viewer: Viewer, picture: File) -> Asset:
    with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
        given, upright = Path(scratch) / "given", Path(scratch) / "portrait.png"
        await asyncio.to_thread(given.write_bytes, picture.content)
        await portrait(given, upright, PhotoLimits.of(personas.settings))
        return await personas.media.keep(
            viewer.account_id, AssetPurpose.PHOTO, upright, "image/png", name="portrait.png"
        )


def _persona(viewer: Viewer, contents: Contents, name: str | None) -> Persona:
    part = contents.persona
    return Persona(
        id=new_id(), account_id=viewer.account_id, name=name or part.name, archetype=part.archetype,
        brand_voice=part.brand_voice, language=part.language, golden_lines=contents.golden_lines,
    )  # fmt: skip


def _keep_style(session: Writing, persona: Persona, part: StylePart | None) -> None:
    if part is None:
        return
    whose = {"persona_id": persona.id, "account_id": persona.account_id}
    session.add(
        WritingStyle(
            **whose,
            measured=part.measured,
            sources=part.sources,
            edits=part.edits,
            analyzed_at=part.analyzed_at,
        )
    )
    for platform, edits in part.platforms.items():
        session.add(PlatformEdits(**whose, platform=platform, edits=edits))


def _keep_words(session: Writing, persona: Persona, contents: Contents) -> None:
    whose = {"persona_id": persona.id, "account_id": persona.account_id}
    if contents.settings is not None:
        platforms = {platform.value: level for platform, level in contents.settings.platforms.items()}
        session.add(PersonaSettings(**whose, own=contents.settings.own, platforms=platforms))
    for each in contents.lexicon:
        session.add(
            LexiconEntry(
                **whose, written=each.written, language=each.language, case_rule=each.case, spoken=each.spoken, ipa=each.ipa
            )
        )  # fmt: skip


async def _keep_voice(
    personas: Personas, session: Writing, persona: Persona, part: VoicePart, preview: Asset | None,
    models: dict[str, Asset],
) -> list[str]:  # fmt: skip
    """Answers why some of its enrolments cannot speak here."""
    voice = Voice(
        id=new_id(), account_id=persona.account_id, persona_id=persona.id, name=part.name, language=part.language,
        fidelity=part.fidelity.value if part.fidelity else None, similarity=part.similarity,
        fingerprint=part.fingerprint, quality=part.quality, characteristics=part.characteristics,
        trained_at=part.trained_at, preview_id=preview.id if preview else None,
    )  # fmt: skip
    session.add_all([voice, *filter(None, [preview])])
    await session.flush()
    unusable, speaks = [], False
    for each in part.enrolments:
        why = _why_not(personas, each, models)
        if why is not None:
            unusable.append(f"{part.name} at {each.provider}: {why}")
            continue
        speaks = speaks or each.standing in SPEAKING
        model = models.get(each.model) if each.model else None
        session.add_all(filter(None, [model, _enrolment(voice, each, model)]))
    # One that cannot speak can be enrolled again with trainTwin, as one that its vendor dropped.
    voice.status = TrainingStatus.READY if speaks else TrainingStatus.EXPIRED
    await show_expiry(session, voice.id)
    return unusable


def _why_not(personas: Personas, part: EnrolmentPart, models: dict[str, Asset]) -> str | None:
    if personas.catalog.find(part.provider) is None:
        return "no such provider is installed here"
    if part.expires_at is not None and part.expires_at <= utcnow():
        return "its vendor has dropped it meanwhile"
    if part.model is not None and part.model not in models:
        return "it needs its model, which was exported without a passphrase or given none"
    return None


def _enrolment(voice: Voice, part: EnrolmentPart, model: Asset | None) -> Enrolment:
    return Enrolment(
        voice_id=voice.id, account_id=voice.account_id, provider=part.provider, vendor_voice=part.vendor_voice,
        model_id=model.id if model else None, standing=part.standing, similarity=part.similarity,
        enrolled_at=part.enrolled_at, expires_at=part.expires_at,
    )  # fmt: skip


def _keep_face(session: Writing, persona: Persona, part: FacePart, picture: Asset) -> None:
    session.add_all([
        picture,
        Avatar(
            account_id=persona.account_id, persona_id=persona.id, name=part.name, status=AvatarStatus.READY,
            portrait_id=picture.id, photo={**(picture.facts or {}), "width": picture.width, "height": picture.height},
            ready_at=utcnow(),
        ),
    ])  # fmt: skip


def _record(part: ConsentPart) -> dict[str, Any]:
    return {
        "scope": part.scope.value, "subject": part.subject, "statement": part.statement,
        "statement_version": part.statement_version, "granted_by": part.granted_by,
        "granted_at": part.granted_at.isoformat(),
        "expires_at": part.expires_at.isoformat() if part.expires_at else None,
    }  # fmt: skip
