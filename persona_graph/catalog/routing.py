"""Who is asked for a piece of work, in which order, and why not the others. Pure: the same need, catalog
and tiers give the same route, in every process.

A route never changes the speaker by itself: work in a trained voice goes only to providers that hold an
enrolment of that voice. Stock voices come after those, and only where the caller allows them or the tier
has nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum
from typing import Any, Self

from persona_graph.catalog.prices import INCLUDED, cost, terms
from persona_graph.catalog.registry import Catalog, Registered
from persona_graph.catalog.tiers import Feature, Section, Tier, Tiers, usd
from persona_graph.errors import NoProvider
from persona_graph.provider import Capability, Fidelity, Offer


@dataclass(frozen=True, slots=True, kw_only=True)
class VoiceWish:
    """Whose voice is wanted. ``enrolled_at`` holds the ids of the providers that have an enrolment of the
    trained voice; ``None`` means that a stock voice is what is wanted."""

    enrolled_at: frozenset[str] | None = None
    stock_allowed: bool = False


STOCK_VOICE = VoiceWish(stock_allowed=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataDemands:
    """What a person asks of whoever gets their data. ``None`` and ``False`` ask nothing."""

    nothing_leaves: bool = False
    max_kept_days: int | None = None
    no_training: bool = False
    deletion: bool = False
    regions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One leg's work before anybody is chosen.

    ``seconds`` is the length of the sample set (training) or of the speech (video), measured or the
    likely estimate; for speech it only serves the price shown. ``script`` is what is spoken, where it is at
    hand: vendors count its characters each in their own way. ``largest_file`` is in bytes. ``options``
    are the order settings that were asked for. ``included`` work, such as a preview, has no price. ``only``
    names the providers that may be asked at all. ``unbilled`` work, such as a draft, goes to nobody who bills
    for it.
    """

    capability: Capability
    tier: str
    seconds: float | None = None
    characters: int = 0
    script: str = ""
    largest_file: int | None = None
    content_types: tuple[str, ...] = ()
    language: str = "en"
    resolution: str = "480p"
    voice: VoiceWish = STOCK_VOICE
    options: frozenset[str] = frozenset()
    demands: DataDemands = field(default_factory=DataDemands)
    included: bool = False
    only: frozenset[str] | None = None
    unbilled: bool = False


