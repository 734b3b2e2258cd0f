"""Any history of requests, vendors' answers, cancels, tier moves and months against a model of a page: what is spent,
held and booked is what the model says at every step (G17–G20, P6, V3, V11, V12; rows 129, 137, 148–165).

The default run is short; PERSONA_GRAPH_CHAOS=1 takes 10,000 steps."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update

from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import Account, database_now, set_tier
from persona_graph.accounts.ledger import Period, Posting
from persona_graph.catalog.pace import speech_seconds
from persona_graph.catalog.tiers import load_tiers
from persona_graph.db import utcnow
from persona_graph.errors import IdempotencyMismatch, SpendRefused, WrongState
from persona_graph.jobs.books import audit
from persona_graph.jobs.states import TERMINAL, JobState
from persona_graph.jobs.submit import Paid, Request
from persona_graph.jobs.tables import Job
from persona_graph.personas.batch import generate_speech_batch
from persona_graph.personas.tables import VoicePolicy
from persona_graph.personas.wishes import SpeechWish
from persona_graph.provider import (
    Delivery,
    OrderRejected,
    OutcomeUnknown,
    Progress,
    ProviderBusy,
    ProviderUnavailable,
    Ticket,
)
from tests.jobs.house import House, open_house
from tests.jobs.scripted import Scripted, catalog, speech_offer

EVERY = bool(os.environ.get("PERSONA_GRAPH_CHAOS"))
EXAMPLES, STEPS = (125, 100) if EVERY else (16, 40)
WANTED = 10_000 if EVERY else 400
D = Decimal
ZERO = D(0)
TIERS = load_tiers()
# Long ones: a cap of 25 USD is 20 hours of speech.
SCRIPTS = ["Good morning.", "A little more to say here. " * 40, "<#200000#> Quiet.", "<#60000#> Still."]
DECLARED = D("0.01")
BILLS = st.sampled_from([None, D(0), D("0.004"), D("3.5"), D("NaN"), D(-1), "0.1"])

MOSTLY = st.sampled_from([True, True, True, False])


def believed(billed: Any, otherwise: Decimal) -> Decimal:
    if billed is None:
        return otherwise
    return billed if isinstance(billed, Decimal) and billed.is_finite() and billed >= 0 else DECLARED


def price(tier: str, seconds: float) -> Decimal:
    """By hand: two cents a minute and nothing on Free, to the hundredth of a cent and up."""
    rate = D(0) if tier == "free" else D("0.02")
    return (rate * D(str(round(seconds, 3))) / 60).quantize(D("0.0001"), ROUND_CEILING)


@dataclass
class Asked:
    """A job as the model knows it."""

    job: Job
    tier: str
    script: str
    held: Decimal

    @property
    def at_most(self) -> Decimal:
        return price(self.tier, speech_seconds(self.script).high)


@dataclass
class Model:
    tier: str = "pro"
    spent: Decimal = ZERO
    cost: Decimal = ZERO
    open: dict[str, Asked] = field(default_factory=dict)
    keys: dict[str, tuple[Any, list[str]]] = field(default_factory=dict)

    @property
    def held(self) -> Decimal:
        return sum((asked.held for asked in self.open.values()), D(0))

    def affords(self, amount: Decimal) -> bool:
        cap = TIERS.monthly_cap(self.tier)
        return not amount or cap is None or self.spent + self.held + amount <= cap


class Machine(RuleBasedStateMachine):
    folder: Path
    redis_url: str
    taken = 0
    opened = 0
    seen: Counter[str]

    jobs = Bundle("jobs")

    def __init__(self) -> None:
        super().__init__()
        cls = type(self)
        cls.opened += 1
        self.runner = asyncio.Runner()
        self.toy = Scripted("gtts", speech_offer(cost=str(DECLARED)))
        folder = cls.folder / str(cls.opened)
        folder.mkdir()
        self.opening = open_house(folder, cls.redis_url, catalog(self.toy))
        self.house: House = self.do(self.opening.__aenter__())
        self.model = Model()
        # What the vendor did in the step at hand: what it bills for it, and seconds that can be used.
        self.billed: list[Decimal] = []
        self.made: float | None = None

    def teardown(self) -> None:
        try:
            found = self.do(self._audit())
            assert found.faults == ()
        finally:
            self.do(self.opening.__aexit__(None, None, None))
            self.runner.close()

    def do(self, awaited: Any) -> Any:
        return self.runner.run(_plain(awaited))

    async def _job(self, job_id: str) -> Job:
        async with self.house.db.reading() as session:
            return await session.get_one(Job, job_id)

    async def _audit(self) -> Any:
        async with self.house.db.reading() as session:
            return await audit(session)

    # Asking.

    @rule(
        target=jobs, script=st.sampled_from(SCRIPTS), key=st.sampled_from([None, "a", "a", "b"]),
        most=st.sampled_from([None, None, None, D("0.01"), D(100)]), dry=MOSTLY.map(lambda yes: not yes),
    )  # fmt: skip
    def ask(self, script: str, key: str | None, most: Decimal | None, dry: bool) -> Any:
        self.count()
        about = ("one", script)
        ceiling = price(self.model.tier, speech_seconds(script).high)
        try:
            made = self.do(self.house.submit(script, key=key, max_price=most, dry_run=dry))
        except IdempotencyMismatch as refused:
            self.seen.update([refused.code])
            assert not dry and key in self.model.keys and self.model.keys[key][0] != about
            return multiple()
        except SpendRefused as refused:
            self.seen.update([refused.code])
            limit = refused.code == "PRICE_ABOVE_MAX"
            assert (most is not None and ceiling > most) if limit else not self.model.affords(ceiling)
            return multiple()
        if dry:
            assert made.job is None and made.plan.price_ceiling == ceiling
            return multiple()
        if key in self.model.keys:
            assert self.model.keys[key] == (about, [made.job.id])
            return multiple()
        assert self.model.affords(ceiling) and (most is None or ceiling <= most)
        return self.remember(key, about, [(made.job, script)])[0]

    @rule(
        target=jobs, scripts=st.lists(st.sampled_from([*SCRIPTS, " "]), min_size=1, max_size=4),
        key=st.sampled_from([None, "a", "a", "b"]),
    )  # fmt: skip
    def ask_for_several(self, scripts: list[str], key: str | None) -> Any:
        self.count()
        house, about = self.house, ("many", tuple(scripts))
        wishes = [
            SpeechWish(house.persona.id, script, voice_policy=VoicePolicy.ALLOW_STOCK_VOICE)
            for script in scripts
        ]
        request = Request("generateSpeechBatch", {"scripts": scripts}, Paid(idempotency_key=key))
        good = [script for script in scripts if script.strip()]
        ceiling = sum((price(self.model.tier, speech_seconds(script).high) for script in good), D(0))
        try:
            made = self.do(
                generate_speech_batch(house.personas, house.viewer, house.persona.id, wishes, request)
            )
        except IdempotencyMismatch:
            assert key in self.model.keys and self.model.keys[key][0] != about
            return multiple()
        except SpendRefused:
            assert not self.model.affords(ceiling)
            return multiple()
        assert [bool(each.faults) for each in made] == [not script.strip() for script in scripts]
        ids = [each.job.id for each in made if each.job]
        if key in self.model.keys:
            assert self.model.keys[key] == (about, ids)
            return multiple()
        assert self.model.affords(ceiling) and len(ids) == len(good)
        return multiple(
            *self.remember(
                key,
                about,
                [(each.job, script) for each, script in zip(made, scripts, strict=True) if each.job],
            )
        )

    def remember(self, key: str | None, about: Any, made: list[tuple[Job, str]]) -> list[str]:
        for job, script in made:
            asked = Asked(job, self.model.tier, script, D(0))
            asked.held = asked.at_most
            self.model.open[job.id] = asked
        ids = [job.id for job, _ in made]
        if key is not None and ids:
            self.model.keys[key] = (about, ids)
        return ids

    # What the vendor answers.

    def goes_on(self, job_id: str, start: Any, check: Any, cancel: Any = None) -> None:
        """One look of a worker at the job; whatever it asks is answered like this."""
        self.count()
        self.billed, self.made = [], None
        self.toy.answers = {
            name: [self.answer(what), ...]
            for name, what in (("start", start), ("check", check), ("cancel", cancel))
        }
        asked = self.model.open.get(job_id)
        job = asked.job if asked else self.do(self._job(job_id))
        self.do(self.house.hurry(job))
        self.do(self.house.advance(job))
        self.settle(job_id)

    def answer(self, what: Any) -> Any:
        def given(_call: Any) -> Any:
            match what:
                case Delivery():
                    usable = not what.facts.get("unusable")
                    self.made = float(str(what.facts["seconds"])) if usable else None
                    self.billed.append(believed(what.billed_cost, DECLARED))
                case OrderRejected():
                    self.billed.append(believed(what.billed_cost, D(0)))
            if isinstance(what, BaseException):
                raise what
            return what

        return given

    def settle(self, job_id: str) -> None:
        """What the step must have done to the money."""
        now = self.do(self._job(job_id))
        asked = self.model.open.get(job_id)
        self.model.cost += sum(self.billed, D(0))
        if asked is None or now.state not in TERMINAL:
            assert asked is not None or not self.billed, "an ended job asked its vendor"
            return
        charge = D(0)
        if now.state == JobState.SUCCEEDED:
            assert self.made is not None, "nothing was delivered"
            charge = min(price(asked.tier, self.made), asked.held)
        assert now.settled == charge <= asked.held
        self.seen.update(
            [now.state, *(["charged"] if charge else []), *(["capped"] if 0 < charge == asked.held else [])]
        )
        self.model.spent += charge
        del self.model.open[job_id]

    @rule(job=jobs, part=st.floats(0.001, 3), billed=BILLS, usable=MOSTLY, later=st.booleans())
    def delivers(self, job: str, part: float, billed: Any, usable: bool, later: bool) -> None:
        """Also more than was expected: the house bears that."""
        asked = self.model.open.get(job)
        seconds = round(speech_seconds(asked.script if asked else "x").high * part, 3)
        facts = {"seconds": seconds, **({} if usable else {"unusable": True})}
        made = Delivery(media=b"12", content_type="audio/wav", billed_cost=billed, facts=facts)
        self.goes_on(job, Ticket({"n": 1}) if later else made, made)

    @rule(job=jobs, part=st.sampled_from([0.2, 1.0, 1.5]))
    def delivers_at_once(self, job: str, part: float) -> None:
        self.delivers(job, part, None, True, False)

    @rule(job=jobs, fraction=st.floats(0, 1))
    def works(self, job: str, fraction: float) -> None:
        self.goes_on(job, Ticket({"n": 1}), Progress(fraction))

    @rule(job=jobs, billed=BILLS)
    def refuses(self, job: str, billed: Any) -> None:
        self.goes_on(job, OrderRejected("no", billed_cost=billed), OrderRejected("no", billed_cost=billed))

    @rule(
        job=jobs,
        trouble=st.sampled_from(
            [ProviderBusy, ProviderUnavailable, OutcomeUnknown, ValueError, TimeoutError]
        ),
    )
    def is_in_trouble(self, job: str, trouble: type[Exception]) -> None:
        self.goes_on(job, trouble("trouble"), trouble("trouble"))

    # Stopping.

    @rule(job=consumes(jobs), says=st.sampled_from(["stopped", "names a price", "done"]), billed=BILLS)
    def cancel(self, job: str, says: str, billed: Any) -> None:
        """V12: the vendor says gone, cannot, done."""
        asked = self.model.open.get(job)
        if asked is None:
            with pytest.raises(WrongState):
                self.do(self.house.cancel(self.do(self._job(job))))
            return
        self.billed, self.made = [], None
        try:
            self.do(self.house.cancel(asked.job))
        except WrongState as fault:
            assert fault.code == "ALREADY_DECIDED"
        self.settle(job)
        if job not in self.model.open:
            return
        made = Delivery(media=b"12", content_type="audio/wav", facts={"seconds": 1.0}, billed_cost=billed)
        check = made if says == "done" else Progress(0.5)
        # A figure, or it would be the declared one that is booked; that is shown elsewhere.
        cannot = OrderRejected("too late", billed_cost=billed if isinstance(billed, Decimal) else D(0))
        self.goes_on(job, OutcomeUnknown("?"), check, cannot if says == "names a price" else None)

    # Time, tiers, favours.

    @rule(tier=st.sampled_from(list(TIERS.tiers)), ends=st.booleans())
    def moves(self, tier: str, ends: bool) -> None:
        self.count()
        then = "basic"
        self.do(self._move(tier, then if ends else None))
        self.model.tier = then if ends else tier

    async def _move(self, tier: str, then: str | None) -> None:
        until = None if then is None else utcnow().replace(year=2999)
        async with self.house.db.writing() as session:
            await set_tier(session, self.house.account.id, tier, list(TIERS.tiers), until=until, then=then)
        if then is not None:
            async with self.house.db.writing() as session:
                await session.execute(update(Account).values(tier_until=utcnow().replace(year=2020)))

    @precondition(lambda self: self.model.spent)
    @rule()
    def a_month_passes(self) -> None:
        """What was booked lies in the month before; what is held goes along."""
        self.count()
        self.do(self._age())
        self.model.spent = self.model.cost = D(0)

    async def _age(self) -> None:
        async with self.house.db.writing() as session:
            await session.execute(update(Posting).values(at=utcnow().replace(year=2020)))

    @precondition(lambda self: self.model.spent)
    @rule(n=st.integers(1, 3), amount=st.sampled_from([D("0.0001"), D("0.01")]))
    def gives_back(self, n: int, amount: Decimal) -> None:
        """Once per reference, however often it is asked for."""
        assume(self.model.spent >= amount)
        self.count()
        before = self.do(self._granted(f"review-{n}"))
        self.do(self._grant(f"review-{n}", amount))
        if before is None:
            self.model.spent -= amount

    async def _granted(self, reference: str) -> Any:
        async with self.house.db.reading() as session:
            return await session.scalar(select(Posting.id).where(Posting.job_id == reference))

    async def _grant(self, reference: str, amount: Decimal) -> None:
        async with self.house.db.writing() as session:
            await ledger.grant(session, self.house.account.id, reference, amount, memo="sorry")

    # What holds at every step.

    @invariant()
    def the_books_are_the_models(self) -> None:
        spend, held = self.do(self._books())
        assert (spend.spent, spend.held, spend.cost) == (self.model.spent, self.model.held, self.model.cost)
        assert held == {id: asked.held for id, asked in self.model.open.items()}

    async def _books(self) -> Any:
        async with self.house.db.reading() as session:
            month = Period.month(await database_now(session))
            spend = await ledger.spend(session, self.house.account.id, month)
            holds = (await session.scalars(select(ledger.Hold))).all()
            return spend, {hold.job_id: hold.amount for hold in holds}

    def count(self) -> None:
        type(self).taken += 1


async def _plain(awaited: Any) -> Any:
    return await awaited


@pytest.mark.timeout(3600 if EVERY else 180)
def test_g20_any_history_comes_to_what_the_model_says(tmp_path: Path, redis_url: str) -> None:
    """G17–G20, P6, V3, V11, V12."""

    class Run(Machine):
        pass

    Run.folder, Run.redis_url, Run.seen = tmp_path, redis_url, Counter()
    checks = (HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large)
    run_state_machine_as_test(
        Run,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=STEPS, deadline=None, suppress_health_check=checks,
            derandomize=not EVERY,
        ),
    )  # fmt: skip
    assert Run.taken >= WANTED
    assert set(Run.seen) >= {"SUCCEEDED", "FAILED", "CANCELLED", "charged"}
    if EVERY:
        assert set(Run.seen) >= {"capped", "SPEND_CAP", "PRICE_ABOVE_MAX", "IDEMPOTENCY_MISMATCH"}
