"""The keys an embedded stack makes for itself, once, and keeps beside what they open."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path

from persona_graph.media.keys import new_master_key

FILE = "secrets.json"


class SecretsUnusable(Exception):
    """The file is there but not whole, or gone while what it opens is still there."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """``service_token`` is empty until an account exists to give it."""

    master_keys: str = field(repr=False)
    signing_key: str = field(repr=False)
    redis_password: str = field(repr=False)
    service_token: str = field(default="", repr=False)


def find(folder: Path) -> Secrets | None:
    path = folder / FILE
    try:
        text = path.read_text()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SecretsUnusable(f"{path} cannot be read: {error.strerror}.") from error
    try:
        found = Secrets(**json.loads(text))
    except (ValueError, TypeError) as error:
        raise SecretsUnusable(
            f"{path} is damaged. Put back a copy of it, or move {folder} away to start empty."
        ) from error
    path.chmod(0o600)
    return found


def find_or_make(folder: Path) -> Secrets:
    """A folder that holds objects but no secrets is not given new ones: its media would be lost unnoticed."""
    found = find(folder)
    if found is not None:
        return found
    if any(path.is_file() for path in (folder / "objects").rglob("*")):
        raise SecretsUnusable(
            f"{folder / FILE} is gone, and without it the media in {folder} cannot be opened. "
            f"Put back a copy of it, or move {folder} away to start empty."
        )
    made = Secrets(new_master_key(), secrets.token_urlsafe(48), secrets.token_urlsafe(32))
    keep(folder, made)
    return made


def keep(folder: Path, kept: Secrets) -> None:
    """Whole or not at all, readable by the owner only."""
    new = folder / f".{FILE}.{os.getpid()}"
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(kept), file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    new.replace(folder / FILE)
