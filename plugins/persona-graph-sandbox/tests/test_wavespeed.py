"""The vendor's public client, unchanged, against the emulator; and what the emulator does by itself."""

from __future__ import annotations

import hashlib
import hmac
import json
import random
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
from persona_graph_sandbox import Sandbox, media
from persona_graph_sandbox.emulators import _wavespeed_faults as faults
from persona_graph_sandbox.emulators._wavespeed_knocks import signed
from wavespeed.api.client import Client

from persona_graph.provider.conformance import picture

TALK, HUNYUAN = "wavespeed-ai/infinitetalk", "wavespeed-ai/hunyuan-avatar"


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(["wavespeed"], seed=7) as started:
        yield started


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    running.reset()
    return running


@pytest.fixture
def client(sandbox: Sandbox) -> Client:
    """Points at the emulator and asks it quickly; nothing else about it is changed."""
    return Client(
        api_key=sandbox.emulators["wavespeed"].key, base_url=sandbox.url("wavespeed"), retry_interval=0.01
    )


@pytest.fixture
def http(sandbox: Sandbox) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {sandbox.emulators['wavespeed'].key}"}
    with httpx.Client(base_url=f"{sandbox.url('wavespeed')}/api/v3/", headers=headers) as made:
        yield made


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    path.write_bytes(picture(64, 64))
    return path


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    path = tmp_path / "speech.mp3"
    path.write_bytes(media.speech("Hello there, how are you?", "mp3").content)
    return path


def inputs(sandbox: Sandbox, seconds: float = 2.0, **more: Any) -> dict[str, Any]:
    """A task's inputs, their files lying where the emulator finds them."""
    files = sandbox.bench.files
    audio = files.put(media.silence(seconds, rate=8000), "audio/wav")
    return {"image": files.put(picture(32, 32), "image/png"), "audio": audio, **more}


def submit(http: httpx.Client, body: dict[str, Any], model: str = TALK) -> httpx.Response:
    return http.post(model, json=body)


# The vendor's client.


@pytest.mark.parametrize("model", [TALK, HUNYUAN])
def test_the_client_uploads_and_runs(client: Client, portrait: Path, speech: Path, model: str) -> None:
    image, audio = client.upload(str(portrait)), client.upload(str(speech))
    made = client.run(model, {"image": image, "audio": audio, "resolution": "480p"}, poll_interval=0.05)
    answer = requests.get(made["outputs"][0], timeout=10)
    assert answer.headers["content-type"] == "video/mp4"
    assert media.seconds_of(answer.content) == pytest.approx(media.seconds_of(speech.read_bytes()), abs=0.15)


def test_the_client_uploads_from_memory(client: Client, portrait: Path) -> None:
    with portrait.open("rb") as file:
        address = client.upload(file)
    assert requests.get(address, timeout=10).content == portrait.read_bytes()


def test_the_client_speaks_with_a_voice_it_cloned(client: Client, tmp_path: Path) -> None:
    sample = tmp_path / "sample.wav"
    sample.write_bytes(media.silence(12, rate=8000))
    cloned = client.run(
        "minimax/voice-clone",
        {
            "audio": client.upload(str(sample)),
            "custom_voice_id": "Voice0001",
            "model": "speech-02-hd",
            "text": "Hi.",
        },
        poll_interval=0.05,
    )
    said = {"text": "Good morning.", "voice_id": "Voice0001"}
    spoken = client.run("minimax/speech-02-hd", said, poll_interval=0.05)
    for made in (cloned, spoken):
        assert media.seconds_of(requests.get(made["outputs"][0], timeout=10).content) > 0.2


def test_the_client_is_told_of_failures_in_its_own_errors(sandbox: Sandbox, client: Client) -> None:
    with pytest.raises(RuntimeError, match=r"audio.* is required"):
        client.run(TALK, {"image": "http://x/y.png"})
    sandbox.bench.faults.inject("wavespeed", "task_fails", code=1200, error="content policy")
    with pytest.raises(RuntimeError, match="content policy"):
        client.run(TALK, inputs(sandbox), poll_interval=0.05)
    with pytest.raises(RuntimeError, match="401"):
        Client(api_key="other", base_url=sandbox.url("wavespeed")).run(TALK, inputs(sandbox))


