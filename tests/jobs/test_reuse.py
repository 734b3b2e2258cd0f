"""An identical request is answered with what is there, for nothing; anything else is made anew (issue 5, Reuse)."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import select

from persona_graph.accounts.accounts import hold_account
from persona_graph.catalog.registry import Catalog, Plugin
from persona_graph.db import settled_writing
from persona_graph.errors import ConsentRequired
from persona_graph.jobs.submit import Paid, Request, plan_legs
from persona_graph.jobs.tables import Job
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.mixing.effects import Equaliser, Preset
from persona_graph.media.mixing.loops import Loop
from persona_graph.personas import outputs, reuse
from persona_graph.personas.commissions import (
    checked_speech,
    checked_video,
    commission_speech,
    commission_video,
)
from persona_graph.personas.consents import withdraw_consent
from persona_graph.personas.sound import CaptionMode, MusicWish, SoundWish
from persona_graph.personas.tables import (
    Approval,
    Avatar,
    Consent,
    ConsentScope,
    ContentType,
    Enrolment,
    Output,
    Persona,
    Platform,
    TrainingStatus,
    Voice,
    VoicePolicy,
)
from persona_graph.personas.voices import Submitted
from persona_graph.personas.wishes import SpeechWish, VideoWish, Wish, speech_wish, video_wish, wish_json
from persona_graph.provider import (
    Capability,
    Fidelity,
    Offer,
    OrderRejected,
    PaymentSafety,
    ProviderUnavailable,
)
from tests.jobs.conftest import Opening
from tests.jobs.house import SCRIPT, House
from tests.jobs.scripted import DELIVERY, Scripted, speaker, video_offer

STOCK = VoicePolicy.ALLOW_STOCK_VOICE
ZERO = Decimal(0)


async def submitted(house: House, wish: Wish, **paid: Any) -> Submitted:
    make: Any = outputs.generate_speech if isinstance(wish, SpeechWish) else outputs.generate_video
    name = "generateSpeech" if isinstance(wish, SpeechWish) else "generateVideo"
    request = Request(name, wish_json(wish), Paid(**paid))
    answer: Submitted = await settled_writing(lambda: make(house.personas, house.viewer, wish, request))
    return answer


async def ask(house: House, script: str = SCRIPT, **more: Any) -> Job:
    """Asked and, unless it had ended at once, brought to its end."""
    wish = SpeechWish(house.persona.id, script, **{"voice_policy": STOCK, "reuse": True, **more})
    job = (await submitted(house, wish)).job
    assert job is not None
    return await house.finish(job)


async def test_an_identical_request_costs_nothing_and_is_there_at_once(each_opening: Opening) -> None:
    toy = speaker(start=[DELIVERY])
    house = await each_opening(toy)
    first = await ask(house)
    wish = SpeechWish(house.persona.id, SCRIPT, voice_policy=STOCK, reuse=True)
    quoted = (await submitted(house, wish, dry_run=True)).plan
    assert quoted is not None and quoted.price_ceiling == ZERO
    assert {each.price for leg in quoted.legs for each in leg.route.candidates} == {ZERO}
    answer = await submitted(house, wish, max_price=ZERO, idempotency_key="k")
    job = answer.job
    assert job is not None and job.state == "SUCCEEDED"
    job = await house.sound(job)
    made, again = await house.output(first), await house.output(job)
    assert (again.reused_from, again.asset_id, again.price, again.cost) == (
        made.id,
        made.asset_id,
        ZERO,
        ZERO,
    )
    assert again.ready_at is not None and again.seconds == made.seconds and again.served == made.served
    assert toy.calls("start") == 1
    assert await house.postings(job) == {"RESERVE": ZERO, "RELEASE": ZERO, "SETTLE": ZERO}
    assert [event.snapshot["state"] for event in await house.events(job)] == ["QUEUED", "SUCCEEDED"]
    repeat = await submitted(house, wish, idempotency_key="k")
    assert repeat.job is not None and repeat.job.id == job.id


async def test_who_opts_out_gets_it_made_anew(opening: Opening) -> None:
    toy = speaker(start=[DELIVERY, ...])
    house = await opening(toy)
    await ask(house)
    job = await ask(house, reuse=False)
    assert (await house.output(job)).reused_from is None and toy.calls("start") == 2
    assert (await house.postings(job))["SETTLE"] > 0
    # What is given again is the latest.
    assert (await house.output(await ask(house))).reused_from == job.subject_id


async def test_u24_never_what_another_account_made(each_opening: Opening) -> None:
    """U24: the same words asked by a neighbour are made, and paid for, by the neighbour."""
    toy = speaker(start=[DELIVERY, ...])
    house = await each_opening(toy)
    first = await ask(house)
    other = await house.neighbour()
    job = await ask(other)
    assert (await house.output(job)).reused_from is None and toy.calls("start") == 2
    assert (await house.postings(job))["SETTLE"] == (await house.postings(first))["SETTLE"] > 0
    # Nor if the keys were the same.
    async with house.db.writing() as session:
        stolen = (await session.get_one(Output, first.subject_id)).reuse_key
        (await session.get_one(Output, job.subject_id)).reuse_key = stolen
    async with house.db.reading() as session:
        found = await reuse.find_stored(session, other.account.id, stolen)
    assert found is not None and found[0].id == job.subject_id


async def test_what_failed_or_was_deleted_is_not_given(opening: Opening) -> None:
    toy = speaker(start=[OrderRejected("no"), DELIVERY, ...])
    house = await opening(toy)
    assert (await ask(house)).state == "FAILED"
    job = await ask(house)
    assert job.state == "SUCCEEDED" and toy.calls("start") == 2
    await outputs.delete_output(house.personas, house.viewer, job.subject_id)
    assert (await house.output(job)).reuse_key is None
    assert (await house.output(await ask(house))).reused_from is None and toy.calls("start") == 3


async def test_what_a_stand_in_made_is_not_given(opening: Opening) -> None:
    """A cheaper or other engine served in need: who asks again gets the one that is meant."""
    away = speaker("alpha", cost="0", start=[ProviderUnavailable("gone"), ...])
    house = await opening(away, speaker("beta", start=[DELIVERY, ...]))
    job = await ask(house)
    assert job.state == "SUCCEEDED" and job.legs[0].candidate == 1
    assert (await house.output(job)).reuse_key is None


async def state_of(house: House, asset_id: str | None) -> str:
    async with house.db.reading() as session:
        return str((await session.get_one(Asset, asset_id)).state)


async def deleted(house: House, output_id: str) -> None:
    await settled_writing(lambda: outputs.delete_output(house.personas, house.viewer, output_id))


async def test_shared_files_go_with_the_last(each_opening: Opening) -> None:
    house = await each_opening(speaker(start=[DELIVERY]))
    first, second = await ask(house), await ask(house)
    asset_id = (await house.output(first)).asset_id
    await outputs.delete_output(house.personas, house.viewer, first.subject_id)
    assert await state_of(house, asset_id) == "READY"
    kept = await house.output(second)
    assert kept.asset_id == asset_id
    async with house.db.reading() as session:
        assert await house.personas.media.read(await session.get_one(Asset, asset_id)) == b"12"
    third = await ask(house)
    assert (await house.output(third)).reused_from == second.subject_id
    await asyncio.gather(*(deleted(house, id) for id in (second.subject_id, third.subject_id)))
    assert await state_of(house, asset_id) == "ERASED"


# -- The key -----------------------------------------------------------------------------------------


def own_speaker(id: str = "clone") -> Scripted:
    offer = Offer(
        id="own", capability=Capability.SPEECH, uses_trained_voice=True, fidelity=Fidelity.CLONE,
        payment_safety=PaymentSafety.KEYED,
    )  # fmt: skip
    return Scripted(id, offer, start=[DELIVERY, ...])


async def own_voice(house: House) -> tuple[Voice, Consent]:
    """A voice in use at the provider ``clone``."""
    async with house.db.writing() as session:
        voice = Voice(
            account_id=house.account.id,
            persona_id=house.persona.id,
            name="v",
            language="en",
            status=TrainingStatus.READY,
            approval=Approval.APPROVED,
        )
        consent = Consent(
            account_id=house.account.id,
            persona_id=house.persona.id,
            scope=ConsentScope.VOICE,
            subject="me",
            statement="yes",
            statement_version="1",
            granted_by="test",
        )
        session.add_all([voice, consent])
        await session.flush()
        session.add(
            Enrolment(voice_id=voice.id, account_id=house.account.id, provider="clone", vendor_voice="x")
        )
        (await session.get_one(Persona, house.persona.id)).voice_id = voice.id
    return voice, consent  # fmt: skip


async def key_of(house: House, wish: Wish) -> str | None:
    async with house.db.writing() as session:
        account = await hold_account(session, house.account.id)
        persona = await session.get_one(Persona, wish.persona_id)
        rest = (house.personas, session, house.viewer, account, persona)
        if isinstance(wish, SpeechWish):
            made = await commission_speech(*rest, checked_speech(house.personas, wish))
        else:
            made = await commission_video(*rest, checked_video(house.personas, wish))
        plan = plan_legs(house.jobs, account.tier, made.legs)
        return await reuse.reuse_key(house.personas, session, account.id, made, plan)


MUSIC = MusicWish(loop=Loop.CALM)
LOUD = SoundWish(preset=Preset.NARRATION, amounts={"reverb": 0.2}, music=MUSIC)


def sounding(**change: Any) -> SoundWish:
    return replace(LOUD, **change)


# For each field of a wish another value than the base has. ``...`` stands for what only the house knows.
MUSICS: dict[str, Any] = {
    "asset_id": ..., "loop": Loop.BRIGHT, "licence": ..., "gain_db": -13.0, "duck_db": 11.0, "fade_seconds": 2.0,
}  # fmt: skip
SOUNDS: dict[str, Any] = {
    "preset": Preset.HALL, "amounts": {"reverb": 0.3}, "music": None, "captions": True,
}  # fmt: skip
SPEECHES: dict[str, Any] = {
    "persona_id": ..., "script": SCRIPT + " ", "platform": Platform.PODCAST, "language": "de", "container": "mp3",
    "emotion": "happy", "speed": 1.01, "pitch": 0.5, "voice_policy": VoicePolicy.PERSONA_VOICE, "sound": ...,
    "content_type": ContentType.EMAIL, "draft": True, "reuse": True,
    "persona_voice": False,
}  # fmt: skip
VIDEOS: dict[str, Any] = {
    "persona_id": ..., "script": "Another text.", "speech_output_id": ..., "platform": Platform.YOUTUBE,
    "language": "de", "resolution": "720p", "aspect": "9:16", "prompt": "in a hat",
    "voice_policy": VoicePolicy.PERSONA_VOICE, "captions": CaptionMode.TRACK,
    "content_type": ContentType.VIDEO_MESSAGE, "draft": True, "reuse": True,
    "persona_voice": False, "emotion": "happy", "speed": 1.01, "pitch": 0.5,
}  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "values"),
    [(SpeechWish, SPEECHES), (VideoWish, VIDEOS), (SoundWish, SOUNDS), (MusicWish, MUSICS)],
    ids=["SpeechWish", "VideoWish", "SoundWish", "MusicWish"],
)
def test_every_field_of_a_wish_is_tried(kind: type[Any], values: dict[str, Any]) -> None:
    """Who adds an option says here what another value of it is."""
    assert set(values) == {field.name for field in dataclasses.fields(kind)}


async def test_every_single_option_makes_another_key(opening: Opening) -> None:
    """Each field of the wish, of its sound and of its music; labels alone change nothing."""
    house = await opening(speaker(), own_speaker())
    await own_voice(house)
    async with house.db.writing() as session:
        other = Persona(account_id=house.account.id, name="Eve", language="en")
        uploaded = await house.personas.media.keep(
            house.account.id, AssetPurpose.MUSIC, b"tune", "application/octet-stream", name="tune"
        )
        session.add_all([other, uploaded])
    base = SpeechWish(house.persona.id, SCRIPT, sound=LOUD, voice_policy=STOCK)
    wishes = {name: replace(base, **{name: value}) for name, value in SPEECHES.items() if value is not ...}
    wishes["script"] = replace(base, script=SCRIPT.replace("short", "long"))
    wishes["persona_id"] = replace(base, persona_id=other.id)
    wishes |= {
        f"sound.{name}": replace(base, sound=sounding(**{name: value})) for name, value in SOUNDS.items()
    }
    for amount in ("reverb", "echo", "compression", "normalisation"):
        wishes[f"amounts.{amount}"] = replace(base, sound=sounding(amounts={"reverb": 0.2, amount: 0.21}))
    wishes["amounts.equaliser"] = replace(
        base, sound=sounding(amounts={"reverb": 0.2, "equaliser": Equaliser.WARM})
    )
    for name, value in MUSICS.items():
        if value is not ...:
            wishes[f"music.{name}"] = replace(base, sound=sounding(music=replace(MUSIC, **{name: value})))
    upload = MusicWish(asset_id=uploaded.id, licence="mine")
    wishes["music.asset_id"] = replace(base, sound=sounding(music=upload))
    wishes["music.licence"] = replace(base, sound=sounding(music=replace(upload, licence="ours")))
    await all_differ(house, base, wishes)
    # Spaces around a text are not part of it, and a language that is said is the one that is meant.
    assert await key_of(house, replace(base, script=f" {SCRIPT}\n", language="en")) == await key_of(
        house, base
    )


async def test_every_single_option_of_a_video_makes_another_key(opening: Opening) -> None:
    house = await opening(speaker(start=[DELIVERY]), own_speaker(), Scripted("studio", video_offer(cost="0")))
    await house._portrait()
    await own_voice(house)
    speech = await ask(house)
    base = VideoWish(house.persona.id, SCRIPT, voice_policy=STOCK)
    wishes = {name: replace(base, **{name: value}) for name, value in VIDEOS.items() if value is not ...}
    wishes["speech_output_id"] = replace(base, script=None, speech_output_id=speech.subject_id)
    await all_differ(house, base, wishes)


async def all_differ(house: House, base: Wish, wishes: dict[str, Any]) -> None:
    keys = {name: await key_of(house, wish) for name, wish in wishes.items()}
    own = await key_of(house, base)
    assert keys.pop("draft") is None
    labels = [keys.pop(name) for name in sorted(reuse.LABELS - {"draft"})]
    assert set(labels) == {own} and own is not None
    assert len({own, *keys.values()}) == len(keys) + 1, "two wishes have one key"


async def test_who_would_make_it_is_part_of_the_key(opening: Opening) -> None:
    """Voice version, avatar, provider, offer and plugin version."""
    house = await opening(own_speaker(), Scripted("studio", video_offer()))
    await house._portrait()
    voice, _ = await own_voice(house)
    wish = VideoWish(house.persona.id, SCRIPT)
    seen = [await key_of(house, wish)]
    async with house.db.writing() as session:
        row = await enrolment(session, voice)
        row.vendor_voice = "trained again"
    seen.append(await key_of(house, wish))
    async with house.db.writing() as session:
        row = await enrolment(session, voice)
        session.add(
            Enrolment(voice_id=voice.id, account_id=row.account_id, provider="clone", vendor_voice="y")
        )
        await session.delete(row)
    seen.append(await key_of(house, wish))
    async with house.db.writing() as session:
        persona = await session.get_one(Persona, house.persona.id)
        (await session.get_one(Avatar, persona.avatar_id)).portrait_id = "another"
    seen.append(await key_of(house, wish))
    for change in ({"plugin": Plugin("clone", "scripted", "2")}, {"id": "other"}):
        rest = [p for p in house.personas.catalog.providers if p.id != "clone"]
        clone = replace(next(p for p in house.personas.catalog.providers if p.id == "clone"), **change)
        if "id" in change:
            async with house.db.writing() as session:
                row = await enrolment(session, voice)
                row.provider = "other"
        house.personas.catalog = house.jobs.catalog = Catalog((clone, *rest))
        seen.append(await key_of(house, wish))
    assert len(set(seen)) == len(seen) and None not in seen


async def enrolment(session: Any, voice: Voice) -> Enrolment:
    found: Enrolment = (await session.scalars(select(Enrolment).where(Enrolment.voice_id == voice.id))).one()
    return found


async def test_a_consent_that_ended_stands_in_the_way(opening: Opening) -> None:
    """B1: what was made in somebody's voice is not given again once they no longer agree."""
    toy = own_speaker()
    house = await opening(toy)
    _, consent = await own_voice(house)
    own = {"voice_policy": VoicePolicy.PERSONA_VOICE}
    await ask(house, **own)
    assert (await house.output(await ask(house, **own))).reused_from is not None and toy.calls("start") == 1
    await withdraw_consent(house.personas, house.viewer, consent.id)
    with pytest.raises(ConsentRequired):
        await ask(house, **own)


