"""Writing styles."""

from __future__ import annotations

import strawberry

from persona_graph.graphql.context import Info
from persona_graph.graphql.describe import described, described_input, f
from persona_graph.graphql.ids import row_id
from persona_graph.graphql.mutations.answers import answer, errors_field, maybe
from persona_graph.graphql.types.core import UserError
from persona_graph.graphql.types.styles import PlatformAdaptation, StyleCheck, WritingStyle
from persona_graph.personas import styles
from persona_graph.personas.style_sources import PastedText, StyleSources
from persona_graph.personas.styles import StyleChange
from persona_graph.personas.tables import Platform
from persona_graph.style import Edits


@described_input
class StyleTextInput:
    """A text the person wrote."""

    text: str = f("At most 200,000 characters; at least 20 words.")
    name: str = f("What to call it in evidence and refusals, at most 200 characters.", default="")


@described_input
class AnalyzeWritingStyleInput:
    """What to measure a style on. It is measured anew each time: give everything that is to count."""

    persona_id: strawberry.ID = f("The persona.")
    texts: list[StyleTextInput] = f("At most 50 pasted texts.", default_factory=list)
    document_ids: list[strawberry.ID] = f(
        "At most 25 uploaded assets with purpose DOCUMENT.", default_factory=list
    )
    urls: list[str] = f(
        "At most 10 addresses of public web pages; their main text is read.", default_factory=list
    )
    language: str | None = f("ISO 639-1 code of the texts; null to find out.", default=None)


@described_input
class FigureInput:
    """A figure set by hand."""

    key: str = f("The figure's name, for example `sentence_words`.")
    value: float = f("Within the figure's bounds.")


@described_input
class UpdateWritingStyleInput:
    """What to set over what was measured. Null or absent leaves a field as it is; `reset` goes back to what was measured."""

    persona_id: strawberry.ID = f("The persona.")
    tone: str | None = f("At most 60 characters.", default=None)
    register: str | None = f("At most 60 characters.", default=None)
    complexity: str | None = f("At most 60 characters.", default=None)
    engagement: str | None = f("At most 60 characters.", default=None)
    permitted_tones: list[str] | None = f("Tones that may be taken besides.", default=None)
    forbidden_tones: list[str] | None = f("Tones never to be taken.", default=None)
    go_to_words: list[str] | None = f("In place of the measured ones; at most 50.", default=None)
    go_to_phrases: list[str] | None = f("In place of the measured ones; at most 50.", default=None)
    avoid_words: list[str] | None = f("In place of the measured ones; at most 50.", default=None)
    core_belief: str | None = f("At most 2,000 characters.", default=None)
    notes: str | None = f("At most 2,000 characters.", default=None)
    figures: list[FigureInput] = f("Figures to set; those not named stay.", default_factory=list)
    reset: list[str] = f(
        "Fields (`tone`, `goToWords`, …) and figures (`sentence_words`, …) to go back to what was measured; done first.",
        default_factory=list,
    )


@described
class WritingStylePayload:
    """The style, or why nothing was changed."""

    writing_style: WritingStyle | None = maybe("The style, with what became of each source.")
    errors: list[UserError] = errors_field()


@described_input
class SetPlatformAdaptationInput:
    """What to set for one platform. Null or absent leaves a field as it is; `reset` goes back to what follows from the style."""

    persona_id: strawberry.ID = f("The persona.")
    platform: Platform = f("The platform.")
    words_low: int | None = f("Advised length, from.", default=None)
    words_high: int | None = f("Advised length, to.", default=None)
    hashtags_low: int | None = f("Hashtags, from.", default=None)
    hashtags_high: int | None = f("Hashtags, to.", default=None)
    emoji_per_1000: float | None = f("Emoji in 1,000 words, at most.", default=None)
    sentence_words: float | None = f("Words of a sentence, on average.", default=None)
    longest_sentence: int | None = f("Words of the longest sentence.", default=None)
    paragraph_sentences: int | None = f("Sentences of a paragraph, at most.", default=None)
    formality_low: float | None = f("Formality from 0 to 100, from.", default=None)
    formality_high: float | None = f("Formality from 0 to 100, to.", default=None)
    tones: list[str] | None = f("The tones that fit; at most 50.", default=None)
    formatting: list[str] | None = f("How it is set out; at most 50 lines.", default=None)
    engagement: list[str] | None = f("How readers are drawn in; at most 50 lines.", default=None)
    devices: list[str] | None = f("Which devices serve here; at most 50.", default=None)
    links: str | None = f("Where links go; at most 200 characters.", default=None)
    notes: str | None = f("At most 2,000 characters.", default=None)
    reset: list[str] = f(
        "Fields to go back to what follows from the style; done first.", default_factory=list
    )


