"""Where personas were used and what it came to (rows 106, 124, 132, 142): whatever happens, the sums are the ledger's."""

from __future__ import annotations

import csv
import io
import random
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import func, select, update

from persona_graph.accounts import ledger
from persona_graph.accounts.ledger import Period, Posting, PostingKind
from persona_graph.db import new_id, settled_writing, utcnow
from persona_graph.errors import QuotaReached
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Attempt, Job, Leg, LegState
from persona_graph.personas import drafts, outputs, usage_csv
from persona_graph.personas.outputs import SpeechWish
from persona_graph.personas.tables import ContentType, Output, Persona, Platform, VoicePolicy
from persona_graph.personas.usage import Line, UsageDimension, Whose, usage_of, usage_of_each
from persona_graph.personas.wishes import content_type_of, wish_json
from persona_graph.provider import Capability, OrderRejected, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, TICKET, Scripted, speaker

ZERO = Decimal(0)
NOW = Period.month(utcnow())
USELESS = replace(DELIVERY, facts={"unusable": True})
STOCK = VoicePolicy.ALLOW_STOCK_VOICE


def vendors() -> tuple[Scripted, ...]:
    """Two that bill, one that does not. Of the first one's work some is refused, and some is of no use and billed
    all the same."""
    answers = [DELIVERY, OrderRejected("no"), DELIVERY, USELESS] * 40
    return (
        speaker("minimax", start=list(answers)),
        speaker("beta", cost="0.003", start=[TICKET, ...], check=[Progress(0.5), DELIVERY, ...]),
        speaker("local-voice", cost="0", start=[DELIVERY, ...]),
    )


class History:
    """Things that happen to an account, by chance."""

    def __init__(self, house: House, seed: int) -> None:
        self.house, self.chance = house, random.Random(seed)
        self.personas = [house.persona.id]
        self.made: list[Job] = []

    async def settle_in(self) -> None:
        async with self.house.db.writing() as session:
            for name in ("Bea", "Cai"):
                persona = Persona(account_id=self.house.account.id, name=name, language="en")
                session.add(persona)
                await session.flush()
                self.personas.append(persona.id)

    async def go_on(self, acts: int) -> None:
        kinds = [self.speak] * 6 + [
            self.repeat,
            self.draft,
            self.promote,
            self.cancel,
            self.train,
            self.delete,
        ]
        for _ in range(acts):
            await self.chance.choice(kinds)()

    def wish(self, **more: Any) -> SpeechWish:
        words = " and ".join(["more words"] * self.chance.randint(1, 30))
        return SpeechWish(
            self.chance.choice(self.personas), words, self.chance.choice([None, *Platform]), voice_policy=STOCK,
            content_type=self.chance.choice([None, *ContentType]), **more,
        )  # fmt: skip

    async def ask(self, wish: SpeechWish) -> Job:
        viewer = replace(self.house.viewer, label=self.chance.choice(["blog", "story", "=2+3"]))
        request = Request("generateSpeech", {**wish_json(wish), "n": len(self.made)}, Paid())
        made = await settled_writing(
            lambda: outputs.generate_speech(self.house.personas, viewer, wish, request)
        )
        self.made.append(made.job)
        job: Job = made.job
        return job

    async def speak(self) -> None:
        await self.house.finish(await self.ask(self.wish()))

    async def repeat(self) -> None:
        wish = self.wish(reuse=True)
        for _ in range(2):
            await self.house.finish(await self.ask(wish))

    async def draft(self) -> None:
        await self.house.finish(await self.ask(self.wish(draft=True)))

    async def promote(self) -> None:
        job = await self.house.finish(await self.ask(self.wish(draft=True)))
        request = Request("promoteOutput", {}, Paid())
        made = await drafts.promote_output(self.house.personas, self.house.viewer, job.subject_id, request)
        assert made.job is not None
        await self.house.finish(made.job)

    async def cancel(self) -> None:
        job = await self.ask(self.wish())
        await self.house.advance(job)
        job = await self.house.job(job)
        if job.state not in ("SUCCEEDED", "FAILED"):
            await self.house.cancel(job)
            await self.house.finish(job)

    async def delete(self) -> None:
        """What is deleted was used all the same."""
        job = await self.house.finish(await self.ask(self.wish()))
        await outputs.delete_output(self.house.personas, self.house.viewer, job.subject_id)

    async def train(self) -> None:
        """A job that is about a voice, as its settlement leaves it."""
        house, voice = self.house, new_id()
        leg = Leg(
            n=0, name="VOICE_TRAINING", capability=Capability.VOICE_TRAINING, state=LegState.DONE, route={},
            result={},
        )  # fmt: skip
        job = Job(
            id=new_id(), account_id=house.account.id, persona_id=self.chance.choice(self.personas),
            kind=JobKind.VOICE_TRAINING, state=JobState.SUCCEEDED, subject_kind="Voice", subject_id=voice,
            tier="basic", asked_by="tests", legs=[leg],
        )  # fmt: skip
        async with house.db.writing() as session:
            session.add(job)
            await session.flush()
            price, cap_of = Decimal("0.75"), house.jobs.tiers.monthly_cap
            session.add(
                Attempt(
                    job_id=job.id, leg=0, number=1, provider="minimax", offer="train", state="DONE",
                    deadline_at=utcnow(),
                )
            )  # fmt: skip
            await ledger.reserve(session, house.account.id, job.id, 0, price, cap_of=cap_of)
            await ledger.settle(
                session, house.account.id, job.id, 0, price=price, cost=Decimal("1.5"), provider="minimax"
            )


