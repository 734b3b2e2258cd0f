"""The vendors that can be played: every module here that names an ``EMULATOR``."""

from __future__ import annotations

import importlib
import pkgutil

from persona_graph_sandbox.emulator import Emulator


def vendors() -> list[str]:
    return sorted(found.name for found in pkgutil.iter_modules(__path__) if not found.name.startswith("_"))


def find_emulator(vendor: str) -> type[Emulator]:
    module = importlib.import_module(f"{__name__}.{vendor}")
    found: type[Emulator] = module.EMULATOR
    return found
