"""Consent (rows 207, 221; B1, B3): without a live one nothing of a person is used."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from persona_graph.db import new_id, utcnow
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.tables import Job
from persona_graph.media.asset import AssetPurpose
from persona_graph.personas.tables import ConsentScope, OutputKind
from tests.world import Owner, World, public


async def equipped(owner: Owner) -> tuple[Any, dict[str, dict[str, Any]]]:
    """A persona that lacks nothing but consent, and what uses its voice or face."""
    persona = await owner.persona()
    voice = await owner.voice(persona, live=True)
    await owner.avatar(persona, live=True)
    speech = await owner.output(persona, OutputKind.SPEECH, voice_id=voice.id)
    sample, photo = (
        await owner.asset(AssetPurpose.SAMPLE, seconds=70.0),
        await owner.asset(AssetPurpose.PHOTO),
    )
    id = public(persona)
    return persona, {
        "trainVoice": {"personaId": id, "name": "v", "sampleIds": [public(sample)]},
        "createAvatar": {"personaId": id, "name": "a", "photoId": public(photo)},
        "generateSpeech": {"personaId": id, "script": "Hello."},
        "generateVideo": {"personaId": id, "script": "Hello."},
        "generateVideo of speech": {"personaId": id, "speechOutputId": public(speech)},
    }


NEEDS = {
    "trainVoice": {"VOICE"},
    "createAvatar": {"VOICE", "LIKENESS"},
    "generateSpeech": {"VOICE"},
    "generateVideo": {"VOICE", "LIKENESS"},
    "generateVideo of speech": {"VOICE", "LIKENESS"},
}


@pytest.mark.parametrize("what", NEEDS)
async def test_each_use_needs_its_consents(world: World, owner: Owner, what: str) -> None:
    persona, uses = await equipped(owner)
    mutation = what.split()[0]
    for given in ({"VOICE"}, {"LIKENESS"}, {"VOICE", "LIKENESS"}):
        consents = [await owner.consent(persona, ConsentScope(scope)) for scope in sorted(given)]
        before = await world.dump()
        if NEEDS[what] <= given:
            await owner.client.change(mutation, "quote { price { amount } }", **uses[what], dryRun=True)
        else:
            error = await owner.client.refusal(mutation, **uses[what])
            assert (error["__typename"], error["code"]) == ("ConsentError", "CONSENT_REQUIRED")
            assert error["scope"] in NEEDS[what] - given and "grantConsent" in error["fix"]
        assert await world.dump() == before
        for consent in consents:
            await owner.client.change("withdrawConsent", "consent { live }", consentId=public(consent))


@pytest.mark.parametrize("of", ["another persona", "another account", "the past"])
async def test_a_consent_is_for_one_persona_and_one_time(world: World, owner: Owner, of: str) -> None:
    """B1: consent for another voice, tenant or time."""
    persona, uses = await equipped(owner)
    if of == "another persona":
        await owner.consent(await owner.persona("Eve"), ConsentScope.VOICE)
    elif of == "another account":
        other = await world.account("Eve")
        await other.consent(await other.persona(), ConsentScope.VOICE)
    else:
        await owner.consent(persona, ConsentScope.VOICE, expires_at=utcnow() - timedelta(seconds=1))
    error = await owner.client.refusal("generateSpeech", **uses["generateSpeech"])
    assert error["code"] == "CONSENT_REQUIRED"


async def test_what_was_agreed_to_is_kept_in_its_words(owner: Owner) -> None:
    persona = public(await owner.persona())
    ends = (utcnow() + timedelta(days=30)).isoformat()
    given = await owner.client.change(
        "grantConsent", "consent { id scope subject statement statementVersion grantedBy live expiresAt withdrawnAt }",
        personaId=persona, scope="LIKENESS", subject="Ada Lovelace", expiresAt=ends,
    )  # fmt: skip
    consent = given["consent"]
    assert "I am Ada Lovelace" in consent["statement"] and "photo" in consent["statement"]
    assert (consent["live"], consent["grantedBy"], consent["withdrawnAt"]) == (True, "Ada's service", None)
    gone = await owner.client.change(
        "withdrawConsent", "consent { live withdrawnAt statement }", consentId=consent["id"]
    )
    assert gone["consent"]["live"] is False and gone["consent"]["withdrawnAt"]
    error = await owner.client.refusal("withdrawConsent", consentId=consent["id"])
    assert (error["code"], error["state"]) == ("ALREADY_DECIDED", "WITHDRAWN")


async def test_withdrawing_stops_what_rests_on_it_and_nothing_else(world: World, owner: Owner) -> None:
    """B3: at once, for jobs nobody has begun."""
    persona = await owner.persona()
    first, second = [await owner.consent(persona, ConsentScope.VOICE) for _ in range(2)]
    other = await owner.persona("Eve")
    own_voice = {"voice": new_id()}
    jobs = {
        "training": await owner.job(persona, JobKind.VOICE_TRAINING, "Voice", (await owner.voice(persona)).id, JobState.QUEUED),
        "own": await owner.job(persona, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED, spec=own_voice),
        "stock": await owner.job(persona, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED, spec={"voice": None}),
        "other": await owner.job(other, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED, spec=own_voice),
    }  # fmt: skip
    await owner.client.change("withdrawConsent", "consent { live }", consentId=public(first))
    assert {name: (await world.get(Job, job.id)).state for name, job in jobs.items()} == dict.fromkeys(
        jobs, "QUEUED"
    )
    await owner.client.change("withdrawConsent", "consent { live }", consentId=public(second))
    assert {name: (await world.get(Job, job.id)).state.value for name, job in jobs.items()} == {
        "training": "CANCELLED", "own": "CANCELLED", "stock": "QUEUED", "other": "QUEUED",
    }  # fmt: skip


async def test_without_consent_an_allowed_stock_voice_stands_in(owner: Owner) -> None:
    persona, uses = await equipped(owner)
    await owner.consent(persona, ConsentScope.LIKENESS)
    select = "quote { legs { route { candidates { ownVoice } } } }"
    for mutation in ("generateSpeech", "generateVideo", "createAvatar"):
        made = await owner.client.change(
            mutation, select, **uses[mutation], dryRun=True, voicePolicy="ALLOW_STOCK_VOICE"
        )
        candidates = made["quote"]["legs"][0]["route"]["candidates"]
        assert candidates and not any(candidate["ownVoice"] for candidate in candidates)


@pytest.mark.parametrize(
    "ends",
    ["2020-01-01T00:00:00Z", "2035-01-01T00:00:00", "9999-12-31T23:59:59-23:00", "0001-01-01T00:00:00+23:00"],
)
async def test_a_time_must_be_a_time_to_come_and_of_a_zone(owner: Owner, ends: str) -> None:
    persona = public(await owner.persona())
    error = await owner.client.refusal(
        "grantConsent", personaId=persona, scope="VOICE", subject="Ada", expiresAt=ends
    )
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["expiresAt"]) and error["fix"]
    error = await owner.client.refusal("createServiceToken", label="x", scopes=["READ"], expiresAt=ends)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["expiresAt"])


@pytest.mark.parametrize("subject", ["", "   ", "x" * 201])
async def test_somebody_must_have_agreed(owner: Owner, subject: str) -> None:
    persona = public(await owner.persona())
    error = await owner.client.refusal("grantConsent", personaId=persona, scope="VOICE", subject=subject)
    assert error["__typename"] == "InvalidInputError" and error["path"] == ["subject"]
