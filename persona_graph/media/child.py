"""The frame of every child: one JSON request in the arguments, one JSON reply on standard output."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from persona_graph.errors import MediaRefused

Request = dict[str, Any]
Answer = dict[str, Any]


def reply(topic: Callable[[Request], Answer]) -> None:
    try:
        said: dict[str, object] = {"answer": topic(json.loads(sys.argv[1]))}
    except MediaRefused as refusal:
        said = {"refused": {key: asdict(refusal)[key] for key in ("message", "code", "fix")}}
    except MemoryError:
        said = {"refused": {
            "message": "Reading this file takes more memory than is allowed.", "code": "MEDIA_DAMAGED",
            "fix": "Export it again, smaller, and upload that.",
        }}  # fmt: skip
    sys.stdout.write(json.dumps(said, allow_nan=False))


def open_file(path: str) -> BinaryIO:
    return Path(path).open("rb")


def create_file(path: str) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "w+b")


def damaged(message: str, fix: str = "Export it again from its source and upload that.") -> MediaRefused:
    return MediaRefused(message=message, code="MEDIA_DAMAGED", fix=fix)
