"""From a portrait and a speech to a video: what is sent where, what it costs, what is too long."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Any

import httpx
import pytest
from persona_graph_sandbox import media
from persona_graph_wavespeed import persona_graph_register_providers

from persona_graph.provider import OrderRejected, OutcomeUnknown, PluginConfig, Speak, Ticket, Write
from persona_graph.provider.call import MissingSecret

HUNYUAN, TALK = "wavespeed-hunyuan", "wavespeed-infinitetalk"
BOTH = pytest.mark.parametrize("name", [HUNYUAN, TALK])


async def fetched(url: str | None) -> httpx.Response:
    async with httpx.AsyncClient() as http:
        return await http.get(str(url))


@BOTH
async def test_a_portrait_speaks_as_long_as_its_speech(desk: Any, name: str) -> None:
    """Rows 80, 81."""
    delivery = await desk.make(desk.animation(2.0, prompt=" calm, looks at the camera "), name)
    assert (delivery.content_type, delivery.honoured_options) == ("video/mp4", ("prompt",))
    answer = await fetched(delivery.remote_url)
    assert answer.headers["content-type"] == "video/mp4"
    assert media.seconds_of(answer.content) == pytest.approx(2.0, abs=0.15)
    assert {progress.fraction for progress in desk.seen} <= {None}


@BOTH
async def test_exactly_what_the_contract_names_is_sent(desk: Any, name: str) -> None:
    await desk.start(desk.animation(prompt="in a garden", resolution="720p"), name)
    tickets, (submit,) = desk.asked("/media/uploads"), desk.asked("/wavespeed-ai/")
    assert [each.json() for each in tickets] == [
        {"filename": "image.png", "size": len(desk.files["portrait.png"]), "content_type": "image/png"},
        {"filename": "audio.wav", "size": len(desk.files["speech-2.0.wav"]), "content_type": "audio/wav"},
    ]
    body = submit.json()
    assert (
        submit.path
        == f"/api/v3/{'wavespeed-ai/hunyuan-avatar' if name == HUNYUAN else 'wavespeed-ai/infinitetalk'}"
    )
    assert body.keys() == {"image", "audio", "resolution", "prompt", "seed"}
    assert (body["resolution"], body["prompt"]) == ("720p", "in a garden")
    assert 0 <= body["seed"] <= 2**31 - 1
    assert submit.headers["authorization"] == f"Bearer {desk.emulator.key}"
    assert submit.query == ""


async def test_no_empty_prompt_is_sent(desk: Any) -> None:
    await desk.start(desk.animation(prompt="  "))
    assert "prompt" not in desk.asked("/wavespeed-ai/")[0].json()


async def test_the_storage_sees_no_key_and_every_header_it_asked_for(desk: Any) -> None:
    """Threat T7: the account's key goes to the API alone."""
    await desk.start(desk.animation())
    puts = desk.sandbox.bench.requests.all("files", method="PUT")
    assert [each.status for each in puts] == [200, 200]
    for put in puts:
        assert "authorization" not in put.headers
        assert put.headers["if-none-match"] == "*"
    assert [put.headers["content-type"] for put in puts] == ["image/png", "audio/wav"]


async def test_a_ticket_without_headers_is_followed(desk: Any) -> None:
    desk.inject("no_headers", times=2)
    delivery = await desk.make(desk.animation())
    assert delivery.remote_url


async def test_mp3_and_jpeg_are_told_by_their_bytes(desk: Any) -> None:
    order = desk.animation()
    call = desk.call()
    spoken = media.speech("Good morning to you.", "mp3")
    order = replace(order, speech=call.lend("speech.wav", spoken.content, "audio/wav", spoken.seconds))
    await desk.make(order)
    assert desk.asked("/media/uploads")[1].json()["content_type"] == "audio/mpeg"


