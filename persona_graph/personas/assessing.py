"""Samples judged before anything is bought, and the same judgement inside a training."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.errors import InvalidInput, MediaRefused, NotFound
from persona_graph.media import analysis
from persona_graph.media.analysis import Analysis
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.personas import quality
from persona_graph.personas.characteristics import Characteristics, characterise
from persona_graph.personas.finding import missing
from persona_graph.personas.quality import Fault, Heard, Quality
from persona_graph.personas.room import Personas

MOST_SAMPLES = 25
# Of one set. Providers take five minutes; the rest of an hour would be analysed for nothing.
MOST_SECONDS = 1500.0
# At once for one request; others want the processors too.
AT_ONCE = 2
_NOT_MEASURES = ("passages", "rhythm", "cleaned", "content_type", "codec", "company")


@dataclass(frozen=True)
class Assessment:
    """What a training of these recordings would be worth."""

    heard: tuple[Heard, ...]
    quality: Quality
    characteristics: Characteristics
    qualifies: bool


@dataclass(frozen=True)
class Assessed:
    assets: tuple[Asset, ...]
    assessment: Assessment


async def assess_samples(personas: Personas, viewer: Viewer, sample_ids: Sequence[str]) -> Assessed:
    """Free, and nothing is kept of it. Each recording is accepted or refused by itself."""
    viewer.need(Scope.WRITE)
    if not 1 <= len(sample_ids) <= MOST_SAMPLES or len(set(sample_ids)) < len(sample_ids):
        raise InvalidInput(
            message=f"sampleIds must name 1 to {MOST_SAMPLES} different uploads; there are {len(sample_ids)}.",
            path=("sampleIds",), fix="Give each recording once.",
        )  # fmt: skip
    found = await _find(personas, viewer, sample_ids)
    seconds = sum(asset.seconds or 0.0 for asset, _ in found)
    if seconds > MOST_SECONDS:
        raise MediaRefused(
            code="MEDIA_TOO_LONG", path=("sampleIds",), message=f"The recordings last {seconds:.0f} s together.",
            fix=f"Give at most {MOST_SECONDS:.0f} s.",
        )  # fmt: skip
    room = asyncio.Semaphore(AT_ONCE)
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_hear(personas, room, asset, refused)) for asset, refused in found]
    assessment = await assess([task.result() for task in tasks])
    return Assessed(tuple(asset for asset, _ in found), assessment)


async def hear(path: Path, out: Path | None = None) -> Heard:
    """One recording, measured and, with ``out``, cleaned. What cannot be decoded is refused like the rest."""
    try:
        return quality.hear(await analysis.analyse(path, out))
    except MediaRefused as refused:
        return _refused(refused)


async def assess(heard: Sequence[Heard]) -> Assessment:
    """Counting repetitions takes a moment, so it happens beside the loop."""
    judged = await asyncio.to_thread(quality.judge, heard)
    accepted = [each.analysis for each in heard if each.accepted and each.analysis]
    return Assessment(
        tuple(heard), judged, characterise(accepted), quality.qualifies([each.seconds for each in accepted])
    )


def measures(found: Analysis) -> dict[str, Any]:
    """What may be shown and stored of an analysis: nothing that could be matched to a person."""
    shown = {name: value for name, value in asdict(found).items() if name not in _NOT_MEASURES}
    cleaned = found.cleaned
    return shown | {
        "cleaned_snr": cleaned.snr if cleaned else None,
        "cleaned_loudness": cleaned.loudness if cleaned else None,
        "noise_reduced": cleaned.noise_reduced if cleaned else None,
    }


def facts_of(heard: Heard) -> dict[str, Any]:
    """For a sample's row."""
    return {
        "refusal": asdict(heard.fault) if heard.fault else None, "hints": list(heard.hints),
        "measures": measures(heard.analysis) if heard.analysis else None,
    }  # fmt: skip


async def _find(personas: Personas, viewer: Viewer, ids: Sequence[str]) -> list[tuple[Asset, Heard | None]]:
    """Raises NotFound; an upload that was refused stays in the list with its refusal."""
    found: list[tuple[Asset, Heard | None]] = []
    async with personas.db.reading() as session:
        for n, id in enumerate(ids):
            refused = None
            try:
                await personas.media.usable(session, viewer.account_id, id, AssetPurpose.SAMPLE)
            except MediaRefused as fault:
                refused = _refused(fault)
            except NotFound:
                raise missing("file", "sampleIds", str(n)) from None
            found.append((await session.get_one(Asset, id), refused))
    return found


async def _hear(personas: Personas, room: asyncio.Semaphore, asset: Asset, refused: Heard | None) -> Heard:
    if refused is not None:
        return refused
    try:
        async with room, personas.media.plain(asset) as path:
            return await hear(path)
    except MediaRefused as fault:
        return _refused(fault)


def _refused(fault: MediaRefused) -> Heard:
    return Heard(analysis=None, fault=Fault(code=fault.code, message=fault.message, fix=fault.fix or ""))
