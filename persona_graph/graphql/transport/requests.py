"""What a client asks for, read from JSON or from a query string without trusting any of it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from persona_graph.graphql.transport.faults import Malformed

MAX_VALUES = 10_000
MAX_VALUE_DEPTH = 32
_HASH = re.compile(r"(?:sha256:)?([0-9a-f]{64})\Z")


@dataclass(frozen=True, slots=True)
class Ask:
    """One operation asked for; ``document_hash`` is the SHA-256 of a document known to the server."""

    query: str | None
    operation: str | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    document_hash: str | None = None


def ask_of(value: object) -> Ask:
    """The parameters of a GraphQL-over-HTTP request; unknown ones are left alone."""
    if isinstance(value, list):
        raise Malformed("Batches are not supported: send one operation per request.")
    if not isinstance(value, dict):
        raise Malformed("The request must be a JSON object.")
    query = _optional(value, "query", str, "a string")
    operation = _optional(value, "operationName", str, "a string")
    variables = _optional(value, "variables", dict, "an object") or {}
    extensions = _optional(value, "extensions", dict, "an object") or {}
    known = _hash_of(value.get("documentId"), extensions.get("persistedQuery"))
    if not query and known is None:
        raise Malformed("The request has no `query`.")
    check_values(variables)
    return Ask(query or None, operation or None, variables, known)


def ask_of_body(body: bytes) -> Ask:
    return ask_of(load(body))


def ask_of_query_string(raw: bytes) -> Ask:
    try:
        pairs = parse_qsl(raw.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=50)
    except ValueError:
        raise Malformed("The query string is malformed.") from None
    value: dict[str, Any] = dict(pairs)
    for name in ("variables", "extensions"):
        if value.get(name):
            value[name] = load(value[name].encode())
        else:
            value.pop(name, None)
    return ask_of(value)


def load(raw: bytes | str) -> object:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        # The parser's own words name positions, never content.
        raise Malformed(f"Malformed JSON: {error.msg}.") from None


def check_values(variables: dict[str, Any]) -> None:
    """Refuse variables that are too many, too deep, or hold what no database can store."""
    stack: list[tuple[Any, int]] = [(variables, 0)]
    seen = 0
    while stack:
        value, depth = stack.pop()
        seen += 1
        if isinstance(value, str):
            if "\x00" in value:
                raise Malformed("A string holds the character U+0000.", code="BAD_USER_INPUT")
            continue
        inner: Iterable[Any]
        if isinstance(value, dict):
            if any("\x00" in key for key in value):
                raise Malformed("A name holds the character U+0000.", code="BAD_USER_INPUT")
            inner = value.values()
        elif isinstance(value, list):
            inner = value
        else:
            continue
        if depth == MAX_VALUE_DEPTH:
            raise Malformed(f"Variables are nested deeper than {MAX_VALUE_DEPTH}.", code="BAD_USER_INPUT")
        if seen + len(stack) + len(value) > MAX_VALUES:
            raise Malformed(f"Variables hold more than {MAX_VALUES} values.", code="BAD_USER_INPUT")
        stack.extend((item, depth + 1) for item in inner)


def _optional(value: dict[str, Any], name: str, kind: type, words: str) -> Any:
    found = value.get(name)
    if found is not None and not isinstance(found, kind):
        raise Malformed(f"`{name}` must be {words}.")
    return found


def _hash_of(document_id: object, persisted: object) -> str | None:
    known = document_id if document_id is not None else None
    if isinstance(persisted, dict) and known is None:
        known = persisted.get("sha256Hash")
    if known is None:
        return None
    found = _HASH.match(known) if isinstance(known, str) else None
    if found is None:
        raise Malformed("A document is named by its SHA-256 in lower-case hexadecimal.")
    return found.group(1)
