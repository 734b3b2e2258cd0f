"""A provider that does what the files in its folder tell it, and writes down what it was asked.

It makes real media: its trained voice says everything in pieces of the recordings, its videos are the
portrait with the speech under it. Beside it in the folder: ``hold-<offer>`` keeps tickets of that offer
waiting as long as it exists, ``ticks-<offer>`` holds how many progress reports come first, ``reject-<offer>``
the message with which orders are rejected; ``history.jsonl`` is what it was asked.
"""

from __future__ import annotations

import asyncio
import io
import json
import math
import struct
import subprocess
import wave
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import imageio_ffmpeg

from persona_graph.provider import (
    API_VERSION,
    Animate,
    Call,
    Capability,
    Cost,
    DataUse,
    Delivery,
    Fidelity,
    FileRef,
    Limits,
    Offer,
    Order,
    OrderRejected,
    PaymentSafety,
    PluginConfig,
    Progress,
    Provider,
    Speak,
    Ticket,
    Timing,
    TrainVoice,
    Write,
    hookimpl,
)

RATE = 24_000
SECONDS_PER_CHARACTER = 0.065
MODEL_SECONDS = 20
WRITTEN = "That is what it is about, and **this** is how I see it: https://example.com/more\n\n#Craft #Work"
SIZES = {"1:1": (1, 1), "16:9": (16, 9), "9:16": (9, 16)}
LEAVES = DataUse(leaves=("recordings",), kept_days=30, region="nowhere")


def _offer(id: str, capability: Capability, **more: Any) -> Offer:
    return Offer(id=id, capability=capability, payment_safety=PaymentSafety.KEYED, **more)


@dataclass
class Scripted:
    folder: Path

    id = "scripted"
    name = "Scripted"
    api_version = API_VERSION
    offers = (
        _offer(
            "train", Capability.VOICE_TRAINING, cost=Cost(per_run=Decimal("0.5")), fidelity=Fidelity.CLONE,
            limits=Limits(min_seconds=3, max_seconds=300, languages=("en", "de")), data_use=LEAVES,
        ),
        _offer(
            "own", Capability.SPEECH, cost=Cost(per_1000_chars=Decimal("0.1")), fidelity=Fidelity.CLONE,
            uses_trained_voice=True, limits=Limits(languages=("en", "de"), options=("speed",)),
        ),
        _offer("stock", Capability.SPEECH, fidelity=Fidelity.STOCK, limits=Limits(languages=("en", "de"))),
        _offer(
            "talk", Capability.TALKING_VIDEO, cost=Cost(per_block=Decimal("0.15"), block_seconds=5, min_blocks=1),
            limits=Limits(max_seconds=120, resolutions=("480p", "720p"), options=("prompt",)),
        ),
        _offer("write", Capability.TEXT, cost=Cost(per_1000_chars=Decimal("0.2")), limits=Limits(max_chars=20_000)),
    )  # fmt: skip

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        self._note(call="start", offer=offer.id, order=type(order).__name__, order_words=_words(order))
        if (why := self.folder / f"reject-{offer.id}").exists():
            raise OrderRejected(why.read_text() or "It cannot be made.", code="MODERATION")
        for name, content in (await _made(order, call)).items():
            (call.folder / name).write_bytes(content)
        return Ticket({"offer": offer.id}, check_again_in=0.05)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        offer = str(ticket.data["offer"])
        told = call.folder / "told"
        tick = int(told.read_text()) if told.exists() else 0
        ticks = self.folder / f"ticks-{offer}"
        if ticks.exists() and tick < (most := int(ticks.read_text())):
            told.write_text(str(tick + 1))
            return Progress(fraction=tick / most, stage=f"step {tick + 1} of {most}", check_again_in=0.01)
        if (self.folder / f"hold-{offer}").exists():
            return Progress(fraction=0.5, stage="held", check_again_in=0.2)
        return _delivery(offer, call)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return None

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        self._note(call="cancel", offer=ticket.data["offer"])

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        self._note(call="forget", voice=vendor_voice)

    def _note(self, **what: Any) -> None:
        with (self.folder / "history.jsonl").open("a") as history:
            history.write(json.dumps(what) + "\n")


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> Iterable[Provider]:
    return [Scripted(Path(config.secret("FOLDER")))]


