"""Which languages a model speaks, as BCP 47 primary subtags, by the vendor's published lists."""

from __future__ import annotations

_V2 = (
    "en", "ja", "zh", "de", "hi", "fr", "ko", "pt", "it", "es", "id", "nl", "tr", "fil", "pl", "sv", "bg", "ro",
    "ar", "cs", "el", "fi", "hr", "ms", "sk", "da", "ta", "uk", "ru",
)  # fmt: skip
_V2_5 = (*_V2, "hu", "no", "vi")
_BY_MODEL = {
    "eleven_multilingual_v2": _V2,
    "eleven_multilingual_v1": ("en", "de", "pl", "es", "it", "fr", "pt", "hi"),
    "eleven_flash_v2_5": _V2_5,
    "eleven_turbo_v2_5": _V2_5,
    "eleven_v3": _V2_5,
}


def languages_of(model: str) -> tuple[str, ...]:
    return _BY_MODEL.get(model, ("en",))


def language_code(tag: str, model: str) -> str | None:
    """What to send; the other models find the language out by themselves."""
    primary = tag.lower().replace("_", "-").partition("-")[0]
    told = {"nb": "no", "nn": "no", "tl": "fil", "cmn": "zh"}.get(primary, primary)
    asks = model.endswith("_v2_5") or model == "eleven_v3"
    return told if asks and told in languages_of(model) else None
