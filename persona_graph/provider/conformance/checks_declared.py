"""What can be seen of a provider before it is asked for anything."""

from __future__ import annotations

from persona_graph.provider.conformance.call import KIT_NOW
from persona_graph.provider.conformance.checks import Bench, NotApplicable, NotMeasured, check, check_offers
from persona_graph.provider.conformance.source import source_faults
from persona_graph.provider.contract import ContractFault, checked
from persona_graph.provider.knocks import BadKnock, Knock, TakesKnocks
from persona_graph.provider.offers import Capability, Offer


@check("its offers are sane", essential=True)
async def test_offers_are_sane(bench: Bench) -> list[str]:
    try:
        first, second = checked(bench.suite.provider()), checked(bench.suite.provider())
    except ContractFault as fault:
        return [str(fault)]
    if first != second:
        return ["two instances made alike make different offers; offers must not depend on chance or time"]
    return []


@check_offers("limits are declared")
async def test_limits_are_declared(bench: Bench, offer: Offer) -> list[str]:
    limits, wrong = offer.limits, list[str]()
    match offer.capability:
        case Capability.SPEECH | Capability.TEXT if limits.max_chars is None:
            wrong.append("say the longest text of one order in limits.max_chars")
        case Capability.VOICE_TRAINING if limits.min_seconds is None or limits.max_seconds is None:
            wrong.append("say how much recording is needed and taken in limits.min_seconds and max_seconds")
        case Capability.TALKING_VIDEO if limits.max_seconds is None:
            wrong.append("say the longest speech in limits.max_seconds")
    if offer.capability in (Capability.SPEECH, Capability.VOICE_TRAINING) and not limits.languages:
        wrong.append("name the languages in limits.languages, so that an order in another is not sent")
    if offer.capability is Capability.SPEECH and offer.fidelity is None:
        wrong.append("say in fidelity how near the voice comes to the person")
    return wrong


@check_offers("costs and data use are declared")
async def test_costs_are_declared(bench: Bench, offer: Offer) -> list[str]:
    run, wrong = await bench.run(offer), list[str]()
    use = offer.data_use
    if run.heard and not use.leaves:
        wrong.append("it asks a vendor, so say in data_use.leaves what leaves the server")
    if run.heard and use.leaves and not use.region:
        wrong.append("say in data_use.region where it goes")
    if offer.typical_seconds is None:
        wrong.append("say in typical_seconds how long people usually wait")
    return wrong


@check("its source keeps to the wall: no environment, clock, sleep, client or other room", essential=True)
async def test_source_keeps_to_the_wall(bench: Bench) -> list[str]:
    return list(source_faults(bench.suite.package(), bench.suite.apart))


@check("it takes the vendor's knocks and nobody else's", essential=True)
async def test_knocks_are_verified(bench: Bench) -> list[str]:
    provider = bench.suite.provider()
    if not isinstance(provider, TakesKnocks):
        raise NotApplicable("it takes no knocks; it is asked instead")
    genuine, wrong = bench.suite.knock(), list[str]()
    if genuine is None:
        raise NotMeasured("give a genuine knock in knock()")
    try:
        provider.verify_knock(genuine)
    except BadKnock as error:
        return [f"it refuses the genuine knock: {error}"]
    strange = {
        "without headers": Knock(headers={}, body=genuine.body, now=genuine.now),
        "with another body": Knock(headers=genuine.headers, body=genuine.body + b" ", now=genuine.now),
        "empty": Knock(headers={}, body=b"", now=KIT_NOW),
        "of bytes that are no text": Knock(headers=genuine.headers, body=b"\xff\x00", now=genuine.now),
        "that came a day late": Knock(
            headers=genuine.headers, body=genuine.body, now=genuine.now.replace(year=genuine.now.year + 1)
        ),
    }
    for name, knock in strange.items():
        try:
            provider.verify_knock(knock)
            wrong.append(f"it takes a knock {name}; verify the signature and its age")
        except BadKnock:
            continue
        except Exception as error:
            wrong.append(f"a knock {name} raises {type(error).__name__}; raise BadKnock")
    return wrong
