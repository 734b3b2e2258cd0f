"""What is said of a text that was written to be read. Pure.

Marks of Markdown, addresses, hashtags at the end of a line and emoji are for the eye: nobody reads them out. A heading
and a point of a list end as a sentence does, so that the voice pauses there."""

from __future__ import annotations

import re
import unicodedata

_FRONT_MATTER = re.compile(r"\A---\s*\n.*?\n---\s*(?:\n|\Z)", re.DOTALL)
_FENCE = re.compile(r"^(?P<fence>```+|~~~+).*?(?:^(?P=fence)[ \t]*$|\Z)", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_TARGET = r"\((?:[^()\n]|\([^()\n]{0,200}\)){0,2000}\)"
_IMAGE = re.compile(rf"!\[[^\[\]]{{0,500}}\]{_TARGET}")
_LINK = re.compile(rf"\[([^\[\]]{{1,500}})\](?:{_TARGET}|\[[^\[\]]{{0,200}}\])")
_FOOTNOTE = re.compile(r"\[\^[^\[\]]{1,40}\]:?")
_REFERENCE = re.compile(r"^[ \t]*\[[^\[\]]{1,200}\]:[ \t]*\S+.*$", re.MULTILINE)
_ADDRESS = re.compile(r"<?(?:https?://|www\.)[^\s<>()]+(?:\([^\s<>()]*\)[^\s<>()]*)*>?", re.IGNORECASE)
_STRONG = re.compile(r"(\*{2,3}|~~)(?=\S)(.{1,200}?)(?<=\S)\1")
_EMPHASIS = re.compile(r"(?<!\w)(\*|_{1,3})(?=\S)(.{1,200}?)(?<=\S)\1(?!\w)")
_CODE = re.compile(r"`+([^`\n]{1,500})`+")
_HEADING = re.compile(r"^[ \t]{0,3}#{1,6}[ \t]+(.*?)[ \t]*#*[ \t]*$")
_UNDERLINE = re.compile(r"^[ \t]{0,3}(=+|-{2,})[ \t]*$")
_RULE = re.compile(r"^[ \t]{0,3}(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,})$")
_TABLE_RULE = re.compile(r"^[ \t]*\|?[ \t:|-]*-{2,}[ \t:|-]*\|?[ \t]*$")
_POINT = re.compile(r"^[ \t]*(?:[-*+•–]|\d{1,3}[.)])[ \t]+(?:\[[ xX]\][ \t]+)?")
_QUOTE = re.compile(r"^(?:[ \t]{0,3}>[ \t]?)+")
_TAG_WORD = re.compile(r"#(?=[^\W\d_])\w[\w-]*[,;.]?")
_HASHTAG = re.compile(r"(?<![\w&/])#(?=[^\W\d_])")
_MENTION = re.compile(r"(?<![\w.])@(?=\w)")
_ENDED = frozenset(".!?…:;,。！？।؟")
_CLOSING = "\"'”’»)]"
_JOINERS = frozenset("\u200d\ufe0e\ufe0f\u20e3")


def spoken_of(written: str) -> str:
    """Empty where a text has nothing to say."""
    text = _FRONT_MATTER.sub("", written.replace("\r\n", "\n").replace("\r", "\n"))
    for pattern in (_FENCE, _COMMENT, _REFERENCE, _IMAGE, _FOOTNOTE):
        text = pattern.sub("", text)
    text = _BREAK.sub("\n", text)
    text = _LINK.sub(r"\1", text)
    text = _ADDRESS.sub("", _TAG.sub("", text))
    lines = [_line(line) for line in _plain_headings(text.split("\n"))]
    said = "\n".join(lines).strip()
    return re.sub(r"\n{3,}", "\n\n", said)


def titled(title: str, said: str) -> str:
    """With its title said first, unless it begins with it."""
    title = spoken_of(title)
    if not title or said.casefold().startswith(title.casefold()):
        return said
    return f"{_ended(title)}\n\n{said}"


def _plain_headings(lines: list[str]) -> list[str]:
    """An underlined heading is one with a mark in front."""
    out: list[str] = []
    for line in lines:
        if out and out[-1].strip() and _UNDERLINE.match(line) and not _POINT.match(out[-1]):
            out[-1] = f"# {out[-1].strip()}"
        else:
            out.append(line)
    return out


def _line(line: str) -> str:
    if _RULE.match(line) or ("|" in line and _TABLE_RULE.match(line)):
        return ""
    line = _QUOTE.sub("", line)
    heading = _HEADING.match(line)
    point = _POINT.match(line)
    if heading:
        line = heading[1]
    elif point:
        line = line[point.end() :]
    elif line.strip().startswith("|") and line.strip().endswith("|") and len(line.strip()) > 1:
        line = ", ".join(cell.strip() for cell in line.strip().strip("|").split("|") if cell.strip())
    said = _words(line)
    if heading:
        return f"\n{_ended(said)}\n" if said else ""
    return _ended(said) if point else said


def _words(line: str) -> str:
    for _ in range(3):
        before, line = line, _EMPHASIS.sub(r"\2", _STRONG.sub(r"\2", line))
        if line == before:
            break
    words = _CODE.sub(r"\1", line).split()
    while words and _TAG_WORD.fullmatch(words[-1]):
        words.pop()
    line = " ".join(words)
    line = _MENTION.sub("", _HASHTAG.sub("", line))
    line = "".join(" " if _is_picture(char) else char for char in line)
    line = re.sub(r"\(\s*\)|\[\s*\]", "", line)
    line = re.sub(r" ([.,;:!?…])", r"\1", " ".join(line.split()))
    return line if any(unicodedata.category(char)[0] in "LN" for char in line) else ""


def _is_picture(char: str) -> bool:
    """Emoji and what joins them. Signs such as ° and © are words to a voice."""
    if char in _JOINERS or "\U0001f3fb" <= char <= "\U0001f3ff":
        return True
    return unicodedata.category(char) == "So" and ord(char) >= 0x2190


def _ended(said: str) -> str:
    bare = said.rstrip(_CLOSING)
    return said if not bare or bare[-1] in _ENDED else f"{said}."
