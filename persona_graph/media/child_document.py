"""The words of a document, written into a file of plain text. Runs in the bounded child process.

What it is, its bytes say. A DOCX is an archive from a stranger: it is looked at before anything is unpacked, one entry of
it is read, and XML that declares entities or a document type is refused."""

from __future__ import annotations

import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from statistics import median

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, create_file, damaged, open_file, reply
from persona_graph.media.sniff import describe

ACCEPTED = "Send plain text, Markdown, HTML, DOCX or PDF."
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_BODY = "word/document.xml"
_MOST_ENTRIES = 5_000
_MOST_RATIO = 200
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_MARKDOWN = re.compile(r"^#{1,6} \S|^```|\]\([^)\s]+\)|\*\*\S[^*\n]*\*\*", re.MULTILINE)


def main(request: Request) -> Answer:
    with open_file(request["path"]) as file:
        content = file.read(request["most_bytes"] + 1)
    if not content.strip():
        raise damaged("The file is empty.", "Upload it again.")
    if len(content) > request["most_bytes"]:
        raise MediaRefused(
            code="MEDIA_TOO_LARGE", message="The document is too large.", fix="Send a part of it."
        )
    kind, pages, text = _read(content, request)
    text = _tidy(text)
    if sum(map(str.isalpha, text)) < 3:
        raise MediaRefused(
            code="DOCUMENT_NO_TEXT", message="There is no text in this document: it may be a scan.",
            fix="Send a document with text that can be selected, or paste the text.",
        )  # fmt: skip
    most = request["most_characters"]
    if len(text) > most:
        raise MediaRefused(
            code="DOCUMENT_TOO_LONG", message=f"The document has {len(text):,} characters; at most {most:,} are read.",
            fix="Send a part of it.",
        )  # fmt: skip
    with create_file(request["out"]) as out:
        out.write(text.encode())
    return {"content_type": kind, "pages": pages, "characters": len(text), "words": len(text.split())}


def _read(content: bytes, request: Request) -> tuple[str, int | None, str]:
    if b"%PDF-" in content[:1024]:
        return ("application/pdf", *_pdf(content, request["most_pages"]))
    if content[:4] == b"PK\x03\x04":
        return DOCX, None, _docx(content, request["most_unpacked"])
    text = _decoded(content)
    if request["is_page"] or _is_html(text):
        return "text/html", None, _page(content, request["charset"])
    if _MARKDOWN.search(text):
        return "text/markdown", None, _plain_markdown(text)
    return "text/plain", None, text


# --- Text ---------------------------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    for mark, encoding in ((b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"), (b"\xef\xbb\xbf", "utf-8-sig")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    if b"\x00" in content[:4096]:
        raise _unsupported(content)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", "replace")
    strange = sum(char == "\ufffd" or (ord(char) < 32 and char not in "\t\n\r\f") for char in text[:4096])
    if strange > 0.02 * len(text[:4096]) or content[:5] in (b"{\\rtf",):
        raise _unsupported(content)
    return text


def _unsupported(content: bytes) -> MediaRefused:
    return MediaRefused(
        code="MEDIA_UNSUPPORTED", message=f"This is {describe(content[:8192])}. {ACCEPTED}", fix=ACCEPTED
    )


def _is_html(text: str) -> bool:
    head = text[:4096].lstrip().lower()
    return head.startswith(("<!doctype html", "<html", "<head", "<body")) or bool(
        head.startswith("<") and re.search(r"<(?:p|div|article|h1|body|html)\b", head)
    )


def _plain_markdown(text: str) -> str:
    """Without code, headings, tables, images and marks; a link leaves its words."""
    text = re.sub(r"^---\n.*?\n---\n", "", text, count=1, flags=re.DOTALL)
    text = re.sub(r"^(```|~~~).*?^\1[^\n]*$", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"^(?:#{1,6} .*|\|.*\|[ \t]*|[-=*_]{3,}[ \t]*)$", "", text, flags=re.MULTILINE)
    text = re.sub(r"!\[[^\]\n]*\]\([^)\n]*\)|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"\[([^\]\n]*)\]\([^)\n]*\)", r"\1", text)
    text = re.sub(r"^> ?", "", text, flags=re.MULTILINE)
    return re.sub(r"(\*\*|__|(?<!\w)[*_](?=\S)|(?<=\S)[*_](?!\w)|`)", "", text)


