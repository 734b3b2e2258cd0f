"""What was made for a persona: speech, video, content."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_interface, f
from persona_graph.graphql.ids import global_id
from persona_graph.graphql.types.assets import Asset, load_asset
from persona_graph.graphql.types.core import Money, Node
from persona_graph.graphql.types.jobs import Job
from persona_graph.graphql.types.quality import Consistency
from persona_graph.graphql.types.settings import OutputPronunciation, OutputSettings
from persona_graph.graphql.types.sound import Captions, MusicCredit
from persona_graph.graphql.types.usage import Engagement, Rating
from persona_graph.personas import tables as rows
from persona_graph.personas.consistency import scored
from persona_graph.personas.content_parts import Part, PartState, parts_of
from persona_graph.personas.content_wishes import ContentPart
from persona_graph.personas.tables import ContentType, OutputKind, Platform
from persona_graph.provider import Capability, Fidelity

if TYPE_CHECKING:
    from persona_graph.graphql.types.content import Content
    from persona_graph.graphql.types.personas import Avatar, Persona, Voice

_PERSONAS = "persona_graph.graphql.types.personas"
LazyPersona = Annotated["Persona", strawberry.lazy(_PERSONAS)]
LazyVoice = Annotated["Voice", strawberry.lazy(_PERSONAS)]
LazyContent = Annotated["Content", strawberry.lazy("persona_graph.graphql.types.content")]
LazyAvatar = Annotated["Avatar", strawberry.lazy(_PERSONAS)]


@described
class Served:
    """Who did one leg of an output."""

    leg: str = f("The leg's name.")
    capability: Capability = f("What kind of work it was.")
    provider: str = f("The provider's id.")
    offer: str = f("The offer's id.")
    fidelity: Fidelity | None = f("How near the voice comes to the person; null where nobody speaks.")
    honoured: list[str] = f("The asked-for settings that had effect.")


@described_interface
class Output(Node):
    """Something made for a persona."""

    id: strawberry.ID = f("Opaque id.")
    script: str = f("The words spoken.")
    platform: Platform | None = f("Where it will appear.")
    content_type: ContentType = f("What it is, as said by whoever asked or suggested by its platform.")
    asked_by: str = f("The service or user that asked.")
    draft: bool = f(
        "Whether it is a draft: made for nothing, to look at. It must not be published; promoteOutput makes it for real."
    )
    reused: bool = f("Whether it shares its files with the output of an identical request; it cost nothing.")
    served: list[Served] = f("Who did what.")
    similarity: float | None = f(
        "Cosine of the speaker embeddings of this speech and of the voice's samples; null for a stock voice."
    )
    style_score: int | None = f(
        "How far its words are in the persona's style, 0 to 100, as styleCheck scores them; null without a style, or with too little of it or of the text to rest a figure on."
    )
    price: Money | None = f("What the account paid; null until it is ready.")
    cost: Money | None = f("What the vendors billed the operator; null until it is ready.")
    created_at: datetime = f("When it was asked for.")
    ready_at: datetime | None = f("When it was ready.")
    row: strawberry.Private[rows.Output]

    @strawberry.field(
        description="How far it is what the persona stands for: its speaker, its loudness, its words; null until it is ready."
    )
    async def consistency(self, info: Info) -> Consistency | None:
        if self.row.ready_at is None:
            return None
        spoken = await load_asset(info, self.row.reading_id)
        facts = (spoken.row.facts if spoken else None) or {}
        return Consistency.of(
            scored(
                self.row.similarity, facts.get("loudness"), self.row.style_score, self.row.platform,
                own_voice=self.row.voice_id is not None,
            )
        )  # fmt: skip

    @strawberry.field(
        description="Which settings it was asked to follow, and which had effect; null until it is ready."
    )
    def settings(self) -> OutputSettings | None:
        return OutputSettings.of(self.row.settings)

    @strawberry.field(
        description="What became of the words in it that the persona's lexicon knows; empty until it is ready."
    )
    def pronunciations(self) -> list[OutputPronunciation]:
        return [OutputPronunciation.of(each) for each in self.row.pronunciations or ()]

    @strawberry.field(description="The finished file; null until it is ready.")
    async def asset(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.asset_id)

    @strawberry.field(description="The job that makes or made it.")
    async def job(self, info: Info) -> Job | None:
        return await load_job(info, self.row.job_id)

    @strawberry.field(description="The mean of its ratings, 1 to 5; null while there is none.")
    async def rating(self, info: Info) -> float | None:
        found = await info.context.ratings_of.load(self.row.id)
        return sum(row.stars for row in found) / len(found) if found else None

    @strawberry.field(description="What callers think of it, the latest first.")
    async def ratings(self, info: Info) -> list[Rating]:
        return [Rating.of(row) for row in await info.context.ratings_of.load(self.row.id)]

    @strawberry.field(description="What became of it, as writer services reported it, platform by platform.")
    async def engagement(self, info: Info) -> list[Engagement]:
        return [Engagement.of(row) for row in await info.context.engagement_of.load(self.row.id)]

    @strawberry.field(
        description="The output whose files it shares; null if it has its own, or if that one was deleted."
    )
    async def reused_from(self, info: Info) -> Output | None:
        first = self.row.reused_from
        return output_of(await info.context.outputs.load(first)) if first else None

    @strawberry.field(description="Whose it is.")
    async def persona(self, info: Info) -> LazyPersona | None:
        from persona_graph.graphql.types.personas import Persona

        return Persona.of(await info.context.personas.load(self.row.persona_id))

    @strawberry.field(description="The voice it speaks with; null for a stock voice.")
    async def voice(self, info: Info) -> LazyVoice | None:
        from persona_graph.graphql.types.personas import Voice

        return Voice.of(await info.context.voices.load(self.row.voice_id)) if self.row.voice_id else None

    @strawberry.field(
        description="When words and phonemes are said, as JSON; null if the provider does not say."
    )
    async def timings(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.timings_id)


@described
class SpeechOutput(Output):
    """Speech."""

    @strawberry.field(description="Captions; null unless they were asked for.")
    def captions(self) -> Captions | None:
        return Captions.of(self.row)

    @strawberry.field(description="The background music; null if there is none.")
    def music(self) -> MusicCredit | None:
        return MusicCredit.of(self.row.music)

    @strawberry.field(
        description="Integrated loudness in LUFS (ITU-R BS.1770), measured on the finished file; docs/sound.md has the target of each platform."
    )
    async def loudness(self, info: Info) -> float | None:
        asset = await load_asset(info, self.row.asset_id)
        return asset.row.facts.get("loudness") if asset and asset.row.facts else None


@described
class VideoOutput(Output):
    """A talking video."""

    @strawberry.field(
        description="The speech in it, as a file of its own; null if it was made from an earlier output."
    )
    async def speech(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.speech_id)

    @strawberry.field(description="A still from it, to show before it plays.")
    async def poster(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.poster_id)

    @strawberry.field(description="Captions as files; null unless they were asked for.")
    def captions(self) -> Captions | None:
        return Captions.of(self.row)

    @strawberry.field(description="The face it shows.")
    async def avatar(self, info: Info) -> LazyAvatar | None:
        from persona_graph.graphql.types.personas import Avatar

        return Avatar.of(await info.context.avatars.load(self.row.avatar_id)) if self.row.avatar_id else None


@described
class ContentPartFact:
    """How far one part of content is, or why it is not there."""

    part: ContentPart = f("Which part.")
    state: PartState = f("How far it is.")
    code: str | None = f("Why it was left out or failed, as a stable word; all are listed in docs/errors.md.")
    message: str | None = f("The same for people.")
    fix: str | None = f("What to do about it.")

    @classmethod
    def of(cls, part: Part) -> ContentPartFact:
        why = part.why
        return cls(
            part=part.part, state=part.state, code=why.code if why else None, message=why.message if why else None,
            fix=why.fix if why else None,
        )  # fmt: skip


@described
class ContentOutput(Output):
    """A text with its reading and its video, as far as they were asked for and could be made. `script` is what is
    spoken of it; its asset is the video, else the reading."""

    title: str | None = f("Its title; null if it has none.")
    text: str | None = f("The text as it is published, given or written; null until it is written.")
    scene: int = f("Its place in the content, from 0.")

    @strawberry.field(description="Part by part how far it is, and why something is missing.")
    async def parts(self, info: Info) -> list[ContentPartFact]:
        job = await info.context.jobs.load(self.row.job_id)
        return [ContentPartFact.of(part) for part in parts_of(self.row, job)] if job else []

    @strawberry.field(description="The reading; null until it is made, or if it was not.")
    async def speech(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.reading_id)

    @strawberry.field(description="The video; null until it is made, or if it was not.")
    async def video(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.asset_id if self.row.speech_id else None)

    @strawberry.field(description="A still from the video.")
    async def poster(self, info: Info) -> Asset | None:
        return await load_asset(info, self.row.poster_id)

    @strawberry.field(description="Captions as files; null unless they were asked for.")
    def captions(self) -> Captions | None:
        return Captions.of(self.row)

    @strawberry.field(description="The face it shows; null where there is no video.")
    async def avatar(self, info: Info) -> LazyAvatar | None:
        from persona_graph.graphql.types.personas import Avatar

        return Avatar.of(await info.context.avatars.load(self.row.avatar_id)) if self.row.avatar_id else None

    @strawberry.field(description="What it is a scene of.")
    async def content(self, info: Info) -> LazyContent | None:
        from persona_graph.graphql.types.content import Content

        return (
            Content.of(await info.context.contents.load(self.row.content_id)) if self.row.content_id else None
        )


_KINDS: dict[OutputKind, type[SpeechOutput | VideoOutput | ContentOutput]] = {
    OutputKind.SPEECH: SpeechOutput, OutputKind.VIDEO: VideoOutput, OutputKind.CONTENT: ContentOutput,
}  # fmt: skip


def output_of(row: rows.Output | None) -> SpeechOutput | VideoOutput | ContentOutput | None:
    if row is None:
        return None
    kind = _KINDS[row.kind]
    more: dict[str, Any] = {}
    if kind is ContentOutput:
        more = {"title": row.title or None, "text": row.written, "scene": row.scene or 0}
    return kind(
        id=global_id(kind.__name__, row.id), script=row.script, platform=row.platform, asked_by=row.asked_by,
        content_type=row.content_type or ContentType.OTHER, draft=row.draft, reused=row.reused_from is not None,
        served=[_served(each) for each in row.served], similarity=row.similarity, style_score=row.style_score,
        price=Money.usd(row.price) if row.price is not None else None,
        cost=Money.usd(row.cost) if row.cost is not None else None, created_at=row.created_at, ready_at=row.ready_at,
        row=row, **more,
    )  # fmt: skip


async def load_job(info: Info, id: str | None) -> Job | None:
    row = await info.context.jobs.load(id) if id else None
    return Job.of(row) if row else None


def _served(each: dict[str, Any]) -> Served:
    fidelity = each.get("fidelity")
    return Served(
        leg=str(each["leg"]), capability=Capability(each["capability"]), provider=str(each["provider"]),
        offer=str(each["offer"]), fidelity=Fidelity(fidelity) if fidelity else None,
        honoured=list(each.get("honoured") or ()),
    )  # fmt: skip
