"""Settings, lexicon, versions and onboarding.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from persona_graph.db import Json, Moment

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("output") as output:
        output.add_column(sa.Column("settings", Json(), nullable=True))
        output.add_column(sa.Column("pronunciations", Json(), nullable=True))
    _of_persona(
        "persona_settings",
        sa.Column("own", Json(), nullable=False),
        sa.Column("platforms", Json(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", name=op.f("pk_persona_settings")),
    )
    _of_persona(
        "persona_onboarding",
        sa.Column("skipped", Json(), nullable=False),
        sa.Column("opted_out", Json(), nullable=False),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", name=op.f("pk_persona_onboarding")),
    )
    _of_persona(
        "lexicon_entry",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("written", sa.String(60), nullable=False),
        sa.Column("language", sa.String(16), nullable=False),
        sa.Column("case_rule", sa.String(24), nullable=False),
        sa.Column("spoken", sa.String(120), nullable=True),
        sa.Column("ipa", sa.String(120), nullable=True),
        sa.Column("updated_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_lexicon_entry")),
        sa.UniqueConstraint("persona_id", "language", "written", name=op.f("uq_lexicon_entry_persona_id_language_written")),
    )
    _of_persona(
        "persona_version",
        sa.Column("id", sa.String(26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("voice_id", sa.String(26), nullable=True),
        sa.Column("avatar_id", sa.String(26), nullable=True),
        sa.Column("style", Json(), nullable=False),
        sa.Column("settings", Json(), nullable=False),
        sa.Column("note", sa.String(200), nullable=True),
        sa.Column("approved_by", sa.String(100), nullable=False),
        sa.Column("rolled_back_to", sa.String(26), nullable=True),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_persona_version")),
        sa.UniqueConstraint("persona_id", "number", name=op.f("uq_persona_version_persona_id_number")),
    )
    _of_persona(
        "persona_platform_pin",
        sa.Column("platform", sa.String(24), nullable=False),
        sa.Column("version_id", sa.String(26), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("persona_id", "platform", name=op.f("pk_persona_platform_pin")),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["persona_version.id"],
            name=op.f("fk_persona_platform_pin_version_id_persona_version"),
        ),
    )


def _of_persona(table: str, *columns: sa.Column[object] | sa.Constraint) -> None:
    op.create_table(
        table,
        sa.Column("persona_id", sa.String(26), nullable=False),
        sa.Column("account_id", sa.String(26), nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["persona_id"], ["persona.id"], name=op.f(f"fk_{table}_persona_id_persona")),
    )


def downgrade() -> None:
    for table in (
        "persona_platform_pin",
        "persona_version",
        "lexicon_entry",
        "persona_onboarding",
        "persona_settings",
    ):
        op.drop_table(table)
    with op.batch_alter_table("output") as output:
        output.drop_column("pronunciations")
        output.drop_column("settings")
