"""Languages by BCP 47 primary subtag, as the speech models name them."""

from __future__ import annotations

LANGUAGES = {
    "zh": "Chinese", "yue": "Chinese,Yue", "en": "English", "ar": "Arabic", "ru": "Russian", "es": "Spanish",
    "fr": "French", "pt": "Portuguese", "de": "German", "tr": "Turkish", "nl": "Dutch", "uk": "Ukrainian",
    "vi": "Vietnamese", "id": "Indonesian", "ja": "Japanese", "it": "Italian", "ko": "Korean", "th": "Thai",
    "pl": "Polish", "ro": "Romanian", "el": "Greek", "cs": "Czech", "fi": "Finnish", "hi": "Hindi",
    "bg": "Bulgarian", "da": "Danish", "he": "Hebrew", "ms": "Malay", "sk": "Slovak", "sv": "Swedish",
    "hr": "Croatian", "hu": "Hungarian", "nb": "Norwegian", "no": "Norwegian", "sl": "Slovenian",
    "ca": "Catalan", "nn": "Nynorsk", "af": "Afrikaans",
}  # fmt: skip


def language_name(tag: str) -> str | None:
    return LANGUAGES.get(tag.split("-")[0].lower())
