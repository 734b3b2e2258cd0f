"""Whether, where and how often Google is asked."""

from __future__ import annotations

import math
from dataclasses import dataclass
from urllib.parse import urlsplit

from persona_graph.provider import PluginConfig

# Part of a host name that scripts are sent to: only these, whoever writes the settings.
TLDS = (
    "com", "ca", "cn", "co.id", "co.il", "co.in", "co.jp", "co.ke", "co.kr", "co.nz", "co.th", "co.uk", "co.za",
    "com.ar", "com.au", "com.br", "com.co", "com.hk", "com.mx", "com.ng", "com.pe", "com.ph", "com.sg", "com.tr",
    "com.tw", "com.ua", "com.vn", "at", "be", "ch", "cl", "cz", "de", "dk", "es", "fi", "fr", "gr", "hu", "ie",
    "it", "nl", "no", "pl", "pt", "ro", "se", "us",
)  # fmt: skip
SPACING_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Account:
    base_url: str
    spacing: float

    @classmethod
    def of(cls, config: PluginConfig) -> Account:
        if config.secret("ENABLED").strip().lower() not in ("yes", "true", "1"):
            raise ValueError("ENABLED must be yes; scripts are then sent to Google without an agreement")
        return cls(_base_url(config.get("BASE_URL"), config.get("TLD") or "com"), _spacing(config))


def _base_url(given: str, tld: str) -> str:
    if tld not in TLDS:
        raise ValueError(f"TLD must be one of {', '.join(TLDS)}")
    if not given:
        return f"https://translate.google.{tld}"
    parts = urlsplit(given)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query:
        raise ValueError("BASE_URL must be an http or https address without credentials")
    return given.rstrip("/")


def _spacing(config: PluginConfig) -> float:
    try:
        seconds = float(config.get("SPACING_SECONDS") or SPACING_SECONDS)
    except ValueError:
        seconds = math.nan
    if not SPACING_SECONDS <= seconds <= 60:
        raise ValueError(f"SPACING_SECONDS must be a number from {SPACING_SECONDS} to 60")
    return seconds
