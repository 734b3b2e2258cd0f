"""The ordinary course: from an order to what was ordered."""

from __future__ import annotations

import math
from collections.abc import Iterator
from decimal import Decimal

from persona_graph.provider.conformance.checks import Bench, NotApplicable, NotMeasured, check, check_offers
from persona_graph.provider.conformance.runs import Run, whole_run
from persona_graph.provider.offers import Capability, Offer
from persona_graph.provider.orders import Animate, Speak, Write

# What an encoder adds at the ends of a sound, and a frame or two of a video.
SLACK_SECONDS = 0.3
QUIET = 50
NAME_CHARS = 255


@check_offers("start leads to a delivery", essential=True)
async def test_start_leads_to_a_delivery(bench: Bench, offer: Offer) -> list[str]:
    run = await whole_run(bench.suite, bench.memory, offer)
    wrong = list(run.faults)
    if run.error is not None:
        wrong.append(f"an ordinary order ends with {type(run.error).__name__}: {run.error}")
    elif run.delivery is None and not wrong:
        wrong.append(f"nothing was delivered after {run.checks} checks")
    return wrong


@check_offers("a ticket survives JSON and another process", essential=True)
async def test_ticket_survives_json_and_a_fresh_instance(bench: Bench, offer: Offer) -> list[str]:
    run = await bench.run(offer)
    if run.ticket is None:
        raise NotApplicable("start delivers at once")
    if run.delivery is None:
        return ["a new instance with the ticket out of JSON does not come to the delivery"]
    return []


@check_offers("what is delivered fits the order", essential=True)
async def test_delivery_fits_the_order(bench: Bench, offer: Offer) -> list[str]:
    return list(_misfits(await _delivered(bench, offer)))


async def _delivered(bench: Bench, offer: Offer) -> Run:
    run = await bench.run(offer)
    if run.delivery is None:
        raise NotMeasured("nothing was delivered")
    return run


def _misfits(run: Run) -> Iterator[str]:
    delivery = run.delivery
    assert delivery is not None
    match run.offer.capability:
        case Capability.VOICE_TRAINING:
            if not delivery.vendor_voice or len(delivery.vendor_voice) > NAME_CHARS:
                yield f"deliver the voice's id of 1 to {NAME_CHARS} characters as vendor_voice"
        case Capability.TEXT:
            if not delivery.text or not delivery.text.strip():
                yield "deliver what was written as text"
        case Capability.SPEECH | Capability.TALKING_VIDEO:
            kind = "audio/" if run.offer.capability is Capability.SPEECH else "video/"
            if not delivery.content_type.startswith(kind):
                yield f"name a content_type that begins with {kind}, not {delivery.content_type!r}"
            if (delivery.media is None) == (delivery.remote_url is None):
                yield "deliver either media or remote_url"
    if run.delivery and run.delivery.voice_expires_at and run.delivery.voice_expires_at.tzinfo is None:
        yield "voice_expires_at has no time zone; give UTC"


@check_offers("media can be played, and is as long as claimed")
async def test_media_plays_and_is_as_long_as_claimed(bench: Bench, offer: Offer) -> list[str]:
    run = await _delivered(bench, offer)
    if offer.capability not in (Capability.SPEECH, Capability.TALKING_VIDEO):
        raise NotApplicable("it delivers no media")
    if run.played is None:
        return [f"what was delivered cannot be played: {run.unplayable}"]
    return list(_lengths(run))


def _lengths(run: Run) -> Iterator[str]:
    assert run.played is not None and run.delivery is not None
    seconds, delivery = run.played.seconds, run.delivery
    if run.played.loudest < QUIET:
        yield "there is nothing to hear in it"
    claimed = delivery.facts.get("seconds")
    if isinstance(claimed, int | float) and abs(claimed - seconds) > SLACK_SECONDS:
        yield f"facts say {claimed:.2f} s, it plays {seconds:.2f} s"
    if isinstance(run.order, Animate) and run.order.speech.seconds is not None:
        wanted = run.order.speech.seconds
        if abs(wanted - seconds) > max(SLACK_SECONDS, 0.02 * wanted):
            yield f"the speech has {wanted:.2f} s and the video {seconds:.2f} s; a video is as long as its speech"
    for timing in delivery.timings:
        if not (0 <= timing.start <= timing.end <= seconds + SLACK_SECONDS):
            yield f"the timing of {timing.text!r} ({timing.start:.2f}–{timing.end:.2f} s) lies outside the {seconds:.2f} s"
            return


