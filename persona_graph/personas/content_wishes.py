"""What a caller can ask to be made of a text or a brief: the text itself, its reading, a video of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter

from persona_graph.errors import Faults, InvalidInput, UserFault
from persona_graph.personas.commissions import checked_speech, checked_video
from persona_graph.personas.room import Personas, plain_text
from persona_graph.personas.scenes import MOST_SCENES, CutScene, cut_scenes
from persona_graph.personas.sound import CaptionMode, SoundWish
from persona_graph.personas.spoken import spoken_of, titled
from persona_graph.personas.tables import ContentType, Platform, VoicePolicy
from persona_graph.personas.wishes import SpeechWish, VideoWish

BRIEF = 8000
# A title that belongs to what is read out.
SAID_TITLES = frozenset(
    {
        ContentType.BLOG_POST,
        ContentType.ARTICLE,
        ContentType.NEWSLETTER,
        ContentType.PODCAST,
        ContentType.LESSON,
    }
)
CUT_TYPES = frozenset({ContentType.STORY, ContentType.PODCAST})
_PLATFORMS = {
    ContentType.LINKEDIN_POST: Platform.LINKEDIN,
    ContentType.BLOG_POST: Platform.BLOG,
    ContentType.EMAIL: Platform.EMAIL,
    ContentType.STORY: Platform.STORY,
    ContentType.PODCAST: Platform.PODCAST,
}


class ContentPart(StrEnum):
    """What content consists of: TEXT as it is published, AUDIO of somebody reading it, VIDEO of somebody saying it."""

    TEXT = "TEXT"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"


ALL_PARTS = frozenset(ContentPart)


@dataclass(frozen=True)
class SceneWish:
    """A text, or what one is to be written about."""

    title: str = ""
    script: str | None = None
    brief: str | None = None


@dataclass(frozen=True)
class ContentWish:
    """What is None the persona's settings fill in. ``listed``: the caller gave
    scenes, not one text. Without ``persona_voice`` a stock voice speaks. ``max_chars`` bounds a text to be written.
    ``muddled``: the caller gave scenes and a text beside them."""

    persona_id: str
    content_type: ContentType
    scenes: tuple[SceneWish, ...]
    listed: bool = False
    title: str = ""
    platform: Platform | None = None
    parts: frozenset[ContentPart] = ALL_PARTS
    required: frozenset[ContentPart] = frozenset()
    persona_voice: bool = True
    voice_policy: VoicePolicy = VoicePolicy.PERSONA_VOICE
    language: str | None = None
    container: str | None = None
    emotion: str | None = None
    speed: float | None = None
    pitch: float | None = None
    resolution: str | None = None
    aspect: str | None = None
    prompt: str | None = None
    captions: CaptionMode = CaptionMode.NONE
    max_chars: int | None = None
    muddled: bool = False

    @property
    def wants_video(self) -> bool:
        return ContentPart.VIDEO in self.parts

    @property
    def wants_speech(self) -> bool:
        """Whoever is shown also speaks."""
        return self.wants_video or ContentPart.AUDIO in self.parts

    def path(self, n: int) -> tuple[str, ...]:
        return ("scenes", str(n)) if self.listed else ()

    def speech(self, script: str) -> SpeechWish:
        sound = SoundWish(captions=self.captions is not CaptionMode.NONE)
        return SpeechWish(
            self.persona_id, script, sound=sound, **self._asked("container", "emotion", "speed", "pitch")
        )

    def video(self, script: str) -> VideoWish:
        asked = self._asked("resolution", "aspect", "prompt", "emotion", "speed", "pitch")
        return VideoWish(self.persona_id, script, captions=self.captions, **asked)

    def _asked(self, *names: str) -> dict[str, Any]:
        always = ("platform", "language", "voice_policy", "content_type", "persona_voice")
        return {name: value for name in (*always, *names) if (value := getattr(self, name)) is not None}


_CONTENT = TypeAdapter(ContentWish)


def content_json(wish: ContentWish) -> dict[str, Any]:
    stored: dict[str, Any] = _CONTENT.dump_python(wish, mode="json")
    return {**stored, "parts": sorted(wish.parts), "required": sorted(wish.required)}


def content_wish(stored: Mapping[str, Any]) -> ContentWish:
    return _CONTENT.validate_python(stored)


def checked_content(personas: Personas, wish: ContentWish) -> ContentWish:
    """What can be said of a wish without looking anything up: every scene's fault at once. A story or podcast given
    as one text is cut at its marks."""
    if wish.muddled:
        raise InvalidInput(
            message="Give scenes, or one text, not both.",
            path=("scenes",),
            fix="Give exactly one of script, brief and scenes.",
        )
    if not wish.parts:
        raise InvalidInput(
            message="parts is empty.", path=("parts",), fix="Name at least one part, or leave it out."
        )
    strays = sorted(wish.required - wish.parts)
    if strays:
        raise InvalidInput(
            message=f"{', '.join(strays)} is required and not among the parts.", path=("required",),
            fix="Require only parts that you ask for.",
        )  # fmt: skip
    if wish.max_chars is not None and not 1 <= wish.max_chars <= personas.settings.max_script_chars:
        raise InvalidInput(
            message=f"maxCharacters is {wish.max_chars}.", path=("maxCharacters",),
            fix=f"Use 1 to {personas.settings.max_script_chars:,}.",
        )  # fmt: skip
    platform = wish.platform or _PLATFORMS.get(wish.content_type)
    wish = replace(wish, platform=platform, title=plain_text(wish.title, "title", most=200, least=0))
    wish = _cut(personas, wish)
    if not 1 <= len(wish.scenes) <= MOST_SCENES:
        raise InvalidInput(
            message=f"There are {len(wish.scenes)} scenes.", path=("scenes",),
            fix=f"Give 1 to {MOST_SCENES} in a request.",
        )  # fmt: skip
    scenes, faults = [], []
    for n, scene in enumerate(wish.scenes):
        try:
            scenes.append(_checked_scene(personas, wish, scene))
        except UserFault as fault:
            fault.path = (*wish.path(n), *fault.path)
            faults.append(fault)
    if faults:
        raise Faults(faults)
    return replace(wish, scenes=tuple(scenes))


def _cut(personas: Personas, wish: ContentWish) -> ContentWish:
    if wish.listed or wish.content_type not in CUT_TYPES or wish.scenes[0].script is None:
        return wish
    script = plain_text(
        wish.scenes[0].script, "script", most=personas.settings.max_script_chars * MOST_SCENES
    )
    found: list[CutScene] = cut_scenes(script)
    if len(found) < 2:
        return wish
    return replace(wish, scenes=tuple(SceneWish(title=each.title, script=each.text) for each in found))


def _checked_scene(personas: Personas, wish: ContentWish, scene: SceneWish) -> SceneWish:
    if (scene.script is None) == (scene.brief is None):
        raise InvalidInput(
            message="Give either script or brief.", path=("script",), fix="Give exactly one of the two."
        )
    title = plain_text(scene.title, "title", most=200, least=0)
    brief, script = scene.brief, scene.script
    if brief is not None:
        brief, said = plain_text(brief, "brief", most=BRIEF), "Something to be said."
    if script is not None:
        script = plain_text(script, "script", most=personas.settings.max_script_chars)
        said = said_of(wish, title, script)
    if wish.wants_speech:
        # For their checks: what is spoken may still be unknown.
        checked_speech(personas, wish.speech(said))
        checked_video(personas, wish.video(said))
    return SceneWish(title, script, brief)


def said_title(wish: ContentWish, title: str) -> str:
    """What is said before the text: the title of a scene, or of the whole where that is all there is."""
    if wish.content_type not in SAID_TITLES:
        return ""
    return title or (wish.title if len(wish.scenes) == 1 else "")


def said_of(wish: ContentWish, title: str, written: str) -> str:
    return titled(said_title(wish, title), spoken_of(written))
