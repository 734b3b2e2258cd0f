"""How a persona sounds and looks where nobody says otherwise, and where a platform differs from that.

What a request leaves out is filled in before anything else looks at it: the call comes first, then the platform's
override, then the persona's own setting, then what the server does anyway."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.db import Database, utcnow
from persona_graph.errors import InvalidInput
from persona_graph.personas.finding import hold
from persona_graph.personas.personas import language_tag
from persona_graph.personas.pins import pinned_version
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.tables import ContentType, Persona, Platform
from persona_graph.personas.whole_tables import PersonaSettings
from persona_graph.personas.wishes import SpeechWish, VideoWish, content_type_of

APPEARANCE = 150
EMOTION = 40
SPEED = (0.5, 2.0)
PITCH = (-12.0, 12.0)


class VoiceTone(StrEnum):
    """How high a voice is held. No provider has a setting of that name: it is a pitch, in semitones."""

    DEEP = "DEEP"
    WARM = "WARM"
    NATURAL = "NATURAL"
    BRIGHT = "BRIGHT"
    LIGHT = "LIGHT"


TONES: Mapping[VoiceTone, float] = {
    VoiceTone.DEEP: -3.0,
    VoiceTone.WARM: -1.5,
    VoiceTone.NATURAL: 0.0,
    VoiceTone.BRIGHT: 1.5,
    VoiceTone.LIGHT: 3.0,
}


class SettingName(StrEnum):
    """What can be set."""

    EMOTION = "emotion"
    SPEED = "speed"
    TONE = "tone"
    PITCH = "pitch"
    CLOTHING = "clothing"
    BACKGROUND = "background"
    STYLE = "style"
    CONTENT_TYPE = "content_type"
    LANGUAGE = "language"
    FORMAT = "container"
    RESOLUTION = "resolution"
    ASPECT = "aspect"


class SettingSource(StrEnum):
    """Where a value comes from, the strongest first."""

    CALL = "CALL"
    PLATFORM = "PLATFORM"
    PERSONA = "PERSONA"
    DEFAULT = "DEFAULT"


@dataclass(frozen=True)
class Manner:
    """One level of settings; ``None`` leaves the choice to the next one."""

    emotion: str | None = None
    speed: float | None = None
    tone: VoiceTone | None = None
    pitch: float | None = None
    clothing: str | None = None
    background: str | None = None
    style: str | None = None
    content_type: ContentType | None = None
    language: str | None = None
    container: str | None = None
    resolution: str | None = None
    aspect: str | None = None

    def stored(self) -> dict[str, Any]:
        return {each.name: value for each in fields(self) if (value := getattr(self, each.name)) is not None}

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> Manner:
        values = {name: value for name, value in (stored or {}).items() if name in _NAMES}
        if "tone" in values:
            values["tone"] = VoiceTone(values["tone"])
        if "content_type" in values:
            values["content_type"] = ContentType(values["content_type"])
        return cls(**values)

    @property
    def semitones(self) -> float | None:
        if self.pitch is not None:
            return self.pitch
        return TONES[self.tone] if self.tone is not None else None


_NAMES = frozenset(each.name for each in fields(Manner))
SERVER = Manner(
    emotion="neutral", speed=1.0, pitch=0.0, container="wav", resolution="480p", aspect="1:1", clothing="",
    background="", style="",
)  # fmt: skip


@dataclass(frozen=True)
class Levels:
    """A persona's settings as they hold for one platform."""

    platform: Manner
    persona: Manner

    @classmethod
    def of(
        cls,
        own: Mapping[str, Any] | None,
        platforms: Mapping[str, Any] | None,
        language: str,
        platform: Platform | None,
    ) -> Levels:
        override = (platforms or {}).get(platform.value) if platform else None
        return cls(Manner.of(override), replace(Manner.of(own), language=language))

    def choose(self, name: str, called: Any = None) -> tuple[Any, SettingSource]:
        """The value that holds, and where it comes from. A tone is a pitch."""
        for source, level in (
            (SettingSource.PLATFORM, self.platform),
            (SettingSource.PERSONA, self.persona),
            (SettingSource.DEFAULT, SERVER),
        ):
            if called is not None:
                return called, SettingSource.CALL
            value = level.semitones if name == "pitch" else getattr(level, name)
            if value is not None:
                return value, source
        return None, SettingSource.DEFAULT


@dataclass(frozen=True)
class Asked:
    """One setting a request goes by, with where its value comes from."""

    name: str
    value: str
    source: SettingSource

    def stored(self) -> dict[str, str]:
        return {"name": self.name, "value": self.value, "source": self.source.value}


async def levels_for(session: AsyncSession, persona: Persona, platform: Platform | None) -> Levels:
    """As they are now, or as the version says that the platform is pinned to."""
    pinned = await pinned_version(session, persona.id, platform)
    if pinned is not None:
        stored = pinned.settings
        return Levels.of(
            stored.get("own"), stored.get("platforms"), stored.get("language", persona.language), platform
        )
    row = await session.get(PersonaSettings, persona.id)
    return Levels.of(row.own if row else None, row.platforms if row else None, persona.language, platform)


