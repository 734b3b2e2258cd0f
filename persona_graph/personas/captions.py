"""Captions: cues of at most two lines of 42 characters, as WebVTT and SRT. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from persona_graph.media.sentences import sentences
from persona_graph.provider import Timing, TimingSource

LINE = 42
LINES = 2
_MOST = LINE * LINES
_LEAST_SECONDS = 0.3
# Latin, Greek, Cyrillic, Hebrew, Arabic and their punctuation: what media/fonts was cut down to.
_FONT = (
    (0x20, 0x7E), (0xA0, 0x24F), (0x300, 0x36F), (0x370, 0x3FF), (0x400, 0x52F), (0x590, 0x5FF), (0x600, 0x6FF),
    (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x20A0, 0x20BF), (0x2116, 0x2116), (0x2122, 0x2122), (0xFB00, 0xFDFF),
    (0xFE70, 0xFEFF),
)  # fmt: skip
_ASS = """[Script Info]
ScriptType: v4.00+
PlayResX: {width}
PlayResY: {height}
WrapStyle: 2

[V4+ Styles]
Format: Name,Fontname,Fontsize,PrimaryColour,SecondaryColour,OutlineColour,BackColour,Bold,Italic,Underline,StrikeOut,ScaleX,ScaleY,Spacing,Angle,BorderStyle,Outline,Shadow,Alignment,MarginL,MarginR,MarginV,Encoding
Style: Default,DejaVu Sans,{size},&H00FFFFFF,&H00FFFFFF,&H60000000,&H60000000,-1,0,0,0,100,100,0,0,3,2,0,2,{side},{side},{bottom},1