def test_a_wish_is_the_same_after_it_was_stored() -> None:
    speech = SpeechWish("p", "s", Platform.BLOG, sound=sounding(amounts={"equaliser": Equaliser.WARM}))
    assert speech_wish(wish_json(speech)) == speech
    video = VideoWish("p", "s", captions=CaptionMode.BURNED, draft=True)
    assert video_wish(wish_json(video)) == video


async def test_asked_again_while_it_is_deleted(each_opening: Opening) -> None:
    """S5: whoever comes first, what is there can be played, and what nobody has any more is gone."""
    house = await each_opening(speaker(start=[DELIVERY, ...]))
    for _ in range(4):
        first = await ask(house)
        asset_id = (await house.output(first)).asset_id
        wish = SpeechWish(house.persona.id, SCRIPT, voice_policy=STOCK, reuse=True)
        answers = await asyncio.gather(
            *(submitted(house, wish) for _ in range(3)), deleted(house, first.subject_id),
            *(submitted(house, wish) for _ in range(3)), return_exceptions=True,
        )  # fmt: skip
        assert not [answer for answer in answers if isinstance(answer, BaseException)]
        jobs = [await house.finish(answer.job) for answer in answers if answer is not None and answer.job]  # type: ignore[union-attr]
        made = [await house.output(job) for job in jobs]
        assert [await state_of(house, each.asset_id) for each in made] == ["READY"] * 6
        shared = [each for each in made if each.asset_id == asset_id]
        assert await state_of(house, asset_id) == ("READY" if shared else "ERASED")
        await asyncio.gather(*(deleted(house, each.id) for each in made))
        for each in made:
            assert await state_of(house, each.asset_id) == "ERASED"
    assert await house.deadlocks() == 0


async def test_a_key_that_comes_twice_is_one_reuse(each_opening: Opening) -> None:
    """G18: 20 at once, of what is there already."""
    toy = speaker(start=[DELIVERY])
    house = await each_opening(toy)
    await ask(house)
    wish = SpeechWish(house.persona.id, SCRIPT, voice_policy=STOCK, reuse=True)
    answers = await asyncio.gather(*(submitted(house, wish, idempotency_key="k") for _ in range(20)))
    assert len({answer.job.id for answer in answers if answer.job}) == 1 and toy.calls("start") == 1
