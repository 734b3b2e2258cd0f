"""What goes beyond one output: styles fitted to platforms, batches, webhooks, golden lines, a persona that moves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.client import Client
from tests.journeys.conftest import Stage, Trained

pytestmark = pytest.mark.asyncio(loop_scope="session")

WORDS = "We bake before dawn. Nobody sees us then; nobody has to. A loaf is a promise, and a promise is kept by five. "


async def test_a_style_is_edited_fitted_and_checked(client: Client, trained: Trained) -> None:
    """Rows 7–17: an edit is what counts, and a check changes nothing."""
    mine = {"personaId": trained.persona}
    await client.change(
        "analyzeWritingStyle", "writingStyle { tone { value } }", **mine, texts=[{"text": WORDS * 6}]
    )
    style = await client.change("updateWritingStyle", "writingStyle { tone { value } }", **mine, tone="wry")
    assert style["writingStyle"]["tone"]["value"] == "wry"
    await client.change(
        "setPlatformAdaptation", "adaptation { platform }", **mine, platform="X", wordsHigh=30
    )
    check = await client.change("styleCheck", "check { score }", **mine, text=WORDS)
    assert 0 <= check["check"]["score"] <= 100


async def test_many_scripts_in_one_request(client: Client, trained: Trained) -> None:
    """One quote, and an outcome for each."""
    items = [{"script": "One."}, {"script": "…"}, {"script": "Three."}]
    made = await client.change(
        "generateSpeechBatch", "items { job { id } errors { code } } quote { price { amount } }",
        personaId=trained.persona, items=items,
    )  # fmt: skip
    one, none, three = made["items"]
    assert none["job"] is None and [error["code"] for error in none["errors"]] == ["TEXT_EMPTY"]
    for item in (one, three):
        await client.succeeded(item["job"]["id"])


async def test_an_address_is_told_and_its_log_is_kept(client: Client) -> None:
    """K11: nobody answers at this address, and nothing is lost by it."""
    made = await client.change("createWebhook", "webhook { id } secret", url="https://hooks.example/persona")
    hook = {"webhookId": made["webhook"]["id"]}
    assert made["secret"].startswith("whsec_")
    changed = await client.change("rotateWebhookSecret", "webhook { rotatedAt } secret", **hook)
    assert changed["secret"] != made["secret"] and changed["webhook"]["rotatedAt"]
    told = await client.change("testWebhook", "delivery { id messageId event }", **hook)
    again = await client.change(
        "redeliverWebhook", "delivery { id messageId }", deliveryId=told["delivery"]["id"]
    )
    assert again["delivery"]["messageId"] == told["delivery"]["messageId"]
    enabled = await client.change("enableWebhook", "webhook { disabledAt }", **hook)
    assert enabled["webhook"]["disabledAt"] is None
    await client.change("deleteWebhook", "webhook { id }", **hook)
    seen = await client.ask("{ viewer { account { webhooks { id } } } }")
    assert made["webhook"]["id"] not in str(seen)


async def test_a_voice_is_watched_and_measured(client: Client, trained: Trained) -> None:
    """Golden lines are spoken, measured and kept as what later checks are held against."""
    capped = await client.change(
        "setVoiceRenewal", "voice { renewalCap { amount } }", voiceId=trained.voice, monthlyCap="2"
    )
    assert capped["voice"]["renewalCap"] is not None
    await client.change(
        "setDriftWatch", "voice { driftCap { amount } }", voiceId=trained.voice, monthlyCap="1"
    )
    await client.change(
        "setGoldenLines", "persona { goldenLines }", personaId=trained.persona,
        lines=["The bread is in the oven, and it will be ready soon after the sun has risen over the town."],
    )  # fmt: skip
    checked = await client.change("checkDrift", "voice { id } job { id }", personaId=trained.persona)
    await client.succeeded(checked["job"]["id"])


async def test_a_persona_moves(stage: Stage, client: Client, trained: Trained, tmp_path: Path) -> None:
    """Rows 220–222, B7: out as a signed file, in again as a persona that waits for consent."""
    mine = {"personaId": trained.persona}
    entry = await client.change(
        "setPronunciation", "entry { id }", **mine, written="Siobhan", spoken="Shivawn"
    )
    bundle = await client.change("exportPersona", "asset { url } key leftOut", **mine)
    packed = (await client.get(bundle["asset"]["url"])).content
    path = tmp_path / "persona.bundle"
    path.write_bytes(packed)
    taken = await client.change(
        "importPersona", "persona { id name voice { id } }", assetId=await client.upload(path, "BUNDLE")
    )
    assert taken["persona"]["voice"] is None and taken["persona"]["id"] != trained.persona
    path.write_bytes(packed[:-9] + bytes([packed[-9] ^ 1]) + packed[-8:])
    changed = await client.announce(path.read_bytes(), "BUNDLE", path.name)
    await client.put(changed["upload"]["url"], path.read_bytes())
    refused = await client.refusal("importPersona", assetId=changed["asset"]["id"])
    assert refused["code"] in ("BUNDLE_CHANGED", "BUNDLE_DAMAGED")
    await client.change("removePronunciation", "removedId", entryId=entry["entry"]["id"])


async def test_steps_are_put_off_and_versions_held(client: Client, trained: Trained) -> None:
    mine = {"personaId": trained.persona}
    await client.change("skipOnboardingStep", "persona { id }", **mine, step="WRITING_STYLE")
    await client.change("resumeOnboardingStep", "persona { id }", **mine, step="WRITING_STYLE")
    version = (await client.change("approvePersona", "version { id }", **mine))["version"]["id"]
    await client.change(
        "pinPersonaVersion", "persona { pins { platform } }", versionId=version, platform="BLOG"
    )
    left = await client.change(
        "unpinPersonaVersion", "persona { pins { platform } }", **mine, platform="BLOG"
    )
    assert left["persona"]["pins"] == []
