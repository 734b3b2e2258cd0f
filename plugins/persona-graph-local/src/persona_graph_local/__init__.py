"""Persona Graph's offline provider: an approximate own voice and a talking portrait, without keys or
network."""

from __future__ import annotations

from persona_graph.provider import PluginConfig, Provider, hookimpl
from persona_graph_local.provider import LocalPortrait, LocalVoice
from persona_graph_local.workshop import Workshop


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    """``PERSONA_GRAPH_PLUGIN_LOCAL_MAX_CONCURRENT``: orders of one kind worked on at a time, 2 unless set."""
    workshop = Workshop()
    at_a_time = int(config.get("MAX_CONCURRENT", "2"))
    return [LocalVoice(workshop, at_a_time), LocalPortrait(workshop, at_a_time)]
