"""Rows 108–116: what a persona is set to reaches the provider where a request leaves it out, and the output says what
became of it; so do the words of its lexicon."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.personas import drafts, lexicon, outputs, persona_settings
from persona_graph.personas.outputs import SpeechWish, VideoWish
from persona_graph.personas.persona_settings import Manner, SettingName, VoiceTone
from persona_graph.personas.pronouncing import Entry
from persona_graph.personas.sound import SoundWish
from persona_graph.personas.tables import ContentType, Output, Platform, VoicePolicy
from persona_graph.provider import Delivery, Limits, Pronunciation, Speak, Timing
from tests.jobs.house import House
from tests.jobs.scripted import Scripted, speech_offer, video_offer
from tests.jobs.test_finished_speech import HEARD, stored
from tests.jobs.test_finished_video import film
from tests.jobs.test_long_scripts import lived_in

pytestmark = pytest.mark.timeout(120)
WORDS = "Hello from Siobhan at the WHO."


def vendor(delivery: Delivery = HEARD, *options: str, **limits: Any) -> Scripted:
    offer = replace(speech_offer(cost="0"), limits=Limits(options=options, **limits))
    return Scripted("speaker", offer, start=[delivery, ...])


async def settle(
    house: House, platform: Platform | None = None, reset: tuple[SettingName, ...] = (), **values: Any
) -> None:
    await persona_settings.update_settings(
        house.personas, house.viewer, house.persona.id, platform, Manner(**values), reset
    )


async def say(house: House, script: str = WORDS, **wish: Any) -> Job:
    wanted = SpeechWish(
        house.persona.id, script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE, **{"reuse": True, **wish}
    )
    submitted = await outputs.generate_speech(
        house.personas, house.viewer, wanted, Request("generateSpeech", {}, Paid())
    )
    assert submitted.job is not None
    job = await house.finish(submitted.job)
    assert job.state == "SUCCEEDED", (job.failure_code, job.failure_message)
    return job


def ordered(provider: Scripted) -> Any:
    return [asked.what for asked in provider.history if asked.method == "start"][-1]


def told(output: Output) -> dict[str, tuple[str, str, str]]:
    return {each["name"]: (each["value"], each["source"], each["outcome"]) for each in output.settings or ()}


async def test_call_then_platform_then_persona_then_default(tmp_path: Path, redis_url: str) -> None:
    known = Delivery(media=HEARD.media, content_type="audio/wav", honoured_options=("emotion", "speed"))
    provider = vendor(known, "emotion", "speed")
    async with lived_in(tmp_path, redis_url, provider) as house:
        plain = await say(house)
        assert (ordered(provider).style.emotion, ordered(provider).style.speed) == ("neutral", 1.0)
        assert (await house.output(plain)).settings == []
        await settle(
            house,
            emotion="calm",
            speed=1.1,
            tone=VoiceTone.DEEP,
            container="mp3",
            content_type=ContentType.LESSON,
        )
        await settle(house, Platform.LINKEDIN, emotion="happy", pitch=2.0)

        output = await house.output(await say(house))
        style = ordered(provider).style
        assert (style.emotion, style.speed, style.pitch) == ("calm", 1.1, -3.0)
        assert told(output) == {
            "emotion": ("calm", "PERSONA", "BY_PROVIDER"),
            "speed": ("1.1", "PERSONA", "BY_PROVIDER"),
            "pitch": ("-3", "PERSONA", "DONE_HERE"),
            "container": ("mp3", "PERSONA", "DONE_HERE"),
        }
        assert output.content_type == ContentType.LESSON
        _, path = await stored(house, output.asset_id, tmp_path / "heard")
        assert not path.read_bytes().startswith(b"RIFF")

        output = await house.output(await say(house, platform=Platform.LINKEDIN))
        style = ordered(provider).style
        assert (style.emotion, style.speed, style.pitch) == ("happy", 1.1, 2.0)
        output = await house.output(
            await say(house, platform=Platform.LINKEDIN, emotion="sad", speed=1.0, container="wav")
        )
        style = ordered(provider).style
        assert (style.emotion, style.speed, style.pitch) == ("sad", 1.0, 2.0)
        assert told(output) == {
            "emotion": ("sad", "CALL", "BY_PROVIDER"),
            "pitch": ("2", "PLATFORM", "DONE_HERE"),
        }
        await settle(house, Platform.LINKEDIN, reset=(SettingName.EMOTION, SettingName.PITCH))
        await say(house, platform=Platform.LINKEDIN)
        assert ordered(provider).style.emotion == "calm"


async def test_what_a_provider_does_not_follow_is_said(tmp_path: Path, redis_url: str) -> None:
    async with lived_in(tmp_path, redis_url, vendor()) as house:
        await settle(house, emotion="calm", speed=1.2)
        assert told(await house.output(await say(house))) == {
            "emotion": ("calm", "PERSONA", "NOT_HONOURED"),
            "speed": ("1.2", "PERSONA", "DONE_HERE"),
        }


async def test_reuse_sees_what_holds_not_who_said_it(tmp_path: Path, redis_url: str) -> None:
    """A changed setting is another request; the same value from the caller is the same one."""
    provider = vendor()
    async with lived_in(tmp_path, redis_url, provider) as house:
        first = await house.output(await say(house))
        second = await house.output(await say(house))
        assert second.reused_from == first.id
        await settle(house, speed=1.2)
        slow = await house.output(await say(house))
        assert slow.reused_from is None
        again = await house.output(await say(house, speed=1.2))
        assert again.reused_from == slow.id
        assert told(again) == {"speed": ("1.2", "CALL", "DONE_HERE")}
        third = await house.output(await say(house, speed=1.0))
        assert third.reused_from == second.id
        # A word that is not in the script changes nothing, one that is does.
        await lexicon.set_pronunciation(
            house.personas, house.viewer, house.persona.id, Entry("Nguyen", "win")
        )
        assert (await house.output(await say(house, speed=1.0))).reused_from == third.id
        await lexicon.set_pronunciation(
            house.personas, house.viewer, house.persona.id, Entry("Siobhan", "Shivawn")
        )
        assert (await house.output(await say(house, speed=1.0))).reused_from is None
        assert provider.calls("start") == 3


async def test_a_draft_is_promoted_as_it_was_looked_at(tmp_path: Path, redis_url: str) -> None:
    """With the settings of then, and with who asked for them."""
    provider = vendor()
    async with lived_in(tmp_path, redis_url, provider) as house:
        await settle(house, speed=1.2)
        draft = await house.output(await say(house, draft=True))
        await settle(house, speed=1.9)
        submitted = await drafts.promote_output(
            house.personas, house.viewer, draft.id, Request("promoteOutput", {}, Paid())
        )
        assert submitted.job is not None
        job = await house.finish(submitted.job)
        assert job.state == "SUCCEEDED"
        assert told(await house.output(job)) == {"speed": ("1.2", "PERSONA", "DONE_HERE")}
        assert ordered(provider).style.speed == 1.2


async def test_appearance_reaches_whoever_renders(tmp_path: Path, redis_url: str) -> None:
    """Rows 112–114: clothing, background and style as prompt text; the caller's own words stand for all of it."""
    made = replace(film(tmp_path / "in.mp4"), honoured_options=("prompt",))
    offer = video_offer(cost="0")
    studio = Scripted(
        "studio", replace(offer, limits=replace(offer.limits, options=("prompt",))), start=[made, ...]
    )
    speaker = vendor()
    async with lived_in(tmp_path, redis_url, speaker, studio) as house:
        await house.portrait()
        await settle(house, clothing="a grey suit", background="a library.", style="photographic", speed=1.5)
        await settle(house, Platform.YOUTUBE, background="a stage", resolution="720p")

        async def show(**wish: Any) -> Output:
            wanted = VideoWish(house.persona.id, WORDS, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE, **wish)
            submitted = await outputs.generate_video(
                house.personas, house.viewer, wanted, Request("generateVideo", {}, Paid())
            )
            assert submitted.job is not None
            job = await house.finish(submitted.job)
            assert job.legs[0].state == "DONE", (job.failure_code, job.failure_message)
            return await house.output(job)

        await show(speed=1.0)
        animate = ordered(studio)
        assert animate.prompt == "Clothing: a grey suit. Background: a library. Style: photographic."
        assert animate.resolution == "480p"
        output = await show(platform=Platform.YOUTUBE, speed=1.0)
        animate = ordered(studio)
        assert animate.prompt == "Clothing: a grey suit. Background: a stage. Style: photographic."
        assert animate.resolution == "720p"
        assert told(output)["background"] == ("a stage", "PLATFORM", "BY_PROVIDER")
        assert told(output)["clothing"][1:] == ("PERSONA", "BY_PROVIDER")
        output = await show(prompt="in a hat", speed=1.0)
        assert ordered(studio).prompt == "in a hat"
        assert told(output) == {"prompt": ("in a hat", "CALL", "BY_PROVIDER")}
        assert (await show(prompt="", speed=1.0)).settings == []
        assert ordered(studio).prompt == "" and isinstance(ordered(speaker), Speak)