async def booked(house: House, kind: PostingKind, **of: Any) -> Decimal:
    """Straight from the ledger."""
    rows = select(func.sum(Posting.amount)).where(
        Posting.account_id == house.account.id, Posting.kind == kind, Posting.at >= NOW.start, Posting.at < NOW.end
    )  # fmt: skip
    async with house.db.reading() as session:
        if of:
            ids = (await session.scalars(select(Job.id).filter_by(**of))).all()
            rows = rows.where(Posting.job_id.in_(ids))
        return (await session.scalar(rows)) or ZERO


def whose(house: House) -> Whose:
    return Whose(house.account.id, NOW)


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_the_sums_of_every_split_are_those_of_the_ledger(each_opening: Opening, seed: int) -> None:
    house = await each_opening(*vendors(), tier="enterprise")
    history = History(house, seed)
    await history.settle_in()
    await history.go_on(25)
    neighbour = await house.neighbour()
    await neighbour.finish(await neighbour.speak())
    await outlived(house)

    price, cost = [await booked(house, kind) for kind in (PostingKind.SETTLE, PostingKind.COST)]
    assert price > 0 and cost > 0
    async with house.db.reading() as session:
        spend = await ledger.spend(session, house.account.id, NOW)
        assert (spend.spent, spend.cost) == (price, cost)
        made = list(
            (await session.scalars(select(Output).where(Output.account_id == house.account.id))).all()
        )
    ready = [each for each in made if each.ready_at and NOW.start <= each.ready_at < NOW.end]
    final = [each for each in ready if not each.draft]
    [total] = await usage_of(house.db, whose(house))
    assert total == Line(
        None, len(final), sum(each.reused_from is not None for each in final), len(ready) - len(final),
        total.seconds, price, cost,
    )  # fmt: skip
    assert total.seconds == pytest.approx(sum(each.seconds or 0 for each in final))

    for by in UsageDimension:
        lines = await usage_of(house.db, whose(house), by)
        assert len({line.key for line in lines}) == len(lines)
        assert sum((line.price for line in lines), ZERO) == price, by
        assert sum((line.cost for line in lines), ZERO) == cost, by
        if by is not UsageDimension.PROVIDER:
            assert sum(line.outputs for line in lines) == total.outputs, by
            assert sum(line.drafts for line in lines) == total.drafts, by
    await by_outputs(house, final)
    await by_personas(house, history.personas)
    await by_provider(house)
    await by_csv(house, price, cost)


async def outlived(house: House) -> None:
    """A few of the jobs were done, and paid, in another month."""
    async with house.db.writing() as session:
        jobs = (await session.scalars(select(Job).where(Job.account_id == house.account.id))).all()
        for job in jobs[:3]:
            past = NOW.start - timedelta(days=3)
            await session.execute(update(Posting).where(Posting.job_id == job.id).values(at=past))
            await session.execute(update(Output).where(Output.job_id == job.id).values(ready_at=past))


async def by_outputs(house: House, final: list[Output]) -> None:
    """What each output says it cost the account adds up to the lines of its platform and its content type."""
    for by, column in ((UsageDimension.PLATFORM, "platform"), (UsageDimension.CONTENT_TYPE, "content_type")):
        said: dict[str | None, Decimal] = defaultdict(Decimal)
        for output in final:
            value = getattr(output, column)
            said[None if value is None else str(value)] += output.price or ZERO
        lines = {line.key: line.price for line in await usage_of(house.db, whose(house), by)}
        for key in {*said, *lines} - {None}:
            assert lines.get(key, ZERO) == said[key], (by, key)


