"""Paid mutations over the API as hostile or hurried clients send them (G17–G19, P6, row 205)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from persona_graph.accounts import ledger
from persona_graph.accounts.ledger import Hold
from persona_graph.jobs.books import audit
from persona_graph.jobs.tables import IdempotencyKey, Job
from persona_graph.personas.batch import MOST_ITEMS
from persona_graph.personas.batch_tables import BatchItem, SpeechBatch
from persona_graph.personas.tables import ConsentScope, Output, Persona
from tests.client import Client, input_type
from tests.world import Owner, World, open_world, public

ITEM = """index output { id script } job { id state } quote { price { amount } priceCeiling { amount } }
  errors { __typename code message path fix }"""
BATCH = f"items {{ {ITEM} }} quote {{ price {{ amount }} priceCeiling {{ amount }} costLow {{ amount }} costHigh {{ amount }} }}"
SPEECH = "output { id } job { id } quote { priceCeiling { amount } }"
GOOD = {"script": "Good morning to all of you."}
EMPTY = {"script": "  "}


@pytest.fixture(params=["sqlite", "postgres"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    url = "" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    async with open_world(tmp_path, redis_url, database_url=url) as world:
        yield world


async def speaking(world: World, name: str = "Ada", tier: str = "pro") -> tuple[Owner, Persona]:
    owner = await world.account(name, tier)
    persona = await owner.persona(name)
    await owner.consent(persona, ConsentScope.VOICE)
    await owner.voice(persona, live=True)
    return owner, persona


async def counts(world: World) -> dict[str, int]:
    kinds = (Job, Output, Hold, IdempotencyKey, SpeechBatch, BatchItem)
    async with world.runtime.db.reading() as session:
        return {
            kind.__name__: await session.scalar(select(func.count()).select_from(kind)) or 0 for kind in kinds
        }


async def sound(world: World) -> None:
    async with world.runtime.db.reading() as session:
        assert (await audit(session)).faults == ()


async def leave(world: World, owner: Owner, left: Decimal) -> None:
    """Leave that much of this month's cap."""
    tiers = world.runtime.tiers
    cap = tiers.monthly_cap("pro") or Decimal(0)
    async with world.runtime.db.writing() as session:
        await ledger.reserve(session, owner.id, "earlier", 0, cap - left, cap_of=tiers.monthly_cap)
        await ledger.settle(session, owner.id, "earlier", 0, price=cap - left)


# --- One key, many calls ------------------------------------------------------------------------


@pytest.mark.parametrize("mutation", ["generateSpeech", "generateSpeechBatch"])
async def test_g18_fifty_at_once_with_one_key(world: World, mutation: str) -> None:
    """G18: one job, one reservation, fifty equal answers; for a batch, one of each per script."""
    owner, persona = await speaking(world)
    asked: dict[str, Any] = {"personaId": public(persona), "idempotencyKey": "k"}
    asked |= {"items": [GOOD, EMPTY, GOOD]} if mutation.endswith("Batch") else GOOD
    select_ = BATCH if mutation.endswith("Batch") else SPEECH
    answers = await asyncio.gather(*(owner.client.payload(mutation, select_, asked) for _ in range(50)))
    assert all(answer == answers[0] for answer in answers)
    jobs = 2 if mutation.endswith("Batch") else 1
    found = await counts(world)
    assert (found["Job"], found["Output"], found["Hold"], found["IdempotencyKey"]) == (jobs, jobs, jobs, 1)
    await sound(world)


@pytest.mark.parametrize("change", ["order", "one more", "a setting", "another mutation"])
async def test_g19_a_batch_key_with_another_input(world: World, change: str) -> None:
    owner, persona = await speaking(world)
    asked: dict[str, Any] = {
        "personaId": public(persona),
        "idempotencyKey": "k",
        "items": [GOOD, {"script": "Two."}],
    }
    await owner.client.change("generateSpeechBatch", BATCH, **asked)
    before = await counts(world)
    if change == "another mutation":
        error = await owner.client.refusal(
            "generateSpeech", personaId=public(persona), idempotencyKey="k", **GOOD
        )
    else:
        items = {
            "order": asked["items"][::-1], "one more": [*asked["items"], GOOD], "a setting": [GOOD, {"script": "Two.", "speed": 1.5}],
        }  # fmt: skip
        error = await owner.client.refusal("generateSpeechBatch", **{**asked, "items": items[change]})
    assert error["code"] == "IDEMPOTENCY_MISMATCH" and await counts(world) == before
    other, theirs = await speaking(world, "Bob")
    again = await other.client.change("generateSpeechBatch", BATCH, **{**asked, "personaId": public(theirs)})
    assert all(item["job"] for item in again["items"]), "somebody else's key is another key"


# --- Many operations in one request -------------------------------------------------------------


