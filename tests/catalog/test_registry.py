"""Plugins as they are really found: distributions on the import path, with modules and entry points."""

from __future__ import annotations

import importlib.metadata
import logging
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from persona_graph.catalog.registry import Catalog, load_plugins
from persona_graph.provider import Call, Capability, Speak, Ticket

CANARY = "sk-canary-5f1d0a"

GOOD = """
from persona_graph.provider import hookimpl, Offer, Capability, Cost, Delivery, Limits
from decimal import Decimal

class Toy:
    api_version = 1
    name = "A toy"
    def __init__(self, id="toy", offers=None):
        self.id = id
        self.offers = offers if offers is not None else [Offer(id="say", capability=Capability.SPEECH)]
    async def start(self, offer, order, call): return Delivery(text=f"{self.id} did {offer.id}")
    async def check(self, ticket, call): return Delivery(text="checked")
    async def find(self, offer, order, call): return None
    async def cancel(self, ticket, call): return None
    async def forget_voice(self, vendor_voice, call): return None

@hookimpl
def persona_graph_register_providers(config):
    return [Toy()]
"""


@dataclass
class Site:
    """A folder on the import path into which distributions are put."""

    folder: Path
    settings: dict[str, Mapping[str, str]] = field(default_factory=dict)
    modules: list[str] = field(default_factory=list)

    def put(
        self, name: str, source: str, *, distribution: str = "", value: str = "", version: str = "1.2"
    ) -> None:
        distribution = distribution or f"dist-{name}"
        module = f"pg_test_{distribution.replace('-', '_')}_{self.folder.name.replace('-', '_')}_{len(self.modules)}"
        (self.folder / f"{module}.py").write_text(textwrap.dedent(source))
        made = self.folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        made.mkdir(exist_ok=True)
        (made / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (made / "entry_points.txt").write_text(f"[persona_graph]\n{name} = {value or module}\n")
        self.modules.append(module)

    def load(self) -> Catalog:
        found = importlib.metadata.distributions(path=[str(self.folder)])
        entries = [entry for made in found for entry in made.entry_points.select(group="persona_graph")]
        return load_plugins(lambda name: self.settings.get(name, {}), entries)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.syspath_prepend(str(tmp_path))
    site = Site(tmp_path)
    yield site
    for module in site.modules:
        sys.modules.pop(module, None)


def hook(body: str) -> str:
    """A plugin whose hook has this body; the good toy is at hand."""
    head = GOOD.partition("@hookimpl")[0]
    return (
        head
        + "@hookimpl\ndef persona_graph_register_providers(config):\n"
        + textwrap.indent(textwrap.dedent(body), "    ")
    )


async def test_a_plugin_is_found_loaded_and_serves(site: Site) -> None:
    site.put("toy", GOOD, distribution="persona-graph-toy", version="3.4")
    catalog = load_plugins(lambda _: {})
    toy = catalog.find("toy")
    assert toy is not None and toy.plugin.name == "toy"
    assert (toy.plugin.distribution, toy.plugin.version, toy.name) == ("persona-graph-toy", "3.4", "A toy")
    assert ("toy", "say") in [(p.id, o.id) for p, o in catalog.offers(Capability.SPEECH)]
    assert catalog.find_offer("toy", "say") is toy.offers[0] and catalog.find_offer("toy", "sing") is None
    call = cast(Call, None)
    answer = await toy.start(toy.offers[0], cast(Any, None), call)
    assert not isinstance(answer, Ticket) and answer.text == "toy did say"
    assert await toy.find(toy.offers[0], cast(Any, None), call) is None
    await toy.cancel(Ticket({}), call)
    await toy.forget_voice("v", call)
    assert catalog.find("nobody") is None


def test_a_plugin_gets_its_own_settings_only(site: Site) -> None:
    site.settings = {"one": {"KEY": CANARY}, "two": {"KEY": "other"}}
    for name in ("one", "two"):
        site.put(
            name, hook(f"assert config.name == '{name}'\nreturn [Toy('{name}-' + config.secret('KEY')[:2])]")
        )
    catalog = site.load()
    assert sorted(provider.id for provider in catalog.providers) == ["one-sk", "two-ot"]
    assert catalog.quarantined == ()


BROKEN: dict[str, tuple[str, str]] = {
    "import raises": ("raise RuntimeError('boom')", "it raised RuntimeError: boom"),
    "syntax": ("def (", "it raised SyntaxError"),
    "missing package": ("import no_such_vendor_sdk", "it needs the package 'no_such_vendor_sdk', which is not installed"),
    "missing name": ("from persona_graph.provider import Nothing", "it cannot be imported: cannot import name 'Nothing'"),
    "exits at import": ("import sys; sys.exit(3)", "it raised SystemExit: 3"),
    "cancelled at import": ("import asyncio; raise asyncio.CancelledError", "it raised CancelledError"),
    "no hook": ("x = 1", "it does not implement the hook"),
    "hook with other arguments": (GOOD.replace("(config)", "(config, database)"), "it raised PluginValidationError"),
    "hook raises": (hook("raise ValueError('no luck')"), "it raised ValueError: no luck"),
    "hook raises BaseException": (hook("raise BaseException('odd')"), "it raised BaseException: odd"),
    "hook exits": (hook("raise SystemExit(1)"), "it raised SystemExit: 1"),
    "hook returns None": (hook("return None"), "returned no provider"),
    "hook returns nothing": (hook("return []"), "returned no provider"),
    "hook returns a number": (hook("return 5"), "returned int, not a list"),
    "hook returns a provider": (hook("return Toy()"), "returned Toy, not a list"),
    "hook returns a text": (hook("return 'toy'"), "returned str, not a list"),
    "hook is async": (GOOD.replace("\ndef persona_graph", "\nasync def persona_graph"), "is async"),
    "hook yields for ever": (hook("while True: yield Toy()"), "more than 64 providers"),
    "generator raises": (hook("yield Toy()\nraise OSError('half way')"), "it raised OSError: half way"),
    "missing secret": (hook("config.secret('API_KEY')"), "PERSONA_GRAPH_PLUGIN_BROKEN_ONE_API_KEY is not set"),
    "api version 2": (hook("t = Toy(); t.api_version = 2; return [t]"), "it speaks provider API 2; this server speaks 1"),
    "no api version": (hook("t = Toy(); t.api_version = None; return [t]"), "it speaks provider API None"),
    "not a provider": (hook("return [object()]"), "it speaks provider API None"),
    "bad id": (hook("return [Toy('Toy 1')]"), "id is not a lower-case word"),
    "id is no text": (hook("return [Toy(5)]"), "id is not a lower-case word"),
    "no name": (hook("t = Toy(); t.name = ''; return [t]"), "has no name"),
    "same id twice": (hook("return [Toy('a'), Toy('a')]"), "'a' is already taken by plugin 'broken-one'"),
    "same id as another plugin": (hook("return [Toy('new'), Toy('first')]"), "'first' is already taken by plugin 'a-first'"),
    "no offers": (hook("return [Toy(offers=[])]"), "offers is not a list or tuple of 1 to 64"),
    "offers is a generator": (hook("return [Toy(offers=(o for o in ()))]"), "offers is not a list or tuple"),
    "offers raises": (
        hook("class T(Toy):\n    @property\n    def offers(self): raise OSError('gone')\n    @offers.setter\n    def offers(self, _): pass\nreturn [T()]"),
        "it raised OSError: gone",
    ),
    "offer is a dict": (hook("return [Toy(offers=[{'id': 'say'}])]"), "offer 1 is not an Offer"),
    "start is not async": (hook("class T(Toy):\n    def start(self, offer, order, call): ...\nreturn [T()]"), "start is not an async method"),
    "check missing": (hook("class T(Toy):\n    check = None\nreturn [T()]"), "check is not an async method"),
    "knocks verified later": (hook("class T(Toy):\n    async def verify_knock(self, knock): ...\nreturn [T()]"), "verify_knock is not a plain method"),
    "knocks verified with more": (hook("class T(Toy):\n    def verify_knock(self, knock, key): ...\nreturn [T()]"), "verify_knock does not take (knock)"),
    "find takes too little": (hook("class T(Toy):\n    async def find(self, offer): ...\nreturn [T()]"), "find does not take (offer, order, call)"),
}  # fmt: skip


@pytest.mark.parametrize("fault", BROKEN)
def test_p1_p2_p3_a_broken_plugin_is_left_out_with_the_reason(site: Site, fault: str) -> None:
    """P1, P2, P3: whatever one plugin does, the others are there."""
    source, reason = BROKEN[fault]
    site.put("a-first", GOOD.replace('"toy"', '"first"'))
    site.put("broken-one", source, distribution="vendor-x", version="0.9")
    site.put("z-last", GOOD.replace('"toy"', '"last"'))
    catalog = site.load()
    assert [provider.id for provider in catalog.providers] == ["first", "last"]
    [left_out] = catalog.quarantined
    assert (left_out.plugin, left_out.distribution, left_out.version) == ("broken-one", "vendor-x", "0.9")
    assert reason in left_out.reason
    assert len(left_out.reason) <= 300 and "\n" not in left_out.reason


def test_only_the_operator_stops_the_start(site: Site) -> None:
    site.put("one", "raise KeyboardInterrupt")
    with pytest.raises(KeyboardInterrupt):
        site.load()


OFFER_FAULTS: dict[str, tuple[str, str]] = {
    "price negative": ("cost=Cost(per_run=Decimal('-0.01'))", "cost.per_run is -0.01"),
    "price NaN": ("cost=Cost(per_block=Decimal('NaN'))", "cost.per_block is NaN"),
    "price signalling NaN": ("cost=Cost(per_block=Decimal('sNaN'))", "cost.per_block is"),
    "price infinite": ("cost=Cost(per_1000_chars=Decimal('Infinity'))", "cost.per_1000_chars is Infinity"),
    "price absurd": ("cost=Cost(per_run=Decimal(10)**12)", "cost.per_run is"),
    "price a text": ("cost=Cost(per_run='1')", "cost.per_run is a str, not a Decimal"),
    "price a float": ("cost=Cost(per_run=0.1)", "cost.per_run is a float, not a Decimal"),
    "price computed anew": ("cost=type('Tricky', (Cost,), {'of': lambda *a, **k: Decimal(9)})()", "cost is not a Cost"),
    "blocks of no length": ("cost=Cost(block_seconds=0)", "cost.block_seconds"),
    "blocks of half a second": ("cost=Cost(block_seconds=0.5)", "cost.block_seconds"),
    "blocks by the million": ("cost=Cost(min_blocks=10**9)", "cost.min_blocks"),
    "a resolution's price negative": ("cost=Cost(per_block_at=(('720p', Decimal(-1)),))", "cost.per_block_at['720p'] is -1"),
    "a resolution's price a float": ("cost=Cost(per_block_at=(('720p', 0.3),))", "cost.per_block_at['720p'] is a float"),
    "a resolution twice": ("cost=Cost(per_block_at=(('720p', Decimal(1)), ('720p', Decimal(2))))", "names a resolution twice"),
    "resolutions a dict": ("cost=Cost(per_block_at={'720p': Decimal(1)})", "cost.per_block_at is not a tuple"),
    "a character counts for nothing": ("cost=Cost(han_weight=0)", "cost.han_weight"),
    "a character counts for a half": ("cost=Cost(han_weight=1.5)", "cost.han_weight"),
    "capability a text": ("capability='SPEECH'", "capability is not a Capability"),
    "limit negative": ("limits=Limits(max_seconds=-1)", "limits.max_seconds is not a length of time"),
    "limit NaN": ("limits=Limits(min_seconds=float('nan'))", "limits.min_seconds is not a length of time"),
    "limits crossed": ("limits=Limits(min_seconds=9, max_seconds=3)", "limits.min_seconds is more than"),
    "no characters": ("limits=Limits(max_chars=0)", "limits.max_chars"),
    "languages a text": ("limits=Limits(languages='en')", "limits.languages is not a tuple of words"),
    "languages with a number": ("limits=Limits(languages=('en', 5))", "limits.languages is not a tuple of words"),
    "limits missing": ("limits=None", "limits is not a Limits"),
    "waits for ever": ("give_up_after=timedelta.max", "give_up_after"),
    "waits not at all": ("give_up_after=timedelta(0)", "give_up_after"),
    "safety unknown": ("payment_safety='KEYED'", "payment_safety"),
    "fidelity unknown": ("fidelity='CLONE'", "fidelity is not"),
    "own voice of somebody else": ("uses_trained_voice=True, fidelity=Fidelity.STOCK", "calls its fidelity STOCK"),
    "own voice perhaps": ("uses_trained_voice=1", "uses_trained_voice is not a bool"),
    "typical time unknown": ("typical_seconds='long'", "typical_seconds"),
    "data use unknown": ("data_use={}", "data_use is not a DataUse"),
    "data kept for negative days": ("data_use=DataUse(kept_days=-1)", "data_use.kept_days"),
    "data trained on perhaps": ("data_use=DataUse(trains_on_it='no')", "data_use.trains_on_it is not a bool"),
    "id in capitals": ("id='Say'", "is not an Offer with a lower-case id"),
    "id twice": ("id='also'", "offer id 'also' is used twice"),
}  # fmt: skip


@pytest.mark.parametrize("fault", OFFER_FAULTS)
def test_p6_an_offer_that_cannot_be_quarantines_its_plugin(site: Site, fault: str) -> None:
    """P6: price negative, NaN, 10^12, a string; and every other field of an offer."""
    arguments, reason = OFFER_FAULTS[fault]
    source = hook(f"""
        from datetime import timedelta
        from persona_graph.provider import DataUse, Fidelity
        good = Offer(id="also", capability=Capability.SPEECH)
        return [Toy(offers=[good, Offer(**{{"id": "say", "capability": Capability.SPEECH, **dict({arguments})}})])]
    """)
    site.put("one", source)
    catalog = site.load()
    assert catalog.providers == ()
    assert reason in catalog.quarantined[0].reason


async def test_p6_a_price_that_changes_after_loading_changes_nothing(site: Site) -> None:
    site.put("one", hook("""
        import itertools
        class T(Toy):
            prices = itertools.count(1)
            @property
            def offers(self):
                return [Offer(id="say", capability=Capability.SPEECH, cost=Cost(per_run=Decimal(next(self.prices))))]
            @offers.setter
            def offers(self, _): pass
        return [T()]
    """))  # fmt: skip
    toy = site.load().find("toy")
    assert toy is not None
    assert {offer.cost.per_run for _ in range(3) for offer in toy.offers} == {Decimal(1)}
    assert [offer.cost.per_run for offer in toy.original.offers] == [Decimal(2)]


def test_p1_of_two_plugins_with_one_name_the_same_one_always_wins(site: Site) -> None:
    """A second one would also be given the first one's settings."""
    site.put("twin", GOOD.replace('"toy"', '"right"'), distribution="aaa")
    site.put("twin", GOOD.replace('"toy"', '"wrong"'), distribution="bbb")
    catalog = site.load()
    assert [provider.id for provider in catalog.providers] == ["right"]
    [left_out] = catalog.quarantined
    assert (left_out.distribution, left_out.reason) == (
        "bbb",
        "another installed plugin is already called 'twin'",
    )


def test_one_faulty_provider_takes_its_whole_plugin_along(site: Site) -> None:
    site.put("one", hook("return [Toy('good'), Toy('bad', offers=[])]"))
    assert site.load().providers == ()


def test_a_plugin_may_be_an_object_in_a_module(site: Site) -> None:
    source = GOOD.partition("@hookimpl")[0] + textwrap.dedent("""
        class Plugin:
            @hookimpl
            def persona_graph_register_providers(self, config):
                return (Toy(name) for name in ("one", "two"))
        plugin = Plugin()
    """)
    (site.folder / "pg_test_objects.py").write_text(source)
    site.modules.append("pg_test_objects")
    site.put("objects", "", value="pg_test_objects:plugin")
    site.put("nothing", "", value="pg_test_objects:missing")
    catalog = site.load()
    assert [provider.id for provider in catalog.providers] == ["one", "two"]
    assert [left_out.plugin for left_out in catalog.quarantined] == ["nothing"]
    assert "missing" in catalog.quarantined[0].reason


LEAKS: dict[str, Callable[[str], str]] = {
    "as it is": lambda key: f"raise ValueError('wrong key ' + config.secret({key!r}))",
    "quoted": lambda key: f"raise ValueError(repr(config.secret({key!r})))",
    "in the settings' repr": lambda key: f"raise ValueError(str(vars(config)) + config.get({key!r}))",
    "as a chain": lambda key: f"""
        try:
            int(config.secret({key!r}))
        except ValueError as fault:
            raise RuntimeError(str(fault)) from fault
    """,
    "in an import error": lambda key: f"raise ImportError('no licence for ' + config.secret({key!r}))",
    "as a provider id": lambda key: f"return [Toy(config.secret({key!r}), offers=[])]",
    "in an offer id": lambda key: f"o = Offer(id=config.secret({key!r}), capability=Capability.SPEECH)\nreturn [Toy(offers=[o, o])]",
    "before a long tail": lambda key: f"raise ValueError('x' * 290 + config.secret({key!r}) + 'y' * 100)",
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
@pytest.mark.parametrize("secret", [CANARY, "line-one-canary\nline-two-canary", "tab\tcanary'\\quote"])
def test_t7_no_secret_stands_in_a_reason_or_a_log(
    site: Site, caplog: pytest.LogCaptureFixture, leak: str, secret: str
) -> None:
    """T7: the canary is found 0 times."""
    caplog.set_level(logging.DEBUG)
    site.settings = {"leaky": {"API_KEY": secret, "REGION": "eu"}}
    site.put("leaky", hook(LEAKS[leak]("API_KEY")))
    catalog = site.load()
    assert catalog.providers == () and len(catalog.quarantined) == 1
    told = catalog.quarantined[0].reason + caplog.text
    assert "leaky is left out" in caplog.text
    assert "canary" not in told
    assert catalog.quarantined[0].reason.strip("•")


def test_the_order_of_the_plugins_does_not_depend_on_the_disk(site: Site) -> None:
    for name in ("c", "a", "b"):
        site.put(name, GOOD.replace('"toy"', f'"{name}"'))
    assert [provider.id for provider in site.load().providers] == ["a", "b", "c"]


def test_a_catalog_without_plugins_is_empty() -> None:
    catalog = load_plugins(lambda _: {}, [])
    assert (catalog.providers, catalog.quarantined, catalog.offers(Capability.TEXT)) == ((), (), ())


VANDAL = """
class Vandal(Toy):
    def spoil(self, thing, name, value):
        object.__setattr__(thing, name, value)
    async def start(self, offer, order, call):
        self.spoil(offer, "cost", Cost(per_run=Decimal(99)))
        self.spoil(order, "script", "something else")
        self.spoil(self.offers[0], "cost", Cost(per_run=Decimal(98)))
        return Delivery(text="spoilt")
    find = start
    async def check(self, ticket, call):
        ticket.data["order"]["id"] = "another"
        return Delivery(text="spoilt")
    cancel = check
return [Vandal()]
"""


async def test_p9_what_a_plugin_does_to_its_arguments_stays_with_it(site: Site) -> None:
    """P6, P9: neither the price that was agreed nor the order that is kept changes."""
    site.put("vandal", hook(VANDAL))
    [vandal] = site.load().providers
    offer, order, ticket = vandal.offers[0], Speak(script="as written"), Ticket({"order": {"id": "7"}})
    call = cast(Call, None)
    for asking in (
        vandal.start(offer, order, call),
        vandal.find(offer, order, call),
        vandal.check(ticket, call),
    ):
        answer = await asking
        assert getattr(answer, "text", None) == "spoilt"
    await vandal.cancel(ticket, call)
    assert order.script == "as written" and ticket.data == {"order": {"id": "7"}}
    assert offer.cost.of() == vandal.offers[0].cost.of() == 0