def _page(content: bytes, charset: str | None) -> str:
    """The main text of a web page: no menus, no comments, no footers."""
    from trafilatura import extract

    text = extract(
        _html(content, charset), output_format="markdown", include_comments=False, include_tables=False,
        include_links=False, deduplicate=True,
    )  # fmt: skip
    # Its headings are no sentences; its paragraphs are lines.
    return _plain_markdown((text or "").replace("\n", "\n\n"))


def _html(content: bytes, charset: str | None) -> str:
    named = re.search(rb"charset=[\"']?([\w-]+)", content[:4096])
    encoding = charset or (named[1].decode() if named else "utf-8")
    try:
        text = content.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        text = content.decode("utf-8", "replace")
    # A declared encoding in a decoded text is refused by the parser.
    return re.sub(r"^\s*<\?xml[^>]*\?>", "", text)


# --- DOCX ---------------------------------------------------------------------------------------------


def _docx(content: bytes, most: int) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entry = _checked(archive, most, content)
            with archive.open(entry) as file:
                xml = file.read(most + 1)
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, NotImplementedError, EOFError) as error:
        raise damaged("The document's archive is broken or locked.") from error
    if len(xml) > most:
        raise _bomb()
    return "\n\n".join(_paragraphs(xml))


def _checked(archive: zipfile.ZipFile, most: int, content: bytes) -> zipfile.ZipInfo:
    """By what the archive says of itself; what it then holds is counted again while it is read."""
    entries = archive.infolist()
    if len(entries) > _MOST_ENTRIES or sum(entry.file_size for entry in entries) > most:
        raise _bomb()
    bodies = [entry for entry in entries if entry.filename == _BODY]
    if len(bodies) != 1:
        raise _unsupported(content)
    if bodies[0].file_size > _MOST_RATIO * max(bodies[0].compress_size, 1):
        raise _bomb()
    return bodies[0]


def _bomb() -> MediaRefused:
    return MediaRefused(
        code="MEDIA_TOO_LARGE",
        message="The document unpacks to far more than it may.",
        fix="Save it again, without pictures, or paste the text.",
    )


def _paragraphs(xml: bytes) -> Iterator[str]:
    from lxml import etree

    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml:
        raise damaged("The document declares XML entities, which no word processor writes.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError as error:
        raise damaged("The document's text is broken.") from error
    for paragraph in root.iter(f"{_W}p"):
        said = []
        for node in paragraph.iter(f"{_W}t", f"{_W}tab", f"{_W}br", f"{_W}numPr"):
            if node.tag == f"{_W}t":
                said.append(node.text or "")
            elif node.tag == f"{_W}numPr":
                said.insert(0, "- ")
            else:
                said.append(" ")
        if line := "".join(said).strip():
            yield line


# --- PDF ----------------------------------------------------------------------------------------------


def _pdf(content: bytes, most: int) -> tuple[int, str]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        document = PdfReader(io.BytesIO(content), strict=False)
        if document.is_encrypted and not document.decrypt(""):
            raise MediaRefused(
                code="DOCUMENT_LOCKED", message="The PDF asks for a password.", fix="Save it without one."
            )
        pages = len(document.pages)
        if pages > most:
            raise MediaRefused(
                code="DOCUMENT_TOO_LONG",
                message=f"The PDF has {pages:,} pages; at most {most:,} are read.",
                fix="Send a part of it.",
            )
        return pages, _flowing([page.extract_text() for page in document.pages])
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        RecursionError,
        OSError,
    ) as error:
        raise damaged("The PDF is broken.") from error


def _flowing(pages: list[str]) -> str:
    """Without what stands on most pages, such as titles; broken lines and words put together again."""
    lines = [[line.strip() for line in page.splitlines() if line.strip()] for page in pages]
    on_pages = Counter(re.sub(r"\d+", "0", line) for page in lines for line in {*page[:1], *page[-1:]})
    often = {line for line, seen in on_pages.items() if len(pages) > 3 and seen > 0.5 * len(pages)}
    kept = [line for page in lines for line in page if re.sub(r"\d+", "0", line) not in often]
    width = median(map(len, kept)) if kept else 0
    out = ""
    for line in kept:
        out += line[:-1] if re.search(r"[a-zäöüß]-$", line) else line
        if re.search(r"[a-zäöüß]-$", line):
            continue
        # A short line that ends a sentence ends a paragraph too.
        out += "\n\n" if len(line) < 0.75 * width and line[-1] in '.!?:”"' else " "
    return out


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n\n").replace("\x00", "")
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t\u00a0]+", " ", text)).strip() + "\n"


if __name__ == "__main__":
    reply(main)