@pytest.mark.parametrize(
    ("name", "seconds", "resolution", "cost"),
    [
        (TALK, 4.2, "480p", "0.15"),
        (TALK, 61.3, "720p", "3.72"),
        (TALK, 600, "720p", "36.00"),
        (TALK, 600, "480p", "18.00"),
        (TALK, 5.0, "480p", "0.15"),
        (TALK, 5.01, "480p", "0.18"),
        (HUNYUAN, 4.2, "480p", "0.15"),
        (HUNYUAN, 5.5, "720p", "0.60"),
        (HUNYUAN, 61.3, "720p", "3.90"),
        (HUNYUAN, 120, "480p", "3.60"),
    ],
)
async def test_the_declared_cost_is_what_the_vendor_bills(
    desk: Any, name: str, seconds: float, resolution: str, cost: str
) -> None:
    """Rows 155, 156, 157: the offer's formula and the emulator's ledger, made apart from each other, agree."""
    declared = desk.offer(name).cost.of(seconds=seconds, resolution=resolution)
    assert declared == Decimal(cost)
    ticket = await desk.start(desk.animation(seconds, resolution), name)
    assert desk.billed() == declared == Decimal(str(ticket.data["cost"]))


async def test_what_is_booked_is_by_the_speech_that_was_sent(desk: Any) -> None:
    """A video's container is a little longer than its speech; the vendor bills the speech."""
    delivery = await desk.make(desk.animation(5.0))
    assert delivery.billed_cost == desk.billed() == Decimal("0.15")


@pytest.mark.parametrize(
    ("name", "seconds", "taken"),
    [
        (HUNYUAN, 119, True),
        (HUNYUAN, 120, True),
        (HUNYUAN, 120.5, False),
        (HUNYUAN, 121, False),
        (TALK, 121, True),
        (TALK, 600, True),
        (TALK, 601, False),
    ],
)
async def test_the_longest_speech(desk: Any, name: str, seconds: float, taken: bool) -> None:
    """Row 94: 119, 120 and 121 s."""
    assert desk.offer(name).limits.max_seconds == (120 if name == HUNYUAN else 600)
    if taken:
        assert isinstance(await desk.start(desk.animation(seconds), name), Ticket)
        return
    with pytest.raises(OrderRejected) as refused:
        await desk.start(desk.animation(seconds), name)
    assert refused.value.code == "SPEECH_TOO_LONG"
    assert desk.asked() == []


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"resolution": "1080p"}, "RESOLUTION"),
        ({"prompt": "x" * 2001}, "TEXT_TOO_LONG"),
        ({"portrait": b"GIF89a", "kind": "image/gif"}, "FILE_TYPE"),
        ({"speech": b"OggS" + bytes(50), "kind": "audio/ogg"}, "FILE_TYPE"),
        ({"speech": b"\x89PNG\r\n\x1a\n", "kind": "audio/wav"}, "FILE_TYPE"),
        ({"portrait": b"\xff\xd8\xff" + bytes(10_000_000), "kind": "image/jpeg"}, "FILE_TOO_LARGE"),
        ({"speech": b"ID3" + bytes(50_000_000), "kind": "audio/mpeg"}, "FILE_TOO_LARGE"),
    ],
    ids=["resolution", "prompt", "gif", "ogg", "picture-as-speech", "large-picture", "large-speech"],
)
async def test_what_the_vendor_would_refuse_is_refused_here(
    desk: Any, change: dict[str, Any], code: str
) -> None:
    kind = change.pop("kind", "")
    call = desk.call()
    lent: dict[str, Any] = {
        name: call.lend(f"odd-{name}", value, kind) if isinstance(value, bytes) else value
        for name, value in change.items()
    }
    with pytest.raises(OrderRejected) as refused:
        await desk.start(replace(desk.animation(), **lent))
    assert refused.value.code == code
    assert desk.submits() == 0


@pytest.mark.parametrize("order", [Speak(script="Hi"), Write(brief="Hi")], ids=["speak", "write"])
async def test_another_kind_of_order_is_refused(desk: Any, order: Any) -> None:
    with pytest.raises(OrderRejected) as refused:
        await desk.provider().start(desk.offer(TALK), order, desk.call())
    assert refused.value.code == "NOT_OFFERED"


async def test_a_new_process_follows_a_ticket_out_of_json(desk: Any, tmp_path: Any) -> None:
    """A restart between the submit and the first look: nothing is placed again."""
    ticket = await desk.start(desk.animation())
    desk.elsewhere(tmp_path / "other-machine")
    assert (await desk.finish(ticket)).remote_url
    assert (desk.submits(), desk.charges()) == (1, 1)
    assert (await desk.check(ticket)).remote_url == (await desk.check(ticket)).remote_url


