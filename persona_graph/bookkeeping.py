"""The command's verbs about money: what was booked, what another price list would have brought, what vendors bill."""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
import sys
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from persona_graph.opaque import opaque_id

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from persona_graph.jobs.books import Audit
    from persona_graph.jobs.invoices import Comparison
    from persona_graph.jobs.replays import Difference

    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]

T = TypeVar("T")
SHOWN = 20


def add_verbs(verbs: Verbs) -> None:
    verify = _add(
        _group(verbs, "ledger", "the books"), "verify", ledger_verify, "prove that the books add up"
    )
    verify.description = (
        "Prove that every balance is the sum of its rows and that what was held, charged and booked is what the jobs "
        "came to; show the first wrong rows and exit 1 if not."
    )
    verify.add_argument("--json", action="store_true", help="answer as JSON")
    _add_simulate(verbs)
    _add_check(verbs)


def _add_simulate(verbs: Verbs) -> None:
    sub = _add(
        _group(verbs, "tiers", "price lists"), "simulate", tiers_simulate,
        "replay past jobs against another tiers file and show the difference by tier and account",
    )  # fmt: skip
    sub.add_argument("--tiers", type=Path, required=True, metavar="FILE", help="the tiers file to try")
    sub.add_argument(
        "--since", type=_moment, metavar="DATE", help="only jobs that ended since then, UTC (default: all)"
    )
    sub.add_argument("--csv", type=Path, metavar="FILE", help="write the table to this file, too")


def _add_check(verbs: Verbs) -> None:
    sub = _add(
        _group(verbs, "invoice", "vendors' bills"), "check", invoice_check,
        "compare a vendor's bill with what was booked, line by line; exit 1 if they differ",
    )  # fmt: skip
    sub.add_argument("bill", type=Path, metavar="FILE.csv", help="the bill, a CSV file with a header")
    sub.add_argument("--provider", required=True, metavar="NAME", help="whose bill it is: the provider's id")
    for name, what in (
        ("reference", "the order's id: the vendor's own, or the one it was given"),
        ("amount", "the amount in USD"),
        ("date", "the date, which may be missing"),
    ):
        sub.add_argument(
            f"--{name}", default=name, metavar="COLUMN", help=f"column with {what} (default: {name})"
        )
    sub.add_argument(
        "--since", type=_moment, metavar="DATE", help="the bill's first day, UTC (default: its first date)"
    )
    sub.add_argument(
        "--until", type=_moment, metavar="DATE",
        help="the day after the bill's last, UTC (default: that of its last date)",
    )  # fmt: skip
    sub.add_argument(
        "--tolerance", type=_amount, default=Decimal(0), metavar="USD",
        help="how far a line may be off, for vendors that round (default: 0)",
    )  # fmt: skip
    sub.add_argument(
        "--csv", type=Path, metavar="FILE", help="write every line with its verdict to this file"
    )


def _group(verbs: Verbs, name: str, what: str) -> Verbs:
    sub = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    return sub.add_subparsers(metavar="VERB", required=True)


def _add(
    verbs: Verbs, name: str, verb: Callable[[argparse.Namespace], int], what: str
) -> argparse.ArgumentParser:
    sub = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    sub.set_defaults(verb=verb)
    return sub


def _moment(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a date such as 2026-01-31") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not an amount such as 0.01")
    return amount


# --- Verbs --------------------------------------------------------------------------------------


def ledger_verify(asked: argparse.Namespace) -> int:
    from persona_graph.accounts.statements import rows_of
    from persona_graph.jobs.books import audit

    async def look(session: AsyncSession) -> tuple[Audit, list[dict[str, str]]]:
        found = await audit(session)
        rows = await rows_of(session, found.faults[0]) if found.faults else []
        return found, [_posting(row) for row in rows]

    found, rows = _read(look)
    _say([json.dumps(_audit_json(found, rows), indent=1)] if asked.json else _audit_lines(found, rows))
    return 1 if found.faults else 0


def _posting(row: Any) -> dict[str, str]:
    names = (
        "id",
        "at",
        "account_id",
        "job_id",
        "leg",
        "kind",
        "attempt",
        "debit",
        "credit",
        "amount",
        "memo",
    )
    return {name: str(getattr(row, name)) for name in names}


def _audit_json(found: Audit, rows: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "postings": found.postings, "accounts": found.accounts, "jobs": found.jobs,
        "books": {book: str(amount) for book, amount in found.books.items()},
        "faults": [str(fault) for fault in found.faults], "first": rows,
    }  # fmt: skip


def _audit_lines(found: Audit, rows: list[dict[str, str]]) -> Iterable[str]:
    yield f"{found.postings:,} postings of {found.accounts:,} accounts for {found.jobs:,} jobs"
    yield from _table(("book", "balance"), [(book, _usd(amount)) for book, amount in found.books.items()])
    if not found.faults:
        yield "The books add up, and they are what the jobs came to."
        return
    yield f"{len(found.faults):,} faults. The first: {found.faults[0]}"
    for row in rows:
        yield "  " + "  ".join(f"{name}={value}" for name, value in row.items() if value)
    yield from (f"then: {fault}" for fault in found.faults[1:SHOWN])
    if len(found.faults) > SHOWN:
        yield f"and {len(found.faults) - SHOWN:,} more (--json shows all)"