async def test_a_lexicon_by_a_provider_that_takes_it(tmp_path: Path, redis_url: str) -> None:
    answer = Delivery(
        media=HEARD.media, content_type="audio/wav", not_expressed=("WHO",), honoured_options=("pronunciations",)
    )  # fmt: skip
    provider = vendor(answer, "pronunciations")
    async with lived_in(tmp_path, redis_url, provider) as house:
        for entry in (Entry("siobhan", "Shivawn", "ʃɪˈvɔːn"), Entry("WHO", ipa="huː"), Entry("absent", "y")):
            await lexicon.set_pronunciation(house.personas, house.viewer, house.persona.id, entry)
        output = await house.output(await say(house))
        order = ordered(provider)
        assert order.script == WORDS
        assert order.pronunciations == (
            Pronunciation(written="Siobhan", spoken="Shivawn", ipa="ʃɪˈvɔːn"),
            Pronunciation(written="WHO", ipa="huː"),
        )
        assert output.pronunciations == [
            {"written": "Siobhan", "said": "Shivawn", "expression": "BY_PROVIDER", "provider": "speaker"},
            {"written": "WHO", "said": "huː", "expression": "NOT_EXPRESSED", "provider": None},
        ]


async def test_a_lexicon_written_into_the_script(tmp_path: Path, redis_url: str) -> None:
    """The provider reads the spoken form; the output's script, its timings and its captions keep the word."""
    said = "Hello from Shi vawn at the WHO."
    timings = tuple(
        Timing("word", word.strip("."), 0.2 * n, 0.2 * n + 0.19) for n, word in enumerate(said.split())
    )
    provider = vendor(Delivery(media=HEARD.media, content_type="audio/wav", timings=timings))
    async with lived_in(tmp_path, redis_url, provider) as house:
        for entry in (Entry("Siobhan", "Shi vawn"), Entry("WHO", ipa="huː")):
            await lexicon.set_pronunciation(house.personas, house.viewer, house.persona.id, entry)
        output = await house.output(await say(house, sound=SoundWish(captions=True)))
        order = ordered(provider)
        assert (order.script, order.pronunciations) == (said, ())
        assert output.script == WORDS
        assert [(each["written"], each["expression"]) for each in output.pronunciations or ()] == [
            ("Siobhan", "RESPELLED"),
            ("WHO", "NOT_EXPRESSED"),
        ]
        _, path = await stored(house, output.timings_id, tmp_path / "timings")
        assert [each["text"] for each in orjson.loads(path.read_bytes())] == WORDS.rstrip(".").split()
        _, path = await stored(house, output.vtt_id, tmp_path / "vtt")
        assert "Siobhan" in path.read_text() and "vawn" not in path.read_text()


async def test_a_long_script_stays_within_what_the_provider_takes(tmp_path: Path, redis_url: str) -> None:
    provider = vendor(max_chars=60)
    async with lived_in(tmp_path, redis_url, provider) as house:
        await lexicon.set_pronunciation(
            house.personas, house.viewer, house.persona.id, Entry("WHO", "double you aitch oh")
        )
        script = "The WHO met the WHO today. Then the WHO spoke once more. All were there, and the WHO left."
        output = await house.output(await say(house, script))
        sent = [asked.what.script for asked in provider.history if asked.method == "start"]
        assert len(sent) > 1 and max(map(len, sent)) <= 60
        assert " ".join(sent) == script.replace("WHO", "double you aitch oh")
        assert [each["expression"] for each in output.pronunciations or ()] == ["RESPELLED"]
