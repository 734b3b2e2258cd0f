"""A script as MiniMax's synthesis takes it, and what of the order it follows."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from persona_graph.provider import OrderRejected, Pronunciation, Speak, SpeechStyle
from persona_graph_minimax.account import Account
from persona_graph_minimax.languages import language_boost
from persona_graph_minimax.offers import MOST_CHARS

_EMOTIONS = {"happy", "sad", "angry", "fearful", "disgusted", "surprised", "calm"}
# Documented for these models only; what the others make of them is not known.
_EMOTIONS_OF_26 = {"fluent", "whisper"}


@dataclass(frozen=True, slots=True)
class Voicing:
    """What one order comes to: the part of the request that both kinds of synthesis share."""

    text: str
    request: dict[str, Any]
    honoured: tuple[str, ...]
    not_expressed: tuple[str, ...]


def voicing(order: Speak, voice_id: str, account: Account) -> Voicing:
    """Raises OrderRejected for what MiniMax surely refuses."""
    text = _sayable(order.script)
    said, unsaid = _tones(order.pronunciations)
    voice, honoured = _voice_setting(order.style, voice_id, account.model)
    request: dict[str, Any] = {
        "model": account.model,
        "text": text,
        "voice_setting": voice,
        "language_boost": language_boost(order.language, account.model),
    }
    if said:
        request["pronunciation_dict"] = {"tone": said}
        honoured = (*honoured, "pronunciations")
    return Voicing(text, request, honoured, unsaid)


def _sayable(script: str) -> str:
    """Without characters that cannot be said: a text with many of them is refused whole."""
    text = "".join(c for c in script if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf", "Cs"))
    if not any(char.isalnum() for char in text):
        message = "There is nothing in this script that can be said aloud. Write at least one word."
        raise OrderRejected(message, code="TEXT_EMPTY")
    if len(text) > MOST_CHARS:
        message = f"The script has {len(text):,} characters; {MOST_CHARS:,} are the most."
        raise OrderRejected(message, code="TEXT_TOO_LONG")
    return text


def _tones(pronunciations: Sequence[Pronunciation]) -> tuple[list[str], tuple[str, ...]]:
    """As ``written/spoken``; MiniMax reads no IPA, and has no way to write the stroke itself."""
    said: list[str] = []
    unsaid: list[str] = []
    for each in pronunciations:
        if each.spoken and each.written and "/" not in each.written + each.spoken:
            said.append(f"{each.written}/{each.spoken}")
        else:
            unsaid.append(each.written)
    return said, tuple(unsaid)


def _voice_setting(style: SpeechStyle, voice_id: str, model: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    _check_range("Speed", style.speed, 0.5, 2.0)
    _check_range("Pitch", style.pitch, -12, 12)
    setting: dict[str, Any] = {
        "voice_id": voice_id,
        "speed": style.speed,
        "vol": 1.0,
        "pitch": round(style.pitch),
    }
    emotion = style.emotion.strip().lower()
    known = _EMOTIONS | (_EMOTIONS_OF_26 if "-2.6-" in model else set())
    if emotion in known:
        setting["emotion"] = emotion
    follows = emotion in known or emotion in ("", "neutral")
    return setting, ("emotion", "speed", "pitch") if follows else ("speed", "pitch")


def _check_range(what: str, value: float, least: float, most: float) -> None:
    if not (math.isfinite(value) and least <= value <= most):
        raise OrderRejected(f"{what} must be between {least:g} and {most:g}.", code="SETTING_OUT_OF_RANGE")
