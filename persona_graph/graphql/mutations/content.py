"""Content: a text, its reading and its video in one request, and a failed job's wish once more."""

from __future__ import annotations

from typing import Any, cast

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.enums import Aspect, Resolution, SpeechFormat
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import PaidInput, answer, errors_field, maybe, request_of
from persona_graph.graphql.types.content import Content, SkippedPart
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.jobs import Job, Quote
from persona_graph.graphql.types.outputs import ContentOutput, Output, output_of
from persona_graph.jobs.tables import Job as JobRow
from persona_graph.personas import content, reading, retry
from persona_graph.personas import tables as rows
from persona_graph.personas.content import Composed, Piece
from persona_graph.personas.content_wishes import ALL_PARTS, ContentPart, ContentWish, SceneWish
from persona_graph.personas.scenes import MOST_SCENES
from persona_graph.personas.sound import CaptionMode
from persona_graph.personas.tables import ContentType, Platform, VoicePolicy


@described_input
class SceneInput:
    """One scene of a story, one chapter of an episode, or one text of several."""

    title: str = f("Its title.", default="")
    script: str | None = f("The text; give this or brief.", default=None)
    brief: str | None = f(
        "What a text is to be written about, by an installed TEXT provider in the persona's style.",
        default=None,
    )


@described_input
class GenerateContentInput(PaidInput):
    """A text to publish, read and show as the persona. Give one of script, brief and scenes."""

    persona_id: strawberry.ID = f("The persona.")
    content_type: ContentType = f("What it is; it decides how it is read out and which platform is meant.")
    platform: Platform | None = f("Where it will appear; what its type suggests if null.", default=None)
    title: str = f("The title or subject. A blog post's or an episode's is read out first.", default="")
    script: str | None = f(
        "The text as it is published; Markdown, links, hashtags and emoji are not read out. A story or podcast is cut into scenes at its headings and marks.",
        default=None,
    )
    brief: str | None = f(
        "What the text is to be written about, by an installed TEXT provider in the persona's style; without such a provider it is refused.",
        default=None,
    )
    scenes: list[SceneInput] | None = f(
        f"1 to {MOST_SCENES} scenes in place of script and brief; each becomes an output with a job of its own.",
        default=None,
    )
    parts: list[ContentPart] | None = f(
        "What is wanted; all of it if null. A part that the tier, the persona or the server does not have is skipped.",
        default=None,
    )
    required: list[ContentPart] = f(
        "Parts without which nothing is wanted: if one cannot be had the request is refused, and if one fails its scene's job fails, uncharged.",
        default_factory=list,
    )
    use_persona_voice: bool = f("False asks for a stock voice.", default=True)
    voice_policy: VoicePolicy = f(
        "Whether a stock voice may stand in where the persona has no voice in use.",
        default=VoicePolicy.PERSONA_VOICE,
    )
    language: str | None = f("BCP 47 tag; the persona's language if null.", default=None)
    format: SpeechFormat | None = f(
        "File format of the reading; what the persona's settings say if null. Where there is a video it is WAV.",
        default=None,
    )
    emotion: str | None = f("As in generateSpeech; what the persona's settings say if null.", default=None)
    speed: float | None = f("As in generateSpeech; what the persona's settings say if null.", default=None)
    pitch: float | None = f("As in generateSpeech; what the persona's settings say if null.", default=None)
    resolution: Resolution | None = f(
        "The short side of the video; what the persona's settings say if null.", default=None
    )
    aspect: Aspect | None = f(
        "The shape of the video; what the persona's settings say if null.", default=None
    )
    prompt: str | None = f(
        "Clothing, background and style in words, for providers that honour it; what the persona's settings say if null.",
        default=None,
    )
    captions: CaptionMode = f(
        "How a video shows its captions; other than NONE, they are files of the output as well.",
        default=CaptionMode.NONE,
    )
    max_characters: int | None = f(
        "The most that may be written to a brief; the platform's own limit holds as well.", default=None
    )

    def wish(self, persona_id: str) -> ContentWish:
        """Which of script, brief and scenes there are is judged with the rest of it."""
        scenes = tuple(SceneWish(each.title, each.script, each.brief) for each in self.scenes or ())
        both = self.scenes is not None and (self.script is not None or self.brief is not None)
        alone = SceneWish("", self.script, self.brief)
        return ContentWish(
            persona_id, self.content_type, (alone,) if both or self.scenes is None else scenes,
            listed=self.scenes is not None, title=self.title, platform=self.platform,
            parts=ALL_PARTS if self.parts is None else frozenset(self.parts), required=frozenset(self.required),
            persona_voice=self.use_persona_voice, voice_policy=self.voice_policy, language=self.language,
            container=self.format.value if self.format else None, emotion=self.emotion, speed=self.speed, pitch=self.pitch,
            resolution=self.resolution.value if self.resolution else None, aspect=self.aspect.value if self.aspect else None, prompt=self.prompt, captions=self.captions,
            max_chars=self.max_characters, muddled=both,
        )  # fmt: skip