async def by_personas(house: House, personas: list[str]) -> None:
    lines = {line.key: line for line in await usage_of(house.db, whose(house), UsageDimension.PERSONA)}
    each = await usage_of_each(house.db, house.account.id, NOW, personas)
    for id, [line] in zip(personas, each, strict=True):
        assert line.price == await booked(house, PostingKind.SETTLE, persona_id=id)
        assert line.cost == await booked(house, PostingKind.COST, persona_id=id)
        assert replace(line, key=id) == lines.get(id, Line(id))
    split = await usage_of_each(house.db, house.account.id, NOW, personas, UsageDimension.PLATFORM)
    for [whole], parts in zip(each, split, strict=True):
        assert sum((part.price for part in parts), ZERO) == whole.price
        assert sum(part.outputs for part in parts) == whole.outputs


async def by_provider(house: House) -> None:
    """The price of each is that of the legs it did, the cost what its own book says."""
    paid: dict[str | None, Decimal] = defaultdict(Decimal)
    settled = select(Posting.job_id, Posting.leg, Posting.amount).where(
        Posting.account_id == house.account.id, Posting.kind == PostingKind.SETTLE, Posting.at >= NOW.start
    )
    async with house.db.reading() as session:
        for job_id, n, amount in await session.execute(settled):
            leg = (await session.get_one(Job, job_id)).leg(n)
            paid["minimax" if leg.name == "VOICE_TRAINING" else leg.result["provider"]] += amount
    lines = {line.key: line for line in await usage_of(house.db, whose(house), UsageDimension.PROVIDER)}
    for provider in ("minimax", "beta", "local-voice"):
        rows = select(func.sum(Posting.amount)).where(
            Posting.account_id == house.account.id, Posting.debit == f"house:vendor-cost:{provider}",
            Posting.at >= NOW.start,
        )  # fmt: skip
        async with house.db.reading() as session:
            billed = (await session.scalar(rows)) or ZERO
        line = lines.pop(provider, Line(provider))
        assert (line.price, line.cost) == (paid[provider], billed)
    assert set(lines) <= {None} and all(line.price == line.cost == ZERO for line in lines.values())


async def by_csv(house: House, price: Decimal, cost: Decimal) -> None:
    table = list(csv.DictReader(io.StringIO(await usage_csv.usage_csv(house.db, whose(house)))))
    assert sum((Decimal(row["price"]) for row in table), ZERO) == price
    assert sum((Decimal(row["cost"]) for row in table), ZERO) == cost
    assert len({row["job"] for row in table}) == len(table)
    [total] = await usage_of(house.db, whose(house))
    assert sum(row["reused"] == "yes" for row in table) == total.reused
    assert {row["service"][:1] for row in table} <= {"b", "s", "t", "'"}, "a formula is not run"


async def test_a_table_has_an_end(opening: Opening, monkeypatch: pytest.MonkeyPatch) -> None:
    """A month of any size goes through the command; an answer is bounded."""
    monkeypatch.setattr(usage_csv, "MOST_LINES", 2)
    monkeypatch.setattr(usage_csv, "PAGE", 2)
    house = await opening(speaker(start=[DELIVERY, ...]))
    for _ in range(3):
        await house.finish(await house.speak())
    pages = [page async for page in usage_csv.usage_pages(house.db, whose(house))]
    assert [len(page) for page in pages] == [2, 1]
    with pytest.raises(QuotaReached) as refused:
        await usage_csv.usage_csv(house.db, whose(house))
    assert refused.value.path == ("period",)


async def test_nothing_is_a_line_of_zeros(opening: Opening) -> None:
    house = await opening(speaker())
    assert await usage_of(house.db, whose(house)) == [Line(None)]
    assert await usage_of(house.db, whose(house), UsageDimension.VOICE) == []
    past = Period(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC))
    assert await usage_of_each(house.db, house.account.id, past, ["x"]) == [[Line(None)]]


@pytest.mark.parametrize("platform", [None, *Platform])
def test_every_platform_suggests_a_content_type(platform: Platform | None) -> None:
    assert content_type_of(SpeechWish("p", "s", platform)) in ContentType
    assert content_type_of(SpeechWish("p", "s", platform, content_type=ContentType.LESSON)) == "LESSON"
