"""Clock, ledger, files, limits, control and media of the sandbox."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import httpx
import pytest
from persona_graph_sandbox import Bench, RateLimit, Sandbox, Slots, media
from persona_graph_sandbox.faults import UnknownFault

PHOTOS = Path(__file__).parents[3] / "tests" / "samples" / "photos"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox([]) as running:
        yield running


@pytest.fixture(autouse=True)
def fresh(sandbox: Sandbox) -> None:
    sandbox.reset()


def test_the_clock_runs_and_can_be_put_forward(sandbox: Sandbox) -> None:
    clock = sandbox.bench.clock
    before = clock.now()
    assert 86_400 <= (clock.advance(86_400) - before).total_seconds() < 86_460
    with pytest.raises(ValueError, match="backwards"):
        clock.advance(-1)


def test_the_ledger_adds_up_and_refunds_once(sandbox: Sandbox) -> None:
    ledger = sandbox.bench.ledger
    ledger.book("a", "key", "clone", Decimal("1.50"), "v1")
    ledger.book("a", "key", "speech", Decimal("0.000031"), "s1")
    ledger.book("b", "key", "video", Decimal("0.15"), "p1")
    assert (ledger.total("a"), ledger.total(), ledger.total("a", "clone")) == (
        Decimal("1.500031"), Decimal("1.650031"), Decimal("1.50"),
    )  # fmt: skip
    assert ledger.refund("b", "p1") == Decimal("0.15")
    assert ledger.refund("b", "p1") == 0
    assert ledger.total("b") == 0
    assert [entry.kind for entry in ledger.entries("b")] == ["video", "refund"]


def test_files_have_an_origin_of_their_own_and_expire(sandbox: Sandbox) -> None:
    url = sandbox.bench.files.put(b"bytes", "audio/mpeg", seconds_to_live=60, ending=".mp3")
    assert url.startswith(sandbox.files_url) and sandbox.files_url != sandbox.control_url
    got = httpx.get(url)
    assert (got.content, got.headers["content-type"]) == (b"bytes", "audio/mpeg")
    assert sandbox.bench.files.find(url) == b"bytes"
    sandbox.bench.clock.advance(60)
    assert (httpx.get(url).status_code, sandbox.bench.files.find(url)) == (403, None)
    assert httpx.get(sandbox.files_url + "/f/none").status_code == 404


def test_bytes_can_be_put_once_to_a_place(sandbox: Sandbox) -> None:
    place = sandbox.bench.files.place(seconds_to_live=60, most_bytes=10)
    assert httpx.get(place).status_code == 404
    assert httpx.put(place, content=b"x" * 11).status_code == 400
    assert httpx.put(place, content=b"abc", headers={"Content-Type": "image/png"}).status_code == 200
    assert httpx.put(place, content=b"def").status_code == 403
    got = httpx.get(place)
    assert (got.content, got.headers["content-type"]) == (b"abc", "image/png")


def test_files_break_like_any_vendor(sandbox: Sandbox) -> None:
    url = sandbox.bench.files.put(b"x" * 5000, "video/mp4")
    sandbox.bench.faults.inject("files", "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url)
    assert len(httpx.get(url).content) == 5000


def test_a_rate_limit_slides_and_can_stick(sandbox: Sandbox) -> None:
    bench = sandbox.bench
    sliding, sticky = RateLimit(bench.clock, 2, 10), RateLimit(bench.clock, 1, 10, sticky=900)
    assert [sliding.admit("k"), sliding.admit("k")] == [0, 0]
    assert 9 < sliding.admit("k") <= 10
    assert sliding.admit("other") == 0
    assert (sticky.admit("k"), sticky.admit("k")) == (0, 900)
    bench.clock.advance(11)
    assert sliding.admit("k") == 0
    assert 880 < sticky.admit("k") < 890
    bench.clock.advance(900)
    assert sticky.admit("k") == 0


def test_slots_are_given_back() -> None:
    slots = Slots(1)
    with slots.take("k") as first, slots.take("k") as second:
        assert (first, second) == (True, False)
    with slots.take("k") as again:
        assert again


def test_another_process_controls_it_over_http(sandbox: Sandbox) -> None:
    control = sandbox.control_url
    sandbox.bench.ledger.book("a", "key", "speech", Decimal("0.10"), "s1")
    assert httpx.get(f"{control}/ledger", params={"vendor": "a"}).json()["total"] == "0.10"
    injected = httpx.post(f"{control}/faults", json={"vendor": "files", "fault": "bad_gateway", "times": 2})
    assert injected.status_code == 201
    assert httpx.get(sandbox.files_url + "/x", headers={"Authorization": "Bearer k"}).status_code == 502
    [left] = httpx.get(f"{control}/faults").json()
    assert (left["fault"], left["times"]) == ("bad_gateway", 1)
    [asked] = httpx.get(f"{control}/requests").json()
    assert (asked["path"], asked["status"], asked["headers"]["authorization"]) == ("/x", 502, "…")
    before = httpx.get(f"{control}/clock").json()["now"]
    assert httpx.post(f"{control}/clock/advance", json={"seconds": 86400}).json()["now"] > before
    httpx.post(f"{control}/reset", json={})
    assert httpx.get(f"{control}/ledger").json() == {"total": "0", "entries": []}


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/faults", {"vendor": "files", "fault": "none such"}),
        ("/faults", {}),
        ("/clock/advance", {"seconds": -1}),
    ],
    ids=["unknown-fault", "nothing", "backwards"],
)
def test_control_says_what_it_does_not_understand(
    sandbox: Sandbox, path: str, sent: dict[str, object]
) -> None:
    assert httpx.post(sandbox.control_url + path, json=sent).status_code == 422
    assert httpx.post(sandbox.control_url + path, content=b"{}").status_code == 415


def test_an_unknown_fault_is_a_mistake_in_the_test() -> None:
    with pytest.raises(UnknownFault, match="nothing"):
        Bench.new().faults.inject("nobody", "nothing")


@pytest.mark.parametrize("form", ["mp3", "wav", "flac", "opus", "aac"])
def test_speech_is_real_audio_as_long_as_its_text(form: str) -> None:
    text = "The quick brown fox jumps over the lazy dog."
    sound = media.speech(text, form)
    assert sound.seconds == pytest.approx(len(text) * 0.065, abs=0.001)
    assert media.seconds_of(sound.content) == pytest.approx(sound.seconds, abs=0.09)
    assert media.speech(text + " Twice.", form).content != sound.content
    assert media.speech(text, form, voice="another").content != sound.content


def test_speech_is_loud_and_voiced() -> None:
    from persona_graph_sandbox.tones import voiced

    samples = voiced("Some words to be said aloud.")
    assert 0.03 < float((samples**2).mean()) ** 0.5 < 0.4


def test_a_very_long_text_is_as_long_as_it_should_be() -> None:
    sound = media.speech("A sentence that is said over and over again. " * 220, "mp3", bitrate=32000)
    assert sound.seconds == pytest.approx(9_899 * 0.065, abs=0.1)


def test_the_history_lets_old_bodies_go(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    from persona_graph_sandbox import history

    monkeypatch.setattr(history, "MOST_BODIES", 500_000)
    place = sandbox.files_url + "/f/nowhere"
    for _ in range(4):
        httpx.put(place, content=b"x" * 200_000)
    assert [len(asked.body) for asked in sandbox.bench.requests.all("files")] == [0, 0, 200_000, 200_000]
    assert {asked.size for asked in sandbox.bench.requests.all("files")} == {200_000}


def test_a_video_is_as_long_as_its_sound() -> None:
    picture = sorted(PHOTOS.iterdir())[0].read_bytes()
    sound = media.speech("A text of some seconds, to be shown with a face.", "wav")
    video = media.talking_video(picture, sound.content)
    assert video[4:8] == b"ftyp"
    assert media.seconds_of(video) == pytest.approx(sound.seconds, abs=0.1)


def test_what_is_no_media_is_unreadable() -> None:
    with pytest.raises(media.Unreadable):
        media.seconds_of(b"not a recording" * 50)
    with pytest.raises(media.Unreadable):
        media.talking_video(b"not a picture", media.speech("Hello").content)
