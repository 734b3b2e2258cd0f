"""What this plugin offers, for how much, and what leaves the machine. The figures' sources are in the README."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from persona_graph.provider import Capability, Cost, DataUse, Fidelity, Limits, Offer, PaymentSafety
from persona_graph_minimax.account import VOICE_FEE, Account
from persona_graph_minimax.languages import languages_of

LEAST_SECONDS, MOST_SECONDS = 10, 300
MOST_BYTES = 20_000_000
AT_ONCE_CHARS = 9_999
MOST_CHARS = 50_000
HAN_WEIGHT = 2
# The shortest thing that is surely speech: what is said to begin a clone's life.
FIRST_WORDS = "Hi."


def offers_of(account: Account) -> tuple[Offer, ...]:
    return (_training(account), _speech(account, own=True), _speech(account, own=False))


def _training(account: Account) -> Offer:
    spoken = account.per_1000_chars * len(FIRST_WORDS) / 1000
    return Offer(
        id="train",
        capability=Capability.VOICE_TRAINING,
        cost=Cost(per_run=VOICE_FEE + spoken) if account.activate else Cost(),
        limits=Limits(
            min_seconds=LEAST_SECONDS,
            max_seconds=MOST_SECONDS,
            max_bytes=MOST_BYTES,
            content_types=("audio/wav", "audio/x-wav"),
            languages=languages_of(account.model),
        ),
        fidelity=Fidelity.CLONE,
        # The voice's id is made from the key, and MiniMax takes an id once.
        payment_safety=PaymentSafety.KEYED,
        typical_seconds=30,
        give_up_after=timedelta(minutes=30),
        data_use=_data_use(account, "recordings of the voice, joined to one file", "its language"),
    )


def _speech(account: Account, *, own: bool) -> Offer:
    return Offer(
        id="speak" if own else "stock",
        capability=Capability.SPEECH,
        cost=Cost(per_1000_chars=account.per_1000_chars, han_weight=HAN_WEIGHT),
        limits=Limits(
            max_chars=MOST_CHARS,
            languages=languages_of(account.model),
            options=("emotion", "speed", "pitch", "pronunciations"),
        ),
        uses_trained_voice=own,
        first_use=VOICE_FEE if own else Decimal(0),
        fidelity=Fidelity.CLONE if own else Fidelity.STOCK,
        payment_safety=PaymentSafety.BLIND,
        typical_seconds=10,
        give_up_after=timedelta(hours=2),
        data_use=_data_use(account, "the script", "how it is spoken"),
    )


def _data_use(account: Account, *leaves: str) -> DataUse:
    """How long MiniMax keeps things and whether it trains on them is not in the contract this was built
    from, so nothing better than the worst is claimed."""
    return DataUse(
        leaves=leaves, kept_days=None, region=account.region, trains_on_it=True, deletion_supported=True
    )
