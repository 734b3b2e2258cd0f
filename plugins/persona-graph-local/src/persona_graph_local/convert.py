"""The engine's voice turned towards a speaker's: pitch range, formants, long-term spectrum and the way
the spectrum moves.

Per kind of sound (voiced or not) the cepstra of the engine are carried to the speaker's by the linear
map that moves one normal distribution onto another with the least change. It is mean and variance
matching with the covariances between coefficients included: on the sample speakers it came 0.03 to 0.05
nearer (cosine of speaker embeddings) than matching each coefficient alone, and was understood as well.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from persona_graph_local.cepstrum import Cloud, basis, square_root, warped
from persona_graph_local.intonation import moved
from persona_graph_local.vocoder import Floats, Frames
from persona_graph_local.voice_model import VoiceModel

# Maps that stretch any direction more than this make speech harder to understand.
_LEAST, _MOST = 0.4, 2.0
_LARGEST_CORRECTION = 6.0
_CROSSFADE = 9


@dataclass(frozen=True, slots=True)
class _Map:
    source: Floats
    target: Floats
    matrix: Floats

    def __call__(self, cepstra: Floats) -> Floats:
        out = cepstra - self.source + self.target
        out[:, 1:] = (cepstra - self.source)[:, 1:] @ self.matrix + self.target[1:]
        return out


class Conversion:
    """From the engine's voice to that of one model."""

    def __init__(self, model: VoiceModel) -> None:
        self._model = model
        source, target = model.source.timbre, model.target.timbre
        self._voiced = _carrying(source.voiced, target.voiced)
        self._unvoiced = _carrying(source.unvoiced, target.unvoiced)

    def __call__(self, frames: Frames) -> Frames:
        model = self._model
        envelope = warped(frames.envelope, model.knobs.warp)
        coder = basis(model.bandwidth, envelope.shape[1])
        cepstra = coder.cepstra(envelope)
        share = _voicing(frames.f0)[:, None]
        wanted = share * self._voiced(cepstra) + (1 - share) * self._unvoiced(cepstra)
        correction = np.clip(wanted - cepstra, -_LARGEST_CORRECTION, _LARGEST_CORRECTION)
        return replace(
            frames,
            f0=moved(frames.f0, model.source.intonation, model.target.intonation),
            envelope=envelope + coder.spectrum(correction),
        )


def _voicing(f0: Floats) -> Floats:
    """How voiced each frame is, 0 to 1, without jumps."""
    window = np.hanning(_CROSSFADE)
    return np.convolve(f0 > 0, window / window.sum(), "same")


def _carrying(source: Cloud, target: Cloud) -> _Map:
    here, there = _steady(source), _steady(target)
    root = square_root(here)
    back = np.linalg.inv(root)
    matrix = back @ square_root(root @ there @ root) @ back
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
    bounded = (vectors * np.clip(values, _LEAST, _MOST)) @ vectors.T
    return _Map(source.mean, target.mean, bounded)


def _steady(cloud: Cloud) -> Floats:
    """The covariance without its loudness, drawn towards its diagonal the more the fewer frames it is from."""
    covariance = cloud.covariance[1:, 1:]
    doubt = float(np.clip(300 / max(cloud.frames, 1), 0.1, 0.9))
    return (1 - doubt) * covariance + doubt * np.diag(np.diag(covariance)) + 1e-6 * np.eye(len(covariance))
