"""T6: every query, mutation and subscription as nobody, as somebody else, as a token that was revoked, and as
one that may only look. The matrix is made from the schema: what is added to it is tested here, or fails."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, get_named_type, is_required_argument

from persona_graph.accounts.viewer import Scope
from persona_graph.db import new_id
from persona_graph.graphql.ids import global_id, split_id
from persona_graph.graphql.schema import schema
from persona_graph.jobs.states import JobKind, JobState
from persona_graph.media.asset import Asset, AssetPurpose
from persona_graph.personas.tables import Approval, ConsentScope, OutputKind
from persona_graph.personas.whole_tables import PersonaVersion
from persona_graph.personas.wishes import SpeechWish, wish_json
from tests.client import Answered, Client, input_type
from tests.world import Owner, World, open_world, public

SCHEMA = schema._schema
assert SCHEMA.mutation_type and SCHEMA.query_type and SCHEMA.subscription_type
MUTATIONS = sorted(SCHEMA.mutation_type.fields)
# Operators work on everybody's jobs and tiers; what keeps others out is the OPERATE scope.
OPERATORS = {"resolveReview", "setTier"}

# What is only ever seen within its owner.
NO_NODES = {"token", "account", "twin", "webhook", "delivery", "entry", "version"}


@dataclass
class Estate:
    """One account with one of everything, by the names that inputs have for it."""

    owner: Owner
    ids: dict[str, str]

    @property
    def rows(self) -> set[str]:
        return {cast("tuple[str, str]", split_id(id))[1] for id in self.ids.values()}


async def estate(world: World, name: str) -> Estate:
    owner = await world.account(name)
    persona = await owner.persona(f"{name}'s persona")
    consents = [await owner.consent(persona, scope) for scope in ConsentScope]
    live, avatar = await owner.voice(persona, live=True), await owner.avatar(persona, live=True)
    draft, superseded = await owner.voice(persona), await owner.voice(persona, approval=Approval.SUPERSEDED)
    face, old_face = await owner.avatar(persona), await owner.avatar(persona, approval=Approval.SUPERSEDED)
    speech = await owner.output(persona, OutputKind.SPEECH, voice_id=live.id)
    video = await owner.output(persona, OutputKind.VIDEO, avatar_id=avatar.id)
    draft_output = await owner.draft(persona)
    content, scene = await owner.content(persona)
    wish = wish_json(SpeechWish(persona.id, "Said anew."))
    failed = await owner.job(
        persona, JobKind.SPEECH, "Output", new_id(), JobState.FAILED, spec={"wish": wish}
    )
    queued = await owner.job(persona, JobKind.SPEECH, "Output", new_id(), JobState.QUEUED)
    parked = await owner.job(persona, JobKind.SPEECH, "Output", new_id(), JobState.NEEDS_REVIEW)
    sample = await owner.asset(AssetPurpose.SAMPLE, seconds=70.0)
    photo, unused = await owner.asset(AssetPurpose.PHOTO), await owner.asset(AssetPurpose.PHOTO)
    token = await owner.client.change("createServiceToken", "token { id }", label="x", scopes=["READ"])
    twin = await owner.twin(draft)
    hook = await owner.client.change("createWebhook", "webhook { id }", url="https://hooks.example/x")
    told = await owner.client.change("testWebhook", "delivery { id }", webhookId=hook["webhook"]["id"])
    document = await owner.asset(AssetPurpose.DOCUMENT, b"A text of some words, to be measured. " * 12)
    await owner.client.change(
        "updateWritingStyle", "writingStyle { tone { value } }", personaId=public(persona), tone="wry"
    )
    said = await owner.client.change(
        "setPronunciation", "entry { id }", personaId=public(persona), written="Nguyen", spoken="win"
    )
    version = PersonaVersion(
        account_id=owner.id,
        persona_id=persona.id,
        number=1,
        voice_id=live.id,
        avatar_id=avatar.id,
        approved_by="tests",
    )
    await world.save(version)
    rows = {
        "version": version, "persona": persona, "consent": consents[0], "voice": draft, "old voice": superseded, "avatar": face,
        "old avatar": old_face, "speech": speech, "video": video, "draft output": draft_output, "job": queued, "parked": parked,
        "content": content, "scene": scene, "failed": failed,
        "sample": sample, "photo": photo, "unused": unused, "document": document, "twin": twin, "preview": cast(Asset, await world.get(Asset, draft.preview_id or "")),
    }  # fmt: skip
    ids = {name: public(row) for name, row in rows.items()}
    bundle = await owner.client.change("exportPersona", "asset { id }", personaId=public(persona))
    made = {
        "bundle": bundle["asset"]["id"], "token": token["token"]["id"], "webhook": hook["webhook"]["id"], "delivery": told["delivery"]["id"],
        "entry": said["entry"]["id"],
    }  # fmt: skip
    return Estate(owner, {**ids, **made, "account": global_id("Account", owner.id)})


@pytest.fixture
async def world(tmp_path: Path, redis_url: str) -> AsyncIterator[World]:
    async with open_world(tmp_path, redis_url) as world:
        yield world


@pytest.fixture
async def mine(world: World) -> Estate:
    return await estate(world, "Mine")


@pytest.fixture
async def theirs(world: World) -> Estate:
    return await estate(world, "Theirs")


def inputs(of: Estate) -> dict[str, dict[str, Any]]:
    """For every mutation an input that works for its owner."""
    id = of.ids
    return {
        "createPersona": {"name": "New"},
        "updatePersona": {"personaId": id["persona"], "name": "Changed"},
        "updatePersonaSettings": {"personaId": id["persona"], "platform": "LINKEDIN", "speed": 1.1},
        "setPronunciation": {"personaId": id["persona"], "written": "Siobhan", "spoken": "Shivawn"},
        "removePronunciation": {"entryId": id["entry"]},
        "skipOnboardingStep": {"personaId": id["persona"], "step": "VOICE"},
        "resumeOnboardingStep": {"personaId": id["persona"], "step": "VOICE"},
        "optOut": {"personaId": id["persona"], "part": "AVATAR"},
        "approvePersona": {"personaId": id["persona"]},
        "rollbackPersona": {"versionId": id["version"]},
        "pinPersonaVersion": {"versionId": id["version"], "platform": "BLOG"},
        "unpinPersonaVersion": {"personaId": id["persona"], "platform": "BLOG"},
        "deletePersona": {"personaId": id["persona"]},
        "grantConsent": {"personaId": id["persona"], "scope": "VOICE", "subject": "Ada"},
        "withdrawConsent": {"consentId": id["consent"]},
        "createUpload": {"purpose": "SAMPLE", "fileName": "a.wav", "contentType": "audio/wav", "size": 100},
        "deleteUpload": {"assetId": id["unused"]},
        "analyzeWritingStyle": {"personaId": id["persona"], "documentIds": [id["document"]]},
        "updateWritingStyle": {"personaId": id["persona"], "tone": "dry"},
        "setPlatformAdaptation": {"personaId": id["persona"], "platform": "X", "wordsHigh": 30},
        "styleCheck": {"personaId": id["persona"], "text": "Hello."},
        "assessSamples": {"sampleIds": [id["sample"]]},
        "trainVoice": {"personaId": id["persona"], "name": "v", "sampleIds": [id["sample"]]},
        "assessPhoto": {"photoId": id["photo"]},
        "trainTwin": {"voiceId": id["voice"], "provider": "local-voice", "sampleIds": [id["sample"]]},
        "acceptTwin": {"enrolmentId": id["twin"]},
        "deleteTwin": {"enrolmentId": id["twin"]},
        "setVoiceRenewal": {"voiceId": id["voice"], "monthlyCap": "2"},
        "approveVoice": {"voiceId": id["voice"]},
        "rejectVoice": {"voiceId": id["voice"]},
        "activateVoice": {"voiceId": id["old voice"]},
        "renameVoice": {"voiceId": id["voice"], "name": "Changed"},
        "deleteVoice": {"voiceId": id["voice"]},
        "createAvatar": {"personaId": id["persona"], "name": "a", "photoId": id["photo"]},
        "approveAvatar": {"avatarId": id["avatar"]},
        "rejectAvatar": {"avatarId": id["avatar"]},
        "activateAvatar": {"avatarId": id["old avatar"]},
        "renameAvatar": {"avatarId": id["avatar"], "name": "Changed"},
        "deleteAvatar": {"avatarId": id["avatar"]},
        "generateSpeech": {"personaId": id["persona"], "script": "Hello."},
        "generateSpeechBatch": {"personaId": id["persona"], "items": [{"script": "Hello."}, {"script": ""}]},
        "generateVideo": {"personaId": id["persona"], "speechOutputId": id["speech"]},
        "generateContent": {"personaId": id["persona"], "contentType": "EMAIL", "script": "Hello."},
        "retryJob": {"jobId": id["failed"]},
        "promoteOutput": {"outputId": id["draft output"]},
        "rateOutput": {"outputId": id["speech"], "stars": 4},
        "recordEngagement": {"outputId": id["video"], "platform": "YOUTUBE", "views": 7},
        "deleteOutput": {"outputId": id["video"]},
        "cancelJob": {"jobId": id["job"]},
        "resolveReview": {"jobId": id["parked"], "again": False, "note": "looked"},
        "createWebhook": {"url": "https://hooks.example/y", "events": ["JOB_FAILED"]},
        "rotateWebhookSecret": {"webhookId": id["webhook"]},
        "enableWebhook": {"webhookId": id["webhook"]},
        "testWebhook": {"webhookId": id["webhook"]},
        "redeliverWebhook": {"deliveryId": id["delivery"]},
        "deleteWebhook": {"webhookId": id["webhook"]},
        "exportPersona": {"personaId": id["persona"]},
        "importPersona": {"assetId": id["bundle"]},
        "checkDrift": {"personaId": id["persona"]},
        "setGoldenLines": {"personaId": id["persona"], "lines": ["Good morning."]},
        "setDriftWatch": {"voiceId": id["voice"], "monthlyCap": "1"},
        "createServiceToken": {"label": "s", "scopes": ["READ"]},
        "revokeServiceToken": {"tokenId": id["token"]},
        "setTier": {"accountId": id["account"], "tier": "basic"},
    }


def test_the_matrix_covers_every_mutation() -> None:
    assert sorted(inputs(Estate(cast(Owner, None), _Any()))) == MUTATIONS


class _Any(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return key


@pytest.mark.parametrize("mutation", MUTATIONS)
async def test_the_owner_may(mutation: str, mine: Estate) -> None:
    """Or the refusals below would prove nothing."""
    payload = await mine.owner.client.payload(mutation, "__typename", inputs(mine)[mutation])
    assert payload["errors"] == []


async def test_who_may_only_look_changes_nothing(world: World, mine: Estate) -> None:
    reader = (await world.account("Mine", scopes=(Scope.READ,))).client
    before = await world.dump()
    for mutation, input in inputs(mine).items():
        error = await reader.refusal(mutation, **input)
        assert (error["__typename"], error["code"]) == ("ForbiddenError", "FORBIDDEN"), mutation
    assert await world.dump() == before


async def test_operators_work_needs_more_than_write(world: World, mine: Estate, theirs: Estate) -> None:
    writer = (await world.account("Mine", scopes=(Scope.READ, Scope.WRITE))).client
    before = await world.dump()
    for mutation in sorted(OPERATORS):
        answers = [await writer.refusal(mutation, **inputs(of)[mutation]) for of in (mine, theirs)]
        assert answers[0] == answers[1]
        assert answers[0]["code"] == "FORBIDDEN", mutation
    assert await world.dump() == before


@pytest.mark.parametrize("token", [None, "pg_" + "x" * 43, "revoked"])
async def test_nobody_gets_in(token: str | None, world: World, mine: Estate) -> None:
    if token == "revoked":
        made = await mine.owner.client.change(
            "createServiceToken", "token { id } secret", label="r", scopes=["READ", "WRITE"]
        )
        token = made["secret"]
        await mine.owner.client.change(
            "revokeServiceToken", "token { revokedAt }", tokenId=made["token"]["id"]
        )
    stranger = mine.owner.client.as_(token)
    before = await world.dump()
    documents = [
        f"{{ {selected(name, field.type)} }}"
        for name, field in SCHEMA.query_type.fields.items()
        if not field.args
    ]  # type: ignore[union-attr]
    documents += [f'{{ node(id: "{id}") {{ id }} }}' for id in mine.ids.values()]
    for document in documents:
        await _unauthenticated(stranger, document)
    for mutation, input in inputs(mine).items():
        document = (
            f"mutation($input: {input_type(mutation).name}!) {{ {mutation}(input: $input) {{ __typename }} }}"
        )
        await _unauthenticated(stranger, document, input=input)
    assert await world.dump() == before


async def _unauthenticated(client: Client, document: str, **variables: Any) -> None:
    answer = await client.post(document, **variables)
    assert answer.status_code == 401, document
    body = answer.json()
    assert set(body) == {"errors"} and body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_what_is_somebody_elses_is_not_there(mine: Estate, theirs: Estate) -> None:
    """G16: a node of another tenant, of another type, deleted, or never made: the same null."""
    client = mine.owner.client
    kinds = {cast("tuple[str, str]", split_id(id))[0] for id in mine.ids.values()}
    strange = [*theirs.ids.values(), *(global_id(kind, new_id()) for kind in kinds)]
    strange += [
        global_id("Voice", cast("tuple[str, str]", split_id(mine.ids["persona"]))[1]),
        global_id("Nothing", new_id()),
        "",
        "%",
        "x" * 5000,
        "Vm9pY2U6",
    ]
    for field in ("node", "persona", "job"):
        answers = {
            (await client.post(f"query($id: ID!) {{ {field}(id: $id) {{ id }} }}", id=id)).text
            for id in strange
        }
        assert len({_without_cost(answer) for answer in answers}) == 1, field
        assert json.loads(answers.pop())["data"] == {field: None}
    seen = [await client.node(id, "") for name, id in mine.ids.items() if name not in NO_NODES]
    assert None not in seen


def _without_cost(answer: str) -> str:
    return json.dumps({name: part for name, part in json.loads(answer).items() if name != "extensions"})


async def test_lists_hold_only_what_is_ones_own(mine: Estate, theirs: Estate) -> None:
    """Every list and link that can be reached from the viewer, two levels down."""
    viewer = cast(GraphQLObjectType, SCHEMA.type_map["Viewer"])
    told = ""
    for name, field in viewer.fields.items():
        if not hasattr(get_named_type(field.type), "fields"):
            continue
        paged = f"{name}(first: 3)" if "first" in field.args else name
        document = f"{{ viewer {{ {selected(paged, field.type, depth=3)} }} }}"
        told += json.dumps(await mine.owner.client.ask(document))
    for name, id in theirs.ids.items():
        assert id not in told, name
    assert "Theirs" not in told and "Mine" in told
    assert mine.ids["persona"] in told and mine.ids["job"] in told and mine.ids["token"] in told


@pytest.mark.parametrize("mutation", [name for name in MUTATIONS if name not in OPERATORS])
async def test_a_foreign_id_is_no_id(mutation: str, world: World, mine: Estate, theirs: Estate) -> None:
    """In each place of an input that takes an id: somebody else's, one never given out, one of another type and
    rubbish get one and the same answer, and nothing changes."""
    valid, foreign = inputs(mine)[mutation], inputs(theirs)[mutation]
    before = await world.dump()
    for name in id_fields(mutation):
        if name not in valid:
            continue
        kind = cast("tuple[str, str]", split_id(_one(valid[name])))[0]
        strange = [
            _one(foreign[name]),
            global_id(kind, new_id()),
            mine.ids["persona" if kind != "Persona" else "voice"],
            "!",
        ]
        answers = []
        for id in strange:
            listed = isinstance(valid[name], list)
            answers.append(
                await mine.owner.client.refused(mutation, **{**valid, name: [id] if listed else id})
            )
        assert answers[1:] == answers[:-1], name
        [error] = answers[0]
        assert (error["__typename"], error["code"], error["path"][0]) == ("NotFoundError", "NOT_FOUND", name)
        assert error["fix"]
    assert await world.dump() == before


def id_fields(mutation: str) -> list[str]:
    kind: GraphQLInputObjectType = input_type(mutation)
    return [name for name, field in kind.fields.items() if get_named_type(field.type).name == "ID"]


def _one(value: Any) -> str:
    return str(value[0] if isinstance(value, list) else value)


async def test_every_id_is_among_the_valid_ones() -> None:
    """An input field with an id that no valid input has would go untested; these two are given in its place."""
    given = inputs(Estate(cast(Owner, None), _Any()))
    missing = {
        f"{name}.{field}" for name in MUTATIONS for field in id_fields(name) if field not in given[name]
    }
    assert missing == set()


async def test_without_read_nothing_can_be_looked_at(world: World, mine: Estate) -> None:
    writer = (await world.account("Mine", scopes=(Scope.WRITE,))).client
    assert SCHEMA.query_type is not None
    open_to_all = {"viewer", "providers", "quarantinedPlugins", "tiers"}
    for name, field in SCHEMA.query_type.fields.items():
        if name not in open_to_all:
            assert list(field.args) == ["id"], name
            with pytest.raises(Answered) as refused:
                await writer.ask(f'{{ {name}(id: "{mine.ids["persona"]}") {{ id }} }}')
            assert refused.value.code == "FORBIDDEN", name
    viewer = cast(GraphQLObjectType, SCHEMA.type_map["Viewer"])
    for name, field in viewer.fields.items():
        if hasattr(get_named_type(field.type), "fields"):
            with pytest.raises(Answered) as refused:
                await writer.ask(f"{{ viewer {{ {selected(name, field.type)} }} }}")
            assert refused.value.code == "FORBIDDEN", name
    assert (await writer.ask("{ viewer { scopes } }"))["viewer"]["scopes"] == ["WRITE"]
    made = await writer.change(
        "createPersona", "persona { id name voices { id } }", name="Seen by who made it"
    )
    assert made["persona"]["voices"] == []


async def test_streams_of_others_are_not_there(mine: Estate, theirs: Estate) -> None:
    """W16: somebody else's job or persona, and none at all, end the same way."""
    ids = {"jobEvents": ("jobId", "job", "Job"), "personaEvents": ("personaId", "persona", "Persona")}
    assert SCHEMA.subscription_type is not None and set(ids) == set(SCHEMA.subscription_type.fields)
    for field, (argument, name, kind) in ids.items():
        ends = []
        for id in (theirs.ids[name], global_id(kind, new_id()), mine.ids["voice"], "rubbish"):
            body = {"query": f'subscription {{ {field}({argument}: "{id}") {{ cursor }} }}'}
            headers = {**mine.owner.client.headers, "accept": "text/event-stream"}
            answer = await mine.owner.client.http.post("/graphql", json=body, headers=headers)
            ends.append(answer.text)
        assert len(set(ends)) == 1, field
        assert '"NOT_FOUND"' in ends[0] and "event: complete" in ends[0]


def selected(name: str, kind: Any, depth: int = 2) -> str:
    """A field with all its plain fields, and those below it down to ``depth``."""
    bare: Any = get_named_type(kind)
    if not hasattr(bare, "fields"):
        return name
    inner = [
        selected(f"{one}(first: 3)" if "first" in field.args else one, field.type, depth - 1)
        for one, field in bare.fields.items()
        if not any(is_required_argument(argument) for argument in field.args.values())
        and (depth > 1 or not hasattr(get_named_type(field.type), "fields"))
    ]
    return f"{name} {{ {' '.join(inner) or '__typename'} }}"
