"""Draft first: made for nothing, looked at, then made for real under the same id (issue 5)."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from persona_graph.db import settled_writing
from persona_graph.errors import (
    IdempotencyMismatch,
    NoProvider,
    NotFound,
    SpendRefused,
    UserFault,
    WrongState,
)
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset
from persona_graph.personas import drafts, outputs
from persona_graph.personas.outputs import SpeechWish, VideoWish
from persona_graph.personas.ratings import Counted, rate_output, record_engagement
from persona_graph.personas.sound import SoundWish
from persona_graph.personas.tables import Output, Platform, VoicePolicy
from persona_graph.personas.voices import Submitted
from persona_graph.provider import Delivery, OrderRejected, Progress, Timing
from tests.jobs.conftest import Opening
from tests.jobs.house import SCRIPT, House
from tests.jobs.scripted import TICKET, Scripted, speaker, video_offer
from tests.jobs.test_finished_speech import HEARD
from tests.jobs.test_long_scripts import SCRIPT as LONG
from tests.jobs.test_long_scripts import lived_in

ZERO = Decimal(0)
STOCK = VoicePolicy.ALLOW_STOCK_VOICE
ROUGH = Delivery(media=b"rough", content_type="audio/wav")
PAID = Delivery(media=b"paid for", content_type="audio/wav", billed_cost=Decimal("0.02"))


def paid(**script: Any) -> Scripted:
    """First in the tier's order, and bills."""
    return speaker("minimax", **{"start": [PAID, ...], **script})


def free(**script: Any) -> Scripted:
    """Last in the tier's order."""
    return speaker("local-voice", cost="0", **{"start": [ROUGH, ...], **script})


async def draft(house: House, script: str = SCRIPT, **more: Any) -> Job:
    wish = SpeechWish(house.persona.id, script, draft=True, **{"voice_policy": STOCK, **more})
    request = Request("generateSpeech", {"script": script}, Paid())
    made = await outputs.generate_speech(house.personas, house.viewer, wish, request)
    assert made.job is not None
    return made.job


async def promote(house: House, output_id: str, **more: Any) -> Submitted:
    request = Request("promoteOutput", {"output_id": output_id}, Paid(**more))
    answer: Submitted = await settled_writing(
        lambda: drafts.promote_output(house.personas, house.viewer, output_id, request)
    )
    return answer


async def promoted(house: House, output_id: str) -> Job:
    job = (await promote(house, output_id)).job
    assert job is not None
    return await house.finish(job)


async def kept(house: House, asset_id: str | None) -> tuple[str, bytes]:
    async with house.db.reading() as session:
        asset = await session.get_one(Asset, asset_id)
    return str(asset.state), await house.personas.media.read(asset) if asset.state == "READY" else b""


async def test_a_draft_is_for_nothing_and_becomes_the_real_thing(each_opening: Opening) -> None:
    minimax, local = paid(), free()
    house = await each_opening(minimax, local)
    job = await house.finish(await draft(house))
    await house.sound(job)
    rough = await house.output(job)
    assert rough.draft and rough.price == rough.cost == ZERO and rough.ready_at is not None
    assert rough.served[0]["provider"] == "local-voice" and rough.served[0]["fidelity"] == "STOCK"
    assert (await house.postings(job))["SETTLE"] == ZERO and minimax.calls("start") == 0
    assert await kept(house, rough.asset_id) == ("READY", b"rough")

    before = await house.rows()
    quoted = (await promote(house, rough.id, dry_run=True)).plan
    assert quoted is not None and quoted.price_ceiling > 0 and await house.rows() == before
    with pytest.raises(SpendRefused):
        await promote(house, rough.id, max_price=Decimal("0.00001"))

    answer = await promote(house, rough.id, idempotency_key="k")
    assert answer.subject_id == rough.id and answer.job is not None
    meanwhile = await house.output(answer.job)
    assert meanwhile.draft and meanwhile.asset_id == rough.asset_id
    real = await house.sound(await house.finish(answer.job))
    output = await house.output(real)
    assert output.id == rough.id and not output.draft and output.job_id == real.id
    assert output.served[0]["provider"] == "minimax" and output.cost == Decimal("0.02")
    assert output.price == real.settled == (await house.postings(real))["SETTLE"] > 0
    assert await kept(house, output.asset_id) == ("READY", b"paid for")
    assert await kept(house, rough.asset_id) == ("ERASED", b"")
    assert output.created_at == rough.created_at

    again = await promote(house, rough.id, idempotency_key="k")
    assert again.job is not None and again.job.id == real.id
    with pytest.raises(WrongState) as refused:
        await promote(house, rough.id)
    assert refused.value.code == "NOT_A_DRAFT"


