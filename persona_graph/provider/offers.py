"""What a provider can do, within which limits, and what it costs the operator."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

# The unified ideographs with their extensions, and the compatibility ones.
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")


class Capability(StrEnum):
    """A kind of work."""

    VOICE_TRAINING = "VOICE_TRAINING"
    SPEECH = "SPEECH"
    TALKING_VIDEO = "TALKING_VIDEO"
    TEXT = "TEXT"


class PaymentSafety(StrEnum):
    """What the core may do when a reply to ``start`` was lost and money may have been spent.

    KEYED: the vendor honours ``call.idempotency_key``; ``start`` may simply be repeated.
    FINDABLE: ``find`` can look the order up; it is asked first.
    BLIND: neither; the job is parked for a person to look at.
    """

    KEYED = "KEYED"
    FINDABLE = "FINDABLE"
    BLIND = "BLIND"


class Fidelity(StrEnum):
    """How near a spoken voice comes to the speaker: CLONE (a vendor's neural copy), APPROXIMATE
    (pitch, pace and timbre fitted; audibly not the person), STOCK (somebody else's voice)."""

    CLONE = "CLONE"
    APPROXIMATE = "APPROXIMATE"
    STOCK = "STOCK"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What the vendor bills the operator, in USD. All parts add up.

    ``per_block`` is billed for every started ``block_seconds`` of the produced media, at least
    ``min_blocks`` times; ``per_block_at`` holds what a block costs at resolutions where it is not
    ``per_block``, as pairs such as ``("720p", Decimal("0.30"))``. ``han_weight`` is how many characters
    the vendor counts for one Han character.
    """

    per_run: Decimal = Decimal(0)
    per_1000_chars: Decimal = Decimal(0)
    per_block: Decimal = Decimal(0)
    per_block_at: tuple[tuple[str, Decimal], ...] = ()
    block_seconds: int = 1
    min_blocks: int = 0
    han_weight: int = 1

    def of(self, *, seconds: float = 0, characters: int = 0, resolution: str = "") -> Decimal:
        """The bill in USD for media of ``seconds`` made from ``characters`` as ``weigh`` counts them."""
        blocks = max(self.min_blocks, math.ceil(round(seconds / self.block_seconds, 6)))
        block = dict(self.per_block_at).get(resolution, self.per_block)
        return self.per_run + self.per_1000_chars * characters / 1000 + block * blocks

    def weigh(self, text: str) -> int:
        """How many characters the vendor bills for ``text``."""
        return len(text) + (self.han_weight - 1) * len(_HAN.findall(text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one order. ``None`` or an empty tuple means no bound of that kind.

    ``min_seconds``/``max_seconds`` bound the sample set of VOICE_TRAINING and the speech of
    TALKING_VIDEO; ``max_chars`` bounds a script; ``max_bytes`` bounds one input file;
    ``resolutions`` are names such as ``480p``; ``languages`` are BCP 47 primary subtags;
    ``options`` names the order settings the provider honours (``emotion``, ``speed``, ``pitch``,
    ``prompt``, ``pronunciations``).
    """

    min_seconds: float | None = None
    max_seconds: float | None = None
    max_chars: int | None = None
    max_bytes: int | None = None
    content_types: tuple[str, ...] = ()
    resolutions: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    max_concurrent: int | None = None
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class DataUse:
    """What happens to a person's data at the vendor; shown before consent.

    ``leaves`` says in words what is sent (empty: nothing leaves the machine); ``kept_days`` is how
    long the vendor keeps it (``None``: unknown); ``region`` where.
    """

    leaves: tuple[str, ...] = ()
    kept_days: int | None = None
    region: str = ""
    trains_on_it: bool = False
    deletion_supported: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """One capability at a cost within limits. ``id`` is unique within the provider.

    ``first_use`` is what the vendor bills once, in USD, when a trained voice that would expire is used
    for the first time.

    ``typical_seconds`` is the usual wall time of an order, for people who wait; ``give_up_after``
    is when the core stops asking and treats the outcome as unknown.
    """

    id: str
    capability: Capability
    cost: Cost = field(default_factory=Cost)
    limits: Limits = field(default_factory=Limits)
    uses_trained_voice: bool = False
    first_use: Decimal = Decimal(0)
    fidelity: Fidelity | None = None
    payment_safety: PaymentSafety = PaymentSafety.BLIND
    typical_seconds: float | None = None
    give_up_after: timedelta = timedelta(hours=2)
    data_use: DataUse = field(default_factory=DataUse)
