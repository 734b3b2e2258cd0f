"""A worker for one long script that is killed at the n-th order it places. Run as a program."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

from sqlalchemy import select

from persona_graph.jobs.tables import Job
from persona_graph.personas.works.content import ContentWork
from persona_graph.provider import Call, Delivery, Limits, Offer, Order, Speak, Ticket
from tests.jobs.house import open_house
from tests.jobs.scripted import Scripted, catalog, speech_offer


class Vendor(Scripted):
    """Its books are a file, so that they outlive the worker. Every part is the same recording."""

    def __init__(self, folder: Path, recording: bytes, kill_at: int = 0) -> None:
        super().__init__("vendor", replace(speech_offer(cost="0.03"), limits=Limits(max_chars=80)))
        self.books, self.recording, self.kill_at = folder / "books", recording, kill_at

    def asked(self) -> list[str]:
        return self.books.read_text().splitlines() if self.books.exists() else []

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        assert isinstance(order, Speak)
        with self.books.open("a") as books:
            books.write(f"{call.idempotency_key} {order.script}\n")
        if len(self.asked()) == self.kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        return Delivery(media=self.recording, content_type="audio/wav")


async def main(folder: Path, redis_url: str, kill_at: int) -> None:
    vendor = Vendor(folder, (folder / "recording.wav").read_bytes(), kill_at)
    async with open_house(folder, redis_url, catalog(vendor), tables=False, works=ContentWork) as house:
        async with house.db.reading() as session:
            job = (await session.scalars(select(Job))).one()
        await house.finish(job)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])))
