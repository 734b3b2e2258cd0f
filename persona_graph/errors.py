"""What can be wrong with a request, as the caller sees it. Each class is one GraphQL error type; each
code is stable and listed in docs/errors.md with what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar


@dataclass(eq=False, kw_only=True)
class UserFault(Exception):
    """An expected refusal. ``path`` names the input field, ``fix`` what the caller can do."""

    codes: ClassVar[tuple[str, ...]] = ()

    message: str
    code: str = ""
    path: tuple[str, ...] = ()
    fix: str | None = None

    def __post_init__(self) -> None:
        self.code = self.code or self.codes[0]
        if self.code not in self.codes:
            raise ValueError(f"{type(self).__name__} has no code {self.code!r}")
        super().__init__(self.message)


@dataclass(eq=False, kw_only=True)
class InvalidInput(UserFault):
    codes = (
        "INVALID_INPUT",
        "TEXT_EMPTY",
        "TEXT_TOO_LONG",
        "UNKNOWN_LANGUAGE",
        "INVALID_CURSOR",
        "PAGE_SIZE",
    )


@dataclass(eq=False, kw_only=True)
class NotFound(UserFault):
    """Not there, or not the viewer's: the same answer."""

    codes = ("NOT_FOUND",)


@dataclass(eq=False, kw_only=True)
class Forbidden(UserFault):
    codes = ("FORBIDDEN",)


@dataclass(eq=False, kw_only=True)
class WrongState(UserFault):
    """The thing exists but is not in a state that allows this; ``state`` is the one it is in."""

    codes = (
        "NOT_READY",
        "NOT_APPROVED",
        "ALREADY_ENDED",
        "ALREADY_DECIDED",
        "IS_DRAFT",
        "NOT_A_DRAFT",
        "ERASED",
        "NOT_REPEATABLE",
    )

    state: str = ""


@dataclass(eq=False, kw_only=True)
class TierRefused(UserFault):
    codes = ("TIER_REQUIRED",)

    tier: str = ""
    required_tier: str | None = None


@dataclass(eq=False, kw_only=True)
class ConsentRequired(UserFault):
    codes = ("CONSENT_REQUIRED",)

    scope: str = ""


@dataclass(eq=False, kw_only=True)
class MediaRefused(UserFault):
    """An uploaded file cannot be used; ``asset_id`` says which."""

    codes = (
        "MEDIA_UNSUPPORTED", "MEDIA_DAMAGED", "MEDIA_TOO_LARGE", "MEDIA_SIZE_MISMATCH", "MEDIA_TOO_LONG",
        "MEDIA_TOO_SHORT", "MEDIA_SILENT", "MEDIA_NOT_UPLOADED", "MEDIA_WRONG_KIND", "MEDIA_IN_USE", "MEDIA_ERASED",
        "IMAGE_TOO_LARGE", "IMAGE_TOO_SMALL", "PHOTO_NO_FACE", "PHOTO_MANY_FACES",
        "PHOTO_FACE_TOO_SMALL", "PHOTO_FACE_CUT", "PHOTO_TILTED", "PHOTO_NOT_FRONTAL", "PHOTO_BLURRED",
        "PHOTO_TOO_DARK", "PHOTO_TOO_BRIGHT", "PHOTO_NOISY",
        "SAMPLE_CLIPPED", "SAMPLE_NOISY", "SAMPLE_TOO_LITTLE_SPEECH", "SAMPLE_TWO_SPEAKERS",
        "DOCUMENT_NO_TEXT", "DOCUMENT_LOCKED", "DOCUMENT_TOO_LONG",
        "BUNDLE_DAMAGED", "BUNDLE_CHANGED", "BUNDLE_FOREIGN_KEY", "BUNDLE_TOO_NEW", "BUNDLE_LOCKED",
        "UPLOAD_EXPIRED", "UPLOAD_DONE", "UPLOAD_TOO_SLOW", "STORAGE_CORRUPT", "STORAGE_UNAVAILABLE",
    )  # fmt: skip

    asset_id: str = ""


@dataclass(eq=False, kw_only=True)
class SourceRefused(UserFault):
    """A text or a web page that a style was to be measured on cannot be used; ``source`` is its name."""

    codes = (
        "SOURCE_TOO_SHORT", "SOURCE_REPEATED", "SOURCE_TOO_MUCH", "SOURCE_NO_TEXT", "PAGE_ADDRESS_REFUSED",
        "PAGE_NOT_FOUND", "PAGE_UNREACHABLE", "PAGE_TOO_SLOW", "PAGE_TOO_LARGE", "PAGE_NOT_HTML", "STYLE_TOO_SHORT",
    )  # fmt: skip

    source: str = ""


@dataclass(eq=False, kw_only=True)
class IdempotencyMismatch(UserFault):
    codes = ("IDEMPOTENCY_MISMATCH",)


@dataclass(eq=False, kw_only=True)
class SpendRefused(UserFault):
    """``needed`` would be spent; ``left`` is what the cap or the caller's ``maxPrice`` allows, in USD."""

    codes = ("SPEND_CAP", "PRICE_ABOVE_MAX")

    needed: Decimal = Decimal(0)
    left: Decimal = Decimal(0)


@dataclass(eq=False, kw_only=True)
class NoProvider(UserFault):
    """No installed provider can do it; ``refusals`` says why for each."""

    codes = ("NO_PROVIDER",)

    refusals: tuple[str, ...] = ()


@dataclass(eq=False, kw_only=True)
class QuotaReached(UserFault):
    codes = ("QUOTA",)

    limit: int = 0


class Faults(Exception):
    """Several refusals of one request at once."""

    def __init__(self, faults: list[UserFault]) -> None:
        super().__init__("; ".join(fault.message for fault in faults))
        self.faults = faults


class Unauthenticated(Exception):
    """No, a wrong, an expired or a revoked token: HTTP 401 or WebSocket close 4403."""


FAULTS: tuple[type[UserFault], ...] = (
    InvalidInput, NotFound, Forbidden, WrongState, TierRefused, ConsentRequired, MediaRefused, SourceRefused,
    IdempotencyMismatch, SpendRefused, NoProvider, QuotaReached,
)  # fmt: skip
