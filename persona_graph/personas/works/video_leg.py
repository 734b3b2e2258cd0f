"""A talking-video leg: the portrait and the speech go out, a verified MP4 comes back."""

from __future__ import annotations

import contextlib
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

from persona_graph.errors import MediaRefused
from persona_graph.jobs.work import Bench, Kept, WorkRefused
from persona_graph.media import video
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.mixing import desk
from persona_graph.personas.captions import Captions, captions
from persona_graph.personas.consents import need_consent
from persona_graph.personas.tables import Avatar, ConsentScope
from persona_graph.personas.works.mastering import keep_captions
from persona_graph.personas.works.speech_leg import file_ref, media_path, timings_of
from persona_graph.provider import Animate, Delivery

LENGTH_SECONDS = 0.5
_ISO = dict(
    pair.split("=") for pair in ["en=eng", "de=deu", "fr=fra", "es=spa", "it=ita", "pt=por", "nl=nld", "pl=pol", "cs=ces", "sv=swe", "da=dan", "nb=nob", "no=nor", "fi=fin", "el=ell", "ru=rus", "uk=ukr", "tr=tur", "ar=ara", "he=heb", "hi=hin", "ja=jpn", "ko=kor", "zh=zho", "vi=vie", "id=ind", "ro=ron", "hu=hun"]
)  # fmt: skip


async def video_order(bench: Bench) -> Animate:
    spec = bench.job.spec
    async with bench.db.reading() as session:
        await need_consent(session, bench.job.persona_id, ConsentScope.LIKENESS)
        avatar = await session.get(Avatar, spec["avatar"])
    if avatar is None or avatar.portrait_id is None:
        raise WorkRefused("MEDIA_ERASED", "The avatar was deleted meanwhile.", "Make a new one.")
    spoken = next((leg.result for leg in bench.legs if leg.name == "SPEECH"), None)
    speech_id = spoken["asset"] if spoken else spec["speech"]
    timings_id = spoken.get("timings") if spoken else spec.get("timings")
    return Animate(
        portrait=file_ref(await bench.asset(avatar.portrait_id)),
        speech=file_ref(await bench.asset(speech_id)),
        resolution=spec["resolution"],
        aspect=spec["aspect"],
        prompt=spec.get("prompt", ""),
        timings=await timings_of(bench, timings_id),
    )


async def keep_video(bench: Bench, order: Animate, delivery: Delivery, purpose: AssetPurpose) -> Kept:
    """Verify streams and lengths of what came, finish it, verify that, and store it with poster and captions."""
    with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
        folder = Path(scratch)
        path = media_path(delivery, folder / "raw.mp4")
        probe = await video.probe_video(path)
        wanted = order.speech.seconds or probe.seconds
        if probe.audio_seconds is None or abs(probe.seconds - wanted) > LENGTH_SECONDS:
            raise _unusable(f"The provider's video is {probe.seconds:.2f} s, the speech {wanted:.2f} s.")
        rows: list[Asset] = []
        result: dict[str, Any] = {}
        mode = bench.job.spec.get("captions_shown")
        shown = await _captions(bench, order) if mode else None
        poster = folder / "poster.jpg"
        path, probe = await _dressed(path, probe, folder, poster, shown, mode, _iso(bench))
        asset = await bench.media.keep(
            bench.job.account_id, purpose, path, "video/mp4", name="video.mp4", facts=asdict(probe)
        )
        if purpose is AssetPurpose.VIDEO:
            # A picture too small for a poster is no reason to throw the video away.
            with contextlib.suppress(MediaRefused):
                still = await bench.media.keep(
                    bench.job.account_id,
                    AssetPurpose.POSTER,
                    poster,
                    "image/jpeg",
                    name="poster.jpg",
                    facts={},
                )
                rows.append(still)
                result["poster"] = still.id
        if shown is not None:
            written, facts = await keep_captions(bench, shown)
            rows += written
            result |= facts
    return Kept(rows=[asset, *rows], result={"asset": asset.id, **result}, seconds=probe.seconds)


async def _dressed(
    path: Path, probe: video.VideoProbe, folder: Path, poster: Path, shown: Captions | None, mode: str | None,
    language: str,
) -> tuple[Path, video.VideoProbe]:  # fmt: skip
    """Only what has to change is changed; what was changed is probed again."""
    track = burned = None
    if shown is not None and mode == "BURNED":
        burned = folder / "captions.ass"
        burned.write_text(shown.ass(probe.width, probe.height), encoding="utf-8")
    elif shown is not None:
        track = folder / "captions.srt"
        track.write_text(shown.srt(), encoding="utf-8")
    whole = probe.faststart and abs(probe.seconds - (probe.audio_seconds or 0.0)) <= video.SYNC_SECONDS
    out = None if whole and not (track or burned) else folder / "finished.mp4"
    await video.dress_video(
        path, probe, out=out, poster=poster, track=track, burned=burned, language=language
    )
    if out is None:
        return path, probe
    again = await video.probe_video(out)
    apart = abs(again.seconds - (again.audio_seconds or 0.0))
    if apart > video.SYNC_SECONDS or not again.faststart:
        raise _unusable(f"Sound and pictures of the provider's video end {apart:.2f} s apart.")
    return out, again


def _iso(bench: Bench) -> str:
    """MP4 names the language of a track by three letters."""
    return _ISO.get(str(bench.job.spec.get("language", "")).split("-")[0].lower(), "und")


async def _captions(bench: Bench, order: Animate) -> Captions:
    async with bench.media.plain(await bench.asset(order.speech.id)) as spoken:
        silences = await desk.pauses(spoken)
    spec = bench.job.spec
    return captions(spec["script"], spec["language"], order.speech.seconds or 0.0, order.timings, silences)


def _unusable(message: str) -> WorkRefused:
    return WorkRefused("MEDIA_DAMAGED", message, "Ask again; nothing was charged.")