async def code_of(house: House, output_id: str) -> str:
    with pytest.raises(UserFault) as refused:
        await promote(house, output_id)
    assert refused.value.path == ("outputId",) and refused.value.fix
    return refused.value.code


async def test_what_cannot_be_promoted_says_why(opening: Opening) -> None:
    house = await opening(paid(), free(start=[TICKET, ROUGH, ...], check=[Progress(0.5), ...]))
    running = await draft(house)
    await house.advance(running)
    assert await code_of(house, running.subject_id) == "NOT_READY"
    plain = await house.finish(await house.speak())
    assert await code_of(house, plain.subject_id) == "NOT_A_DRAFT"
    done = await house.finish(await draft(house))
    await promote(house, done.subject_id)
    assert await code_of(house, done.subject_id) == "ALREADY_DECIDED"
    gone = await house.finish(await draft(house))
    await outputs.delete_output(house.personas, house.viewer, gone.subject_id)
    assert await code_of(house, gone.subject_id) == "NOT_FOUND"
    other = await house.neighbour()
    with pytest.raises(NotFound):
        await promote(other, done.subject_id)


async def test_promoted_at_once_by_many_it_is_paid_once(each_opening: Opening) -> None:
    """G18: 12 at once with one key, and then 12 without."""
    minimax = paid()
    house = await each_opening(minimax, free())
    job = await house.finish(await draft(house))
    answers = await asyncio.gather(*(promote(house, job.subject_id, idempotency_key="k") for _ in range(12)))
    assert len({answer.job.id for answer in answers if answer.job}) == 1
    more = await asyncio.gather(*(promote(house, job.subject_id) for _ in range(12)), return_exceptions=True)
    assert {type(answer) for answer in more} == {WrongState}
    assert answers[0].job is not None
    await house.finish(answers[0].job)
    assert minimax.calls("start") == 1 and len(await house.holds()) == 0
    with pytest.raises(IdempotencyMismatch):
        await promote(house, (await draft(house)).subject_id, idempotency_key="k")


@pytest.mark.parametrize("ending", ["FAILED", "CANCELLED"])
async def test_a_promotion_that_comes_to_nothing_leaves_the_draft(opening: Opening, ending: str) -> None:
    minimax = paid(start=[OrderRejected("no"), PAID, ...])
    house = await opening(minimax, free())
    job = await house.finish(await draft(house))
    if ending == "FAILED":
        first = await promoted(house, job.subject_id)
    else:
        answer = await promote(house, job.subject_id)
        assert answer.job is not None
        first = await house.cancel(answer.job)
        minimax.answers["start"].pop(0)
    assert first.state == ending and (await house.postings(first)).get("SETTLE") is None
    output = await house.output(job)
    assert output.draft and output.price == ZERO and await kept(house, output.asset_id) == ("READY", b"rough")
    assert (await promoted(house, job.subject_id)).state == "SUCCEEDED"
    assert not (await house.output(job)).draft


async def test_a_deleted_draft_takes_its_promotion_with_it(opening: Opening) -> None:
    """S5."""
    house = await opening(paid(start=[TICKET], check=[Progress(0.5), ...]), free())
    job = await house.finish(await draft(house))
    answer = await promote(house, job.subject_id)
    assert answer.job is not None
    await house.advance(answer.job)
    asset_id = (await house.output(job)).asset_id
    await outputs.delete_output(house.personas, house.viewer, job.subject_id)
    assert (await house.finish(answer.job)).state == "CANCELLED"
    assert await kept(house, asset_id) == ("ERASED", b"")
    for each in (job, answer.job):
        assert (await house.job(each)).spec == {}


