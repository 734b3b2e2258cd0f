"""Persona Graph provider: stock speech by the endpoint behind Google Translate's loudspeaker button."""

from __future__ import annotations

from persona_graph.provider import PluginConfig, Provider, hookimpl
from persona_graph_gtts.account import Account
from persona_graph_gtts.provider import GoogleTranslateSpeech


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    """The settings are in this plugin's README; nothing is sent to Google unless ``ENABLED`` is ``yes``."""
    return [GoogleTranslateSpeech(Account.of(config))]
