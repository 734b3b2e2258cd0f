"""A persona taken elsewhere (issue "portable persona"; B7): complete, signed over every byte, and nothing is used
there that nobody agreed to there."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import update

from persona_graph.db import utcnow
from persona_graph.errors import MediaRefused
from persona_graph.graphql.ids import split_id
from persona_graph.media.asset import Asset, AssetPurpose
from persona_graph.media.keys import bundle_keys, public_key
from persona_graph.media.letter import open_letter, write_letter
from persona_graph.personas.bundle import Contents, File, read_contents, write_contents
from persona_graph.personas.tables import ConsentScope, Enrolment, Voice
from persona_graph.personas.uploads import erase_unused_uploads
from tests.world import Owner, World, open_world, public

SAMPLES = Path(__file__).parents[1] / "samples"
FACE = (SAMPLES / "photos" / "astronaut.png").read_bytes()
TEXT = "We begin early. Nothing good was ever made in a hurry, and I say so twice a week! " * 12
PASSPHRASE = "a long enough phrase"
MODEL = b"model of a voice"


def wav(seconds: float = 0.5) -> bytes:
    sound = b"".join(struct.pack("<h", (n * 97) % 4001 - 2000) for n in range(int(16_000 * seconds)))
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(sound), b"WAVE", b"fmt ", 16, 1, 1, 16_000, 32_000, 2, 16, b"data", len(sound))  # fmt: skip
    return head + sound


@dataclass
class Sent:
    """A bundle and where it came from."""

    owner: Owner
    persona: Any
    content: bytes
    payload: dict[str, Any]

    @property
    def contents(self) -> Contents:
        return read_contents(self.content[self.content.index(b"{") :])


async def person(owner: Owner) -> Any:
    """A persona with everything there is to take along."""
    client = owner.client
    persona = await owner.persona("Ada", archetype="Sage", brand_voice="Plain words.", language="en-GB")
    document = await owner.asset(AssetPurpose.DOCUMENT, TEXT.encode())
    id = public(persona)
    await client.change("analyzeWritingStyle", "__typename", personaId=id, documentIds=[public(document)])
    await client.change(
        "updateWritingStyle", "__typename", personaId=id, tone="wry", goToWords=["harbour", "Straße"]
    )
    await client.change("setPlatformAdaptation", "__typename", personaId=id, platform="X", wordsHigh=30)
    await client.change(
        "setGoldenLines", "persona { goldenLines }", personaId=id, lines=["Good  morning.", "How are you?"]
    )
    await client.change("updatePersonaSettings", "__typename", personaId=id, speed=1.1, tone="WARM")
    await client.change("updatePersonaSettings", "__typename", personaId=id, platform="X", emotion="happy")
    await client.change("setPronunciation", "__typename", personaId=id, written="Nietzsche", ipa="ˈniːtʃə")
    for scope in ConsentScope:
        await client.change("grantConsent", "__typename", personaId=id, scope=scope.value, subject="Ada L.")
    media = owner.world.runtime.media
    voice = await owner.voice(persona, live=True, fidelity="CLONE", similarity=0.9)
    preview = await media.keep(owner.id, AssetPurpose.PREVIEW, wav(), "audio/wav", name="p.wav")
    model = await owner.asset(AssetPurpose.VOICE_MODEL, MODEL)
    photo = await client.upload(FACE, "PHOTO", "f.png")
    face = await owner.world.get(Asset, cast("tuple[str, str]", split_id(photo))[1])
    local = Enrolment(
        voice_id=voice.id, account_id=owner.id, provider="local", vendor_voice="local-1", model_id=model.id
    )
    await owner.world.save(preview, local)
    await owner.avatar(persona, live=True, photo=face)
    async with owner.world.runtime.db.writing() as session:
        await session.execute(update(Voice).where(Voice.id == voice.id).values(preview_id=preview.id))
        of_it = Enrolment.voice_id == voice.id
        await session.execute(
            update(Enrolment).where(of_it, Enrolment.provider == "minimax").values(provider="clone")
        )
    return persona


async def export(owner: Owner, persona: Any, **more: Any) -> Sent:
    select = "asset { id purpose kind state contentType size url urlExpiresAt } key leftOut"
    made = await owner.client.change("exportPersona", select, personaId=public(persona), **more)
    assert (made["asset"]["purpose"], made["asset"]["kind"]) == ("BUNDLE", "BUNDLE")
    answer = await owner.client.http.get(made["asset"]["url"])
    assert answer.status_code == 200 and len(answer.content) == made["asset"]["size"]
    assert answer.headers["content-disposition"].startswith("attachment")
    return Sent(owner, persona, answer.content, made)


IMPORTED = """persona { id name archetype brandVoice language goldenLines
  voices { id status approval fidelity similarity preview { seconds } enrolments { provider state } }
  avatars { id status approval portrait { width height } } consents { id }
  origin { key consents { scope subject } unusable } }
