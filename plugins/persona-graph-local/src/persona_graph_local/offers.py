"""What this plugin offers. Everything costs nothing and leaves nothing: it runs on this machine."""

from __future__ import annotations

from datetime import timedelta

from persona_graph.provider import Capability, DataUse, Fidelity, Limits, Offer, PaymentSafety
from persona_graph_local.languages import LANGUAGES

MOST_SAMPLES = 25
LONGEST_SCRIPT = 20_000
_MEGABYTE = 1_000_000
_HERE = DataUse(leaves=(), kept_days=0, region="this machine", trains_on_it=False, deletion_supported=True)


def training(at_a_time: int) -> Offer:
    """Five seconds of speech already give pitch, pace and timbre within what longer sets give; more than
    ten minutes teaches nothing new."""
    return Offer(
        id="train",
        capability=Capability.VOICE_TRAINING,
        limits=Limits(
            min_seconds=5,
            max_seconds=600,
            max_bytes=120 * _MEGABYTE,
            content_types=("audio/wav", "audio/x-wav"),
            languages=LANGUAGES,
            max_concurrent=at_a_time,
        ),
        fidelity=Fidelity.APPROXIMATE,
        payment_safety=PaymentSafety.KEYED,
        typical_seconds=12,
        give_up_after=timedelta(minutes=30),
        data_use=_HERE,
    )


def speech(offer_id: str, at_a_time: int, *, trained: bool) -> Offer:
    return Offer(
        id=offer_id,
        capability=Capability.SPEECH,
        limits=Limits(
            max_chars=LONGEST_SCRIPT,
            languages=LANGUAGES,
            max_concurrent=at_a_time,
            options=("speed", "pitch", "pronunciations"),
        ),
        uses_trained_voice=trained,
        fidelity=Fidelity.APPROXIMATE if trained else Fidelity.STOCK,
        payment_safety=PaymentSafety.KEYED,
        typical_seconds=5 if trained else 2,
        give_up_after=timedelta(hours=1),
        data_use=_HERE,
    )


def animation(at_a_time: int) -> Offer:
    return Offer(
        id="animate",
        capability=Capability.TALKING_VIDEO,
        limits=Limits(
            max_seconds=600,
            max_bytes=120 * _MEGABYTE,
            resolutions=("480p", "720p"),
            max_concurrent=at_a_time,
        ),
        payment_safety=PaymentSafety.KEYED,
        typical_seconds=20,
        give_up_after=timedelta(hours=2),
        data_use=_HERE,
    )
