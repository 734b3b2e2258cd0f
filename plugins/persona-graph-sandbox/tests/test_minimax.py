"""MiniMax's emulator asked directly: what its page demands of it beyond what our plugin uses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import httpx
import pytest
from persona_graph_sandbox import Sandbox
from persona_graph_sandbox.media import seconds_of, silence

VOICE = "pg7Kd02mQx94Lt1b"
SYSTEM = "English_expressive_narrator"
MODEL = "speech-2.8-hd"


class Desk:
    def __init__(self, sandbox: Sandbox, client: httpx.Client) -> None:
        self.sandbox, self.client = sandbox, client
        self.emulator: Any = sandbox.emulators["minimax"]

    def post(self, path: str, body: dict[str, Any], **more: Any) -> Any:
        return self.client.post(path, json=body, **more).json()

    def code(self, path: str, body: dict[str, Any]) -> int:
        found: int = self.post(path, body)["base_resp"]["status_code"]
        return found

    def upload(self, content: bytes, name: str = "a.wav", purpose: str = "voice_clone") -> Any:
        form = {"purpose": purpose}
        return self.client.post("/v1/files/upload", data=form, files={"file": (name, content)}).json()

    def sample(self, seconds: float = 12, **form: str) -> int:
        found: int = self.upload(silence(seconds, rate=8000), **form)["file"]["file_id"]
        return found

    def cloned(self, **more: Any) -> Any:
        body = {"file_id": self.sample(), "voice_id": VOICE, **more}
        return self.post("/v1/voice_clone", body)

    def speech(self, voice: str = VOICE, text: str = "Hello.", **more: Any) -> dict[str, Any]:
        return {"model": MODEL, "text": text, "voice_setting": {"voice_id": voice}, **more}

    def owed(self, kind: str | None = None) -> Decimal:
        return self.sandbox.bench.ledger.total("minimax", kind)


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(["minimax"]) as started:
        yield started


@pytest.fixture
def desk(running: Sandbox) -> Iterator[Desk]:
    running.reset()
    headers = {"Authorization": "Bearer sandbox-minimax-key"}
    with httpx.Client(base_url=running.url("minimax"), headers=headers, timeout=20) as client:
        yield Desk(running, client)


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer no"}, {"Authorization": ""}])
def test_an_unknown_key_is_1004_under_http_200(desk: Desk, header: dict[str, str]) -> None:
    reply = httpx.post(f"{desk.client.base_url}/v1/get_voice", json={"voice_type": "all"}, headers=header)
    assert reply.status_code == 200 and reply.json()["base_resp"]["status_code"] == 1004


def test_every_reply_has_a_trace_and_a_group_is_ignored(desk: Desk) -> None:
    reply = desk.client.post("/v1/get_voice?GroupId=1", json={"voice_type": "all"})
    assert reply.headers["Trace-Id"] == reply.json()["trace_id"] != ""


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/get_voice"), ("POST", "/v1/nothing")])
def test_a_wrong_method_or_path_is_plain_text(desk: Desk, method: str, path: str) -> None:
    reply = desk.client.request(method, path)
    assert (reply.status_code, reply.text) == (404, "404 page not found")


@pytest.mark.parametrize(
    ("name", "purpose"), [("a.ogg", "voice_clone"), ("a.wav", "music"), ("a.mp3", "t2a_async_input")]
)
def test_uploads_are_looked_at(desk: Desk, name: str, purpose: str) -> None:
    assert desk.upload(b"x", name, purpose)["base_resp"]["status_code"] == 2013


def test_files_are_listed_fetched_and_deleted_with_their_purpose(desk: Desk) -> None:
    content = silence(12, rate=8000)
    file_id = desk.upload(content)["file"]["file_id"]
    assert file_id > 2**53
    listed = desk.client.get("/v1/files/list", params={"purpose": "voice_clone"}).json()
    assert [each["file_id"] for each in listed["files"]] == [file_id]
    raw = desk.client.get("/v1/files/retrieve_content", params={"file_id": file_id})
    link = desk.client.get("/v1/files/retrieve", params={"file_id": file_id}).json()["file"]["download_url"]
    assert raw.content == content == httpx.get(link).content
    desk.sandbox.bench.clock.advance(9 * 3600)
    assert httpx.get(link).status_code == 403
    assert desk.code("/v1/files/delete", {"file_id": file_id}) == 2013
    assert desk.code("/v1/files/delete", {"file_id": str(file_id), "purpose": "voice_clone"}) == 2013
    assert desk.code("/v1/files/delete", {"file_id": file_id, "purpose": "voice_clone"}) == 0
    assert desk.code("/v1/files/delete", {"file_id": file_id, "purpose": "voice_clone"}) == 2013


@pytest.mark.parametrize(
    "voice_id",
    ["short1a", "1starts-with-digit", "ends-with-dash-", "ends_with_", "has space 1", "ü" * 9, "a" * 257, 7],
)
def test_voice_ids_have_rules(desk: Desk, voice_id: Any) -> None:
    assert desk.code("/v1/voice_clone", {"file_id": desk.sample(), "voice_id": voice_id}) == 2013


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"file_id": "318204417755136001"}, 2013),
        ({"file_id": 318204417755136001.0}, 2013),
        ({"text": "Hello."}, 2013),
        ({"text": "a" * 1001, "model": MODEL}, 2013),
        ({"text_validation": "a mismatch"}, 1043),
        ({"text_validation": "a" * 201}, 2013),
        ({"accuracy": 2}, 2013),
        ({"clone_prompt": {"prompt_text": "Hello."}}, 2013),
        ({"voice_id": SYSTEM}, 2039),
    ],
    ids=["text-id", "float-id", "no-model", "long", "mismatch", "validation", "accuracy", "prompt", "system"],
)
def test_clones_are_looked_at(desk: Desk, more: dict[str, Any], code: int) -> None:
    desk.sample()
    assert desk.cloned(**more)["base_resp"]["status_code"] == code


@pytest.mark.parametrize(("seconds", "code"), [(9.9, 2037), (10, 0), (300, 0), (300.1, 2037)])
def test_the_length_of_a_sample_is_measured(desk: Desk, seconds: float, code: int) -> None:
    assert desk.cloned(file_id=desk.sample(seconds))["base_resp"]["status_code"] == code


@pytest.mark.parametrize(("seconds", "code"), [(7.9, 0), (8, 2048)])
def test_a_prompt_is_shorter_than_eight_seconds(desk: Desk, seconds: float, code: int) -> None:
    prompt = {"prompt_audio": desk.sample(seconds, purpose="prompt_audio"), "prompt_text": "Hello."}
    assert desk.cloned(clone_prompt=prompt)["base_resp"]["status_code"] == code


@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
def test_an_unreadable_sample_is_an_unknown_error(desk: Desk, name: str) -> None:
    for content in (b"RIFF\0\0\0\0WAVEnot", b"\0" * 5000):
        file_id = desk.upload(content, name)["file"]["file_id"]
        assert desk.cloned(file_id=file_id)["base_resp"]["status_code"] == 1000


def test_an_unverified_account_clones_nothing(desk: Desk) -> None:
    desk.emulator.verified = False
    assert desk.cloned()["base_resp"]["status_code"] == 2038


def test_an_id_is_given_once_and_never_again(desk: Desk) -> None:
    assert desk.cloned()["base_resp"]["status_code"] == 0
    assert desk.cloned()["base_resp"]["status_code"] == 2039
    assert desk.code("/v1/delete_voice", {"voice_type": "voice_cloning", "voice_id": VOICE}) == 0
    assert desk.cloned()["base_resp"]["status_code"] == 2039
    assert desk.code("/v1/delete_voice", {"voice_type": "voice_cloning", "voice_id": VOICE}) == 20132


def test_a_preview_is_billed_and_neither_keeps_nor_lists_the_voice(desk: Desk) -> None:
    reply = desk.cloned(text="Hi, this is me.", model=MODEL)
    assert reply["input_sensitive"] is False and "voice_id" not in reply
    length = reply["extra_info"]["audio_length"]
    assert seconds_of(httpx.get(reply["demo_audio"]).content) * 1000 == pytest.approx(length, abs=1)
    assert desk.owed() == desk.owed("preview") == Decimal("0.0015")
    assert desk.post("/v1/get_voice", {"voice_type": "voice_cloning"})["voice_cloning"] == []
    desk.sandbox.bench.clock.advance(7 * 86400)
    assert desk.code("/v1/t2a_v2", desk.speech()) == 20132


def test_a_demo_may_be_gone(desk: Desk) -> None:
    desk.sandbox.bench.faults.inject("minimax", "demo_gone")
    assert httpx.get(desk.cloned(text="Hi.", model=MODEL)["demo_audio"]).status_code == 404


def test_the_first_use_bills_the_clone_and_lists_it(desk: Desk) -> None:
    desk.cloned()
    for _ in range(2):
        assert desk.code("/v1/t2a_v2", desk.speech()) == 0
    assert desk.owed("clone") == Decimal("1.50") and desk.owed("t2a") == Decimal("0.0012")
    (listed,) = desk.post("/v1/get_voice", {"voice_type": "all"})["voice_cloning"]
    assert listed["voice_id"] == VOICE
    desk.sandbox.bench.clock.advance(8 * 86400)
    assert desk.code("/v1/t2a_v2", desk.speech()) == 0


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"model": "speech-9"}, 2013), ({"text": ""}, 2013), ({"text": "a" * 10_000}, 2013),
        ({"text": "ab\u200b\u200b"}, 1042), ({"language_boost": "en"}, 2013),
        ({"voice_setting": {}}, 2013), ({"voice_setting": {"voice_id": "nobody-1"}}, 20132),
        ({"voice_setting": {"voice_id": SYSTEM, "speed": 0.4}}, 2013),
        ({"voice_setting": {"voice_id": SYSTEM, "vol": 0}}, 2013),
        ({"voice_setting": {"voice_id": SYSTEM, "pitch": 1.5}}, 2013),
        ({"voice_setting": {"voice_id": SYSTEM, "emotion": "whisper"}}, 2013),
        ({"voice_setting": {"voice_id": SYSTEM, "emotion": "neutral"}}, 2013),
        ({"audio_setting": {"sample_rate": 48000}}, 2013), ({"audio_setting": {"bitrate": 96000}}, 2013),
        ({"audio_setting": {"format": "wma"}}, 2013), ({"audio_setting": {"channel": 3}}, 2013),
        ({"output_format": "base64"}, 2013), ({"stream": True, "audio_setting": {"format": "wav"}}, 2013),
        ({"stream": True, "output_format": "url"}, 2013), ({"pronunciation_dict": {"tone": ["omg"]}}, 2013),
    ],
)  # fmt: skip
def test_speech_is_looked_at(desk: Desk, more: dict[str, Any], code: int) -> None:
    assert desk.code("/v1/t2a_v2", {**desk.speech(SYSTEM), **more}) == code
    assert desk.owed() == 0


@pytest.mark.parametrize(
    ("form", "channels", "rate"), [("mp3", 1, 32000), ("wav", 2, 8000), ("flac", 1, 44100), ("pcm", 1, 24000)]
)
def test_audio_is_real_and_as_long_as_it_says(desk: Desk, form: str, channels: int, rate: int) -> None:
    setting = {"format": form, "channel": channels, "sample_rate": rate}
    text = "A longer sentence, to have something to measure."
    reply = desk.post("/v1/t2a_v2", desk.speech(SYSTEM, text, audio_setting=setting))
    content = bytes.fromhex(reply["data"]["audio"])
    seconds = len(content) / 2 / rate / channels if form == "pcm" else seconds_of(content)
    assert seconds * 1000 == pytest.approx(reply["extra_info"]["audio_length"], abs=80)


def test_a_link_to_the_audio_lives_a_day(desk: Desk) -> None:
    link = desk.post("/v1/t2a_v2", desk.speech(SYSTEM, output_format="url"))["data"]["audio"]
    assert seconds_of(httpx.get(link).content) > 0.2
    desk.sandbox.bench.clock.advance(24 * 3600)
    assert httpx.get(link).status_code == 403


def test_han_characters_count_twice(desk: Desk) -> None:
    extra = desk.post("/v1/t2a_v2", desk.speech(SYSTEM, "早上好 ferry"))["extra_info"]
    assert (extra["word_count"], extra["usage_characters"]) == (9, 12)
    assert desk.owed() == Decimal("0.0012")


def _events(desk: Desk, **more: Any) -> tuple[list[dict[str, Any]], bytes, list[int]]:
    body = desk.speech(SYSTEM, "A sentence that comes in many pieces, one by one.", stream=True, **more)
    with desk.client.stream("POST", "/v1/t2a_v2", json=body) as reply:
        packets = list(reply.iter_raw())
    whole = b"".join(packets)
    lines = [line for line in whole.split(b"\n\n") if line]
    events = [json.loads(line.removeprefix(b"data: ")) for line in lines if line.endswith(b"}")]
    return events, whole, [len(packet) for packet in packets]


@pytest.mark.parametrize("excluded", [False, True])
def test_a_stream_repeats_everything_at_its_end_unless_told_not_to(desk: Desk, excluded: bool) -> None:
    events, _, packets = _events(desk, stream_options={"exclude_aggregated_audio": excluded})
    parts = b"".join(bytes.fromhex(event["data"]["audio"]) for event in events[:-1])
    assert events[-1]["data"]["audio"] == ("" if excluded else parts.hex())
    assert seconds_of(parts) * 1000 == pytest.approx(events[-1]["extra_info"]["audio_length"], abs=80)
    assert len(packets) > len(events)


def test_a_stream_may_end_in_an_error_or_in_the_middle_of_a_line(desk: Desk) -> None:
    desk.sandbox.bench.faults.inject("minimax", "stream_error")
    events, _, _ = _events(desk)
    assert [event["base_resp"]["status_code"] for event in events] == [0, 0, 0, 1024]
    assert events[-1]["data"] is None
    desk.sandbox.bench.faults.inject("minimax", "stream_cut")
    events, whole, _ = _events(desk)
    assert len(events) == 3 and not whole.endswith(b"\n")


def test_tasks_take_a_text_or_a_file_and_not_both(desk: Desk) -> None:
    body = {
        "model": MODEL,
        "voice_setting": {"voice_id": SYSTEM},
        "audio_setting": {"audio_sample_rate": 8000},
    }
    file_id = desk.upload(b"Hello from a file.", "a.txt", "t2a_async_input")["file"]["file_id"]
    assert desk.code("/v1/t2a_async_v2", body) == 2013
    assert desk.code("/v1/t2a_async_v2", {**body, "text": "Hi.", "text_file_id": file_id}) == 2013
    assert desk.code("/v1/t2a_async_v2", {**body, "text_file_id": str(file_id)}) == 2013
    assert desk.code("/v1/t2a_async_v2", {**body, "text": "a" * 50_001}) == 2013
    task = desk.post("/v1/t2a_async_v2", {**body, "text_file_id": file_id})
    assert isinstance(task["task_id"], str) and task["usage_characters"] == 18
    assert desk.owed("t2a_async") == Decimal("0.0018")


def test_a_task_is_looked_at_ten_times_a_second_at_most(desk: Desk) -> None:
    body = {"model": MODEL, "text": "Hi.", "voice_setting": {"voice_id": SYSTEM}}
    task = desk.post("/v1/t2a_async_v2", body)
    seen = [
        desk.client.get("/v1/query/t2a_async_query_v2", params={"task_id": task["task_id"]}).json()
        for _ in range(11)
    ]
    assert [each["status"].lower() for each in seen[:4]] == ["processing", "processing", "success", "success"]
    assert isinstance(seen[0]["task_id"], int) and len({each["status"] for each in seen[:3]}) == 3
    assert seen[10]["base_resp"]["status_code"] == 1002


def test_sixty_calls_a_minute(desk: Desk) -> None:
    codes = [desk.code("/v1/t2a_v2", desk.speech("nobody-1")) for _ in range(61)]
    assert codes == [20132] * 60 + [1002]
    desk.sandbox.bench.clock.advance(61)
    assert desk.code("/v1/t2a_v2", desk.speech("nobody-1")) == 20132
