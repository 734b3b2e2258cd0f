"""The texts a style is measured on: pasted, uploaded, or read from a web page; each by itself refused or taken."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from persona_graph.accounts.viewer import Viewer
from persona_graph.errors import Faults, InvalidInput, MediaRefused, SourceRefused, UserFault
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.bounded import Bounds, run_bounded
from persona_graph.media.documents import write_text
from persona_graph.media.plain import private_file
from persona_graph.outbound import OutboundFailed, OutboundRefused, Page, Trouble
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.uploads import usable
from persona_graph.style import Profile, Source
from persona_graph.style.figures import FEWEST_WORDS
from persona_graph.style.text import Reading, read

MOST_TEXTS, MOST_DOCUMENTS, MOST_URLS = 50, 25, 10
MOST_CHARACTERS = 600_000
TEXT_CHARACTERS = 200_000
SOURCE_WORDS = 20
PAGE_SECONDS, PAGE_BYTES, REDIRECTS = 10.0, 5_000_000, 5
# Measured: 3.1 s of processor for 69,000 words, the start and the language model included.
MEASURE_SECONDS, MEASURE_SPACE = 30.0, 2 << 30
# The language model unpacks itself into a temporary file.
MEASURE_WRITTEN = 256 << 20
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PastedText:
    text: str
    name: str = ""


@dataclass(frozen=True)
class StyleSources:
    """``language`` is a code such as ``en``; None to find out."""

    texts: Sequence[PastedText] = ()
    document_ids: Sequence[str] = ()
    urls: Sequence[str] = ()
    language: str | None = None


@dataclass(frozen=True)
class _Got:
    """One source with its text, or the reason why there is none."""

    name: str
    kind: str
    path: tuple[str, ...]
    text: str = ""
    refusal: UserFault | None = None
    words: int = 0
    is_unspaced: bool = False


async def gather(
    personas: Personas, viewer: Viewer, sources: StyleSources
) -> tuple[list[Source], list[dict[str, Any]]]:
    """The usable texts, and what became of each source in the order given. Raises Faults if none is usable."""
    _need_some(sources)
    _code(sources.language)
    pasted = [_pasted(text, number) for number, text in enumerate(sources.texts)]
    assets = await _assets(personas, viewer, sources.document_ids)
    files = [await _file(personas, found, number) for number, found in enumerate(assets)]
    pages = await asyncio.gather(*(_page(personas, url, number) for number, url in enumerate(sources.urls)))
    judged = await asyncio.to_thread(_judged, _told_apart([*pasted, *files, *pages]))
    taken = [Source(each.name, each.text, each.kind) for each in judged if each.refusal is None]
    if not taken:
        raise Faults([each.refusal for each in judged if each.refusal is not None])
    words = sum(each.words for each in judged if each.refusal is None)
    if words < FEWEST_WORDS and not any(each.is_unspaced for each in judged):
        raise SourceRefused(
            code="STYLE_TOO_SHORT", message=f"There are {words} usable words in all; a style needs at least {FEWEST_WORDS}.",
            fix="Add more text: from 1,000 words on most figures hold.",
        )  # fmt: skip
    return taken, [_reported(each) for each in judged]


async def measure(personas: Personas, texts: Sequence[Source], language: str | None, spoken: str) -> Profile:
    """In a child process: it takes the processor for seconds, and loads what nothing else here needs."""
    spoken = spoken.split("-")[0].lower()
    asked = {"language": _code(language), "spoken": spoken, "sources": [asdict(source) for source in texts]}
    bounds = replace(Bounds.of(personas.settings), output_bytes=8 << 20).at_least(
        seconds=MEASURE_SECONDS, address_space=MEASURE_SPACE, written_bytes=MEASURE_WRITTEN
    )
    async with private_file(_once(json.dumps(asked).encode())) as path:
        command = [sys.executable, "-I", "-B", "-m", "persona_graph.style", str(path)]
        ended = await run_bounded(command, bounds)
    if ended.why == "exit" and ended.code == 1:
        raise RuntimeError(f"measuring a style failed: {ended.complaint[-1000:]}")
    if ended.why != "exit" or ended.code != 0:
        _log.warning("measuring a style ended by %s, code %s", ended.why, ended.code)
        raise SourceRefused(
            code="SOURCE_TOO_MUCH", message="These texts took too long to measure.", fix="Give less at once."
        )
    said = json.loads(ended.output)
    profile = Profile.of(said["profile"])
    if profile.language != spoken:
        note = f"The texts are in {profile.language}, while the persona's language is {spoken}."
        profile = replace(profile, missing=[*profile.missing, note])
    return profile


def _code(language: str | None) -> str | None:
    if language is None:
        return None
    code = language.strip().split("-")[0].lower()
    if not (2 <= len(code) <= 3 and code.isascii() and code.isalpha()):
        raise InvalidInput(
            code="UNKNOWN_LANGUAGE", message=f"{language[:20]!r} is not a language.", path=("language",),
            fix="Use a code such as en or de, or leave it out.",
        )  # fmt: skip
    return code


def _need_some(sources: StyleSources) -> None:
    for name, given, most in (
        ("texts", sources.texts, MOST_TEXTS), ("documentIds", sources.document_ids, MOST_DOCUMENTS), ("urls", sources.urls, MOST_URLS)
    ):  # fmt: skip
        if len(given) > most:
            raise InvalidInput(
                message=f"There are {len(given)} {name}.", path=(name,), fix=f"Give at most {most}."
            )
    if not (sources.texts or sources.document_ids or sources.urls):
        raise InvalidInput(
            message="There is nothing to analyse.", path=("texts",), fix="Give texts, documentIds or urls."
        )


# --- Each kind ----------------------------------------------------------------------------------------


def _pasted(given: PastedText, number: int) -> _Got:
    path = ("texts", str(number))
    name = plain_text(given.name, "texts", most=200, least=0) or f"text {number + 1}"
    try:
        return _Got(name, "TEXT", path, plain_text(given.text, "texts", most=TEXT_CHARACTERS, least=0))
    except InvalidInput as fault:
        fault.path = path
        raise


async def _assets(personas: Personas, viewer: Viewer, ids: Sequence[str]) -> list[Asset | MediaRefused]:
    """What is not the viewer's refuses everything; a file that cannot be used only itself."""
    found: list[Asset | MediaRefused] = []
    async with personas.db.reading() as session:
        for number, id in enumerate(ids):
            try:
                found.append(
                    await usable(
                        personas, session, viewer, id, AssetPurpose.DOCUMENT, "documentIds", str(number)
                    )
                )
            except MediaRefused as refusal:
                found.append(refusal)
    return found


