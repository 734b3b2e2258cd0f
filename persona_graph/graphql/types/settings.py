"""Settings of a persona, and what became of them in an output."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Annotated, Any

import strawberry

from persona_graph.graphql import whole_enums
from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, f
from persona_graph.graphql.enums import Aspect, Resolution, SpeechFormat
from persona_graph.personas import whole_tables
from persona_graph.personas.persona_settings import Levels, Manner, SettingName, SettingSource, VoiceTone
from persona_graph.personas.pronouncing import Expression
from persona_graph.personas.tables import ContentType, Persona, Platform
from persona_graph.personas.works.outcomes import SettingOutcome

__all__ = ["whole_enums"]
OnSomePlatform = Annotated[
    Platform | None, strawberry.argument(description="Where it would appear; nowhere in particular if null.")
]


@described
class SettingValues:
    """One level of settings; what is null is left to the next one."""

    emotion: str | None = f("A word such as neutral, happy or calm.")
    speed: float | None = f("0.5 to 2; 1 is the voice's own pace.")
    tone: VoiceTone | None = f("How high the voice is held, by name.")
    pitch: float | None = f("How high the voice is held, in semitones.")
    clothing: str | None = f("What the face wears.")
    background: str | None = f("What is behind the face.")
    style: str | None = f("What the picture is like.")
    content_type: ContentType | None = f("What an output is.")
    language: str | None = f("BCP 47 tag of the language spoken.")
    format: SpeechFormat | None = f("The file format of speech.")
    resolution: Resolution | None = f("The short side of a video.")
    aspect: Aspect | None = f("The shape of a video.")

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> SettingValues:
        return cls.of_manner(Manner.of(stored))

    @classmethod
    def of_manner(cls, level: Manner) -> SettingValues:
        return cls(
            emotion=level.emotion, speed=level.speed, tone=level.tone, pitch=level.pitch, clothing=level.clothing,
            background=level.background, style=level.style, content_type=level.content_type, language=level.language,
            format=SpeechFormat(level.container) if level.container else None,
            resolution=Resolution(level.resolution) if level.resolution else None,
            aspect=Aspect(level.aspect) if level.aspect else None,
        )  # fmt: skip


@described
class PlatformSettings:
    """What differs on one platform."""

    platform: Platform = f("The platform.")
    values: SettingValues = f("What is set for it.")


@described
class EffectiveSetting:
    """What holds if a request does not say otherwise."""

    setting: SettingName = f("Which setting.")
    value: str | None = f("Its value, as words; null where nothing holds.")
    source: SettingSource = f("Where it comes from.")


@described
class PersonaSettings:
    """How the persona sounds and looks where a request leaves it out: the platform's override first, then its own
    setting, then the server's default."""

    own: SettingValues = f("What holds everywhere.")
    platforms: list[PlatformSettings] = f("What differs, platform by platform.")
    updated_at: datetime | None = f("When they were last changed; null if never.")
    row: strawberry.Private[whole_tables.PersonaSettings | None]
    persona: strawberry.Private[Persona]

    @classmethod
    def of(cls, persona: Persona, row: whole_tables.PersonaSettings | None) -> PersonaSettings:
        own, platforms = (row.own, row.platforms) if row else ({}, {})
        return cls(
            own=SettingValues.of({**own, "language": persona.language}), updated_at=row.updated_at if row else None,
            platforms=[
                PlatformSettings(platform=Platform(name), values=SettingValues.of(platforms[name]))
                for name in sorted(platforms)
            ],
            row=row, persona=persona,
        )  # fmt: skip

    @strawberry.field(description="What holds now, setting by setting; a tone is shown as its pitch.")
    async def effective(self, info: Info, platform: OnSomePlatform = None) -> list[EffectiveSetting]:
        pins = dict(await info.context.pins_of.load(self.persona.id))
        own: dict[str, Any] = {}
        others: dict[str, Any] = {}
        row, language = self.row, self.persona.language
        if platform is not None and platform in pins:
            stored = pins[platform].settings
            own, others = stored.get("own") or {}, stored.get("platforms") or {}
            language = stored.get("language") or language
        elif row is not None:
            own, others = row.own, row.platforms
        levels = Levels.of(own, others, language, platform)
        return [_effective(levels, name) for name in SettingName if name is not SettingName.TONE]


def _effective(levels: Levels, name: SettingName) -> EffectiveSetting:
    value, source = levels.choose(name.value)
    words = f"{value:g}" if isinstance(value, float | int) else str(value) if value else None
    return EffectiveSetting(setting=name, value=words, source=source)


@described
class OutputSetting:
    """One setting that an output was asked to follow, and what became of it."""

    setting: str = f(
        "Its name: one of emotion, speed, pitch, clothing, background, style, prompt, format, resolution and aspect."
    )
    value: str = f("Its value, as words.")
    source: SettingSource = f("Who asked for it.")
    outcome: SettingOutcome = f("What became of it.")
    provider: str | None = f("The provider that followed it, or did not; null where it was done here.")

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> OutputSetting:
        name = str(stored["name"])
        return cls(
            setting="format" if name == "container" else name, value=str(stored["value"]),
            source=SettingSource(stored["source"]), outcome=SettingOutcome(stored["outcome"]),
            provider=stored.get("provider"),
        )  # fmt: skip


@described
class OutputSettings:
    """What an output was asked to follow. Settings that are what happens anyway are not listed."""

    asked: list[OutputSetting] = f("All of them.")
    honoured: list[OutputSetting] = f("Those that had effect, at the provider or here.")
    not_honoured: list[OutputSetting] = f("Those without effect.")

    @classmethod
    def of(cls, stored: Iterable[Mapping[str, Any]] | None) -> OutputSettings | None:
        if stored is None:
            return None
        asked = [OutputSetting.of(each) for each in stored]
        lost = [each for each in asked if each.outcome is SettingOutcome.NOT_HONOURED]
        return cls(asked=asked, honoured=[each for each in asked if each not in lost], not_honoured=lost)


@described
class OutputPronunciation:
    """One spelling of the persona's lexicon that stood in the script."""

    written: str = f("As it stands in the script.")
    said: str = f("As it was to be said: its spoken form, else its transcription.")
    outcome: Expression = f("What became of it.")
    provider: str | None = f("The provider that took it; null otherwise.")

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> OutputPronunciation:
        return cls(
            written=str(stored["written"]), said=str(stored["said"]), outcome=Expression(stored["expression"]),
            provider=stored.get("provider"),
        )  # fmt: skip
