"""``ledger verify``, ``tiers simulate`` and ``invoice check`` on books that real jobs left behind."""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text, update

from persona_graph import doctor
from persona_graph.bookkeeping import _table, _unarmed
from persona_graph.catalog.tiers import SHIPPED
from persona_graph.cli import main
from persona_graph.errors import InvalidInput
from persona_graph.graphql.ids import row_id
from persona_graph.jobs.invoices import Columns, read_bill
from persona_graph.jobs.tables import Attempt, Job
from persona_graph.migrations import head
from persona_graph.provider import OrderRejected, Ticket
from tests.jobs.house import House, open_house
from tests.jobs.scripted import DELIVERY, Scripted, catalog, speaker, video_offer

Say = Callable[..., "asyncio.Future[tuple[int, str, str]]"]


@pytest.fixture
async def house(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """Two accounts on two tiers; four speeches, a video, and one refused at a price."""
    async with open_house(tmp_path, redis_url, catalog(speaker())) as house:
        for name in ("task-1", "task-2"):
            toy = speaker(
                start=[Ticket({"n": name}, vendor_ref=name)],
                check=[replace(DELIVERY, billed_cost=Decimal("0.02"))],
            )
            house.jobs.catalog = catalog(toy)
            await house.finish(await house.speak())
        house.jobs.catalog = catalog(
            speaker(
                start=[Ticket({"task": "task-3"}, check_again_in=1)],
                check=[OrderRejected("no", billed_cost=Decimal("0.01"))],
            )
        )
        await house.finish(await house.speak())
        house.jobs.catalog = catalog(
            speaker("voice", start=[DELIVERY]),
            Scripted(
                "face",
                video_offer(cost="0.3"),
                start=[DELIVERY.__class__(media=b"v", facts={"seconds": 7.0})],
            ),
        )
        await house.finish(await house.film())
        other = await house.neighbour()
        async with house.db.writing() as session:
            await session.execute(
                text("UPDATE account SET name = '=cmd', tier = 'basic' WHERE id = :id"),
                {"id": other.account.id},
            )
        house.jobs.catalog = catalog(speaker(start=[DELIVERY]))
        other.account.tier = "basic"
        await other.finish(await other.speak())
        monkeypatch.setenv("PERSONA_GRAPH_DATA_DIR", str(tmp_path))
        monkeypatch.setenv("PERSONA_GRAPH_DATABASE_URL", house.settings.database)
        yield house


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    async def run(*words: object) -> tuple[int, str, str]:
        code = await asyncio.to_thread(main, [str(word) for word in words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


# --- ledger verify ------------------------------------------------------------------------------


async def test_sound_books_are_proven(house: House, say: Any) -> None:
    code, out, _ = await say("ledger", "verify")
    assert code == 0
    assert "of 2 accounts for 5 jobs" in out and "add up" in out
    code, out, _ = await say("ledger", "verify", "--json")
    told = json.loads(out)
    assert code == 0 and told["faults"] == [] and told["first"] == []
    assert sum(map(Decimal, told["books"].values())) == 0


async def test_the_first_wrong_row_is_shown(house: House, say: Any) -> None:
    async with house.db.writing() as session:
        await session.execute(text("UPDATE ledger_posting SET amount = amount + 7 WHERE kind = 'SETTLE'"))
    code, out, _ = await say("ledger", "verify")
    assert code == 1
    assert "settled more than was reserved" in out and "kind=SETTLE" in out and "account:due" in out
    code, out, _ = await say("ledger", "verify", "--json")
    told = json.loads(out)
    assert code == 1 and told["faults"] and told["first"][0]["job_id"] in told["faults"][0]


async def test_doctor_looks_at_the_books(house: House) -> None:
    async with house.db.writing() as session:
        await session.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32))"))
        await session.execute(text("INSERT INTO alembic_version VALUES (:head)"), {"head": head()})
    found = await doctor.books(house.settings)
    assert found.state is doctor.State.OK and "add up" in found.found
    async with house.db.writing() as session:
        await session.execute(text("DELETE FROM ledger_posting WHERE kind = 'RELEASE'"))
    found = await doctor.books(house.settings)
    assert found.state is doctor.State.MISSING and "ledger verify" in found.fix


# --- tiers simulate -----------------------------------------------------------------------------


def tiers_file(folder: Path, *changes: tuple[str, str]) -> Path:
    written = SHIPPED.read_text()
    for old, new in changes:
        assert old in written
        written = written.replace(old, new)
    path = folder / "tried.toml"
    path.write_text(written)
    return path


async def simulated(say: Any, tmp_path: Path, *changes: tuple[str, str], more: tuple[str, ...] = ()) -> Any:
    out_file = tmp_path / "difference.csv"
    words = ["tiers", "simulate", "--tiers", tiers_file(tmp_path, *changes), "--csv", out_file, *more]
    code, out, err = await say(*words)
    assert code == 0, err
    return {row["tier"]: row for row in csv.DictReader(out_file.open())}, out


async def test_the_same_file_makes_no_difference(house: House, say: Any, tmp_path: Path) -> None:
    found, out = await simulated(say, tmp_path)
    assert {tier: Decimal(row["difference"]) for tier, row in found.items()} == {"basic": 0, "pro": 0}
    assert (found["pro"]["jobs"], found["pro"]["charged"]) == ("3", "0.3021")
    assert out.splitlines()[-1].split() == ["all", "4", "0.3028", "0.3028", "0", "0", "0"]


async def test_another_price_is_applied_to_what_was_measured(house: House, say: Any, tmp_path: Path) -> None:
    """203: a second of speech at ten times the price, and a video of 7 s by blocks of 10 s."""
    found, _ = await simulated(
        say, tmp_path, ("price_per_minute = 0.02", "price_per_minute = 0.2"), ("block_seconds = 5", "block_seconds = 10")
    )  # fmt: skip
    assert Decimal(found["basic"]["would be"]) == Decimal("0.0067")
    assert Decimal(found["pro"]["would be"]) == 3 * Decimal("0.0067") + Decimal("0.15")
    assert found["basic"]["name"] == "'=cmd", "no spreadsheet runs a name"


async def test_what_a_tier_would_not_have_sold(house: House, say: Any, tmp_path: Path) -> None:
    found, _ = await simulated(
        say, tmp_path, ("max_seconds = 120", "max_seconds = 6"), ("[tiers.basic", "[tiers.other")
    )
    assert (found["pro"]["refused"], found["pro"]["would be"]) == ("1", "0.0014")
    assert (found["basic"]["refused"], found["basic"]["would be"]) == ("1", "0"), "there is no such tier"


async def test_a_lower_cap_would_have_stopped_it(house: House, say: Any, tmp_path: Path) -> None:
    found, _ = await simulated(say, tmp_path, ("monthly_cap = 100", "monthly_cap = 0.001"))
    assert (found["pro"]["over cap"], found["pro"]["would be"]) == ("2", "0.0007")


async def test_only_since_a_day(house: House, say: Any, tmp_path: Path) -> None:
    async with house.db.writing() as session:
        past = house.account.created_at.replace(year=2020)
        await session.execute(update(Job).where(Job.tier == "pro").values(ended_at=past))
    found, _ = await simulated(say, tmp_path, more=("--since", "2021-01-01"))
    assert set(found) == {"basic"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["tiers", "simulate", "--tiers", "/nowhere.toml"], "nowhere.toml"),
        (["tiers", "simulate"], "--tiers"),
        (["tiers", "simulate", "--tiers", "x", "--since", "yesterday"], "2026-01-31"),
        (["invoice", "check", "--provider", "toy", "/nowhere.csv"], "nowhere.csv"),
        (["invoice", "check", "--provider", "toy", "--tolerance", "-1", "x"], "-1"),
    ],
)
async def test_what_cannot_be_used_is_said(
    house: House, say: Any, words: list[str], said: str, capsys: Any
) -> None:
    try:
        code, _, err = await say(*words)
    except SystemExit as refused:
        code, err = int(str(refused.code)), capsys.readouterr().err
    assert code == 2 and said in err


