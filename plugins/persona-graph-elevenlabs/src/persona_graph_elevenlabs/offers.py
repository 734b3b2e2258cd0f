"""What this plugin offers, for how much, and what leaves the machine."""

from __future__ import annotations

from datetime import timedelta

from persona_graph.provider import Capability, Cost, DataUse, Fidelity, Limits, Offer, PaymentSafety
from persona_graph_elevenlabs.account import MODELS, Account
from persona_graph_elevenlabs.languages import languages_of

LEAST_SECONDS, MOST_SECONDS = 10, 300
MOST_BYTES = 10_000_000
MOST_SAMPLES = 25
# Ten minutes of mp3 in one JSON answer are enough; longer scripts come in parts.
MOST_CHARS = 10_000


def offers_of(account: Account) -> tuple[Offer, ...]:
    return (_training(account), _speech(account, own=True), _speech(account, own=False))


def most_chars(account: Account) -> int:
    return min(MODELS[account.model], MOST_CHARS)


def _training(account: Account) -> Offer:
    """A clone is part of the plan: it takes one of its places and no credits."""
    return Offer(
        id="train",
        capability=Capability.VOICE_TRAINING,
        limits=Limits(
            min_seconds=LEAST_SECONDS,
            max_seconds=MOST_SECONDS,
            max_bytes=MOST_BYTES,
            content_types=("audio/wav", "audio/x-wav"),
            languages=languages_of(account.model),
            max_concurrent=account.at_a_time,
        ),
        fidelity=Fidelity.CLONE,
        # The voice's name holds our reference, and all voices can be listed.
        payment_safety=PaymentSafety.FINDABLE,
        typical_seconds=20,
        give_up_after=timedelta(minutes=30),
        data_use=_data_use(account, "recordings of the voice", "its language"),
    )


def _speech(account: Account, *, own: bool) -> Offer:
    return Offer(
        id="speak" if own else "stock",
        capability=Capability.SPEECH,
        cost=Cost(per_1000_chars=account.per_1000_chars),
        limits=Limits(
            max_chars=most_chars(account),
            languages=languages_of(account.model),
            max_concurrent=account.at_a_time,
        ),
        uses_trained_voice=own,
        fidelity=Fidelity.CLONE if own else Fidelity.STOCK,
        payment_safety=PaymentSafety.BLIND,
        typical_seconds=10,
        give_up_after=timedelta(hours=1),
        data_use=_data_use(account, "the script"),
    )


def _data_use(account: Account, *leaves: str) -> DataUse:
    """How long ElevenLabs keeps things and whether it trains on them depends on the plan and the account's
    settings, so nothing better than the worst is claimed."""
    return DataUse(
        leaves=leaves, kept_days=None, region=account.region, trains_on_it=True, deletion_supported=True
    )
