"""docs/providers.md names every setting that a plugin asks for, and no other; so does each plugin's README."""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping

import pytest

from persona_graph.catalog.registry import HOOK
from persona_graph.provider import PluginConfig
from tests.client import ROOT

# What it takes for a plugin to come up at all; addresses of nobody.
NEEDED: dict[str, dict[str, str]] = {
    "elevenlabs": {"API_KEY": "key"},
    "gtts": {"ENABLED": "yes"},
    "local": {},
    "minimax": {"API_KEY": "key"},
    "openai": {
        "TEXT_BASE_URL": "http://127.0.0.1:9", "TEXT_MODEL": "writer", "SPEECH_BASE_URL": "http://127.0.0.1:9",
    },
    "wavespeed": {"API_KEY": "key"},
}  # fmt: skip


class Asked(PluginConfig):
    """Notes what it is asked for."""

    def __init__(self, name: str, values: Mapping[str, str]) -> None:
        super().__init__(name, values)
        self.keys: dict[str, str] = {}

    def get(self, key: str, default: str = "") -> str:
        self.keys.setdefault(key, default)
        return super().get(key, default)

    def secret(self, key: str) -> str:
        self.keys.setdefault(key, "")
        return super().secret(key)


def asked(plugin: str, values: Mapping[str, str]) -> Asked:
    config = Asked(plugin, values)
    getattr(importlib.import_module(f"persona_graph_{plugin}"), HOOK)(config=config)
    return config


def rows() -> dict[str, list[str]]:
    text = (ROOT / "docs/providers.md").read_text(encoding="utf-8")
    titles = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {
        name: re.findall(r"^\| `([A-Z0-9_]+)` \|", part, re.MULTILINE)
        for name, part in zip(titles[1::2], titles[2::2], strict=True)
    }


def test_the_page_has_every_vendor_that_is_here() -> None:
    here = {path.name.removeprefix("persona-graph-") for path in (ROOT / "plugins").glob("persona-graph-*")}
    assert set(rows()) == set(NEEDED) == here - {"sandbox"}


@pytest.mark.parametrize("plugin", sorted(NEEDED))
def test_the_page_names_every_setting_and_no_other(plugin: str) -> None:
    assert sorted(rows()[plugin]) == sorted(asked(plugin, NEEDED[plugin]).keys)


@pytest.mark.parametrize("plugin", sorted(NEEDED))
def test_so_does_the_plugins_readme(plugin: str) -> None:
    text = (ROOT / f"plugins/persona-graph-{plugin}/README.md").read_text(encoding="utf-8")
    lacking = [key for key in asked(plugin, NEEDED[plugin]).keys if not re.search(rf"{key}`", text)]
    assert lacking == []


@pytest.mark.parametrize("plugin", sorted(NEEDED))
def test_an_empty_setting_is_none(plugin: str) -> None:
    """A compose file hands over variables that are not set as empty ones."""
    empty = dict.fromkeys(asked(plugin, NEEDED[plugin]).keys, "")
    asked(plugin, {**empty, **NEEDED[plugin]})
