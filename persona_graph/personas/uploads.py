"""Permission to upload, for a viewer."""

from __future__ import annotations

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.media.assets import Asset, AssetPurpose
from persona_graph.personas.room import Personas


async def announce(
    personas: Personas, viewer: Viewer, purpose: AssetPurpose, file_name: str, content_type: str, size: int
) -> Asset:
    viewer.need(Scope.WRITE)
    async with personas.db.writing() as session:
        return await personas.media.announce(session, viewer.account_id, purpose, file_name, content_type, size)
