"""Child: the encoder. Mel frames of the speech, cut into windows, through three LSTM layers."""

from __future__ import annotations

from importlib.metadata import files
from typing import TYPE_CHECKING

import numpy as np

from persona_graph.errors import MediaRefused
from persona_graph.media.child import Answer, Request, reply
from persona_graph.media.child_audio import decode
from persona_graph.media.child_vad import RATE, STEP, speech_steps
from persona_graph.media.torch_weights import read_tensors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float32]

# Of the model: 25 ms windows every 10 ms, 40 mel bands, 1.6 s a window, 1.3 windows a second.
_FFT, _HOP, _BANDS = 400, 160, 40
_WINDOW = 160
_WINDOWS_PER_SECOND = 1.3
_LAYERS = 3
# The model hears level as a trait of the voice: unlike its authors, who only raise to -30, every recording is put
# at one level. Measured: a copy 20 dB quieter then stays the same (1.00 against 0.93), speakers stay as far apart.
_TARGET_DBFS = -27.0
# More windows than this, spread over the speech, no longer move the mean.
_MOST_WINDOWS = 160
# Silence of up to this many detector steps (0.2 s) stays between words, as in training.
_BRIDGED = 6
_LEAST_SECONDS = 0.3


def fingerprint(request: Request) -> Answer:
    # Joined before it is cut into windows: half a window of padding would count as much as a whole one of speech.
    parts = [spoken(request["ffmpeg"], path, request["max_seconds"]) for path in request["paths"]]
    speech = np.concatenate([np.zeros(0, dtype=np.float32), *parts])
    if len(speech) < _LEAST_SECONDS * RATE:
        raise MediaRefused(
            message="No speech was found.", code="MEDIA_SILENT", fix="Record again, closer and louder."
        )
    seconds = len(speech) / RATE
    windows = mel_windows(speech)
    kept = np.linspace(0, len(windows) - 1, min(len(windows), _MOST_WINDOWS)).round().astype(int)
    mean = Encoder(encoder_weights())(windows[kept]).mean(axis=0)
    return {"vector": (mean / np.linalg.norm(mean)).tolist(), "seconds": seconds}


def spoken(ffmpeg: str, path: str, max_seconds: float) -> Numbers:
    """The recording at 16 kHz without its longer silences, at one level."""
    sound = decode(ffmpeg, path, rate=RATE, max_seconds=max_seconds).mono
    return levelled(sound, speech_steps(sound))


def levelled(sound: Numbers, heard: NDArray[np.bool_]) -> Numbers:
    around = np.convolve(heard, np.ones(_BRIDGED + 1), mode="same") > 0
    kept = sound[np.repeat(around, STEP)[: len(sound)]]
    power = float(np.sqrt(np.mean(np.square(kept)))) if len(kept) else 0.0
    if not power:
        return np.zeros(0, dtype=np.float32)
    louder = np.float32(10 ** (_TARGET_DBFS / 20) / power)
    return np.multiply(kept, louder, dtype=np.float32)


def mel_windows(sound: Numbers) -> Numbers:
    """(windows, 160 frames, 40 bands), the last one filled up with silence when at least 3/4 of it is there."""
    frames = -(-(len(sound) + 1) // _HOP)
    step = round(RATE / _WINDOWS_PER_SECOND / _HOP)
    starts = list(range(0, max(1, frames - _WINDOW + step + 1), step))
    if len(starts) > 1 and (len(sound) - starts[-1] * _HOP) / (_WINDOW * _HOP) < 0.75:
        starts.pop()
    needed = (starts[-1] + _WINDOW) * _HOP
    mel = mel_frames(np.pad(sound, (0, max(needed - len(sound), 0))))
    return np.stack([mel[start : start + _WINDOW] for start in starts])


def mel_frames(sound: Numbers) -> Numbers:
    padded = np.pad(sound, _FFT // 2)
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)).astype(np.float32)
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP]
    bank = mel_bank()
    return np.concatenate([
        np.square(np.abs(np.fft.rfft(frames[at : at + 4096] * window, axis=1))).astype(np.float32) @ bank
        for at in range(0, len(frames), 4096)
    ])  # fmt: skip


def mel_bank() -> Numbers:
    """Slaney's scale (linear to 1 kHz, then logarithmic), triangles of equal area: what the model was fed."""
    mels = np.linspace(_to_mel(0.0), _to_mel(RATE / 2), _BANDS + 2)
    edges = np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(np.log(6.4) / 27 * (mels - 15)))
    bins = np.linspace(0, RATE / 2, _FFT // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    triangles = np.maximum(0, np.minimum(rising, falling))
    return np.asarray(triangles * 2 / (edges[2:] - edges[:-2]), dtype=np.float32)


def _to_mel(hertz: float) -> float:
    return 15 + float(np.log(hertz / 1000)) * 27 / float(np.log(6.4)) if hertz >= 1000 else hertz * 3 / 200


def encoder_weights() -> dict[str, Numbers]:
    """Of the installed distribution; its code, which needs torch, is never imported."""
    for file in files("resemblyzer") or ():
        if file.name == "pretrained.pt":
            return read_tensors(str(file.locate()), "model_state")
    raise RuntimeError("the resemblyzer distribution is not installed or has no weights")


class Encoder:
    def __init__(self, weights: dict[str, Numbers]) -> None:
        self._weights = weights

    def __call__(self, windows: Numbers) -> Numbers:
        """(windows, frames, bands) → (windows, 256), each of length one."""
        x = np.ascontiguousarray(windows.transpose(1, 0, 2))
        for layer in range(_LAYERS):
            x = self._lstm(x, layer)
        raw = np.maximum(x[-1] @ self._weights["linear.weight"].T + self._weights["linear.bias"], 0)
        return np.asarray(
            raw / np.maximum(np.linalg.norm(raw, axis=1, keepdims=True), 1e-9), dtype=np.float32
        )

    def _lstm(self, x: Numbers, layer: int) -> Numbers:
        """All windows together, step by step; gates in torch's order: in, forget, cell, out."""
        name = f"_l{layer}"
        inward = self._weights[f"lstm.weight_ih{name}"].T.copy()
        recurrent = self._weights[f"lstm.weight_hh{name}"].T.copy()
        bias = self._weights[f"lstm.bias_ih{name}"] + self._weights[f"lstm.bias_hh{name}"]
        size = recurrent.shape[0]
        state = np.zeros((x.shape[1], size), dtype=np.float32)
        cell = np.zeros_like(state)
        out = np.empty((*x.shape[:2], size), dtype=np.float32)
        for step, frame in enumerate(x):
            gates = frame @ inward + state @ recurrent + bias
            let_in, forget, new, let_out = np.split(gates, 4, axis=1)
            cell = _sigmoid(forget) * cell + _sigmoid(let_in) * np.tanh(new)
            state = _sigmoid(let_out) * np.tanh(cell)
            out[step] = state
        return out


def _sigmoid(x: Numbers) -> Numbers:
    return np.asarray(0.5 + 0.5 * np.tanh(0.5 * x), dtype=np.float32)


if __name__ == "__main__":
    reply(fingerprint)
