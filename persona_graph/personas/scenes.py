"""Where one text falls into scenes or chapters. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

MOST_SCENES = 50

_HEADING = re.compile(r"^[ \t]{0,3}#{1,3}[ \t]+(?P<title>\S.{0,199}?)[ \t]*#*[ \t]*$")
_NAMED = re.compile(
    r"^[ \t]*(?P<open>\[)?(?P<word>scene|chapter|act|part|szene|kapitel|scène|chapitre|escena|capítulo)"
    r"(?:[ \t]+(?P<number>\d{1,3}|[ivxlc]{1,7}))?(?:[ \t]*[:.–—-][ \t]*(?P<title>[^\[\]]{0,200}?))?[ \t]*\]?[ \t]*$",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"^[ \t]*(?:(?:\*[ \t]*){3,}|(?:-[ \t]*){3,}|(?:_[ \t]*){3,}|(?:#[ \t]*){3,}|⁂|❦|§|~{3,})[ \t]*$"
)


@dataclass(frozen=True)
class CutScene:
    title: str
    text: str


def cut_scenes(text: str) -> list[CutScene]:
    """A scene begins at a heading, at a line such as ``Scene 2: The harbour`` or ``[Chapter 3]``, and behind a line of
    ``***`` or ``---``. A mark with nothing before the next one makes no scene; its title goes to what follows."""
    scenes: list[CutScene] = []
    title, lines = "", list[str]()

    def end() -> bool:
        body = "\n".join(lines).strip()
        if body:
            scenes.append(CutScene(title, body))
        lines.clear()
        return bool(body)

    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if _MARK.match(line):
            if end():
                title = ""
        elif (found := _title(line)) is not None:
            title = found if end() or not title else f"{title}: {found}"
        else:
            lines.append(line)
    end()
    return scenes


def _title(line: str) -> str | None:
    if heading := _HEADING.match(line):
        return heading["title"]
    named = _NAMED.match(line)
    if named is None or not (named["number"] or named["open"]):
        return None
    number = f" {named['number']}" if named["number"] else ""
    return (named["title"] or "").strip() or f"{named['word'].capitalize()}{number}"