async def _file(personas: Personas, found: Asset | MediaRefused, number: int) -> _Got:
    path = ("documentIds", str(number))
    if isinstance(found, MediaRefused):
        return _Got(f"document {number + 1}", "DOCUMENT", path, refusal=found)
    name = found.file_name or f"document {number + 1}"
    try:
        text = (await personas.media.read(found)).decode("utf-8", "replace")
    except MediaRefused as refusal:
        refusal.path = path
        return _Got(name, "DOCUMENT", path, refusal=refusal)
    return _Got(name, "DOCUMENT", path, text)


_TROUBLES = {
    Trouble.SIZE: ("PAGE_TOO_LARGE", "Give a smaller page, or paste its text."),
    Trouble.SLOW: ("PAGE_TOO_SLOW", "Try again later, or paste its text."),
    Trouble.STATUS: ("PAGE_NOT_FOUND", "Check the address; the page must be open to everybody."),
    Trouble.TYPE: ("PAGE_NOT_HTML", "Give the address of a web page."),
    Trouble.NETWORK: ("PAGE_UNREACHABLE", "Check the address, or try again later."),
}


async def _page(personas: Personas, url: str, number: int) -> _Got:
    path = ("urls", str(number))
    url = plain_text(url, "urls", most=2000)
    got = _Got(url, "PAGE", path)
    try:
        page = await personas.outbound.read(
            url, most_bytes=PAGE_BYTES, seconds=PAGE_SECONDS, redirects=REDIRECTS
        )
        return replace(got, text=await _main_text(personas, page))
    except OutboundRefused as refusal:
        return _refused(
            got,
            "PAGE_ADDRESS_REFUSED",
            f"This address is not read: {refusal}.",
            "Give a public http or https address.",
        )
    except OutboundFailed as failure:
        code, fix = _TROUBLES[failure.trouble]
        return _refused(got, code, f"The page was not read: {failure}.", fix)
    except MediaRefused as refusal:
        code = {"MEDIA_UNSUPPORTED": "PAGE_NOT_HTML", "MEDIA_TOO_LARGE": "PAGE_TOO_LARGE"}.get(
            refusal.code, "SOURCE_NO_TEXT"
        )
        return _refused(got, code, refusal.message, "Paste its text.")