async def test_a_draft_is_never_given_for_the_real_thing(opening: Opening) -> None:
    """Nor a rating asked for it, nor a video made of it that is not a draft itself."""
    minimax = paid()
    house = await opening(minimax, free(), Scripted("studio", video_offer(cost="0"), start=[PAID, ...]))
    await house._portrait()
    job = await house.finish(await draft(house))
    wish = SpeechWish(house.persona.id, SCRIPT, voice_policy=STOCK, reuse=True)
    request = Request("generateSpeech", {}, Paid())
    fresh = await outputs.generate_speech(house.personas, house.viewer, wish, request)
    assert fresh.job is not None
    assert (await house.output(fresh.job)).reused_from is None

    film = VideoWish(house.persona.id, speech_output_id=job.subject_id, voice_policy=STOCK)
    with pytest.raises(WrongState) as refused:
        await outputs.generate_video(house.personas, house.viewer, film, Request("generateVideo", {}, Paid()))
    assert refused.value.code == "IS_DRAFT"
    with pytest.raises(WrongState) as refused:
        await rate_output(house.personas, house.viewer, job.subject_id, 5, "")
    assert refused.value.code == "IS_DRAFT"
    with pytest.raises(WrongState) as refused:
        await record_engagement(house.personas, house.viewer, job.subject_id, Platform.X, Counted(1), None)
    assert refused.value.code == "IS_DRAFT"

    rough = VideoWish(house.persona.id, speech_output_id=job.subject_id, draft=True, voice_policy=STOCK)
    made = await outputs.generate_video(
        house.personas, house.viewer, rough, Request("generateVideo", {}, Paid())
    )
    assert made.job is not None
    shown = await house.output(await house.finish(made.job))
    assert shown.draft and shown.price == ZERO
    with pytest.raises(WrongState) as refused:
        await promote(house, shown.id)
    assert refused.value.code == "IS_DRAFT"
    await promoted(house, job.subject_id)
    assert (await promoted(house, shown.id)).state == "SUCCEEDED"
    assert not (await house.output(made.job)).draft


async def test_who_speaks_is_decided_anew(opening: Opening) -> None:
    """Rows 77, 184: a draft may have a stock voice, what it is promoted to only where that was asked for."""
    house = await opening(paid(), free())
    job = await house.finish(await draft(house, voice_policy=VoicePolicy.PERSONA_VOICE))
    assert (await house.output(job)).served[0]["fidelity"] == "STOCK"
    with pytest.raises(WrongState) as refused:
        await promote(house, job.subject_id)
    assert refused.value.code == "NOT_READY" and (await house.output(job)).draft


async def test_who_bills_makes_no_drafts(opening: Opening) -> None:
    house = await opening(paid())
    with pytest.raises(NoProvider) as refused:
        await draft(house)
    assert any("for nothing" in why for why in refused.value.refusals)
    async with house.db.reading() as session:
        assert await session.scalar(select(func.count()).select_from(Output)) == 0


async def test_timings_are_made_anew(tmp_path: Path, redis_url: str) -> None:
    """Those of the draft were of another voice: files and times are replaced together."""
    words = tuple(Timing("word", word, 0.1 * n, 0.1 * n + 0.08) for n, word in enumerate(LONG.split()))
    timed = Delivery(media=HEARD.media, content_type="audio/wav", timings=words)
    async with lived_in(tmp_path, redis_url, paid(start=[timed]), free(start=[HEARD])) as house:
        job = await house.finish(await draft(house, LONG, sound=SoundWish(captions=True)))
        rough = await house.output(job)
        assert rough.timing_source == "ESTIMATED" and rough.timings_id is None
        await promoted(house, rough.id)
        real = await house.output(job)
        assert real.timing_source == "REPORTED" and real.timings_id is not None
        for old, new in ((rough.vtt_id, real.vtt_id), (rough.srt_id, real.srt_id)):
            assert (await kept(house, old))[0] == "ERASED" and (await kept(house, new))[0] == "READY"
