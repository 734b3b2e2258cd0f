"""Documents become plain text in a child process, or are refused for what they are (U13, U18)."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from persona_graph.errors import MediaRefused
from persona_graph.media.documents import MOST_PAGES, Document, write_text
from persona_graph.settings import Settings
from tests.media import documents as make

SAID = "The first paragraph says what it is about. It has two sentences."
MORE = "The second one goes on, with “quotation marks” and an em dash — there."


async def text_of(folder: Path, content: bytes, **more: object) -> tuple[Document, str]:
    path, out = folder / "sent", folder / "text"
    path.write_bytes(content)
    found = await write_text(path, out, Settings(), **more)  # type: ignore[arg-type]
    return found, out.read_text(encoding="utf-8")


async def refusal_of(folder: Path, content: bytes) -> MediaRefused:
    with pytest.raises(MediaRefused) as refused:
        await text_of(folder, content)
    assert not (folder / "text").exists() or not (folder / "text").read_bytes()
    return refused.value


PAGE = f"""<!DOCTYPE html><html><head><title>Menu of the site</title><meta charset="utf-8"></head><body>
<nav><a href="/">Home</a> <a href="/about">Imprint</a></nav><article><h1>A heading</h1><p>{SAID}</p><p>{MORE}</p></article>
<footer>All rights reserved by nobody</footer><script>alert("script")</script></body></html>"""


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        pytest.param(f"{SAID}\r\n\r\n{MORE}\r\n".encode(), "text/plain", id="text"),
        pytest.param(f"{SAID}\n\n{MORE}".encode("utf-16"), "text/plain", id="utf-16"),
        pytest.param(f"{SAID}\n\n{MORE}".encode("cp1252"), "text/plain", id="cp1252"),
        pytest.param(
            f"# A heading\n\n{SAID}\n\n```python\nimport os\n```\n\n**The** second one goes on, with [“quotation marks”](https://x.example) and an em dash — there.".encode(),
            "text/markdown", id="markdown",
        ),
        pytest.param(PAGE.encode(), "text/html", id="html"),
        pytest.param(
            make.docx(SAID, MORE), "application/vnd.openxmlformats-officedocument.wordprocessingml.document", id="docx"
        ),
    ],
)  # fmt: skip
async def test_what_is_written_is_kept_and_nothing_else(tmp_path: Path, content: bytes, kind: str) -> None:
    found, text = await text_of(tmp_path, content)
    assert (found.content_type, found.pages, found.words) == (kind, None, len(text.split()))
    assert text.split("\n\n") == [SAID, MORE + "\n"]


async def test_a_word_processors_own_file(tmp_path: Path) -> None:
    from docx import Document as WordDocument

    document = WordDocument()
    document.add_heading("A heading")
    document.add_paragraph(SAID)
    document.add_paragraph("An item", style="List Bullet")
    document.save(str(tmp_path / "made.docx"))
    found, text = await text_of(tmp_path, (tmp_path / "made.docx").read_bytes())
    assert SAID in text and "An item" in text and found.words == len(text.split())


async def test_a_pdf_flows_again(tmp_path: Path) -> None:
    """Lines are joined, words put together, and what stands on every page is left out."""
    pages = [
        ["A title on every page", "This line goes on in the next line of the para-", "graph and ends here with a full stop, which is", "short.", f"Page {n}"]
        for n in range(1, 6)
    ]  # fmt: skip
    found, text = await text_of(tmp_path, make.pdf(*pages))
    assert (found.content_type, found.pages) == ("application/pdf", 5)
    assert "A title" not in text and "Page 3" not in text
    assert text.count("next line of the paragraph and ends here with a full stop, which is short.") == 5
    assert len(text.strip().split("\n\n")) == 5


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        pytest.param(b"\x7fELF" + bytes(200), "MEDIA_UNSUPPORTED", "a program", id="U13-program"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + bytes(200), "MEDIA_UNSUPPORTED", "PNG", id="U13-picture"),
        pytest.param(b"{\\rtf1\\ansi hello}", "MEDIA_UNSUPPORTED", "plain text", id="U13-rtf"),
        pytest.param(make.archive({"evil.txt": b"hello " * 99}), "MEDIA_UNSUPPORTED", "ZIP", id="U18-other-archive"),
        pytest.param(make.archive({"../../word/document.xml": b"hello"}), "MEDIA_UNSUPPORTED", "ZIP", id="U18-slip"),
        pytest.param(make.archive({"word/document.xml": bytes(50_000_000)}), "MEDIA_TOO_LARGE", "unpacks", id="U18-ratio"),
        pytest.param(make.archive({"word/document.xml": b"<x/>", "word/media/a.bin": bytes(70_000_000)}), "MEDIA_TOO_LARGE", "unpacks", id="U18-total"),
        pytest.param(make.archive({f"{n}.xml": b"" for n in range(5_001)}), "MEDIA_TOO_LARGE", "unpacks", id="U18-count"),
        pytest.param(make.docx("&i;", head=make.LAUGHS), "MEDIA_DAMAGED", "entities", id="U18-laughs"),
        pytest.param(make.docx("&a;", head=make.FILE), "MEDIA_DAMAGED", "entities", id="entity-file"),
        pytest.param(make.docx("<unclosed>"), "MEDIA_DAMAGED", "broken", id="broken-xml"),
        pytest.param(make.docx(SAID)[:-300], "MEDIA_DAMAGED", "archive", id="broken-archive"),
        pytest.param(make.docx(), "DOCUMENT_NO_TEXT", "scan", id="empty-docx"),
        pytest.param(make.pdf([SAID], password="secret"), "DOCUMENT_LOCKED", "password", id="locked-pdf"),
        pytest.param(make.pdf([]), "DOCUMENT_NO_TEXT", "scan", id="scanned-pdf"),
        pytest.param(make.pdf([SAID])[:200], "MEDIA_DAMAGED", "PDF", id="broken-pdf"),
        pytest.param(make.pdf(*[["x"]] * (MOST_PAGES + 1)), "DOCUMENT_TOO_LONG", "401 pages", id="many-pages"),
        pytest.param(b"word " * 130_000, "DOCUMENT_TOO_LONG", "characters", id="long-text"),
        pytest.param(b"  \n\n ", "MEDIA_DAMAGED", "empty", id="empty"),
        pytest.param(b"1 2 3", "DOCUMENT_NO_TEXT", "no text", id="numbers"),
        pytest.param(b"a" * 10_000_001, "MEDIA_TOO_LARGE", "large", id="large"),
    ],
)  # fmt: skip
async def test_what_is_no_document_is_refused_with_its_reason(
    tmp_path: Path, content: bytes, code: str, said: str
) -> None:
    began = time.monotonic()
    refusal = await refusal_of(tmp_path, content)
    assert (refusal.code, said in refusal.message) == (code, True), refusal.message
    assert refusal.fix and "/etc" not in refusal.message and time.monotonic() - began < 40


async def test_an_archive_that_lies_about_its_size_is_counted_while_it_is_read(tmp_path: Path) -> None:
    """U18: the header says a few bytes, the stream goes on."""
    honest = make.archive({"[Content_Types].xml": make.TYPES, "word/document.xml": bytes(65_000_000)})
    size = (65_000_000).to_bytes(4, "little")
    assert honest.count(size) == 2
    refusal = await refusal_of(tmp_path, honest.replace(size, (2_000).to_bytes(4, "little")))
    assert refusal.code in ("MEDIA_DAMAGED", "MEDIA_TOO_LARGE")


async def test_a_page_in_the_charset_its_server_names(tmp_path: Path) -> None:
    page = PAGE.replace('<meta charset="utf-8">', "").replace("The second one", "Die zweite Übersicht")
    _, text = await text_of(tmp_path, page.encode("cp1252"), is_page=True, charset="windows-1252")
    assert "Die zweite Übersicht" in text
    assert "Imprint" not in text and "rights" not in text and "script" not in text


def test_nothing_of_it_is_loaded_by_the_server() -> None:
    """The parsers live in the child alone."""
    import subprocess
    import sys

    heavy = ("lxml", "trafilatura", "pypdf", "docx", "py3langid", "numpy", "pyphen")
    code = f"import persona_graph.app, sys; print(*[m for m in {heavy!r} if m in sys.modules])"
    root = Path(__file__).parents[2]
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=root,
        env=dict(os.environ),
    )
    assert ran.stdout.split() == []
