"""What a persona is outside of this installation: a signed file of named sections, each with a version of its own.

Recordings are never in it. A voice model, which can speak as the person by itself, is in it only under a passphrase."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt
from pydantic import Field, TypeAdapter, ValidationError

from persona_graph.errors import MediaRefused
from persona_graph.media.letter import damaged, too_new
from persona_graph.personas.pronouncing import CaseRule
from persona_graph.personas.tables import ConsentScope, Platform, Standing
from persona_graph.provider import Fidelity

Id = Annotated[str, Field(max_length=26)]
Line = Annotated[str, Field(max_length=255)]
Prose = Annotated[str, Field(max_length=20_000)]

# The newest version of each section that is written and read here. What a section meant may never change under the
# same number; one that is added needs no new version of the others.
SECTIONS = {
    "persona": 1,
    "style": 1,
    "settings": 1,
    "lexicon": 1,
    "consents": 1,
    "voices": 1,
    "faces": 1,
    "models": 1,
    "golden_lines": 1,
}
_SEALED_FOR = b"persona-graph bundle models 1"


@dataclass(frozen=True)
class File:
    content_type: Line
    base64: str

    @classmethod
    def of(cls, content_type: str, content: bytes) -> File:
        return cls(content_type, base64.b64encode(content).decode())

    @property
    def content(self) -> bytes:
        return decoded(self.base64)


@dataclass(frozen=True)
class PersonaPart:
    name: Line
    archetype: Line | None
    brand_voice: Prose | None
    language: Annotated[str, Field(max_length=16)]


@dataclass(frozen=True)
class StylePart:
    """What was measured, what people set, and what they set for each platform."""

    measured: dict[str, Any] | None
    sources: list[dict[str, Any]]
    edits: dict[str, Any]
    analyzed_at: datetime | None
    platforms: dict[Platform, dict[str, Any]]


@dataclass(frozen=True)
class SettingsPart:
    """How it sounds and looks where nobody says otherwise, and on each platform where that differs."""

    own: dict[str, Any]
    platforms: dict[Platform, dict[str, Any]]


@dataclass(frozen=True)
class EntryPart:
    """A word that is not said as it is written."""

    written: Line
    language: Annotated[str, Field(max_length=16)]
    case: CaseRule
    spoken: Line | None
    ipa: Line | None


@dataclass(frozen=True)
class ConsentPart:
    """A consent that was live when it was written here."""

    id: Id
    scope: ConsentScope
    subject: Line
    statement: Prose
    statement_version: Annotated[str, Field(max_length=32)]
    granted_by: Line
    granted_at: datetime
    expires_at: datetime | None


@dataclass(frozen=True)
class EnrolmentPart:
    """``model``: it cannot speak without the model of that name in the section of models."""

    provider: Annotated[str, Field(max_length=64)]
    vendor_voice: Line
    standing: Standing
    similarity: float | None
    enrolled_at: datetime
    expires_at: datetime | None
    model: Id | None


@dataclass(frozen=True)
class VoicePart:
    name: Line
    language: Annotated[str, Field(max_length=16)]
    in_use: bool
    fidelity: Fidelity | None
    similarity: float | None
    fingerprint: Annotated[list[float], Field(max_length=4096)] | None
    quality: dict[str, Any] | None
    characteristics: dict[str, Any] | None
    trained_at: datetime | None
    enrolments: Annotated[list[EnrolmentPart], Field(max_length=100)]
    preview: File | None


@dataclass(frozen=True)
class FacePart:
    name: Line
    in_use: bool
    picture: File


@dataclass(frozen=True)
class SealedPart:
    """Voice models under a key that scrypt (N 2^15, r 8, p 1) makes of a passphrase, AES-256-GCM."""

    salt: Line
    nonce: Line
    sealed: str


@dataclass(frozen=True)
class Contents:
    """``left_out`` says in words what the persona has and this does not."""

    persona: PersonaPart
    style: StylePart | None = None
    settings: SettingsPart | None = None
    lexicon: Annotated[list[EntryPart], Field(max_length=1000)] = field(default_factory=list)
    consents: Annotated[list[ConsentPart], Field(max_length=1000)] = field(default_factory=list)
    voices: Annotated[list[VoicePart], Field(max_length=100)] = field(default_factory=list)
    faces: Annotated[list[FacePart], Field(max_length=100)] = field(default_factory=list)
    models: SealedPart | None = None
    golden_lines: list[Line] | None = None
    exported_at: datetime | None = None
    left_out: list[Prose] = field(default_factory=list)


_CONTENTS = TypeAdapter(Contents)
_BESIDE = ("exported_at", "left_out")


def write_contents(contents: Contents) -> bytes:
    plain = _CONTENTS.dump_python(contents, mode="json")
    sections = {
        name: {"version": SECTIONS[name], "content": plain[name]}
        for name in SECTIONS
        if plain[name] is not None
    }
    about = {name: plain[name] for name in _BESIDE}
    return orjson.dumps({**about, "sections": sections}, option=orjson.OPT_SORT_KEYS)


def read_contents(body: bytes) -> Contents:
    """Of a body whose signature holds. That somebody is trusted does not make them right: everything is checked."""
    try:
        whole = orjson.loads(body)
        listed: Mapping[str, Mapping[str, Any]] = whole["sections"]
        for name, section in listed.items():
            if name not in SECTIONS or section["version"] > SECTIONS[name]:
                raise too_new(
                    f"This bundle has a section {name[:40]!r} of version {section['version']}, unknown here."
                )
        about = {name: whole[name] for name in _BESIDE}
        contents = _CONTENTS.validate_python(
            {**about, **{name: section["content"] for name, section in listed.items()}}
        )
    except (ValueError, KeyError, TypeError, AttributeError, ValidationError) as wrong:
        raise damaged("This bundle is signed, but not made as bundles are.") from wrong
    if _holds_nul(whole):
        raise damaged("This bundle holds a NUL character in a text.")
    return contents


def seal_models(models: Mapping[str, bytes], passphrase: str) -> SealedPart:
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    plain = orjson.dumps({id: base64.b64encode(model).decode() for id, model in models.items()})
    sealed = AESGCM(_key(passphrase, salt)).encrypt(nonce, plain, _SEALED_FOR)
    return SealedPart(*(base64.b64encode(each).decode() for each in (salt, nonce, sealed)))


def open_models(part: SealedPart, passphrase: str) -> dict[str, bytes]:
    """Raises MediaRefused BUNDLE_LOCKED where it is another passphrase."""
    try:
        plain = AESGCM(_key(passphrase, decoded(part.salt))).decrypt(
            decoded(part.nonce), decoded(part.sealed), _SEALED_FOR
        )
        return {str(id): decoded(model) for id, model in orjson.loads(plain).items()}
    except (InvalidTag, ValueError) as wrong:
        raise MediaRefused(
            code="BUNDLE_LOCKED", message="This passphrase does not open the voice models of this bundle.",
            fix="Give the passphrase it was exported with, or none: the voices then come without their models.",
            path=("passphrase",),
        ) from wrong  # fmt: skip


def decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as wrong:
        raise damaged("A file in this bundle is not readable.") from wrong


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase.encode())


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, dict):
        return any(_holds_nul(each) for each in (*value, *value.values()))
    return isinstance(value, list) and any(_holds_nul(each) for each in value)