_SPOKEN = ("emotion", "speed", "pitch", "language")
Wished = TypeVar("Wished", SpeechWish, VideoWish)


async def filled_in(
    session: AsyncSession, persona: Persona, wish: Wished
) -> tuple[Wished, list[dict[str, str]]]:
    """The wish with nothing left out, and every setting it asks for that is not what happens anyway."""
    levels = await levels_for(session, persona, wish.platform)
    shown: tuple[str, ...] = ("resolution", "aspect") if isinstance(wish, VideoWish) else ("container",)
    asked: list[Asked] = []
    values: dict[str, Any] = {}
    # An earlier speech is as it is.
    spoken: tuple[str, ...] = () if isinstance(wish, VideoWish) and wish.script is None else _SPOKEN
    for name in (*spoken, *shown):
        value, source = levels.choose(name, getattr(wish, name))
        values[name] = value
        if source is not SettingSource.DEFAULT and value != getattr(SERVER, name) and name != "language":
            asked.append(Asked(name, _words(value), source))
    if isinstance(wish, VideoWish):
        values["prompt"] = _prompt(levels, wish.prompt, asked)
    if wish.content_type is None:
        values["content_type"] = levels.choose("content_type")[0] or content_type_of(wish)
    return replace(wish, **values), [each.stored() for each in asked]


def _prompt(levels: Levels, called: str | None, asked: list[Asked]) -> str:
    """What the caller wrote stands for all of the appearance; the parts are said one by one otherwise."""
    if called is not None:
        if called:
            asked.append(Asked("prompt", called, SettingSource.CALL))
        return called
    said = []
    for name in ("clothing", "background", "style"):
        value, source = levels.choose(name)
        if value:
            asked.append(Asked(name, value, source))
            said.append(f"{name.capitalize()}: {value.rstrip('.')}.")
    return " ".join(said)


async def prompt_for(session: AsyncSession, persona: Persona, called: str | None) -> str:
    """How the persona appears where it is not for any platform."""
    return _prompt(await levels_for(session, persona, None), called, [])


def _words(value: object) -> str:
    return f"{value:g}" if isinstance(value, float | int) else str(value)


async def update_settings(
    personas: Personas, viewer: Viewer, persona_id: str, platform: Platform | None, change: Manner,
    reset: Sequence[SettingName],
) -> Persona:  # fmt: skip
    """``None`` leaves a setting as it is; ``reset`` leaves it to the next level again."""
    viewer.need(Scope.WRITE)
    change = _checked(change)
    if platform is None and SettingName.LANGUAGE in reset:
        raise InvalidInput(
            message="The persona's own language cannot be reset.", path=("reset",), fix="Set another one."
        )
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        row = await session.get(PersonaSettings, persona.id)
        if row is None:
            row = PersonaSettings(persona_id=persona.id, account_id=persona.account_id, own={}, platforms={})
            session.add(row)
        before = row.own if platform is None else row.platforms.get(platform.value, {})
        kept = {name: value for name, value in before.items() if name not in {each.value for each in reset}}
        after = {**kept, **change.stored()}
        if platform is None:
            persona.language = after.pop("language", persona.language)
            row.own = after
        else:
            others = {name: level for name, level in row.platforms.items() if name != platform.value}
            row.platforms = {**others, platform.value: after} if after else others
        row.updated_at = persona.updated_at = utcnow()
    return persona


def checked_manner(stored: Mapping[str, Any]) -> None:
    """Raises where a level that comes from elsewhere is none that could have been set here."""
    if set(stored) - _NAMES or _checked(Manner.of(stored)).stored() != stored:
        raise InvalidInput(message="These settings are not such as can be set.", path=("settings",))


def _checked(change: Manner) -> Manner:
    within("speed", change.speed, SPEED)
    within("pitch", change.pitch, PITCH)
    if change.tone is not None and change.pitch is not None:
        raise InvalidInput(
            message="tone and pitch are the same thing.", path=("tone",), fix="Give one of the two."
        )
    texts: dict[str, Any] = {
        name: plain_text(value, name, most=APPEARANCE)
        for name in ("clothing", "background", "style")
        if (value := getattr(change, name)) is not None
    }
    if change.emotion is not None:
        texts["emotion"] = plain_text(change.emotion, "emotion", most=EMOTION)
    if change.language is not None:
        texts["language"] = language_tag(change.language)
    return replace(change, **texts)


def within(field: str, value: float | None, bounds: tuple[float, float]) -> None:
    if value is not None and not bounds[0] <= value <= bounds[1]:
        raise InvalidInput(
            message=f"{field} is {value:g}.", path=(field,), fix=f"Use {bounds[0]:g} to {bounds[1]:g}."
        )


async def settings_of(
    db: Database, viewer: Viewer, persona_ids: Sequence[str]
) -> list[PersonaSettings | None]:
    rows = select(PersonaSettings).where(
        PersonaSettings.persona_id.in_(set(persona_ids)), PersonaSettings.account_id == viewer.account_id
    )
    async with db.reading() as session:
        found = {row.persona_id: row for row in (await session.scalars(rows)).all()}
    return [found.get(id) for id in persona_ids]
