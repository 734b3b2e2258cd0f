"""What this plugin offers. Prices are those of WaveSpeed's model pages; README.md says which are disputed."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from persona_graph.provider import (
    Capability,
    Cost,
    DataUse,
    Fidelity,
    Limits,
    Offer,
    PaymentSafety,
)
from persona_graph_wavespeed.languages import LANGUAGES
from persona_graph_wavespeed.levels import Level
from persona_graph_wavespeed.uploads import MOST_AUDIO_BYTES

_ADDRESS = "at a public address without a password, for 7 days"
# Whether the vendor, or the makers of the models it runs, train on what is sent is not stated: so it counts as yes.
_IN_VIDEO = DataUse(
    leaves=(f"the portrait, {_ADDRESS}", f"the speech, {_ADDRESS}", "the prompt"),
    kept_days=7,
    region="not stated",
    trains_on_it=True,
    deletion_supported=False,
)
# MiniMax's own limits for a recording to clone: what WaveSpeed passes on.
MOST_SAMPLE_SECONDS = 300
MOST_SAMPLE_BYTES = 20_000_000
MOST_CHARACTERS = 5_000


def hunyuan(level: Level) -> Offer:
    """Whether a started block or a started second is billed is not documented: the block is the higher."""
    cost = Cost(
        per_block=Decimal("0.15"), per_block_at=(("720p", Decimal("0.30")),), block_seconds=5, min_blocks=1
    )
    return _video(level, cost, max_seconds=120, give_up_after=timedelta(hours=8))


def infinite_talk(level: Level) -> Offer:
    cost = Cost(
        per_block=Decimal("0.03"), per_block_at=(("720p", Decimal("0.06")),), block_seconds=1, min_blocks=5
    )
    return _video(level, cost, max_seconds=600, give_up_after=timedelta(hours=24))


def _video(level: Level, cost: Cost, *, max_seconds: int, give_up_after: timedelta) -> Offer:
    """A second of video takes the vendor 10 to 30 s; ``typical_seconds`` is that of twenty seconds. A task that
    waits behind others of the account is waited for."""
    return Offer(
        id="talk",
        capability=Capability.TALKING_VIDEO,
        cost=cost,
        limits=Limits(
            max_seconds=max_seconds,
            max_bytes=MOST_AUDIO_BYTES,
            resolutions=("480p", "720p"),
            max_concurrent=level.concurrent,
            options=("prompt",),
        ),
        payment_safety=PaymentSafety.FINDABLE,
        typical_seconds=400,
        give_up_after=give_up_after,
        data_use=_IN_VIDEO,
    )


def training(level: Level) -> Offer:
    return Offer(
        id="clone",
        capability=Capability.VOICE_TRAINING,
        cost=Cost(per_run=Decimal("0.50")),
        limits=Limits(
            min_seconds=10,
            max_seconds=MOST_SAMPLE_SECONDS,
            max_bytes=MOST_SAMPLE_BYTES,
            content_types=("audio/wav", "audio/x-wav"),
            languages=tuple(LANGUAGES),
            max_concurrent=level.concurrent,
        ),
        fidelity=Fidelity.CLONE,
        payment_safety=PaymentSafety.FINDABLE,
        typical_seconds=30,
        give_up_after=timedelta(hours=2),
        data_use=DataUse(
            leaves=(f"the recordings, {_ADDRESS}",),
            region="not stated",
            trains_on_it=True,
            deletion_supported=False,
        ),
    )


def speech(level: Level) -> Offer:
    """Whether a Han character counts twice, as it does at MiniMax, is not documented: twice is the higher."""
    return Offer(
        id="speak",
        capability=Capability.SPEECH,
        cost=Cost(per_1000_chars=Decimal("0.05"), han_weight=2),
        limits=Limits(
            max_chars=MOST_CHARACTERS,
            languages=tuple(LANGUAGES),
            max_concurrent=level.concurrent,
            options=("emotion", "speed", "pitch"),
        ),
        uses_trained_voice=True,
        fidelity=Fidelity.CLONE,
        payment_safety=PaymentSafety.FINDABLE,
        typical_seconds=10,
        give_up_after=timedelta(hours=2),
        data_use=DataUse(
            leaves=("the script", f"the speech, {_ADDRESS}"),
            kept_days=7,
            region="not stated",
            trains_on_it=True,
            deletion_supported=False,
        ),
    )
