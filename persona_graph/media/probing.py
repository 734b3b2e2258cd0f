"""What is in a file, by its content: which decoder looks at which purpose, and what goes on the row."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from persona_graph.errors import MediaRefused
from persona_graph.media.asset import UPLOADS, Asset, AssetKind, AssetPurpose
from persona_graph.settings import Settings

# Our own outputs are bounded by what was ordered, not by what may be uploaded.
_LONGEST_OUTPUT = 3600.0
_SHORTEST_MUSIC = 1.0
_INAUDIBLE_DBFS = -50.0
_ON_ROW = ("content_type", "seconds", "width", "height")


@dataclass(frozen=True, kw_only=True)
class Finding:
    """``replacement`` is a file to keep in place of the one that was looked at."""

    content_type: str
    seconds: float | None = None
    width: int | None = None
    height: int | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    replacement: Path | None = None

    def write_on(self, asset: Asset) -> None:
        asset.content_type = self.content_type
        asset.seconds, asset.width, asset.height = self.seconds, self.width, self.height
        asset.facts = {**(asset.facts or {}), **self.facts}


async def examine_upload(purpose: AssetPurpose, path: Path, settings: Settings) -> Finding:
    """Raises MediaRefused with what is wrong with the content."""
    if UPLOADS[purpose] is AssetKind.IMAGE:
        return await _photo(path, settings)
    if purpose is AssetPurpose.MUSIC:
        return await _music(path, settings)
    if purpose is AssetPurpose.DOCUMENT:
        return await _document(path, settings)
    if purpose is AssetPurpose.BUNDLE:
        return _bundle(path)
    return await _recording(path, settings)


async def examine_output(kind: AssetKind, path: Path, settings: Settings) -> Finding:
    """Measures what was made here; a file that does not decode is not stored."""
    if kind is AssetKind.IMAGE:
        return await _picture(path, settings)
    if kind is AssetKind.VIDEO:
        return await _video(path, settings)
    return await _sound(path, settings)


# The decoders are imported where they are called: they must not weigh on a process that never decodes.


async def _recording(path: Path, settings: Settings) -> Finding:
    from persona_graph.media.audio import AudioLimits, probe_audio
    from persona_graph.media.bounded import Bounds

    limits = AudioLimits.of(settings, need_speech=True)
    return _finding(await probe_audio(path, limits, bounds=Bounds.of(settings)))


async def _document(path: Path, settings: Settings) -> Finding:
    """What is kept of a document is its text: no macros, no history, nothing hidden."""
    from persona_graph.media.documents import write_text

    text = path.with_name("document.txt")
    found = await write_text(path, text, settings)
    facts = {
        "document_type": found.content_type, "pages": found.pages, "characters": found.characters, "words": found.words,
    }  # fmt: skip
    return Finding(content_type="text/plain", facts=facts, replacement=text)


def _bundle(path: Path) -> Finding:
    """Whose it is and whether it was changed is looked at when it is imported; nothing of it is decoded here."""
    from persona_graph.media.letter import BUNDLE_TYPE, read_head

    with path.open("rb") as file:
        head = read_head(file.read(512))
    return Finding(content_type=BUNDLE_TYPE, facts={"key": head.key})


async def _music(path: Path, settings: Settings) -> Finding:
    """Nobody needs to speak in it, but there must be something to hear."""
    from persona_graph.media.audio import AudioLimits, probe_audio
    from persona_graph.media.bounded import Bounds

    limits = AudioLimits.of(settings, min_seconds=_SHORTEST_MUSIC)
    report = await probe_audio(path, limits, bounds=Bounds.of(settings))
    if report.peak_dbfs < _INAUDIBLE_DBFS:
        raise MediaRefused(
            code="MEDIA_SILENT", message="There is no sound in this file.", fix="Export the music again."
        )
    return _finding(report)


async def _sound(path: Path, settings: Settings) -> Finding:
    from persona_graph.media.audio import AudioLimits, probe_audio
    from persona_graph.media.bounded import Bounds

    limits = AudioLimits(max_seconds=_LONGEST_OUTPUT)
    return _finding(await probe_audio(path, limits, bounds=Bounds.of(settings)))


def _finding(report: Any, **changes: Any) -> Finding:
    facts = {name: value for name, value in asdict(report).items() if value is not None}
    on_row = {name: facts.pop(name) for name in _ON_ROW if name in facts}
    return Finding(**{**on_row, **changes}, facts=facts)


async def _photo(path: Path, settings: Settings) -> Finding:
    """What is kept of a photo is our own re-encoding: upright, without EXIF, GPS or anything after it."""
    from persona_graph.media.bounded import Bounds
    from persona_graph.media.photo import PhotoLimits, portrait

    upright = path.with_name("portrait.png")
    report = await portrait(path, upright, PhotoLimits.of(settings), bounds=Bounds.of(settings))
    return _finding(report, replacement=upright)


async def _picture(path: Path, settings: Settings) -> Finding:
    from persona_graph.media.bounded import Bounds
    from persona_graph.media.photo import PhotoLimits, probe_photo

    limits = PhotoLimits.of(settings, one_face=False)
    return _finding(await probe_photo(path, limits, bounds=Bounds.of(settings)))


async def _video(path: Path, settings: Settings) -> Finding:
    from persona_graph.media.bounded import Bounds
    from persona_graph.media.video import VideoLimits, probe_video

    return _finding(
        await probe_video(path, VideoLimits(max_seconds=_LONGEST_OUTPUT), bounds=Bounds.of(settings))
    )