def test_the_client_asks_again_through_trouble_and_submits_once(sandbox: Sandbox, client: Client) -> None:
    sandbox.bench.faults.inject("wavespeed", "bad_gateway", 2, path="/result")
    sandbox.bench.faults.inject("wavespeed", "reset", path="/result")
    assert client.run(TALK, inputs(sandbox), poll_interval=0.05)["outputs"]
    sandbox.bench.faults.inject("wavespeed", "drop_after", path=TALK)
    with pytest.raises(RuntimeError, match="will not retry"):
        client.run(TALK, inputs(sandbox))
    assert sandbox.bench.requests.count("wavespeed", path=TALK) == 2


def test_sync_mode_ends_as_processing_with_5004(sandbox: Sandbox, client: Client) -> None:
    told = client.run_no_throw(TALK, inputs(sandbox), enable_sync_mode=True)
    assert told["status"] == "processing"
    sandbox.bench.clock.advance(60)
    assert client.get_result(told["task_id"])["data"]["status"] == "completed"


# By itself.


def test_keys(sandbox: Sandbox, http: httpx.Client) -> None:
    emulator: Any = sandbox.emulators["wavespeed"]
    for given in (
        {},
        {"Authorization": "Bearer x"},
        {"X-API-Key": emulator.key},
        {"Authorization": f"Bearer {emulator.key_not_activated}"},
    ):
        answer = httpx.get(f"{sandbox.url('wavespeed')}/api/v3/balance", headers=given)
        assert (answer.status_code, answer.json()["code"]) == (401, 401)
    assert http.get("balance").json()["data"] == {"balance": 1000.0}


@pytest.mark.parametrize(
    ("model", "change", "named"),
    [
        (TALK, {"audio": None}, "audio"),
        (TALK, {"image_url": "x"}, "image_url"),
        (HUNYUAN, {"mask_image": "x"}, "mask_image"),
        ("wavespeed-ai/infinitetalk-fast", {"resolution": "480p"}, "resolution"),
        (TALK, {"resolution": "1080p"}, "resolution"),
        (TALK, {"seed": -2}, "seed"),
        (TALK, {"seed": 2**31}, "seed"),
        (TALK, {"seed": "1"}, "seed"),
        (TALK, {"seed": True}, "seed"),
        ("wavespeed-ai/infinitetalk/multi", {}, "left_audio"),
    ],
)
def test_schemas_are_strict(
    sandbox: Sandbox, http: httpx.Client, model: str, change: dict[str, Any], named: str
) -> None:
    body = {name: value for name, value in {**inputs(sandbox), **change}.items() if value is not None}
    answer = submit(http, body, model)
    assert answer.status_code == 400
    assert named in answer.json()["message"]
    assert sandbox.bench.ledger.total("wavespeed") == 0


def test_an_unknown_model_is_not_found(http: httpx.Client) -> None:
    assert submit(http, {}, "wavespeed-ai/other").status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"null"], ids=["empty", "list", "half", "null"])
@pytest.mark.parametrize("path", [TALK, "media/uploads", "predictions", "model/price", "predictions/delete"])
def test_a_body_that_is_no_object_is_refused(http: httpx.Client, path: str, body: bytes) -> None:
    assert http.post(path, content=body).status_code in (400, 404)


def test_storage_wants_its_headers_no_key_and_punctuality(sandbox: Sandbox, http: httpx.Client) -> None:
    content = picture(32, 32)

    def ticket() -> dict[str, Any]:
        asked = {"filename": "p.png", "size": len(content), "content_type": "image/png"}
        granted: dict[str, Any] = http.post("media/uploads", json=asked).json()["data"]
        return granted

    granted = ticket()
    url, headers = granted["upload"]["url"], granted["upload"]["headers"]
    assert not url.startswith(sandbox.url("wavespeed"))
    assert (
        httpx.put(url, content=content, headers={**headers, "Authorization": "Bearer x"}).status_code == 403
    )
    assert httpx.put(url, content=content, headers={"Content-Type": "image/png"}).status_code == 403
    assert httpx.get(granted["download_url"]).status_code == 404
    assert httpx.put(url, content=content, headers=headers).status_code == 200
    assert httpx.put(url, content=content, headers=headers).status_code == 403
    assert httpx.get(granted["download_url"]).content == content
    late = ticket()
    sandbox.bench.clock.advance(901)
    assert httpx.put(late["upload"]["url"], content=content, headers=headers).status_code == 403
    assert httpx.get(granted["download_url"]).content == content
    sandbox.bench.clock.advance(7 * 86_400)
    assert httpx.get(granted["download_url"]).status_code == 403


