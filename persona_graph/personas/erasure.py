"""Deleting a voice, avatar or output: use stops at once, keys are destroyed first, vendors are told until
they confirm."""

from __future__ import annotations

from sqlalchemy import delete, select

from persona_graph.db import Writing, utcnow
from persona_graph.jobs.cancel import cancel_job_in
from persona_graph.jobs.forget import forget_voice
from persona_graph.jobs.scrub import scrub_jobs
from persona_graph.jobs.states import TERMINAL
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset, AssetPurpose, AssetState
from persona_graph.personas import ratings
from persona_graph.personas.content_tables import Content
from persona_graph.personas.pins import drop_pins
from persona_graph.personas.portable_tables import DriftCheck
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Avatar, Enrolment, EnrolmentState, Output, Persona, Sample, Voice


async def erase_voice(personas: Personas, session: Writing, voice: Voice) -> tuple[str, ...]:
    """Answers the providers that now have to delete their copy."""
    await _cancel_jobs(personas, session, voice.persona_id, voice.id)
    await drop_samples(personas, session, voice.id)
    await session.execute(delete(Sample).where(Sample.voice_id == voice.id))
    await session.execute(delete(DriftCheck).where(DriftCheck.voice_id == voice.id))
    pending = await drop_copies(personas, session, voice)
    await scrub_jobs(session, "Voice", voice.id)
    await drop_bundles(personas, session, voice.account_id, voice.persona_id)
    await drop_pins(session, voice.id)
    voice.deleted_at, voice.name, voice.quality = utcnow(), "", None
    persona = await session.get(Persona, voice.persona_id)
    if persona is not None and persona.voice_id == voice.id:
        persona.voice_id = None
    return pending


async def drop_copies(personas: Personas, session: Writing, voice: Voice) -> tuple[str, ...]:
    """Everything that could speak like the voice or be matched to it: models, preview, fingerprint. The
    vendors' copies are deleted by ``forget_enrolments``."""
    await erase_asset(personas, session, voice.preview_id)
    voice.fingerprint, voice.preview_id, voice.similarity, voice.characteristics = None, None, None, None
    pending = []
    for enrolment in (await session.scalars(select(Enrolment).where(Enrolment.voice_id == voice.id))).all():
        for asset_id in (enrolment.model_id, enrolment.preview_id):
            await erase_asset(personas, session, asset_id)
        enrolment.model_id = enrolment.preview_id = enrolment.similarity = None
        # What a vendor says it lost is deleted there all the same.
        if enrolment.state in (EnrolmentState.LIVE, EnrolmentState.LOST):
            enrolment.state = EnrolmentState.FORGETTING
        if enrolment.state == EnrolmentState.FORGETTING:
            pending.append(enrolment.provider)
    return tuple(pending)


async def erase_avatar(personas: Personas, session: Writing, avatar: Avatar) -> None:
    await _cancel_jobs(personas, session, avatar.persona_id, avatar.id)
    photo_id, avatar.portrait_id = avatar.portrait_id, None
    await erase_asset(personas, session, avatar.preview_id)
    await scrub_jobs(session, "Avatar", avatar.id)
    await drop_bundles(personas, session, avatar.account_id, avatar.persona_id)
    await drop_pins(session, avatar.id)
    avatar.deleted_at, avatar.preview_id = utcnow(), None
    avatar.name, avatar.photo = "", {}
    await session.flush()
    if await session.scalar(select(Avatar.id).where(Avatar.portrait_id == photo_id).limit(1)) is None:
        await erase_asset(personas, session, photo_id)
    persona = await session.get(Persona, avatar.persona_id)
    if persona is not None and persona.avatar_id == avatar.id:
        persona.avatar_id = None


async def erase_output(personas: Personas, session: Writing, output: Output) -> None:
    shared = await _shared(session, output)
    await _drop_content(session, output)
    await _cancel_jobs(personas, session, output.persona_id, output.id, None if shared else output.reading_id)
    await drop_media(personas, session, output)
    await scrub_jobs(session, "Output", output.id)
    await ratings.silence(session, output.id)
    output.deleted_at = utcnow()
    output.similarity = output.style_score = output.timing_source = output.reuse_key = None
    output.script, output.title, output.written = "", None, None
    output.settings = output.pronunciations = None


