"""What a front end reads: a dashboard in one round trip, lists by page, as many statements for fifty as for one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from persona_graph.accounts.viewer import Scope
from persona_graph.db import new_id
from persona_graph.graphql.ids import global_id, page_cursor
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.personas.tables import ConsentScope, OutputKind, Platform
from tests.client import Answered
from tests.world import Owner, World, open_world, public

DASHBOARD = """query($first: Int) { viewer { label account { name tier { name monthlyCap { amount } } spend { spent { amount } left { amount } } }
  personas(first: $first) { nodes {
    id name
    voice { id name status approval similarity preview { url urlExpiresAt seconds } }
    avatar { id name portrait { url } preview { url } }
    voices { id approval status training { state progress { fraction } } }
    consents { scope live }
    outputs(first: 2) { nodes { id __typename script price { amount } asset { url seconds } job { state } } }
    jobs(first: 1, state: QUEUED) { nodes { id state queuePlace viewerCanCancel legs { attempts { state } } events(first: 1) { nodes { sequence } } } }
  } pageInfo { hasNextPage endCursor } }
} }"""


@pytest.fixture(params=["sqlite", "postgres"])
async def world(request: pytest.FixtureRequest, tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    async with open_world(tmp_path, redis_url, database_url=url) as world:
        yield world


async def furnished(owner: Owner, name: str) -> str:
    persona = await owner.persona(name)
    await owner.consent(persona, ConsentScope.VOICE)
    voice, avatar = await owner.voice(persona, live=True), await owner.avatar(persona, live=True)
    await owner.voice(persona)
    for n in range(3):
        await owner.output(persona, OutputKind.SPEECH, f"Speech {n} of {name}.", voice_id=voice.id)
    await owner.output(
        persona, OutputKind.VIDEO, f"Video of {name}.", avatar_id=avatar.id, platform=Platform.LINKEDIN
    )
    await owner.job(persona, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED)
    return public(persona)


async def test_a_dashboard_takes_the_same_statements_for_one_persona_as_for_fifty(world: World) -> None:
    owner = await world.account("Ada")
    await furnished(owner, "first")
    await owner.client.ask(DASHBOARD, first=1)  # the token's use is noted once

    with world.counting() as for_one:
        assert len((await owner.client.ask(DASHBOARD, first=1))["viewer"]["personas"]["nodes"]) == 1
    for n in range(19):
        await furnished(owner, f"number {n}")
    with world.counting() as for_twenty:
        seen = (await owner.client.ask(DASHBOARD, first=20))["viewer"]["personas"]["nodes"]
    assert len(seen) == 20
    # What is asked for at two places may come in one batch or two, as the database's answers fall, and the token may
    # be looked up again; one more statement for each persona would be nineteen more.
    assert len(for_twenty) <= len(for_one) + 6 <= 30, for_twenty

    for persona in seen:
        assert persona["voice"]["preview"]["url"].startswith("http")
        assert persona["voice"]["id"] in [voice["id"] for voice in persona["voices"]]
        assert len(persona["voices"]) == 2
        assert persona["avatar"]["portrait"]["url"]
        assert persona["consents"] == [{"scope": "VOICE", "live": True}]
        kinds = [output["__typename"] for output in persona["outputs"]["nodes"]]
        assert kinds == ["VideoOutput", "SpeechOutput"]
        assert all(persona["name"] in output["script"] for output in persona["outputs"]["nodes"])
        assert [job["state"] for job in persona["jobs"]["nodes"]] == ["QUEUED"]
    places = sorted(persona["jobs"]["nodes"][0]["queuePlace"] for persona in seen)
    assert places == list(range(1, 21))


async def test_fifty_personas_with_voice_and_face_fit_one_request(world: World) -> None:
    owner = await world.account("Ada")
    for n in range(51):
        persona = await owner.persona(f"p{n}")
        await owner.voice(persona, live=True)
        await owner.avatar(persona, live=True)
    document = """{ viewer { personas(first: 50) { nodes { id name
        voice { name status preview { url } } avatar { name preview { url } portrait { url } }
        outputs(first: 1) { nodes { id } } } pageInfo { hasNextPage } } } }"""
    with world.counting() as statements:
        page = (await owner.client.ask(document))["viewer"]["personas"]
    assert len(page["nodes"]) == 50 and page["pageInfo"]["hasNextPage"]
    assert all(
        node["voice"]["preview"]["url"] and node["avatar"]["portrait"]["url"] for node in page["nodes"]
    )
    assert len(statements) <= 8, statements


LISTS: dict[str, str] = {
    "personas": "viewer { list: personas(first: $first, after: $after) { %s } }",
    "jobs": "viewer { list: jobs(first: $first, after: $after) { %s } }",
    "outputs": "persona(id: $persona) { list: outputs(first: $first, after: $after) { %s } }",
    "persona jobs": "persona(id: $persona) { list: jobs(first: $first, after: $after) { %s } }",
}  # fmt: skip
PAGE = "edges { cursor node { id } } nodes { id } pageInfo { hasNextPage endCursor }"


async def pages(owner: Owner, name: str, first: int | None, after: str | None, persona: str) -> Any:
    body = LISTS[name] % PAGE
    declared = "$first: Int, $after: String" + (", $persona: ID!" if "$persona" in body else "")
    variables = {"first": first, "after": after, **({"persona": persona} if "$persona" in body else {})}
    found = await owner.client.ask(f"query({declared}) {{ {body} }}", **variables)
    return next(iter(found.values()))["list"]


@pytest.mark.parametrize("name", LISTS)
async def test_pages_follow_each_other_without_gap_or_double(name: str, world: World) -> None:
    owner = await world.account("Ada")
    persona = await owner.persona("last")
    for n in range(7):
        await owner.persona(f"p{n}")
        await owner.output(persona, OutputKind.SPEECH, f"s{n}")
    whole = await pages(owner, name, None, None, public(persona))
    everything = [node["id"] for node in whole["nodes"]]
    assert len(everything) in (7, 8) and not whole["pageInfo"]["hasNextPage"]

    seen, cursor = [], None
    for _ in range(10):
        page = await pages(owner, name, 3, cursor, public(persona))
        assert [edge["node"]["id"] for edge in page["edges"]] == [node["id"] for node in page["nodes"]]
        assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        seen += [node["id"] for node in page["nodes"]]
        cursor = page["pageInfo"]["endCursor"]
        # What is made meanwhile is newer than every cursor, so it changes no page behind one.
        await owner.output(persona, OutputKind.SPEECH, "meanwhile")
        await owner.persona("meanwhile")
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == everything

    after_the_end = await pages(owner, name, 3, cursor, public(persona))
    assert after_the_end == {"edges": [], "nodes": [], "pageInfo": {"hasNextPage": False, "endCursor": None}}


@pytest.mark.parametrize("name", LISTS)
async def test_bad_pages_are_typed(name: str, world: World) -> None:
    """G15: sizes out of range; cursors that are forged, cut, of another list or hold what no id may hold."""
    owner, good = await world.account("Ada"), page_cursor(new_id())
    persona = public(await owner.persona())
    for first in (0, -1, 101, 2**31 - 1):
        with pytest.raises(Answered) as refused:
            await pages(owner, name, first, None, persona)
        assert refused.value.code == ("PAGE_SIZE" if first <= 101 else "QUERY_TOO_COMPLEX"), first
    bad = [
        "",
        "x",
        good[:-3],
        good + "AAAA",
        persona,
        global_id("Job", new_id()),
        page_cursor("\x00" * 26),
        "é" * 40,
        "%",
    ]
    for after in bad:
        with pytest.raises(Answered) as refused:
            await pages(owner, name, 3, after, persona)
        assert refused.value.code == "INVALID_CURSOR", after
        assert refused.value.errors[0]["extensions"]["field"] == ["after"]
    assert (await pages(owner, name, 3, good, persona))["nodes"] == []


async def test_events_of_a_job_by_page(world: World) -> None:
    owner = await world.account("Ada")
    job = await owner.job(await owner.persona(), JobKind.SPEECH, "Output", new_id(), JobState.QUEUED)
    document = "query($id: ID!, $after: String) { job(id: $id) { events(first: 5, after: $after) { nodes { sequence kind state cursor job { id } } pageInfo { endCursor } } } }"
    page = (await owner.client.ask(document, id=public(job)))["job"]["events"]
    assert [(event["sequence"], event["state"], event["job"]["id"]) for event in page["nodes"]] == [
        (1, "QUEUED", public(job))
    ]
    behind = await owner.client.ask(document, id=public(job), after=page["pageInfo"]["endCursor"])
    assert behind["job"]["events"]["nodes"] == []
    for after in ("x", page_cursor(new_id()), "é"):
        with pytest.raises(Answered) as refused:
            await owner.client.ask(document, id=public(job), after=after)
        assert refused.value.code == "INVALID_CURSOR"


async def test_outputs_by_platform(world: World) -> None:
    owner = await world.account("Ada")
    persona = await owner.persona()
    for platform in (Platform.LINKEDIN, Platform.BLOG, None):
        await owner.output(persona, OutputKind.SPEECH, f"for {platform}", platform=platform)
    document = (
        "query($id: ID!, $p: Platform) { persona(id: $id) { outputs(platform: $p) { nodes { platform } } } }"
    )
    seen = await owner.client.ask(document, id=public(persona), p="BLOG")
    assert seen["persona"]["outputs"]["nodes"] == [{"platform": "BLOG"}]
    with pytest.raises(Answered) as refused:
        await owner.client.ask(document, id=public(persona), p="MYSPACE")
    assert refused.value.code == "BAD_USER_INPUT"


async def test_who_may_only_look_is_not_offered_to_cancel(world: World) -> None:
    owner = await world.account("Ada")
    persona = await owner.persona()
    for state in JobState:
        await owner.job(persona, JobKind.SPEECH, "Output", new_id(), state)
    reader = (await world.account("Ada", scopes=(Scope.READ,))).client
    document = "{ viewer { jobs { nodes { state viewerCanCancel } } } }"
    can = {
        job["state"]
        for job in (await owner.client.ask(document))["viewer"]["jobs"]["nodes"]
        if job["viewerCanCancel"]
    }
    assert can == {"QUEUED", "RUNNING", "WAITING", "NEEDS_REVIEW", "QUARANTINED"}
    assert not any(job["viewerCanCancel"] for job in (await reader.ask(document))["viewer"]["jobs"]["nodes"])
