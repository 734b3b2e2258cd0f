"""What a provider answered with, put down before anything is made of it: a worker that dies over the work that
follows leaves it to the next one on this machine, and nothing has to be ordered, or asked of a person, again."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from persona_graph.provider import Delivery

_FACTS, _MEDIA, _MODEL = "delivered.json", "delivered.media", "delivered.model"
_PLAIN = TypeAdapter(Delivery)

log = logging.getLogger(__name__)


def remember(folder: Path, delivery: Delivery) -> None:
    """Whole or not at all. What cannot be put down, or is not here yet, is only not remembered."""
    if isinstance(delivery.media, Path) or delivery.remote_url is not None:
        return
    try:
        facts = _PLAIN.dump_json(replace(delivery, media=None, voice_model=None), warnings="error")
        for name, content in ((_MEDIA, delivery.media), (_MODEL, delivery.voice_model)):
            if content is not None:
                (folder / name).write_bytes(content)
        part = folder / f"{_FACTS}.part"
        part.write_bytes(facts)
        part.replace(folder / _FACTS)
    except Exception as trouble:
        log.info("a delivery is not remembered: %s", type(trouble).__name__)


def recall(folder: Path) -> Delivery | None:
    try:
        plain = _PLAIN.validate_json((folder / _FACTS).read_bytes())
        return replace(plain, media=_bytes(folder / _MEDIA), voice_model=_bytes(folder / _MODEL))
    except (OSError, ValueError):
        return None


def _bytes(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
