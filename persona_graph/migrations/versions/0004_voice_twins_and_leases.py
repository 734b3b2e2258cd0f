"""Voice twins, leases and notices.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from persona_graph.db import Amount, Moment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("voice_enrolment") as enrolment:
        enrolment.add_column(sa.Column("standing", sa.String(24), nullable=False, server_default="FIRST"))
        enrolment.add_column(sa.Column("similarity", sa.Double(), nullable=True))
        enrolment.add_column(sa.Column("preview_id", sa.String(26), nullable=True))
        enrolment.add_column(sa.Column("job_id", sa.String(26), nullable=True))
        enrolment.add_column(sa.Column("warned_at", Moment(), nullable=True))
    op.add_column("voice", sa.Column("renewal_cap", Amount(), nullable=True))
    op.create_table(
        "persona_notice",
        sa.Column("id", sa.String(26), primary_key=True),
        sa.Column("account_id", sa.String(26), nullable=False),
        sa.Column("persona_id", sa.String(26), sa.ForeignKey("persona.id"), nullable=False),
        sa.Column("kind", sa.String(24), nullable=False),
        sa.Column("subject_kind", sa.String(16), nullable=False),
        sa.Column("subject_id", sa.String(26), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("fix", sa.Text(), nullable=True),
        sa.Column("at", Moment(), nullable=False),
    )
    op.create_index("ix_persona_notice_persona", "persona_notice", ["persona_id", "id"])


def downgrade() -> None:
    op.drop_table("persona_notice")
    # Without the batch mode, which would rebuild a table that a view is over.
    op.drop_column("voice", "renewal_cap")
    with op.batch_alter_table("voice_enrolment") as enrolment:
        for name in ("warned_at", "job_id", "preview_id", "similarity", "standing"):
            enrolment.drop_column(name)
