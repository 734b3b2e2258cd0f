"""A talking-video leg: the portrait and the speech go out, a verified MP4 comes back."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

from persona_graph.jobs.work import Bench, Kept, WorkRefused
from persona_graph.media import video
from persona_graph.media.assets import AssetPurpose
from persona_graph.personas.tables import Avatar
from persona_graph.personas.works.speech_leg import file_ref, media_path, timings_of
from persona_graph.provider import Animate, Delivery

SYNC_SECONDS = 0.04
LENGTH_SECONDS = 0.5


async def video_order(bench: Bench) -> Animate:
    spec = bench.job.spec
    async with bench.db.reading() as session:
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
    """Verify streams and lengths of the finished file, then store it."""
    with tempfile.TemporaryDirectory(prefix="persona-graph-") as scratch:
        path = media_path(delivery, Path(scratch) / "raw.mp4")
        probe = await video.probe_video(path)
        wanted = order.speech.seconds or probe.seconds
        if probe.audio_seconds is None or abs(probe.seconds - wanted) > LENGTH_SECONDS:
            raise WorkRefused(
                "MEDIA_DAMAGED", f"The provider's video is {probe.seconds:.2f} s, the speech {wanted:.2f} s.",
                "Ask again; nothing was charged.",
            )  # fmt: skip
        asset = await bench.media.keep(
            bench.job.account_id, purpose, path, "video/mp4", name="video.mp4", facts=asdict(probe)
        )
    return Kept(rows=[asset], result={"asset": asset.id}, seconds=probe.seconds)
