"""Every module that maps a table, so that Alembic sees them all."""

from persona_graph.accounts import accounts, ledger, tokens
from persona_graph.db import Base
from persona_graph.jobs import events, webhooks
from persona_graph.jobs import tables as jobs
from persona_graph.media import asset
from persona_graph.personas import (
    batch_tables,
    content_tables,
    portable_tables,
    ratings,
    styles,
    whole_tables,
)
from persona_graph.personas import tables as personas

metadata = Base.metadata

__all__ = [
    "accounts",
    "asset",
    "batch_tables",
    "content_tables",
    "events",
    "jobs",
    "ledger",
    "metadata",
    "personas",
    "portable_tables",
    "ratings",
    "styles",
    "tokens",
    "webhooks",
    "whole_tables",
]
