"""Places one real order at a vendor, by the provider itself, and keeps what was said."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import uuid4

import httpx

from persona_graph.provider.conformance.call import KitCall
from persona_graph.provider.conformance.cassette import Cleaner, RecordingTransport, Tape
from persona_graph.provider.conformance.playing import play
from persona_graph.provider.conformance.samples import sample_order
from persona_graph.provider.deliveries import Delivery, Progress
from persona_graph.provider.errors import ProviderBusy
from persona_graph.provider.hookspec import Provider
from persona_graph.provider.offers import Offer
from persona_graph.provider.orders import Animate, FileRef, Order, Speak, TrainVoice, VendorVoice, Write

MOST_CHECKS = 2000


@dataclass(frozen=True)
class Wish:
    """What is ordered, where the kit's own sample is not what is wanted."""

    text: str | None = None
    voice: str | None = None
    sample: Path | None = None
    portrait: Path | None = None


class NoLinks(KitCall):
    """From a desk nothing can be lent to a vendor by link."""

    async def link(self, file: FileRef, ttl: float = 900) -> str:
        raise ProviderBusy("A recording has no public address to lend files from; use call.read.")


async def recorded(
    provider: Provider,
    offer: Offer,
    wish: Wish,
    secrets: Sequence[str],
    transport: httpx.AsyncBaseTransport | None = None,
) -> Tape:
    """From start to delivery, for real. ``transport`` stands in for the network where there is none."""
    line = RecordingTransport(transport or httpx.AsyncHTTPTransport(), Cleaner(secrets))
    with tempfile.TemporaryDirectory(prefix="kit-") as folder:
        key = f"kit-{uuid4().hex}"
        call = NoLinks(Path(folder), line, idempotency_key=key, client_ref=key, remaining=120.0)
        try:
            await _until_delivered(provider, offer, _order(offer, wish, call), call)
        finally:
            await call.http.aclose()
    return line.tape


async def _until_delivered(provider: Provider, offer: Offer, order: Order, call: KitCall) -> None:
    answer: object = await provider.start(offer, order, call)
    if isinstance(answer, Delivery):
        return await _fetched(answer, call)
    ticket = answer
    for _ in range(MOST_CHECKS):
        wait = answer.check_again_in if isinstance(answer, Progress) else 1.0
        await asyncio.sleep(min(max(wait, 0.1), 30.0))
        answer = await provider.check(ticket, call)  # type: ignore[arg-type]
        if isinstance(answer, Delivery):
            return await _fetched(answer, call)
    return None


async def _fetched(delivery: Delivery, call: KitCall) -> None:
    """What lies elsewhere belongs to the exchange."""
    if delivery.remote_url:
        await call.http.get(delivery.remote_url)


def _order(offer: Offer, wish: Wish, call: KitCall) -> Order:
    order = sample_order(offer, call)
    match order:
        case Speak():
            voice = VendorVoice(id=wish.voice) if wish.voice else order.voice
            return replace(order, script=wish.text or order.script, voice=voice)
        case Write():
            return replace(order, brief=wish.text or order.brief)
        case TrainVoice() if wish.sample:
            return replace(order, samples=(_recording(wish.sample, call),))
        case Animate():
            return replace(
                order,
                speech=_recording(wish.sample, call) if wish.sample else order.speech,
                portrait=_photo(wish.portrait, call) if wish.portrait else order.portrait,
                prompt=wish.text or order.prompt,
            )
    return order


def _recording(path: Path, call: KitCall) -> FileRef:
    content = path.read_bytes()
    return call.lend(path.name, content, "audio/wav", play(content, video=False).seconds)


def _photo(path: Path, call: KitCall) -> FileRef:
    kind = "image/png" if path.suffix.lower() == ".png" else "image/jpeg"
    return call.lend(path.name, path.read_bytes(), kind)
