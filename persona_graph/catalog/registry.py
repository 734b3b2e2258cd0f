"""Finds the installed plugins and takes in each one that keeps its contract; the others are listed with
the reason. A plugin that is broken never keeps the server from starting.

Plugins run inside this process and are trusted not to attack it; what is survived here is their faults.
"""

from __future__ import annotations

import importlib.metadata
import inspect
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any

import pluggy

from persona_graph.catalog.grades import grades_of
from persona_graph.provider import (
    API_VERSION,
    BadKnock,
    Call,
    Capability,
    Delivery,
    Knock,
    Offer,
    Order,
    PluginConfig,
    Progress,
    Provider,
    TakesKnocks,
    Ticket,
)
from persona_graph.provider.call import MissingSecret
from persona_graph.provider.contract import ContractFault, checked
from persona_graph.provider.hookspec import PROJECT, Hooks
from persona_graph.provider.report import Grade

ENTRY_POINT_GROUP = "persona_graph"
HOOK = "persona_graph_register_providers"
MAX_PROVIDERS = 64
REASON_CHARS = 300
SHORTEST_SECRET, SHORTEST_QUOTED = 4, 8

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Plugin:
    """An entry point of the group ``persona_graph``, by its name, and the distribution it came with.
    ``addresses`` are the URLs that stand in its settings: an operator who writes one there means it. ``secrets``
    are the other values, in every form in which they may be quoted."""

    name: str
    distribution: str
    version: str
    addresses: tuple[str, ...] = field(default=(), repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False, compare=False)


