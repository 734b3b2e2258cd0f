"""Input that is wrong in every way we could think of: a clear typed answer, nothing lost, nothing half done, and
the server still alive afterwards."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest
import soundfile

from tests.client import ROOT, Client
from tests.journeys.conftest import PORTRAIT, SPEAKER, Stage, agreed, row_of

pytestmark = pytest.mark.asyncio(loop_scope="session")

PHOTOS = ROOT / "tests/samples/photos"


def flac(samples: Any, rate: int) -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="FLAC", subtype="PCM_16")
    return out.getvalue()


@pytest.fixture(scope="module", autouse=True)
def _still_alive(stage: Stage) -> Any:
    """After all of it every process is the one that was started."""
    before = [child.pid for child in stage.stack.children]
    yield
    assert [child.pid for child in stage.stack.children] == before
    assert all(child.exits == [] for child in stage.stack.children)


async def alive(client: Client) -> None:
    assert (await client.http.get("/readyz")).json()["status"] == "ok"


async def test_wrong_tokens(stage: Stage, client: Client) -> None:
    """T1, T2, T4: wrong, near, long, of another form, twice, in the query string."""
    right = stage.stack.token
    wrong = [
        None,
        "x",
        right[:-1],
        right[:-1] + ("a" if right[-1] != "a" else "b"),
        right + "x",
        "pg_" + "A" * 43,
    ]
    wrong += ["x" * 8000, "é" * 20, "a.b.c", "null", right.upper()]
    for token in wrong:
        headers = {"authorization": f"Bearer {token}".encode()} if token else {}
        answer = await client.http.post("/graphql", json={"query": "{ viewer { label } }"}, headers=headers)
        assert answer.status_code in (401, 431), token
        if answer.status_code == 401:
            assert answer.json()["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    answer = await client.http.post(f"/graphql?token={right}", json={"query": "{ viewer { label } }"})
    assert answer.status_code == 401
    log = (stage.stack.data_dir / "logs" / "api.log").read_text()
    assert right not in log
    await alive(client)


BODIES: dict[str, bytes] = {
    "empty": b"", "null": b"null", "number": b"5", "string": b'"x"', "list": b"[]", "list of one": b"[1]",
    "batch": b'[{"query":"{ viewer { label } }"}]', "half": b'{"query": "{ view', "not json": b"query=viewer",
    "bad utf-8": b'{"query": "\xff\xfe"}', "query a number": b'{"query": 5}', "no query": b'{"variables": {}}',
    "variables a list": b'{"query": "{ viewer { label } }", "variables": [1]}', "nan": b'{"query": NaN}',
    "deep": b"[" * 100_000, "deep variables": b'{"query": "{ viewer { label } }", "variables": ' + b'{"a":' * 50_000,
    "surrogate": b'{"query": "\\ud800"}', "doubled": b'{"query": "{a}"} {"query": "{b}"}', "bom": b"\xef\xbb\xbf{}",
}  # fmt: skip


@pytest.mark.parametrize("name", BODIES)
async def test_malformed_bodies(client: Client, name: str) -> None:
    """G12, G13: 4xx, never 5xx, no traceback."""
    headers = {**client.headers, "content-type": "application/json"}
    answer = await client.http.post("/graphql", content=BODIES[name], headers=headers)
    assert 400 <= answer.status_code < 500, answer.text
    errors = answer.json()["errors"]
    assert errors[0]["extensions"]["code"] and "Traceback" not in answer.text and "data" not in answer.json()


async def test_other_kinds_of_bodies(client: Client) -> None:
    """G14, H4: only JSON, uncompressed; mutations never by GET."""
    body = json.dumps({"query": "{ viewer { label } }"})
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/graphql",
    ):
        answer = await client.http.post(
            "/graphql", content=body, headers={**client.headers, "content-type": kind}
        )
        assert answer.status_code == 415, kind
    headers = {**client.headers, "content-type": "application/json", "content-encoding": "gzip"}
    assert (await client.http.post("/graphql", content=body, headers=headers)).status_code == 415
    document = 'mutation { createPersona(input: {name: "by GET"}) { persona { id } } }'
    answer = await client.http.get("/graphql", params={"query": document}, headers=client.headers)
    assert answer.status_code == 405
    names = await client.ask("{ viewer { personas(first: 100) { nodes { name } } } }")
    assert "by GET" not in [node["name"] for node in names["viewer"]["personas"]["nodes"]]


async def refused_upload(client: Client, body: bytes, purpose: str, name: str) -> dict[str, Any]:
    """An upload whose content is refused: the same reason in the answer and on the asset."""
    made = await client.announce(body, purpose, name)
    answer = await client.put(made["upload"]["url"], body)
    assert 400 <= answer.status_code < 500, answer.text
    [error] = answer.json()["errors"]
    assert error["assetId"] == made["asset"]["id"] and error["fix"]
    seen = await client.node(made["asset"]["id"], "... on Asset { state url refusal { code message fix } }")
    assert (seen["state"], seen["url"]) == ("REFUSED", None)
    assert seen["refusal"] == {key: error[key] for key in ("code", "message", "fix")}
    again = await client.put(made["upload"]["url"], body)
    assert again.json()["errors"][0]["code"] == "UPLOAD_DONE"
    return dict(error)


async def test_files_that_are_not_what_they_are_called(stage: Stage, client: Client) -> None:
    text = b"Dear diary, today I was a recording. " * 100
    assert (await refused_upload(client, text, "SAMPLE", "voice.wav"))["code"] == "MEDIA_UNSUPPORTED"
    assert (await refused_upload(client, PORTRAIT.read_bytes(), "SAMPLE", "voice.mp3"))[
        "code"
    ] == "MEDIA_UNSUPPORTED"
    assert (await refused_upload(client, SPEAKER[7].read_bytes(), "PHOTO", "face.png"))[
        "code"
    ] == "MEDIA_UNSUPPORTED"
    playlist = b"#EXTM3U\n#EXTINF:10,\nfile:///etc/hostname\n" + b"#\n" * 200
    assert (await refused_upload(client, playlist, "SAMPLE", "voice.mp3"))["code"] == "MEDIA_UNSUPPORTED"
    cut = stage.recording.read_bytes()[:3000]
    assert (await refused_upload(client, cut, "SAMPLE", "cut.flac"))["code"] == "MEDIA_DAMAGED"
    await alive(client)


async def test_recordings_that_are_none(client: Client) -> None:
    """U1, U2, U26: two hours of silence in little space, ten seconds of silence, ten seconds of a tone."""
    hours = flac(np.zeros(2 * 3600 * 8000, dtype="int16"), 8000)
    assert len(hours) < 3_000_000
    assert (await refused_upload(client, hours, "SAMPLE", "hours.flac"))["code"] == "MEDIA_TOO_LONG"
    assert (await refused_upload(client, flac(np.zeros(160_000, dtype="int16"), 16_000), "SAMPLE", "s.flac"))[
        "code"
    ] == "MEDIA_SILENT"
    await alive(client)


async def test_photos_without_a_face(client: Client) -> None:
    for name in ("coffee.png", "chelsea.png"):
        error = await refused_upload(client, (PHOTOS / name).read_bytes(), "PHOTO", name)
        assert error["code"] == "PHOTO_NO_FACE" and "face" in error["fix"]


async def test_sizes_other_than_announced(stage: Stage, client: Client) -> None:
    """U21: larger, smaller, twice, too large to announce, none at all."""
    body = SPEAKER[7].read_bytes()
    small = await client.announce(body, "SAMPLE", "a.flac", size=len(body) - 1)
    answer = await client.put(small["upload"]["url"], body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, "MEDIA_TOO_LARGE")
    large = await client.announce(body, "SAMPLE", "a.flac", size=len(body) + 1)
    answer = await client.put(large["upload"]["url"], body)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "MEDIA_SIZE_MISMATCH")
    # The link is still open: what was cut off can be sent again.
    assert (await client.put(large["upload"]["url"], body + b"\x00")).status_code in (201, 422)
    for size in (0, -1):
        error = await client.refusal(
            "createUpload", purpose="SAMPLE", fileName="a", contentType="audio/wav", size=size
        )
        assert (error["code"], error["path"]) == ("INVALID_INPUT", ["size"])
    error = await client.refusal(
        "createUpload", purpose="SAMPLE", fileName="a", contentType="audio/wav", size=50_000_001
    )
    assert (error["code"], error["path"]) == ("MEDIA_TOO_LARGE", ["size"])
    answer = await client.post(
        "mutation($input: CreateUploadInput!) { createUpload(input: $input) { asset { id } } }",
        input={"purpose": "SAMPLE", "fileName": "a", "contentType": "a", "size": 2**40},
    )
    assert answer.json()["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    ended = stage.rows("SELECT state, size FROM asset WHERE id = ?", row_of(small["asset"]["id"]))
    assert ended == [("ANNOUNCED", None)]


async def test_links_that_were_not_given_out(client: Client) -> None:
    """T3, H7: changed, cut, of the other kind, of nobody."""
    made = await client.announce(b"x" * 10, "SAMPLE", "a.wav")
    path = made["upload"]["url"].removeprefix(str(client.http.base_url).rstrip("/"))
    token = path.rsplit("/", 1)[1]
    changed = ("b" if token[10] != "b" else "c").join((token[:10], token[11:]))
    for bad in (changed, token[:-1], "x" * 80, "", "..%2f..%2fetc%2fpasswd", "%2e%2e%2f"):
        for method, where in (("PUT", "uploads"), ("GET", "media")):
            answer = await client.http.request(
                method, f"/{where}/{bad}", content=b"x" * 10 if method == "PUT" else None
            )
            assert answer.status_code in (403, 404, 405), (where, bad, answer.status_code)
    assert (await client.http.get(f"/media/{token}")).status_code == 403
    assert (await client.put(made["upload"]["url"], b"x" * 10)).status_code == 422


async def test_names_of_files_are_only_shown(stage: Stage, client: Client) -> None:
    """U19: a name is never a path, an argument or a header."""
    body = SPEAKER[7].read_bytes()
    for name in (
        "../../etc/passwd",
        "-i",
        "$(id)",
        "a\r\nSet-Cookie: x=1",
        "x" * 4000,
        "\u202egpj.exe",
        "",
        "a/b\\c",
    ):
        asset = await client.upload(body, "SAMPLE", name)
        seen = await client.node(asset, "... on Asset { fileName url(download: true) }")
        assert len(seen["fileName"]) <= 255 and not set(seen["fileName"]) & set("\r\n\u202e")
        answer = await client.get(seen["url"])
        assert answer.status_code == 200 and answer.content == body
        assert (
            answer.headers["content-disposition"].startswith("attachment")
            and "set-cookie" not in answer.headers
        )
        assert answer.headers["x-content-type-options"] == "nosniff"
        await client.change("deleteUpload", "deletedId", assetId=asset)


async def test_nothing_is_begun_with_what_is_not_there(stage: Stage, client: Client) -> None:
    persona = await agreed(client, "Untouched")
    other = await stage.someone("Somebody else")
    foreign = await other.upload(SPEAKER[7], "SAMPLE")
    announced = (await client.announce(b"x" * 10, "SAMPLE", "a.wav"))["asset"]["id"]
    jobs = "SELECT COUNT(*) FROM job WHERE persona_id = ?"
    for samples, code in (
        ([foreign], "NOT_FOUND"),
        ([announced], "MEDIA_NOT_UPLOADED"),
        (["rubbish"], "NOT_FOUND"),
    ):
        [error] = await client.refused("trainVoice", personaId=persona, name="v", sampleIds=samples)
        assert error["code"] == code
    assert (await client.refusal("createAvatar", personaId=persona, name="a", photoId=foreign))[
        "code"
    ] == "NOT_FOUND"
    assert stage.rows(jobs, row_of(persona)) == [(0,)]
    assert stage.rows("SELECT COUNT(*) FROM voice WHERE persona_id = ?", row_of(persona)) == [(0,)]
