"""Believing a message: the Standard Webhooks scheme, https://www.standardwebhooks.com."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import time
from collections.abc import Mapping
from datetime import datetime

from pydantic import ValidationError

from persona_graph_client.errors import WebhookUnverified
from persona_graph_client.generated.enums import JobKind, JobState
from persona_graph_client.generated.shapes import JobFailure
from persona_graph_client.words import Answer

PREFIX = "whsec_"
TOLERANCE_SECONDS = 300


class Told(Answer):
    """What a message is about; None where it is not about such a thing."""

    job_id: str | None = None
    persona_id: str | None = None
    voice_id: str | None = None
    kind: JobKind | str | None = None
    state: JobState | None = None
    asked_by: str | None = None
    failure: JobFailure | None = None


class Message(Answer):
    """``id`` is the same when it is delivered again: keep those you have seen."""

    id: str
    type: str
    timestamp: datetime
    data: Told


def verify_webhook(
    secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None
) -> Message:
    """The message, if it was signed with the secret within the last five minutes; raises WebhookUnverified."""
    given = {name.lower(): value for name, value in headers.items()}
    try:
        id, stamp, signed = (given[f"webhook-{name}"] for name in ("id", "timestamp", "signature"))
        age = abs((time.time() if now is None else now) - int(stamp))
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (KeyError, ValueError, binascii.Error) as error:
        raise WebhookUnverified("UNVERIFIED", "A header is missing or not readable.") from error
    if age > TOLERANCE_SECONDS:
        raise WebhookUnverified("UNVERIFIED", "The message is too old, or its clock is wrong.")
    wanted = hmac.new(key, f"{id}.{stamp}.".encode() + body, hashlib.sha256).digest()
    if not any(hmac.compare_digest(wanted, one) for one in _signatures(signed)):
        raise WebhookUnverified("UNVERIFIED", "The signature does not fit.")
    try:
        return Message.model_validate({"id": id, **_parsed(body)})
    except ValidationError as error:
        raise WebhookUnverified("UNVERIFIED", "It is signed, and not a message of this kind.") from error


def _parsed(body: bytes) -> dict[str, object]:
    return Unsealed.model_validate_json(body).model_dump()


class Unsealed(Answer):
    """A message's body."""

    type: str
    timestamp: str
    data: dict[str, object]


def _signatures(header: str) -> list[bytes]:
    found = []
    for one in header.split(" "):
        version, _, value = one.partition(",")
        try:
            if version == "v1":
                found.append(base64.b64decode(value, validate=True))
        except binascii.Error:
            continue
    return found