origin { unusable }"""


async def take_in(owner: Owner, content: bytes, **more: Any) -> Any:
    id = await owner.client.upload(content, "BUNDLE", "ada.persona")
    return (await owner.client.change("importPersona", IMPORTED, assetId=id, **more))["persona"]


async def refused(owner: Owner, content: bytes, **more: Any) -> dict[str, Any]:
    """Wherever it is refused: at the upload or at the import. Nothing is left of it but the upload."""
    announced = await owner.client.announce(content, "BUNDLE", "x.persona")
    answer = await owner.client.put(announced["upload"]["url"], content)
    before = await owner.world.dump()
    if answer.status_code != 201:
        [told] = answer.json()["errors"]
        return dict(told)
    error = await owner.client.refusal("importPersona", assetId=announced["asset"]["id"], **more)
    assert await owner.world.dump() == before
    return error


def code_of(error: dict[str, Any]) -> str:
    return str(error["code"])


@pytest.fixture
async def ada(owner: Owner) -> Owner:
    # Toys that are installed under the names the enrolments have.
    catalog = owner.world.runtime.catalog
    first = catalog.providers[0]
    with_two = replace(
        catalog, providers=(replace(first, id="clone"), replace(first, id="local"), *catalog.providers)
    )
    owner.world.runtime.personas.catalog = with_two
    return owner


@pytest.mark.parametrize("world", ["sqlite", "postgres"], indirect=True)
async def test_there_and_back_again(world: World, ada: Owner) -> None:
    """Another account takes it in, agrees and approves, and its own export says the same."""
    sent = await export(ada, await person(ada), passphrase=PASSPHRASE)
    assert sent.payload["leftOut"] == []
    grace = await world.account("Grace")
    made = await take_in(grace, sent.content, passphrase=PASSPHRASE)
    assert (made["name"], made["archetype"], made["brandVoice"]) == ("Ada", "Sage", "Plain words.")
    assert made["goldenLines"] == ["Good morning.", "How are you?"] and made["language"] == "en-GB"
    [voice], [avatar] = made["voices"], made["avatars"]
    assert (voice["status"], voice["approval"], voice["similarity"]) == ("READY", "DRAFT", 0.9)
    assert voice["preview"]["seconds"] == pytest.approx(0.5)
    assert {each["provider"] for each in voice["enrolments"]} == {"clone", "local"}
    assert (avatar["status"], avatar["approval"]) == ("READY", "DRAFT")
    # Records are history: nothing is agreed to here yet.
    assert (
        made["consents"] == [] and len(made["origin"]["consents"]) == 2 and made["origin"]["unusable"] == []
    )
    assert made["origin"]["key"] == sent.payload["key"]
    await grace.client.change("approveVoice", "__typename", voiceId=voice["id"])
    await grace.client.change("approveAvatar", "__typename", avatarId=avatar["id"])
    error = await grace.client.refusal("generateSpeech", personaId=made["id"], script="Hello.")
    assert error["code"] == "CONSENT_REQUIRED"
    for scope in ConsentScope:
        await grace.client.change(
            "grantConsent", "__typename", personaId=made["id"], scope=scope.value, subject="Ada L."
        )
    again = await grace.client.change(
        "exportPersona", "asset { url }", personaId=made["id"], passphrase=PASSPHRASE
    )
    second = Sent(grace, None, (await grace.client.http.get(again["asset"]["url"])).content, again)
    assert same(second.contents) == same(sent.contents)
    model = await world.runtime.media.read(await _model_of(world, grace))
    assert model == MODEL


def same(contents: Contents) -> Any:
    """Without what has to differ: ids and times of records, and the salt of what is encrypted."""
    plain = json.loads(write_contents(replace(contents, consents=[], models=None, exported_at=None)))
    for voice in plain["sections"]["voices"]["content"]:
        for enrolment in voice["enrolments"]:
            enrolment["model"] = bool(enrolment["model"])
        voice["enrolments"].sort(key=lambda each: each["provider"])
    return plain


async def _model_of(world: World, owner: Owner) -> Asset:
    from sqlalchemy import select

    async with world.runtime.db.reading() as session:
        rows = select(Asset).where(Asset.account_id == owner.id, Asset.purpose == AssetPurpose.VOICE_MODEL)
        return (await session.scalars(rows)).one()


async def test_what_is_in_it_and_what_never_is(ada: Owner) -> None:
    """B7: every part of the persona; no recording, no model in the clear, nothing of another persona."""
    persona = await person(ada)
    other = await ada.persona("Somebody else entirely")
    sample = await ada.asset(AssetPurpose.SAMPLE, b"a recording of her")
    sent = await export(ada, persona)
    assert sent.payload["leftOut"] == [
        "1 voice models: they can speak as the person, and leave only under a passphrase"
    ]
    contents = sent.contents
    assert contents.style is not None and contents.style.measured and contents.style.platforms
    assert contents.settings is not None and contents.settings.own == {"speed": 1.1, "tone": "WARM"}
    assert [each.written for each in contents.lexicon] == ["Nietzsche"] and contents.golden_lines
    assert [each.scope for each in contents.consents] == list(ConsentScope)
    assert contents.voices[0].preview is not None and contents.faces[0].picture.content.startswith(b"\x89PNG")
    for never in (b"a recording of her", MODEL, other.name.encode(), sample.id.encode(), ada.id.encode()):
        assert never not in sent.content and File.of("", never).base64.encode() not in sent.content


def letter() -> tuple[bytes, Ed25519PrivateKey]:
    key = bundle_keys("k" * 40)[0]
    return write_letter(b'{"a": "' + bytes(range(32, 127)) * 3 + b'"}', key), key


def test_one_byte_changed_is_refused_wherever_it_is() -> None:
    """Every byte of the file, three ways each; and it is said how."""
    content, key = letter()
    trusted = {public_key(key)}
    assert open_letter(content, trusted)[1].startswith(b'{"a"')
    told = set()
    for at in range(len(content)):
        for flip in (0x01, 0x03, 0x80):
            changed = bytearray(content)
            changed[at] ^= flip
            with pytest.raises(MediaRefused) as refused:
                open_letter(bytes(changed), trusted)
            told.add(refused.value.code)
    assert told == {"BUNDLE_DAMAGED", "BUNDLE_TOO_NEW", "BUNDLE_FOREIGN_KEY", "BUNDLE_CHANGED"}


def test_cut_or_lengthened_is_refused() -> None:
    content, key = letter()
    trusted = {public_key(key)}
    for changed in (
        *(content[:end] for end in range(len(content))),
        content + b"\n",
        content + b"\x00",
        b" " + content,
    ):
        with pytest.raises(MediaRefused) as refused:
            open_letter(changed, trusted)
        assert refused.value.code.startswith("BUNDLE_")


async def test_a_changed_bundle_is_refused_by_the_api(ada: Owner) -> None:
    """A byte in each region: version, key, signature, style, face, last."""
    sent = await export(ada, await person(ada))
    content = sent.content
    places = {
        "version": content.index(b"/1") + 1, "key": 30, "signature": 120, "name": content.index(b"Ada"),
        "face": content.index(b"iVBOR") + 3000, "edits": content.index(b"harbour"), "end": len(content) - 1,
    }  # fmt: skip
    codes = {}
    for name, at in places.items():
        changed = bytearray(content)
        changed[at] = ord("2") if name == "version" else changed[at] ^ 1
        codes[name] = code_of(await refused(ada, bytes(changed)))
    assert codes.pop("version") == "BUNDLE_TOO_NEW"
    assert codes.pop("key") in ("BUNDLE_FOREIGN_KEY", "BUNDLE_DAMAGED")
    assert codes.pop("signature") in ("BUNDLE_CHANGED", "BUNDLE_DAMAGED")
    assert set(codes.values()) == {"BUNDLE_CHANGED"}
    assert code_of(await refused(ada, content[:-5000])) == "BUNDLE_CHANGED"
    assert code_of(await refused(ada, b"PK\x03\x04" + content)) == "BUNDLE_DAMAGED"  # U18
    assert (await take_in(ada, content))["name"] == "Ada"


@asynccontextmanager
async def elsewhere(folder: Path, redis_url: str, **settings: Any) -> AsyncIterator[Owner]:
    """Another installation, with keys of its own."""
    (folder / "elsewhere").mkdir()
    async with open_world(folder / "elsewhere", redis_url, **settings) as world:
        yield await world.account("Bob")


async def test_another_installation_takes_it_when_its_operator_trusts_the_key(
    ada: Owner, tmp_path: Path, redis_url: str
) -> None:
    sent = await export(ada, await person(ada))
    async with elsewhere(tmp_path, redis_url) as bob:
        error = await refused(bob, sent.content)
        assert code_of(error) == "BUNDLE_FOREIGN_KEY" and sent.payload["key"] in error["message"]
    (tmp_path / "elsewhere").rename(tmp_path / "first")
    async with elsewhere(tmp_path, redis_url, trusted_bundle_keys=sent.payload["key"].upper()) as bob:
        made = await take_in(bob, sent.content, name="Ada there")
        assert made["name"] == "Ada there"
        # Neither vendor is installed there, and the model stayed behind.
        [voice] = made["voices"]
        assert (voice["status"], voice["enrolments"]) == ("EXPIRED", [])
        assert [why.split(": ")[1] for why in made["origin"]["unusable"]] == [
            "no such provider is installed here"
        ] * 2


async def test_consent_is_looked_at_again(world: World, ada: Owner) -> None:
    """It ran out after the export; it was withdrawn where this is the same installation; there was none."""
    persona = await person(ada)
    first = await export(ada, persona)
    body = json.loads(first.content[first.content.index(b"{") :])
    body["sections"]["consents"]["content"][0]["expires_at"] = (utcnow() - timedelta(seconds=1)).isoformat()
    error = await refused(ada, signed(world, body))
    assert (error["code"], error["path"]) == ("CONSENT_REQUIRED", ["assetId"])
    body["sections"]["consents"]["content"] = []
    assert code_of(await refused(ada, signed(world, body))) == "CONSENT_REQUIRED"
    kept = await ada.client.upload(first.content, "BUNDLE", "x")
    consents = (await ada.client.node(public(persona), "... on Persona { consents { id scope } }"))[
        "consents"
    ]
    face = next(each["id"] for each in consents if each["scope"] == "LIKENESS")
    await ada.client.change("withdrawConsent", "consent { live }", consentId=face)
    assert (await ada.client.refusal("importPersona", assetId=kept))["scope"] == "LIKENESS"
    second = await export(ada, persona)
    assert second.contents.faces == [] and len(second.contents.voices) == 1
    assert second.payload["leftOut"][-1].startswith(("its face", "1 voice"))
    assert "its face: there is no live LIKENESS consent" in second.payload["leftOut"]


def signed(world: World, body: Any) -> bytes:
    """As whoever has this installation's key could make it."""
    key = bundle_keys(world.runtime.settings.signing_key.get_secret_value())[0]
    return write_letter(body if isinstance(body, bytes) else json.dumps(body).encode(), key)


