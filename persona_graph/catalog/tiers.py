"""What each tier may buy, from whom and for how much: ``tiers.toml``, checked. Pure."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from persona_graph.errors import TierRefused
from persona_graph.provider import Capability

SHIPPED = Path(__file__).with_name("tiers.toml")
ANY_OTHER = "*"

Usd = Annotated[Decimal, Field(ge=0, le=10_000, decimal_places=4, allow_inf_nan=False)]
Seconds = Annotated[float, Field(gt=0, le=86_400, allow_inf_nan=False)]
ProviderName = Annotated[str, Field(pattern=r"^(\*|[a-z][a-z0-9-]{0,63})$")]


class TiersFault(ValueError):
    """The tiers file cannot be used; the message names the file, the line and the key."""


class Feature(StrEnum):
    """What an account may be allowed to use."""

    WRITING_STYLE = "WRITING_STYLE"
    TEXT = "TEXT"
    SPEECH = "SPEECH"
    OWN_VOICE = "OWN_VOICE"
    VOICE_TRAINING = "VOICE_TRAINING"
    AVATAR = "AVATAR"
    TALKING_VIDEO = "TALKING_VIDEO"


FEATURE_WORDS: Mapping[Feature, str] = {
    Feature.WRITING_STYLE: "Writing style",
    Feature.TEXT: "Text generation",
    Feature.SPEECH: "Speech",
    Feature.OWN_VOICE: "Speech in the own voice",
    Feature.VOICE_TRAINING: "Voice training",
    Feature.AVATAR: "Avatar creation",
    Feature.TALKING_VIDEO: "Talking video",
}


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Section(_Model):
    """One capability in one tier. ``providers`` is the order in which they are asked."""

    allowed: bool
    providers: tuple[ProviderName, ...] = ()

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if not self.allowed:
            return self
        required = {name for name in type(self).model_fields if name.startswith(("price_", "max_"))}
        missing = sorted((required | {"providers"}) - self.model_fields_set)
        if missing:
            raise ValueError(f"is allowed, so it needs {', '.join(missing)}")
        if not self.providers or len(set(self.providers)) < len(self.providers):
            raise ValueError("providers must name at least one provider, and each only once")
        return self

    def place(self, provider: str) -> int | None:
        """Where this provider stands in the order, from 0; ``None`` if it is not to be asked."""
        if provider in self.providers:
            return self.providers.index(provider)
        return self.providers.index(ANY_OTHER) if ANY_OTHER in self.providers else None


class TrainingSection(Section):
    price_once: Usd = Decimal(0)


class SpeechSection(Section):
    price_per_minute: Usd = Decimal(0)


class VideoSection(Section):
    price_per_block: dict[str, Usd] = {}
    block_seconds: int = Field(5, ge=1, le=600)
    max_seconds: Seconds = 1
    short_only: tuple[ProviderName, ...] = ()

    @model_validator(mode="after")
    def _fits(self) -> Self:
        strangers = sorted(set(self.short_only) - set(self.providers))
        if strangers:
            raise ValueError(f"short_only names {', '.join(strangers)}, which providers does not")
        if self.allowed and not self.price_per_block:
            raise ValueError("price_per_block must name at least one resolution")
        return self


class TextSection(Section):
    price_per_1000_chars: Usd = Decimal(0)


class Tier(_Model):
    """``monthly_cap`` is the most an account may spend in a calendar month (UTC), or ``none``."""

    id: str
    name: str = Field(min_length=1, max_length=40)
    monthly_cap: Usd | Literal["none"]
    own_voice: bool
    avatar_creation: bool
    voice_training: TrainingSection
    speech: SpeechSection
    video: VideoSection
    text: TextSection

    @property
    def cap(self) -> Decimal | None:
        return None if self.monthly_cap == "none" else self.monthly_cap

    def section(self, capability: Capability) -> Section:
        match capability:
            case Capability.VOICE_TRAINING:
                return self.voice_training
            case Capability.SPEECH:
                return self.speech
            case Capability.TALKING_VIDEO:
                return self.video
            case Capability.TEXT:
                return self.text

    def allows(self, feature: Feature, seconds: float | None = None) -> bool:
        """``seconds`` is the length of a talking video, and counts only there."""
        match feature:
            case Feature.WRITING_STYLE:
                return True
            case Feature.OWN_VOICE:
                return self.own_voice and self.speech.allowed
            case Feature.AVATAR:
                return self.avatar_creation
            case Feature.TALKING_VIDEO:
                return self.video.allowed and (seconds is None or seconds <= self.video.max_seconds)
            case _:
                return self.section(Capability(feature.value)).allowed

    def price_words(self, feature: Feature) -> str:
        """The unit price as people read it (row 203)."""
        match feature:
            case Feature.VOICE_TRAINING:
                return _words(self.voice_training.price_once, "once per voice")
            case Feature.SPEECH | Feature.OWN_VOICE:
                return _words(self.speech.price_per_minute, "per minute")
            case Feature.TALKING_VIDEO:
                each = (f"{usd(price)} ({name})" for name, price in self.video.price_per_block.items())
                return f"{' or '.join(each)} per started {self.video.block_seconds} s"
            case Feature.TEXT:
                return _words(self.text.price_per_1000_chars, "per 1,000 characters")
            case _:
                return "included"

    def allowances(self) -> tuple[Allowance, ...]:
        return tuple(
            Allowance(
                feature=feature,
                allowed=self.allows(feature),
                price=self.price_words(feature) if self.allows(feature) else None,
                max_seconds=self.video.max_seconds
                if feature is Feature.TALKING_VIDEO and self.video.allowed
                else None,
            )
            for feature in Feature
        )


class Allowance(_Model):
    """One line of a tier's price list; ``price`` is in words, ``None`` where it is not allowed."""

    feature: Feature
    allowed: bool
    price: str | None
    max_seconds: float | None


