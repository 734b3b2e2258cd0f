"""A speech leg, wherever it occurs: order it from the voice's enrolment, then master, store and score it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import or_, select

from persona_graph.errors import MediaRefused
from persona_graph.jobs.work import Bench, Kept, Measures, SkipCandidate, WorkRefused
from persona_graph.media import speaker
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.personas.consents import need_consent
from persona_graph.personas.tables import SPEAKING, ConsentScope, Enrolment, EnrolmentState, Voice
from persona_graph.personas.works import parts
from persona_graph.personas.works.mastering import PLAIN, Finish, caption, master, paced
from persona_graph.provider import Delivery, FileRef, Speak, SpeechStyle, Timing, VendorVoice

CONTENT_TYPES = {"wav": "audio/wav", "mp3": "audio/mpeg", "ogg": "audio/ogg"}
ENDINGS = {
    "audio/wav": "wav", "audio/mpeg": "mp3", "audio/ogg": "ogg", "video/mp4": "mp4", "image/png": "png", "image/jpeg": "jpg",
    "application/octet-stream": "bin", "application/json": "json",
}  # fmt: skip


def file_ref(asset: Asset) -> FileRef:
    return FileRef(
        id=asset.id,
        name=f"{asset.id}.{ENDINGS.get(asset.content_type or '', 'bin')}",
        content_type=asset.content_type or "",
        size=asset.size or 0,
        seconds=asset.seconds,
    )


async def speech_order(
    bench: Bench, script: str, language: str, style: Mapping[str, Any] | None = None
) -> Speak:
    """The order for the candidate at hand. A voice that is not enrolled there cannot speak there."""
    voice = await _vendor_voice(bench) if _wants_trained(bench) else None
    return Speak(script=script, voice=voice, style=SpeechStyle(**(style or {})), language=language)


def _wants_trained(bench: Bench) -> bool:
    chosen = bench.leg.route["candidates"][bench.leg.candidate]
    return bool(chosen["own_voice"])


async def _vendor_voice(bench: Bench) -> VendorVoice:
    voice_id, renewed = bench.job.spec.get("voice"), bench.job.spec.get("enrolment")
    async with bench.db.reading() as session:
        # It may have run out since the job was asked for.
        await need_consent(session, bench.job.persona_id, ConsentScope.VOICE)
        rows = select(Enrolment).where(
            Enrolment.voice_id == voice_id,
            Enrolment.provider == bench.provider,
            Enrolment.state == EnrolmentState.LIVE,
            or_(Enrolment.standing.in_(SPEAKING), Enrolment.job_id == bench.job.id, Enrolment.id == renewed),
        )
        enrolment = (await session.scalars(rows.order_by(Enrolment.id.desc()).limit(1))).one_or_none()
    if enrolment is None:
        raise SkipCandidate(f"the voice is not enrolled at {bench.provider}")
    model = file_ref(await bench.asset(enrolment.model_id)) if enrolment.model_id else None
    return VendorVoice(id=enrolment.vendor_voice, model=model, expires_at=enrolment.expires_at)


async def keep_speech(
    bench: Bench, order: Speak, delivery: Delivery, purpose: AssetPurpose, finish: Finish = PLAIN
) -> Kept:
    """Master what was spoken, verify it, store it with its timings and captions, and score it against the voice."""
    with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
        raw = media_path(delivery, Path(scratch) / "raw.wav")
        return await _finished(bench, order, delivery, purpose, finish, raw, delivery.timings, Path(scratch))


async def keep_long_speech(
    bench: Bench, order: Speak, delivery: Delivery, purpose: AssetPurpose, finish: Finish, cut: Sequence[str]
) -> Kept:
    """Keep one part of ``cut``; with the last one, the whole."""
    with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
        raw = media_path(delivery, Path(scratch) / "raw.wav")
        part = await parts.keep_part(bench, cut, raw, delivery, Path(scratch))
        part = replace(part, characters=len(order.script))
        if part.more:
            return part
        joined = Path(scratch) / "joined.wav"
        timings = await parts.joined(bench, part, joined)
        whole = await _finished(bench, order, delivery, purpose, finish, joined, timings, Path(scratch))
    assert whole.whole is not None
    return replace(
        whole, rows=[*part.rows, *whole.rows], result={**part.result, **whole.result}, seconds=part.seconds,
        characters=part.characters, whole=replace(whole.whole, characters=len(finish.script)),
    )  # fmt: skip


async def _finished(
    bench: Bench, order: Speak, delivery: Delivery, purpose: AssetPurpose, finish: Finish, spoken: Path,
    timings: Sequence[Timing], scratch: Path,
) -> Kept:  # fmt: skip
    by_us = _left_to_us(bench, order, delivery)
    effects = replace(finish.effects, **by_us)  # type: ignore[arg-type]
    mastered = scratch / f"speech.{finish.container}"
    probe = await master(bench, spoken, mastered, effects, finish)
    similarity = await _similarity(bench, spoken)
    asset = await bench.media.keep(
        bench.job.account_id, purpose, mastered, CONTENT_TYPES[finish.container], name=mastered.name,
        facts=asdict(probe),
    )  # fmt: skip
    rows: list[Asset] = [asset]
    result: dict[str, Any] = {"asset": asset.id, "similarity": similarity, "done_here": sorted(by_us)}
    timings = paced(timings, effects.speed)
    if timings:
        listed = await bench.media.keep(
            bench.job.account_id, AssetPurpose.EVENTS, orjson.dumps([asdict(t) for t in timings]),
            "application/json", name="timings.json", facts={},
        )  # fmt: skip
        rows.append(listed)
        result["timings"] = listed.id
    if finish.captions:
        written, facts = await caption(bench, finish, spoken, probe.seconds, timings, effects.speed)
        rows += written
        result |= facts
    script = finish.script or order.script
    # Stretching is ours: the vendor bills what it made.
    delivered = probe.seconds * effects.speed
    return Kept(
        rows=rows, result=result, seconds=delivered, characters=len(order.script),
        whole=Measures(probe.seconds, len(script)), honoured=tuple(sorted(by_us)),
    )  # fmt: skip


def _left_to_us(bench: Bench, order: Speak, delivery: Delivery) -> dict[str, float]:
    """Speed and pitch that were asked for and that the provider does not know: they are made here."""
    ignored = set(bench.leg.route["candidates"][bench.leg.candidate].get("ignores", ()))
    wanted = {"speed": order.style.speed, "pitch": order.style.pitch}
    return {name: wanted[name] for name in ignored - set(delivery.honoured_options) if name in wanted}


async def _similarity(bench: Bench, spoken: Path) -> float | None:
    voice_id = bench.job.spec.get("voice")
    if not voice_id or not _wants_trained(bench):
        return None
    known = next((leg.result.get("fingerprint") for leg in bench.legs if leg.result.get("fingerprint")), None)
    if known is None:
        async with bench.db.reading() as session:
            voice = await session.get(Voice, voice_id)
        known = voice.fingerprint if voice else None
    if not known:
        return None
    try:
        heard = await speaker.fingerprint([spoken])
    except MediaRefused:
        # Too little speech to say who it is.
        return None
    return round(speaker.similarity(speaker.Fingerprint(known, 0.0), heard), 4)


def media_path(delivery: Delivery, scratch: Path) -> Path:
    """The delivered media as a file."""
    if isinstance(delivery.media, Path):
        return delivery.media
    if isinstance(delivery.media, bytes):
        scratch.write_bytes(delivery.media)
        return scratch
    raise WorkRefused(
        "PLUGIN_CONTRACT", "The provider delivered no media.", "Tell the operator; nothing was charged."
    )


async def timings_of(bench: Bench, asset_id: str | None) -> tuple[Timing, ...]:
    if asset_id is None:
        return ()
    raw = await bench.media.read(await bench.asset(asset_id))
    return tuple(Timing(**each) for each in orjson.loads(raw))
