"""Speech as server-sent events: cut anywhere into packets, and all of it again at the end."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from persona_graph_sandbox.emulators._minimax_says import WORDS, base, trace

_CHUNKS = 6


def events(
    content: bytes, extra: Mapping[str, Any], *, whole_again: bool, fault: str = ""
) -> Iterator[bytes]:
    step = max(1, -(-len(content) // _CHUNKS))
    for number, at in enumerate(range(0, len(content), step)):
        if fault == "stream_error" and number == 3:
            yield _line({"data": None, "base_resp": base(1024, WORDS[1024])})
            return
        line = _line(
            {"data": {"audio": content[at : at + step].hex(), "status": 1}, "base_resp": base(0, "")}
        )
        if fault == "stream_cut" and number == 3:
            yield line[: len(line) // 2]
            return
        yield line
    last = {"audio": content.hex() if whole_again else "", "status": 2}
    yield _line({"data": last, "extra_info": dict(extra), "base_resp": base(0, "success")})


async def in_packets(lines: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Packets know nothing of lines."""
    dice = random.Random(1)  # noqa: S311
    pending = b""
    for line in lines:
        pending += line
        while len(pending) > 2000:
            size = dice.randint(1, 1999)
            yield pending[:size]
            pending = pending[size:]
    yield pending


def _line(event: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps({**event, "trace_id": trace()}).encode() + b"\n\n"