class Tiers(_Model):
    """All tiers, the cheapest first."""

    default_video_seconds: Seconds
    short_video_seconds: Seconds
    tiers: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")], Tier] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_each(cls, raw: object) -> object:
        if isinstance(raw, dict) and isinstance(raw.get("tiers"), dict):
            tiers = {key: {**t, "id": key} if isinstance(t, dict) else t for key, t in raw["tiers"].items()}
            return {**raw, "tiers": tiers}
        return raw

    @property
    def all(self) -> tuple[Tier, ...]:
        return tuple(self.tiers.values())

    @property
    def cheapest(self) -> Tier:
        return self.all[0]

    def tier(self, tier_id: str) -> Tier:
        try:
            return self.tiers[tier_id]
        except KeyError:
            raise TiersFault(f"there is no tier {tier_id!r}; there are {', '.join(self.tiers)}") from None

    def monthly_cap(self, tier_id: str) -> Decimal | None:
        return self.tier(tier_id).cap

    def required_tier(self, feature: Feature, seconds: float | None = None) -> Tier | None:
        """The cheapest tier that allows it."""
        return next((tier for tier in self.all if tier.allows(feature, seconds)), None)

    def admit(self, tier_id: str, feature: Feature, seconds: float | None = None) -> Tier:
        """The tier, if it allows the feature; else TierRefused, naming the one that does and its price."""
        tier = self.tier(tier_id)
        if tier.allows(feature, seconds):
            return tier
        what = FEATURE_WORDS[feature]
        if tier.allows(feature):
            message = (
                f"{what} is limited to {tier.video.max_seconds:g} s on {tier.name}; this is {seconds:g} s."
            )
        else:
            message = f"{what} is not part of {tier.name}."
        able = self.required_tier(feature, seconds)
        if able is not None:
            fix = f"{able.name} has it: {able.price_words(feature)}."
        elif (
            longest := max((t.video.max_seconds for t in self.all if t.video.allowed), default=None)
        ) and seconds:
            fix = f"No tier goes beyond {longest:g} s: make it shorter."
        else:
            fix = "No tier of this server has it."
        raise TierRefused(message=message, tier=tier_id, required_tier=able.id if able else None, fix=fix)


def load_tiers(path: Path | None = None) -> Tiers:
    """The tiers of ``path``, or those that come with the package."""
    path = path or SHIPPED
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise TiersFault(f"{path.name}: cannot be read: {fault}") from fault
    try:
        # Decimals are read from their digits, so that 0.02 is exactly two cents.
        return Tiers.model_validate(tomllib.loads(text, parse_float=Decimal))
    except tomllib.TOMLDecodeError as fault:
        raise TiersFault(f"{path.name}: {fault}") from fault
    except ValidationError as fault:
        raise TiersFault("\n".join(_fault_lines(path.name, text, fault))) from fault


def usd(amount: Decimal) -> str:
    """``$0.02``: two digits, more only where the price has them."""
    exact = amount.normalize()
    digits = max(2, -int(exact.as_tuple().exponent))
    return f"${exact:,.{digits}f}"


def _words(price: Decimal, unit: str) -> str:
    return f"{usd(price)} {unit}" if price else "included"


def _fault_lines(name: str, text: str, fault: ValidationError) -> list[str]:
    lines = []
    for error in fault.errors(include_url=False, include_input=False):
        loc = tuple(str(part) for part in error["loc"])
        line = _line_of(text, loc)
        where = f"{name}, line {line}" if line else name
        lines.append(f"{where}: {'.'.join(loc) or 'the file'}: {error['msg']}")
    return lines


_HEADER = re.compile(r"^\s*\[\[?([^\]]+)\]")
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"'-]+)\s*=")


def _line_of(text: str, loc: Sequence[str]) -> int | None:
    """The line of the deepest key on the way to ``loc`` that is written down (TOML readers keep none)."""
    best: tuple[int, int | None] = (0, None)
    table: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            path = table = _dotted(header[1])
        elif key := _KEY.match(line):
            path = table + _dotted(key[1])
        else:
            continue
        if len(path) > best[0] and list(loc[: len(path)]) == path:
            best = (len(path), number)
    return best[1]


def _dotted(path: str) -> list[str]:
    return [part.strip().strip("\"'") for part in path.split(".")]
