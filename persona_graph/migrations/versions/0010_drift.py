"""Drift.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persona_graph.db import Amount, Moment

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("persona", sa.Column("golden_lines", sa.Text(), nullable=True))
    op.add_column("voice", sa.Column("drift_cap", Amount(), nullable=True))
    op.create_table(
        "persona_import",
        sa.Column("persona_id", sa.String(26), sa.ForeignKey("persona.id"), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("consents", sa.Text(), nullable=False),
        sa.Column("unusable", sa.Text(), nullable=False),
        sa.Column("exported_at", Moment(), nullable=True),
        sa.Column("imported_at", Moment(), nullable=False),
    )
    op.create_table(
        "drift_check",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("voice_id", sa.String(26), sa.ForeignKey("voice.id"), nullable=False),
        sa.Column("job_id", sa.String(26), nullable=False, unique=True),
        sa.Column("provider", sa.String(64), nullable=False),
        sa.Column("lines", sa.String(64), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("baseline_id", sa.String(26), nullable=True),
        sa.Column("measures", sa.Text(), nullable=False),
        sa.Column("deviations", sa.Text(), nullable=False),
        sa.Column("drifted", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_index("ix_drift_check_voice", "drift_check", ["voice_id", "id"])


def downgrade() -> None:
    op.drop_table("drift_check")
    op.drop_table("persona_import")
    # Without the batch mode, which would rebuild tables that a view is over.
    op.drop_column("voice", "drift_cap")
    op.drop_column("persona", "golden_lines")
