"""A blog post read aloud by its author, to stand above the text.

    python -m examples.blog_writer post.md --persona "Ada" --recording ada.flac --title "Bees" --port 8787

It waits by webhook: nothing is held open while the work is done. The key of the order is made of the text, so that
running it again fetches the same reading and pays nothing.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import asyncio
import hashlib
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from persona_graph_client import (
    ContentPart,
    ContentType,
    CreateWebhookInput,
    GenerateContentInput,
    Job,
    JobState,
    PersonaGraph,
    PersonaGraphError,
    WebhookEvent,
    WebhookInput,
)

from examples.persona import arguments, dollars, ensure_persona, person_of
from examples.receiver import Receiver

ENDS = [WebhookEvent.JOB_SUCCEEDED, WebhookEvent.JOB_FAILED, WebhookEvent.JOB_CANCELLED]
ENDED = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}


@asynccontextmanager
async def listening(graph: PersonaGraph, port: int, url: str | None) -> AsyncIterator[Receiver]:
    """A webhook for as long as this runs; a service that stays keeps its webhook, and the secret."""
    async with Receiver(port) as receiver:
        made = await graph.create_webhook(CreateWebhookInput(url=url or receiver.url, events=ENDS))
        receiver.secret = made.secret or ""
        try:
            yield receiver
        finally:
            await graph.delete_webhook(WebhookInput(webhook_id=made.webhook.id))


async def told(graph: PersonaGraph, receiver: Receiver, job: Job, patience: float = 600) -> Job:
    """The job when it has ended. The message says which job it was; the job itself says how it is."""
    while job.state not in ENDED:
        async with asyncio.timeout(patience):
            message = await receiver.next()
        if message.data.job_id == job.id:
            print(f"told: {message.type}")
            job = await graph.job(job.id) or job
    return job


async def write(graph: PersonaGraph, given: argparse.Namespace) -> int:
    persona = await ensure_persona(graph, person_of(given))
    script = given.text.read_text(encoding="utf-8")
    async with listening(graph, given.port, given.hook) as receiver:
        made = await graph.generate_content(
            GenerateContentInput(
                persona_id=persona.id, content_type=ContentType.BLOG_POST, title=given.title, script=script,
                parts=[ContentPart.TEXT, ContentPart.AUDIO], required=[ContentPart.AUDIO],
                max_price=given.max_price,
                idempotency_key=hashlib.sha256(f"{persona.id} {given.title} {script}".encode()).hexdigest(),
            )
        )  # fmt: skip
        job = await told(graph, receiver, made.job)
    if job.state is not JobState.SUCCEEDED:
        print(f"not made: {job.failure.message if job.failure else job.state}", file=sys.stderr)
        return 1
    output = await graph.output(made.output.id)
    assert output is not None and output.speech is not None
    given.out.mkdir(parents=True, exist_ok=True)
    print(
        f"saved: {await graph.download(output.speech, given.out / 'post.wav')} ({output.speech.seconds:.1f} s)"
    )
    print(f"cost: {dollars(output.price)}")
    return 0


async def main(words: list[str]) -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--title", default="", help="read out first")
    parser.add_argument("--port", type=int, default=8787, help="where messages are heard on this machine")
    parser.add_argument("--hook", help="the public https:// address that leads there")
    given = parser.parse_args(words)
    async with PersonaGraph(given.url, given.token) as graph:
        try:
            return await write(graph, given)
        except PersonaGraphError as error:
            print(f"not made: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