@described
class ContentScene:
    """What became of one scene."""

    index: int = f("Its place, from 0.")
    title: str | None = f("Its title; null if it has none.")
    output: ContentOutput | None = f("The output; null on a dry run.")
    job: Job | None = f("Follow it with jobEvents; null on a dry run.")
    quote: Quote | None = f("What it comes to.")
    skipped: list[SkippedPart] = f("Parts that cannot be had; the others are made.")


@described
class GenerateContentPayload:
    """The content with its jobs at once, or why there is none."""

    content: Content | None = maybe("All of it; null on a dry run.")
    scenes: list[ContentScene] | None = maybe("Scene by scene, in order; a single text is one scene.")
    output: ContentOutput | None = maybe("The first scene's output; null on a dry run.")
    job: Job | None = maybe("The first scene's job; null on a dry run.")
    quote: Quote | None = maybe("What all scenes come to.")
    skipped: list[SkippedPart] | None = maybe("Parts that cannot be had, of all scenes; the others are made.")
    errors: list[UserError] = errors_field()


@described_input
class RetryJobInput(PaidInput):
    """Which job's wish to repeat."""

    job_id: strawberry.ID = f("A job that FAILED or was CANCELLED.")


@described
class RetryJobPayload:
    """The new output and its job at once, or why there is none."""

    output: Output | None = maybe("The new output; null on a dry run.")
    job: Job | None = maybe("The new job; null on a dry run.")
    quote: Quote | None = maybe("What it comes to now.")
    skipped: list[SkippedPart] | None = maybe(
        "Of content, the parts that cannot be had; the others are made."
    )
    errors: list[UserError] = errors_field()


@described
class ContentMutations:
    """Content in all its parts."""

    @strawberry.mutation(
        description="Make content of a text or a brief: text, reading and video, each as far as the account, the persona and the server have what it takes; what has not is skipped with its reason. Each scene is one job of up to three legs and one output. If a leg fails, what was made before it is kept and charged, the rest is not."
    )
    async def generate_content(self, info: Info, input: GenerateContentInput) -> GenerateContentPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            wish = input.wish(row_id("Persona", input.persona_id, "personaId"))
            request = request_of("generateContent", input)
            made = await content.generate_content(context.runtime.personas, context.viewer, wish, request)
            return await _shape(info, made)

        return await answer(GenerateContentPayload, use_case, lambda shape: shape)

    @strawberry.mutation(
        description="Ask once more for what a failed or cancelled job was to make: speech, video or content. It is a new job with a new output and a new quote, by whoever can do it now; a scene takes its place in its content."
    )
    async def retry_job(self, info: Info, input: RetryJobInput) -> RetryJobPayload:
        context = info.context

        async def use_case() -> dict[str, Any]:
            job_id = row_id("Job", input.job_id, "jobId")
            request = request_of("retryJob", input)
            made = await retry.retry_job(context.runtime.personas, context.viewer, job_id, request)
            [scene] = await _scenes(info, made.pieces)
            return {
                "output": scene.output, "job": scene.job, "quote": _whole(made.pieces), "skipped": scene.skipped,
            }  # fmt: skip

        return await answer(RetryJobPayload, use_case, lambda shape: shape)


async def _shape(info: Info, made: Composed) -> dict[str, Any]:
    scenes = await _scenes(info, made.pieces)
    row = await info.context.contents.load(made.content_id) if made.content_id else None
    return {
        "content": Content.of(row), "scenes": scenes, "output": scenes[0].output, "job": scenes[0].job,
        "quote": _whole(made.pieces), "skipped": [part for scene in scenes for part in scene.skipped],
    }  # fmt: skip


async def _scenes(info: Info, pieces: list[Piece]) -> list[ContentScene]:
    ids = [piece.output_id or "" for piece in pieces]
    found = await reading.by_ids(info.context.runtime.db, info.context.viewer, rows.Output, ids)
    return [
        ContentScene(
            index=piece.n, title=piece.title or None, output=cast(ContentOutput | None, output_of(output)),
            job=Job.of(piece.job) if piece.job else None, quote=_whole([piece]),
            skipped=[SkippedPart.of(piece.n, each) for each in piece.skipped],
        )
        for piece, output in zip(pieces, found, strict=True)
    ]  # fmt: skip


def _whole(pieces: list[Piece]) -> Quote:
    """From the plans, or, for a repeated request, from the jobs it made the first time."""
    plans = [piece.plan for piece in pieces if piece.plan is not None]
    jobs: list[JobRow] = [piece.job for piece in pieces if piece.job is not None]
    return Quote.of_plan(*plans) if plans else Quote.of_job(*jobs)
