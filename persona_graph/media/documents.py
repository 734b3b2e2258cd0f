"""Documents and web pages as plain text, read in a child process."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from persona_graph.media.bounded import Bounds, ask
from persona_graph.settings import Settings

MOST_PAGES = 400
MOST_CHARACTERS = 600_000
MOST_UNPACKED = 60_000_000
# Reading a PDF of some hundred pages takes seconds; the libraries that read pages map a lot before they begin.
SECONDS, ADDRESS_SPACE = 20.0, 1 << 30


@dataclass(frozen=True)
class Document:
    """``content_type`` is what it was found to be; ``pages`` are a PDF's."""

    content_type: str
    pages: int | None
    characters: int
    words: int


async def write_text(
    path: Path, out: Path, settings: Settings, *, is_page: bool = False, charset: str | None = None
) -> Document:
    """Writes the text of ``path`` to ``out`` as UTF-8. Raises MediaRefused: MEDIA_UNSUPPORTED, MEDIA_DAMAGED,
    MEDIA_TOO_LARGE, or DOCUMENT_ and the reason. ``is_page``: its server said that it is HTML, in ``charset``."""
    bounds = replace(Bounds.of(settings), patience=2.0).at_least(
        seconds=SECONDS, address_space=ADDRESS_SPACE, written_bytes=5 * MOST_CHARACTERS
    )
    request = {
        "path": str(path.absolute()), "out": str(out.absolute()), "most_bytes": settings.max_document_bytes,
        "most_pages": MOST_PAGES, "most_characters": MOST_CHARACTERS, "most_unpacked": MOST_UNPACKED, "is_page": is_page, "charset": charset,
    }  # fmt: skip
    return Document(**await ask("child_document", request, bounds))
