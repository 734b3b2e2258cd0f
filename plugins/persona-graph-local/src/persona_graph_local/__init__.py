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
    wanted = config.get("MAX_CONCURRENT") or "2"
    if not wanted.isdecimal() or int(wanted) < 1:
        raise ValueError(f"MAX_CONCURRENT must be a whole number above 0, not {wanted[:20]!r}")
    at_a_time = int(wanted)
    return [LocalVoice(workshop, at_a_time), LocalPortrait(workshop, at_a_time)]
