"""The sandbox as one of the stack's children: the vendors played on this machine."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from persona_graph.children import Child, Say, StackFailed
from persona_graph.settings import PLUGIN_PREFIX, PREFIX
from persona_graph.tools import find_tool

NAME = "sandbox"
ALLOW = f"{PREFIX}OUTBOUND_ALLOW"
START_SECONDS, GRACE = 30.0, 4.0
# What of a plugin's settings is a key to the real vendor, or leads there.
SECRET_ENDINGS = ("KEY", "SECRET", "TOKEN", "PASSWORD", "URL", "GROUP_ID")


class SandboxChild:
    """``urls`` are the vendors' origins by name, and ``control``."""

    def __init__(self, data_dir: Path) -> None:
        self._ready = data_dir / "sandbox.json"
        self._settings: dict[str, str] = {}
        self.urls: dict[str, str] = {}
        self.child: Child | None = None

    async def start(self, environment: Mapping[str, str], log: Path, say: Say) -> None:
        find_tool(NAME)
        with suppress(FileNotFoundError):
            self._ready.unlink()
        command = (sys.executable, "-m", "persona_graph", NAME, "--ready", str(self._ready))
        self.child = Child(NAME, command, environment, log)
        await self.child.start(say)
        noted = await self._noted()
        self.urls, self._settings = dict(noted["urls"]), dict(noted["settings"])
        self.child.address = self.urls["control"]

    async def _noted(self) -> dict[str, Any]:
        assert self.child is not None
        with suppress(TimeoutError):
            async with asyncio.timeout(START_SECONDS):
                while not self.child.exits:
                    if self._ready.exists():
                        return dict(json.loads(self._ready.read_text()))
                    await asyncio.sleep(0.05)
        raise StackFailed(
            f"the sandbox does not start. {self.child.log} ends with:\n{self.child.last_words()}"
        )

    def wired(self, environment: Mapping[str, str], here: str = "") -> dict[str, str]:
        """``environment`` with the played vendors' plugins pointed here, and nothing left of their real keys.
        ``here`` is the API's own address, where they may knock although it is no HTTPS."""
        mine = {key for key in self._settings if key.startswith(PLUGIN_PREFIX)}
        played = tuple(f"{PLUGIN_PREFIX}{name.upper().replace('-', '_')}_" for name in self.urls)
        real = {key for key in environment if key.startswith(played) and key.endswith(SECRET_ENDINGS)}
        kept = {key: value for key, value in environment.items() if key in mine or key not in real}
        allowed = [part for part in (environment.get(ALLOW, ""), self._settings.get(ALLOW, ""), here) if part]
        return {**kept, **self._settings, ALLOW: ",".join(allowed)}

    async def stop(self) -> None:
        if self.child is not None:
            await self.child.stop(GRACE)
        with suppress(OSError):
            self._ready.unlink()