# --- invoice check ------------------------------------------------------------------------------


async def refs(house: House, provider: str = "toy") -> list[tuple[str, str | None]]:
    async with house.db.reading() as session:
        rows = await session.execute(
            text("SELECT id, vendor_ref FROM job_attempt WHERE provider = :p ORDER BY id"), {"p": provider}
        )
        return [(row.id, row.vendor_ref) for row in rows]


async def checked(
    say: Any, tmp_path: Path, lines: list[str], *more: str, header: str = "reference,amount,date"
) -> Any:
    bill, out_file = tmp_path / "bill.csv", tmp_path / "verdicts.csv"
    bill.write_text("\n".join([header, *lines]))
    code, out, err = await say("invoice", "check", "--provider", "toy", bill, "--csv", out_file, *more)
    rows = list(csv.DictReader(out_file.open())) if code < 2 else []
    return (
        code,
        sorted((row["verdict"], row["reference"], row["theirs"], row["ours"]) for row in rows),
        out + err,
    )


async def test_a_bill_that_agrees(house: House, say: Any, tmp_path: Path) -> None:
    """By the vendor's id, by one in the ticket, and by the key it was given."""
    ids = await refs(house)
    lines = ["task-1,0.02,", "task-2,$0.02,", "task-3,0.010,", f"pg-{ids[3][0]},0.02,"]
    code, rows, out = await checked(say, tmp_path, lines)
    assert code == 0, out
    assert [row[0] for row in rows] == ["matched"] * 4
    assert out.splitlines()[-1].split() == ["all", "4", "0.07", "0.07", "0"]


