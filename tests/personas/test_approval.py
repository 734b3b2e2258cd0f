"""Drafts, the one in use, and those that were (rows 33, 37, 170; weakness 1): only READY and APPROVED reaches content."""

from __future__ import annotations

from typing import Any

import pytest

from persona_graph.media.asset import AssetPurpose
from persona_graph.personas.tables import Approval, AvatarStatus, ConsentScope, TrainingStatus
from tests.world import Owner, public

IN_USE = "query($id: ID!) { persona(id: $id) { voice { id } avatar { id } voices { id approval } avatars { id approval } } }"


async def approvals(owner: Owner, persona: Any, kind: str) -> tuple[str | None, dict[str, str]]:
    seen = (await owner.client.ask(IN_USE, id=public(persona)))["persona"]
    live = seen[kind.lower()]
    return (live and live["id"]), {one["id"]: one["approval"] for one in seen[f"{kind.lower()}s"]}


async def made(owner: Owner, persona: Any, kind: str, **more: Any) -> str:
    return public(await (owner.voice if kind == "Voice" else owner.avatar)(persona, **more))


def about(kind: str, id: str) -> dict[str, str]:
    return {f"{kind.lower()}Id": id}


@pytest.mark.parametrize("kind", ["Voice", "Avatar"])
async def test_a_new_one_takes_over_only_when_it_is_approved(owner: Owner, kind: str) -> None:
    persona, client = await owner.persona(), owner.client
    old = await made(owner, persona, kind)
    word = kind.lower()
    await client.change(f"approve{kind}", f"{word} {{ id approval }}", **about(kind, old))
    new = await made(owner, persona, kind)
    assert await approvals(owner, persona, kind) == (old, {new: "DRAFT", old: "APPROVED"})

    await client.change(f"approve{kind}", f"{word} {{ approval }}", **about(kind, new))
    assert await approvals(owner, persona, kind) == (new, {new: "APPROVED", old: "SUPERSEDED"})

    back = await client.change(f"activate{kind}", f"{word} {{ id approval }}", **about(kind, old))
    assert back[word] == {"id": old, "approval": "APPROVED"}
    assert await approvals(owner, persona, kind) == (old, {new: "SUPERSEDED", old: "APPROVED"})
    # The one in use again: nothing changes.
    await client.change(f"activate{kind}", f"{word} {{ id }}", **about(kind, old))
    assert await approvals(owner, persona, kind) == (old, {new: "SUPERSEDED", old: "APPROVED"})


@pytest.mark.parametrize("kind", ["Voice", "Avatar"])
async def test_a_rejected_one_never_comes_into_use(owner: Owner, kind: str) -> None:
    persona, client = await owner.persona(), owner.client
    draft = await made(owner, persona, kind)
    await client.change(f"reject{kind}", f"{kind.lower()} {{ approval }}", **about(kind, draft))
    for verb, code in (
        ("approve", "ALREADY_DECIDED"),
        ("reject", "ALREADY_DECIDED"),
        ("activate", "NOT_APPROVED"),
    ):
        error = await client.refusal(f"{verb}{kind}", **about(kind, draft))
        assert (error["code"], error["state"], error["path"]) == (code, "REJECTED", [f"{kind.lower()}Id"]), (
            verb
        )
        assert error["fix"].startswith("Make a new")
    assert await approvals(owner, persona, kind) == (None, {draft: "REJECTED"})


@pytest.mark.parametrize("status", ["NOT_TRAINED", "TRAINING", "FAILED", "EXPIRED"])
async def test_only_a_ready_voice_can_be_decided_on(owner: Owner, status: str) -> None:
    persona, client = await owner.persona(), owner.client
    for approval in (Approval.DRAFT, Approval.SUPERSEDED):
        voice = await made(owner, persona, "Voice", status=TrainingStatus(status), approval=approval)
        for verb in ("approve", "reject", "activate"):
            error = await client.refusal(f"{verb}Voice", voiceId=voice)
            assert (error["__typename"], error["code"], error["state"]) == (
                "WrongStateError",
                "NOT_READY",
                status,
            )
            assert error["fix"]
    assert (await approvals(owner, persona, "Voice"))[0] is None


