"""A persona as a whole: its steps, its approval, its versions and the way back (rows 1–6, 64–69, 102–116)."""

from __future__ import annotations

from typing import Any

import pytest

from persona_graph.graphql.ids import global_id
from persona_graph.personas.tables import (
    Approval,
    AvatarStatus,
    ConsentScope,
    TrainingStatus,
    Voice,
)
from persona_graph.personas.whole_tables import LexiconEntry, PersonaVersion
from tests.world import Owner, World, public

BOTH = pytest.mark.parametrize("world", ["sqlite", "postgres"], indirect=True)
ONBOARDING = """query($id: ID!) { persona(id: $id) { onboarding { next complete
  steps { step state next offered optedOut blockers { __typename code fix ... on TierError { requiredTier } ... on ConsentError { scope } ... on WrongStateError { state } } }
  preview { styleSummary voice { id } voicePreview { id } avatar { id } avatarPreview { id } } } } }"""
VERSION = "version { id number note approvedBy voice { id } avatar { id } rolledBackTo } persona { voice { id } avatar { id } }"
VERSIONS = "query($id: ID!) { persona(id: $id) { versions { nodes { id number erased difference { since changes { field before after } } } } pins { platform version { number } } } }"


async def steps(owner: Owner, persona: Any) -> dict[str, Any]:
    seen = (await owner.client.ask(ONBOARDING, id=public(persona)))["persona"]["onboarding"]
    return {**seen, "steps": {step["step"]: step for step in seen["steps"]}}


async def states(owner: Owner, persona: Any) -> list[str]:
    return [step["state"] for step in (await steps(owner, persona))["steps"].values()]


async def agreed(owner: Owner, persona: Any) -> None:
    for scope in ConsentScope:
        await owner.consent(persona, scope)


async def styled(owner: Owner, persona: Any, tone: str = "wry") -> None:
    await owner.client.change(
        "updateWritingStyle", "writingStyle { tone { value } }", personaId=public(persona), tone=tone
    )


async def versions(owner: Owner, persona: Any) -> Any:
    return (await owner.client.ask(VERSIONS, id=public(persona)))["persona"]


async def test_the_way_from_nothing_to_approved(owner: Owner) -> None:
    """Each step says how far it is, what blocks it and what comes next."""
    persona, client = await owner.persona(), owner.client
    seen = await steps(owner, persona)
    assert await states(owner, persona) == ["NEXT", "BLOCKED", "BLOCKED", "BLOCKED"]
    assert (seen["next"], seen["complete"]) == ("WRITING_STYLE", False)
    [blocker] = seen["steps"]["VOICE"]["blockers"]
    assert (blocker["__typename"], blocker["scope"]) == ("ConsentError", "VOICE")
    assert [each["code"] for each in seen["steps"]["APPROVE"]["blockers"]] == ["NOT_READY"] * 3
    early = await client.refused("approvePersona", personaId=public(persona))
    assert [each["code"] for each in early] == ["NOT_READY"] * 3

    await agreed(owner, persona)
    assert await states(owner, persona) == ["NEXT", "OPEN", "OPEN", "BLOCKED"]
    await styled(owner, persona)
    training = await owner.voice(persona, status=TrainingStatus.TRAINING)
    seen = await steps(owner, persona)
    assert [step["state"] for step in seen["steps"].values()] == ["DONE", "BLOCKED", "NEXT", "BLOCKED"]
    assert seen["steps"]["VOICE"]["blockers"][0]["state"] == "TRAINING"
    async with owner.world.runtime.db.writing() as session:
        (await session.get_one(Voice, training.id)).status = TrainingStatus.READY
    await client.change("skipOnboardingStep", "persona { id }", personaId=public(persona), step="AVATAR")
    seen = await steps(owner, persona)
    assert [step["state"] for step in seen["steps"].values()] == ["DONE", "DONE", "SKIPPED", "NEXT"]
    assert seen["preview"]["voice"] == {"id": public(training)} and seen["preview"]["voicePreview"]
    assert seen["preview"]["styleSummary"]
    made = await client.change("approvePersona", VERSION, personaId=public(persona), note="the first")
    assert made["version"]["number"] == 1 and made["version"]["note"] == "the first"
    assert made["persona"] == {"voice": {"id": public(training)}, "avatar": None}
    seen = await steps(owner, persona)
    assert (seen["next"], seen["complete"]) == (None, True)
    # Nothing changed: nothing new.
    again = await client.change("approvePersona", VERSION, personaId=public(persona))
    assert again["version"] == made["version"]
    # A step that was skipped can be done after all, and a new draft has to be approved again.
    face = await owner.avatar(persona)
    assert await states(owner, persona) == ["DONE", "DONE", "DONE", "NEXT"]
    made = await client.change("approvePersona", VERSION, personaId=public(persona))
    assert made["version"]["number"] == 2 and made["persona"]["avatar"] == {"id": public(face)}


