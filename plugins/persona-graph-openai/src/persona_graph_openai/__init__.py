"""Persona Graph providers: text and speech by any OpenAI-compatible server."""

from __future__ import annotations

from persona_graph.provider import PluginConfig, Provider, hookimpl
from persona_graph_openai.settings import speech_settings, text_settings
from persona_graph_openai.speech import OpenAiSpeech
from persona_graph_openai.text import OpenAiText


@hookimpl
def persona_graph_register_providers(config: PluginConfig) -> list[Provider]:
    """Each of the two is there if its server is configured; the settings are in this plugin's README."""
    made: list[Provider] = []
    if (text := text_settings(config)) is not None:
        made.append(OpenAiText(text))
    if (speech := speech_settings(config)) is not None:
        made.append(OpenAiSpeech(speech))
    if not made:
        raise ValueError(
            "it is not set which server is asked: for texts PERSONA_GRAPH_PLUGIN_OPENAI_TEXT_BASE_URL or "
            "…_TEXT_API_KEY, for speech PERSONA_GRAPH_PLUGIN_OPENAI_SPEECH_BASE_URL or …_SPEECH_API_KEY"
        )
    return made
