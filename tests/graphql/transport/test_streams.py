"""One execution per event and shape, whoever and however many ask; never a payload for the wrong eyes."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import Any

import pytest

from persona_graph.accounts.viewer import Scope
from persona_graph.graphql.transport import streams

TEXT = (
    "subscription Text($after: String, $size: Int = 5) { happenings(after: $after) { n text(size: $size) } }"
)
WHO = "subscription { happenings { account scopes text } }"


async def readers(
    world: Any, stack: AsyncExitStack, count: int, query: str, token: str = "alice", **more: Any
) -> list[Any]:
    talks = [await stack.enter_async_context(world.socket(token)) for _ in range(count)]
    for talk in talks:
        await talk.subscribe(query, **more)
    return talks


async def payloads(talks: list[Any]) -> list[Any]:
    return [(await talk.hear())["payload"] for talk in talks]


async def test_shaped_once_for_all_who_ask_the_same(world: Any, until: Any) -> None:
    async with AsyncExitStack() as stack:
        talks = await readers(world, stack, 15, TEXT)
        await until(lambda: world.board.open == 15)
        for n in range(1, 4):
            world.board.post()
            heard = await payloads(talks)
            assert heard == [{"data": {"happenings": {"n": n, "text": "xxxxx"}}}] * 15
            assert world.board.shaped == n


async def test_the_place_to_resume_at_is_no_difference_but_all_else_is(world: Any, until: Any) -> None:
    async with AsyncExitStack() as stack:
        world.board.post(2)
        talks = await readers(world, stack, 2, TEXT)
        talks += await readers(world, stack, 2, TEXT, variables={"after": "0"})
        await payloads(talks)
        await payloads(talks)
        assert world.board.shaped == 2
        talks += await readers(world, stack, 2, TEXT, variables={"after": "2", "size": 7})
        talks += await readers(world, stack, 2, TEXT.replace("{ n text", "{ text"), variables={"after": "2"})
        await until(lambda: world.board.open == 8)
        world.board.post()
        heard = await payloads(talks)
        assert world.board.shaped == 2 + 3
        assert [payload["data"]["happenings"]["text"] for payload in heard] == ["xxxxx"] * 4 + [
            "x" * 7
        ] * 2 + ["xxxxx"] * 2


async def test_accounts_and_rights_are_kept_apart(world: Any, until: Any, viewer_of: Any) -> None:
    world.tokens["reader"] = viewer_of(scopes=frozenset({Scope.READ}))
    async with AsyncExitStack() as stack:
        talks = [
            *await readers(world, stack, 3, WHO),
            *await readers(world, stack, 3, WHO, "bob"),
            *await readers(world, stack, 3, WHO, "reader"),
        ]
        await until(lambda: world.board.open == 9)
        world.board.post()
        heard = [payload["data"]["happenings"] for payload in await payloads(talks)]
        assert [one["account"] for one in heard] == ["alice"] * 3 + ["bob"] * 3 + ["alice"] * 3
        assert [len(one["scopes"]) for one in heard] == [3] * 6 + [1] * 3
        assert world.board.shaped == 3


async def test_events_without_a_memo_are_shaped_for_each(world: Any, until: Any) -> None:
    async with AsyncExitStack() as stack:
        talks = await readers(world, stack, 4, TEXT)
        await until(lambda: world.board.open == 4)
        world.board.post(memo=False)
        await payloads(talks)
        assert world.board.shaped == 4


async def test_one_shapes_while_the_others_wait_and_take_over_if_it_goes(world: Any, until: Any) -> None:
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(world.socket())
        await first.subscribe(TEXT)
        await until(lambda: world.board.open == 1)
        others = await readers(world, stack, 5, TEXT)
        await until(lambda: world.board.open == 6)
        world.board.slow.clear()
        world.board.post()
        await until(lambda: world.board.shaped == 1)
        await asyncio.sleep(0.1)
        assert world.board.shaped == 1
        await first.say(id="1", type="complete")
        await until(lambda: world.board.shaped == 2)
        world.board.slow.set()
        assert len(await payloads(others)) == 5
        assert world.board.shaped == 2


async def test_a_payload_is_not_kept_for_long(world: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signed links and nested live fields in it grow old."""
    monkeypatch.setattr(streams, "MEMO_SECONDS", 0.2)
    world.board.post()
    async with AsyncExitStack() as stack:
        for expected, pause in ((1, 0.0), (1, 0.3), (2, 0.0)):
            await payloads(await readers(world, stack, 1, TEXT))
            assert world.board.shaped == expected
            await asyncio.sleep(pause)


async def test_the_memo_is_bounded(world: Any) -> None:
    """W13: a client that asks in a thousand shapes fills no memory that all share."""
    world.board.post()
    async with world.socket() as talk:
        for size in range(streams.MEMO_SHAPES + 20):
            await talk.subscribe(TEXT, f"{size}", variables={"size": size})
            await talk.hear()
    assert len(world.board.events[0].memo) == streams.MEMO_SHAPES


async def test_a_field_that_fails_is_masked_in_the_event(world: Any) -> None:
    """G21"""
    world.board.post()
    async with world.socket() as talk:
        await talk.subscribe("subscription { happenings { n boom } }")
        payload = (await talk.hear())["payload"]
        assert payload["data"]["happenings"] == {"n": 1, "boom": None}
        assert payload["errors"][0]["message"] == "Internal error"
        assert "hunter2" not in str(payload)


async def test_each_event_has_a_context_of_its_own_and_leaves_none(world: Any, until: Any) -> None:
    async with world.socket() as talk:
        await talk.subscribe(TEXT)
        await until(lambda: world.board.open == 1)
        world.board.slow.clear()
        world.board.post()
        await until(lambda: world.board.shaped == 1)
        assert world.board.contexts == 2
        world.board.slow.set()
        await talk.hear()
        assert world.board.contexts == 1
    await until(lambda: world.board.contexts == 0)


async def test_loaders_do_not_outlive_an_event(world: Any) -> None:
    """What one event's context has cached is not shown for the next."""
    async with world.socket() as talk:
        await talk.subscribe("subscription { happenings { serial } }")
        seen = []
        for _ in range(3):
            world.board.post()
            seen.append((await talk.hear())["payload"]["data"]["happenings"]["serial"])
        assert len(set(seen)) == 3


async def test_a_long_backlog_lets_others_run(world: Any) -> None:
    """W13: what is ready for one, and fits into its buffer, is no pause for another."""
    world.board.post(700)
    async with world.socket() as busy, world.socket("bob") as other:
        await busy.subscribe("subscription { happenings { n } }")
        await other.subscribe("{ hello }")
        assert (await other.hear())["type"] == "next"
        assert world.board.told < 700
        for n in range(1, 701):
            assert (await busy.hear())["payload"]["data"]["happenings"]["n"] == n
