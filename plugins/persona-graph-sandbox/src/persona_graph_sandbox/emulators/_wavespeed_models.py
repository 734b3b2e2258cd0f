"""WaveSpeed's models as far as they are played: what they take, and what they cost."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

_VOICE_ID = re.compile(r"(?=.*[0-9])[A-Za-z][A-Za-z0-9_-]{7,255}")
SHORTEST_BILLED = 5


@dataclass(frozen=True, slots=True)
class Field:
    kind: type | tuple[type, ...] = str
    required: bool = False
    least: float | None = None
    most: float | None = None
    choices: Sequence[object] = ()

    def fault(self, name: str, value: object) -> str | None:
        kinds = self.kind if isinstance(self.kind, tuple) else (self.kind,)
        if (isinstance(value, bool) and bool not in kinds) or not isinstance(value, kinds):
            return f'field "{name}" has the wrong type'
        if self.required and value == "":
            return f'field "{name}" is required'
        if self.choices and value not in self.choices:
            return f'field "{name}" must be one of {", ".join(map(str, self.choices))}'
        size = len(value) if isinstance(value, str) else value
        if self.most is not None and isinstance(size, int | float) and size > self.most:
            return f'field "{name}" must be at most {self.most:g}'
        if self.least is not None and isinstance(size, int | float) and size < self.least:
            return f'field "{name}" must be at least {self.least:g}'
        return None


NUMBER = (int, float)
_TEXT, _NEEDED = Field(), Field(required=True)
_RESOLUTION = Field(choices=("480p", "720p"))
_SEED = Field(int, least=-1, most=2**31 - 1)
_PORTRAIT = {"image": _NEEDED, "prompt": _TEXT, "seed": _SEED}
_ALONE = {**_PORTRAIT, "audio": _NEEDED}
_PAIR = {
    **_PORTRAIT, "left_audio": _NEEDED, "right_audio": _NEEDED,
    "order": Field(choices=("meanwhile", "left_right", "right_left")),
}  # fmt: skip
_SPEECH = {
    "text": Field(required=True, most=10_000),
    "voice_id": _NEEDED,
    "speed": Field(NUMBER, least=0.5, most=2),
    "volume": Field(NUMBER, least=0.01, most=10),
    "pitch": Field(int, least=-12, most=12),
    "emotion": Field(choices=("happy", "sad", "angry", "fearful", "disgusted", "surprised", "neutral")),
    "english_normalization": Field(bool),
    "sample_rate": Field(int, choices=(8000, 16000, 22050, 24000, 32000, 44100)),
    "bitrate": Field(int, choices=(32000, 64000, 128000, 256000)),
    "channel": Field((int, str)),
    "format": Field(choices=("mp3", "wav", "pcm", "flac")),
    "language_boost": _TEXT,
}
_CLONE = {
    "audio": _NEEDED,
    "custom_voice_id": _NEEDED,
    "model": Field(
        required=True,
        choices=("speech-02-hd", "speech-02-turbo", "speech-2.5-hd-preview", "speech-2.5-turbo-preview"),
    ),
    "need_noise_reduction": Field(bool),
    "need_volume_normalization": Field(bool),
    "accuracy": Field(NUMBER, least=0, most=1),
    "text": Field(most=2000),
}


@dataclass(frozen=True, slots=True)
class Model:
    """``kind`` is ``video``, ``speech`` or ``clone``; ``most_seconds`` bounds its audio. ``block`` is the price of
    ``block_seconds`` by resolution."""

    path: str
    kind: str
    fields: Mapping[str, Field]
    most_seconds: float | None = None
    block: Mapping[str, Decimal] = field(default_factory=dict)
    block_seconds: int = 1
    once: Decimal = Decimal(0)
    per_1000_chars: Decimal = Decimal(0)

    def fault(self, body: Mapping[str, Any]) -> str | None:
        """What the service would say of this body, if it refused it."""
        for name, known in self.fields.items():
            if known.required and name not in body:
                return f'field "{name}" is required'
        for name, value in body.items():
            if name == "enable_sync_mode":
                continue
            if name not in self.fields:
                return f'unknown field "{name}"'
            if (wrong := self.fields[name].fault(name, value)) is not None:
                return wrong
        voice = body.get("custom_voice_id")
        if voice is not None and not _VOICE_ID.fullmatch(voice):
            return 'field "custom_voice_id" needs 8 characters, letters and digits, a letter first'
        return None

    def price(self, body: Mapping[str, Any], seconds: float) -> Decimal:
        if self.kind != "video":
            return self.once + self.per_1000_chars * len(str(body.get("text", ""))) / 1000
        billed = max(SHORTEST_BILLED, math.ceil(round(seconds, 3)))
        rate = self.block.get(str(body.get("resolution", "480p")), self.block["480p"])
        return rate * math.ceil(billed / self.block_seconds)


def _rates(low: str, high: str) -> dict[str, Decimal]:
    return {"480p": Decimal(low), "720p": Decimal(high)}


_TALK = _rates("0.03", "0.06")
_FAST = _rates("0.015", "0.015")
_MASK = {"mask_image": _TEXT}

MODELS = {
    model.path: model
    for model in (
        Model(
            "wavespeed-ai/hunyuan-avatar", "video", {**_ALONE, "resolution": _RESOLUTION}, 120,
            _rates("0.15", "0.30"), 5,
        ),
        Model("wavespeed-ai/infinitetalk", "video", {**_ALONE, **_MASK, "resolution": _RESOLUTION}, 600, _TALK),
        Model("wavespeed-ai/infinitetalk/multi", "video", {**_PAIR, "resolution": _RESOLUTION}, 600, _TALK),
        Model("wavespeed-ai/infinitetalk-fast", "video", {**_ALONE, **_MASK}, 600, _FAST),
        Model("wavespeed-ai/infinitetalk-fast/multi", "video", _PAIR, 600, _FAST),
        Model("minimax/voice-clone", "clone", _CLONE, once=Decimal("0.50")),
        *(
            Model(f"minimax/{name}", "speech", _SPEECH, per_1000_chars=Decimal(price))
            for name, price in (
                ("speech-02-hd", "0.05"), ("speech-02-turbo", "0.03"),
                ("speech-2.6-hd", "0.05"), ("speech-2.6-turbo", "0.03"),
            )
        ),
    )
}  # fmt: skip
