"""``persona-graph export``: usage as a table whose sums are the ledger's (row 142), insights over all accounts."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from persona_graph import migrations
from persona_graph.accounts import ledger
from persona_graph.accounts.accounts import open_account
from persona_graph.cli import main
from persona_graph.db import Database, new_id, utcnow
from persona_graph.graphql.ids import global_id
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.jobs.tables import Job
from persona_graph.personas.tables import ContentType, Output, OutputKind, Persona, Platform
from persona_graph.settings import Settings

JANUARY = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)


@pytest.fixture
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An account with an output of January and one of now, and another account with one of now."""
    monkeypatch.setenv("PERSONA_GRAPH_DATA_DIR", str(tmp_path / "data"))
    return asyncio.run(_furnish(Settings()))


async def _furnish(settings: Settings) -> str:
    await migrations.upgrade(settings)
    db = Database(settings.database)
    try:
        async with db.writing() as session:
            ids = [(await open_account(session, name, "enterprise")).id for name in ("Acme", "Other")]
            for account_id, at, price in (
                (ids[0], JANUARY, "0.30"), (ids[0], utcnow(), "0.15"), (ids[1], utcnow(), "7"),
            ):  # fmt: skip
                persona = Persona(account_id=account_id, name="P")
                session.add(persona)
                await session.flush()
                output_id, job_id = new_id(), new_id()
                session.add(
                    Job(
                        id=job_id, account_id=account_id, persona_id=persona.id, kind=JobKind.VIDEO,
                        state=JobState.SUCCEEDED, subject_kind="Output", subject_id=output_id, tier="pro",
                        asked_by="-tests", legs=[],
                    )
                )  # fmt: skip
                await session.flush()
                session.add(
                    Output(
                        id=output_id, account_id=account_id, persona_id=persona.id, kind=OutputKind.VIDEO,
                        job_id=job_id, asked_by="-tests", script="x", platform=Platform.X,
                        content_type=ContentType.SOCIAL_POST, avatar_id=new_id(), seconds=5.0, ready_at=at,
                    )
                )  # fmt: skip
                amount = Decimal(price)
                await ledger.reserve(session, account_id, job_id, 0, amount, cap_of=lambda _tier: None, at=at)
                await ledger.settle(session, account_id, job_id, 0, price=amount, at=at)
        return ids[0]
    finally:
        await db.close()


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_a_months_table(account: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["export", "usage", "--account", "Acme", "--period", "2026-01"]) == 0
    [row] = table(capsys.readouterr().out)
    assert (row["price"], row["platform"], row["service"]) == ("0.300000", "X", "'-tests")
    assert row["at"] == JANUARY.isoformat() and row["seconds"] == "5.000"
    assert global_id("VideoOutput", "x")[:8] == row["output"][:8], "the ids are those of the API"

    out = tmp_path / "usage.csv"
    assert main(["export", "usage", "--account", account, "--out", str(out)]) == 0
    assert [row["price"] for row in table(out.read_text())] == ["0.150000"]
    spans = {"2026-01-01..2026-01-31": [], "2026-01-31..2026-02-01": ["0.300000"], "2025-12": []}
    for span, prices in spans.items():
        assert main(["export", "usage", "--account", account, "--period", span]) == 0
        assert [row["price"] for row in table(capsys.readouterr().out)] == prices, span


def test_insights_of_the_whole_house_and_of_one(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "insights", "--json"]) == 0
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert (found["PERSONA_SHARE"]["value"], found["PERSONA_SHARE"]["counted"]) == (1.0, 2)
    assert found["ENGAGEMENT"]["value"] is None and found["ENGAGEMENT"]["reason"]
    assert main(["export", "insights", "--account", account]) == 0
    said = capsys.readouterr().out
    assert "persona share              100.0% of 1  aimed at more than 80.0%  reached" in said
    assert "engagement                 -  No views" in said


@pytest.mark.parametrize(
    "period", ["2026", "2026-13", "2026-02-01..2026-01-01", "yesterday", "..", "2026-01-01"]
)
def test_a_period_that_is_none(account: str, period: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as refused:
        main(["export", "usage", "--account", account, "--period", period])
    assert refused.value.code == 2 and "is not a month" in capsys.readouterr().err


def test_an_account_that_is_none(account: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["export", "usage", "--account", "Nobody"]) == 2
    assert "There is no account 'Nobody'" in capsys.readouterr().err
