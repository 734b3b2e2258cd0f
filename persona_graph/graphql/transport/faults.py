"""Errors as clients see them: typed, with a stable code; whatever was not foreseen is masked and logged."""

from __future__ import annotations

import logging
from typing import Any

from graphql import GraphQLError

from persona_graph.db import new_id
from persona_graph.errors import Faults, Unauthenticated, UserFault

log = logging.getLogger(__name__)

# Every code this room gives out, with what to do about it; docs/errors.md lists them.
CODES: dict[str, str] = {
    "BAD_REQUEST": "Send one JSON object with a `query` string.",
    "BAD_USER_INPUT": "Correct the named variable or argument.",
    "DOCUMENT_TOO_LARGE": "Shorten the document; pass texts as variables.",
    "EXECUTION_FAILED": "Correct what the message names.",
    "GRAPHQL_PARSE_FAILED": "Correct the document's syntax.",
    "GRAPHQL_VALIDATION_FAILED": "Correct the document; the schema says what exists.",
    "INTERNAL": "Report the id; the cause is in the server's log.",
    "INTROSPECTION_DISABLED": "Use the published schema.graphql.",
    "METHOD_NOT_ALLOWED": "Use POST.",
    "NOT_ACCEPTABLE": "Accept application/graphql-response+json.",
    "OPERATION_NOT_FOUND": "Name one operation of the document in `operationName`.",
    "PERSISTED_QUERY_NOT_FOUND": "Send the document's text once together with its hash.",
    "QUERY_TOO_COMPLEX": "Ask for less at once: fewer fields, a smaller page, less nesting.",
    "RATE_LIMITED": "Wait for the seconds in `retryAfter`.",
    "REQUEST_TOO_LARGE": "Send a smaller body.",
    "REQUEST_TOO_SLOW": "Send the body faster.",
    "SUBSCRIPTION_NEEDS_STREAM": "Use graphql-transport-ws, or accept text/event-stream.",
    "TOO_MANY_STREAMS": "End a stream before starting another.",
    "TOO_MANY_WRONG_TOKENS": "Send a valid token, or wait for the seconds in `retryAfter`.",
    "UNAUTHENTICATED": "Send a valid bearer token.",
    "UNSUPPORTED_MEDIA_TYPE": "Send uncompressed application/json in UTF-8.",
}


class Rejected(Exception):
    """An operation that does not run; ``status`` is for HTTP, ``headers`` too."""

    def __init__(
        self, errors: list[GraphQLError], *, status: int = 400, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__("; ".join(error.message for error in errors))
        self.errors = errors
        self.status = status
        self.headers = headers or {}


class Malformed(Rejected):
    """Not a well-formed GraphQL request: its status stands whatever the client accepts."""

    def __init__(self, message: str, *, code: str = "BAD_REQUEST", status: int = 400, **headers: str) -> None:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        super().__init__([fault(message, code)], status=status, headers=named)


def fault(message: str, code: str, **extensions: Any) -> GraphQLError:
    return GraphQLError(message, extensions={"code": code, **extensions})


def unauthenticated() -> Rejected:
    error = fault("A valid bearer token is needed.", "UNAUTHENTICATED")
    return Rejected([error], status=401, headers={"www-authenticate": 'Bearer realm="persona-graph"'})


def with_code(errors: list[GraphQLError], code: str) -> list[GraphQLError]:
    """Give errors of the library the code of the step that found them."""
    for error in errors:
        if not (error.extensions or {}).get("code"):
            error.extensions = {**(error.extensions or {}), "code": code}
    return errors


def formatted(errors: list[GraphQLError]) -> list[dict[str, Any]]:
    return [entry for error in errors for entry in _entries(error)]


def _entries(error: GraphQLError) -> list[dict[str, Any]]:
    entry: dict[str, Any] = {"message": error.message}
    if error.locations:
        entry["locations"] = [location.formatted for location in error.locations]
    if error.path:
        entry["path"] = error.path
    cause = _cause(error)
    if isinstance(cause, Faults) and cause.faults:
        return [{**entry, "message": one.message, "extensions": _of_user_fault(one)} for one in cause.faults]
    if isinstance(cause, UserFault):
        entry |= {"message": cause.message, "extensions": _of_user_fault(cause)}
    elif isinstance(cause, Unauthenticated):
        entry |= {"message": "A valid bearer token is needed.", "extensions": {"code": "UNAUTHENTICATED"}}
    elif cause is not None and error.path is not None:
        entry |= {"message": "Internal error", "extensions": masked(cause, ".".join(map(str, error.path)))}
    else:
        entry["extensions"] = {"code": "EXECUTION_FAILED", **(error.extensions or {})}
    return [entry]


def masked(cause: BaseException, where: str) -> dict[str, Any]:
    """Log what really happened under an id, and give out only the id."""
    incident = new_id()
    log.error("internal error %s in %s", incident, where, exc_info=cause)
    return {"code": "INTERNAL", "id": incident}


def _cause(error: GraphQLError) -> BaseException | None:
    """The exception behind an error, unless it was raised as a GraphQLError on purpose."""
    cause: BaseException | None = error
    while isinstance(cause, GraphQLError):
        cause = cause.original_error
    return cause


def _of_user_fault(cause: UserFault) -> dict[str, Any]:
    extensions: dict[str, Any] = {"code": cause.code}
    if cause.fix:
        extensions["fix"] = cause.fix
    if cause.path:
        extensions["field"] = list(cause.path)
    return extensions