async def aliased(client: Client, mutation: str, count: int, asked: dict[str, Any]) -> list[Any]:
    calls = " ".join(
        f"a{n}: {mutation}(input: $input) {{ {SPEECH} errors {{ code ... on SpendError {{ left {{ amount }} }} }} }}"
        for n in range(count)
    )
    data = await client.ask(f"mutation($input: {input_type(mutation).name}!) {{ {calls} }}", input=asked)
    return [data[f"a{n}"] for n in range(count)]


async def test_g17_fifteen_aliases_and_money_for_one(world: World) -> None:
    """G17: exactly one hold, fourteen typed refusals."""
    owner, persona = await speaking(world)
    asked = {"personaId": public(persona), **GOOD}
    rehearsed = await owner.client.change("generateSpeech", SPEECH, **asked, dryRun=True)
    ceiling = Decimal(rehearsed["quote"]["priceCeiling"]["amount"])
    assert ceiling > 0
    await leave(world, owner, ceiling * Decimal("1.5"))
    answers = await aliased(owner.client, "generateSpeech", 15, asked)
    refused = [answer["errors"][0] for answer in answers if answer["errors"]]
    assert len(refused) == 14 and {error["code"] for error in refused} == {"SPEND_CAP"}
    assert {Decimal(error["left"]["amount"]) for error in refused} == {ceiling / 2}
    assert (await counts(world))["Hold"] == 1
    await sound(world)


async def test_g17_aliases_with_one_key_are_one_request(world: World) -> None:
    owner, persona = await speaking(world)
    asked = {"personaId": public(persona), "idempotencyKey": "k", **GOOD}
    answers = await aliased(owner.client, "generateSpeech", 15, asked)
    assert all(answer == answers[0] for answer in answers) and not answers[0]["errors"]
    assert (await counts(world))["Job"] == 1


# --- Batches ------------------------------------------------------------------------------------


async def test_a_batch_has_one_quote_and_an_outcome_for_each(world: World) -> None:
    """205."""
    owner, persona = await speaking(world)
    items = [GOOD, EMPTY, {"script": "Fast.", "speed": 9.0}, {"script": "And good night."}]
    made = await owner.client.change("generateSpeechBatch", BATCH, personaId=public(persona), items=items)
    assert [item["index"] for item in made["items"]] == [0, 1, 2, 3]
    assert [bool(item["job"]) for item in made["items"]] == [True, False, False, True]
    assert [item["output"]["script"] for item in made["items"] if item["output"]] == [
        GOOD["script"],
        "And good night.",
    ]
    refused = [error for item in made["items"] for error in item["errors"]]
    assert [(error["code"], error["path"]) for error in refused] == [
        ("TEXT_EMPTY", ["items", "1", "script"]), ("INVALID_INPUT", ["items", "2", "speed"]),
    ]  # fmt: skip
    assert all(error["fix"] for error in refused)
    for figure in ("price", "priceCeiling"):
        each = [Decimal(item["quote"][figure]["amount"]) for item in made["items"] if item["quote"]]
        assert Decimal(made["quote"][figure]["amount"]) == sum(each) > 0
    async with world.runtime.db.reading() as session:
        held = await session.scalar(select(func.sum(Hold.amount)))
    assert held == Decimal(made["quote"]["priceCeiling"]["amount"])
    await sound(world)


async def test_a_batch_that_is_repeated_is_answered_as_before(world: World) -> None:
    owner, persona = await speaking(world)
    asked = {"personaId": public(persona), "items": [EMPTY, GOOD, GOOD], "idempotencyKey": "k"}
    first = await owner.client.change("generateSpeechBatch", BATCH, **asked)
    await owner.client.change("cancelJob", "job { id }", jobId=first["items"][1]["job"]["id"])
    before = await counts(world)
    again = await owner.client.change("generateSpeechBatch", BATCH, **asked)
    assert [item["job"] and item["job"]["state"] for item in again["items"]] == [None, "CANCELLED", "QUEUED"]
    for item in (*first["items"], *again["items"]):
        (item["job"] or {}).pop("state", None)
    assert again == first and await counts(world) == before


async def test_a_dry_run_of_a_batch_writes_nothing(world: World) -> None:
    owner, persona = await speaking(world)
    before = await world.dump()
    asked = {"personaId": public(persona), "items": [GOOD, EMPTY], "idempotencyKey": "k", "dryRun": True}
    made = await owner.client.change("generateSpeechBatch", BATCH, **asked)
    assert [item["job"] for item in made["items"]] == [None, None]
    assert [bool(item["quote"]) for item in made["items"]] == [True, False]
    assert Decimal(made["quote"]["costHigh"]["amount"]) > 0
    assert await world.dump() == before