async def test_only_a_ready_avatar_can_be_approved(owner: Owner) -> None:
    persona = await owner.persona()
    for status in (AvatarStatus.CREATING, AvatarStatus.FAILED):
        avatar = await made(owner, persona, "Avatar", status=status)
        error = await owner.client.refusal("approveAvatar", avatarId=avatar)
        assert (error["code"], error["state"]) == ("NOT_READY", status.value)


async def test_approved_twice_is_decided_before(owner: Owner) -> None:
    voice = await made(owner, await owner.persona(), "Voice")
    await owner.client.change("approveVoice", "voice { approval }", voiceId=voice)
    error = await owner.client.refusal("approveVoice", voiceId=voice)
    assert (error["code"], error["state"]) == ("ALREADY_DECIDED", "APPROVED")


@pytest.mark.parametrize(
    ("more", "code", "state", "fix"),
    [
        (None, "NOT_READY", "NOT_TRAINED", "trainVoice"),
        ({"status": TrainingStatus.TRAINING}, "NOT_READY", "TRAINING", "Wait for its job"),
        ({"status": TrainingStatus.FAILED}, "NOT_READY", "FAILED", "trainVoice"),
        ({"status": TrainingStatus.EXPIRED}, "NOT_READY", "EXPIRED", "trainVoice"),
        ({"approval": Approval.DRAFT}, "NOT_APPROVED", "DRAFT", "approveVoice"),
        ({"approval": Approval.REJECTED}, "NOT_APPROVED", "REJECTED", "trainVoice"),
        ({"approval": Approval.SUPERSEDED}, "NOT_APPROVED", "SUPERSEDED", "activateVoice"),
    ],
)
async def test_without_a_voice_in_use_the_refusal_says_what_comes_next(
    owner: Owner, more: dict[str, Any] | None, code: str, state: str, fix: str
) -> None:
    """Rows 77, 184: the persona's voice only where one is set and ready; everything else names the next step."""
    persona = await owner.persona()
    await owner.consent(persona, ConsentScope.VOICE)
    await owner.consent(persona, ConsentScope.LIKENESS)
    if more is not None:
        await owner.voice(persona, **more)
    wanted: dict[str, dict[str, Any]] = {
        "generateSpeech": {"personaId": public(persona), "script": "Hello."},
        "createAvatar": {"personaId": public(persona), "name": "a", "photoId": public(await _photo(owner))},
    }
    for mutation, input in wanted.items():
        error = await owner.client.refusal(mutation, **input)
        assert (error["__typename"], error["code"], error["state"]) == ("WrongStateError", code, state), (
            mutation
        )
        assert fix in error["fix"] and "ALLOW_STOCK_VOICE" in error["fix"]
        allowed = await owner.client.change(
            mutation, "quote { legs { name route { candidates { ownVoice fidelity } } } }", **input, dryRun=True,
            voicePolicy="ALLOW_STOCK_VOICE",
        )  # fmt: skip
        speech = allowed["quote"]["legs"][0]["route"]["candidates"]
        assert speech and not any(candidate["ownVoice"] for candidate in speech)


async def test_a_voice_in_use_that_expired_speaks_no_more(owner: Owner) -> None:
    persona = await owner.persona()
    await owner.consent(persona, ConsentScope.VOICE)
    await owner.voice(persona, live=True, status=TrainingStatus.EXPIRED)
    error = await owner.client.refusal("generateSpeech", personaId=public(persona), script="Hello.")
    assert (error["code"], error["state"]) == ("NOT_READY", "EXPIRED")


async def test_video_needs_a_face_in_use(owner: Owner) -> None:
    persona = await owner.persona()
    await owner.consent(persona, ConsentScope.VOICE)
    await owner.consent(persona, ConsentScope.LIKENESS)
    await owner.voice(persona, live=True)
    for more, code, fix in (
        (None, "NOT_READY", "createAvatar"),
        ({"status": AvatarStatus.CREATING}, "NOT_READY", "Wait for its job"),
        ({"approval": Approval.DRAFT}, "NOT_APPROVED", "approveAvatar"),
    ):
        if more is not None:
            await owner.avatar(persona, **more)
        error = await owner.client.refusal("generateVideo", personaId=public(persona), script="Hello.")
        assert (error["code"], error["path"]) == (code, ["personaId"])
        assert fix in error["fix"] and "STOCK" not in error["fix"]


async def _photo(owner: Owner) -> Any:
    return await owner.asset(AssetPurpose.PHOTO)
