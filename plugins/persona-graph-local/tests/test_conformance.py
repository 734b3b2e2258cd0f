"""Both providers keep every promise of the wall: the conformance kit, with real children, recordings and a photo."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

import pytest
from persona_graph_local.provider import LocalPortrait, LocalVoice
from persona_graph_local.workshop import Workshop

from persona_graph.provider import Animate, Offer, Order, Provider, Speak, TrainVoice, VendorVoice
from persona_graph.provider.conformance import KitCall, ProviderConformance, Vendor, sample_order

PHOTOS = Path(__file__).parents[3] / "tests" / "samples" / "photos"
SCRIPT = "The ferry leaves at nine."

pytestmark = pytest.mark.timeout(600)


class _Local(ProviderConformance):
    """One workshop for all instances, as in one server: its children end with it."""

    apart: Mapping[str, str] = {"worker_main.py": "the child's own main module; it paces its reports"}
    workshop: ClassVar[Workshop]

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _open_workshop(cls) -> Iterator[None]:
        cls.workshop = Workshop()
        yield
        del cls.workshop

    @pytest.fixture(autouse=True)
    def _recordings(self, speakers: Any, trained: Any) -> None:
        self.speaker = speakers["1688"]
        self.voice, _ = trained["1688"]

    def paid(self, vendor: Vendor | None, call: KitCall) -> int | None:
        """Orders taken up: the folders that children work in."""
        return len(list(call.folder.glob("job-*")))


class TestLocalVoice(_Local):
    def provider(self) -> Provider:
        return LocalVoice(self.workshop)

    def order(self, offer: Offer, call: KitCall) -> Order:
        match sample_order(offer, call):
            case TrainVoice():
                return self.speaker.order(call, clips=2)
            case Speak() if offer.uses_trained_voice:
                model = call.lend("model.json", self.voice.voice_model, "application/json")
                return Speak(script=SCRIPT, voice=VendorVoice(id=self.voice.vendor_voice, model=model))
        return Speak(script=SCRIPT)


class TestLocalPortrait(_Local):
    def provider(self) -> Provider:
        return LocalPortrait(self.workshop)

    def order(self, offer: Offer, call: KitCall) -> Order:
        photo = (PHOTOS / "astronaut.png").read_bytes()
        (speech,) = self.speaker.order(call, clips=1).samples
        heard = call.lend("speech.wav", call.files[speech.id], "audio/wav", self._seconds(speech.size))
        return Animate(portrait=call.lend("me.png", photo, "image/png"), speech=heard)

    @staticmethod
    def _seconds(size: int) -> float:
        return (size - 44) / 2 / 24_000