async def test_a_signature_makes_nobody_right(world: World, ada: Owner) -> None:
    """Trusted, and hostile or broken: nested, not JSON, NUL, of a later version, a style that is none, a picture
    that is none, one that unpacks to gigabytes (U18), a name too long."""
    sent = await export(ada, await person(ada))
    text = sent.content[sent.content.index(b"{") :]

    def changed(*path: Any, to: Any) -> Any:
        body = json.loads(text)
        at = body["sections"]
        for step in path[:-1]:
            at = at[step]
        at[path[-1]] = to
        return body

    bomb = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0))
    bomb += _chunk(b"IDAT", zlib.compress(b"\0" * 2_000_000)) + _chunk(b"IEND", b"")
    picture = ("faces", "content", 0, "picture", "base64")
    wrong = {
        b"[" * 200_000: "BUNDLE_DAMAGED",
        b"not json": "BUNDLE_DAMAGED",
        b"{}": "BUNDLE_DAMAGED",
    }
    for body, code in wrong.items():
        assert code_of(await refused(ada, signed(world, body))) == code, body[:20]
    for body, codes in (
        (changed("persona", "version", to=2), {"BUNDLE_TOO_NEW"}),
        (changed("horoscope", to={"version": 1, "content": {}}), {"BUNDLE_TOO_NEW"}),
        (changed("persona", "content", "name", to="A\x00da"), {"BUNDLE_DAMAGED"}),
        (changed("persona", "content", "name", to="A" * 201), {"BUNDLE_DAMAGED"}),
        (changed("persona", "content", "language", to="x"), {"BUNDLE_DAMAGED"}),
        (changed("style", "content", "measured", to={"figures": 7}), {"BUNDLE_DAMAGED"}),
        (changed("settings", "content", "own", to={"speed": 90}), {"BUNDLE_DAMAGED"}),
        (changed("settings", "content", "own", to={"volume": 1}), {"BUNDLE_DAMAGED"}),
        (changed("lexicon", "content", 0, "ipa", to="$$"), {"BUNDLE_DAMAGED"}),
        (changed("voices", "content", 0, "enrolments", 0, "vendor_voice", to="v" * 300), {"BUNDLE_DAMAGED"}),
        (changed("voices", "content", 0, "preview", "base64", to="AAAA"), {"MEDIA_UNSUPPORTED", "MEDIA_DAMAGED"}),
        (changed(*picture, to="%"), {"BUNDLE_DAMAGED"}),
        (changed(*picture, to=File.of("", bomb).base64), {"IMAGE_TOO_LARGE", "MEDIA_DAMAGED"}),
    ):  # fmt: skip
        assert code_of(await refused(ada, signed(world, body))) in codes, codes


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


