"""Persona Graph providers: Hunyuan Avatar, InfiniteTalk and MiniMax voices through WaveSpeed."""

from __future__ import annotations

from persona_graph.provider import PluginConfig, Provider, hookimpl
from persona_graph_wavespeed.account import Account, origin
from persona_graph_wavespeed.avatars import HunyuanAvatar, InfiniteTalk
from persona_graph_wavespeed.knocks import Knocks
from persona_graph_wavespeed.levels import LEVELS
from persona_graph_wavespeed.voices import MiniMaxVoices

BASE_URL = "https://api.wavespeed.ai"


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    """Settings: ``API_KEY``; ``BASE_URL``; ``WEBHOOK_SECRET``, several separated by commas while one is
    replaced by the next; ``LEVEL``, the account's level in lower case, ``bronze`` unless set."""
    level = config.get("LEVEL").strip().lower() or "bronze"
    if level not in LEVELS:
        raise ValueError(f"LEVEL must be one of {', '.join(LEVELS)}, not {level[:20]!r}")
    account = Account(config.secret("API_KEY"), origin(config.get("BASE_URL") or BASE_URL), LEVELS[level])
    knocks = Knocks(config.get("WEBHOOK_SECRET").split(","))
    return [HunyuanAvatar(account, knocks), InfiniteTalk(account, knocks), MiniMaxVoices(account, knocks)]
