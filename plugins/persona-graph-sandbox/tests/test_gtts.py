"""The public gTTS library, unchanged, against the emulator."""

from __future__ import annotations

import io
from collections.abc import Iterator

import gtts.tts
import pytest
from persona_graph_sandbox import Sandbox, media


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(["gtts"]) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    running.reset()
    # The library takes no base URL; this is its one function that makes an address.
    monkeypatch.setattr(
        gtts.tts, "_translate_url", lambda tld="com", path="": f"{running.url('gtts')}/{path}"
    )
    return running


def said(text: str, **settings: object) -> bytes:
    out = io.BytesIO()
    gtts.gTTS(text, timeout=5, **settings).write_to_fp(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hello, this is a test of the loudspeaker.", "en"),
        ("שלום עולם", "iw"),
        ("你好，世界。“早上好”", "zh-CN"),
    ],
    ids=["en", "iw", "zh-CN"],
)
def test_the_library_gets_real_audio(sandbox: Sandbox, text: str, language: str) -> None:
    audio = said(text, lang=language)
    assert media.seconds_of(audio) == pytest.approx(media.speech_seconds(text), abs=0.2)


def test_slow_is_slower(sandbox: Sandbox) -> None:
    text = "Hello, this is a test."
    assert media.seconds_of(said(text, slow=True)) > 1.3 * media.seconds_of(said(text))


def test_the_library_sends_a_long_text_in_many_pieces(sandbox: Sandbox) -> None:
    said("Hello, world. " * 8)
    assert sandbox.bench.requests.count("gtts") == 16


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("null_payload", 200),
        ("refused_13", 200),
        ("sorry", 429),
        ("forbidden", 403),
        ("not_found", 404),
        ("too_many", 429),
        ("server_error", 500),
        ("unavailable", 503),
    ],
)
def test_the_library_reports_what_goes_wrong(sandbox: Sandbox, fault: str, status: int) -> None:
    sandbox.bench.faults.inject("gtts", fault)
    with pytest.raises(gtts.tts.gTTSError) as raised:
        said("Hello")
    assert raised.value.rsp.status_code == status


@pytest.mark.parametrize("fault", ["consent", "no_rpc_id"])
def test_the_library_takes_a_strange_page_for_silence(sandbox: Sandbox, fault: str) -> None:
    sandbox.bench.faults.inject("gtts", fault)
    assert said("Hello") == b""


def test_an_unknown_language_is_a_null_payload(sandbox: Sandbox) -> None:
    with pytest.raises(gtts.tts.gTTSError, match="Unsupported language 'he'"):
        said("Hello", lang="he", lang_check=False)


def test_too_many_requests_block_for_a_quarter_of_an_hour(sandbox: Sandbox) -> None:
    emulator = sandbox.emulators["gtts"]
    emulator.pace.calls = 2  # type: ignore[attr-defined]
    said("One"), said("Two")
    for _ in range(2):
        with pytest.raises(gtts.tts.gTTSError, match="429"):
            said("Three")
        sandbox.bench.clock.advance(400)
    sandbox.bench.clock.advance(200)
    assert said("Four")