async def test_models_need_their_passphrase(ada: Owner) -> None:
    sent = await export(ada, await person(ada), passphrase=PASSPHRASE)
    error = await refused(ada, sent.content, passphrase="another one")
    assert (error["code"], error["path"]) == ("BUNDLE_LOCKED", ["passphrase"])
    made = await take_in(ada, sent.content)
    assert [each["provider"] for each in made["voices"][0]["enrolments"]] == ["clone"]
    assert "needs its model" in made["origin"]["unusable"][0]
    short = await ada.client.refusal("exportPersona", personaId=public(sent.persona), passphrase="short")
    assert short["path"] == ["passphrase"]


async def test_it_becomes_one_persona_and_is_gone(ada: Owner) -> None:
    sent = await export(ada, await person(ada))
    id = await ada.client.upload(sent.content, "BUNDLE", "x")
    await ada.client.change("importPersona", "persona { id }", assetId=id)
    assert (await ada.client.refusal("importPersona", assetId=id))["code"] == "MEDIA_ERASED"


@pytest.mark.parametrize(
    "ending", ["deletePersona", "deleteVoice", "deleteAvatar", "withdrawConsent", "exportPersona"]
)
async def test_what_was_exported_goes_with_what_is_in_it(ending: str, world: World, ada: Owner) -> None:
    """B4: no copy of a deleted face or voice stays in a file here; another export takes the place of the first."""
    persona = await person(ada)
    sent = await export(ada, persona)
    seen = await ada.client.node(
        public(persona), "... on Persona { voices { id } avatars { id } consents { id } }"
    )
    input = {
        "deletePersona": {"personaId": public(persona)}, "deleteVoice": {"voiceId": seen["voices"][0]["id"]},
        "deleteAvatar": {"avatarId": seen["avatars"][0]["id"]}, "withdrawConsent": {"consentId": seen["consents"][0]["id"]},
        "exportPersona": {"personaId": public(persona)},
    }[ending]  # fmt: skip
    await ada.client.change(ending, "__typename", **input)
    asset = await ada.client.node(sent.payload["asset"]["id"], "... on Asset { state url }")
    assert asset is None or (asset["state"], asset["url"]) == ("ERASED", None)
    assert (await ada.client.http.get(sent.payload["asset"]["url"])).status_code in (403, 404, 410)


