"""The vendors' side of a stack whose vendors are played, and a persona who is known to them."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from persona_graph.embedded import Embedded
from tests.client import Client
from tests.journeys.conftest import PORTRAIT, Trained, agreed


@dataclass(frozen=True)
class Vendors:
    """The sandbox, by its control port."""

    control: str

    @classmethod
    def of(cls, stack: Embedded) -> Vendors:
        assert stack.sandbox is not None
        return cls(stack.sandbox.urls["control"])

    def billed(self, vendor: str = "") -> Decimal:
        return Decimal(self._told("ledger", vendor=vendor)["total"])

    def asked(self, vendor: str = "", path: str = "") -> list[dict[str, Any]]:
        return list(self._told("requests", vendor=vendor, path=path))

    def inject(self, vendor: str, fault: str, **options: Any) -> None:
        self._tell("faults", vendor=vendor, fault=fault, **options)

    def advance(self, seconds: float) -> None:
        self._tell("clock/advance", seconds=seconds)

    def _told(self, what: str, **query: str) -> Any:
        asked = {name: value for name, value in query.items() if value}
        return httpx.get(f"{self.control}/{what}", params=asked, trust_env=False).json()

    def _tell(self, what: str, **body: Any) -> None:
        answer = httpx.post(f"{self.control}/{what}", json=body, trust_env=False)
        assert answer.is_success, answer.text


async def voiced(client: Client, recording: Path, name: str = "Ada") -> Trained:
    """A persona with a voice in use, and no face."""
    persona = await agreed(client, name)
    sample = await client.upload(recording, "SAMPLE")
    made = await client.change(
        "trainVoice", "voice { id } job { id }", personaId=persona, name="Voice", sampleIds=[sample]
    )
    await client.succeeded(made["job"]["id"])
    await client.change("approveVoice", "voice { approval }", voiceId=made["voice"]["id"])
    return Trained(persona, made["voice"]["id"], "")


async def whole(client: Client, recording: Path, name: str = "Ada") -> Trained:
    """A persona with a voice and a face in use."""
    spoken = await voiced(client, recording, name)
    photo = await client.upload(PORTRAIT, "PHOTO")
    face = await client.change(
        "createAvatar", "avatar { id } job { id }", personaId=spoken.persona, name="Face", photoId=photo
    )
    await client.succeeded(face["job"]["id"])
    await client.change("approveAvatar", "avatar { approval }", avatarId=face["avatar"]["id"])
    return Trained(spoken.persona, spoken.voice, face["avatar"]["id"])
