"""The operator's account at MiniMax: key, region, model and what they cost."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Self
from urllib.parse import urlsplit

from persona_graph.provider import PluginConfig

GLOBAL = "https://api.minimax.io"
MODELS = (
    "speech-2.8-hd", "speech-2.8-turbo", "speech-2.6-hd", "speech-2.6-turbo", "speech-2.5-hd-preview",
    "speech-2.5-turbo-preview", "speech-02-hd", "speech-02-turbo", "speech-01-hd", "speech-01-turbo",
)  # fmt: skip
STOCK_VOICE = "English_expressive_narrator"
PER_1000 = {"hd": Decimal("0.10"), "turbo": Decimal("0.06")}
VOICE_FEE = Decimal("1.50")
PER_MINUTE = 60

_MAINLAND = ("minimaxi.com", "minimax.chat", "minimax.cn")
_YES, _NO = ("yes", "true", "1", "on"), ("no", "false", "0", "off")


@dataclass(frozen=True, slots=True)
class Account:
    """``activate``: whether a new clone is used once straight away, which ends its seven days and is when
    MiniMax charges for it."""

    key: str = field(repr=False)
    base_url: str = GLOBAL
    group_id: str = ""
    model: str = MODELS[0]
    stock_voice: str = STOCK_VOICE
    activate: bool = True
    per_minute: int = PER_MINUTE

    @classmethod
    def of(cls, config: PluginConfig) -> Self:
        """Raises MissingSecret without a key, and ValueError for a setting that cannot be meant."""
        return cls(
            key=_key(config.secret("API_KEY")),
            base_url=_address(config.get("BASE_URL") or GLOBAL),
            group_id=config.get("GROUP_ID").strip(),
            model=_model(config.get("MODEL") or MODELS[0]),
            stock_voice=config.get("STOCK_VOICE").strip() or STOCK_VOICE,
            activate=_answer(config.get("ACTIVATE") or "yes"),
            per_minute=_number(config.get("REQUESTS_PER_MINUTE") or str(PER_MINUTE)),
        )

    @property
    def per_1000_chars(self) -> Decimal:
        return PER_1000["turbo" if "turbo" in self.model else "hd"]

    @property
    def region(self) -> str:
        host = urlsplit(self.base_url).hostname or ""
        if host.endswith(_MAINLAND):
            return "mainland China"
        return "MiniMax's global platform" if host.endswith((".minimax.io", ".minimaxi.chat")) else host


def _key(value: str) -> str:
    key = value.strip()
    if not key.isascii() or not key.isprintable() or " " in key:
        raise ValueError("API_KEY holds characters that no key has")
    return key


def _address(value: str) -> str:
    address = value.strip().rstrip("/")
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError("BASE_URL must look like https://api.minimax.io")
    return address


def _model(value: str) -> str:
    model = value.strip()
    if model not in MODELS:
        raise ValueError(f"MODEL must be one of {', '.join(MODELS)}")
    return model


def _answer(value: str) -> bool:
    word = value.strip().lower()
    if word not in _YES + _NO:
        raise ValueError("ACTIVATE must be yes or no")
    return word in _YES


def _number(value: str) -> int:
    if not value.strip().isdecimal() or not 0 < int(value) <= 10_000:
        raise ValueError("REQUESTS_PER_MINUTE must be a whole number above 0")
    return int(value)
