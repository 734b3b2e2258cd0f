"""What a provider says: to users, into logs, and about its keys."""

from __future__ import annotations

import re
from dataclasses import replace

from persona_graph.provider.conformance import faults as line_faults
from persona_graph.provider.conformance.checks import Bench, NotApplicable, NotMeasured, check, check_offers
from persona_graph.provider.conformance.checks_trouble import start_under
from persona_graph.provider.conformance.runs import staged
from persona_graph.provider.errors import OrderRejected
from persona_graph.provider.offers import Capability, Offer
from persona_graph.provider.orders import Order, Speak, Write

_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_NOT_FOR_USERS = re.compile(r"[<>{}\x00-\x1f]|Traceback|https?://")
MOST_WORDS = 300


def unfit(error: OrderRejected) -> str | None:
    """Why this refusal cannot be shown to a user."""
    said, code = str(error), error.code
    if not isinstance(code, str) or not _CODE.fullmatch(code):
        return f"the code {code!r} is not one stable word in capitals"
    if not said.strip() or len(said) > MOST_WORDS:
        return f"a refusal is a sentence of at most {MOST_WORDS} characters that says what to change"
    if found := _NOT_FOR_USERS.search(said):
        return f"a refusal is for users, and has {found.group()!r} in it"
    if said.strip()[-1] not in ".!?…。！？":
        return f"a refusal is a sentence, with a full stop: {said[-40:]!r}"
    return None


@check_offers("an order of another kind, and what the vendor refuses, is refused in words fit for users")
async def test_refusals_are_fit_for_users(bench: Bench, offer: Offer) -> list[str]:
    run, wrong = await bench.run(offer), list[str]()
    with staged(bench.suite, bench.memory) as stage:
        other: Order = (
            Speak(script="Hi.") if offer.capability is not Capability.SPEECH else Write(brief="Hi.")
        )
        strange = await stage.start(offer, order=other)
        if not isinstance(strange.error, OrderRejected):
            got = type(strange.error).__name__ if strange.error else "an answer"
            wrong.append(f"an order of another kind gives {got}; raise OrderRejected")
        elif reason := unfit(strange.error):
            wrong.append(reason)
    for fault in line_faults.REFUSED if run.started_with else ():
        refused = await start_under(bench, offer, fault, run.paying or 0)
        if isinstance(refused.error, OrderRejected) and (reason := unfit(refused.error)):
            wrong.append(f"{fault.name}: {reason}")
    return wrong


@check_offers("a text over the limit is refused before anything is asked")
async def test_the_text_limit_is_respected(bench: Bench, offer: Offer) -> list[str]:
    run, most = await bench.run(offer), offer.limits.max_chars
    if offer.capability not in (Capability.SPEECH, Capability.TEXT) or most is None:
        raise NotApplicable("there is no limit on texts")
    words = "word " * (most // 5 + 1)
    with staged(bench.suite, bench.memory) as stage:
        match run.order:
            case Speak():
                order: Order = replace(run.order, script=words[: most + 1])
            case Write():
                order = replace(run.order, brief=words[: most + 1])
            case _:
                raise NotMeasured("order() gives an order of another kind")
        long = await stage.start(offer, order=order)
        if not isinstance(long.error, OrderRejected):
            got = type(long.error).__name__ if long.error else "an answer"
            return [f"{most + 1} characters give {got}; raise OrderRejected before the vendor is asked"]
        if long.heard:
            return [
                f"{most + 1} characters are refused only after {long.heard[0].method} {long.heard[0].url}"
            ]
        return [reason] if (reason := unfit(long.error)) else []


@check("no secret in repr, errors, logs, tickets or deliveries", essential=True)
async def test_no_secret_is_shown(bench: Bench) -> list[str]:
    suite = bench.suite
    if suite.secrets == ():
        raise NotApplicable("its tests say that it has no secret")
    if not suite.secrets:
        asked = [offer for offer in suite.offers() if (await bench.run(offer)).heard]
        if asked:
            raise NotMeasured("name the keys the provider is made with in `secrets`, or say `secrets = ()`")
        raise NotApplicable("it has no secret")
    provider = suite.provider()
    said = [repr(provider), str(provider), repr(provider.offers)]
    used = ""
    for offer in suite.offers():
        run = await bench.run(offer)
        used += " ".join(f"{heard.url} {heard.headers} {heard.body!r}" for heard in run.heard)
        for fault in (*line_faults.NOT_SENT, *line_faults.KEY, *line_faults.REFUSED, *line_faults.LOST):
            for at in range(min(run.started_with, 3)):
                await start_under(bench, offer, fault, at)
    shown = [
        secret for secret in suite.secrets if any(secret in text for text in (*said, *bench.memory.said))
    ]
    if shown:
        where = next(text for text in (*said, *bench.memory.said) if shown[0] in text)
        return [f"a secret is shown: {_around(where, shown[0])}"]
    if not any(secret in used for secret in suite.secrets):
        raise NotMeasured("no request carries any of `secrets`, so they cannot be the keys")
    return []


def _around(text: str, secret: str) -> str:
    at = text.find(secret)
    return " ".join(
        (text[max(0, at - 80) : at] + "•••" + text[at + len(secret) : at + len(secret) + 40]).split()
    )