async def test_every_kind_of_difference(house: House, say: Any, tmp_path: Path) -> None:
    last = (await refs(house))[3][0]
    code, rows, out = await checked(
        say, tmp_path, ["task-1,0.02", "task-2,0.03", "task-9,5.00"], header="reference,amount"
    )
    assert code == 1
    third = (await refs(house))[2][0]
    assert rows == sorted([
        ("matched", "task-1", "0.02", "0.02"), ("differs", "task-2", "0.03", "0.02"), ("only theirs", "task-9", "5", "0"),
        ("only ours", third, "0", "0.01"), ("only ours", last, "0", "0.02"),
    ])  # fmt: skip
    assert "task-9" in out and "line 4" in out and "+4.98" in out
    # The job as the API knows it, for ``job`` and ``resolveReview``.
    with (tmp_path / "verdicts.csv").open() as file:
        jobs = {row["reference"]: row["job"] for row in csv.DictReader(file)}
    async with house.db.reading() as session:
        known = set((await session.scalars(select(Job.id))).all())
    assert jobs.pop("task-9") == "" and {row_id("Job", job) for job in jobs.values()} <= known


async def test_a_mistyped_provider_is_said(house: House, say: Any, tmp_path: Path) -> None:
    code, _, out = await checked(say, tmp_path, ["task-1,0.02,"], "--provider", "tyo")
    assert code == 2 and "'tyo'" in out and "Orders went to: face, toy, voice." in out


async def test_lines_of_one_order_are_added_up_and_a_refund_counts(
    house: House, say: Any, tmp_path: Path
) -> None:
    lines = ["task-1,0.015", "task-1,0.01", "task-1,-0.005", "task-2,0.02", "task-3,0.01"]
    code, rows, _ = await checked(say, tmp_path, lines, header="reference,amount")
    assert [row[0] for row in rows].count("matched") == 3 and code == 1, "the last one is only ours"


async def test_the_bills_own_days_bound_what_is_missing(house: House, say: Any, tmp_path: Path) -> None:
    """What was booked on another day may stand on another bill; what the bill names is compared all the same."""
    code, rows, _ = await checked(say, tmp_path, ["task-1,0.02,2020-01-01T23:59:59"])
    assert code == 0 and [row[0] for row in rows] == ["matched"]
    code, rows, _ = await checked(say, tmp_path, ["task-1,0.02,2020-01-01"], "--until", "2999-01-01")
    assert code == 1 and [row[0] for row in rows].count("only ours") == 3


async def test_a_vendor_that_rounds(house: House, say: Any, tmp_path: Path) -> None:
    lines = ["task-1,0.0199", "task-2,0.0201", "task-3,0.01"]
    code, rows, _ = await checked(say, tmp_path, [f"{line},2020-01-01" for line in lines])
    assert code == 1 and [row[0] for row in rows].count("differs") == 2
    code, _, _ = await checked(
        say, tmp_path, [f"{line},2020-01-01" for line in lines], "--tolerance", "0.0001"
    )
    assert code == 0


async def test_v10_a_reference_of_two_attempts_is_nobodys(house: House, say: Any, tmp_path: Path) -> None:
    async with house.db.writing() as session:
        await session.execute(
            update(Attempt).where(Attempt.vendor_ref == "task-2").values(vendor_ref="task-1")
        )
    code, rows, out = await checked(say, tmp_path, ["task-1,0.02,2020-01-01"])
    assert code == 1 and rows == [("only theirs", "task-1", "0.02", "0")] and "2 attempts" in out


async def test_a_bill_with_names_of_its_own(house: House, say: Any, tmp_path: Path) -> None:
    more = ("--reference", "Task ID", "--amount", "Cost (USD)", "--date", "Day")
    code, rows, _ = await checked(
        say, tmp_path, ["task-1;0.02;2020-01-01", ";;", "task-2;0.02;2020-01-01"], *more, header="\ufeffTask ID;Cost (USD);Day"
    )  # fmt: skip
    assert code == 0 and [row[0] for row in rows] == ["matched", "matched"]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("task-1,NaN,", "line 2"), ("task-1,Infinity,", "line 2"), ("task-1,1e99,", "line 2"), ("task-1,,", "line 2"),
        ("task-1,0.02,soon", "line 2"), ('"task-1,0.02', "not a CSV"), ("task-1", "line 2"),
    ],
)  # fmt: skip
async def test_p6_a_bill_that_cannot_be_read_says_where(
    house: House, say: Any, tmp_path: Path, line: str, said: str
) -> None:
    code, _, out = await checked(say, tmp_path, [line])
    assert code == 2 and said in out and "Traceback" not in out


def test_a_bill_without_its_columns(tmp_path: Path) -> None:
    bill = tmp_path / "bill.csv"
    bill.write_text("id,cost\n1,2\n")
    with pytest.raises(InvalidInput, match="'amount' and no 'reference'") as refused:
        read_bill(bill, Columns())
    assert "'id', 'cost'" in (refused.value.fix or "")
    bill.write_bytes(b"\xff\xfe\x00reference")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read_bill(bill, Columns())


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_nothing_in_a_table_moves_the_terminal(cells: list[str]) -> None:
    lines = list(_table(("a", "b"), [cells]))
    assert all(line.isprintable() for line in lines)
    assert not _unarmed(cells[0]).startswith(("=", "@", "\t", "\r"))
