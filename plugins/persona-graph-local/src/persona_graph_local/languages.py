"""Which languages the engine speaks, and under which of its own names."""

from __future__ import annotations

# Left out of what the engine's files list: constructed languages without a registered subtag, and
# Faroese and Karakalpak, whose dictionaries are missing from the wheel.
_SPOKEN = """
af am an ar as az ba be bg bn bpy bs ca chr cmn cs cv cy da de el en eo es et eu fa fi fr ga gd gn grc gu hak
haw he hi hr ht hu hy hyw ia id io is it ja jbo ka kk kl kn ko kok ku ky la lb lfn lt ltg lv mi mk ml mr ms mt
mto my nb nci ne nl no nog om or pa pap pl pt qu quc qya ro ru sd shn si sjn sk sl smj sq sr sv sw ta te th ti
tk tn tr tt ug uk ur uz vi yue zh
"""
LANGUAGES: tuple[str, ...] = tuple(_SPOKEN.split())

_ENGINE_NAMES = {"en": "en-us", "no": "nb", "zh": "cmn"}
_REGIONS = {
    "en-029": "en-029",
    "en-au": "en",
    "en-gb": "en",
    "en-ie": "en",
    "en-in": "en",
    "en-nz": "en",
    "en-za": "en",
    "es-419": "es-419",
    "es-ar": "es-419",
    "es-cl": "es-419",
    "es-co": "es-419",
    "es-mx": "es-419",
    "es-us": "es-419",
    "fr-be": "fr-be",
    "fr-ch": "fr-ch",
    "pt-br": "pt-br",
    "zh-hk": "yue",
}

# Scripts written without spaces between words: there a word is what the engine calls one.
UNSPACED = frozenset({"cmn", "hak", "ja", "my", "shn", "th", "yue"})


def engine_language(tag: str) -> str | None:
    """The engine's name for a BCP 47 tag, ``None`` if it does not speak it."""
    wanted = tag.strip().replace("_", "-").lower()
    if wanted in _REGIONS:
        return _REGIONS[wanted]
    primary = wanted.split("-", 1)[0]
    return _ENGINE_NAMES.get(primary, primary) if primary in LANGUAGES else None


def known_languages() -> str:
    """For a message."""
    return ", ".join(LANGUAGES)
