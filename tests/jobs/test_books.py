"""What ``audit`` notices: each rule is broken once in books that were sound."""

from __future__ import annotations

from decimal import Decimal

import pytest
from sqlalchemy import text

from persona_graph.accounts.statements import rows_of
from persona_graph.jobs.books import Audit, audit
from persona_graph.provider import OrderRejected, Progress
from tests.jobs.conftest import Opening
from tests.jobs.house import House
from tests.jobs.scripted import DELIVERY, TICKET, catalog, speaker


async def looked_at(house: House) -> Audit:
    async with house.db.reading() as session:
        return await audit(session)


async def lived(opening: Opening) -> House:
    """One job that succeeded, one that failed at a cost, one cancelled, one under way."""
    house = await opening(speaker(start=[DELIVERY]))
    await house.finish(await house.speak())
    house.jobs.catalog = catalog(speaker(start=[OrderRejected("no", billed_cost=Decimal("0.004"))]))
    await house.finish(await house.speak())
    await house.cancel(await house.speak())
    house.jobs.catalog = catalog(speaker(start=[TICKET], check=[Progress(0.5), ...]))
    await house.advance(await house.speak())
    return house


DONE = "(SELECT id FROM job WHERE state = 'SUCCEEDED')"
FAILED = "(SELECT id FROM job WHERE state = 'FAILED')"
OPEN = "(SELECT id FROM job WHERE state = 'WAITING')"
TAMPERED = {
    "charged though it failed": (
        f"UPDATE ledger_posting SET job_id = {FAILED} WHERE kind = 'SETTLE'",
        "did not succeed",
    ),
    "not charged": (f"DELETE FROM ledger_posting WHERE kind = 'SETTLE' AND job_id = {DONE}", "was not charged"),
    "charged and not done": (f"UPDATE job_leg SET state = 'FAILED' WHERE job_id = {DONE}", "though it was not done"),
    "missing and not optional": (
        f"UPDATE job_leg SET state = 'FAILED' WHERE job_id = {DONE}", "and that may not be",
    ),
    "charged less": ("UPDATE ledger_posting SET amount = 0 WHERE kind = 'SETTLE'", "was not charged"),
    "quoted less": (f"UPDATE job_leg SET reserved = 0 WHERE job_id = {DONE}", "than was quoted"),
    "nothing held": (f"DELETE FROM ledger_hold WHERE job_id = {OPEN}", "nothing holds its money"),
    "held for nobody": ("UPDATE ledger_hold SET job_id = 'nobody'", "a job that is not there"),
    "held for too long": (f"UPDATE job SET state = 'CANCELLED' WHERE id = {OPEN}", "still holds money"),
    "cost not booked": (f"DELETE FROM ledger_posting WHERE kind = 'COST' AND job_id = {FAILED}", "was not booked"),
    "cost of nobody": (f"UPDATE job_attempt SET cost = NULL WHERE job_id = {FAILED}", "no attempt had"),
    "cost of another vendor": (
        f"UPDATE ledger_posting SET debit = 'house:vendor-cost:x' WHERE kind = 'COST' AND job_id = {FAILED}",
        "was not booked as it was",
    ),
    "another's job": (f"UPDATE job SET account_id = 'x' WHERE id = {DONE}", "paid by another account"),
    "another price": (
        f"""UPDATE job_leg SET result = replace(result, '"seconds"\\:2.0', '"seconds"\\:1.0') WHERE job_id = {DONE}""",
        "what was measured comes to",
    ),
}  # fmt: skip


async def test_books_that_were_lived_in_are_sound(each_opening: Opening) -> None:
    """129, 137."""
    found = await looked_at(await lived(each_opening))
    assert found.faults == () and (found.accounts, found.jobs) == (1, 4)
    assert sum(found.books.values()) == 0
    assert found.books["house:vendor-cost:toy"] == Decimal("0.024")


@pytest.mark.parametrize("tampering", TAMPERED)
async def test_it_notices(each_opening: Opening, tampering: str) -> None:
    house = await lived(each_opening)
    change, said = TAMPERED[tampering]
    async with house.db.writing() as session:
        changed = await session.execute(text(change))
        assert changed.rowcount >= 1  # type: ignore[attr-defined]
    found = await looked_at(house)
    assert any(said in str(fault) for fault in found.faults), found.faults
    async with house.db.reading() as session:
        assert [row for fault in found.faults for row in await rows_of(session, fault)], "and shows where"
