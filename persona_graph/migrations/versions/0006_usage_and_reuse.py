"""Usage and reuse.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persona_graph.db import Moment

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

FIGURES = ("views", "likes", "comments", "shares", "clicks")
INDEXES = {
    "ix_output_reuse": ["account_id", "reuse_key"],
    "ix_output_account": ["account_id", "ready_at"],
    "ix_output_asset": ["asset_id"],
}


def upgrade() -> None:
    with op.batch_alter_table("output") as output:
        output.add_column(sa.Column("content_type", sa.String(24), nullable=True))
        output.add_column(sa.Column("draft", sa.Boolean(), nullable=False, server_default=sa.false()))
        output.add_column(sa.Column("reuse_key", sa.String(64), nullable=True))
        output.add_column(sa.Column("reused_from", sa.String(26), nullable=True))
        output.add_column(sa.Column("seconds", sa.Double(), nullable=True))
        output.add_column(sa.Column("style_score", sa.Integer(), nullable=True))
        for name, columns in INDEXES.items():
            output.create_index(name, columns)
    op.create_table(
        "output_rating",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("output_id", sa.String(26), sa.ForeignKey("output.id"), nullable=False),
        sa.Column("rated_by", sa.String(100), nullable=False),
        sa.Column("stars", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.UniqueConstraint("output_id", "rated_by"),
    )
    op.create_table(
        "output_engagement",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("output_id", sa.String(26), sa.ForeignKey("output.id"), nullable=False),
        sa.Column("platform", sa.String(24), nullable=False),
        sa.Column("reported_by", sa.String(100), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in FIGURES),
        sa.Column("at", Moment(), nullable=False),
        sa.UniqueConstraint("output_id", "platform"),
    )


def downgrade() -> None:
    op.drop_table("output_engagement")
    op.drop_table("output_rating")
    with op.batch_alter_table("output") as output:
        for name in INDEXES:
            output.drop_index(name)
        for name in ("style_score", "seconds", "reused_from", "reuse_key", "draft", "content_type"):
            output.drop_column(name)