def test_the_legacy_upload_still_works(http: httpx.Client) -> None:
    answer = http.post("media/upload/binary", files={"file": ("a.png", picture(32, 32), "image/png")})
    shown = answer.json()["data"]
    assert "upload" not in shown
    assert httpx.get(shown["download_url"]).content == picture(32, 32)
    assert http.post("media/upload/binary", files={"file": ("a.exe", b"x")}).status_code == 400


def test_inline_media_is_read(sandbox: Sandbox, http: httpx.Client) -> None:
    import base64

    audio = base64.b64encode(media.silence(2, rate=8000)).decode()
    task = submit(http, inputs(sandbox) | {"audio": f"data:audio/wav;base64,{audio}"}).json()["data"]
    sandbox.bench.clock.advance(10)
    assert http.get(f"predictions/{task['id']}/result").json()["data"]["status"] == "completed"


def test_media_from_elsewhere_is_1402(sandbox: Sandbox, http: httpx.Client) -> None:
    task = submit(http, inputs(sandbox) | {"audio": "https://elsewhere.example/a.mp3"}).json()["data"]
    sandbox.bench.clock.advance(10)
    shown = http.get(f"predictions/{task['id']}/result").json()["data"]
    assert (shown["status"], shown["code"], shown["outputs"]) == ("failed", 1402, [])
    assert sandbox.bench.ledger.total("wavespeed") == 0


@pytest.mark.parametrize("seconds", [120, 120.5])
def test_too_long_for_hunyuan(sandbox: Sandbox, http: httpx.Client, seconds: float) -> None:
    answer = submit(http, inputs(sandbox, seconds), HUNYUAN)
    assert answer.status_code == (200 if seconds == 120 else 400)


def test_a_tasks_life(sandbox: Sandbox, http: httpx.Client) -> None:
    emulator: Any = sandbox.emulators["wavespeed"]
    emulator.waiting_seconds, emulator.rendering = 30, 20
    placed = submit(http, inputs(sandbox)).json()
    assert (placed["code"], placed["data"]["status"]) == (200, "created")
    where = f"predictions/{placed['data']['id']}"
    seen = []
    for pause in (10, 30, 60):
        sandbox.bench.clock.advance(pause)
        seen.append(http.get(f"{where}/result").json()["data"]["status"])
    assert seen == ["created", "processing", "completed"]
    done = http.get(where).json()["data"]
    assert httpx.get(done["outputs"][0]).status_code == 200
    assert done["executionTime"] == pytest.approx(40_000, abs=50)
    sandbox.bench.clock.advance(7 * 86_400)
    assert httpx.get(done["outputs"][0]).status_code == 403
    assert http.get(where).status_code == 404


def test_bronze_runs_three_and_takes_five_a_minute(sandbox: Sandbox, http: httpx.Client) -> None:
    emulator: Any = sandbox.emulators["wavespeed"]
    emulator.level, emulator.rendering, emulator.waiting_seconds = "bronze", 20, 0
    placed = [submit(http, inputs(sandbox)) for _ in range(6)]
    assert [each.status_code for each in placed] == [200] * 5 + [429]
    assert int(placed[-1].headers["retry-after"]) <= 60
    ids = [each.json()["data"]["id"] for each in placed[:5]]
    for pause, states in (
        (20, 3 * ["processing"] + 2 * ["created"]),
        (25, 3 * ["completed"] + 2 * ["processing"]),
    ):
        sandbox.bench.clock.advance(pause)
        assert [http.get(f"predictions/{each}/result").json()["data"]["status"] for each in ids] == states


@pytest.mark.parametrize(
    ("model", "seconds", "resolution", "price"),
    [
        (TALK, 4.2, "480p", "0.15"),
        (TALK, 61.3, "720p", "3.72"),
        (TALK, 600, "720p", "36"),
        (HUNYUAN, 5.5, "480p", "0.30"),
        (HUNYUAN, 11, "720p", "0.90"),
        ("wavespeed-ai/infinitetalk-fast", 10, None, "0.15"),
    ],
)
def test_the_ledger_keeps_the_price_list(
    sandbox: Sandbox, http: httpx.Client, model: str, seconds: float, resolution: str | None, price: str
) -> None:
    body = inputs(sandbox, seconds, **({"resolution": resolution} if resolution else {}))
    quoted = http.post("model/price", json={"model_id": model, "inputs": body}).json()["data"]
    old = http.post("model/pricing", json={"model_id": model, "inputs": body}).json()["data"]
    assert submit(http, body, model).status_code == 200
    assert sandbox.bench.ledger.total("wavespeed") == Decimal(price)
    assert quoted["price"] == old["unit_price"] == float(price)
    assert http.get("balance").json()["data"]["balance"] == pytest.approx(1000 - float(price))
    (billed,) = http.post("billings/search", json={}).json()["data"]["items"]
    assert billed["amount"] == float(price)


