"""Persona Graph provider: voice cloning and speech by MiniMax."""

from __future__ import annotations

from persona_graph.provider import PluginConfig, Provider, hookimpl
from persona_graph_minimax.account import Account
from persona_graph_minimax.provider import MiniMax


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    """The settings are in this plugin's README; only ``API_KEY`` has to be there."""
    return [MiniMax(Account.of(config))]