def tiers_simulate(asked: argparse.Namespace) -> int:
    from persona_graph.catalog.tiers import load_tiers
    from persona_graph.jobs.replays import replay, total

    tiers = load_tiers(asked.tiers)
    lines = _read(lambda session: replay(session, tiers, asked.since))
    header = ("tier", "account", "name", "jobs", "charged", "would be", "difference", "refused", "over cap")
    rows = [_difference(line) for line in lines]
    if asked.csv:
        _write_csv(asked.csv, header, rows)
    _say(_table(header, [*rows, _difference(total(lines), "all")]))
    return 0


def _difference(line: Difference, tier: str = "") -> tuple[str, ...]:
    figures = (_usd(line.charged), _usd(line.would_be), _signed(line.difference))
    counts = (str(line.refused), str(line.over_cap))
    return (line.tier or tier, line.account_id, line.account, str(line.jobs), *figures, *counts)


def invoice_check(asked: argparse.Namespace) -> int:
    from persona_graph.accounts.ledger import Period
    from persona_graph.jobs.invoices import Columns, compare, period_of, read_bill

    bill = read_bill(asked.bill, Columns(asked.reference, asked.amount, asked.date))
    own = period_of(bill)
    period = own
    if asked.since or asked.until:
        ever = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))
        around = own or ever
        period = Period(asked.since or around.start, asked.until or around.end)
    found = _read(lambda session: compare(session, asked.provider, bill, period, asked.tolerance))
    if asked.csv:
        header = ("verdict", "reference", "theirs", "ours", "job", "leg", "note")
        _write_csv(asked.csv, header, [_match(match) for match in found.matches])
    _say(_comparison_lines(found))
    return 0 if found.agrees else 1


def _match(match: Any) -> tuple[str, ...]:
    leg = "" if match.leg is None else str(match.leg)
    job = opaque_id("Job", match.job_id) if match.job_id else ""
    return (
        match.verdict, match.reference, _usd(match.theirs), _usd(match.ours), job, leg, match.note,
    )  # fmt: skip


def _comparison_lines(found: Comparison) -> Iterable[str]:
    rows = []
    for verdict in ("matched", "differs", "only theirs", "only ours"):
        group = found.of(verdict)
        theirs, ours = (
            sum((getattr(match, side) for match in group), Decimal(0)) for side in ("theirs", "ours")
        )
        rows.append((verdict, str(len(group)), _usd(theirs), _usd(ours), _signed(theirs - ours)))
    rows.append(
        (
            "all",
            str(len(found.matches)),
            _usd(found.theirs),
            _usd(found.ours),
            _signed(found.theirs - found.ours),
        )
    )
    yield from _table(("", "lines", "theirs", "ours", "difference"), rows)
    wrong = [match for match in found.matches if match.verdict != "matched"]
    for match in wrong[:SHOWN]:
        yield "  ".join(part for part in _match(match) if part)
    if len(wrong) > SHOWN:
        yield f"and {len(wrong) - SHOWN:,} more (--csv FILE has all)"


# --- What they share ----------------------------------------------------------------------------


def _read(look: Callable[[AsyncSession], Awaitable[T]]) -> T:
    from persona_graph.db import Database
    from persona_graph.settings import Settings

    async def opened() -> T:
        db = Database(Settings().database)
        try:
            async with db.reading() as session:
                return await look(session)
        finally:
            await db.close()

    return asyncio.run(opened())


def _say(lines: Iterable[str]) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


def _usd(amount: Decimal) -> str:
    return f"{amount:.6f}".rstrip("0").rstrip(".") or "0"


def _signed(amount: Decimal) -> str:
    return f"{'+' if amount > 0 else ''}{_usd(amount)}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Columns of figures to the right, of words to the left; nothing that a terminal would obey."""
    plain = [[_plain(cell) for cell in row] for row in (header, *rows)]
    widths = [max(len(row[n]) for row in plain) for n in range(len(header))]
    numeric = [all(_is_figure(row[n]) for row in plain[1:]) for n in range(len(header))]
    for row in plain:
        cells = (
            c.rjust(w) if right else c.ljust(w) for c, w, right in zip(row, widths, numeric, strict=True)
        )
        yield "  ".join(cells).rstrip()


def _plain(cell: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in cell)


def _is_figure(cell: str) -> bool:
    return cell.lstrip("+-").replace(".", "", 1).isdigit()


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        out.writerows([_unarmed(cell) for cell in row] for row in rows)


def _unarmed(cell: str) -> str:
    """A name that a spreadsheet would run as a formula is a text there."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") and not _is_figure(cell) else cell
