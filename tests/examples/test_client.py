"""The typed client against a real server (issue 6: writer services' life)."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from persona_graph_client import (
    ConsentScope,
    CreatePersonaInput,
    GenerateSpeechInput,
    GrantConsentInput,
    JobState,
    PersonaGraph,
    Platform,
    Refused,
    RequestFailed,
    TransferFailed,
    UploadPurpose,
    VoicePolicy,
)  # fmt: skip

from tests.examples.conftest import Place

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def persona_of(graph: PersonaGraph, name: str) -> str:
    return (await graph.create_persona(CreatePersonaInput(name=name))).id


def speech(persona: str, script: str = "One sentence to say.", **more: object) -> GenerateSpeechInput:
    given = {"persona_id": persona, "script": script, "voice_policy": VoicePolicy.ALLOW_STOCK_VOICE, **more}
    return GenerateSpeechInput.model_validate(given)


async def test_what_is_asked_comes_back_typed(graph: PersonaGraph, tmp_path: Path) -> None:
    persona = await persona_of(graph, "Typed")
    consent = await graph.grant_consent(
        GrantConsentInput(persona_id=persona, scope=ConsentScope.VOICE, subject="A reader")
    )
    assert consent.live and consent.scope is ConsentScope.VOICE
    quote = await graph.quote_generate_speech(speech(persona))
    assert quote.price.amount > 0
    made = await graph.generate_speech(speech(persona, platform=Platform.LINKEDIN))
    events = [event async for event in graph.follow(made.job.id)]
    assert events[-1].terminal and events[-1].state is JobState.SUCCEEDED
    assert [event.sequence for event in events] == sorted({event.sequence for event in events})
    output = await graph.output(made.output.id)
    assert output is not None and output.asset is not None and output.price is not None
    assert isinstance(output.price.amount, Decimal) and output.platform is Platform.LINKEDIN
    file = await graph.download(output.asset, tmp_path / "speech.wav")
    assert file.stat().st_size == output.asset.size
    page = await graph.outputs(persona, first=1)
    assert (
        page is not None
        and [one.id for one in page.nodes] == [output.id]
        and not page.page_info.has_next_page
    )
    found = await graph.persona(persona)
    assert found is not None and found.consents[0].id == consent.id
    assert await graph.voice(persona) is None


async def test_a_stream_goes_on_behind_its_cursor(graph: PersonaGraph) -> None:
    made = await graph.generate_speech(speech(await persona_of(graph, "Cursor"), "Said to be resumed."))
    every = [event async for event in graph.follow(made.job.id)]
    rest = [event async for event in graph.follow(made.job.id, every[1].cursor)]
    assert rest == every[2:]


async def test_the_same_key_buys_once(graph: PersonaGraph) -> None:
    wish = speech(await persona_of(graph, "Once"), "Bought once.", idempotency_key="typed-1")
    first, second = await graph.generate_speech(wish), await graph.generate_speech(wish)
    assert first.job.id == second.job.id
    with pytest.raises(Refused) as refused:
        await graph.generate_speech(wish.model_copy(update={"script": "Other words."}))
    assert refused.value.code == "IDEMPOTENCY_MISMATCH" and refused.value.fix


async def test_refusals_are_exceptions_with_a_code_and_a_fix(graph: PersonaGraph, place: Place) -> None:
    persona = await persona_of(graph, "Refused")
    with pytest.raises(Refused) as refused:
        await graph.generate_speech(GenerateSpeechInput(persona_id=persona, script="No voice."))
    assert refused.value.code == refused.value.problems[0].code and refused.value.fix
    with pytest.raises(Refused) as dear:
        await graph.generate_speech(speech(persona, "Too dear. " * 50, max_price=Decimal("0.0001")))
    assert dear.value.code == "PRICE_ABOVE_MAX" and dear.value.problems[0].needed is not None
    with pytest.raises(TransferFailed) as bad:
        await graph.upload(b"no photo at all", UploadPurpose.PHOTO, name="me.png")
    assert bad.value.code == "MEDIA_UNSUPPORTED" and bad.value.fix
    async with PersonaGraph(place.url, "pg_wrong") as stranger:
        with pytest.raises(RequestFailed) as unknown:
            await stranger.viewer()
    assert (unknown.value.code, unknown.value.status) == ("UNAUTHENTICATED", 401)
