"""A LinkedIn post as text, as speech and as a video, in the voice and with the face of who signs it.

    python -m examples.linkedin_writer post.md --persona "Ada" --recording ada.flac --portrait ada.png --out .

It checks the style, asks for the price, buys, and follows the job on a live stream.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import asyncio
import sys

from persona_graph_client import (
    ContentType,
    GenerateContentInput,
    Output,
    PartState,
    PersonaGraph,
    PersonaGraphError,
    Platform,
    StyleCheckInput,
)

from examples.persona import arguments, dollars, ensure_persona, person_of


async def write(graph: PersonaGraph, given: argparse.Namespace) -> Output:
    persona = await ensure_persona(graph, person_of(given))
    script = given.text.read_text(encoding="utf-8")
    await advise(graph, persona.id, script)
    wish = GenerateContentInput(
        persona_id=persona.id,
        content_type=ContentType.LINKEDIN_POST,
        script=script,
        max_price=given.max_price,
    )
    quote = await graph.quote_generate_content(wish)
    print(f"price: {dollars(quote.price)}, at most {dollars(quote.price_ceiling)}")
    made = await graph.generate_content(wish)
    async for event in graph.follow(made.job.id):
        print(f"  {event.state} {event.stage} {event.progress.fraction or 0:.0%}")
    # Raises if it came to nothing.
    await graph.ended(made.job.id)
    output = await graph.output(made.output.id)
    assert output is not None
    return output


async def advise(graph: PersonaGraph, persona_id: str, script: str) -> None:
    """What does not sound like the person; it never stands in the way."""
    persona = await graph.persona(persona_id)
    if persona is None or persona.writing_style is None:
        return
    check = await graph.style_check(
        StyleCheckInput(persona_id=persona_id, text=script, platform=Platform.LINKEDIN)
    )
    print(f"style: {check.score} of 100")
    for finding in check.findings:
        print(f"  {finding.message} {finding.suggestion}")


async def fetch(graph: PersonaGraph, given: argparse.Namespace, output: Output) -> None:
    given.out.mkdir(parents=True, exist_ok=True)
    for asset, name in ((output.speech, "post.wav"), (output.video, "post.mp4")):
        if asset is not None:
            print(f"saved: {await graph.download(asset, given.out / name)} ({asset.seconds:.1f} s)")
    for part in output.parts or []:
        if part.state not in (PartState.GIVEN, PartState.MADE):
            print(f"no {part.part}: {part.message} {part.fix or ''}")
    print(f"cost: {dollars(output.price)}")


async def main(words: list[str]) -> int:
    given = arguments(__doc__ or "").parse_args(words)
    async with PersonaGraph(given.url, given.token) as graph:
        try:
            await fetch(graph, given, await write(graph, given))
        except PersonaGraphError as error:
            print(f"not made: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
