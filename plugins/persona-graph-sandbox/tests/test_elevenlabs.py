"""ElevenLabs's own Python client, unchanged, against the emulator."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import Any

import httpx
import pytest
from elevenlabs.client import ElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError
from persona_graph_sandbox import Sandbox
from persona_graph_sandbox.media import seconds_of, silence, speech_seconds

STOCK = "JBFqnCBsd6RMkjVDRZzb"
TEXT = "Good morning. The ferry leaves at nine."
ONCE = {"max_retries": 0}


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(["elevenlabs"]) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> ElevenLabs:
    return ElevenLabs(base_url=sandbox.url("elevenlabs"), api_key="sandbox-elevenlabs-key", timeout=20)


def cloned(client: ElevenLabs, name: str = "Mine") -> str:
    samples = [io.BytesIO(silence(3, rate=8000)), io.BytesIO(silence(4, rate=8000))]
    made = client.voices.ivc.create(
        name=name, files=samples, labels={"language": "en"}, remove_background_noise=True
    )
    assert made.requires_verification is False
    return made.voice_id


def test_clone_show_find_and_delete(sandbox: Sandbox, client: ElevenLabs) -> None:
    voice_id = cloned(client)
    assert sandbox.emulators["elevenlabs"].voices[voice_id].seconds == pytest.approx(7)
    shown = client.voices.get(voice_id)
    assert (shown.name, shown.category, shown.labels) == ("Mine", "cloned", {"language": "en"})
    assert [voice.voice_id for voice in client.voices.search(search="mine").voices] == [voice_id]
    assert client.user.subscription.get().voice_slots_used == 1
    assert client.voices.delete(voice_id).status == "ok"
    with pytest.raises(ApiError) as raised:
        client.voices.get(voice_id)
    assert raised.value.status_code == 400 and raised.value.body["detail"]["status"] == "voice_not_found"


def test_a_list_comes_in_pages(client: ElevenLabs) -> None:
    names = {cloned(client, f"Voice {n}") for n in range(4)}
    seen, token = set[str](), None
    while True:
        page = client.voices.search(page_size=2, next_page_token=token, category="cloned")
        assert page.total_count == 4
        seen |= {voice.voice_id for voice in page.voices}
        if not page.has_more:
            break
        token = page.next_page_token
    assert seen == names


@pytest.mark.parametrize("output_format", ["mp3_44100_128", "wav_16000", "opus_48000_64", "pcm_24000"])
def test_speech_is_real_audio_and_a_credit_a_character(
    sandbox: Sandbox, client: ElevenLabs, output_format: Any
) -> None:
    audio = b"".join(client.text_to_speech.convert(STOCK, text=TEXT, output_format=output_format))
    seconds = len(audio) / 48000 if output_format == "pcm_24000" else seconds_of(audio)
    assert seconds == pytest.approx(speech_seconds(TEXT), abs=0.1)
    assert client.user.subscription.get().character_count == len(TEXT)
    assert sandbox.bench.ledger.total("elevenlabs") == Decimal("0.30") * len(TEXT) / 1000


def test_a_stream_holds_the_same_and_may_break_off(sandbox: Sandbox, client: ElevenLabs) -> None:
    whole = b"".join(client.text_to_speech.convert(STOCK, text=TEXT))
    assert b"".join(client.text_to_speech.stream(STOCK, text=TEXT)) == whole
    sandbox.bench.faults.inject("elevenlabs", "stream_abort")
    heard = []
    with pytest.raises(httpx.RemoteProtocolError):
        heard.extend(client.text_to_speech.stream(STOCK, text=TEXT))
    assert 0 < len(b"".join(heard)) < len(whole)


def test_timestamps_cover_every_character_up_to_the_end(client: ElevenLabs) -> None:
    timed = client.text_to_speech.convert_with_timestamps(STOCK, text=TEXT)
    seconds = seconds_of(base64.b64decode(timed.audio_base_64))
    assert timed.alignment is not None and "".join(timed.alignment.characters) == TEXT
    assert timed.alignment.character_end_times_seconds[-1] == pytest.approx(seconds, abs=0.1)


def test_a_null_alignment_is_one(sandbox: Sandbox, client: ElevenLabs) -> None:
    sandbox.bench.faults.inject("elevenlabs", "null_alignment")
    timed = client.text_to_speech.convert_with_timestamps(STOCK, text=TEXT)
    assert timed.alignment is None and timed.normalized_alignment is None


def test_streamed_timestamps_are_lines_whatever_the_packets(client: ElevenLabs, sandbox: Sandbox) -> None:
    chunks = list(client.text_to_speech.stream_with_timestamps(STOCK, text=TEXT))
    said = "".join(c for chunk in chunks if chunk.alignment for c in chunk.alignment.characters)
    assert said == TEXT
    whole = b"".join(base64.b64decode(chunk.audio_base_64) for chunk in chunks)
    assert whole == b"".join(client.text_to_speech.convert(STOCK, text=TEXT))
    url = f"{sandbox.url('elevenlabs')}/v1/text-to-speech/{STOCK}/stream/with-timestamps"
    headers = {"xi-api-key": "sandbox-elevenlabs-key"}
    with httpx.stream("POST", url, json={"text": TEXT}, headers=headers) as reply:
        packets = list(reply.iter_raw())
    lines = [line for line in b"".join(packets).split(b"\n") if line]
    assert len(lines) == len(chunks) < len(packets) and all(map(json.loads, lines))
    assert b"\n\n" in b"".join(packets)


@pytest.mark.parametrize(
    ("asked", "status", "word"),
    [
        ({"text": "a" * 10_001}, 400, "max_character_limit_exceeded"),
        ({"voice_id": "nobody"}, 400, "voice_not_found"),
        ({"model_id": "eleven_v9"}, 400, "model_not_found"),
        ({"language_code": "de"}, 400, "unsupported_language"),
    ],
)
def test_refusals_have_a_word(client: ElevenLabs, asked: dict[str, Any], status: int, word: str) -> None:
    with pytest.raises(ApiError) as raised:
        client.text_to_speech.convert_with_timestamps(**{"voice_id": STOCK, "text": TEXT, **asked})
    assert raised.value.status_code == status and raised.value.body["detail"]["status"] == word


@pytest.mark.parametrize(
    "asked", [{"text": ""}, {"text": "a", "seed": -1}, {"text": "a", "output_format": "x"}]
)
def test_faulty_fields_come_as_a_list(client: ElevenLabs, asked: Any) -> None:
    with pytest.raises(UnprocessableEntityError) as raised:
        client.text_to_speech.convert_with_timestamps(STOCK, **asked)
    assert isinstance(raised.value.body["detail"], list)


def test_places_and_credits_run_out(sandbox: Sandbox, client: ElevenLabs) -> None:
    """The quota comes as 401, not as 402 or 429."""
    emulator: Any = sandbox.emulators["elevenlabs"]
    emulator.places, emulator.credits = 1, 10
    cloned(client)
    with pytest.raises(ApiError) as raised:
        cloned(client, "Another")
    assert raised.value.status_code == 400 and raised.value.body["detail"]["status"] == "voice_limit_reached"
    with pytest.raises(ApiError) as raised:
        client.text_to_speech.convert_with_timestamps(STOCK, text=TEXT)
    assert raised.value.status_code == 401 and raised.value.body["detail"]["status"] == "quota_exceeded"
    assert sandbox.bench.ledger.total("elevenlabs") == 0


def test_three_at_a_time(sandbox: Sandbox, client: ElevenLabs) -> None:
    def ask(n: int) -> int:
        try:
            text = f"{n} {TEXT * 30}"
            client.text_to_speech.convert_with_timestamps(STOCK, text=text, request_options=ONCE)
        except ApiError as error:
            assert error.body["detail"]["status"] == "too_many_concurrent_requests"
            return error.status_code or 0
        return 200

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(ask, range(8)))
    assert 3 <= statuses.count(200) < 8 and statuses.count(429) == 8 - statuses.count(200)


def test_the_client_waits_as_long_as_it_is_told(sandbox: Sandbox, client: ElevenLabs) -> None:
    sandbox.bench.faults.inject("elevenlabs", "busy", path="with-timestamps")
    client.text_to_speech.convert_with_timestamps(STOCK, text=TEXT)
    first, second = sandbox.bench.requests.all("elevenlabs", "with-timestamps")
    assert (second.when - first.when).total_seconds() >= 2.4


def test_another_key_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(ApiError) as raised:
        ElevenLabs(base_url=sandbox.url("elevenlabs"), api_key="no").user.subscription.get()
    assert raised.value.status_code == 401 and raised.value.body["detail"]["status"] == "invalid_api_key"
