"""T4: wrong tokens are bounded by address, right ones are accepted whatever their neighbours do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from persona_graph.accounts.viewer import Viewer
from persona_graph.errors import Unauthenticated
from persona_graph.graphql.transport.strangers import LANES, REMEMBERED, Strangers, TooManyWrong


class Accounts:
    """Knows one token, and how many were looked up at a time."""

    def __init__(self, viewer: Viewer) -> None:
        self.viewer = viewer
        self.looked = self.now = self.most = 0

    async def __call__(self, token: str | None) -> Viewer:
        self.looked += 1
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if token != "right":
            raise Unauthenticated("no")
        return self.viewer


class Hand:
    """A clock that is moved by hand."""

    at = 1000.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def accounts(viewer_of: Callable[[], Viewer]) -> Accounts:
    return Accounts(viewer_of())


async def shown(
    strangers: Strangers, accounts: Accounts, token: str | None, address: str = "192.0.2.1"
) -> str:
    try:
        await strangers.admit(accounts, token, address)
    except TooManyWrong as refused:
        return f"wait {refused.wait}"
    except Unauthenticated:
        return "wrong"
    return "right"


async def test_wrong_tokens_are_limited_and_right_ones_are_not(accounts: Accounts) -> None:
    hand = Hand()
    strangers = Strangers(30, hand)
    said = [await shown(strangers, accounts, f"guess {n}") for n in range(10_000)]
    assert said[:30] == ["wrong"] * 30 and set(said[30:]) == {"wait 2"}
    assert strangers.wrong == 10_000
    assert await shown(strangers, accounts, "right") == "right"
    assert await shown(strangers, accounts, "guess", "192.0.2.2") == "wrong"
    hand.at += 2
    assert [await shown(strangers, accounts, "guess") for _ in range(2)] == ["wrong", "wait 2"]
    hand.at += 3600
    assert [await shown(strangers, accounts, "guess") for _ in range(31)] == ["wrong"] * 30 + ["wait 2"]


async def test_guesses_at_once_wait_for_each_other_and_nobody_for_them(accounts: Accounts) -> None:
    """The work is bounded: beyond the limit two are looked up at a time. Who was right before is let pass."""
    strangers = Strangers(30, Hand())
    assert await shown(strangers, accounts, "right") == "right"
    guesses = [asyncio.create_task(shown(strangers, accounts, f"guess {n}")) for n in range(1000)]
    await asyncio.sleep(0)
    before = accounts.looked
    assert await shown(strangers, accounts, "right") == "right"
    assert accounts.looked - before <= 2 + 2 * LANES
    said = await asyncio.gather(*guesses)
    assert said.count("wrong") == 30 and said.count("wait 2") == 970
    assert accounts.most <= 30 + LANES + 1


async def test_no_token_is_no_guess(accounts: Accounts) -> None:
    strangers = Strangers(1, Hand())
    assert {await shown(strangers, accounts, None) for _ in range(100)} == {"wrong"}
    assert strangers.wrong == 0


async def test_right_tokens_use_nothing_up(accounts: Accounts) -> None:
    strangers = Strangers(1, Hand())
    assert {await shown(strangers, accounts, "right") for _ in range(100)} == {"right"}
    assert await shown(strangers, accounts, "guess") == "wrong"


async def test_a_customer_is_one_address(accounts: Accounts) -> None:
    strangers = Strangers(1, Hand())
    assert await shown(strangers, accounts, "guess", "2001:db8::1") == "wrong"
    assert (await shown(strangers, accounts, "guess", "2001:db8::ffff:2")).startswith("wait")
    assert await shown(strangers, accounts, "guess", "2001:db8:0:1::1") == "wrong"


async def test_what_is_remembered_is_bounded(accounts: Accounts) -> None:
    strangers = Strangers(1, Hand())
    for n in range(REMEMBERED + 100):
        await shown(strangers, accounts, "guess", f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}")
    assert len(strangers._left) == REMEMBERED


async def test_no_token_stands_in_the_log(accounts: Accounts, caplog: pytest.LogCaptureFixture) -> None:
    """T7"""
    hand = Hand()
    strangers = Strangers(1, hand)
    for _ in range(3):
        await shown(strangers, accounts, "sk-canary")
        hand.at += 61
    assert "canary" not in caplog.text
    assert "1 wrong tokens since the last report, 2 in all" in caplog.text


async def test_over_http_and_websocket(opened: Any) -> None:
    """429 with the time to wait, of a real server; a socket is closed as for any wrong token."""
    async with opened(wrong_tokens_per_minute=3) as world:
        answers = [await world.post("{ hello }", f"guess-{n}") for n in range(5)]
        assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
        assert answers[3].json()["errors"][0]["extensions"]["code"] == "TOO_MANY_WRONG_TOKENS"
        assert 1 <= int(answers[3].headers["retry-after"]) <= 20
        assert (await world.post("{ hello }")).status_code == 200
        async with world.raw() as connection:
            await connection.send('{"type":"connection_init","payload":{"authorization":"Bearer guess"}}')
            await connection.wait_closed()
            assert connection.close_code == 4403
        assert world.edge.strangers.wrong == 6
        async with world.socket("alice") as talk:
            assert (await talk.ask("{ hello }"))[-1]["type"] == "complete"