@check_offers("progress is said as the vendor says it")
async def test_progress_is_honest(bench: Bench, offer: Offer) -> list[str]:
    run = await bench.run(offer)
    if not run.progress:
        raise NotApplicable("it reports no progress")
    wrong = list[str]()
    fractions = [step.fraction for step in run.progress if step.fraction is not None]
    if any(not _is_number(value) or not 0 <= value <= 1 for value in fractions):
        wrong.append("a fraction is 0 to 1, or None where the vendor does not say")
    elif fractions != sorted(fractions):
        wrong.append("the fraction goes backwards")
    waits = [step.check_again_in for step in run.progress]
    if any(not _is_number(wait) or wait <= 0 for wait in waits):
        wrong.append("check_again_in is a number of seconds above 0")
    if any(len(step.stage) > 200 for step in run.progress):
        wrong.append("stage is a few words; at most 200 characters are kept")
    return wrong


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


@check_offers("the declared cost covers what the vendor bills")
async def test_cost_covers_the_bill(bench: Bench, offer: Offer) -> list[str]:
    run = await _delivered(bench, offer)
    assert run.delivery is not None
    billed = run.delivery.billed_cost
    if billed is None:
        raise NotApplicable("the vendor does not say what it billed")
    if not isinstance(billed, Decimal) or not billed.is_finite() or billed < 0:
        return ["billed_cost is a Decimal of USD, not below 0"]
    quoted = _quoted(run)
    if billed > quoted:
        return [
            f"the vendor billed ${billed} for an order that the offer's cost quotes at ${quoted}; no job pays more than was held for it"
        ]
    return []


def _quoted(run: Run) -> Decimal:
    cost, seconds = run.offer.cost, run.played.seconds if run.played else 0.0
    match run.order:
        case Speak(script=script):
            return cost.of(seconds=seconds, characters=cost.weigh(script))
        case Write(brief=brief, max_chars=most):
            return cost.of(characters=cost.weigh(brief) + (most or 0))
        case Animate(speech=speech, resolution=resolution):
            return cost.of(seconds=speech.seconds or seconds, resolution=resolution)
    return cost.of(seconds=seconds)


@check_offers("it changes nothing that it was given (P9)")
async def test_arguments_stay_as_they_were(bench: Bench, offer: Offer) -> list[str]:
    return (await bench.run(offer)).changed


@check_offers("it leaves no thread, open file or task behind (P9)")
async def test_nothing_is_left_behind(bench: Bench, offer: Offer) -> list[str]:
    return [f"{what} is still there after the delivery; end it" for what in (await bench.run(offer)).left]


@check("only the lent client connects", essential=True)
async def test_only_the_lent_client_connects(bench: Bench) -> list[str]:
    for offer in bench.suite.offers():
        await bench.run(offer)
    return [f"it went past the call it was lent: {event}" for event in dict.fromkeys(bench.memory.outside)]


@check_offers("it gives the vendor no longer than the call has")
async def test_timeouts_stay_within_the_deadline(bench: Bench, offer: Offer) -> list[str]:
    run = await bench.run(offer)
    if not run.heard:
        raise NotApplicable("it asks nobody")
    late = [heard for heard in run.heard if heard.waits is None or heard.waits > 30.0]
    return [f"{h.method} {h.url.partition('?')[0]} may take {h.waits or 'for ever'} s; the call has 30: leave out timeout=, or keep it within call.remaining" for h in late[:1]]  # fmt: skip
