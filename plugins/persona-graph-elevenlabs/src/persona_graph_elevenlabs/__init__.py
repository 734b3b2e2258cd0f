"""Persona Graph provider: voice cloning and speech by ElevenLabs."""

from __future__ import annotations

from persona_graph.provider import PluginConfig, Provider, hookimpl
from persona_graph_elevenlabs.account import Account
from persona_graph_elevenlabs.provider import ElevenLabs


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    """The settings are in this plugin's README; only ``API_KEY`` has to be there."""
    return [ElevenLabs(Account.of(config))]
