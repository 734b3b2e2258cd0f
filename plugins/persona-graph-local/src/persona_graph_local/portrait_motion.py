"""How a person who talks moves beside the mouth: blinks, a little sway, a nod on what is stressed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from persona_graph_local.face_geometry import Floats
from persona_graph_local.portrait_hearing import RATE, Hearing

BETWEEN_BLINKS = (2.0, 5.0)
CLOSING, CLOSED, OPENING = 0.09, 0.04, 0.16
RHYTHMS = (0.11, 0.19, 0.31, 0.47)
BREATH = 24.0


@dataclass(frozen=True, slots=True)
class Motion:
    """Per frame. ``lids``: 0 open, 1 shut. Of the head: ``across`` and ``down`` in eye distances, ``roll`` in
    radians, ``yaw`` and ``pitch`` -1–1, ``brow`` 0–1; ``lag_across`` and ``lag_down`` of what stands behind it."""

    lids: Floats
    across: Floats
    down: Floats
    roll: Floats
    yaw: Floats
    pitch: Floats
    brow: Floats
    lag_across: Floats
    lag_down: Floats
    zoom: Floats
    blinks: int


def motion(hearing: Hearing, frames: int, fps: int, seed: int) -> Motion:
    chance = np.random.default_rng(seed)
    times = (np.arange(frames) + 0.5) / fps
    lids, blinks = _lids(times, chance)
    loud = _even(np.interp(times, np.arange(len(hearing.loud)) / RATE, hearing.loud), 0.25 * fps)
    accent = loud - _even(loud, 1.2 * fps)
    life = 0.45 + 0.75 * _even(loud, 0.8 * fps)
    across, down, roll, yaw, pitch = (_drift(times, chance) * life for _ in range(5))
    down = 0.018 * down + 0.03 * accent
    across = 0.035 * across
    return Motion(
        lids=lids,
        across=_f32(across),
        down=_f32(down),
        roll=_f32(0.012 * roll),
        yaw=_f32(0.8 * yaw),
        pitch=_f32(0.5 * pitch + 1.2 * accent),
        brow=_f32(np.clip(1.6 * accent, 0, 1)),
        lag_across=_f32(0.25 * _late(across, fps)),
        lag_down=_f32(0.25 * _late(down, fps)),
        zoom=_f32(1.036 - 0.016 * np.cos(2 * np.pi * times / BREATH)),
        blinks=blinks,
    )


def _lids(times: NDArray[Any], chance: np.random.Generator) -> tuple[Floats, int]:
    lids, count = np.zeros(len(times)), 0
    at = chance.uniform(1.0, 3.0)
    while at + CLOSING + CLOSED + OPENING < (times[-1] if len(times) else 0.0):
        falling = np.clip((times - at) / CLOSING, 0, 1)
        rising = np.clip((times - at - CLOSING - CLOSED) / OPENING, 0, 1)
        lids = np.maximum(lids, falling * falling * (3 - 2 * falling) - rising * rising * (3 - 2 * rising))
        count += 1
        at += chance.uniform(*BETWEEN_BLINKS)
    return _f32(lids), count


def _drift(times: NDArray[Any], chance: np.random.Generator) -> NDArray[Any]:
    """Smooth and never the same twice, about -1–1."""
    waves = [
        np.sin(2 * np.pi * (rhythm * chance.uniform(0.85, 1.15) * times + chance.uniform())) / (1 + index)
        for index, rhythm in enumerate(RHYTHMS)
    ]
    return np.asarray(sum(waves) / 1.6)


def _even(track: NDArray[Any], sigma: float) -> NDArray[Any]:
    return np.asarray(
        cv2.GaussianBlur(np.asarray(track, np.float32)[None], (0, 0), sigma, borderType=cv2.BORDER_REPLICATE)[
            0
        ]
    )


def _late(track: NDArray[Any], fps: int) -> NDArray[Any]:
    """The same movement a third of a second later."""
    by = fps // 3
    return np.concatenate([np.full(min(by, len(track)), track[0]), track[: max(0, len(track) - by)]])


def _f32(track: NDArray[Any]) -> Floats:
    return np.asarray(track, np.float32)
