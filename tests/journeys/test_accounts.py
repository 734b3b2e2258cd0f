"""Personas, tokens, tiers and providers, as whoever runs a front end or a writer service meets them."""

from __future__ import annotations

import asyncio
import re
import time

import pytest
from websockets.exceptions import ConnectionClosedError

from persona_graph.graphql.schema import schema
from tests.client import ROOT, Answered, Client
from tests.journeys.conftest import Stage, Trained

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_a_persona_is_made_changed_and_deleted(client: Client) -> None:
    fields = "persona { id name archetype brandVoice language createdAt updatedAt }"
    made = (
        await client.change("createPersona", fields, name="  Ada  ", archetype="The guide", language="de-AT")
    )["persona"]
    assert (made["name"], made["archetype"], made["brandVoice"], made["language"]) == (
        "Ada",
        "The guide",
        None,
        "de-AT",
    )
    changed = (
        await client.change("updatePersona", fields, personaId=made["id"], brandVoice="Warm.", archetype="")
    )["persona"]
    assert (changed["name"], changed["archetype"], changed["brandVoice"]) == ("Ada", None, "Warm.")
    assert changed["updatedAt"] > made["updatedAt"] and changed["createdAt"] == made["createdAt"]
    listed = await client.ask("{ viewer { personas(first: 1) { nodes { id } } } }")
    assert listed["viewer"]["personas"]["nodes"] == [{"id": made["id"]}]
    consent = await client.change(
        "grantConsent", "consent { id }", personaId=made["id"], scope="VOICE", subject="Ada"
    )

    gone = await client.change("deletePersona", "deletedId pending", personaId=made["id"])
    assert gone == {"deletedId": made["id"], "pending": [], "errors": []}
    assert await client.node(made["id"], "") is None
    assert (await client.refusal("deletePersona", personaId=made["id"]))["code"] == "NOT_FOUND"
    kept = await client.node(consent["consent"]["id"], "... on Consent { live subject }")
    assert (kept["live"], kept["subject"]) == (False, "Ada")


async def test_a_service_gets_a_token_and_loses_it(client: Client, trained: Trained) -> None:
    """What a token may do, who used it, and that it is dead within a minute of being revoked, streams too (W9)."""
    made = await client.change(
        "createServiceToken",
        "token { id label scopes lastUsedAt revokedAt } secret",
        label="linkedin-writer",
        scopes=["READ", "WRITE"],
    )
    assert made["token"]["scopes"] == ["READ", "WRITE"] and made["secret"].startswith("pg_")
    service = client.as_(made["secret"])
    assert (await service.ask("{ viewer { label scopes } }"))["viewer"]["label"] == "linkedin-writer"
    spoken = await service.change(
        "generateSpeech",
        "output { id askedBy } job { id askedBy }",
        personaId=trained.persona,
        script="Written elsewhere.",
    )
    assert spoken["output"]["askedBy"] == spoken["job"]["askedBy"] == "linkedin-writer"
    await service.succeeded(spoken["job"]["id"])
    assert (await service.refusal("setTier", accountId="x", tier="free"))["code"] in (
        "FORBIDDEN",
        "NOT_FOUND",
    )
    error = await service.refusal("createServiceToken", label="more", scopes=["OPERATE"])
    assert (error["code"], error["path"]) == ("FORBIDDEN", ["scopes"])
    listed = "{ viewer { serviceTokens { id label lastUsedAt revokedAt } } }"
    [mine] = [
        token
        for token in (await client.ask(listed))["viewer"]["serviceTokens"]
        if token["id"] == made["token"]["id"]
    ]
    assert mine["lastUsedAt"] is not None and mine["revokedAt"] is None

    await client.change("revokeServiceToken", "token { revokedAt }", tokenId=made["token"]["id"])
    begun = time.monotonic()
    while (await service.post("{ viewer { label } }")).status_code != 401:
        assert time.monotonic() - begun < 60
        await asyncio.sleep(0.5)
    with pytest.raises(ConnectionClosedError) as closed:
        await service.events(spoken["job"]["id"])
    assert closed.value.rcvd is not None and closed.value.rcvd.code == 4403


