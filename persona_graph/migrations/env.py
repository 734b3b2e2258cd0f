"""Alembic's entry: runs on the connection it is handed."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Enum

from persona_graph.db import Amount, Json, Moment
from persona_graph.migrations.tables import metadata

connection = context.config.attributes["connection"]


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write types the way a migration keeps: closed sets as text, ours by their names."""
    if kind == "type" and isinstance(item, Enum):
        return f"sa.String(length={item.length})"
    if kind == "type" and isinstance(item, Amount | Json | Moment):
        autogen.imports.add("from persona_graph.db import Amount, Json, Moment")
        return f"{type(item).__name__}()"
    return False


context.configure(
    connection=connection,
    target_metadata=metadata,
    # On SQLite a changed table is copied, so constraints can change there too.
    render_as_batch=connection.dialect.name == "sqlite",
    compare_type=False,
    render_item=render_item,
)
with context.begin_transaction():
    context.run_migrations()
