"""Money: the vendors' own ids of orders, tiers that run out, batches.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persona_graph.db import Json, Moment

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job_attempt", sa.Column("vendor_ref", sa.String(255), nullable=True))
    op.create_index("ix_job_attempt_vendor", "job_attempt", ["provider", "vendor_ref"])
    op.add_column("account", sa.Column("tier_until", Moment(), nullable=True))
    op.add_column("account", sa.Column("tier_after", sa.String(32), nullable=True))
    op.create_table(
        "speech_batch",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("persona_id", sa.String(26), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_table(
        "speech_batch_item",
        sa.Column("batch_id", sa.String(26), sa.ForeignKey("speech_batch.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("n", sa.Integer(), primary_key=True),
        sa.Column("job_id", sa.String(26), sa.ForeignKey("job.id", ondelete="CASCADE"), nullable=True),
        sa.Column("fault", Json(), nullable=True),
    )  # fmt: skip
    op.create_index("ix_speech_batch_item_job_id", "speech_batch_item", ["job_id"])


def downgrade() -> None:
    op.drop_table("speech_batch_item")
    op.drop_table("speech_batch")
    op.drop_column("account", "tier_after")
    op.drop_column("account", "tier_until")
    op.drop_index("ix_job_attempt_vendor", "job_attempt")
    op.drop_column("job_attempt", "vendor_ref")