class RefusalCode(StrEnum):
    """Why an offer is not a candidate."""

    NOT_INSTALLED = "NOT_INSTALLED"
    NOT_LISTED = "NOT_LISTED"
    SHORT_ONLY = "SHORT_ONLY"
    TOO_LONG = "TOO_LONG"
    TOO_SHORT = "TOO_SHORT"
    TEXT_TOO_LONG = "TEXT_TOO_LONG"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    CONTENT_TYPE = "CONTENT_TYPE"
    RESOLUTION = "RESOLUTION"
    LANGUAGE = "LANGUAGE"
    NOT_ENROLLED = "NOT_ENROLLED"
    OWN_VOICE_NOT_IN_TIER = "OWN_VOICE_NOT_IN_TIER"
    OTHER_SPEAKER = "OTHER_SPEAKER"
    DATA_USE = "DATA_USE"
    BILLS = "BILLS"
    NOT_WANTED = "NOT_WANTED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One offer that can do it. ``price`` is what the account pays, ``cost`` what the vendor is
    expected to bill, both for the likely length; ``ignores`` are asked-for settings without effect there."""

    provider: str
    offer: str
    price: Decimal
    cost: Decimal
    why: str
    own_voice: bool = False
    fidelity: Fidelity | None = None
    ignores: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One offer that cannot, with the reason in words for people; ``offer`` is empty when the whole
    provider is meant."""

    provider: str
    offer: str
    code: RefusalCode
    reason: str

    @property
    def words(self) -> str:
        who = f"{self.provider} ({self.offer})" if self.offer else self.provider
        return f"{who}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """The candidates in the order in which they are asked, and the refusals."""

    capability: Capability
    candidates: tuple[Candidate, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    def required(self) -> Self:
        """This route if it leads anywhere; else NoProvider with every reason."""
        if self.candidates:
            return self
        what = self.capability.replace("_", " ").lower()
        raise NoProvider(
            message=f"No provider on this server can do this {what}.",
            refusals=tuple(refusal.words for refusal in self.refusals),
            fix=self.refusals[0].words if len(self.refusals) == 1 else "See the reasons of each provider.",
        )

    def offers(self, catalog: Catalog) -> list[Offer]:
        """The candidates' offers as far as they are installed."""
        found = (catalog.find_offer(c.provider, c.offer) for c in self.candidates)
        return [offer for offer in found if offer is not None]

    def to_json(self) -> dict[str, Any]:
        return {
            "capability": self.capability.value,
            "candidates": [_candidate_json(candidate) for candidate in self.candidates],
            "refusals": [
                {"provider": r.provider, "offer": r.offer, "code": r.code.value, "reason": r.reason}
                for r in self.refusals
            ],
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        return cls(
            capability=Capability(stored["capability"]),
            candidates=tuple(_candidate(candidate) for candidate in stored["candidates"]),
            refusals=tuple(Refusal(**{**r, "code": RefusalCode(r["code"])}) for r in stored["refusals"]),
        )


def only(need: Need, *providers: str) -> Need:
    """The same need, for these providers alone."""
    return replace(need, only=frozenset(providers))


def rank(need: Need, catalog: Catalog, tiers: Tiers) -> Route:
    """Raises TierRefused where the tier does not sell it, InvalidInput for a resolution nobody sells."""
    video = need.capability is Capability.TALKING_VIDEO
    tier = tiers.admit(need.tier, Feature(need.capability.value), need.seconds if video else None)
    agreed = INCLUDED if need.included else terms(tier, need.capability, resolution=need.resolution)
    price = agreed.price(seconds=need.seconds or 0, characters=need.characters)
    section = tier.section(need.capability)
    ranked: list[tuple[tuple[object, ...], Candidate]] = []
    refusals: list[Refusal] = list(_absent(section, catalog))
    for provider, offer in catalog.offers(need.capability):
        refusal = next(_refusals(need, provider, offer, tier, tiers), None)
        if refusal is not None:
            code, reason = refusal
            refusals.append(Refusal(provider=provider.id, offer=offer.id, code=code, reason=reason))
            continue
        candidate = _chosen(need, provider, offer, tier, price)
        ranked.append((_order(need, section, provider, offer, candidate), candidate))
    ranked.sort(key=lambda pair: pair[0])
    return Route(
        capability=need.capability,
        candidates=tuple(candidate for _, candidate in ranked),
        refusals=tuple(sorted(refusals, key=lambda r: (_place(section, r.provider), r.provider, r.offer))),
    )


def _place(section: Section, provider: str) -> int:
    place = section.place(provider)
    return len(section.providers) if place is None else place


def _order(
    need: Need, section: Section, provider: Registered, offer: Offer, candidate: Candidate
) -> tuple[object, ...]:
    """Own voice first, then the tier's order; strangers under one ``*`` by cost; a plugin's own order last."""
    other_speaker = need.voice.enrolled_at is not None and _speaks(need) and not candidate.own_voice
    stranger_cost = _ZERO if provider.id in section.providers else candidate.cost
    place = _place(section, provider.id)
    return (other_speaker, place, stranger_cost, provider.id, list(provider.offers).index(offer))


_ZERO = Decimal(0)


def _speaks(need: Need) -> bool:
    return need.capability is Capability.SPEECH


def _absent(section: Section, catalog: Catalog) -> Iterator[Refusal]:
    for name in section.providers:
        if name != "*" and catalog.find(name) is None:
            yield Refusal(
                provider=name,
                offer="",
                code=RefusalCode.NOT_INSTALLED,
                reason="it is not installed on this server, or was left out for a fault",
            )


_Fault = tuple[RefusalCode, str]


def _refusals(need: Need, provider: Registered, offer: Offer, tier: Tier, tiers: Tiers) -> Iterator[_Fault]:
    section = tier.section(need.capability)
    if need.only is not None and provider.id not in need.only:
        yield RefusalCode.NOT_WANTED, "another provider was asked for"
    if need.unbilled and _bills(offer):
        yield RefusalCode.BILLS, "it bills for its work, and this has to be for nothing"
    if section.place(provider.id) is None:
        yield RefusalCode.NOT_LISTED, f"{tier.name} does not use it for {_work(need)}"
    if _speaks(need):
        yield from _voice_refusals(need, provider, offer, tier)
    yield from _length_refusals(need, provider, offer, tier, tiers)
    yield from _format_refusals(need, offer)
    yield from _data_refusals(need.demands, offer)


def _bills(offer: Offer) -> bool:
    bill = offer.cost
    blocks = (price for _, price in bill.per_block_at)
    return any(price > 0 for price in (bill.per_run, bill.per_1000_chars, bill.per_block, *blocks))


def _voice_refusals(need: Need, provider: Registered, offer: Offer, tier: Tier) -> Iterator[_Fault]:
    enrolled_at = need.voice.enrolled_at
    if offer.uses_trained_voice:
        if not tier.own_voice:
            yield RefusalCode.OWN_VOICE_NOT_IN_TIER, f"{tier.name} has no speech in the own voice"
        elif enrolled_at is None:
            yield RefusalCode.NOT_ENROLLED, "it needs a trained voice, and a stock voice was asked for"
        elif provider.id not in enrolled_at:
            yield RefusalCode.NOT_ENROLLED, "this voice was not trained there"
    elif enrolled_at is not None and tier.own_voice and not need.voice.stock_allowed:
        yield RefusalCode.OTHER_SPEAKER, "it would speak in somebody else's voice, which was not allowed"


def _length_refusals(
    need: Need, provider: Registered, offer: Offer, tier: Tier, tiers: Tiers
) -> Iterator[_Fault]:
    limits, seconds = offer.limits, need.seconds
    if need.capability is Capability.TALKING_VIDEO and seconds is not None:
        short = provider.id in tier.video.short_only
        if short and seconds > tiers.short_video_seconds:
            limit = f"{tiers.short_video_seconds:g} s"
            yield RefusalCode.SHORT_ONLY, f"it is used for videos up to {limit}; this is {seconds:g} s"
    if need.capability in (Capability.TALKING_VIDEO, Capability.VOICE_TRAINING) and seconds is not None:
        if limits.max_seconds is not None and seconds > limits.max_seconds:
            yield RefusalCode.TOO_LONG, f"{seconds:g} s is longer than its {limits.max_seconds:g} s limit"
        if limits.min_seconds is not None and seconds < limits.min_seconds:
            yield (
                RefusalCode.TOO_SHORT,
                f"{seconds:g} s is shorter than the {limits.min_seconds:g} s it needs",
            )
    # A long script is spoken in pieces, a long brief cannot be.
    if need.capability is Capability.TEXT and limits.max_chars and need.characters > limits.max_chars:
        yield RefusalCode.TEXT_TOO_LONG, f"{need.characters:,} characters are over its {limits.max_chars:,}"


def _format_refusals(need: Need, offer: Offer) -> Iterator[_Fault]:
    limits = offer.limits
    if limits.max_bytes is not None and (need.largest_file or 0) > limits.max_bytes:
        size, limit = (f"{n / 1e6:.1f} MB" for n in (need.largest_file or 0, limits.max_bytes))
        yield RefusalCode.FILE_TOO_LARGE, f"a file of {size} is over its {limit}"
    foreign = [
        kind for kind in need.content_types if limits.content_types and kind not in limits.content_types
    ]
    if foreign:
        yield RefusalCode.CONTENT_TYPE, f"it does not take {', '.join(foreign)}"
    video = need.capability is Capability.TALKING_VIDEO
    if video and limits.resolutions and need.resolution not in limits.resolutions:
        yield RefusalCode.RESOLUTION, f"it renders {', '.join(limits.resolutions)}, not {need.resolution}"
    if not video and limits.languages and need.language.split("-")[0].lower() not in limits.languages:
        yield RefusalCode.LANGUAGE, f"it does not know the language {need.language!r}"


def _data_refusals(demands: DataDemands, offer: Offer) -> Iterator[_Fault]:
    use = offer.data_use
    if not use.leaves:
        return
    if demands.nothing_leaves:
        yield RefusalCode.DATA_USE, f"{', '.join(use.leaves)} would leave this server"
    if demands.no_training and use.trains_on_it:
        yield RefusalCode.DATA_USE, "the vendor trains its models on what it is sent"
    if demands.deletion and not use.deletion_supported:
        yield RefusalCode.DATA_USE, "the vendor cannot delete what it is sent"
    if demands.max_kept_days is not None and (use.kept_days is None or use.kept_days > demands.max_kept_days):
        kept = "an unknown time" if use.kept_days is None else f"{use.kept_days} days"
        yield (
            RefusalCode.DATA_USE,
            f"the vendor keeps the data for {kept}; at most {demands.max_kept_days} days are accepted",
        )
    if demands.regions and use.region not in demands.regions:
        yield RefusalCode.DATA_USE, f"the data would go to {use.region or 'an unknown region'}"


def _chosen(need: Need, provider: Registered, offer: Offer, tier: Tier, price: Decimal) -> Candidate:
    billed = cost(
        offer, seconds=need.seconds or 0, characters=need.characters, script=need.script, resolution=need.resolution
    )  # fmt: skip
    ignores = tuple(sorted(need.options - set(offer.limits.options)))
    section = tier.section(need.capability)
    listed = provider.id in section.providers
    reasons = (
        [f"number {_place(section, provider.id) + 1} of {tier.name} for {_work(need)}"]
        if listed
        else ["installed"]
    )
    if _speaks(need):
        reasons.append(_voice_words(need, offer, tier))
    if ignores:
        reasons.append(f"without effect there: {', '.join(ignores)}")
    reasons.append(f"price {usd(price)}, cost {usd(billed)}")
    return Candidate(
        provider=provider.id,
        offer=offer.id,
        price=price,
        cost=billed,
        why="; ".join(reasons),
        own_voice=offer.uses_trained_voice,
        fidelity=offer.fidelity,
        ignores=ignores,
    )


def _voice_words(need: Need, offer: Offer, tier: Tier) -> str:
    if offer.uses_trained_voice:
        return (
            "an approximation of the own voice" if offer.fidelity is Fidelity.APPROXIMATE else "the own voice"
        )
    if need.voice.enrolled_at is None:
        return "a stock voice, as asked for"
    return (
        "a stock voice, as allowed"
        if need.voice.stock_allowed
        else f"a stock voice, all that {tier.name} has"
    )


def _work(need: Need) -> str:
    return need.capability.replace("_", " ").lower()


def _candidate_json(candidate: Candidate) -> dict[str, Any]:
    return {
        "provider": candidate.provider,
        "offer": candidate.offer,
        "price": str(candidate.price),
        "cost": str(candidate.cost),
        "why": candidate.why,
        "own_voice": candidate.own_voice,
        "fidelity": candidate.fidelity.value if candidate.fidelity else None,
        "ignores": list(candidate.ignores),
    }


def _candidate(stored: Mapping[str, Any]) -> Candidate:
    return Candidate(
        provider=stored["provider"],
        offer=stored["offer"],
        price=Decimal(stored["price"]),
        cost=Decimal(stored["cost"]),
        why=stored["why"],
        own_voice=stored["own_voice"],
        fidelity=Fidelity(stored["fidelity"]) if stored["fidelity"] else None,
        ignores=tuple(stored["ignores"]),
    )
