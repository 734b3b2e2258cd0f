"""What an operator can put right, in one line each: what is wrong, and what to do about it."""

from __future__ import annotations

import re
from textwrap import shorten

from pydantic import ValidationError

from persona_graph.accounts.viewers import JwtSettingsFault
from persona_graph.catalog.tiers import TiersFault
from persona_graph.children import StackFailed
from persona_graph.embedded import FolderUnusable, PortTaken
from persona_graph.errors import UserFault
from persona_graph.media.keys import KeyMaterialError
from persona_graph.plugin_desk import Unusable
from persona_graph.secrets_file import SecretsUnusable
from persona_graph.settings import PREFIX
from persona_graph.tools import ToolMissing

_SAID_BY_US = (FolderUnusable, PortTaken, StackFailed, SecretsUnusable, ToolMissing, Unusable)

_TABLE_MISSING = re.compile(r"no such table|relation .* does not exist", re.IGNORECASE)


def in_one_line(error: BaseException) -> str | None:
    """The line for an expected failure; None for a bug."""
    if isinstance(error, _SAID_BY_US):
        return str(error)
    if isinstance(error, ValidationError):
        return "; ".join(_setting(fault["loc"], fault["msg"]) for fault in error.errors())
    if isinstance(error, UserFault):
        return f"{error.message} {error.fix or ''}".strip()
    if isinstance(error, TiersFault | JwtSettingsFault):
        return str(error)
    if isinstance(error, KeyMaterialError):
        return f"{error} `persona-graph keys` prints usable ones; docs/operate.md says how to change keys."
    if isinstance(error, ModuleNotFoundError) and not (error.name or "persona_graph").startswith(
        "persona_graph"
    ):
        return f"the settings ask for the package {error.name!r}, which is not installed (check {PREFIX}DATABASE_URL; docs/operate.md)"
    return _of_a_server(error)


def _setting(place: tuple[int | str, ...], complaint: str) -> str:
    name = ".".join(str(part) for part in place)
    return f"the setting {PREFIX}{name.upper()} is not usable: {complaint} (docs/settings.md)"


def _of_a_server(error: BaseException) -> str | None:
    from redis.exceptions import RedisError
    from sqlalchemy.exc import SQLAlchemyError

    from persona_graph.media.store import StoreUnavailable

    text = shorten(" ".join(str(getattr(error, "orig", None) or error).split()), 200, placeholder=" …")
    if isinstance(error, SQLAlchemyError) and _TABLE_MISSING.search(text):
        return "the database lacks this version's tables; run `persona-graph migrate`"
    if isinstance(error, SQLAlchemyError):
        return (
            f"the database cannot be used ({text}); check {PREFIX}DATABASE_URL, or run `persona-graph doctor`"
        )
    if isinstance(error, RedisError):
        return f"Redis cannot be used ({text}); check {PREFIX}REDIS_URL, or run `persona-graph doctor`"
    if isinstance(error, StoreUnavailable):
        return f"the media store cannot be used ({text}); check {PREFIX}STORAGE_URL and its keys, or run `persona-graph doctor`"
    if isinstance(error, ConnectionError | TimeoutError):
        return (
            f"a server that the settings name cannot be reached ({text}); `persona-graph doctor` says which"
        )
    if isinstance(error, OSError):
        return f"{error.strerror or error}{f' ({error.filename})' if error.filename else ''}; run `persona-graph doctor`"
    return None
