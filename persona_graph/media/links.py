"""Signed links: permission to put one upload's bytes, or to look at one stored file for a while."""

from __future__ import annotations

import hashlib
import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from itsdangerous import BadData, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

from persona_graph.db import utcnow
from persona_graph.errors import Forbidden, MediaRefused, NotFound
from persona_graph.media.keys import signing_keys
from persona_graph.settings import Settings

_SHAPE = re.compile(r"\.?[A-Za-z0-9_-]{20,400}\.([A-Za-z0-9_-]{43})")


@dataclass(frozen=True, slots=True)
class Link:
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Claims:
    asset_id: str
    account_id: str
    expires_at: datetime
    download: bool = False


class Links:
    def __init__(self, settings: Settings) -> None:
        secrets = signing_keys(settings.signing_key.get_secret_value())
        self._base = settings.base_url
        self._ttl = settings.link_ttl
        self._put = _signer(secrets, "put an upload")
        self._get = _signer(secrets, "get a stored file")

    def upload(self, asset_id: str, account_id: str, expires_at: datetime) -> Link:
        token = self._put.dumps([asset_id, account_id, int(expires_at.timestamp())])
        return Link(f"{self._base}/uploads/{token}", expires_at)

    def media(
        self, asset_id: str, account_id: str, *, download: bool = False, until: datetime | None = None
    ) -> Link:
        """``until`` is when it stops working whatever the settings say."""
        # Rounded up to a tenth of its life: asking again soon gives the same link, which browsers cache by.
        step = max(1.0, self._ttl / 10)
        ends = int(math.ceil((utcnow().timestamp() + self._ttl) / step) * step)
        if until is not None:
            ends = min(ends, int(until.timestamp()))
        token = self._get.dumps([asset_id, account_id, ends, int(download)])
        return Link(f"{self._base}/media/{token}", datetime.fromtimestamp(ends, UTC))

    def read_upload(self, token: str) -> Claims:
        """Raises NotFound (not a token), Forbidden (not ours) or MediaRefused (too late)."""
        claims = _claims(self._put, token)
        if claims.expires_at <= utcnow():
            raise upload_expired(claims.asset_id)
        return claims

    def read_media(self, token: str) -> Claims:
        claims = _claims(self._get, token)
        if claims.expires_at <= utcnow():
            raise Forbidden(message="This link has expired.", fix="Ask for the media link again.")
        return claims


def upload_expired(asset_id: str) -> MediaRefused:
    return MediaRefused(
        code="UPLOAD_EXPIRED",
        message="The time to upload this file has passed.",
        fix="Create a new upload.",
        asset_id=asset_id,
    )


def _signer(secrets: list[str], salt: str) -> URLSafeSerializer:
    signing = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    return URLSafeSerializer(secrets, salt=f"persona-graph: {salt}", signer_kwargs=signing)


def _claims(signer: URLSafeSerializer, token: str) -> Claims:
    shape = _SHAPE.fullmatch(token)
    if shape is None:
        raise NotFound(message="No such link.")
    # The last character of a base64 signature has spare bits: without this, a changed token could pass.
    if base64_encode(base64_decode(shape[1])).decode() != shape[1]:
        raise _not_ours()
    try:
        asset_id, account_id, until, *download = signer.loads(token)
    except BadData:
        raise _not_ours() from None
    return Claims(asset_id, account_id, datetime.fromtimestamp(until, UTC), bool(download and download[0]))


def _not_ours() -> Forbidden:
    return Forbidden(message="This link is not valid.", fix="Ask for the link again.")
