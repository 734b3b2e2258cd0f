"""The operator's account at ElevenLabs: key, region, model, plan."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Self
from urllib.parse import urlsplit

from persona_graph.provider import PluginConfig

HOME = "https://api.elevenlabs.io"
STOCK_VOICE = "JBFqnCBsd6RMkjVDRZzb"
# Above the list price of every paid plan that we know of; a plan's credits are worth what they cost there.
PER_1000_CHARS = Decimal("0.30")
# The free plan's.
AT_A_TIME = 2

# What one request may hold, by the vendor's help page; of v3 it says nothing.
MODELS = {
    "eleven_multilingual_v2": 10_000,
    "eleven_multilingual_v1": 10_000,
    "eleven_monolingual_v1": 10_000,
    "eleven_flash_v2_5": 40_000,
    "eleven_turbo_v2_5": 40_000,
    "eleven_flash_v2": 30_000,
    "eleven_turbo_v2": 30_000,
    "eleven_v3": 3_000,
}
_REGIONS = {"us": "United States", "eu": "European Union", "in": "India", "sg": "Singapore"}


@dataclass(frozen=True, slots=True)
class Account:
    key: str = field(repr=False)
    base_url: str = HOME
    model: str = "eleven_multilingual_v2"
    stock_voice: str = STOCK_VOICE
    per_1000_chars: Decimal = PER_1000_CHARS
    at_a_time: int = AT_A_TIME

    @classmethod
    def of(cls, config: PluginConfig) -> Self:
        """Raises MissingSecret without a key, and ValueError for a setting that cannot be meant."""
        return cls(
            key=_key(config.secret("API_KEY")),
            base_url=_address(config.get("BASE_URL") or HOME),
            model=_model(config.get("MODEL") or "eleven_multilingual_v2"),
            stock_voice=_voice(config.get("STOCK_VOICE") or STOCK_VOICE),
            per_1000_chars=_price(config.get("COST_PER_1000_CHARS") or str(PER_1000_CHARS)),
            at_a_time=_number(config.get("MAX_CONCURRENT") or str(AT_A_TIME)),
        )

    @property
    def region(self) -> str:
        host = urlsplit(self.base_url).hostname or ""
        if not host.endswith(".elevenlabs.io"):
            return host
        place = host.split(".")[1]
        return _REGIONS.get(place, "ElevenLabs's own choice")


def _key(value: str) -> str:
    key = value.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("API_KEY holds characters that no key has")
    return key


def _address(value: str) -> str:
    address = value.strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"BASE_URL must look like {HOME}")
    return address


def _model(value: str) -> str:
    model = value.strip()
    if model not in MODELS:
        raise ValueError(f"MODEL must be one of {', '.join(MODELS)}")
    return model


def _voice(value: str) -> str:
    voice = value.strip()
    if not voice.isascii() or not voice.isalnum():
        raise ValueError("STOCK_VOICE must be a voice id, letters and digits")
    return voice


def _price(value: str) -> Decimal:
    try:
        price = Decimal(value.strip())
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or not 0 <= price <= 100:
        raise ValueError("COST_PER_1000_CHARS must be US dollars, such as 0.22")
    return price


def _number(value: str) -> int:
    if not value.strip().isdecimal() or not 0 < int(value) <= 1000:
        raise ValueError("MAX_CONCURRENT must be a whole number above 0")
    return int(value)