async def _drop_content(session: Writing, output: Output) -> None:
    """What holds scenes together goes with the last of them."""
    others = select(Output.id).where(
        Output.content_id == output.content_id, Output.id != output.id, Output.deleted_at.is_(None)
    )
    if output.content_id is None or await session.scalar(others.limit(1)) is not None:
        return
    await session.execute(delete(Content).where(Content.id == output.content_id))


async def drop_media(personas: Personas, session: Writing, output: Output) -> None:
    """An output's files, unless another output that was reused from it shares them: then they go with the last."""
    columns = ("asset_id", "speech_id", "timings_id", "vtt_id", "srt_id", "poster_id")
    shared = await _shared(session, output)
    for column in columns:
        if not shared:
            await erase_asset(personas, session, getattr(output, column))
        setattr(output, column, None)


async def _shared(session: Writing, output: Output) -> bool:
    if output.asset_id is None:
        return False
    # Of two that are deleted at once, the second sees that the first is gone.
    await session.execute(select(Asset.id).where(Asset.id == output.asset_id).with_for_update())
    others = select(Output.id).where(
        Output.asset_id == output.asset_id, Output.id != output.id, Output.deleted_at.is_(None)
    )
    return await session.scalar(others.limit(1)) is not None


async def drop_samples(personas: Personas, session: Writing, voice_id: str) -> None:
    """Samples go when training settles, whichever way: the bytes and the column."""
    for sample in (await session.scalars(select(Sample).where(Sample.voice_id == voice_id))).all():
        await erase_asset(personas, session, sample.asset_id)
        sample.asset_id = None


async def drop_bundles(personas: Personas, session: Writing, account_id: str, persona_id: str) -> None:
    """What was exported of the persona and is still here."""
    rows = select(Asset).where(
        Asset.account_id == account_id, Asset.purpose == AssetPurpose.BUNDLE, Asset.state == AssetState.READY
    )
    for asset in (await session.scalars(rows)).all():
        if (asset.facts or {}).get("persona") == persona_id:
            await erase_asset(personas, session, asset.id)


async def forget_enrolments(personas: Personas) -> int:
    """Tell vendors to delete voices that were deleted here; what they do not confirm stays pending."""
    async with personas.db.reading() as session:
        # The least tried first: one vendor that never answers must not keep the others from being asked.
        rows = select(Enrolment).where(Enrolment.state == EnrolmentState.FORGETTING).order_by(Enrolment.tries)
        pending = list((await session.scalars(rows.limit(20))).all())
    confirmed = 0
    for enrolment in pending:
        done = await forget_voice(personas.jobs, enrolment.provider, enrolment.vendor_voice, enrolment.id)
        async with personas.db.writing() as session:
            row = await session.get_one(Enrolment, enrolment.id)
            row.tries += 1
            if done:
                row.state, row.vendor_voice, confirmed = EnrolmentState.FORGOTTEN, "", confirmed + 1
    return confirmed


async def erase_asset(personas: Personas, session: Writing, asset_id: str | None) -> None:
    """With what was made of it only to look at."""
    asset = await session.get(Asset, asset_id) if asset_id else None
    if asset is not None:
        preview_id = (asset.facts or {}).get("preview")
        personas.media.erase(session, asset)
        await erase_asset(personas, session, preview_id)


async def _cancel_jobs(personas: Personas, session: Writing, persona_id: str, *ids: str | None) -> None:
    """Jobs that make one of these things or use it."""
    gone = {id for id in ids if id}
    rows = select(Job).where(Job.persona_id == persona_id, Job.state.not_in(TERMINAL)).order_by(Job.id)
    for job in (await session.scalars(rows.with_for_update())).all():
        if gone & {job.subject_id, job.spec.get("voice"), job.spec.get("avatar"), job.spec.get("speech")}:
            await cancel_job_in(personas.jobs, session, job)
