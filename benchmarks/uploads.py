"""What it costs to judge an upload, per kind of file, against decoding the same file and nothing more.

    python benchmarks/uploads.py                    # 20 s recordings, small photos, 3 rounds: under a minute
    python benchmarks/uploads.py --seconds 180 --rounds 7
    python benchmarks/uploads.py --measures         # the table of docs/photos.md

Both run in turns, so that a busy machine hurts them alike: read the ratios. "decoding" is for a recording the
bundled ffmpeg writing to nowhere, for a photo a fresh Python that imports OpenCV and decodes. "ours" is the check
an upload goes through: a fresh, limited child that looks at the type, reads the header, decodes, measures level
and speech, or looks for faces and writes the portrait. The smallest sizes mostly show what starting a child costs.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.audio import AudioLimits, probe_audio
from persona_graph.media.bounded import Bounds, ffmpeg_binary
from persona_graph.media.photo import PhotoLimits, portrait, probe_photo

SAMPLES = Path(__file__).parents[1] / "tests" / "samples"
SPEECH = SAMPLES / "1688" / "1688-142285-0000.flac"
PORTRAIT = SAMPLES / "photos" / "astronaut.png"
CUP = SAMPLES / "photos" / "coffee.png"
RECORDINGS = {
    "wav": (), "mp3": (), "flac": (), "ogg": ("-c:a", "libvorbis"), "m4a": (), "webm": ("-c:a", "libopus"),
}  # fmt: skip
ROOM = Bounds(seconds=60)
Picture = Any


def recording(folder: Path, kind: str, seconds: float) -> Path:
    out = folder / f"speech.{kind}"
    long = ["-stream_loop", "-1", "-i", str(SPEECH), "-t", str(seconds), *RECORDINGS[kind]]
    subprocess.run([ffmpeg_binary(), "-v", "error", "-nostdin", "-y", *long, str(out)], check=True)
    return out


def photo(folder: Path, name: str, side: int, source: Path = PORTRAIT) -> Path:
    out = folder / name
    picture: Picture = cv2.imread(str(source))
    scale = side / min(picture.shape[:2])
    cv2.imwrite(str(out), cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    return out


async def decode_recording(path: Path) -> None:
    bare = [ffmpeg_binary(), "-v", "error", "-nostdin", "-i", str(path), "-f", "null", "-"]
    await (await asyncio.create_subprocess_exec(*bare)).wait()


async def decode_photo(path: Path) -> None:
    bare = [sys.executable, "-c", "import cv2, sys; cv2.imread(sys.argv[1])", str(path)]
    await (await asyncio.create_subprocess_exec(*bare)).wait()


async def judge_recording(path: Path) -> None:
    await probe_audio(path, AudioLimits(max_seconds=600, need_speech=True), bounds=ROOM)


async def judge_photo(path: Path) -> None:
    try:
        await portrait(path, path.with_suffix(".portrait.png"), bounds=ROOM)
    except MediaRefused as refused:
        # A photo without a face is searched the longest.
        assert refused.code == "PHOTO_NO_FACE", refused


async def took(work: Callable[[Path], Awaitable[None]], path: Path) -> float:
    began = time.perf_counter()
    await work(path)
    return time.perf_counter() - began


async def times(folder: Path, seconds: float, rounds: int) -> None:
    print(f"recordings of {seconds:g} s; medians of {rounds} rounds, in milliseconds\n")
    print("| file | MB | decoding | ours | ratio |\n|---|---|---|---|---|")
    files = [(recording(folder, kind, seconds), decode_recording, judge_recording) for kind in RECORDINGS]
    photos = [
        *(photo(folder, f"512.{kind}", 512) for kind in ("png", "jpg", "webp")),
        *(photo(folder, f"3500.{kind}", 3500) for kind in ("png", "jpg", "webp")),
        photo(folder, "no face.jpg", 1200, CUP),
    ]
    for path, decode, judge in [*files, *((path, decode_photo, judge_photo) for path in photos)]:
        pairs = [(await took(decode, path), await took(judge, path)) for _ in range(rounds)]
        bare, ours = (statistics.median(one) * 1000 for one in zip(*pairs, strict=True))
        ratio = statistics.median(mine / other for other, mine in pairs)
        print(f"| {path.name} | {path.stat().st_size / 1e6:.2f} | {bare:.0f} | {ours:.0f} | {ratio:.1f} |")


def lit(face: Picture, gain: float, more: float = 0) -> Picture:
    return np.clip(face.astype(np.float32) * gain + more, 0, 255).astype(np.uint8)


def grainy(face: Picture, sigma: float) -> Picture:
    return np.clip(face + np.random.default_rng(5).normal(0, sigma, face.shape), 0, 255).astype(np.uint8)


def tilted(face: Picture, degrees: float) -> Picture:
    turn = cv2.getRotationMatrix2D((225, 120), degrees, 1)
    turn[:, 2] += (256 - 225, 256 - 120)
    return cv2.warpAffine(face, turn, (512, 512), borderMode=cv2.BORDER_REFLECT)


def turned(face: Picture, degrees: float) -> Picture:
    """The head as a cylinder that turns about its axis."""
    centre, radius, across = 225, 75, np.arange(face.shape[1])
    angle = np.arcsin(np.clip((across - centre) / radius, -1, 1)) + np.radians(degrees)
    seen = centre + radius * np.sin(np.clip(angle, -np.pi / 2, np.pi / 2))
    columns = np.where(np.abs(across - centre) < radius, seen, across).astype(np.float32)
    grid = np.meshgrid(columns, np.arange(face.shape[0], dtype=np.float32))
    out = np.vstack([face[:40], cv2.remap(face, *grid, cv2.INTER_LINEAR)[40:200], face[200:]])
    return scaled(out, 1.5)


def scaled(face: Picture, scale: float) -> Picture:
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(face, None, fx=scale, fy=scale, interpolation=way)


def versions(face: Picture) -> dict[str, Picture]:
    """The portrait, spoilt by steps."""
    made: dict[str, Picture] = {"as it is": face, "mirrored": face[:, ::-1]}
    made |= {f"blur, σ {s} px": cv2.GaussianBlur(face, (0, 0), s) for s in (0.5, 1, 2)}
    made |= {f"light × {gain}": lit(face, gain) for gain in (0.1, 0.2, 0.25, 0.4, 1.3, 1.6)}
    made |= {f"light + {more}": lit(face, 1, more) for more in (30, 60, 90, 110)}
    made |= {f"grain, σ {sigma}": grainy(face, sigma) for sigma in (10, 15, 20, 30)}
    made |= {f"scaled × {scale}": scaled(face, scale) for scale in (0.6, 0.9, 2, 4)}
    made |= {
        f"tilted by {degrees}°": tilted(face, degrees) for degrees in (-60, -30, -10, 10, 20, 30, 90, 180)
    }
    made |= {
        f"head turned by {degrees}°, × 1.5": turned(face, degrees) for degrees in (-50, -40, -20, 20, 40, 50)
    }
    made |= {f"cut {pixels} px from the left": face[:, pixels:] for pixels in (150, 170, 180, 200, 230)}
    return made | {"twice, side by side": np.hstack([face, face])}


async def measures(folder: Path) -> None:
    print("| version | verdict | sharpness | brightness | noise | clipped | tilt | eyes |")
    print("|---|---|---|---|---|---|---|---|")
    for name, picture in versions(cv2.imread(str(PORTRAIT))).items():
        path = folder / "a.png"
        cv2.imwrite(str(path), np.ascontiguousarray(picture))
        verdict = "accepted"
        try:
            await probe_photo(path, bounds=ROOM)
        except MediaRefused as refused:
            verdict = f"`{refused.code}`"
        found = await probe_photo(path, PhotoLimits(one_face=False), bounds=ROOM)
        if not found.face_box:
            print(f"| {name} | {verdict} | – | – | – | – | – | – |")
            continue
        tilt = "–" if found.tilt_degrees is None else f"{found.tilt_degrees:.0f}°"
        eyes = "–" if found.eye_symmetry is None else f"{found.eye_symmetry:.2f}"
        print(
            f"| {name} | {verdict} | {found.sharpness:.1f} | {found.luma:.0f} | {found.noise:.1f} | "
            f"{found.clipped:.2f} | {tilt} | {eyes} |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(
        description="What judging an upload costs, and what is measured on photos."
    )
    parser.add_argument("--seconds", type=float, default=20, help="length of the recordings")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measures", action="store_true", help="print the table of docs/photos.md instead")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        work = (
            measures(Path(folder)) if chosen.measures else times(Path(folder), chosen.seconds, chosen.rounds)
        )
        asyncio.run(work)


if __name__ == "__main__":
    main()