async def test_the_approval_itself_cannot_be_skipped(owner: Owner) -> None:
    persona = await owner.persona()
    error = await owner.client.refusal("skipOnboardingStep", personaId=public(persona), step="APPROVE")
    assert (error["code"], error["path"]) == ("NOT_APPROVED", ["step"])


async def test_what_a_tier_has_not_stands_in_nobodys_way(world: World) -> None:
    """Free has neither a voice of one's own nor an avatar; each says which tier has."""
    owner = await world.account("Free rider", tier="free")
    persona = await owner.persona()
    await agreed(owner, persona)
    seen = (await steps(owner, persona))["steps"]
    for name, tier in (("VOICE", "basic"), ("AVATAR", "pro")):
        [blocker] = seen[name]["blockers"]
        assert not seen[name]["offered"] and seen[name]["state"] == "BLOCKED"
        assert (blocker["__typename"], blocker["code"], blocker["requiredTier"]) == (
            "TierError", "TIER_REQUIRED", tier,
        )  # fmt: skip
    await styled(owner, persona)
    assert await states(owner, persona) == ["DONE", "BLOCKED", "BLOCKED", "NEXT"]
    made = await owner.client.change("approvePersona", VERSION, personaId=public(persona))
    assert made["version"]["voice"] is None


@BOTH
async def test_opting_out_stops_use_at_once_and_erases(owner: Owner, world: World) -> None:
    """Also what an earlier version had: it cannot come back."""
    persona, client = await owner.persona(), owner.client
    await agreed(owner, persona)
    await styled(owner, persona)
    voice, draft = await owner.voice(persona, live=True), await owner.voice(persona)
    face = await owner.avatar(persona, live=True)
    first = await client.change("approvePersona", VERSION, personaId=public(persona))
    await client.change("pinPersonaVersion", VERSION, versionId=first["version"]["id"], platform="LINKEDIN")
    out = await client.change(
        "optOut",
        "persona { voice { id } voices { id } avatar { id } } pending",
        personaId=public(persona),
        part="VOICE",
    )
    assert out["persona"] == {"voice": None, "voices": [], "avatar": {"id": public(face)}}
    assert out["pending"] == ["minimax"]
    for row in (voice, draft):
        kept = await world.get(Voice, row.id)
        assert kept.deleted_at and kept.fingerprint is None and kept.preview_id is None
    step = (await steps(owner, persona))["steps"]["VOICE"]
    assert (step["state"], step["optedOut"]) == ("SKIPPED", True)
    assert (await client.refusal("generateSpeech", personaId=public(persona), script="Hello."))[
        "code"
    ] == "NOT_READY"
    seen = await versions(owner, persona)
    assert seen["pins"] == [] and [each["erased"] for each in seen["versions"]["nodes"]] == [True]
    for mutation, more in (("rollbackPersona", {}), ("pinPersonaVersion", {"platform": "BLOG"})):
        error = await client.refusal(mutation, versionId=first["version"]["id"], **more)
        assert (error["__typename"], error["code"], error["path"]) == (
            "WrongStateError",
            "ERASED",
            ["versionId"],
        )
    # Coming back takes a new consent.
    await client.change("resumeOnboardingStep", "persona { id }", personaId=public(persona), step="VOICE")
    step = (await steps(owner, persona))["steps"]["VOICE"]
    assert step["state"] == "BLOCKED" and step["blockers"][0]["scope"] == "VOICE"