@dataclass(slots=True, eq=False)
class Registered:
    """A plugin's provider as it was when it was taken in: itself a Provider, with offers that stay the
    same whatever the plugin later says (P6), and it is given copies, whatever it does to them (P9). ``grade`` is the conformance kit's, where it was measured."""

    id: str
    name: str
    offers: Sequence[Offer]
    plugin: Plugin
    original: Provider
    api_version: int = API_VERSION
    grade: Grade | None = None

    def offer(self, offer_id: str) -> Offer | None:
        return next((offer for offer in self.offers if offer.id == offer_id), None)

    async def start(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery:
        return await self.original.start(deepcopy(offer), deepcopy(order), call)

    async def check(self, ticket: Ticket, call: Call) -> Progress | Delivery:
        return await self.original.check(deepcopy(ticket), call)

    async def find(self, offer: Offer, order: Order, call: Call) -> Ticket | Delivery | None:
        return await self.original.find(deepcopy(offer), deepcopy(order), call)

    async def cancel(self, ticket: Ticket, call: Call) -> None:
        await self.original.cancel(deepcopy(ticket), call)

    async def forget_voice(self, vendor_voice: str, call: Call) -> None:
        await self.original.forget_voice(vendor_voice, call)

    def struck(self, words: str) -> str:
        """What the plugin said, without any value of its settings that could be a secret (T7)."""
        return _struck(words, self.plugin.secrets)

    @property
    def takes_knocks(self) -> bool:
        return isinstance(self.original, TakesKnocks)

    def verify_knock(self, knock: Knock) -> None:
        """Raises BadKnock, also where the plugin cannot tell."""
        if not isinstance(self.original, TakesKnocks):
            raise BadKnock("this provider takes no knocks")
        verify: Callable[[Knock], object] = self.original.verify_knock
        try:
            answer = verify(knock)
        except BadKnock:
            raise
        except Exception as error:
            # Whatever a stranger's bytes did to it, the log has it; and they are not the vendor's.
            log.info("provider %s could not read a knock: %s", self.id, type(error).__name__)
            raise BadKnock(f"it could not be read: {type(error).__name__}") from None
        if answer is not None:
            raise BadKnock("verify_knock answers nothing when a knock is good")


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A plugin that was left out, and why: in words, without any value of its settings."""

    plugin: str
    distribution: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Catalog:
    """The providers of this server. Two processes with the same plugins have the same catalog."""

    providers: tuple[Registered, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()

    def find(self, provider_id: str) -> Registered | None:
        return next((provider for provider in self.providers if provider.id == provider_id), None)

    def find_offer(self, provider_id: str, offer_id: str) -> Offer | None:
        provider = self.find(provider_id)
        return provider.offer(offer_id) if provider else None

    def offers(self, capability: Capability) -> tuple[tuple[Registered, Offer], ...]:
        return tuple(
            (p, offer) for p in self.providers for offer in p.offers if offer.capability is capability
        )


def load_plugins(
    plugin_settings: Callable[[str], Mapping[str, str]],
    entry_points: Iterable[importlib.metadata.EntryPoint] | None = None,
    reports: Path | None = None,
) -> Catalog:
    """Load every entry point of the group. ``plugin_settings`` gives one plugin's settings by name;
    ``reports`` is the folder of conformance reports that were made here."""
    if entry_points is None:
        entry_points = importlib.metadata.entry_points(group=ENTRY_POINT_GROUP)
    providers: dict[str, Registered] = {}
    quarantined: list[Quarantined] = []
    names: set[str] = set()
    # Sorted, so that of two that claim one name the same one wins in every process.
    for entry in sorted(entry_points, key=lambda e: (e.name, _plugin(e).distribution, e.value)):
        settings = plugin_settings(entry.name)
        plugin = replace(_plugin(entry), addresses=_addresses(settings), secrets=_quotable(settings))
        try:
            if entry.name in names:
                raise ContractFault(f"another installed plugin is already called {entry.name!r}")
            names.add(entry.name)
            taken = _take_in(entry, plugin, settings, providers)
            _note_grades(entry, taken, reports)
        except KeyboardInterrupt:
            raise
        except BaseException as fault:
            reason = _reason(fault, settings)
            log.warning("plugin %s is left out: %s", plugin.name, reason)
            quarantined.append(Quarantined(plugin.name, plugin.distribution, plugin.version, reason))
        else:
            providers.update((provider.id, provider) for provider in taken)
    return Catalog(tuple(providers.values()), tuple(quarantined))


def _plugin(entry: importlib.metadata.EntryPoint) -> Plugin:
    if entry.dist is None:
        return Plugin(entry.name, "", "")
    return Plugin(entry.name, str(entry.dist.name or ""), str(entry.dist.version or ""))


def _addresses(settings: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(value for value in settings.values() if value.startswith(("http://", "https://")))


def _quotable(settings: Mapping[str, str]) -> tuple[str, ...]:
    """Shorter values are words that a refusal may well contain; an address of the vendor's is none of the user's
    secrets."""
    hidden = {key: value for key, value in settings.items() if value not in _addresses(settings)}
    return tuple(form for form in _secrets(hidden) if len(form) >= SHORTEST_QUOTED)


def _take_in(
    entry: importlib.metadata.EntryPoint,
    plugin: Plugin,
    settings: Mapping[str, str],
    present: Mapping[str, Registered],
) -> list[Registered]:
    """All providers of one plugin, or an exception."""
    hooks = pluggy.PluginManager(PROJECT)
    hooks.add_hookspecs(Hooks)
    hooks.register(entry.load(), name=plugin.name)
    caller = getattr(hooks.hook, HOOK)
    if not caller.get_hookimpls():
        raise ContractFault(f"it does not implement the hook {HOOK}")
    found = [p for answer in caller(config=PluginConfig(plugin.name, settings)) for p in _providers(answer)]
    if not found:
        raise ContractFault(f"its hook {HOOK} returned no provider")
    taken: list[Registered] = []
    for provider in found:
        seen = checked(provider)
        offers = deepcopy(seen.offers)
        rival = present.get(seen.id) or next((t for t in taken if t.id == seen.id), None)
        if rival is not None:
            owner = rival.plugin.name
            raise ContractFault(f"the provider id {seen.id!r} is already taken by plugin {owner!r}")
        taken.append(Registered(seen.id, seen.name, offers, plugin, provider))
    return taken


def _note_grades(
    entry: importlib.metadata.EntryPoint, taken: Sequence[Registered], reports: Path | None
) -> None:
    grades = grades_of(entry, taken[0].plugin.version, reports)
    for provider in taken:
        provider.grade = grades.get(provider.id)


def _providers(answer: Any) -> list[Any]:
    if inspect.iscoroutine(answer):
        answer.close()
        raise ContractFault(f"its hook {HOOK} is async; it must be a plain function")
    if isinstance(answer, str | bytes | Mapping) or not isinstance(answer, Iterable):
        raise ContractFault(f"its hook {HOOK} returned {type(answer).__name__}, not a list of providers")
    found = list(islice(answer, MAX_PROVIDERS + 1))
    if len(found) > MAX_PROVIDERS:
        raise ContractFault(f"its hook {HOOK} returned more than {MAX_PROVIDERS} providers")
    return found


def _reason(fault: BaseException, settings: Mapping[str, str]) -> str:
    text = " ".join(_struck(_words(fault), _secrets(settings)).split())
    return text if len(text) <= REASON_CHARS else text[: REASON_CHARS - 1] + "…"


def _struck(text: str, secrets: Iterable[str]) -> str:
    """``secrets`` come longest first."""
    for secret in secrets:
        text = text.replace(secret, "•••")
    return text


def _words(fault: BaseException) -> str:
    match fault:
        case ContractFault() | MissingSecret():
            return str(fault)
        case ModuleNotFoundError(name=str(package)):
            return f"it needs the package {package!r}, which is not installed"
        case ImportError():
            return f"it cannot be imported: {_said(fault)}"
        case _:
            return f"it raised {type(fault).__name__}: {_said(fault)}"


def _said(fault: BaseException) -> str:
    try:
        return str(fault)
    except Exception:
        return "(its message cannot be read)"


def _secrets(settings: Mapping[str, str]) -> list[str]:
    """Every form of a setting's value that a message might quote, the longest first."""
    forms: set[str] = set()
    for value in settings.values():
        for part in (value, *value.splitlines()):
            forms.update((part, part.strip(), repr(part)[1:-1]))
    return sorted((form for form in forms if len(form) >= SHORTEST_SECRET), key=len, reverse=True)
