"""Content.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persona_graph.db import Moment

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("job_leg") as leg:
        leg.add_column(sa.Column("optional", sa.Boolean(), nullable=False, server_default=sa.false()))
        leg.add_column(sa.Column("failure", sa.Text(), nullable=True))
    with op.batch_alter_table("output") as output:
        output.add_column(sa.Column("title", sa.String(200), nullable=True))
        output.add_column(sa.Column("written", sa.Text(), nullable=True))
        output.add_column(sa.Column("skipped", sa.Text(), nullable=True))
        output.add_column(sa.Column("content_id", sa.String(26), nullable=True))
        output.add_column(sa.Column("scene", sa.Integer(), nullable=True))
        output.create_index("ix_output_content", ["content_id", "scene"])
    op.create_table(
        "content",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("persona_id", sa.String(26), sa.ForeignKey("persona.id"), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("content_type", sa.String(24), nullable=False),
        sa.Column("platform", sa.String(24), nullable=True),
        sa.Column("asked_by", sa.String(100), nullable=False),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_index("ix_content_persona_id", "content", ["persona_id"])


def downgrade() -> None:
    op.drop_table("content")
    with op.batch_alter_table("output") as output:
        output.drop_index("ix_output_content")
        for name in ("scene", "content_id", "skipped", "written", "title"):
            output.drop_column(name)
    with op.batch_alter_table("job_leg") as leg:
        leg.drop_column("failure")
        leg.drop_column("optional")