@BOTH
async def test_versions_and_the_way_back(owner: Owner) -> None:
    persona, client = await owner.persona(), owner.client
    await agreed(owner, persona)
    await styled(owner, persona, "wry")
    old, face = await owner.voice(persona), await owner.avatar(persona)
    await client.change(
        "updatePersonaSettings", "persona { id }", personaId=public(persona), speed=1.1, clothing="a suit"
    )
    first = (await client.change("approvePersona", VERSION, personaId=public(persona)))["version"]

    new = await owner.voice(persona)
    await styled(owner, persona, "dry")
    await client.change(
        "updatePersonaSettings",
        "persona { id }",
        personaId=public(persona),
        speed=1.3,
        reset=["CLOTHING"],
        language="de",
    )
    await client.change(
        "updatePersonaSettings", "persona { id }", personaId=public(persona), platform="BLOG", emotion="calm"
    )
    second = (await client.change("approvePersona", VERSION, personaId=public(persona)))["version"]
    assert (second["number"], second["voice"]) == (2, {"id": public(new)})
    latest = (await versions(owner, persona))["versions"]["nodes"][0]
    assert {each["field"]: (each["before"], each["after"]) for each in latest["difference"]["changes"]} == {
        "voice": (public(old), public(new)),
        "language": ("en", "de"),
        "settings.speed": ("1.1", "1.3"),
        "settings.clothing": ("a suit", None),
        "settings.BLOG.emotion": (None, "calm"),
        "style.set.tone": ("wry", "dry"),
    }

    back = await client.change("rollbackPersona", VERSION, versionId=first["id"], note="better before")
    assert (back["version"]["number"], back["version"]["rolledBackTo"]) == (3, first["id"])
    assert back["persona"] == {"voice": {"id": public(old)}, "avatar": {"id": public(face)}}
    seen = await client.ask(
        "query($id: ID!) { persona(id: $id) { language writingStyle { tone { value } } voices { id approval } settings { own { speed clothing } platforms { platform } } } }",
        id=public(persona),
    )
    assert seen["persona"] == {
        "language": "en", "writingStyle": {"tone": {"value": "wry"}},
        "voices": [{"id": public(new), "approval": "SUPERSEDED"}, {"id": public(old), "approval": "APPROVED"}],
        "settings": {"own": {"speed": 1.1, "clothing": "a suit"}, "platforms": []},
    }  # fmt: skip
    same = "query($id: ID!, $since: ID) { persona(id: $id) { versions(first: 1) { nodes { difference(since: $since) { since changes { field } } } } } }"
    answer = await client.ask(same, id=public(persona), since=first["id"])
    assert answer["persona"]["versions"]["nodes"] == [{"difference": {"since": 1, "changes": []}}]
    for strange in ("rubbish", public(persona), str(global_id("PersonaVersion", persona.id))):
        answer = await client.ask(same, id=public(persona), since=strange)
        assert answer["persona"]["versions"]["nodes"] == [{"difference": None}]


@BOTH
async def test_a_platform_keeps_to_its_version(owner: Owner, world: World) -> None:
    """Its voice and settings, whatever is live; only READY and APPROVED ever speaks."""
    persona, client = await owner.persona(), owner.client
    await agreed(owner, persona)
    await styled(owner, persona)
    old = await owner.voice(persona)
    await owner.avatar(persona)
    await client.change("updatePersonaSettings", "persona { id }", personaId=public(persona), speed=1.1)
    first = (await client.change("approvePersona", VERSION, personaId=public(persona)))["version"]
    await client.change("pinPersonaVersion", VERSION, versionId=first["id"], platform="LINKEDIN")
    new = await owner.voice(persona)
    await client.change("updatePersonaSettings", "persona { id }", personaId=public(persona), speed=1.3)
    await client.change("approvePersona", VERSION, personaId=public(persona))

    async def approval(voice: Any) -> str:
        return str((await world.get(Voice, voice.id)).approval)

    async def speaks(platform: str) -> str:
        made = await client.change(
            "generateSpeech",
            "output { voice { id } }",
            personaId=public(persona),
            script="Hello.",
            platform=platform,
        )
        return str(made["output"]["voice"]["id"])

    assert (await approval(old), await approval(new)) == ("APPROVED", "APPROVED")
    assert (await speaks("LINKEDIN"), await speaks("BLOG")) == (public(old), public(new))
    effective = "query($id: ID!) { persona(id: $id) { settings { pinned: effective(platform: LINKEDIN) { setting value source } live: effective(platform: BLOG) { setting value source } } } }"
    seen = (await client.ask(effective, id=public(persona)))["persona"]["settings"]
    for name, speed in (("pinned", "1.1"), ("live", "1.3")):
        assert {"setting": "SPEED", "value": speed, "source": "PERSONA"} in seen[name]
        assert {"setting": "EMOTION", "value": "neutral", "source": "DEFAULT"} in seen[name]
    assert (await versions(owner, persona))["pins"] == [{"platform": "LINKEDIN", "version": {"number": 1}}]
    await client.change(
        "unpinPersonaVersion", "persona { id }", personaId=public(persona), platform="LINKEDIN"
    )
    assert (await approval(old), await speaks("LINKEDIN")) == (Approval.SUPERSEDED, public(new))


