"""The kit that every provider has to pass, against the emulated server in this process."""

from __future__ import annotations

import httpx
from persona_graph_openai import persona_graph_register_providers
from persona_graph_sandbox import Bench
from persona_graph_sandbox.emulators.openai import OpenAiServer

from persona_graph.provider import PluginConfig, Provider
from persona_graph.provider.conformance import EmulatedVendor, ProviderConformance

KEY = "sandbox-openai-key"


def emulated() -> EmulatedVendor:
    bench = Bench.new()
    app = OpenAiServer(bench).app()
    return EmulatedVendor(httpx.ASGITransport(app), paid=lambda: len(bench.ledger.entries("openai")))


def providers(**settings: str) -> dict[str, Provider]:
    found = persona_graph_register_providers(PluginConfig("openai", settings))
    return {provider.id: provider for provider in found}


class TestText(ProviderConformance):
    secrets = (KEY,)

    def provider(self) -> Provider:
        [made] = providers(
            TEXT_BASE_URL="http://openai.example", TEXT_API_KEY=KEY, TEXT_MODEL="sandbox-writer",
            TEXT_COST_PER_1000_CHARS="0.010",
        ).values()  # fmt: skip
        return made

    def vendor(self) -> EmulatedVendor:
        return emulated()


class TestSpeech(ProviderConformance):
    secrets = (KEY,)

    def provider(self) -> Provider:
        [made] = providers(
            SPEECH_BASE_URL="http://openai.example", SPEECH_API_KEY=KEY, SPEECH_COST_PER_1000_CHARS="0.015"
        ).values()
        return made

    def vendor(self) -> EmulatedVendor:
        return emulated()
