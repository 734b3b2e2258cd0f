"""The command's verbs about usage: what was made and what it came to, for spreadsheets and for whoever runs the server."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from persona_graph.accounts.ledger import Period
    from persona_graph.db import Database
    from persona_graph.personas.insights import Insight
    from persona_graph.settings import Settings

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

T = TypeVar("T")
PERIOD = "a month such as 2026-01, or two moments such as 2026-01-01..2026-01-15 (UTC; the second is not part of it)"
_MONTH = re.compile(r"\d{4}-\d{2}")


def add_verbs(verbs: Verbs) -> None:
    group = verbs.add_parser("export", help="usage and insights", description="Usage and insights.")
    under = group.add_subparsers(metavar="VERB", required=True)
    sub = _add(
        under,
        "usage",
        export_usage,
        "write a CSV table of an account's usage, a line per job that moved money",
    )
    sub.add_argument("--account", required=True, help="the account: its id, or its name")
    sub.add_argument("--out", type=Path, metavar="FILE", help="write it to a file (default: to stdout)")
    sub = _add(
        under, "insights", export_insights,
        "show whether personas are worth it: the ratios beside what is aimed at, over all accounts or one",
    )  # fmt: skip
    sub.add_argument("--account", help="only this account: its id, or its name")
    sub.add_argument("--json", action="store_true", help="answer as JSON")


def _add(
    verbs: Verbs, name: str, verb: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    sub = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    sub.set_defaults(verb=verb)
    sub.add_argument("--period", type=_span, help=f"{PERIOD}; default: this month")
    return sub


def _span(text: str) -> tuple[datetime, datetime]:
    try:
        if _MONTH.fullmatch(text):
            first = datetime.fromisoformat(f"{text}-01").replace(tzinfo=UTC)
            return first, (first.replace(year=first.year + 1, month=1) if first.month == 12 else first.replace(month=first.month + 1))  # fmt: skip
        start, end = (_moment(part) for part in text.split(".."))
        if start < end:
            return start, end
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not {PERIOD}")


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _period(asked: argparse.Namespace) -> Period:
    from persona_graph.accounts.ledger import Period
    from persona_graph.db import utcnow

    return Period(*asked.period) if asked.period else Period.month(utcnow())


# --- Verbs --------------------------------------------------------------------------------------


def export_usage(asked: argparse.Namespace) -> int:
    async def write(db: Database, _settings: Settings) -> None:
        account_id = await _account_id(db, asked.account)
        if asked.out is None:
            await _write(db, account_id, _period(asked), sys.stdout)
            return
        with asked.out.open("w", encoding="utf-8", newline="") as file:
            await _write(db, account_id, _period(asked), file)

    _with_database(write)
    return 0


async def _write(db: Database, account_id: str, period: Period, file: IO[str]) -> None:
    from persona_graph.graphql.ids import global_id
    from persona_graph.personas.usage import Whose
    from persona_graph.personas.usage_csv import COLUMNS, usage_pages

    out = csv.writer(file)
    out.writerow(COLUMNS)
    async for page in usage_pages(db, Whose(account_id, period), global_id):
        out.writerows(page)


def export_insights(asked: argparse.Namespace) -> int:
    async def look(db: Database, settings: Settings) -> list[Insight]:
        from persona_graph.catalog.tiers import load_tiers
        from persona_graph.personas.insights import Looked, insights

        account_id = None if asked.account is None else await _account_id(db, asked.account)
        return await insights(db, load_tiers(settings.tiers_file), Looked(account_id, _period(asked)))

    found = _with_database(look)
    said = (
        json.dumps([_plain(one) for one in found], indent=1) if asked.json else "\n".join(map(_line, found))
    )
    sys.stdout.write(said + "\n")
    return 0


def _plain(one: Insight) -> dict[str, object]:
    return {
        "name": one.name, "unit": one.unit, "value": one.value, "target": one.target, "met": one.met,
        "others": one.others, "counted": one.counted, "reason": one.reason,
    }  # fmt: skip


def _line(one: Insight) -> str:
    name = one.name.replace("_", " ").lower().ljust(27)
    if one.value is None:
        return f"{name}-  {one.reason}"
    verdict = "" if one.met is None else "  reached" if one.met else "  missed"
    aimed = "" if one.target is None else f"  aimed at more than {_figure(one, one.target)}"
    return f"{name}{_figure(one, one.value)} of {one.counted}{aimed}{verdict}"


def _figure(one: Insight, value: float) -> str:
    return f"{value:.2f} stars" if one.unit == "STARS" else f"{value:.1%}"


# --- What they share ----------------------------------------------------------------------------


def _with_database(use: Callable[[Database, Settings], Awaitable[T]]) -> T:
    from persona_graph.db import Database
    from persona_graph.settings import Settings

    async def opened() -> T:
        settings = Settings()
        db = Database(settings.database)
        try:
            return await use(db, settings)
        finally:
            await db.close()

    return asyncio.run(opened())


async def _account_id(db: Database, account: str) -> str:
    from persona_graph.accounts.console import find_by_id_or_name
    from persona_graph.errors import NotFound

    found = await find_by_id_or_name(db, account)
    if found is None:
        raise NotFound(message=f"There is no account {account!r}.", fix="Name it by its id.")
    return found.id