@pytest.mark.parametrize("status", [TrainingStatus.EXPIRED, TrainingStatus.FAILED], ids=str)
async def test_a_version_whose_voice_cannot_speak_any_more_stays_away(
    owner: Owner, world: World, status: TrainingStatus
) -> None:
    persona, client = await owner.persona(), owner.client
    voice = await owner.voice(persona, live=True)
    version = PersonaVersion(
        account_id=owner.id, persona_id=persona.id, number=1, voice_id=voice.id, approved_by="tests"
    )
    await world.save(version)
    async with world.runtime.db.writing() as session:
        (await session.get_one(Voice, voice.id)).status = status
    error = await client.refusal("rollbackPersona", versionId=public(version))
    assert (error["code"], error["state"]) == ("NOT_READY", status)


async def test_an_avatar_that_failed_can_be_made_again(owner: Owner) -> None:
    persona = await owner.persona()
    await agreed(owner, persona)
    await owner.avatar(persona, status=AvatarStatus.FAILED)
    step = (await steps(owner, persona))["steps"]["AVATAR"]
    assert step["state"] == "OPEN" and "FAILED" in step["next"] and "createAvatar" in step["next"]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"speed": 2.1}, "speed"), ({"pitch": -12.5}, "pitch"), ({"emotion": ""}, "emotion"),
        ({"clothing": "x" * 151}, "clothing"), ({"tone": "DEEP", "pitch": 1.0}, "tone"),
        ({"language": "not a tag"}, "language"), ({"reset": ["LANGUAGE"]}, "reset"),
    ],
    ids=["speed", "pitch", "emotion", "clothing", "tone", "language", "reset"],
)  # fmt: skip
async def test_settings_within_their_bounds(owner: Owner, change: dict[str, Any], path: str) -> None:
    persona = await owner.persona()
    error = await owner.client.refusal("updatePersonaSettings", personaId=public(persona), **change)
    assert (error["__typename"], error["path"]) == ("InvalidInputError", [path])


@BOTH
async def test_the_lexicon_page(owner: Owner, world: World) -> None:
    persona, client = await owner.persona(), owner.client
    entry = "entry { id written spoken ipa language caseRule }"
    made = await client.change(
        "setPronunciation",
        entry,
        personaId=public(persona),
        written=" Siobhan ",
        spoken="Shivawn",
        ipa="/ʃɪˈvɔːn/",
    )
    assert made["entry"] == {
        "id": made["entry"]["id"], "written": "Siobhan", "spoken": "Shivawn", "ipa": "ʃɪˈvɔːn", "language": None,
        "caseRule": "IGNORE",
    }  # fmt: skip
    again = await client.change(
        "setPronunciation", entry, personaId=public(persona), written="Siobhan", ipa="x", caseRule="EXACT"
    )
    assert again["entry"]["id"] == made["entry"]["id"] and again["entry"]["spoken"] is None
    other = await client.change(
        "setPronunciation",
        entry,
        personaId=public(persona),
        written="Siobhan",
        spoken="Schiwoan",
        language="de",
    )
    listed = "query($id: ID!) { persona(id: $id) { lexicon { id language } } }"
    seen = (await client.ask(listed, id=public(persona)))["persona"]["lexicon"]
    assert {each["id"] for each in seen} == {made["entry"]["id"], other["entry"]["id"]}
    await client.change("removePronunciation", "removedId", entryId=made["entry"]["id"])
    assert (await client.refusal("removePronunciation", entryId=made["entry"]["id"]))["code"] == "NOT_FOUND"
    await client.change("deletePersona", "deletedId", personaId=public(persona))
    assert not (await world.dump())[LexiconEntry.__tablename__]


async def test_a_lexicon_has_an_end(owner: Owner, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("persona_graph.personas.lexicon.MOST_ENTRIES", 1)
    persona = await owner.persona()
    await owner.client.change(
        "setPronunciation", "entry { id }", personaId=public(persona), written="a", spoken="b"
    )
    error = await owner.client.refusal("setPronunciation", personaId=public(persona), written="c", spoken="d")
    assert (error["__typename"], error["code"], error["limit"]) == ("QuotaError", "QUOTA", 1)
