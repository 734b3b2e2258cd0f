"""Lending WaveSpeed a file: a ticket from its API, then the bytes to its storage, which is somebody else's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from persona_graph.provider import Call, OrderRejected, ProviderBusy, ProviderUnavailable
from persona_graph_wavespeed.account import ACCOUNT_SECONDS, Account, NoAnswer, Refused, retry_after, within

MOST_IMAGE_BYTES = 10_000_000
MOST_AUDIO_BYTES = 50_000_000
_PUT_SECONDS = 60.0
_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Attachment:
    """Bytes with the name and type they are sent under; ``kind`` is ``image`` or ``audio``."""

    kind: str
    ending: str
    content_type: str
    content: bytes


def attachment(content: bytes) -> Attachment:
    """What the bytes are, whatever their name says: a picture or a recording this vendor reads."""
    kind, ending, content_type = _sniffed(content)
    most = MOST_IMAGE_BYTES if kind == "image" else MOST_AUDIO_BYTES
    if len(content) > most:
        raise OrderRejected(
            f"The {'picture' if kind == 'image' else 'recording'} has {len(content) / 1e6:.1f} MB; "
            f"{most // 1_000_000} MB are the most.",
            code="FILE_TOO_LARGE",
        )
    return Attachment(kind, ending, content_type, content)


def _sniffed(content: bytes) -> tuple[str, str, str]:
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image", "png", "image/png"
    if content.startswith(b"\xff\xd8\xff"):
        return "image", "jpg", "image/jpeg"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image", "webp", "image/webp"
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio", "wav", "audio/wav"
    if content.startswith(b"ID3") or (content[:1] == b"\xff" and content[1:2] and content[1] & 0xE6 == 0xE2):
        return "audio", "mp3", "audio/mpeg"
    raise OrderRejected("Use a PNG, JPEG or WebP picture, and speech as WAV or MP3.", code="FILE_TYPE")


async def upload(account: Account, call: Call, lent: Attachment) -> str:
    """The address under which the vendor's models, and whoever else holds it, read the file for seven days.
    Nothing is ordered yet, so whatever goes wrong here is no reason to look for a task."""
    asked = {
        "filename": f"{lent.kind}.{lent.ending}", "size": len(lent.content), "content_type": lent.content_type,
    }  # fmt: skip
    try:
        granted = await account.post(call, "media/uploads", asked)
    except NoAnswer as error:
        kind = ProviderBusy if error.sent else ProviderUnavailable
        raise kind(f"WaveSpeed: {error}") from None
    except Refused as error:
        raise _not_granted(error) from None
    url, headers, address = _read(granted)
    if account.base.startswith("https:") and not url.startswith("https:"):
        raise ProviderUnavailable("WaveSpeed wants a file sent unencrypted")
    await _put(call, url, headers, lent.content)
    return address


def _not_granted(error: Refused) -> Exception:
    if error.status == 429:
        return ProviderBusy("WaveSpeed has too many requests", error.retry_after)
    if error.status == 413:
        return OrderRejected("The file is larger than WaveSpeed takes.", code="FILE_TOO_LARGE")
    if error.status == 408 or error.status >= 500:
        return ProviderBusy(f"WaveSpeed takes no upload just now ({error})", error.retry_after)
    rest = ACCOUNT_SECONDS if error.is_about_account else None
    return ProviderUnavailable(f"WaveSpeed takes no upload ({error})", rest)


def _read(granted: Any) -> tuple[str, Mapping[str, str], str]:
    instruction = granted.get("upload") if isinstance(granted, dict) else None
    if isinstance(instruction, dict) and str(instruction.get("method")).upper() == "PUT":
        url, headers = instruction.get("url"), instruction.get("headers") or {}
        address = granted.get("download_url")
        named = isinstance(headers, dict) and all(isinstance(value, str) for value in headers.values())
        if named and is_address(url) and is_address(address):
            return str(url), headers, str(address)
    raise ProviderUnavailable("WaveSpeed gave no instruction for an upload that can be followed")


async def _put(call: Call, url: str, headers: Mapping[str, str], content: bytes) -> None:
    """With the headers that were given and nothing of ours: the account's key is none of the storage's business."""
    try:
        answer = await call.http.put(
            url, content=content, headers=dict(headers), timeout=within(call, _PUT_SECONDS)
        )
    except (*_UNSENT, httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
        raise ProviderUnavailable(f"WaveSpeed's storage cannot be asked ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise ProviderBusy(f"WaveSpeed's storage: no answer came ({type(error).__name__})") from None
    if answer.status_code == 429:
        raise ProviderBusy("WaveSpeed's storage has too many requests", retry_after(answer))
    if answer.status_code == 408 or answer.status_code >= 500:
        raise ProviderBusy(f"WaveSpeed's storage is in trouble ({answer.status_code})", retry_after(answer))
    if not answer.is_success:
        raise ProviderUnavailable(f"WaveSpeed's storage refused a file ({answer.status_code})")


def is_address(url: object) -> bool:
    if not isinstance(url, str) or len(url) > 8000:
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.username is None