def test_an_empty_account_buys_nothing(sandbox: Sandbox, http: httpx.Client) -> None:
    emulator: Any = sandbox.emulators["wavespeed"]
    emulator.balance = Decimal("0.20")
    assert submit(http, inputs(sandbox)).status_code == 200
    answer = submit(http, inputs(sandbox))
    assert (answer.status_code, "credits" in answer.json()["message"]) == (402, True)


def test_lists_are_filtered_and_paged(sandbox: Sandbox, http: httpx.Client) -> None:
    for number in range(3):
        submit(http, inputs(sandbox, seed=number))
        sandbox.bench.clock.advance(100)
    submit(http, inputs(sandbox), HUNYUAN)

    def listed(**asked: Any) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = http.post("predictions", json=asked).json()["data"]["items"]
        return items

    assert len(listed()) == 4
    assert [each["inputs"]["seed"] for each in listed(model=TALK, include_inputs=True)] == [2, 1, 0]
    assert "inputs" not in listed()[0]
    second = listed(model=TALK)[1]["created_at"]
    assert len(listed(model=TALK, created_after=second)) == 2
    assert len(listed(model=TALK, created_before=second)) == 2
    assert [len(listed(page=page, page_size=3)) for page in (1, 2, 3)] == [3, 1, 0]
    assert len(listed(status="completed", model=TALK)) == 3
    assert listed(status="failed") == []
    assert http.post("predictions", json={"page_size": 101}).status_code == 400
    sandbox.bench.clock.advance(7 * 86_400)
    assert listed() == []


def test_deleting_is_final(sandbox: Sandbox, http: httpx.Client) -> None:
    task = submit(http, inputs(sandbox)).json()["data"]["id"]
    sandbox.bench.clock.advance(60)
    (output,) = http.get(f"predictions/{task}/result").json()["data"]["outputs"]
    assert [
        http.post("predictions/delete", json={"ids": [task, "x"]}).json()["data"]["deleted_count"]
        for _ in range(2)
    ] == [1, 0]
    assert http.get(f"predictions/{task}/result").json()["data"]["status"] == "deleted"
    assert httpx.get(output).status_code == 404


def test_knocks_are_signed_with_the_secret_it_tells(sandbox: Sandbox, http: httpx.Client) -> None:
    secret = http.get("webhook/secret").json()["data"]["secret"]
    assert secret == sandbox.emulators["wavespeed"].settings()["WEBHOOK_SECRET"]
    body = json.dumps({"id": "a"}).encode()
    said = hmac.new(secret.removeprefix("whsec_").encode(), b"a.17." + body, hashlib.sha256).hexdigest()
    assert signed(secret, "a", 17, body)["webhook-signature"] == f"v3,{said}"


def test_models_are_listed_with_their_base_price(http: httpx.Client) -> None:
    shown = {each["model_id"]: each["base_price"] for each in http.get("models").json()["data"]}
    assert (shown[TALK], shown[HUNYUAN], shown["minimax/voice-clone"]) == (0.15, 0.15, 0.5)


def test_dice_find_every_fault_that_they_may_choose() -> None:
    """The same seed, the same trouble."""
    told: list[list[str | None]] = []
    for _ in range(2):
        with Sandbox(["wavespeed"], seed=11, faults_rate=0.4) as unlucky:
            headers = {"Authorization": f"Bearer {unlucky.emulators['wavespeed'].key}"}
            body = inputs(unlucky)
            dice = random.Random(3)
            for _ in range(60):
                path = dice.choice([TALK, "predictions", "predictions/0/result"])
                try:
                    httpx.post(f"{unlucky.url('wavespeed')}/api/v3/{path}", json=body, headers=headers)
                except httpx.HTTPError:
                    continue
            told.append([each.fault for each in unlucky.bench.requests.all("wavespeed")])
    assert told[0] == told[1]
    assert len({fault for fault in told[0] if fault}) > 5


def test_every_fault_has_a_meaning_and_a_moment() -> None:
    assert len({fault.name for fault in faults.ALL}) == len(faults.ALL)
    assert all(fault.meaning for fault in faults.ALL)
