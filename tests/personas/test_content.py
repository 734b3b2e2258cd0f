"""Content before anything is made: what is said of what is written, where a story falls into scenes, and what cannot
be asked for (rows 98, 176–188)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from persona_graph.catalog.registry import Catalog
from persona_graph.graphql.ids import split_id
from persona_graph.jobs.tables import Job
from persona_graph.personas.scenes import CutScene, cut_scenes
from persona_graph.personas.spoken import spoken_of, titled
from persona_graph.provider import Capability, Cost, Limits, Offer, PaymentSafety
from tests.catalog.toys import EVERYTHING, Toy, catalog
from tests.world import Owner, World, open_world, public

READ = [
    ("plain", "Plain words stay.", "Plain words stay."),
    (
        "emphasis",
        "It is **very** _small_, ***really*** and ~~not~~ big.",
        "It is very small, really and not big.",
    ),
    ("snake", "Call my_own_name and 2*3*4.", "Call my_own_name and 2*3*4."),
    ("link", "See [the notes](https://e.com/a_(b)) now.", "See the notes now."),
    ("bare address", "See https://e.com/a?b=c#d now, or www.e.com.", "See now, or"),
    ("image", "Before ![a cat](cat.png) after.", "Before after."),
    ("heading", "# A title\nText.", "A title.\n\nText."),
    ("underlined", "A title\n=======\nText.", "A title.\n\nText."),
    ("question", "## What now?\n\nText.", "What now?\n\nText."),
    ("list", "Three:\n\n- one\n* two!\n3. three", "Three:\n\none.\ntwo!\nthree."),
    ("tasks", "- [x] done\n- [ ] open", "done.\nopen."),
    ("quote", "> Said he.\n> And she.", "Said he.\nAnd she."),
    ("code", "Run:\n```sh\nrm -rf /\n```\nor `make it`.", "Run:\n\nor make it."),
    ("table", "| a | b |\n|---|---|\n| c | d |", "a, b\n\nc, d"),
    ("html", "A<br>B <b>c</b><!-- no --> d &", "A\nB c d &"),
    ("rule", "One.\n\n---\n\nTwo.", "One.\n\nTwo."),
    ("hashtags at the end", "I write. #Writing #Craft, #Of2026.", "I write."),
    ("hashtags alone", "I write.\n\n#Writing #Craft", "I write."),
    (
        "a hashtag within",
        "I love #Python dearly, C# too, and am #1.",
        "I love Python dearly, C# too, and am #1.",
    ),
    ("mention", "Thanks @Ada, write to a@b.org.", "Thanks Ada, write to a@b.org."),
    ("emoji", "Good 👍🏽 morning 👨‍👩‍👧 all 🇩🇪!", "Good morning all!"),
    ("signs", "At 20 °C, © me, 5 €.", "At 20 °C, © me, 5 €."),
    ("footnote", "True.[^1]\n\n[^1]: Really.", "True."),
    ("reference", "See [it][1].\n\n[1]: https://e.com", "See it."),
    ("front matter", "---\ntitle: x\n---\nText.", "Text."),
    ("other scripts", "## 你好\n这是**一句**话。", "你好.\n\n这是一句话。"),
    ("nothing", "👍 #yes https://e.com\n---\n![x](y)", ""),
]


@pytest.mark.parametrize(("written", "said"), [case[1:] for case in READ], ids=[case[0] for case in READ])
def test_what_is_said_of_what_is_written(written: str, said: str) -> None:
    """Row 187: a post is read as somebody would read it out."""
    assert spoken_of(written) == said


def test_what_was_said_is_said_the_same_again() -> None:
    for _, written, _ in READ:
        assert spoken_of(spoken_of(written)) == spoken_of(written)


def test_a_title_is_said_once() -> None:
    assert titled("My *day*", "It was long.") == "My day.\n\nIt was long."
    assert titled("My day", "My day.\n\nIt was long.") == "My day.\n\nIt was long."
    assert titled("", "It was long.") == "It was long."


HOSTILE = [
    "*a", "* a", "_a ", "#a ", "[", "[a", "](a", "<a", "![a](", "http://a((", "`", "```\n", "# ", "|", "-", "> ", "[^",
    "*_~~", "---\n", "**a ", "\n", " ", "<!--", "Scene 1:",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE, ids=[repr(piece) for piece in HOSTILE])
def test_marks_without_end_are_read_in_one_go(piece: str) -> None:
    """A pattern that tried every way to read them would be at it for minutes."""
    text = (piece * 100_000)[:100_000]
    said = spoken_of(f"{text}\n\nThe end.")
    assert said.endswith("The end.") or piece in ("<!--", "```\n", "`")
    assert cut_scenes(text + "\nThe end.")[-1].text.endswith("The end.")


SCENES = [
    ("marks", "One.\n\n***\n\nTwo.\n---\nThree.", [("", "One."), ("", "Two."), ("", "Three.")]),
    ("headings", "# A\nOne.\n## B\nTwo.", [("A", "One."), ("B", "Two.")]),
    ("named", "Scene 1: The harbour\nOne.\nScene II\nTwo.", [("The harbour", "One."), ("Scene II", "Two.")]),
    ("bracketed", "[Scene: Night]\nOne.\n[Chapter 2]\nTwo.", [("Night", "One."), ("Chapter 2", "Two.")]),
    ("book and chapter", "# Book\n\n## Chapter\nOne.", [("Book: Chapter", "One.")]),
    ("none", "One.\n\nTwo.", [("", "One.\n\nTwo.")]),
    ("no mark", "The scene was quiet.\nPart of me knew.", [("", "The scene was quiet.\nPart of me knew.")]),
    ("empty ones", "***\n\n***\nOne.\n***", [("", "One.")]),
    ("before the first", "Once.\n# A\nOne.", [("", "Once."), ("A", "One.")]),
]


@pytest.mark.parametrize(("text", "scenes"), [case[1:] for case in SCENES], ids=[case[0] for case in SCENES])
def test_where_a_story_falls_into_scenes(text: str, scenes: list[tuple[str, str]]) -> None:
    """Row 98."""
    assert cut_scenes(text) == [CutScene(*each) for each in scenes]


# What cannot be asked for.


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    async with open_world(tmp_path, redis_url) as world:
        yield world


async def content(owner: Owner, persona: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = await owner.client.change(
        "generateContent",
        "skipped { part code fix } quote { legs { name } } job { id }",
        personaId=persona,
        **more,
    )
    return made


async def test_without_a_text_provider_a_brief_is_refused_and_says_so(world: World) -> None:
    """Row 176."""
    owner = await world.account("Writer")
    persona = public(await owner.persona())
    refused = await owner.client.refusal(
        "generateContent", personaId=persona, contentType="EMAIL", brief="Thank Bo.", usePersonaVoice=False
    )
    assert (refused["code"], refused["path"]) == ("NO_PROVIDER", ["brief"])
    assert "write this text" in refused["message"] and "script" in refused["fix"]


async def test_each_part_names_its_own_reason(world: World) -> None:
    """Rows 177, 178, 184: no voice, no face, no consent; what is there is made."""
    owner = await world.account("Parts")
    persona = await owner.persona()
    refused = await owner.client.refused(
        "generateContent", personaId=public(persona), contentType="STORY", script="Hello."
    )
    assert [each["code"] for each in refused] == ["NOT_READY"]
    await owner.voice(persona, live=True)
    refused = await owner.client.refused(
        "generateContent", personaId=public(persona), contentType="STORY", script="Hello."
    )
    assert [each["code"] for each in refused] == ["CONSENT_REQUIRED"]
    made = await content(owner, public(persona), contentType="STORY", script="Hello.", usePersonaVoice=False)
    assert made["skipped"] == [{"part": "VIDEO", "code": "NOT_READY", "fix": made["skipped"][0]["fix"]}]


def _writer(most: int) -> Catalog:
    offer = Offer(
        id="write", capability=Capability.TEXT, cost=Cost(), payment_safety=PaymentSafety.KEYED,
        limits=Limits(max_chars=most),
    )  # fmt: skip
    known = EVERYTHING.providers
    return Catalog((*known, *catalog(Toy("pen", offer)).providers))


async def test_a_text_to_be_written_is_bounded_by_platform_and_caller(tmp_path: Path, redis_url: str) -> None:
    """Row 176: by maxCharacters, the platform's limit, and what fits into a video where one is wanted."""
    async with open_world(tmp_path, redis_url, catalog=_writer(20_000)) as world:
        owner = await world.account("Writer")
        persona = public(await owner.persona())
        bounds = {}
        asked: dict[str, dict[str, Any]] = {
            "x": {"contentType": "SOCIAL_POST", "platform": "X"},
            "linkedin": {"contentType": "LINKEDIN_POST"},
            "linkedin with video": {"contentType": "LINKEDIN_POST", "parts": ["TEXT", "AUDIO", "VIDEO"]},
            "asked": {"contentType": "BLOG_POST", "maxCharacters": 500},
            "asked too much": {"contentType": "SOCIAL_POST", "platform": "X", "maxCharacters": 500},
        }
        for name, more in asked.items():
            about: dict[str, Any] = {"parts": ["TEXT", "AUDIO"], "usePersonaVoice": False, **more}
            made = await content(owner, persona, brief="What we did.", **about)
            spec = (await world.get(Job, _row(made))).spec
            bounds[name] = spec["max_chars"]
            assert spec["style_prompt"].startswith("Write as Ada.")
        video = bounds.pop("linkedin with video")
        assert bounds == {"x": 280, "linkedin": 2100, "asked": 500, "asked too much": 280}
        assert 1000 < video < 2000


def _row(made: dict[str, Any]) -> str:
    parts = split_id(made["job"]["id"])
    assert parts is not None
    return parts[1]
