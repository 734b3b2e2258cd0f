"""Speech, avatar proofs and videos: the jobs whose subject is something to play."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from persona_graph.db import Writing, utcnow
from persona_graph.jobs.scrub import scrub_results
from persona_graph.jobs.states import JobState
from persona_graph.jobs.tables import Job, Leg, LegState
from persona_graph.jobs.work import Bench, Kept
from persona_graph.media.assets import AssetPurpose
from persona_graph.personas.erasure import drop_media, erase_asset
from persona_graph.personas.pronouncing import Expression
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import Avatar, AvatarStatus, Output
from persona_graph.personas.works.mastering import Finish
from persona_graph.personas.works.outcomes import settings_report
from persona_graph.personas.works.parts import (
    WHILE_SPEAKING,
    next_piece,
    piece_at_hand,
    pieces,
    scrap,
)
from persona_graph.personas.works.saying import Saying
from persona_graph.personas.works.speaking import SpeakingWork
from persona_graph.personas.works.speech_leg import keep_long_speech, keep_speech, speech_order
from persona_graph.personas.works.video_leg import keep_video, video_order
from persona_graph.personas.works.wording import worded
from persona_graph.provider import Animate, Delivery, Order, Speak


class ContentWork(SpeakingWork):
    """Speech first, then, where the job has such a leg, the video of it."""

    speech_purpose = AssetPurpose.SPEECH
    video_purpose = AssetPurpose.VIDEO

    async def order(self, bench: Bench) -> Order:
        if bench.leg.name == "SPEECH":
            spec = bench.job.spec
            script = await next_piece(bench, self._pieces(bench))
            order = await speech_order(bench, script, spec["language"], spec.get("style"))
            return self._saying(bench).told(order)
        return await video_order(bench)

    async def keep(self, bench: Bench, order: Order, delivery: Delivery) -> Kept:
        if isinstance(order, Speak):
            finish, cut = Finish.of(bench.job.spec), self._pieces(bench)
            saying, piece = self._saying(bench), piece_at_hand(bench, cut)
            delivery = saying.heard(piece, delivery)
            said = saying.report(piece, delivery, bench.leg.result if len(cut) > 1 else {})
            if len(cut) > 1:
                kept = await keep_long_speech(bench, order, delivery, self.speech_purpose, finish, cut)
            else:
                kept = await keep_speech(bench, order, delivery, self.speech_purpose, finish)
            kept = replace(kept, result={**kept.result, **said})
            if kept.more or self.speech_purpose is not AssetPurpose.SPEECH:
                return kept
            return replace(kept, result={**kept.result, **await worded(bench, bench.job.spec.get("written"))})
        assert isinstance(order, Animate)
        return await keep_video(bench, order, delivery, self.video_purpose)

    def _pieces(self, bench: Bench) -> list[str]:
        spec = bench.job.spec
        sent = self._saying(bench).sent
        return pieces(bench, self.personas.catalog, spec["script"], spec["language"], sent)

    def _saying(self, bench: Bench) -> Saying:
        return Saying.of(bench, self.personas.catalog)

    async def leg_settled(self, session: Writing, job: Job, leg: Leg, delivery: Delivery) -> None:
        """The parts of a long speech are in the whole now."""
        for asset_id in scrap(leg.result):
            await erase_asset(self.personas, session, asset_id)
        leg.result = {name: value for name, value in leg.result.items() if name not in WHILE_SPEAKING}

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        output = await session.get(Output, job.subject_id)
        gone = output is None or output.deleted_at is not None
        if output is None or gone or state != JobState.SUCCEEDED:
            await drop_results(self.personas, session, job)
            if gone:
                scrub_results(job)
            return
        # Those of the draft that this is instead of.
        await drop_media(self.personas, session, output)
        done = {leg.name: leg for leg in job.legs if leg.state == LegState.DONE}
        await drop_results(
            self.personas, session, job, of=[leg for leg in job.legs if leg.state != LegState.DONE]
        )
        spoken, video = done.get("SPEECH"), done.get("VIDEO")
        last = video or spoken
        shown = last.result if last else {}
        output.asset_id, output.seconds = shown.get("asset"), shown.get("seconds")
        output.avatar_id = job.spec.get("avatar") if video else None
        output.draft = bool(job.spec.get("draft"))
        if spoken is not None:
            output.speech_id = spoken.result["asset"] if video else None
            output.timings_id = spoken.result.get("timings")
            output.music = _credit(job.spec.get("music"))
            output.similarity = spoken.result.get("similarity")
            output.style_score = spoken.result.get("style_score")
            output.voice_id = job.spec.get("voice") if _own_voice(spoken) else None
            output.pronunciations = _pronunciations(spoken)
        output.settings = settings_report(job)
        output.timing_source = shown.get("timing_source")
        output.vtt_id, output.srt_id, output.poster_id = (
            shown.get("vtt"),
            shown.get("srt"),
            shown.get("poster"),
        )
        output.served = [_served(leg) for leg in done.values()]
        if any(leg.candidate for leg in job.legs):
            # Somebody else stood in: who asks again should get the one that was meant.
            output.reuse_key = None
        output.price = job.settled
        costs = (leg.cost for leg in job.legs if leg.cost is not None)
        output.cost = sum(costs, start=output.cost or job.settled * 0)
        output.ready_at = utcnow()


class AvatarWork(ContentWork):
    speech_purpose = AssetPurpose.PREVIEW
    video_purpose = AssetPurpose.PREVIEW

    async def settled(self, session: Writing, job: Job, state: JobState) -> None:
        avatar = await session.get_one(Avatar, job.subject_id)
        if state == JobState.SUCCEEDED and avatar.deleted_at is None:
            avatar.status, avatar.ready_at = AvatarStatus.READY, utcnow()
            avatar.preview_id = job.legs[-1].result["asset"]
            await drop_results(self.personas, session, job, spare=avatar.preview_id)
        else:
            avatar.status = AvatarStatus.FAILED
            await drop_results(self.personas, session, job)
            if avatar.deleted_at is not None:
                scrub_results(job)


async def drop_results(
    personas: Personas, session: Writing, job: Job, spare: str | None = None, of: Sequence[Leg] | None = None
) -> None:
    """Media of legs that nobody will ever ask for."""
    for leg in job.legs if of is None else of:
        made = [leg.result.get(name) for name in ("asset", "timings", "vtt", "srt", "poster")]
        for asset_id in (*made, *scrap(leg.result)):
            if asset_id not in (None, spare):
                await erase_asset(personas, session, asset_id)


def _credit(music: dict[str, Any] | None) -> dict[str, Any] | None:
    return {name: music[name] for name in ("title", "licence")} if music else None


def _pronunciations(spoken: Leg) -> list[dict[str, Any]]:
    provider = spoken.result.get("provider")
    return [
        {**each, "provider": provider if each["expression"] == Expression.BY_PROVIDER else None}
        for each in spoken.result.get("pronunciations", ())
    ]


def _own_voice(leg: Leg) -> bool:
    return bool(leg.route["candidates"][leg.candidate].get("own_voice"))


def _served(leg: Leg) -> dict[str, object]:
    return {
        "leg": leg.name,
        "capability": leg.capability,
        "provider": leg.result["provider"],
        "offer": leg.result["offer"],
        "fidelity": leg.result.get("fidelity"),
        "honoured": leg.result.get("honoured", []),
    }
