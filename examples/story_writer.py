"""A story, scene by scene: one order, a file for each scene, and a list to play them in order.

    python -m examples.story_writer story.md --persona "Ada" --recording ada.flac --out story/

The text is cut at its headings. Scenes are made side by side; one that fails costs nothing and leaves the others.
"""
# ruff: noqa: T201

from __future__ import annotations

import argparse
import asyncio
import sys
from decimal import Decimal
from pathlib import Path

from persona_graph_client import (
    ContentPart,
    ContentScene,
    ContentType,
    GenerateContentInput,
    JobFailed,
    PersonaGraph,
    PersonaGraphError,
)

from examples.persona import arguments, ensure_persona, person_of


async def write(graph: PersonaGraph, given: argparse.Namespace) -> int:
    persona = await ensure_persona(graph, person_of(given))
    wish = GenerateContentInput(
        persona_id=persona.id, content_type=ContentType.STORY, title=given.title,
        script=given.text.read_text(encoding="utf-8"), parts=[ContentPart.TEXT, ContentPart.AUDIO],
        max_price=given.max_price,
    )  # fmt: skip
    made = await graph.generate_content(wish)
    print(f"{len(made.scenes)} scenes, at most {made.quote.price_ceiling.amount.normalize():f} USD")
    given.out.mkdir(parents=True, exist_ok=True)
    results = await asyncio.gather(*(finish(graph, scene, given.out) for scene in made.scenes))
    files = [file for file, _ in results if file is not None]
    (given.out / "story.m3u").write_text("".join(f"{file.name}\n" for file in files), encoding="utf-8")
    print(f"saved: {given.out / 'story.m3u'} ({len(files)} of {len(results)} scenes)")
    print(f"cost: {sum((price for _, price in results), Decimal(0)).normalize():f} USD")
    return 0 if len(files) == len(results) else 1


async def finish(graph: PersonaGraph, scene: ContentScene, folder: Path) -> tuple[Path | None, Decimal]:
    """The scene's file and what it cost; none and nothing if it failed."""
    assert scene.job is not None and scene.output is not None
    try:
        await graph.wait(scene.job.id)
    except JobFailed as failed:
        print(f"scene {scene.index + 1} failed: {failed}", file=sys.stderr)
        return None, Decimal(0)
    output = await graph.output(scene.output.id)
    assert output is not None and output.price is not None
    if output.speech is None:
        return None, output.price.amount
    return await graph.download(
        output.speech, folder / f"scene-{scene.index + 1:02}.wav"
    ), output.price.amount


async def main(words: list[str]) -> int:
    parser = arguments(__doc__ or "")
    parser.add_argument("--title", default="", help="the story's title")
    given = parser.parse_args(words)
    async with PersonaGraph(given.url, given.token) as graph:
        try:
            return await write(graph, given)
        except PersonaGraphError as error:
            print(f"not made: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1:])))
