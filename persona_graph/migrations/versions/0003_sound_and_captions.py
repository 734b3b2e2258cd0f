"""Captions, poster and music of outputs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from persona_graph.db import Json

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("output") as output:
        output.add_column(sa.Column("timing_source", sa.String(16), nullable=True))
        output.add_column(sa.Column("vtt_id", sa.String(26), nullable=True))
        output.add_column(sa.Column("srt_id", sa.String(26), nullable=True))
        output.add_column(sa.Column("poster_id", sa.String(26), nullable=True))
        output.add_column(sa.Column("music", Json(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("output") as output:
        for name in ("music", "poster_id", "srt_id", "vtt_id", "timing_source"):
            output.drop_column(name)