@pytest.mark.parametrize("dry", [True, False], ids=["dry run", "for real"])
async def test_a_batch_over_the_cap_is_refused_whole(world: World, dry: bool) -> None:
    """G17: there would be money for two of three."""
    owner, persona = await speaking(world)
    asked: dict[str, Any] = {"personaId": public(persona), "items": [GOOD] * 3}
    rehearsed = await owner.client.change("generateSpeechBatch", BATCH, **asked, dryRun=True)
    whole = Decimal(rehearsed["quote"]["priceCeiling"]["amount"])
    await leave(world, owner, whole - Decimal("0.0001"))
    before = await counts(world)
    error = await owner.client.refusal("generateSpeechBatch", **asked, dryRun=dry)
    assert error["code"] == "SPEND_CAP" and Decimal(error["needed"]["amount"]) == whole
    assert await counts(world) == before
    two = await owner.client.change("generateSpeechBatch", BATCH, **{**asked, "items": [GOOD] * 2})
    assert all(item["job"] for item in two["items"])


async def test_v11_a_batch_over_ones_own_limit(world: World) -> None:
    """V11, P6: the limit holds for the sum."""
    owner, persona = await speaking(world)
    asked: dict[str, Any] = {"personaId": public(persona), "items": [GOOD] * 3}
    rehearsed = await owner.client.change("generateSpeechBatch", BATCH, **asked, dryRun=True)
    whole = Decimal(rehearsed["quote"]["priceCeiling"]["amount"])
    error = await owner.client.refusal(
        "generateSpeechBatch", **asked, maxPrice=str(whole - Decimal("0.0001"))
    )
    assert error["code"] == "PRICE_ABOVE_MAX"
    await owner.client.change("generateSpeechBatch", BATCH, **asked, maxPrice=str(whole))


async def test_a_batch_of_which_nothing_can_be_done_leaves_its_key_free(world: World) -> None:
    owner, persona = await speaking(world)
    asked: dict[str, Any] = {"personaId": public(persona), "idempotencyKey": "k"}
    made = await owner.client.change("generateSpeechBatch", BATCH, **asked, items=[EMPTY, EMPTY])
    assert [item["errors"][0]["code"] for item in made["items"]] == ["TEXT_EMPTY", "TEXT_EMPTY"]
    assert made["quote"]["price"]["amount"] == "0.0000"
    assert set((await counts(world)).values()) == {0}
    await owner.client.change("generateSpeechBatch", BATCH, **asked, items=[GOOD])


@pytest.mark.parametrize("count", [0, MOST_ITEMS + 1])
async def test_a_batch_of_none_or_too_many(world: World, count: int) -> None:
    owner, persona = await speaking(world)
    error = await owner.client.refusal("generateSpeechBatch", personaId=public(persona), items=[GOOD] * count)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["items"])


async def test_g20_a_batch_of_too_many_characters(world: World) -> None:
    """G20: what is priced within one request stays within a fraction of a second."""
    owner, persona = await speaking(world)
    items = [{"script": "Dr. " * 5000}] * 6
    error = await owner.client.refusal("generateSpeechBatch", personaId=public(persona), items=items)
    assert (error["code"], error["path"]) == ("TEXT_TOO_LONG", ["items"])


async def test_a_full_batch(world: World) -> None:
    owner, persona = await speaking(world)
    items = [{"script": f"This is number {n}."} for n in range(MOST_ITEMS)]
    made = await owner.client.change("generateSpeechBatch", BATCH, personaId=public(persona), items=items)
    assert len({item["job"]["id"] for item in made["items"]}) == MOST_ITEMS
    await sound(world)


async def test_203_the_free_tier_s_refusals_name_tier_and_price_for_each(world: World) -> None:
    """162, 203, 204: on Free there is nobody who speaks but the stock voices; a video is refused, with its price."""
    owner = await world.account("Eve", "free")
    persona = await owner.persona("Eve")
    error = await owner.client.refusal("generateVideo", personaId=public(persona), **GOOD)
    assert (error["code"], error["requiredTier"]) == ("TIER_REQUIRED", "pro") and "$0.15" in error["fix"]
    made = await owner.client.change(
        "generateSpeechBatch", BATCH, personaId=public(persona), items=[GOOD, GOOD]
    )
    assert made["quote"]["priceCeiling"]["amount"] == "0.0000" and all(item["job"] for item in made["items"])


# --- Tiers over the API -------------------------------------------------------------------------


async def test_a_tier_with_an_end_is_shown_with_it(world: World) -> None:
    owner, _ = await speaking(world, tier="basic")
    account = (await owner.client.ask("{ viewer { account { id } } }"))["viewer"]["account"]["id"]
    fields = "account { tier { id } tierUntil tierAfter { id } }"
    until = "2999-01-01T00:00:00+00:00"
    moved = await owner.client.change(
        "setTier", fields, accountId=account, tier="pro", until=until, then="basic"
    )
    assert moved["account"] == {"tier": {"id": "pro"}, "tierUntil": until, "tierAfter": {"id": "basic"}}
    error = await owner.client.refusal("setTier", accountId=account, tier="pro", until="2001-01-01T00:00:00Z")
    assert error["path"] == ["until"]
    moved = await owner.client.change("setTier", fields, accountId=account, tier="enterprise")
    assert moved["account"] == {"tier": {"id": "enterprise"}, "tierUntil": None, "tierAfter": None}
