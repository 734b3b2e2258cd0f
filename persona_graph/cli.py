"""The command ``persona-graph``. Every verb imports what it needs when it runs, so that help is instant."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from persona_graph import bookkeeping, exports, plugin_desk

if TYPE_CHECKING:
    from persona_graph.settings import Settings

PROGRAM = "persona-graph"
UNUSABLE = 2

Verb = Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["demo"]:
        # The demo has options of its own, and shows its own help.
        return guarded(lambda _: demo(words[1:]), argparse.Namespace())
    asked = parser().parse_args(words)
    verb: Verb = asked.verb
    return guarded(verb, asked)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog=PROGRAM,
        description="A self-hosted GraphQL API that gives a writer's persona a style, a voice and a face.",
        epilog="Settings come from the environment (PERSONA_GRAPH_…); docs/settings.md lists them.",
    )
    verbs = top.add_subparsers(metavar="VERB", required=True)
    _add_up(verbs)
    _add(verbs, "demo", None, "the main job end to end on this machine, without keys or network")
    _add_api(verbs)
    _add(verbs, "worker", worker, "run one worker: trains, speaks, animates (any number may run)")
    _add(verbs, "migrate", migrate, "bring the database to this version's tables")
    _add_schema(verbs)
    _add_plugins(verbs)
    _add_json(
        _add(verbs, "doctor", doctor, "check everything the server needs, and say how to get what is missing")
    )
    _add_sandbox(verbs)
    bookkeeping.add_verbs(verbs)
    exports.add_verbs(verbs)
    _add_token(verbs)
    _add(
        verbs,
        "keys",
        keys,
        "print a fresh master key and signing key, for the environment of a production server",
    )
    _add(
        verbs,
        "rewrap",
        rewrap,
        "move every stored object's key to the current master key, so that an old one can be retired",
    )
    return top


if TYPE_CHECKING:
    Verbs = argparse._SubParsersAction[argparse.ArgumentParser]


def _add(verbs: Verbs, name: str, verb: Verb | None, what: str) -> argparse.ArgumentParser:
    sub = verbs.add_parser(name, help=what, description=what[0].upper() + what[1:] + ".")
    sub.set_defaults(verb=verb)
    return sub


def _add_json(sub: argparse.ArgumentParser) -> None:
    sub.add_argument("--json", action="store_true", help="answer as JSON")


def _add_up(verbs: Verbs) -> None:
    sub = _add(verbs, "up", up, "run the whole stack here: Redis, SQLite, API and workers, supervised")
    sub.add_argument("--data", type=Path, metavar="FOLDER", help="where everything is kept (default: data)")
    sub.add_argument("--host", help="address the API listens on (default: 127.0.0.1)")
    sub.add_argument("--port", type=int, help="port the API listens on; 0 takes any free one (default: 8000)")
    sub.add_argument("--workers", type=int, default=1, metavar="N", help="worker processes (default: 1)")
    sub.add_argument(
        "--tier", help="move the stack's account to this tier (default: pro at first, then as it is)"
    )
    sub.add_argument(
        "--sandbox",
        action="store_true",
        help="play the vendors on this machine and wire their plugins to that: no keys, no bills",
    )


def _add_api(verbs: Verbs) -> None:
    sub = _add(verbs, "api", api, "serve the API: /graphql, media links, /healthz, /readyz")
    sub.add_argument("--host", help="address to listen on (default: PERSONA_GRAPH_HOST)")
    sub.add_argument("--port", type=int, help="port to listen on (default: PERSONA_GRAPH_PORT)")
    sub.add_argument(
        "--fd", type=int, help="serve on this inherited listening socket instead (socket activation)"
    )


def _add_sandbox(verbs: Verbs) -> None:
    what = "play the vendors on loopback, faults included, for development and tests"
    sub = _add(verbs, "sandbox", sandbox, what)
    sub.add_argument(
        "--port-base",
        type=int,
        default=0,
        metavar="PORT",
        help="the control port; the files' and the vendors' follow it (default: free ones)",
    )
    sub.add_argument("--seed", type=int, help="seed of the dice, so that faults fall the same way again")
    sub.add_argument(
        "--faults-rate", type=float, default=0.0, metavar="SHARE",
        help="share of calls, 0 to 1, that go wrong by dice (default: 0)",
    )  # fmt: skip
    sub.add_argument("--vendors", metavar="A,B", help="only these (default: all there are)")
    sub.add_argument(
        "--ready", type=Path, metavar="FILE",
        help="note the addresses and settings in this file once all is served, and keep them after a restart",
    )  # fmt: skip


def _add_plugins(verbs: Verbs) -> None:
    sub = _add(
        verbs, "plugins", plugins,
        "list providers with their offers and grades, and plugins left out, with the reason",
    )  # fmt: skip
    _add_json(sub)
    plugin_desk.add_verbs(
        sub.add_subparsers(metavar="VERB", help="what an author needs; without it, the list")
    )


def _add_schema(verbs: Verbs) -> None:
    sub = _add(verbs, "schema", schema, "print the GraphQL schema")
    where = sub.add_mutually_exclusive_group()
    where.add_argument("--write", type=Path, metavar="FILE", help="write it to a file")
    where.add_argument(
        "--check",
        type=Path,
        metavar="FILE",
        help="compare it with a file; exit 1 and show the difference if they differ",
    )


def _add_token(verbs: Verbs) -> None:
    sub = _add(verbs, "token", None, "service tokens")
    make = _add(
        sub.add_subparsers(metavar="VERB", required=True),
        "create",
        create_token,
        "make a service token and print it, this once",
    )
    make.add_argument(
        "--account", required=True, help="the account it calls for: its id, or the name of a new one"
    )
    make.add_argument("--label", required=True, help="the calling service's name, as it appears on outputs")
    make.add_argument("--tier", default="free", help="tier of a new account (default: free)")
    make.add_argument(
        "--scope",
        action="append",
        choices=["READ", "WRITE", "OPERATE"],
        help="what it may do; repeatable (default: READ and WRITE)",
    )
    make.add_argument("--days", type=float, help="days until it expires (default: never)")


# --- Verbs --------------------------------------------------------------------------------------


def up(asked: argparse.Namespace) -> int:
    from persona_graph import embedded

    base = settings()
    given = {"host": asked.host, "port": asked.port}
    stack = embedded.Embedded(
        asked.data or base.data_dir, workers=asked.workers, tier=asked.tier, sandbox=asked.sandbox, say=tell,
        **given,
    )  # fmt: skip

    def show(text: str) -> None:
        print(text, flush=True)
        if text.startswith(" "):
            print(
                f"\nGraphiQL   {stack.url}/graphql\nToken      {stack.token}\nStop       Ctrl-C", flush=True
            )

    asyncio.run(embedded.run_until_signalled(stack, show))
    return 0


def sandbox(asked: argparse.Namespace) -> int:
    from persona_graph.tools import find_tool

    if not 0 <= asked.faults_rate <= 1:
        tell("--faults-rate is a share from 0 to 1")
        return UNUSABLE
    return find_tool("sandbox")(
        port_base=asked.port_base, seed=asked.seed, faults_rate=asked.faults_rate, ready=asked.ready,
        vendors=asked.vendors.split(",") if asked.vendors else None,
    )  # fmt: skip


def demo(words: Sequence[str]) -> int:
    from persona_graph.demo import main as run_demo

    return int(run_demo(list(words)) or 0)


def api(asked: argparse.Namespace) -> int:
    from persona_graph import logs
    from persona_graph.app import serve

    given = {key: value for key in ("host", "port") if (value := getattr(asked, key)) is not None}
    current = settings(**given)
    logs.configure(current)
    serve(current, fd=asked.fd)
    return 0


def worker(asked: argparse.Namespace) -> int:
    from persona_graph import logs
    from persona_graph.worker import run_worker

    current = settings()
    logs.configure(current)
    run_worker(current)
    return 0


def migrate(asked: argparse.Namespace) -> int:
    from persona_graph.migrations import upgrade

    tell(f"the database is at version {asyncio.run(upgrade(settings()))}")
    return 0


def schema(asked: argparse.Namespace) -> int:
    from persona_graph.graphql.schema import print_schema

    printed = print_schema().rstrip("\n") + "\n"
    if asked.write:
        asked.write.write_text(printed)
    elif asked.check:
        return _show_difference(asked.check, printed)
    else:
        print(printed, end="")
    return 0


def _show_difference(path: Path, printed: str) -> int:
    import difflib

    stored = path.read_text() if path.exists() else ""
    lines = difflib.unified_diff(
        stored.splitlines(), printed.splitlines(), str(path), "the code", lineterm=""
    )
    shown = list(lines)
    if shown:
        print("\n".join(shown[:200]))
        tell(f"{path} is not what the code says; `{PROGRAM} schema --write {path}` brings it up to date")
    return 1 if shown else 0


def plugins(asked: argparse.Namespace) -> int:
    from persona_graph.catalog.grades import reports_folder
    from persona_graph.catalog.listing import listed, shown
    from persona_graph.catalog.registry import load_plugins
    from persona_graph.settings import plugin_settings

    hush()
    catalog = load_plugins(plugin_settings, reports=reports_folder(settings().data_dir))
    print(json.dumps(listed(catalog), indent=1) if asked.json else shown(catalog))
    return 0


def doctor(asked: argparse.Namespace) -> int:
    from persona_graph import doctor as room

    hush()
    findings = asyncio.run(room.examine(settings()))
    print(json.dumps([f.plain() for f in findings], indent=1) if asked.json else room.report(findings))
    return 1 if any(finding.state is room.State.MISSING for finding in findings) else 0


def create_token(asked: argparse.Namespace) -> int:
    account_id, token = asyncio.run(_create_token(settings(), asked))
    tell(f"for account {account_id}; it is shown this once")
    print(token)
    return 0


async def _create_token(current: Settings, asked: argparse.Namespace) -> tuple[str, str]:
    from datetime import timedelta

    from persona_graph.accounts.console import make_token
    from persona_graph.accounts.viewer import Scope
    from persona_graph.catalog.tiers import load_tiers
    from persona_graph.db import Database, utcnow

    db = Database(current.database)
    try:
        return await make_token(
            db, asked.account, asked.label, [Scope(name) for name in asked.scope or ("READ", "WRITE")],
            tier=asked.tier, known_tiers=list(load_tiers(current.tiers_file).tiers),
            expires_at=None if asked.days is None else utcnow() + timedelta(days=asked.days),
        )  # fmt: skip
    finally:
        await db.close()


def keys(asked: argparse.Namespace) -> int:
    import secrets

    from persona_graph.media.keys import new_master_key

    print(
        f"PERSONA_GRAPH_MASTER_KEYS={new_master_key()}\nPERSONA_GRAPH_SIGNING_KEY={secrets.token_urlsafe(48)}"
    )
    return 0


def rewrap(asked: argparse.Namespace) -> int:
    tell(f"{asyncio.run(_rewrap(settings()))} keys moved; master keys after the first can go now")
    return 0


async def _rewrap(current: Settings) -> int:
    from persona_graph.db import Database
    from persona_graph.media.assets import Media
    from persona_graph.media.vault import Vault

    db = Database(current.database)
    media = Media(current, db, Vault.open_store(current))
    try:
        await media.check()
        moved = 0
        while some := await media.rewrap():
            moved += some
        return moved
    finally:
        await media.close()
        await db.close()


# --- What the verbs share -----------------------------------------------------------------------


def settings(**given: object) -> Settings:
    from persona_graph.settings import Settings

    return Settings(**given)


def tell(line: str) -> None:
    print(f"{PROGRAM}: {line}", file=sys.stderr, flush=True)


def hush() -> None:
    """What would be logged is in the answer."""
    import logging

    logging.getLogger().addHandler(logging.NullHandler())


def guarded(verb: Verb, asked: argparse.Namespace) -> int:
    """An expected failure is one line that says what to do, and exit code 2; anything else is a bug and shows."""
    try:
        return verb(asked)
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        return 0
    except Exception as error:
        from persona_graph.faults import in_one_line

        line = in_one_line(error)
        if line is None:
            raise
        tell(line)
        return UNUSABLE


def run() -> NoReturn:
    sys.exit(main())
