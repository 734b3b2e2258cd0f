"""MiniMax names languages by their English names; we have BCP 47 tags."""

from __future__ import annotations

_NAMES = {
    "zh": "Chinese", "cmn": "Chinese", "yue": "Chinese,Yue", "en": "English", "ar": "Arabic", "ru": "Russian",
    "es": "Spanish", "fr": "French", "pt": "Portuguese", "de": "German", "tr": "Turkish", "nl": "Dutch",
    "uk": "Ukrainian", "vi": "Vietnamese", "id": "Indonesian", "ja": "Japanese", "it": "Italian", "ko": "Korean",
    "th": "Thai", "pl": "Polish", "ro": "Romanian", "el": "Greek", "cs": "Czech", "fi": "Finnish", "hi": "Hindi",
    "bg": "Bulgarian", "da": "Danish", "he": "Hebrew", "ms": "Malay", "fa": "Persian", "sk": "Slovak",
    "sv": "Swedish", "hr": "Croatian", "fil": "Filipino", "tl": "Filipino", "hu": "Hungarian", "no": "Norwegian",
    "nb": "Norwegian", "sl": "Slovenian", "ca": "Catalan", "nn": "Nynorsk", "ta": "Tamil", "af": "Afrikaans",
}  # fmt: skip
_NOT_OF_OLD = {"Persian", "Filipino", "Tamil"}
_OLD = ("speech-01", "speech-02")


def languages_of(model: str) -> tuple[str, ...]:
    """Primary subtags of what ``model`` speaks."""
    missing = _NOT_OF_OLD if model.startswith(_OLD) else set()
    return tuple(tag for tag, name in _NAMES.items() if name not in missing)


def language_boost(tag: str, model: str) -> str:
    """What MiniMax calls the language of ``tag``; it guesses where it has no name for it."""
    primary, *more = tag.lower().replace("_", "-").split("-")
    if primary == "zh" and {"yue", "hk"} & set(more):
        primary = "yue"
    return _NAMES[primary] if primary in languages_of(model) else "auto"