async def test_a_link_to_it_lives_a_day_at_most(tmp_path: Path, redis_url: str) -> None:
    """B7, however long other links may live; and then the bytes go."""
    async with elsewhere(tmp_path, redis_url, link_ttl=30 * 86_400.0) as bob:
        sent = await export(bob, await bob.persona("Bob"))
        until = sent.payload["asset"]["urlExpiresAt"]
        assert utcnow() + timedelta(hours=23) < _time(until) <= utcnow() + timedelta(hours=24)
        runtime = bob.world.runtime
        assert await erase_unused_uploads(runtime.personas) == 0
        async with runtime.db.writing() as session:
            old = update(Asset).where(Asset.purpose == AssetPurpose.BUNDLE)
            await session.execute(old.values(received_at=utcnow() - timedelta(hours=25)))
        assert await erase_unused_uploads(runtime.personas) == 1


def _time(text: str) -> Any:
    from datetime import datetime

    return datetime.fromisoformat(text)


async def test_who_may_not_look_may_not_export(world: World, ada: Owner) -> None:
    from persona_graph.accounts.viewer import Scope

    persona = await ada.persona()
    writer = await world.account("Ada", scopes=(Scope.WRITE,))
    error = await writer.client.refusal("exportPersona", personaId=public(persona))
    assert error["code"] == "FORBIDDEN"


def test_the_key_does_not_tell_the_secret_and_follows_a_rotation() -> None:
    old, new = "o" * 40, "n" * 40
    both = bundle_keys(f"{new},{old}")
    assert [public_key(key) for key in both] == [public_key(bundle_keys(each)[0]) for each in (new, old)]
