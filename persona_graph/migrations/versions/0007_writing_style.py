"""Writing style.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from persona_graph.db import Json, Moment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "writing_style",
        sa.Column("persona_id", sa.String(26), nullable=False),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("measured", Json(), nullable=True),
        sa.Column("sources", Json(), nullable=False),
        sa.Column("edits", Json(), nullable=False),
        sa.Column("analyzed_at", Moment(), nullable=True),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["persona_id"], ["persona.id"], name=op.f("fk_writing_style_persona_id_persona")),
        sa.PrimaryKeyConstraint("persona_id", name=op.f("pk_writing_style")),
    )
    op.create_table(
        "platform_adaptation",
        sa.Column("persona_id", sa.String(26), nullable=False),
        sa.Column("platform", sa.String(24), nullable=False),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("edits", Json(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["persona_id"], ["persona.id"], name=op.f("fk_platform_adaptation_persona_id_persona")),
        sa.PrimaryKeyConstraint("persona_id", "platform", name=op.f("pk_platform_adaptation")),
    )


def downgrade() -> None:
    op.drop_table("platform_adaptation")
    op.drop_table("writing_style")
