"""Which of the two providers are there, and settings that cannot be meant."""

from __future__ import annotations

import pytest
from persona_graph_openai import persona_graph_register_providers

from persona_graph.provider import PluginConfig
from persona_graph.provider.call import MissingSecret

LOCAL = {"TEXT_BASE_URL": "http://127.0.0.1:8080", "TEXT_MODEL": "m"}


def made(**settings: str):
    return persona_graph_register_providers(PluginConfig("openai", settings))


def test_each_is_there_if_its_server_is() -> None:
    assert [p.id for p in made(**LOCAL)] == ["openai-text"]
    assert [p.id for p in made(SPEECH_BASE_URL="http://127.0.0.1:8880/v1")] == ["openai-speech"]
    assert [p.id for p in made(**LOCAL, SPEECH_BASE_URL="http://[::1]:8880")] == [
        "openai-text",
        "openai-speech",
    ]
    with pytest.raises(ValueError, match="TEXT_BASE_URL or …_TEXT_API_KEY"):
        made()


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("http://host:1", "http://host:1/v1"),
        ("http://host:1/", "http://host:1/v1"),
        ("http://host:1/v1/", "http://host:1/v1"),
        ("https://host/openai/v1", "https://host/openai/v1"),
    ],
)
def test_a_base_url_with_and_without_its_path(given: str, asked: str) -> None:
    [provider] = made(TEXT_BASE_URL=given, TEXT_MODEL="m")
    assert asked in repr(provider)


def test_the_vendor_itself_needs_a_key_and_a_price() -> None:
    with pytest.raises(ValueError, match="TEXT_COST_PER_1000_CHARS must be set"):
        made(TEXT_API_KEY="k", TEXT_MODEL="m")
    with pytest.raises(MissingSecret, match="SPEECH_API_KEY"):
        made(SPEECH_BASE_URL="https://api.openai.com/v1/")
    [provider] = made(TEXT_API_KEY="k", TEXT_MODEL="m", TEXT_COST_PER_1000_CHARS="0.004")
    assert provider.offers[0].payment_safety == "BLIND"
    assert provider.offers[0].data_use.leaves


def test_a_text_needs_a_model() -> None:
    with pytest.raises(MissingSecret, match="TEXT_MODEL"):
        made(TEXT_BASE_URL="http://127.0.0.1:1")


def test_what_an_unknown_server_does_with_it_is_not_promised() -> None:
    [provider] = made(TEXT_BASE_URL="https://llm.example/v1", TEXT_MODEL="m")
    use = provider.offers[0].data_use
    assert (use.trains_on_it, use.kept_days, use.deletion_supported, use.region) == (
        True,
        None,
        False,
        "llm.example",
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"TEXT_BASE_URL": "ftp://host"},
        {"TEXT_BASE_URL": "http://user:secret@host"},
        {"TEXT_BASE_URL": "http://host?key=1"},
        {"TEXT_BASE_URL": "http://host:99999"},
        {"TEXT_BASE_URL": "host"},
        {"TEXT_API_KEY": "with\nbreak"},
        {"TEXT_COST_PER_1000_CHARS": "cheap"},
        {"TEXT_COST_PER_1000_CHARS": "-1"},
        {"TEXT_COST_PER_1000_CHARS": "NaN"},
        {"TEXT_MAX_CONCURRENT": "0"},
        {"TEXT_MAX_CHARS": "many"},
        {"SPEECH_BASE_URL": "http://host", "SPEECH_FORMAT": "pcm"},
        {"SPEECH_BASE_URL": "http://host", "SPEECH_INSTRUCTED": "maybe"},
        {"SPEECH_BASE_URL": "http://host", "SPEECH_LANGUAGES": "english"},
    ],
    ids=lambda wrong: "-".join(wrong.values())[:30].replace("\n", " "),
)
def test_a_setting_that_cannot_be_meant_is_named(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError) as raised:
        made(**{**LOCAL, **wrong})
    name = list(wrong)[-1]
    assert name in str(raised.value)
    assert "secret" not in str(raised.value)


def test_a_model_of_ones_own_speaks_english_unless_it_is_said() -> None:
    def languages(**settings: str) -> tuple[str, ...]:
        [provider] = made(SPEECH_BASE_URL="http://127.0.0.1:1", **settings)
        return provider.offers[0].limits.languages

    assert languages(SPEECH_MODEL="kokoro") == ("en",)
    assert languages(SPEECH_MODEL="kokoro", SPEECH_LANGUAGES="en, DE") == ("en", "de")
    assert {"en", "he", "zh"} < set(languages())
