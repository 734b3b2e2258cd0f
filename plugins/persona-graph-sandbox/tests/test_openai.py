"""The public OpenAI client, unchanged, against the emulator."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import openai
import pytest
from persona_graph_sandbox import Sandbox, media
from persona_graph_sandbox.emulators._openai_writer import write

BRIEF = "Write three sentences about a ferry on a calm morning."


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(["openai"]) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


def client(sandbox: Sandbox, retries: int = 0, key: str = "sandbox-openai-key") -> openai.OpenAI:
    return openai.OpenAI(api_key=key, base_url=f"{sandbox.url('openai')}/v1", max_retries=retries, timeout=10)


def chat(asking: openai.OpenAI, system: str = "Warm and plain.") -> str:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": BRIEF}]
    answer = asking.chat.completions.create(model="sandbox-writer", messages=messages)  # type: ignore[arg-type]
    assert answer.usage is not None and answer.usage.total_tokens > 0
    return answer.choices[0].message.content or ""


def test_the_client_gets_a_text_on_the_brief_that_says_where_it_is_from(sandbox: Sandbox) -> None:
    text = chat(client(sandbox))
    assert text.startswith("This text comes from the sandbox.") and ("ferry" in text or "morning" in text)
    assert text == chat(client(sandbox))
    assert len(chat(client(sandbox), "Use at most 120 characters.")) <= 120
    assert sandbox.bench.ledger.total("openai") > 0


@pytest.mark.parametrize("most", [10, 33, 60, 200, 5000])
def test_a_text_is_no_longer_than_asked(most: int) -> None:
    assert 0 < len(write(BRIEF, most)) <= most
    assert write("", most)


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
def test_the_client_gets_real_audio(sandbox: Sandbox, form: str) -> None:
    spoken = client(sandbox).audio.speech.create(
        model="gpt-4o-mini-tts",
        voice="coral",
        input=BRIEF,
        response_format=form,
        instructions="Calm.",  # type: ignore[arg-type]
    )
    content = spoken.read()
    seconds = len(content) / 48000 if form == "pcm" else media.seconds_of(content)
    assert seconds == pytest.approx(media.speech_seconds(BRIEF), abs=0.1)
    assert sandbox.bench.ledger.total("openai", "speech") == Decimal("0.015") * len(BRIEF) / 1000


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        ("bad_key", openai.AuthenticationError),
        ("forbidden", openai.PermissionDeniedError),
        ("model_not_found", openai.NotFoundError),
        ("bad_request", openai.BadRequestError),
        ("content_policy", openai.BadRequestError),
        ("too_long", openai.BadRequestError),
        ("plain_error", openai.BadRequestError),
        ("detail_error", openai.UnprocessableEntityError),
        ("conflict", openai.ConflictError),
        ("rate_limit", openai.RateLimitError),
        ("quota", openai.RateLimitError),
        ("server_error", openai.InternalServerError),
        ("overloaded", openai.InternalServerError),
        ("drop_before", openai.APIConnectionError),
    ],
)
def test_the_client_knows_what_went_wrong(sandbox: Sandbox, fault: str, raised: type[Exception]) -> None:
    sandbox.bench.faults.inject("openai", fault)
    with pytest.raises(raised):
        chat(client(sandbox))
    assert chat(client(sandbox))


def test_the_client_obeys_the_wait_and_tries_again(sandbox: Sandbox) -> None:
    sandbox.bench.faults.inject("openai", "rate_limit")
    assert chat(client(sandbox, retries=1))
    assert sandbox.bench.requests.count("openai") == 2


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"input": "x" * 4097}, "input"),
        ({"input": " "}, "input"),
        ({"voice": "nobody"}, "voice"),
        ({"speed": 5}, "speed"),
        ({"response_format": "ogg"}, "response_format"),
        ({"model": "tts-1", "instructions": "Calm."}, "instructions"),
        ({"stream_format": "sse"}, "stream_format"),
    ],
    ids=["too-long", "empty", "voice", "speed", "format", "instructions", "stream"],
)
def test_what_is_not_valid_is_named(sandbox: Sandbox, wrong: dict[str, object], named: str) -> None:
    asked: dict[str, object] = {"model": "gpt-4o-mini-tts", "voice": "alloy", "input": "Hello", **wrong}
    with pytest.raises(openai.BadRequestError) as raised:
        client(sandbox).audio.speech.create(**asked)  # type: ignore[arg-type]
    assert raised.value.param == named
    assert sandbox.bench.ledger.total("openai") == 0


def test_a_wrong_key_is_refused_and_models_are_listed(sandbox: Sandbox) -> None:
    with pytest.raises(openai.AuthenticationError):
        chat(client(sandbox, key="another"))
    assert {"sandbox-writer", "tts-1"} <= {model.id for model in client(sandbox).models.list()}


def test_the_rate_limit_lasts_a_minute(sandbox: Sandbox) -> None:
    sandbox.emulators["openai"].pace.calls = 1  # type: ignore[attr-defined]
    chat(client(sandbox))
    with pytest.raises(openai.RateLimitError):
        chat(client(sandbox))
    sandbox.bench.clock.advance(61)
    assert chat(client(sandbox))
