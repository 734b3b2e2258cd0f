"""What is refused before anything is spent: tiers, prices, repeated requests, and input that is not one."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from persona_graph.db import new_id
from persona_graph.graphql.ids import global_id
from persona_graph.media.asset import AssetPurpose
from persona_graph.personas.tables import ConsentScope, OutputKind
from tests.client import Answered
from tests.world import Owner, World, public

QUOTE = "quote { price { amount currency } priceCeiling { amount } costLow { amount } costHigh { amount } legs { name capability route { candidates { provider ownVoice ignores why } refusals { provider code reason } } } }"


async def furnished(owner: Owner) -> dict[str, Any]:
    """Inputs of the paid mutations for a persona that lacks nothing."""
    persona = await owner.persona()
    for scope in ConsentScope:
        await owner.consent(persona, scope)
    voice = await owner.voice(persona, live=True)
    await owner.avatar(persona, live=True)
    await owner.output(persona, OutputKind.SPEECH, voice_id=voice.id)
    sample, photo = (
        await owner.asset(AssetPurpose.SAMPLE, seconds=70.0),
        await owner.asset(AssetPurpose.PHOTO),
    )
    id = public(persona)
    return {
        "trainVoice": {"personaId": id, "name": "v", "sampleIds": [public(sample)]},
        "createAvatar": {"personaId": id, "name": "a", "photoId": public(photo)},
        "generateSpeech": {"personaId": id, "script": "Good morning, this is a short text."},
        "generateVideo": {"personaId": id, "script": "Good morning, this is a short text."},
    }


PAID = ["trainVoice", "createAvatar", "generateSpeech", "generateVideo"]
FIRST_TIER = {"trainVoice": "basic", "createAvatar": "pro", "generateVideo": "pro"}


@pytest.mark.parametrize("tier", ["free", "basic", "pro", "enterprise"])
async def test_tiers_gate_by_what_is_asked_for(world: World, tier: str) -> None:
    """Rows 151–154, 162–165: a Free account cannot train, a Basic one cannot make an avatar; each refusal names
    the tier that can, before anything else is looked at."""
    owner = await world.account("Ada", tier=tier)
    ranks = ["free", "basic", "pro", "enterprise"]
    for mutation, input in (await furnished(owner)).items():
        first = FIRST_TIER.get(mutation, "free")
        if ranks.index(tier) >= ranks.index(first):
            await owner.client.change(mutation, QUOTE, **input, dryRun=True)
            continue
        before = await world.dump()
        for attempt in (
            input,
            {**input, "dryRun": True},
            {**input, "sampleIds": []} if "sampleIds" in input else input,
        ):
            error = await owner.client.refusal(mutation, **attempt)
            assert (error["__typename"], error["code"]) == ("TierError", "TIER_REQUIRED"), mutation
            assert (error["tier"], error["requiredTier"]) == (tier, first)
            assert error["fix"].startswith(first.capitalize())
        assert await world.dump() == before


async def test_a_free_account_speaks_in_a_stock_voice(world: World) -> None:
    owner = await world.account("Ada", tier="free")
    inputs = await furnished(owner)
    made = await owner.client.change(
        "generateSpeech", f"output {{ voice {{ id }} }} {QUOTE}", **inputs["generateSpeech"]
    )
    assert made["output"]["voice"] is None
    candidates = made["quote"]["legs"][0]["route"]["candidates"]
    assert candidates and not any(candidate["ownVoice"] for candidate in candidates)
    assert made["quote"]["price"] == {"amount": "0.0000", "currency": "USD"}


async def test_a_video_too_long_for_the_tier_names_the_one_that_has_it(owner: Owner) -> None:
    inputs = await furnished(owner)
    script = "This sentence is here to be said again and again. " * 60
    error = await owner.client.refusal("generateVideo", **{**inputs["generateVideo"], "script": script})
    assert (error["code"], error["requiredTier"]) == ("TIER_REQUIRED", "enterprise")
    assert "120 s" in error["message"]
    error = await owner.client.refusal("generateVideo", **{**inputs["generateVideo"], "script": script * 6})
    assert (error["code"], error["requiredTier"]) == ("TIER_REQUIRED", None)
    assert "600 s" in error["fix"]


@pytest.mark.parametrize("mutation", PAID)
async def test_a_rehearsal_answers_everything_and_writes_nothing(
    world: World, owner: Owner, mutation: str
) -> None:
    input = (await furnished(owner))[mutation]
    before = await world.dump()
    subject = {"trainVoice": "voice", "createAvatar": "avatar"}.get(mutation, "output")
    said = await owner.client.change(
        mutation, f"{subject} {{ id }} job {{ id }} {QUOTE}", **input, dryRun=True, idempotencyKey="k"
    )
    assert await world.dump() == before
    assert (said[subject], said["job"]) == (None, None)
    quote = said["quote"]
    assert float(quote["price"]["amount"]) <= float(quote["priceCeiling"]["amount"])
    assert float(quote["costLow"]["amount"]) <= float(quote["costHigh"]["amount"])
    assert all(leg["route"]["candidates"] for leg in quote["legs"])

    # The key that a rehearsal carried is still fresh, and afterwards a rehearsal does not turn into the job.
    real = await owner.client.change(mutation, f"job {{ id }} {QUOTE}", **input, idempotencyKey="k")
    assert real["quote"] == quote
    if mutation != "trainVoice":
        again = await owner.client.change(mutation, "job { id }", **input, dryRun=True, idempotencyKey="k")
        assert again["job"] is None


@pytest.mark.parametrize("world", ["sqlite", "postgres"], indirect=True)
@pytest.mark.parametrize("mutation", PAID)
async def test_the_same_request_is_the_same_job(world: World, owner: Owner, mutation: str) -> None:
    """G18, G19: repeated one after the other and all at once; with other input; with keys that are none."""
    input = (await furnished(owner))[mutation]
    subject = {"trainVoice": "voice", "createAvatar": "avatar"}.get(mutation, "output")
    select = f"{subject} {{ id }} job {{ id }} {QUOTE}"
    answers = await asyncio.gather(
        *(owner.client.change(mutation, select, **input, idempotencyKey="one and the same") for _ in range(8))
    )
    assert all(answer == answers[0] for answer in answers)
    before = await world.dump()
    again = await owner.client.change(
        mutation, select, **input, idempotencyKey="one and the same", maxPrice="500"
    )
    assert again == answers[0]

    other = {**input, **({"name": "other"} if "name" in input else {"script": "Something else."})}
    error = await owner.client.refusal(mutation, **other, idempotencyKey="one and the same")
    assert (error["__typename"], error["path"]) == ("IdempotencyError", ["idempotencyKey"])
    elsewhere = "generateVideo" if mutation == "generateSpeech" else "generateSpeech"
    said = {"personaId": input["personaId"], "script": "Good morning, this is a short text."}
    assert (await owner.client.refusal(elsewhere, **said, idempotencyKey="one and the same"))[
        "code"
    ] == "IDEMPOTENCY_MISMATCH"
    for key in ("", "k" * 256, "two\nlines"):
        error = await owner.client.refusal(mutation, **input, idempotencyKey=key)
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["idempotencyKey"])
    assert await world.dump() == before

    neighbour = await world.account("Eve")
    theirs = (await furnished(neighbour))[mutation]
    independent = await neighbour.client.change(mutation, select, **theirs, idempotencyKey="one and the same")
    assert independent["job"]["id"] != answers[0]["job"]["id"]


async def test_a_limit_on_the_price_is_kept(world: World, owner: Owner) -> None:
    input = (await furnished(owner))["generateVideo"]
    quote = (await owner.client.change("generateVideo", QUOTE, **input, dryRun=True))["quote"]
    ceiling = quote["priceCeiling"]["amount"]
    before = await world.dump()
    for limit in ("0", "0.01"):
        for rehearsal in (True, False):
            error = await owner.client.refusal("generateVideo", **input, maxPrice=limit, dryRun=rehearsal)
            assert (error["__typename"], error["code"]) == ("SpendError", "PRICE_ABOVE_MAX")
            assert error["needed"]["amount"] == ceiling and float(error["left"]["amount"]) == float(limit)
    for nonsense in ("-1", "NaN", "Infinity"):
        with_limit = owner.client.refusal("generateVideo", **input, maxPrice=nonsense)
        error = await with_limit
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["maxPrice"])
    assert await world.dump() == before
    for limit in ("ten", ""):
        with pytest.raises(Answered) as refused:
            await owner.client.change("generateVideo", QUOTE, **input, maxPrice=limit)
        assert refused.value.code == "BAD_USER_INPUT"
    await owner.client.change("generateVideo", QUOTE, **input, maxPrice=ceiling)


async def test_a_rehearsal_knows_the_cap(world: World) -> None:
    """What the real request would be refused for, the rehearsal is refused for."""
    owner = await world.account("Ada")
    input = (await furnished(owner))["generateVideo"]
    script = "This sentence is here to be said again and again. " * 30
    left = None
    for n in range(100):
        rehearsal = {**input, "script": script, "dryRun": True, "idempotencyKey": None}
        payload = await owner.client.payload("generateVideo", QUOTE, rehearsal)
        real = await owner.client.payload("generateVideo", "job { id }", {**rehearsal, "dryRun": False})
        assert payload["errors"] == real["errors"], n
        if real["errors"]:
            [error] = real["errors"]
            left = float(error["left"]["amount"])
            assert (error["__typename"], error["code"]) == ("SpendError", "SPEND_CAP") and error["fix"]
            break
    assert left is not None and left < 100
    spend = (await owner.client.ask("{ viewer { account { spend { held { amount } left { amount } } } } }"))[
        "viewer"
    ]
    assert float(spend["account"]["spend"]["left"]["amount"]) == left


async def test_settings_without_effect_are_named(owner: Owner) -> None:
    inputs = await furnished(owner)
    plain = await owner.client.change("generateSpeech", QUOTE, **inputs["generateSpeech"], dryRun=True)
    assert all(c["ignores"] == [] for c in plain["quote"]["legs"][0]["route"]["candidates"])
    asked = {**inputs["generateSpeech"], "emotion": "happy", "speed": 1.2, "pitch": -2}
    said = await owner.client.change("generateSpeech", QUOTE, **asked, dryRun=True)
    assert all(
        c["ignores"] == ["emotion", "pitch", "speed"] for c in said["quote"]["legs"][0]["route"]["candidates"]
    )
    shown = {**inputs["generateVideo"], "prompt": "in a garden"}
    said = await owner.client.change("generateVideo", QUOTE, **shown, dryRun=True)
    assert all(c["ignores"] == ["prompt"] for c in said["quote"]["legs"][1]["route"]["candidates"])


@pytest.mark.parametrize("mutation", ["generateSpeech", "generateVideo"])
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"script": ""}, "TEXT_EMPTY", "script"),
        ({"script": " \n\t "}, "TEXT_EMPTY", "script"),
        ({"script": "…!?—"}, "TEXT_EMPTY", "script"),
        ({"script": "a" * 100_000}, "TEXT_TOO_LONG", "script"),
        ({"language": "klingonish"}, "UNKNOWN_LANGUAGE", "language"),
        ({"language": ""}, "UNKNOWN_LANGUAGE", "language"),
        ({"language": "de_DE"}, "UNKNOWN_LANGUAGE", "language"),
    ],
)
async def test_input_that_cannot_be_spoken(
    world: World, owner: Owner, mutation: str, changes: dict[str, Any], code: str, field: str
) -> None:
    input = {**(await furnished(owner))[mutation], **changes, "idempotencyKey": "k"}
    before = await world.dump()
    error = await owner.client.refusal(mutation, **input)
    assert (error["__typename"], error["code"], error["path"]) == ("InvalidInputError", code, [field])
    assert error["fix"]
    assert await world.dump() == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"speed": 0.49}, "speed"), ({"speed": 2.01}, "speed"), ({"pitch": 12.5}, "pitch"), ({"pitch": -13}, "pitch"),
    ],
)  # fmt: skip
async def test_settings_out_of_range(owner: Owner, changes: dict[str, Any], field: str) -> None:
    input = {**(await furnished(owner))["generateSpeech"], **changes}
    error = await owner.client.refusal("generateSpeech", **input)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", [field])


@pytest.mark.parametrize(
    "changes",
    [{"platform": "MYSPACE"}, {"format": "FLAC"}, {"script": None}, {"speed": "fast"}, {"colour": 1}],
)
async def test_what_the_schema_does_not_have(owner: Owner, changes: dict[str, Any]) -> None:
    input = {**(await furnished(owner))["generateSpeech"], **changes}
    document = "mutation($input: GenerateSpeechInput!) { generateSpeech(input: $input) { job { id } } }"
    answer = await owner.client.post(document, input=input)
    assert answer.status_code in (200, 400)
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert answer.json().get("data") is None


@pytest.mark.parametrize("both", [True, False])
async def test_a_video_is_of_a_script_or_of_a_speech(owner: Owner, both: bool) -> None:
    inputs = (await furnished(owner))["generateVideo"]
    speech = global_id("SpeechOutput", new_id())
    input = {**inputs, "speechOutputId": speech} if both else {**inputs, "script": None}
    error = await owner.client.refusal("generateVideo", **input)
    assert (error["code"], error["path"]) == ("INVALID_INPUT", ["script"])


async def test_a_video_of_a_speech_that_is_not_there_yet(owner: Owner) -> None:
    inputs = await furnished(owner)
    made = await owner.client.change("generateSpeech", "output { id } job { id }", **inputs["generateSpeech"])
    input = {"personaId": inputs["generateSpeech"]["personaId"], "speechOutputId": made["output"]["id"]}
    error = await owner.client.refusal("generateVideo", **input)
    assert (error["code"], error["state"], error["path"]) == ("NOT_READY", "QUEUED", ["speechOutputId"])
    await owner.client.change("cancelJob", "job { state }", jobId=made["job"]["id"])
    error = await owner.client.refusal("generateVideo", **input)
    assert (error["code"], error["state"], error["fix"]) == ("NOT_READY", "CANCELLED", "Make a new one.")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"name": ""}, "TEXT_EMPTY", "name"),
        ({"name": "x" * 201}, "TEXT_TOO_LONG", "name"),
        ({"archetype": "x" * 201}, "TEXT_TOO_LONG", "archetype"),
        ({"brandVoice": "x" * 5001}, "TEXT_TOO_LONG", "brandVoice"),
        ({"language": "english"}, "UNKNOWN_LANGUAGE", "language"),
    ],
)
async def test_personas_take_what_fits(
    world: World, owner: Owner, changes: dict[str, Any], code: str, field: str
) -> None:
    persona = public(await owner.persona())
    before = await world.dump()
    for mutation, input in (("createPersona", {"name": "Ada"}), ("updatePersona", {"personaId": persona})):
        error = await owner.client.refusal(mutation, **{**input, **changes})
        assert (error["code"], error["path"]) == (code, [field]), mutation
    assert await world.dump() == before


async def test_words_come_back_as_they_went_in(owner: Owner) -> None:
    """G11: whatever is text is stored and returned, not interpreted."""
    words = "Zoë 👩‍👩‍👧 \u202eevil\u202c '); DROP TABLE persona; -- <script>alert(1)</script> ${7*7} {{7*7}} %s \\ \""
    made = await owner.client.change(
        "createPersona", "persona { id name brandVoice }", name=words, brandVoice=words
    )
    assert (made["persona"]["name"], made["persona"]["brandVoice"]) == (words, words)
    cleared = await owner.client.change(
        "updatePersona", "persona { name brandVoice }", personaId=made["persona"]["id"], brandVoice=""
    )
    assert cleared["persona"] == {"name": words, "brandVoice": None}


async def test_a_preview_says_something(owner: Owner) -> None:
    input = (await furnished(owner))["trainVoice"]
    for text, code in (("", "TEXT_EMPTY"), ("…", "TEXT_EMPTY"), ("a" * 301, "TEXT_TOO_LONG")):
        error = await owner.client.refusal("trainVoice", **input, previewText=text)
        assert (error["code"], error["path"]) == (code, ["previewText"])


async def test_no_provider_says_why_for_each(owner: Owner) -> None:
    input = {**(await furnished(owner))["generateVideo"], "resolution": "P720"}
    made = await owner.client.change("generateVideo", QUOTE, **input, dryRun=True)
    assert made["quote"]["legs"][1]["route"]["candidates"]
    world = owner.world
    world.runtime.catalog = world.runtime.jobs.catalog = world.runtime.personas.catalog = type(
        world.runtime.catalog
    )()
    error = await owner.client.refusal("generateVideo", **input)
    assert (error["__typename"], error["code"]) == ("NoProviderError", "NO_PROVIDER")
    assert any("not installed" in refusal for refusal in error["refusals"])


async def test_one_document_holds_no_more_than_the_cap(owner: Owner) -> None:
    """G17: one mutation fifteen times in a document, with money for some: the others are typed refusals, and what
    is held is what was accepted."""
    input = {**(await furnished(owner))["generateVideo"], "resolution": "P720"}
    input["script"] = "This sentence is here to be said again and again. " * 30
    fields = " ".join(
        f"n{n}: generateVideo(input: $input) {{ job {{ quote {{ priceCeiling {{ amount }} }} }} errors {{ code }} }}"
        for n in range(15)
    )
    answers = await owner.client.ask(f"mutation($input: GenerateVideoInput!) {{ {fields} }}", input=input)
    accepted = [
        answer["job"]["quote"]["priceCeiling"]["amount"]
        for answer in answers.values()
        if not answer["errors"]
    ]
    refused = [answer["errors"] for answer in answers.values() if answer["errors"]]
    assert accepted and refused == [[{"code": "SPEND_CAP"}]] * (15 - len(accepted)) and refused
    seen = await owner.client.ask("{ viewer { account { spend { held { amount } left { amount } } } } }")
    spend = seen["viewer"]["account"]["spend"]
    assert Decimal(spend["held"]["amount"]) == sum(map(Decimal, accepted)) <= 100
    assert Decimal(spend["left"]["amount"]) == 100 - Decimal(spend["held"]["amount"]) < Decimal(accepted[0])