@described
class PlatformAdaptationPayload:
    """The adaptation, or why nothing was changed."""

    adaptation: PlatformAdaptation | None = maybe("What counts now.")
    errors: list[UserError] = errors_field()


@described_input
class StyleCheckInput:
    """A text to hold against a persona's style."""

    persona_id: strawberry.ID = f("The persona.")
    text: str = f("1 to 100,000 characters.")
    platform: Platform | None = f(
        "Also against this platform's limits; null for the style alone.", default=None
    )


@described
class StyleCheckPayload:
    """The check, or why there is none."""

    check: StyleCheck | None = maybe("The score, its parts and what to change.")
    errors: list[UserError] = errors_field()


@described
class StyleMutations:
    """Writing styles."""

    @strawberry.mutation(
        description="Measure a persona's writing style on texts, documents and web pages. Free and offline but for the pages; no text is kept, only figures and short quotations. Sources that cannot be used are refused one by one; edits stay."
    )
    async def analyze_writing_style(self, info: Info, input: AnalyzeWritingStyleInput) -> WritingStylePayload:
        context = info.context

        async def use_case() -> styles.WritingStyle:
            persona_id = row_id("Persona", input.persona_id, "personaId")
            ids = [row_id("Asset", id, "documentIds", str(n)) for n, id in enumerate(input.document_ids)]
            texts = [PastedText(each.text, each.name) for each in input.texts]
            sources = StyleSources(texts, ids, input.urls, input.language)
            return await styles.analyze_style(context.runtime.personas, context.viewer, persona_id, sources)

        return await answer(
            WritingStylePayload, use_case, lambda row: {"writing_style": WritingStyle.of(row)}
        )

    @strawberry.mutation(
        description="Set parts of a writing style by hand. They count over what is measured and outlast every analysis, until they are reset."
    )
    async def update_writing_style(self, info: Info, input: UpdateWritingStyleInput) -> WritingStylePayload:
        context = info.context

        async def use_case() -> styles.WritingStyle:
            persona_id = row_id("Persona", input.persona_id, "personaId")
            given = {name: value for name, value in vars(input).items() if name in _EDITS}
            edits = Edits(**given, figures={each.key: each.value for each in input.figures})
            change = StyleChange(edits, [_snake(name) for name in input.reset])
            return await styles.update_style(context.runtime.personas, context.viewer, persona_id, change)

        return await answer(
            WritingStylePayload, use_case, lambda row: {"writing_style": WritingStyle.of(row)}
        )

    @strawberry.mutation(
        description="Set by hand how a style is fitted to one platform. It outlasts every analysis, until it is reset. The platform's own limit cannot be changed."
    )
    async def set_platform_adaptation(
        self, info: Info, input: SetPlatformAdaptationInput
    ) -> PlatformAdaptationPayload:
        context = info.context

        async def use_case() -> object:
            persona_id = row_id("Persona", input.persona_id, "personaId")
            edits = {
                name: value
                for name, value in vars(input).items()
                if name not in _NO_EDITS and value is not None
            }
            reset = [_snake(name) for name in input.reset]
            return await styles.set_adaptation(
                context.runtime.personas, context.viewer, persona_id, input.platform, edits, reset
            )

        return await answer(
            PlatformAdaptationPayload, use_case, lambda made: {"adaptation": PlatformAdaptation.of(made)}
        )

    @strawberry.mutation(
        description="Score a text against a persona's style, and a platform's limits if one is given. Free; writes nothing and asks nobody."
    )
    async def style_check(self, info: Info, input: StyleCheckInput) -> StyleCheckPayload:
        context = info.context

        async def use_case() -> object:
            persona_id = row_id("Persona", input.persona_id, "personaId")
            return await styles.check_text(
                context.runtime.personas, context.viewer, persona_id, input.text, input.platform
            )

        return await answer(StyleCheckPayload, use_case, lambda checked: {"check": StyleCheck.of(checked)})


_EDITS = frozenset(Edits.__dataclass_fields__) - {"figures"}
_NO_EDITS = frozenset({"persona_id", "platform", "reset"})


def _snake(name: str) -> str:
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in name[:100])
