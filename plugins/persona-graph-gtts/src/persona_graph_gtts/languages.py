"""BCP 47 tags and what Google calls them."""

from __future__ import annotations

_GOOGLE = frozenset(
    [
        "af",
        "am",
        "ar",
        "bg",
        "bn",
        "bs",
        "ca",
        "cs",
        "cy",
        "da",
        "de",
        "el",
        "en",
        "es",
        "et",
        "eu",
        "fi",
        "fr",
        "fr-CA",
        "gl",
        "gu",
        "ha",
        "hi",
        "hr",
        "hu",
        "id",
        "is",
        "it",
        "iw",
        "ja",
        "jw",
        "km",
        "kn",
        "ko",
        "la",
        "lt",
        "lv",
        "ml",
        "mr",
        "ms",
        "my",
        "ne",
        "nl",
        "no",
        "pa",
        "pl",
        "pt",
        "pt-PT",
        "ro",
        "ru",
        "si",
        "sk",
        "sq",
        "sr",
        "su",
        "sv",
        "sw",
        "ta",
        "te",
        "th",
        "tl",
        "tr",
        "uk",
        "ur",
        "vi",
        "yue",
        "zh",
        "zh-CN",
        "zh-TW",
    ]
)
_CALLED = {"he": "iw", "jv": "jw", "fil": "tl", "nb": "no", "nn": "no", "cmn": "zh", "in": "id"}
_REGIONAL = {
    "fr-ca": "fr-CA",
    "pt-pt": "pt-PT",
    "zh-cn": "zh-CN",
    "zh-sg": "zh-CN",
    "zh-hans": "zh-CN",
    "zh-tw": "zh-TW",
    "zh-hant": "zh-TW",
    "zh-hk": "yue",
    "zh-mo": "yue",
}
# Primary subtags, as the offer names them; Google's own old names are understood too.
LANGUAGES = tuple(sorted({tag.split("-")[0] for tag in _GOOGLE} - {"iw", "jw"} | (set(_CALLED) - {"in"})))


def google_language(tag: str) -> str | None:
    """Google's name for a BCP 47 tag, ``None`` if it does not speak it."""
    subtags = tag.strip().replace("_", "-").lower().split("-")
    for length in range(len(subtags), 1, -1):
        if (found := _REGIONAL.get("-".join(subtags[:length]))) is not None:
            return found
    primary = _CALLED.get(subtags[0], subtags[0])
    return primary if primary in _GOOGLE else None
