"""The view that SQL readers of an existing platform expect

The eight columns of their persona table over the normalised tables; state is stored once. The two URL
columns hold the ids of the stored files: links are made per request and expire.
"""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

VIEW = """
CREATE VIEW writing_persona AS
SELECT
  persona.id AS id,
  persona.account_id AS account_id,
  persona.name AS persona_name,
  persona.voice_id AS voice_id,
  LOWER(COALESCE(voice.status, 'NOT_TRAINED')) AS voice_training_status,
  (SELECT MIN(voice_sample.asset_id) FROM voice_sample WHERE voice_sample.voice_id = voice.id)
    AS voice_training_audio_url,
  voice.trained_at AS voice_trained_at,
  persona.avatar_id AS avatar_id,
  avatar.portrait_id AS avatar_image_url,
  LOWER(COALESCE(avatar.status, 'NOT_TRAINED')) AS avatar_training_status,
  avatar.created_at AS avatar_created_at
FROM persona
LEFT JOIN voice ON voice.id = COALESCE(
  persona.voice_id,
  (SELECT MAX(v.id) FROM voice v WHERE v.persona_id = persona.id AND v.deleted_at IS NULL))
LEFT JOIN avatar ON avatar.id = COALESCE(
  persona.avatar_id,
  (SELECT MAX(a.id) FROM avatar a WHERE a.persona_id = persona.id AND a.deleted_at IS NULL))
WHERE persona.deleted_at IS NULL
"""


def upgrade() -> None:
    op.execute(VIEW)


def downgrade() -> None:
    op.execute("DROP VIEW writing_persona")
