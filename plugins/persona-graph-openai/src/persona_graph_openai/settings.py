"""Which servers are asked, with which key, for which model, at which price."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from urllib.parse import urlsplit

from persona_graph.provider import DataUse, PaymentSafety, PluginConfig

VENDOR = "https://api.openai.com/v1"
FORMATS = ("mp3", "wav", "flac", "opus")
LONGEST_INPUT = 4096
# What the vendor lists for its own models; it finds the language out from the text.
VENDOR_LANGUAGES = (
    "af,ar,az,be,bg,bs,ca,cs,cy,da,de,el,en,es,et,fa,fi,fil,fr,gl,he,hi,hr,hu,hy,id,is,it,ja,kk,kn,ko,lt,lv,mi,mk,mr,ms,"
    "nb,ne,nl,nn,no,pl,pt,ro,ru,sk,sl,sr,sv,sw,ta,th,tl,tr,uk,ur,vi,zh"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """``key`` may be empty: a server of one's own often asks for none."""

    base_url: str
    key: str = field(default="", repr=False)
    model: str
    per_1000_chars: Decimal
    max_concurrent: int
    max_chars: int

    @property
    def host(self) -> str:
        return urlsplit(self.base_url).hostname or ""

    @property
    def is_here(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def safety(self) -> PaymentSafety:
        """The protocol has no idempotency keys and no list of orders: what is lost is lost. Repeating what
        costs nothing harms nobody."""
        return PaymentSafety.BLIND if self.per_1000_chars else PaymentSafety.KEYED

    def data_use(self, *leaves: str) -> DataUse:
        if self.is_here:
            return DataUse(region="this machine")
        if self.base_url == VENDOR:
            return DataUse(leaves=leaves, kept_days=30, region="OpenAI", deletion_supported=False)
        # What somebody else's server does with it, nobody told us.
        return DataUse(leaves=leaves, region=self.host, trains_on_it=True, deletion_supported=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechSettings:
    """``instructed``: whether the model takes instructions, and with them an emotion."""

    server: Server
    voice: str
    form: str
    instructed: bool
    instructions: str
    languages: tuple[str, ...]


def text_settings(config: PluginConfig) -> Server | None:
    """``None`` if no server for texts is configured."""
    if not _is_configured(config, "TEXT"):
        return None
    return _server(config, "TEXT", config.secret("TEXT_MODEL"), longest=20_000)


def speech_settings(config: PluginConfig) -> SpeechSettings | None:
    """``None`` if no server for speech is configured."""
    if not _is_configured(config, "SPEECH"):
        return None
    model = config.get("SPEECH_MODEL") or "gpt-4o-mini-tts"
    form = config.get("SPEECH_FORMAT") or "mp3"
    if form not in FORMATS:
        raise ValueError(f"SPEECH_FORMAT must be one of {', '.join(FORMATS)}")
    known = VENDOR_LANGUAGES if model.startswith(("gpt-", "tts-1")) else "en"
    instructed = config.get("SPEECH_INSTRUCTED") or ("yes" if model.startswith("gpt-") else "no")
    if instructed not in ("yes", "no"):
        raise ValueError("SPEECH_INSTRUCTED must be yes or no")
    return SpeechSettings(
        server=_server(config, "SPEECH", model, longest=LONGEST_INPUT),
        voice=config.get("SPEECH_VOICE") or "alloy",
        form=form,
        instructed=instructed == "yes",
        instructions=config.get("SPEECH_INSTRUCTIONS").strip(),
        languages=_languages(config.get("SPEECH_LANGUAGES") or known),
    )


def _is_configured(config: PluginConfig, what: str) -> bool:
    return bool(config.get(f"{what}_BASE_URL") or config.get(f"{what}_API_KEY"))


def _server(config: PluginConfig, what: str, model: str, *, longest: int) -> Server:
    base_url = _address(f"{what}_BASE_URL", config.get(f"{what}_BASE_URL") or VENDOR)
    price = config.get(f"{what}_COST_PER_1000_CHARS")
    if base_url == VENDOR:
        config.secret(f"{what}_API_KEY")
        if not price:
            raise ValueError(f"{what}_COST_PER_1000_CHARS must be set: api.openai.com sends bills")
    return Server(
        base_url=base_url,
        key=_key(f"{what}_API_KEY", config.get(f"{what}_API_KEY")),
        model=model,
        per_1000_chars=_amount(f"{what}_COST_PER_1000_CHARS", price or "0"),
        max_concurrent=_whole(f"{what}_MAX_CONCURRENT", config.get(f"{what}_MAX_CONCURRENT") or "4", 1000),
        max_chars=_whole(f"{what}_MAX_CHARS", config.get(f"{what}_MAX_CHARS") or str(longest), 200_000),
    )


def _address(name: str, given: str) -> str:
    """Ends without a slash; a server named by its origin alone has its interface under /v1."""
    try:
        parts = urlsplit(given.strip())
        port = parts.port
    except ValueError:
        raise ValueError(f"{name} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError(f"{name} must be an http or https address")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError(f"{name} must be without credentials and query")
    path = parts.path.rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path or '/v1'}"


def _key(name: str, given: str) -> str:
    key = given.strip()
    if not key.isascii() or not key.isprintable():
        raise ValueError(f"{name} holds characters that no key has")
    return key


def _amount(name: str, given: str) -> Decimal:
    try:
        amount = Decimal(given)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not 0 <= amount <= 1000:
        raise ValueError(f"{name} must be US dollars for 1,000 characters")
    return amount


def _whole(name: str, given: str, most: int) -> int:
    if not (given.isascii() and given.isdecimal() and 1 <= int(given) <= most):
        raise ValueError(f"{name} must be a whole number from 1 to {most}")
    return int(given)


def _languages(given: str) -> tuple[str, ...]:
    tags = tuple(part.strip().lower() for part in given.split(",") if part.strip())
    if any(not re.fullmatch(r"[a-z]{2,3}", tag) for tag in tags):
        raise ValueError("SPEECH_LANGUAGES must be primary language subtags such as en,de")
    return tags
