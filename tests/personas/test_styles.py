"""Rows 7–17, 23–26, 65: a style through the API: measured on texts, documents and pages, edited, fitted and checked."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from persona_graph.db import utcnow
from persona_graph.media.asset import Asset, AssetPurpose, AssetState
from persona_graph.personas.styles import PlatformEdits, WritingStyle, style_of
from persona_graph.personas.tables import Platform
from persona_graph.personas.uploads import erase_unused_uploads
from persona_graph.style import score
from tests.media import documents as make
from tests.style.test_figures import GERMAN, author
from tests.world import Owner, World, open_world, public

STYLE = """writingStyle { summary language words texts confidence completeness missing edited analyzedAt coreBelief forbiddenTones
  tone { value measured edited confidence because } register { value } complexity { value } engagement { value }
  figures { key area value measured edited confidence reason evidence { source start end quote } }
  goToWords { text count times evidence { quote } } goToPhrases { text } avoidedWords { text instead count }
  devices { key count evidence { quote } } sources { name kind words accepted code message fix } }"""
ADAPTATION = "adaptation(platform: X) { wordsHigh tones edited characterLimit notes }"


def article(text: str) -> bytes:
    paragraphs = "".join(f"<p>{each}</p>" for each in text.split("\n\n"))
    return f"<!DOCTYPE html><html><head><title>t</title></head><body><nav>Menu</nav><article>{paragraphs}</article></body></html>".encode()


class _Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, kind, body = {
            "/post": (200, "text/html; charset=utf-8", article(author("thoreau"))),
            "/moved": (302, "text/html", b""),
            "/inside": (302, "text/html", b""),
            "/picture": (200, "image/png", b"\x89PNG\r\n\x1a\n" + bytes(500)),
            "/large": (200, "text/html", b"<html>" + b"x" * 5_000_001),
            "/empty": (200, "text/html", b"<html><body></body></html>"),
        }.get(self.path, (404, "text/html", b"<html>no</html>"))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/post" if self.path == "/moved" else "http://127.0.0.1:9/secret")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


@pytest.fixture
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Site)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
async def world(tmp_path: Path, redis_url: str, site: str) -> AsyncIterator[World]:
    async with open_world(tmp_path, redis_url, outbound_allow=[site]) as world:
        yield world


async def uploaded(owner: Owner, content: bytes, name: str = "essay") -> dict[str, Any]:
    """Through the signed link, as a front end does; the asset as it then is."""
    made = await owner.client.change(
        "createUpload", "asset { id } upload { url }", purpose="DOCUMENT", fileName=name, contentType="text/plain", size=len(content)
    )  # fmt: skip
    await owner.client.http.put(made["upload"]["url"], content=content)
    seen: dict[str, Any] = await owner.client.node(
        made["asset"]["id"], "... on Asset { state kind purpose contentType refusal { code } }"
    )
    return seen


async def analysed(owner: Owner, persona: Any, **given: Any) -> dict[str, Any]:
    payload = await owner.client.change("analyzeWritingStyle", STYLE, personaId=public(persona), **given)
    style: dict[str, Any] = payload["writingStyle"]
    return style


def figure(style: dict[str, Any], key: str) -> dict[str, Any]:
    [found] = [each for each in style["figures"] if each["key"] == key]
    return found


async def test_one_style_of_texts_documents_and_pages(world: World, owner: Owner, site: str) -> None:
    persona = await owner.persona()
    pdf = make.pdf(*[[line for line in author("doyle")[at : at + 2000].encode("ascii", "ignore").decode().replace("(", "").replace(")", "").splitlines() if line] for at in range(0, 8000, 2000)])  # fmt: skip
    files = [await uploaded(owner, author("austen").encode()), await uploaded(owner, make.docx(*author("chesterton").split("\n\n"))), await uploaded(owner, pdf)]  # fmt: skip
    assert {(each["state"], each["kind"], each["contentType"]) for each in files} == {
        ("READY", "TEXT", "text/plain")
    }
    style = await analysed(
        owner, persona, texts=[{"name": "river", "text": author("twain")}], documentIds=[each["id"] for each in files],
        urls=[f"{site}/post", f"{site}/moved"],
    )  # fmt: skip
    sources = style["sources"]
    assert [(each["kind"], each["accepted"]) for each in sources] == [
        ("TEXT", True), ("DOCUMENT", True), ("DOCUMENT", True), ("DOCUMENT", True), ("PAGE", True), ("PAGE", False)
    ]  # fmt: skip
    assert sources[5]["code"] == "SOURCE_REPEATED" and sources[4]["words"] > 1400
    assert (style["language"], style["texts"]) == ("en", 5) and style["words"] > 6500
    assert (
        style["tone"]["value"] == "narrative"
        and style["confidence"] > 0.9
        and figure(style, "consistency")["value"]
    )
    names = {each["source"] for one in style["figures"] for each in one["evidence"]}
    assert names <= {each["name"] for each in sources}
    assert style["goToWords"][0]["evidence"][0]["quote"]
    assert style["summary"].startswith("Narrative and ") and "sentences of about" in style["summary"]


async def test_the_language_is_found_out_or_taken_as_said(owner: Owner) -> None:
    persona = await owner.persona(language="en")
    style = await analysed(owner, persona, texts=[{"text": GERMAN * 4}])
    assert style["language"] == "de" and style["tone"]["value"] is None
    assert "The texts are in de, while the persona's language is en." in style["missing"]
    assert figure(style, "sentence_words")["value"] and figure(style, "passive")["reason"]
    assert (await analysed(owner, persona, texts=[{"text": GERMAN * 4}], language="de-AT"))[
        "language"
    ] == "de"
    error = await owner.client.refusal(
        "analyzeWritingStyle", personaId=public(persona), texts=[{"text": GERMAN}], language="German"
    )
    assert (error["code"], error["path"]) == ("UNKNOWN_LANGUAGE", ["language"])


async def test_sources_of_one_name_are_told_apart(owner: Owner) -> None:
    persona = await owner.persona()
    style = await analysed(
        owner, persona, texts=[{"name": "a", "text": author("twain")}, {"name": "a", "text": author("doyle")}]
    )
    assert [each["name"] for each in style["sources"]] == ["a", "a (2)"]


async def test_nothing_of_the_texts_is_kept_but_figures_and_short_quotations(
    world: World, owner: Owner
) -> None:
    persona = await owner.persona()
    await analysed(owner, persona, texts=[{"text": author("thoreau")}])
    row = await world.get(WritingStyle, persona.id)
    kept = str(row.measured)
    assert author("thoreau")[2000:2400] not in kept and len(kept) < 200_000
    assert (
        max(len(each["quote"]) for one in row.measured["figures"].values() for each in one["evidence"]) <= 240
    )


async def test_each_source_is_refused_for_its_own_reason(world: World, owner: Owner, site: str) -> None:
    persona = await owner.persona()
    scan = await uploaded(owner, make.pdf([]))
    assert (scan["state"], scan["refusal"]["code"]) == ("REFUSED", "DOCUMENT_NO_TEXT")
    urls = ["/missing", "/picture", "/large", "/empty", "/inside"]
    strange = [
        "http://169.254.169.254/latest",
        "http://127.0.0.1:9/",
        "file:///etc/passwd",
        "http://localhost/",
    ]
    given = [{"name": "good", "text": author("twain")}, {"text": "Too short."}, {"text": author("twain")}]
    style = await analysed(
        owner,
        persona,
        texts=given,
        documentIds=[scan["id"]],
        urls=[*(site + each for each in urls), *strange],
    )
    assert [each["code"] for each in style["sources"]] == [
        None, "SOURCE_TOO_SHORT", "SOURCE_REPEATED", "DOCUMENT_NO_TEXT", "PAGE_NOT_FOUND", "PAGE_NOT_HTML", "PAGE_TOO_LARGE",
        "SOURCE_NO_TEXT", *["PAGE_ADDRESS_REFUSED"] * 5,
    ]  # fmt: skip
    assert all(each["fix"] and each["message"] for each in style["sources"][1:])
    assert style["texts"] == 1


async def test_without_a_usable_source_nothing_changes_and_each_says_why(
    world: World, owner: Owner, site: str
) -> None:
    persona = await owner.persona()
    before = await world.dump()
    errors = await owner.client.refused(
        "analyzeWritingStyle", personaId=public(persona), texts=[{"text": "Short."}], urls=[f"{site}/missing"]
    )
    assert [(each["code"], each["path"]) for each in errors] == [
        ("SOURCE_TOO_SHORT", ["texts", "0"]),
        ("PAGE_NOT_FOUND", ["urls", "0"]),
    ]
    for given, code in (
        ({}, "INVALID_INPUT"),
        ({"texts": [{"text": "Twenty words are in this text and so it is long enough to be taken as a source but not more than that."}]}, "STYLE_TOO_SHORT"),
        ({"urls": ["http://x.example"] * 11}, "INVALID_INPUT"),
        ({"texts": [{"text": "x" * 200_001}]}, "TEXT_TOO_LONG"),
    ):  # fmt: skip
        error = await owner.client.refusal("analyzeWritingStyle", personaId=public(persona), **given)
        assert error["code"] == code
    assert await world.dump() == before


async def test_texts_together_are_bounded(owner: Owner) -> None:
    persona = await owner.persona()
    texts = [
        {"name": str(n), "text": (f"Text number {n} goes on and on. " * 7_000)[:199_000]} for n in range(4)
    ]
    style = await analysed(owner, persona, texts=texts, language="en")
    assert [each["code"] for each in style["sources"]] == [None, None, None, "SOURCE_TOO_MUCH"]


async def test_edits_outlast_every_analysis_and_can_be_undone(owner: Owner) -> None:
    """Measured and edited stand side by side, and neither writes the other."""
    persona = await owner.persona()
    await analysed(owner, persona, texts=[{"text": author("austen")}])
    await owner.client.change(
        "updateWritingStyle", "writingStyle { edited }", personaId=public(persona), tone="wry", goToWords=["indeed", "friend"],
        avoidWords=["synergy"], figures=[{"key": "sentence_words", "value": 12.0}], coreBelief="Sense wins.", forbiddenTones=["warm"],
    )  # fmt: skip
    await owner.client.change(
        "updateWritingStyle",
        "writingStyle { edited }",
        personaId=public(persona),
        figures=[{"key": "questions", "value": 0.1}],
    )
    await owner.client.change(
        "setPlatformAdaptation",
        "adaptation { wordsHigh }",
        personaId=public(persona),
        platform="X",
        wordsHigh=30,
        tones=["dry"],
    )
    for name in ("twain", "austen"):
        style = await analysed(owner, persona, texts=[{"text": author(name)}])
        assert (style["tone"]["value"], style["tone"]["edited"]) == ("wry", "wry")
        assert style["tone"]["measured"] == "narrative" and style["coreBelief"] == "Sense wins."
        sentence, questions = figure(style, "sentence_words"), figure(style, "questions")
        assert sentence["value"] == sentence["edited"] == 12.0 and sentence["measured"] > 15
        assert questions["edited"] == 0.1 and style["forbiddenTones"] == ["warm"]
        assert [each["text"] for each in style["goToWords"]] == ["indeed", "friend"]
        assert [each["text"] for each in style["avoidedWords"]] == ["synergy"]
        seen = await owner.client.node(public(persona), f"... on Persona {{ {ADAPTATION} stylePrompt }}")
        assert (seen["adaptation"]["wordsHigh"], seen["adaptation"]["tones"]) == (30, ["dry"])
        assert seen["adaptation"]["edited"] == ["tones", "words_high"]
        assert "synergy" in seen["stylePrompt"] and "Tone: wry" in seen["stylePrompt"]
    payload = await owner.client.change(
        "updateWritingStyle",
        STYLE,
        personaId=public(persona),
        reset=["tone", "goToWords", "sentence_words", "questions"],
    )
    style = payload["writingStyle"]
    assert style["tone"]["value"] == "narrative" and figure(style, "sentence_words")["value"] > 25
    assert style["edited"] == ["avoid_words", "core_belief", "forbidden_tones"]
    payload = await owner.client.change(
        "setPlatformAdaptation",
        "adaptation { wordsHigh edited }",
        personaId=public(persona),
        platform="X",
        reset=["wordsHigh", "tones"],
    )
    assert payload["adaptation"] == {"wordsHigh": 45, "edited": []}


@pytest.mark.parametrize(
    ("given", "code", "path"),
    [
        ({"figures": [{"key": "nothing", "value": 1.0}]}, "INVALID_INPUT", ["figures"]),
        ({"figures": [{"key": "questions", "value": 1.5}]}, "INVALID_INPUT", ["figures"]),
        ({"figures": [{"key": "consistency", "value": 1.0}]}, "INVALID_INPUT", ["figures"]),
        ({"reset": ["everything"]}, "INVALID_INPUT", ["reset"]),
        ({"goToWords": ["x"] * 51}, "TEXT_TOO_LONG", ["goToWords"]),
        ({"tone": ""}, "TEXT_EMPTY", ["tone"]),
        ({"notes": "x" * 2001}, "TEXT_TOO_LONG", ["notes"]),
    ],
    ids=range(7),
)
async def test_an_edit_that_makes_no_sense_changes_nothing(
    world: World, owner: Owner, given: dict[str, Any], code: str, path: list[str]
) -> None:
    persona = await owner.persona()
    before = await world.dump()
    error = await owner.client.refusal("updateWritingStyle", personaId=public(persona), **given)
    assert (error["code"], error["path"]) == (code, path)
    assert await world.dump() == before


async def test_words_of_an_adaptation_are_bounded(owner: Owner) -> None:
    persona = await owner.persona()
    for given, code, path in (
        ({"tones": ["dry"] * 51}, "TEXT_TOO_LONG", ["tones"]),
        ({"formatting": ["x" * 301]}, "TEXT_TOO_LONG", ["formatting"]),
        ({"devices": [""]}, "TEXT_EMPTY", ["devices"]),
        ({"links": "x" * 201}, "TEXT_TOO_LONG", ["links"]),
        ({"notes": "x" * 2001}, "TEXT_TOO_LONG", ["notes"]),
    ):
        error = await owner.client.refusal(
            "setPlatformAdaptation", personaId=public(persona), platform="X", **given
        )
        assert (error["code"], error["path"]) == (code, path)


@pytest.mark.parametrize(
    "given", [{"wordsLow": 90, "wordsHigh": 80}, {"wordsHigh": -1}, {"longestSentence": 0}, {"reset": ["characterLimit"]}, {"emojiPer1000": 1e9}], ids=range(5)
)  # fmt: skip
async def test_an_adaptation_that_makes_no_sense_changes_nothing(
    world: World, owner: Owner, given: dict[str, Any]
) -> None:
    persona = await owner.persona()
    before = await world.dump()
    error = await owner.client.refusal(
        "setPlatformAdaptation", personaId=public(persona), platform="X", **given
    )
    assert error["code"] == "INVALID_INPUT"
    assert await world.dump() == before


CHECK = "check { score reliable words text parts { name score weight reason } findings { rule severity message suggestion start end quote } }"


async def test_a_text_is_checked_without_writing_anything(world: World, owner: Owner) -> None:
    persona = await owner.persona()
    error = await owner.client.refusal("styleCheck", personaId=public(persona), text="Hello.")
    assert (error["code"], error["state"]) == ("NOT_READY", "NOT_ANALYZED")
    await analysed(owner, persona, texts=[{"text": author("austen")[:6000]}])
    before = await world.dump()
    scores = {}
    for name in ("austen", "newton"):
        text = author(name)[-2500:]
        made = await owner.client.change(
            "styleCheck", CHECK, personaId=public(persona), text=text, platform="BLOG"
        )
        scores[name] = made["check"]["score"]
        assert made["check"]["reliable"] and len(made["check"]["parts"]) == 6
    assert scores["austen"] > scores["newton"] + 20
    made = await owner.client.change(
        "styleCheck", CHECK, personaId=public(persona), text="word " * 80, platform="X"
    )
    assert made["check"]["findings"][0]["rule"] == "platform.characters"
    assert await world.dump() == before
    async with world.runtime.db.reading() as session:
        style, adaptation = await style_of(session, persona.id, Platform.BLOG)
    assert score(style, author("austen")[-2500:], adaptation).score == scores["austen"]


async def test_a_persona_without_a_style_has_adaptations_and_a_prompt_that_invents_nothing(
    owner: Owner,
) -> None:
    persona = await owner.persona()
    platforms = " ".join(
        f"{each.lower()}: adaptation(platform: {each}) {{ platform characterLimit wordsHigh }}"
        for each in Platform
    )
    seen = await owner.client.node(
        public(persona), f"... on Persona {{ writingStyle {{ words }} stylePrompt(platform: X) {platforms} }}"
    )
    assert seen["writingStyle"] is None and "not analysed yet" in seen["stylePrompt"]
    assert {seen[each.lower()]["platform"] for each in Platform} == set(Platform)


async def test_styles_of_many_personas_are_read_at_once(world: World, owner: Owner) -> None:
    for n in range(5):
        persona = await owner.persona(f"P{n}")
        await owner.client.change(
            "updateWritingStyle", "writingStyle { edited }", personaId=public(persona), tone=f"t{n}"
        )
    document = (
        "{ viewer { personas { nodes { writingStyle { tone { value } } stylePrompt(platform: X) } } } }"
    )
    with world.counting() as seen:
        answer = await owner.client.ask(document)
    tones = {each["writingStyle"]["tone"]["value"] for each in answer["viewer"]["personas"]["nodes"]}
    assert tones == {f"t{n}" for n in range(5)}
    assert sum("writing_style" in statement for statement in seen) == 1
    assert sum("platform_adaptation" in statement for statement in seen) == 1


async def test_two_analyses_at_once_leave_one_whole_style(world: World, owner: Owner) -> None:
    persona = await owner.persona()
    texts = [author(name) for name in ("austen", "twain")]
    found = await asyncio.gather(*(analysed(owner, persona, texts=[{"text": text}]) for text in texts))
    async with world.runtime.db.reading() as session:
        assert await session.scalar(select(func.count()).select_from(WritingStyle)) == 1
    row = await world.get(WritingStyle, persona.id)
    assert row.measured["words"] in {each["words"] for each in found}


async def test_a_deleted_persona_leaves_no_style(world: World, owner: Owner) -> None:
    """Its quotations are the person's own words."""
    persona = await owner.persona()
    await analysed(owner, persona, texts=[{"text": author("twain")}])
    await owner.client.change(
        "setPlatformAdaptation", "adaptation { notes }", personaId=public(persona), platform="X", notes="n"
    )
    await owner.client.change("deletePersona", "deletedId", personaId=public(persona))
    async with world.runtime.db.reading() as session:
        for kind in (WritingStyle, PlatformEdits):
            assert await session.scalar(select(func.count()).select_from(kind)) == 0


