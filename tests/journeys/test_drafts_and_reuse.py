"""A writer service at work with money in mind (rows 106, 124, 142, 192–196): a draft to look at, the real thing once,
the same again for nothing, what people thought of it, and where it all went."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from typing import Any

import pytest

from tests.client import Client
from tests.journeys.conftest import Stage, Trained, until

pytestmark = pytest.mark.asyncio(loop_scope="session")

SCRIPT = "Every morning I write one page, and every evening I read it again."
OUTPUT = "... on SpeechOutput { draft reused reusedFrom { id } contentType price { amount } rating served { provider fidelity } voice { id } asset { id url } engagement { views } }"
ASKED = "output { id draft reused } job { id state } quote { priceCeiling { amount } }"


async def seen(client: Client, id: str) -> dict[str, Any]:
    found: dict[str, Any] = await client.node(id, OUTPUT)
    return found


async def test_draft_then_real_then_again(stage: Stage, client: Client, trained: Trained) -> None:
    wish = {"personaId": trained.persona, "script": SCRIPT, "platform": "LINKEDIN"}
    made = await client.change("generateSpeech", ASKED, **wish, draft=True)
    assert made["output"]["draft"] and Decimal(made["quote"]["priceCeiling"]["amount"]) == 0
    await client.succeeded(made["job"]["id"])
    id = made["output"]["id"]
    rough = await seen(client, id)
    assert (rough["served"][0]["fidelity"], rough["voice"], rough["contentType"]) == (
        "STOCK",
        None,
        "LINKEDIN_POST",
    )
    assert Decimal(rough["price"]["amount"]) == 0
    assert (await client.get(rough["asset"]["url"])).status_code == 200
    assert (await client.refusal("rateOutput", outputId=id, stars=5))["code"] == "IS_DRAFT"

    quoted = await client.change(
        "promoteOutput", "quote { price { amount } } job { id }", outputId=id, dryRun=True
    )
    assert Decimal(quoted["quote"]["price"]["amount"]) > 0 and quoted["job"] is None
    real = await client.change(
        "promoteOutput", "output { id draft } job { id }", outputId=id, idempotencyKey="p"
    )
    assert real["output"] == {"id": id, "draft": True}
    await client.succeeded(real["job"]["id"])
    final = await seen(client, id)
    assert not final["draft"] and final["voice"]["id"] == trained.voice
    assert final["served"] == [{"provider": "scripted", "fidelity": "CLONE"}]
    assert Decimal(final["price"]["amount"]) > 0 and final["asset"]["id"] != rough["asset"]["id"]
    assert (await client.get(rough["asset"]["url"])).status_code == 410
    again = await client.change("promoteOutput", "job { id }", outputId=id, idempotencyKey="p")
    assert again["job"] == real["job"]
    assert (await client.refusal("promoteOutput", outputId=id))["code"] == "NOT_A_DRAFT"

    placed = len(stage.history("start"))
    twin = await client.change("generateSpeech", ASKED, **wish, contentType="ARTICLE", maxPrice="0")
    assert twin["output"]["reused"] and twin["job"]["state"] == "SUCCEEDED"
    assert (await client.events(twin["job"]["id"]))[-1]["terminal"]
    shared = await seen(client, twin["output"]["id"])
    assert shared["reusedFrom"] == {"id": id} and shared["asset"]["id"] == final["asset"]["id"]
    assert (shared["contentType"], Decimal(shared["price"]["amount"])) == ("ARTICLE", Decimal(0))
    assert len(stage.history("start")) == placed
    await client.change("deleteOutput", "deletedId", outputId=id)
    assert (await client.get(shared["asset"]["url"])).status_code == 200
    assert (await seen(client, twin["output"]["id"]))["reusedFrom"] is None
    other = await stage.someone("Somebody with the same words")
    theirs = (await other.change("createPersona", "persona { id }", name="P"))["persona"]["id"]
    fresh = await other.change(
        "generateSpeech", ASKED, **{**wish, "personaId": theirs}, voicePolicy="ALLOW_STOCK_VOICE"
    )
    assert not fresh["output"]["reused"]
    await client.change("deleteOutput", "deletedId", outputId=twin["output"]["id"])
    await until(lambda: stage.lies(final["asset"]["id"]) == ("ERASED", False, False))


async def test_what_became_of_it(client: Client, trained: Trained) -> None:
    """And the figures of the dashboard are those of the account's books."""
    made = await client.change(
        "generateSpeech", ASKED, personaId=trained.persona, script="What became of it?", platform="PODCAST",
        reuse=False,
    )  # fmt: skip
    await client.succeeded(made["job"]["id"])
    id = made["output"]["id"]
    await client.change("rateOutput", "rating { stars }", outputId=id, stars=5, comment="Just like me.")
    for views in (10, 250):
        await client.change(
            "recordEngagement",
            "engagement { views }",
            outputId=id,
            platform="PODCAST",
            views=views,
            likes=views // 5,
        )
    output = await seen(client, id)
    assert output["rating"] == 5.0 and output["engagement"] == [{"views": 250}]

    document = """{ viewer { account {
      spend { spent { amount } cost { amount } } usageCsv
      usage { total { outputs price { amount } cost { amount } } lines(by: PROVIDER) { key price { amount } cost { amount } } }
      insights { measures { name value reason } } } } }"""
    account = (await client.ask(document))["viewer"]["account"]
    price, cost = account["spend"]["spent"]["amount"], account["spend"]["cost"]["amount"]
    usage = account["usage"]
    assert (usage["total"]["price"]["amount"], usage["total"]["cost"]["amount"]) == (price, cost)
    assert sum(Decimal(line["price"]["amount"]) for line in usage["lines"]) == Decimal(price) > 0
    rows = list(csv.DictReader(io.StringIO(account["usageCsv"])))
    assert sum(Decimal(row["price"]) for row in rows) == Decimal(price)
    assert sum(Decimal(row["cost"]) for row in rows) == Decimal(cost) and id in {
        row["output"] for row in rows
    }
    found = {one["name"]: one for one in account["insights"]["measures"]}
    assert found["VOICE_SATISFACTION"]["value"] == 5.0 and 0 < found["ENGAGEMENT"]["value"] <= 1
    assert all((one["value"] is None) == bool(one["reason"]) for one in found.values())