[Events]
Format: Layer,Start,End,Style,Name,MarginL,MarginR,MarginV,Effect,Text
"""
_LETTERS = re.compile(r"[^\w]+")
_BREAK = re.compile(r"(?<=[,;:،、，；：–—])\s*")
# A reported word may be a number spelt out or a word split in two: so far ahead a match is looked for.
_LOOKAHEAD = 6


@dataclass(frozen=True)
class Cue:
    """What is shown from ``start`` to ``end`` (seconds); ``lines`` has one or two."""

    start: float
    end: float
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Captions:
    """``source`` says how its times came about: the worst of those that went into it."""

    cues: tuple[Cue, ...]
    source: TimingSource

    def vtt(self) -> str:
        note = f"NOTE Times are {self.source.value}.\n\n"
        body = "\n".join(
            f"{_clock(c.start, '.')} --> {_clock(c.end, '.')}\n{_escaped(c)}\n" for c in self.cues
        )
        return f"WEBVTT\n\n{note}{body}"

    def ass(self, width: int, height: int) -> str:
        """For burning in: white on a dark box, in the lower third of a picture of this size."""
        size = max(round(min(width / 24, height / 15)), 10)
        head = _ASS.format(
            width=width, height=height, size=size, side=round(width * 0.05), bottom=round(height * 0.05)
        )
        lines = [
            f"Dialogue: 0,{_ass_clock(c.start)},{_ass_clock(c.end)},Default,,0,0,0,,{_ass_text(c)}"
            for c in self.cues
        ]
        return head + "\n".join(lines) + "\n"

    def srt(self) -> str:
        return "\n".join(
            f"{n}\n{_clock(c.start, ',')} --> {_clock(c.end, ',')}\n{chr(10).join(c.lines)}\n"
            for n, c in enumerate(self.cues, start=1)
        )


@dataclass(frozen=True)
class Spoken:
    """One sentence with its times."""

    text: str
    start: float
    end: float


def captions(
    script: str,
    language: str,
    seconds: float,
    timings: Sequence[Timing] = (),
    pauses: Sequence[tuple[float, float]] = (),
) -> Captions:
    """For a speech of ``script``. Word or sentence ``timings`` are followed where they fit the script; else the
    times are estimated from the length of the sentences and the ``pauses`` in the audio (start, end)."""
    said = sentences(script, language)
    words = [each for each in timings if each.kind == "word" and each.text.strip()]
    whole = [each for each in timings if each.kind == "sentence"]
    if len(whole) == len(said) and said:
        timed = [Spoken(text, t.start, t.end) for text, t in zip(said, whole, strict=True)]
        return Captions(_cues(timed, seconds), _worst(whole))
    times = _aligned(said, words) if words else None
    if times is not None:
        return Captions(_cues([piece for each in times for piece in each], seconds), _worst(words))
    return Captions(_cues(estimated(said, seconds, pauses), seconds), TimingSource.ESTIMATED)


def estimated(said: Sequence[str], seconds: float, pauses: Sequence[tuple[float, float]]) -> list[Spoken]:
    """Sentences share the time between the pauses by their length; a boundary goes to the pause that is long and
    near to where the length puts it."""
    begin = pauses[0][1] if pauses and pauses[0][0] <= 0.01 else 0.0
    last = pauses[-1][0] if pauses and pauses[-1][1] >= seconds - 0.01 else seconds
    inner = [pause for pause in pauses if pause[0] > begin and pause[1] < last]
    voiced = max(last - begin - sum(end - start for start, end in inner), 0.01)
    total = sum(_weight(text) for text in said) or 1.0
    made: list[Spoken] = []
    at, behind = begin, 0.0
    for n, text in enumerate(said):
        behind += _weight(text)
        if n == len(said) - 1:
            made.append(Spoken(text, at, last))
            break
        guess = _moment(begin, voiced * behind / total, inner)
        reach = 0.5 + 0.25 * voiced * _weight(text) / total
        near = [p for p in inner if p[0] > at + _LEAST_SECONDS and abs((p[0] + p[1]) / 2 - guess) <= reach]
        best = max(near, key=lambda p: (p[1] - p[0]) - 0.15 * abs((p[0] + p[1]) / 2 - guess), default=None)
        end, following = best or (max(guess, at + 0.01), max(guess, at + 0.01))
        made.append(Spoken(text, at, end))
        at = following
    return made


def _moment(begin: float, voiced: float, pauses: Sequence[tuple[float, float]]) -> float:
    """When ``voiced`` seconds of speech have been heard."""
    at = begin
    for start, end in pauses:
        if voiced <= start - at:
            break
        voiced -= start - at
        at = end
    return at + voiced


def _weight(text: str) -> float:
    """How long it takes to say, in letters: figures are spelt out, wide scripts have a syllable a sign."""
    return sum(4.0 if c.isdigit() else 2.5 if ord(c) > 0x2E80 else 1.0 for c in text if c.isalnum()) + 2.0


def _aligned(said: Sequence[str], words: Sequence[Timing]) -> list[list[Spoken]] | None:
    """The words' times on the script's own words; None if the two are not the same text."""
    tokens = [(n, token) for n, text in enumerate(said) for token in text.split()]
    found: list[Timing | None] = []
    at = matched = 0
    for _, token in tokens:
        wanted = _LETTERS.sub("", token).casefold()
        hit = next(
            (k for k in range(at, min(at + _LOOKAHEAD, len(words))) if _same(words[k].text, wanted)), None
        )
        found.append(words[hit] if hit is not None else None)
        if hit is not None:
            at, matched = hit + 1, matched + 1
    spoken = sum(bool(_LETTERS.sub("", token)) for _, token in tokens)
    if not tokens or matched < 0.6 * spoken:
        return None
    return [
        _sentence(text, [f for (k, _), f in zip(tokens, found, strict=True) if k == n])
        for n, text in enumerate(said)
    ]


def _same(word: str, wanted: str) -> bool:
    bare = _LETTERS.sub("", word).casefold()
    return bool(bare) and bare == wanted


def _sentence(text: str, words: Sequence[Timing | None]) -> list[Spoken]:
    """Its cue-sized pieces, each from its first to its last word that has a time."""
    pieces, made, at = list(_pieces(text)), [], 0
    for piece in pieces:
        count = len(piece.split())
        timed = [word for word in words[at : at + count] if word is not None]
        at += count
        if timed:
            made.append(Spoken(piece, timed[0].start, timed[-1].end))
        elif made:
            before = made.pop()
            made.append(Spoken(f"{before.text} {piece}", before.start, before.end))
        else:
            made.append(Spoken(piece, 0.0, 0.0))
    return made


def _cues(timed: Sequence[Spoken], seconds: float) -> tuple[Cue, ...]:
    """In order and not overlapping, within the audio; a sentence too long for one cue shares its time."""
    cues: list[Cue] = []
    at = 0.0
    for each in timed:
        pieces = list(_pieces(each.text))
        start = min(max(each.start, at), seconds)
        end = min(max(each.end, start + _LEAST_SECONDS), max(seconds, start))
        total = sum(_weight(piece) for piece in pieces)
        for piece in pieces:
            until = start + (end - start) * _weight(piece) / total
            total, before, start = total - _weight(piece), start, until
            cues.append(Cue(round(before, 3), round(until, 3), tuple(_lines(piece))))
        at = end
    return tuple(cue for cue in cues if cue.end > cue.start)


def _pieces(text: str) -> Iterator[str]:
    """Cue-sized pieces of a sentence: cut behind a comma where one is near, else between words."""
    while len(text) > _MOST or len(_lines(text)) > LINES:
        at = max((m.start() for m in _BREAK.finditer(text, 0, _MOST) if m.start() > LINE), default=0)
        if not at or len(_lines(text[:at].strip())) > LINES:
            at = text.rfind(" ", 0, _MOST - 6)
        at = at if at > 0 else _MOST
        yield text[:at].strip()
        text = text[at:].strip()
    if text:
        yield text


def _lines(text: str) -> list[str]:
    """As few lines as it takes, two of them about equally long."""
    if len(text) <= LINE:
        return [text]
    middle = len(text) / 2
    spaces = [n for n, c in enumerate(text) if c == " " and n <= LINE and len(text) - n - 1 <= LINE]
    if spaces:
        at = min(spaces, key=lambda n: abs(n - middle))
        return [text[:at], text[at + 1 :]]
    lines, line = [], ""
    for word in text.split(" "):
        while len(word) > LINE:
            room = LINE - len(line) - 1 if line else LINE
            lines.append(f"{line} {word[:room]}".strip())
            line, word = "", word[room:]
        if len(line) + 1 + len(word) > LINE and line:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}".strip()
    return [*lines, line] if line else lines


def _worst(timings: Sequence[Timing]) -> TimingSource:
    order = [TimingSource.MEASURED, TimingSource.REPORTED, TimingSource.ESTIMATED]
    return max((TimingSource(each.source) for each in timings), key=order.index)


def _clock(seconds: float, comma: str) -> str:
    thousandths = round(seconds * 1000)
    minutes, rest = divmod(thousandths, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{rest // 1000:02}{comma}{rest % 1000:03}"


def _ass_clock(seconds: float) -> str:
    hundredths = round(seconds * 100)
    minutes, rest = divmod(hundredths, 6000)
    return f"{minutes // 60}:{minutes % 60:02}:{rest // 100:02}.{rest % 100:02}"


def _ass_text(cue: Cue) -> str:
    """Braces and backslashes would be commands; what looks like them is not."""
    safe = [line.replace("\\", "\u2216").replace("{", "(").replace("}", ")") for line in cue.lines]
    return "\\N".join(safe)


def burnable(text: str) -> bool:
    """Whether the bundled font has these letters."""
    return all(any(low <= ord(c) <= high for low, high in _FONT) for c in text if not c.isspace())


def _escaped(cue: Cue) -> str:
    return "\n".join(
        line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for line in cue.lines
    )