async def test_a_free_account_is_shown_what_it_could_have(stage: Stage, client: Client) -> None:
    """Rows 151, 162–164: tiers and their prices are there to be shown; an operator moves the account."""
    free = await stage.someone("Starts on Free", tier="free")
    tiers = (
        await free.ask(
            "{ tiers { id name monthlyCap { amount } allowances { feature allowed price maxSeconds } } }"
        )
    )["tiers"]
    assert [tier["id"] for tier in tiers] == ["free", "basic", "pro", "enterprise"]
    by = {tier["id"]: {line["feature"]: line for line in tier["allowances"]} for tier in tiers}
    assert (
        not by["free"]["VOICE_TRAINING"]["allowed"]
        and by["basic"]["VOICE_TRAINING"]["price"] == "$0.75 once per voice"
    )
    assert not by["basic"]["AVATAR"]["allowed"] and by["pro"]["TALKING_VIDEO"]["maxSeconds"] == 120
    account = (
        await free.ask("{ viewer { account { id tier { id } spend { spent { amount } left { amount } } } } }")
    )["viewer"]["account"]
    assert (account["tier"]["id"], float(account["spend"]["left"]["amount"])) == ("free", 0)

    persona = (await free.change("createPersona", "persona { id }", name="Free"))["persona"]["id"]
    error = await free.refusal("trainVoice", personaId=persona, name="v", sampleIds=["x"])
    # An id that is none is none on every tier; with any real one the tier is what stands in the way.
    assert error["code"] == "NOT_FOUND"
    spoken = await free.change("generateSpeech", "job { id }", personaId=persona, script="Free of charge.")
    await free.succeeded(spoken["job"]["id"])

    moved = await client.change(
        "setTier", "account { name tier { id } }", accountId=account["id"], tier="pro"
    )
    assert moved["account"] == {"name": "Starts on Free", "tier": {"id": "pro"}}
    now = (
        await free.ask(
            "{ viewer { account { tier { id monthlyCap { amount } } spend { left { amount } } } } }"
        )
    )["viewer"]["account"]
    assert (now["tier"]["id"], float(now["spend"]["left"]["amount"])) == ("pro", 100)
    error = await client.refusal("setTier", accountId=account["id"], tier="platinum")
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["tier"]) and "enterprise" in error["fix"]


async def test_the_providers_say_what_they_do_and_the_faulty_ones_why_not(client: Client) -> None:
    """P1: a plugin that cannot be imported is left out with a reason; everything else works."""
    document = "query($c: Capability) { providers(capability: $c) { id name plugin version offers { id capability usesTrainedVoice fidelity options dataUse { leaves keptDays region trainsOnIt deletionSupported } } } quarantinedPlugins { plugin distribution version reason } }"
    seen = await client.ask(document)
    scripted = next(provider for provider in seen["providers"] if provider["id"] == "scripted")
    assert (scripted["plugin"], scripted["version"]) == ("pg-scripted-provider", "1.0")
    training = next(offer for offer in scripted["offers"] if offer["capability"] == "VOICE_TRAINING")
    assert training["dataUse"] == {
        "leaves": ["recordings"], "keptDays": 30, "region": "nowhere", "trainsOnIt": False, "deletionSupported": True,
    }  # fmt: skip
    broken = next(plugin for plugin in seen["quarantinedPlugins"] if plugin["plugin"] == "broken")
    assert (broken["distribution"], broken["version"]) == ("pg-broken-provider", "1.0")
    assert "this plugin was never finished" in broken["reason"]
    writers = (await client.ask(document, c="TEXT"))["providers"]
    assert "local-portrait" not in [provider["id"] for provider in writers]
    assert all(
        offer["capability"] == "TEXT" or each["id"] == "scripted"
        for each in writers
        for offer in each["offers"]
    )


async def test_only_an_operator_resolves_a_review(stage: Stage, client: Client, trained: Trained) -> None:
    made = await client.change(
        "generateSpeech", "job { id }", personaId=trained.persona, script="Nothing to review."
    )
    await client.succeeded(made["job"]["id"])
    error = await client.refusal("resolveReview", jobId=made["job"]["id"], again=True, note="try")
    assert (error["__typename"], error["state"]) == ("WrongStateError", "SUCCEEDED")
    with pytest.raises(Answered):
        await client.ask("mutation { resolveReview(input: {}) { job { id } } }")


async def test_every_mutation_has_a_journey() -> None:
    roots = schema._schema.mutation_type
    assert roots is not None
    told = "\n".join(path.read_text() for path in (ROOT / "tests/journeys").glob("test_*.py"))
    missing = [name for name in roots.fields if not re.search(rf'"{name}"', told)]
    assert missing == []
