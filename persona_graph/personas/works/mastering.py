"""From what was spoken to the finished file: effects, music, loudness, container, captions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from persona_graph.errors import MediaRefused
from persona_graph.jobs.work import Bench, WorkRefused
from persona_graph.media import audio
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.mixing import desk
from persona_graph.media.mixing.effects import DEFAULT_LOUDNESS, NOTHING, Effects
from persona_graph.media.mixing.loops import Loop
from persona_graph.personas.captions import Captions, captions
from persona_graph.provider import Timing


@dataclass(frozen=True)
class Finish:
    """How a speech is to be finished. ``music`` is as the job's spec holds it."""

    script: str = ""
    language: str = "en"
    container: audio.Container = "wav"
    loudness: float = DEFAULT_LOUDNESS
    effects: Effects = NOTHING
    music: Mapping[str, Any] | None = None
    captions: bool = False

    @classmethod
    def of(cls, spec: Mapping[str, Any]) -> Finish:
        return cls(
            spec["script"], spec["language"], spec.get("container", "wav"), spec.get("loudness", DEFAULT_LOUDNESS),
            Effects.of("NONE", spec.get("effects")), spec.get("music"), spec.get("captions", False),
        )  # fmt: skip


PLAIN = Finish()


async def master(bench: Bench, spoken: Path, out: Path, effects: Effects, finish: Finish) -> audio.AudioProbe:
    """Writes the finished file; the answer is measured on it."""
    async with AsyncExitStack() as opened:
        music = await _bed(bench, finish.music, opened) if finish.music else None
        if music is not None or not effects.idle:
            mixed = out.with_name("mixed.wav")
            await desk.mix(spoken, mixed, effects=effects, music=music)
            spoken = mixed
    return await audio.finish_speech(spoken, out, container=finish.container, loudness=finish.loudness)


async def _bed(bench: Bench, music: Mapping[str, Any], opened: AsyncExitStack) -> desk.Bed:
    if music.get("loop"):
        path, seamless = Loop(music["loop"]).path, True
    else:
        try:
            path = await opened.enter_async_context(bench.media.plain(await bench.asset(music["asset"])))
        except MediaRefused as gone:
            raise WorkRefused(
                "MEDIA_ERASED", "The music was deleted meanwhile.", "Upload it again."
            ) from gone
        seamless = False
    return desk.Bed(
        path=path, gain_db=music["gain_db"], duck_db=music["duck_db"], fade_seconds=music["fade_seconds"],
        seamless=seamless,
    )  # fmt: skip


async def caption(
    bench: Bench, finish: Finish, spoken: Path, seconds: float, timings: Sequence[Timing], speed: float
) -> tuple[list[Asset], dict[str, str]]:
    """WebVTT and SRT of the script, and where their times come from. ``timings`` are those of the finished file;
    ``spoken`` is the speech before its effects, where the pauses can be heard."""
    heard = await desk.pauses(spoken)
    silences = [(start / speed, end / speed) for start, end in heard]
    return await keep_captions(bench, captions(finish.script, finish.language, seconds, timings, silences))


async def keep_captions(bench: Bench, made: Captions) -> tuple[list[Asset], dict[str, str]]:
    rows: list[Asset] = []
    facts = {"timing_source": made.source.value}
    for form, text, content_type in (("vtt", made.vtt(), "text/vtt"), ("srt", made.srt(), "text/srt")):
        row = await bench.media.keep(
            bench.job.account_id, AssetPurpose.CAPTIONS, text.encode(), content_type, name=f"captions.{form}",
            facts={"timing_source": made.source.value},
        )  # fmt: skip
        rows.append(row)
        facts[form] = row.id
    return rows, facts


def paced(timings: Sequence[Timing], speed: float) -> Sequence[Timing]:
    if speed == 1:
        return timings
    return [replace(each, start=each.start / speed, end=each.end / speed) for each in timings]
