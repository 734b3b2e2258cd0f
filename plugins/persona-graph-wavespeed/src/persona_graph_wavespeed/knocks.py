"""WaveSpeed's webhooks, version 3: close to the standard scheme, and not it (the secret is not decoded, the
signature is hexadecimal)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from persona_graph.provider import BadKnock, Call, Knock

TOLERANCE_SECONDS = 300
_VERSION = "v3"


class Knocks:
    def __init__(self, secrets: Iterable[str]) -> None:
        named = (secret.strip().removeprefix("whsec_") for secret in secrets)
        self._keys = tuple(secret.encode() for secret in named if secret)

    def __repr__(self) -> str:
        return f"Knocks({len(self._keys)} secrets)"

    def query(self, call: Call) -> dict[str, str]:
        """What a submit says to be told. Nothing where the signature could not be checked: a delivery that is
        refused too often makes the vendor take back what it made."""
        return {"webhook": call.webhook_url} if self._keys and call.webhook_url else {}

    def verify(self, knock: Knock) -> None:
        if not self._keys:
            raise BadKnock("WEBHOOK_SECRET is not set")
        event, moment = (knock.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp"))
        if not event or not (moment.isascii() and moment.isdigit()) or len(moment) > 15:
            raise BadKnock("the headers are not those of WaveSpeed")
        if abs(knock.now.timestamp() - int(moment)) > TOLERANCE_SECONDS:
            raise BadKnock("it is too old, or from the future")
        signed = f"{event}.{moment}.".encode() + knock.body
        given = [
            signature.encode()
            for version, _, signature in (
                entry.partition(",") for entry in knock.headers.get("webhook-signature", "").split()
            )
            if version == _VERSION
        ]
        expected = [hmac.new(key, signed, hashlib.sha256).hexdigest().encode() for key in self._keys]
        # Every pair is compared, so that the time tells nothing about which one fitted.
        if not sum(hmac.compare_digest(one, other) for one in expected for other in given):
            raise BadKnock("the signature is not WaveSpeed's")
