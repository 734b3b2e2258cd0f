"""A script longer than one order may be: cut at sentences, spoken part by part, joined at the end.

The parts that are done stand in ``leg.result``; they got there in the transaction that ended their attempt, so
nothing is spoken, or paid for, twice. Parts of another provider sound different: a leg that changes its
provider begins again, and the parts so far are only kept until the job settles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import orjson

from persona_graph.catalog.registry import Catalog
from persona_graph.jobs.work import Bench, Kept
from persona_graph.media import audio
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.media.mixing import desk
from persona_graph.media.sentences import parts
from persona_graph.provider import Delivery, Timing

# What a leg's result holds only until the whole is there.
WHILE_SPEAKING = frozenset({"part", "parts", "parts_of", "scrap"})
# Room for the peaks: the whole is mastered once it is one.
PART_LUFS = -22.0


def pieces(
    bench: Bench, catalog: Catalog, script: str, language: str, sent: Callable[[str], str] = str
) -> list[str]:
    """The script as the candidate at hand can take it. ``sent`` is what becomes of a piece on its way there."""
    chosen = bench.leg.route["candidates"][bench.leg.candidate]
    offer = catalog.find_offer(chosen["provider"], chosen["offer"])
    most = offer.limits.max_chars if offer else None
    if most is None or len(sent(script)) <= most:
        return [script]
    size = most
    while True:
        cut = parts(script, size, language)
        if size <= most // 16 or max(len(sent(piece)) for piece in cut) <= most:
            return cut
        size -= max(1, most // 16)


def piece_at_hand(bench: Bench, cut: Sequence[str]) -> str:
    return cut[len(_done(bench)) if len(cut) > 1 else 0]


async def next_piece(bench: Bench, cut: Sequence[str]) -> str:
    """What is to be spoken now. Whoever watches is told how many there are."""
    if len(cut) == 1:
        return cut[0]
    done = _done(bench)
    if bench.leg.result.get("part") != [len(done), len(cut)]:
        facts = {
            "part": [0, len(cut)],
            "parts": [],
            "parts_of": _maker(bench),
            "scrap": scrap(bench.leg.result),
        }
        await bench.note([], facts)
    return cut[len(_done(bench))]


async def keep_part(bench: Bench, cut: Sequence[str], path: Path, delivery: Delivery, scratch: Path) -> Kept:
    """Level it and put it aside."""
    n = len(_done(bench))
    levelled = scratch / "part.wav"
    probe = await audio.finish_speech(path, levelled, loudness=PART_LUFS)
    asset = await bench.media.keep(
        bench.job.account_id, AssetPurpose.PART, levelled, "audio/wav", name=f"part-{n + 1}.wav", facts={}
    )
    part: dict[str, Any] = {"asset": asset.id, "honoured": list(delivery.honoured_options)}
    rows = [asset]
    if delivery.timings:
        timings = await bench.media.keep(
            bench.job.account_id, AssetPurpose.PART, orjson.dumps([asdict(each) for each in delivery.timings]),
            "application/json", name=f"part-{n + 1}.json", facts={},
        )  # fmt: skip
        rows.append(timings)
        part["timings"] = timings.id
    result = {"parts": [*_done(bench), part], "part": [n + 1, len(cut)], "parts_of": _maker(bench)}
    return Kept(
        rows=rows, result=result, seconds=probe.seconds, characters=len(cut[n]), more=n + 1 < len(cut)
    )


async def joined(bench: Bench, made: Kept, out: Path) -> tuple[Timing, ...]:
    """All parts as one file; answers the timings of the whole, empty where a part has none."""
    paths: list[Path] = []
    timings: list[list[Timing]] = []
    new = {row.id: row for row in made.rows if isinstance(row, Asset)}
    async with AsyncExitStack() as opened:
        for part in made.result["parts"]:
            asset = new.get(part["asset"]) or await bench.asset(part["asset"])
            paths.append(await opened.enter_async_context(bench.media.plain(asset)))
            listed = part.get("timings")
            raw = (
                b"[]"
                if listed is None
                else await bench.media.read(new.get(listed) or await bench.asset(listed))
            )
            timings.append([Timing(**each) for each in orjson.loads(raw)])
        whole = await desk.join(paths, out)
    if not all(timings):
        return ()
    return tuple(
        _moved(each, start - skipped, whole.seconds)
        for part, start, skipped in zip(timings, whole.starts, whole.skipped, strict=True)
        for each in part
    )


def scrap(result: dict[str, Any]) -> list[str]:
    """Everything that was put aside for a speech, to be erased when it is finished or given up."""
    made = [part[name] for part in result.get("parts", ()) for name in ("asset", "timings") if part.get(name)]
    return [*result.get("scrap", ()), *made]


def _moved(timing: Timing, by: float, most: float) -> Timing:
    start = min(max(timing.start + by, 0.0), most)
    return replace(timing, start=start, end=min(max(timing.end + by, start), most))


def _done(bench: Bench) -> list[dict[str, Any]]:
    result = bench.leg.result
    return list(result.get("parts", ())) if result.get("parts_of") == _maker(bench) else []


def _maker(bench: Bench) -> str:
    chosen = bench.leg.route["candidates"][bench.leg.candidate]
    return f"{chosen['provider']}/{chosen['offer']}"
