"""Usage, ratings, engagement and insights as a front end and a writer service meet them (rows 106, 124, 132, 142,
189–197)."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import TierChange
from persona_graph.db import new_id, utcnow
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.personas.insights import InsightName
from persona_graph.personas.ratings import Rating
from persona_graph.personas.tables import ContentType, Output, OutputKind, Persona, Platform
from tests.client import Answered
from tests.world import Owner, World, open_world, public

LINE = "key outputs reused drafts seconds price { amount } cost { amount }"
INSIGHTS = "{ viewer { account { insights { period { start end } measures { name unit value target met others counted reason } } } } }"


@pytest.fixture(params=["sqlite", "postgres"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    async with open_world(tmp_path, redis_url, database_url=url) as world:
        yield world


async def sold(owner: Owner, persona: Persona, kind: OutputKind, price: str = "0.02", **more: Any) -> Output:
    """An output whose price and cost stand in the ledger as well."""
    output = await owner.output(
        persona, kind, **{"price": Decimal(price), "seconds": 3.0, "content_type": ContentType.OTHER, **more}
    )
    runtime = owner.world.runtime
    async with runtime.db.writing() as session:
        amount, cap_of = Decimal(price), runtime.tiers.monthly_cap
        await ledger.reserve(session, owner.id, output.job_id, 0, amount, cap_of=cap_of)
        await ledger.settle(
            session, owner.id, output.job_id, 0, price=amount, cost=Decimal("0.01"), provider="minimax"
        )
    return output


async def test_a_dashboard_of_usage(world: World) -> None:
    """Rows 106, 124, 132: by platform, voice and avatar, with ids that lead there."""
    owner = await world.account("Ada")
    persona, other = await owner.persona("one"), await owner.persona("two")
    voice, avatar = await owner.voice(persona, live=True), await owner.avatar(persona, live=True)
    await sold(owner, persona, OutputKind.SPEECH, voice_id=voice.id, platform=Platform.BLOG)
    await sold(owner, persona, OutputKind.VIDEO, "0.15", avatar_id=avatar.id, platform=Platform.BLOG)
    await sold(owner, other, OutputKind.SPEECH, "0.03")
    stranger = await world.account("Eve")
    await sold(stranger, await stranger.persona("hers"), OutputKind.SPEECH, "5")
    document = f"""query($id: ID!) {{
      persona(id: $id) {{ usage {{
        period {{ start end }} total {{ {LINE} }} voices: lines(by: VOICE) {{ {LINE} }}
        avatars: lines(by: AVATAR) {{ key outputs }} platforms: lines(by: PLATFORM) {{ {LINE} }} }} }}
      viewer {{ account {{
        spend {{ period {{ start }} spent {{ amount }} cost {{ amount }} }}
        usage {{ total {{ {LINE} }} personas: lines(by: PERSONA) {{ key price {{ amount }} }} }} }} }}
    }}"""
    seen = await owner.client.ask(document, id=public(persona))
    usage, account = seen["persona"]["usage"], seen["viewer"]["account"]
    assert usage["period"]["start"] < utcnow().isoformat() < usage["period"]["end"]
    total = usage["total"]
    assert (total["outputs"], total["seconds"], total["price"]["amount"]) == (2, 6.0, "0.1700")
    by_voice = {line["key"]: line["price"]["amount"] for line in usage["voices"]}
    assert by_voice == {public(voice): "0.0200", None: "0.1500"}
    assert {line["key"] for line in usage["avatars"]} == {public(avatar), None}
    [line] = usage["platforms"]
    assert (line["key"], line["outputs"], line["cost"]["amount"]) == ("BLOG", 2, "0.0200")
    assert account["usage"]["total"]["price"] == account["spend"]["spent"] == {"amount": "0.2000"}
    assert account["usage"]["total"]["cost"] == account["spend"]["cost"] == {"amount": "0.0300"}
    keys = [line["key"] for line in account["usage"]["personas"]]
    assert keys == [public(persona), public(other)], "the costliest first"


async def test_usage_of_twenty_takes_the_statements_of_one(world: World) -> None:
    owner = await world.account("Ada")
    document = f"{{ viewer {{ personas(first: 50) {{ nodes {{ id usage {{ total {{ {LINE} }} lines(by: SERVICE) {{ {LINE} }} }} }} }} }} }}"
    await sold(owner, await owner.persona("first"), OutputKind.SPEECH)
    await owner.client.ask(document)
    with world.counting() as for_one:
        await owner.client.ask(document)
    for n in range(19):
        await sold(owner, await owner.persona(f"p{n}"), OutputKind.SPEECH)
    with world.counting() as for_twenty:
        seen = (await owner.client.ask(document))["viewer"]["personas"]["nodes"]
    assert len(seen) == 20 and all(one["usage"]["total"]["outputs"] == 1 for one in seen)
    assert len(for_twenty) <= len(for_one) + 2 <= 12


async def test_periods_that_cannot_be(world: World) -> None:
    owner = await world.account("Ada")
    document = "query($p: PeriodInput) { viewer { account { usage(period: $p) { total { outputs } } } } }"
    day = "2026-02-01T00:00:00Z"
    for start, end in ((day, day), (day, "2026-01-01T00:00:00Z"), (day, "2026-02-02T00:00:00")):
        with pytest.raises(Answered) as refused:
            await owner.client.ask(document, p={"start": start, "end": end})
        assert refused.value.code == "INVALID_INPUT"
    later = {"start": "2026-02-01T00:00:00+01:00", "end": "2026-02-01T00:00:00Z"}
    seen = await owner.client.ask(document, p=later)
    assert seen["viewer"]["account"]["usage"]["total"]["outputs"] == 0


async def test_the_table_of_a_month(world: World) -> None:
    owner = await world.account("Ada")
    persona = await owner.persona()
    voice = await owner.voice(persona, live=True)
    output = await sold(owner, persona, OutputKind.SPEECH, voice_id=voice.id, platform=Platform.EMAIL)
    answer = await owner.client.ask("{ viewer { account { usageCsv } } }")
    [row] = csv.DictReader(io.StringIO(answer["viewer"]["account"]["usageCsv"]))
    job = await owner.client.node(public(output), "... on SpeechOutput { job { id } }")
    assert row == {
        "at": row["at"], "job": job["job"]["id"], "kind": "SPEECH", "output": public(output),
        "persona": public(persona), "platform": "EMAIL", "content_type": "OTHER", "service": "tests",
        "voice": public(voice), "avatar": "", "providers": "", "seconds": "3.000", "draft": "no", "reused": "no",
        "price": "0.020000", "cost": "0.010000", "currency": "USD",
    }  # fmt: skip


RATED = "output { id ... on SpeechOutput { rating ratings { stars comment ratedBy } } } rating { stars at }"


async def test_an_opinion_can_be_changed_and_its_words_go_with_the_output(world: World) -> None:
    owner = await world.account("Ada")
    output = await owner.output(await owner.persona(), OutputKind.SPEECH)
    await owner.client.change("rateOutput", RATED, outputId=public(output), stars=2, comment="  too loud ")
    seen = await owner.client.change("rateOutput", RATED, outputId=public(output), stars=5, comment="better")
    assert seen["output"]["rating"] == 5.0 and seen["rating"]["stars"] == 5
    assert seen["output"]["ratings"] == [{"stars": 5, "comment": "better", "ratedBy": "Ada's service"}]
    await world.save(Rating(account_id=owner.id, output_id=output.id, rated_by="another", stars=2))
    again = await owner.client.node(public(output), "... on SpeechOutput { rating ratings { ratedBy } }")
    assert again["rating"] == 3.5 and len(again["ratings"]) == 2

    for stars in (0, 6, -1):
        error = await owner.client.refusal("rateOutput", outputId=public(output), stars=stars)
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["stars"])
    long = await owner.client.refusal("rateOutput", outputId=public(output), stars=3, comment="x" * 2001)
    assert (long["code"], long["path"]) == ("TEXT_TOO_LONG", ["comment"])
    await owner.client.change("deleteOutput", "deletedId", outputId=public(output))
    assert "better" not in repr((await world.dump())["output_rating"])


async def test_what_is_not_finished_is_not_judged(world: World) -> None:
    owner = await world.account("Ada")
    persona = await owner.persona()
    draft, waiting = await owner.draft(persona), await owner.output(persona, OutputKind.VIDEO)
    async with world.runtime.db.writing() as session:
        (await session.get_one(Output, waiting.id)).ready_at = None
    for output, code in ((draft, "IS_DRAFT"), (waiting, "NOT_READY")):
        rated = await owner.client.refusal("rateOutput", outputId=public(output), stars=5)
        counted = await owner.client.refusal(
            "recordEngagement", outputId=public(output), platform="X", views=1
        )
        assert rated["code"] == counted["code"] == code and rated["path"] == ["outputId"]


async def test_of_two_reports_the_later_stays(world: World) -> None:
    """Row 196: reports may overtake each other, and come twice."""
    owner = await world.account("Ada")
    output = await owner.output(await owner.persona(), OutputKind.VIDEO)
    shown = "engagement { platform views likes at } output { ... on VideoOutput { engagement { platform views likes shares clicks comments reportedBy } } }"
    about = {"outputId": public(output), "platform": "YOUTUBE"}
    new, old = utcnow(), utcnow() - timedelta(hours=1)
    for _ in range(2):
        await owner.client.change("recordEngagement", shown, **about, views=100, likes=7, at=new.isoformat())
    kept = await owner.client.change("recordEngagement", shown, **about, views=50, at=old.isoformat())
    assert (kept["engagement"]["views"], kept["engagement"]["likes"]) == (100, 7)
    await owner.client.change("recordEngagement", shown, **{**about, "platform": "X"}, views=2**31 - 1)
    seen = await owner.client.change("recordEngagement", shown, **about, views=120, likes=9)
    figures = [(each["platform"], each["views"]) for each in seen["output"]["engagement"]]
    assert figures == [("X", 2**31 - 1), ("YOUTUBE", 120)]
    for more in ({"views": -1}, {"views": 1, "clicks": -2}):
        error = await owner.client.refusal("recordEngagement", **about, **more)
        assert error["code"] == "INVALID_INPUT"
    ahead = (utcnow() + timedelta(days=1)).isoformat()
    error = await owner.client.refusal("recordEngagement", **about, views=1, at=ahead)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["at"])


async def measured(owner: Owner) -> dict[str, dict[str, Any]]:
    seen = (await owner.client.ask(INSIGHTS))["viewer"]["account"]["insights"]
    return {one["name"]: one for one in seen["measures"]}


async def test_what_was_not_measured_is_null_with_a_reason(world: World) -> None:
    """Rows 189–197: no figure is made up."""
    found = await measured(await world.account("Ada", tier="free"))
    assert set(found) == set(InsightName)
    for one in found.values():
        assert (one["value"], one["met"], one["counted"]) == (None, None, 0) and one["reason"]
    assert {name: one["target"] for name, one in found.items() if one["target"]} == {
        "VOICE_TRAINING_COMPLETION": 0.6, "AVATAR_CREATION_COMPLETION": 0.5, "PERSONA_SHARE": 0.8,
        "VOICE_SATISFACTION": 4.5, "AVATAR_SATISFACTION": 4.5, "BRAND_CONSISTENCY": 0.9,
    }  # fmt: skip


async def test_the_ratios_beside_their_targets(world: World) -> None:
    """Rows 189–197, each by hand."""
    owner, stranger = await world.account("Ada"), await world.account("Eve")
    ada, bea, cai = [await owner.persona(name) for name in ("Ada", "Bea", "Cai")]
    voice, face = await owner.voice(ada, live=True), await owner.avatar(ada, live=True)
    async with world.runtime.db.writing() as session:
        session.add(face)
        face.ready_at = utcnow()
    await owner.voice(bea, live=True)
    own = {"voice_id": voice.id}
    speech = [
        await owner.output(ada, OutputKind.SPEECH, **own, similarity=likeness)
        for likeness in (0.95, 0.9, 0.7)
    ]
    video = await owner.output(ada, OutputKind.VIDEO, avatar_id=face.id, style_score=80, **own)
    plain = await owner.output(cai, OutputKind.SPEECH, style_score=79)
    await owner.draft(cai)
    for output, stars in ((speech[0], 5), (speech[1], 4), (video, 5), (plain, 1)):
        await owner.client.change("rateOutput", "rating { stars }", outputId=public(output), stars=stars)
    for output, views, likes, shares in ((speech[0], 100, 8, 2), (plain, 200, 5, 5)):
        await owner.client.change(
            "recordEngagement", "engagement { views }", outputId=public(output), platform="X", views=views,
            likes=likes, shares=shares,
        )  # fmt: skip
    # In the period before all three made something.
    past = utcnow() - timedelta(days=31)
    for persona, more in ((ada, own), (bea, own), (cai, {})):
        await owner.output(persona, OutputKind.SPEECH, **more)
    async with world.runtime.db.writing() as session:
        for id in [row.id for row in await outputs_of(world, owner)][-3:]:
            (await session.get_one(Output, id)).ready_at = past
    await world.save(
        TierChange(account_id=owner.id, tier_before="free", tier="pro", at=utcnow() - timedelta(minutes=1)),
        TierChange(account_id=stranger.id, tier_before="free", tier="pro"),
    )
    async with world.runtime.db.writing() as session:
        face.ready_at = utcnow()
        session.add(face)

    found = await measured(owner)
    values = {name: one["value"] for name, one in found.items()}
    assert values == {
        "VOICE_TRAINING_COMPLETION": pytest.approx(2 / 3), "AVATAR_CREATION_COMPLETION": pytest.approx(1 / 3),
        "PERSONA_SHARE": pytest.approx(4 / 5), "VOICE_SATISFACTION": 4.5, "AVATAR_SATISFACTION": 5.0,
        "BRAND_CONSISTENCY": pytest.approx(3 / 5), "RETENTION": pytest.approx(1 / 2),
        "ENGAGEMENT": pytest.approx(0.1), "PREMIUM_CONVERSION": 1.0,
    }  # fmt: skip
    assert {name: one["met"] for name, one in found.items()} == {
        "VOICE_TRAINING_COMPLETION": True, "AVATAR_CREATION_COMPLETION": False, "PERSONA_SHARE": False,
        "VOICE_SATISFACTION": False, "AVATAR_SATISFACTION": True, "BRAND_CONSISTENCY": False, "RETENTION": False,
        "ENGAGEMENT": True, "PREMIUM_CONVERSION": None,
    }  # fmt: skip
    assert (found["RETENTION"]["others"], found["ENGAGEMENT"]["others"]) == (1.0, pytest.approx(0.05))
    assert (found["PERSONA_SHARE"]["counted"], found["RETENTION"]["counted"]) == (5, 2)
    assert all(one["reason"] is None for one in found.values())
    assert (await measured(stranger))["PERSONA_SHARE"]["value"] is None


async def outputs_of(world: World, owner: Owner) -> list[Output]:
    async with world.runtime.db.reading() as session:
        rows = select(Output).where(Output.account_id == owner.id).order_by(Output.id)
        return list((await session.scalars(rows)).all())


async def test_a_failed_job_that_cost_is_in_the_operators_figures(world: World) -> None:
    """The account pays nothing for it, and the vendor's bill is not forgotten."""
    owner = await world.account("Ada")
    job = await owner.job(await owner.persona(), JobKind.SPEECH, "Output", new_id(), JobState.FAILED)
    async with world.runtime.db.writing() as session:
        await ledger.book_cost(session, owner.id, job.id, 0, cost=Decimal("0.3"), provider="minimax")
    seen = await owner.client.ask(
        f"{{ viewer {{ account {{ usage {{ total {{ {LINE} }} lines(by: PROVIDER) {{ {LINE} }} }} }} }} }}"
    )
    usage = seen["viewer"]["account"]["usage"]
    assert usage["total"]["cost"] == {"amount": "0.3000"} and usage["total"]["outputs"] == 0
    assert [(line["key"], line["cost"]["amount"]) for line in usage["lines"]] == [("minimax", "0.3000")]