async def _main_text(personas: Personas, page: Page) -> str:
    kind, _, rest = page.content_type.partition(";")
    charset = rest.partition("charset=")[2].strip(" \"'") or None
    async with private_file(_once(page.body)) as path:
        out = path.with_name("page.txt")
        is_page = kind.strip().lower() in ("text/html", "application/xhtml+xml")
        await write_text(path, out, personas.settings, is_page=is_page, charset=charset)
        return await asyncio.to_thread(Path.read_text, out, encoding="utf-8")


# --- All together -------------------------------------------------------------------------------------


def _told_apart(got: Sequence[_Got]) -> list[_Got]:
    """Evidence names its source: no two have one name."""
    seen: Counter[str] = Counter()
    named = []
    for each in got:
        seen[each.name] += 1
        named.append(each if seen[each.name] == 1 else replace(each, name=f"{each.name} ({seen[each.name]})"))
    return named


def _judged(got: Sequence[_Got]) -> list[_Got]:
    """Too short, given before, or more than is read at once. Takes the processor for a while."""
    seen: set[str] = set()
    left, judged = MOST_CHARACTERS, []
    for each in got:
        if each.refusal is None:
            reading = read(Source(each.name, each.text))
            each = replace(each, words=len(reading.words), is_unspaced=reading.is_unspaced)
            each = _checked(each, reading, seen, left)
            if each.refusal is None:
                seen.add(reading.digest)
                left -= len(reading.text)
        judged.append(each)
    return judged


def _checked(got: _Got, reading: Reading, seen: set[str], left: int) -> _Got:
    if got.words < SOURCE_WORDS and not (got.is_unspaced and len(reading.text) >= 100):
        why = f"There are {got.words} words in it; {SOURCE_WORDS} are needed."
        return _refused(got, "SOURCE_TOO_SHORT", why, "Give a longer text.")
    if reading.digest in seen:
        return _refused(
            got, "SOURCE_REPEATED", "The same text was given before; it counts once.", "Leave it out."
        )
    if len(reading.text) > left:
        why = f"With it there would be more than {MOST_CHARACTERS:,} characters."
        return _refused(got, "SOURCE_TOO_MUCH", why, "Give less at once.")
    return got


def _refused(got: _Got, code: str, message: str, fix: str) -> _Got:
    return replace(
        got, refusal=SourceRefused(code=code, message=message, fix=fix, path=got.path, source=got.name)
    )


def _reported(got: _Got) -> dict[str, Any]:
    refusal = got.refusal
    said: dict[str, Any] = {"name": got.name, "kind": got.kind, "words": got.words}
    if refusal is not None:
        said |= {
            "code": refusal.code,
            "message": refusal.message,
            "fix": refusal.fix,
            "path": list(refusal.path),
        }
    return said


async def _once(content: bytes) -> AsyncIterator[bytes]:
    yield content