async def test_a_document_is_kept_as_its_text_and_can_be_deleted(world: World, owner: Owner) -> None:
    """U13: neither macros nor hidden parts are stored; the name says nothing."""
    seen = await uploaded(owner, make.docx("One paragraph of a document.", "Another one."), "evil.exe")
    [row] = [each for each in await _assets(world) if public(each) == seen["id"]]
    assert await world.runtime.media.read(row) == b"One paragraph of a document.\n\nAnother one.\n"
    assert row.facts["document_type"].endswith("wordprocessingml.document")
    await owner.client.change("deleteUpload", "deletedId", assetId=seen["id"])
    error = await owner.client.refusal(
        "analyzeWritingStyle", personaId=public(await owner.persona()), documentIds=[seen["id"]]
    )
    assert (error["code"], error["path"]) == ("MEDIA_ERASED", ["documentIds", "0"])


async def test_documents_are_not_kept_for_longer_than_other_uploads(world: World, owner: Owner) -> None:
    old = await owner.asset(AssetPurpose.DOCUMENT, b"old", received_at=utcnow() - timedelta(days=8))
    new = await owner.asset(AssetPurpose.DOCUMENT, b"new")
    await erase_unused_uploads(world.runtime.personas)
    states = [(await world.get(Asset, each.id)).state for each in (old, new)]
    assert states == [AssetState.ERASED, AssetState.READY]


async def _assets(world: World) -> list[Asset]:
    async with world.runtime.db.reading() as session:
        return list((await session.scalars(select(Asset))).all())