def _words(order: Order) -> dict[str, Any]:
    match order:
        case TrainVoice():
            return {"samples": len(order.samples), "language": order.language}
        case Speak():
            return {"script": order.script, "speed": order.style.speed, "own": order.voice is not None}
        case Animate():
            return {"resolution": order.resolution, "aspect": order.aspect, "prompt": order.prompt}
        case Write():
            return {
                "brief": order.brief,
                "style": order.style_prompt,
                "max": order.max_chars,
                "language": order.language,
            }
    return {}


async def _made(order: Order, call: Call) -> dict[str, bytes]:
    match order:
        case TrainVoice():
            pieces = [_frames(await call.read(sample)) for sample in order.samples]
            return {"model": b"".join(pieces)[: MODEL_SECONDS * RATE * 2]}
        case Speak():
            return {"media.wav": await _speech(order, call)}
        case Animate():
            return {"media.mp4": await _video(order, call)}
        case Write():
            return {"text": f"{order.brief} {WRITTEN}"[: order.max_chars].encode()}


def _delivery(offer: str, call: Call) -> Delivery:
    if offer == "train":
        model = (call.folder / "model").read_bytes()
        return Delivery(vendor_voice=f"voice-{call.client_ref}", voice_model=model)
    if offer == "write":
        return Delivery(text=(call.folder / "text").read_text())
    if offer == "talk":
        return Delivery(
            media=call.folder / "media.mp4", content_type="video/mp4", honoured_options=("prompt",)
        )
    timings = (Timing("word", "Hello", 0.0, 0.4),)
    return Delivery(media=call.folder / "media.wav", content_type="audio/wav", timings=timings)


def _frames(recording: bytes) -> bytes:
    with wave.open(io.BytesIO(recording)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (1, 2, RATE)
        return file.readframes(file.getnframes())


async def _speech(order: Speak, call: Call) -> bytes:
    size = 2 * int(RATE * max(1.0, len(order.script) * SECONDS_PER_CHARACTER / order.style.speed))
    voice = await call.read(_model(order)) if order.voice else _hum()
    frames = (voice * math.ceil(size / len(voice)))[:size]
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(frames)
    return out.getvalue()


def _model(order: Speak) -> FileRef:
    assert order.voice is not None and order.voice.model is not None
    return order.voice.model


def _hum() -> bytes:
    """Somebody else: a buzzing tone in bursts."""
    wave_ = (
        9000 * math.sin(2 * math.pi * 140 * n / RATE) * (math.sin(2 * math.pi * 3 * n / RATE) > -0.5)
        for n in range(RATE)
    )
    return b"".join(struct.pack("<h", int(value)) for value in wave_)


async def _video(order: Animate, call: Call) -> bytes:
    short = int(order.resolution.removesuffix("p"))
    wide, high = SIZES[order.aspect]
    size = f"{short * wide // min(wide, high) // 2 * 2}:{short * high // min(wide, high) // 2 * 2}"
    portrait, speech, out = (call.folder / name for name in ("in.png", "in.audio", "out.mp4"))
    portrait.write_bytes(await call.read(order.portrait))
    speech.write_bytes(await call.read(order.speech))
    command = [
        imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-loop", "1", "-framerate", "5",
        "-i", str(portrait), "-i", str(speech), "-t", f"{order.speech.seconds:.3f}", "-vf", f"scale={size}",
        "-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", str(out),
    ]  # fmt: skip
    await asyncio.to_thread(subprocess.run, command, check=True, stdin=subprocess.DEVNULL)
    return out.read_bytes()