async def test_a_ticket_holds_the_receipt_and_no_address(desk: Any) -> None:
    """Whoever holds the address of the portrait sees the person; the ticket's row needs it for nothing."""
    ticket = await desk.start(desk.animation(61.3, "720p"))
    assert ticket.data["prediction"] == desk.emulator.tasks.of(desk.emulator.key)[0].id
    assert (ticket.data["seconds"], ticket.data["resolution"]) == (61.3, "720p")
    assert ticket.vendor_ref == ticket.data["prediction"]
    assert "http" not in str(dict(ticket.data))


@pytest.mark.parametrize(
    "data",
    [{}, {"prediction": "../balance", "placed_at": "x"}, {"prediction": "ab"}],
    ids=["empty", "path", "half"],
)
async def test_a_ticket_of_somebody_else_is_not_followed(desk: Any, data: dict[str, str]) -> None:
    with pytest.raises(OutcomeUnknown):
        await desk.check(Ticket(data))
    assert desk.asked() == []


async def test_the_pace_fits_the_accounts_level(desk: Any) -> None:
    """Threat V14: the vendor's cap per minute is kept without running into it."""
    desk.settings = {"LEVEL": "bronze"}
    call = desk.call()
    await desk.provider().start(desk.offer(TALK), desk.animation(), call)
    assert call.turns == [(12.0, "wavespeed-videos")]
    assert desk.offer(TALK).limits.max_concurrent == 3


async def test_asking_slows_down_with_the_works_age(desk: Any) -> None:
    desk.emulator.rendering = 20
    await desk.finish(await desk.start(desk.animation(10)))
    waits = [progress.check_again_in for progress in desk.seen]
    assert waits == sorted(waits)
    assert (waits[0], waits[-1]) == (2.0, 10.0)
    assert {progress.stage for progress in desk.seen} == {"at work"}


@pytest.mark.parametrize(("resolution", "cost"), [("480p", "0.15"), ("720p", "0.30")])
async def test_cancelling_asks_for_nothing_irreversible_and_says_the_bill(
    desk: Any, resolution: str, cost: str
) -> None:
    """Threat V12: no call that stops a task is documented, and the one that deletes is final."""
    ticket = await desk.start(desk.animation(resolution=resolution))
    before = len(desk.asked())
    for _ in range(2):
        with pytest.raises(OrderRejected) as cannot:
            await desk.provider().cancel(ticket, desk.call())
        assert (cannot.value.code, cannot.value.billed_cost) == ("CANNOT_CANCEL", Decimal(cost))
    assert len(desk.asked()) == before
    assert (await desk.finish(ticket)).remote_url
    assert desk.billed() == Decimal(cost)


async def test_a_bill_that_is_not_known_is_not_named(desk: Any) -> None:
    order = desk.animation()
    ticket = await desk.start(replace(order, speech=replace(order.speech, seconds=None)))
    with pytest.raises(OutcomeUnknown):
        await desk.provider().cancel(ticket, desk.call())


def test_where_the_data_goes_is_said(desk: Any) -> None:
    for name in (HUNYUAN, TALK):
        use = desk.offer(name).data_use
        assert use.kept_days == 7
        assert any("public address" in each for each in use.leaves)
        assert not use.deletion_supported


@pytest.mark.parametrize(
    "wrong",
    [{"BASE_URL": "ftp://x"}, {"BASE_URL": "https://k:v@x"}, {"LEVEL": "platinum"}],
    ids=["scheme", "user", "level"],
)
def test_wrong_settings_are_named(desk: Any, wrong: dict[str, str]) -> None:
    desk.settings = wrong
    with pytest.raises(ValueError, match=next(iter(wrong))):
        desk.provider()


def test_without_a_key_the_plugin_says_which_setting_is_missing() -> None:
    with pytest.raises(MissingSecret, match="PERSONA_GRAPH_PLUGIN_WAVESPEED_API_KEY"):
        persona_graph_register_providers(PluginConfig("wavespeed", {}))


def test_registering_loads_nothing_heavy() -> None:
    code = (
        "import sys, persona_graph_wavespeed as p; from persona_graph.provider import PluginConfig;"
        "p.persona_graph_register_providers(PluginConfig('wavespeed', {'API_KEY': 'k'}));"
        "print(*{m.split('.')[0] for m in sys.modules} & {'numpy', 'cv2', 'scipy', 'wavespeed'})"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
