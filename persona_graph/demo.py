"""The main job, end to end: recordings and a portrait become a persona that speaks.

Everything goes through the public GraphQL API over HTTP and WebSocket, as any client would do it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
from websockets.asyncio.client import connect

from persona_graph.embedded import Embedded, table

MEDIA = Path(__file__).with_name("demo_media")
SCRIPT = (
    "Hello. I am a persona: a voice that was trained on ten short recordings, and a face that is one photograph. "
    "Everything you hear and see was made on this machine, without a key and without the network. "
    "Give me your words, and I will say them."
)
SUBJECT = "LibriSpeech reader 1998 (CC BY 4.0) and the NASA portrait (public domain)"

JOB = "job { id state quote { price { amount } priceCeiling { amount } } }"
ERRORS = "errors { __typename code message path fix }"
EVENTS = """subscription Follow($jobId: ID!, $after: String) {
  jobEvents(jobId: $jobId, after: $after) {
    cursor sequence kind at terminal state stage message provider leg
    progress { fraction source } failure { code message fix }
  }
}"""
JOB_REPORT = """query Report($id: ID!) { job(id: $id) {
  kind createdAt startedAt endedAt settled { amount }
  legs { name provider price { amount } cost { amount }
    route { candidates { provider offer why } refusals { provider offer reason } } }
} }"""


class DemoFailed(Exception):
    """A step did not go as it should; the message says which and why."""


@dataclass
class Client:
    """The smallest client that does the job: one HTTP connection, one WebSocket per followed job."""

    url: str
    token: str
    http: httpx.AsyncClient
    events: list[dict[str, Any]] = field(default_factory=list)

    async def ask(self, document: str, **variables: Any) -> Any:
        """The one root field of the answer; its user errors are raised."""
        answer = await self.http.post("/graphql", json={"query": document, "variables": variables})
        body = answer.json()
        if body.get("errors"):
            raise DemoFailed("; ".join(error["message"] for error in body["errors"]))
        root = next(iter(body["data"].values()))
        if root and root.get("errors"):
            raise DemoFailed(
                "; ".join(f"{e['code']}: {e['message']} {e['fix'] or ''}" for e in root["errors"])
            )
        return root

    async def upload(self, path: Path, purpose: str, content_type: str) -> str:
        made = await self.ask(
            f"mutation($input: CreateUploadInput!) {{ createUpload(input: $input) {{ asset {{ id }} upload {{ url }} {ERRORS} }} }}",
            input={"purpose": purpose, "fileName": path.name, "contentType": content_type, "size": path.stat().st_size},
        )  # fmt: skip
        put = await self.http.put(made["upload"]["url"], content=path.read_bytes())
        if put.status_code != 201:
            raise DemoFailed(f"{path.name} was refused: {put.text}")
        return str(made["asset"]["id"])

    async def follow(self, job_id: str, show: Progress) -> dict[str, Any]:
        """Follow a job to its terminal event over a WebSocket."""
        address = self.url.replace("http", "ws", 1) + "/graphql"
        async with connect(address, subprotocols=["graphql-transport-ws"]) as socket:  # type: ignore[list-item]
            await _send(
                socket, {"type": "connection_init", "payload": {"authorization": f"Bearer {self.token}"}}
            )
            operation = {"query": EVENTS, "variables": {"jobId": job_id}}
            await _send(socket, {"id": "1", "type": "subscribe", "payload": operation})
            async for frame in socket:
                message = json.loads(frame)
                if message["type"] == "next":
                    event = message["payload"]["data"]["jobEvents"]
                    self.events.append({"job": job_id, **event})
                    show.event(event)
                    if event["terminal"]:
                        return _succeeded(event)
                elif message["type"] == "error":
                    raise DemoFailed(str(message["payload"]))
        raise DemoFailed("the stream ended before the job did")

    async def save(self, url: str, path: Path) -> Path:
        path.write_bytes((await self.http.get(url)).raise_for_status().content)
        return path


def _succeeded(event: dict[str, Any]) -> dict[str, Any]:
    if event["state"] != "SUCCEEDED":
        failure = event["failure"] or {}
        raise DemoFailed(f"the job ended {event['state']}: {failure.get('message')}")
    return event


async def _send(socket: Any, message: dict[str, Any]) -> None:
    await socket.send(json.dumps(message))


class Progress:
    """One live line per step on a terminal, one line per stage elsewhere."""

    WIDTH = 28

    def __init__(self) -> None:
        self.live = sys.stdout.isatty()
        self.times: list[tuple[str, float]] = []
        self._begun = 0.0
        self._title = ""
        self._stage = ""

    def begin(self, title: str) -> None:
        self._begun, self._title, self._stage = time.monotonic(), title, ""
        if self.live:
            print(f"  · {title}", end="", flush=True)

    def event(self, event: dict[str, Any]) -> None:
        fraction = event["progress"]["fraction"] or 0.0
        stage = event["stage"].replace("_", " ").lower()
        if self.live:
            bar = "━" * round(fraction * self.WIDTH)
            line = (
                f"\r\033[K  · {self._title}  {bar:─<{self.WIDTH}} {fraction:4.0%}  {stage} {event['message']}"
            )
            print(line[:150], end="", flush=True)
        elif stage != self._stage:
            print(f"      {fraction:4.0%}  {stage}", flush=True)
        self._stage = stage

    def done(self, said: str) -> None:
        seconds = time.monotonic() - self._begun
        self.times.append((self._title, seconds))
        clear = "\r\033[K" if self.live else ""
        print(f"{clear}  ✓ {self._title:<26} {seconds:6.1f} s   {said}", flush=True)


async def main_job(client: Client, out: Path, script: str, show: Progress) -> dict[str, Any]:
    """Create persona → consent → samples → voice → speech → photo → avatar → video."""
    job_ids: list[str] = []

    show.begin("Persona and consent")
    persona = await client.ask(
        f"mutation($input: CreatePersonaInput!) {{ createPersona(input: $input) {{ persona {{ id }} {ERRORS} }} }}",
        input={"name": "Demo persona", "archetype": "The guide", "language": "en"},
    )
    persona_id = persona["persona"]["id"]
    for scope in ("VOICE", "LIKENESS"):
        await client.ask(
            f"mutation($input: GrantConsentInput!) {{ grantConsent(input: $input) {{ consent {{ id }} {ERRORS} }} }}",
            input={"personaId": persona_id, "scope": scope, "subject": SUBJECT},
        )
    show.done("voice and likeness agreed to")

    show.begin("Upload the recording")
    recording, seconds = await asyncio.to_thread(join_recordings, out / "recording.flac")
    sample_id = await client.upload(recording, "SAMPLE", "audio/flac")
    show.done(f"{seconds:.0f} s of real speech, checked and encrypted")

    show.begin("Train the voice")
    trained = await client.ask(
        f"mutation($input: TrainVoiceInput!) {{ trainVoice(input: $input) {{ voice {{ id }} {JOB} {ERRORS} }} }}",
        input={
            "personaId": persona_id,
            "name": "My voice",
            "sampleIds": [sample_id],
            "idempotencyKey": str(uuid4()),
        },
    )
    await client.follow(trained["job"]["id"], show)
    job_ids.append(trained["job"]["id"])
    voice = await client.ask(
        "query($id: ID!) { node(id: $id) { ... on Voice { similarity fidelity provider { id } preview { url seconds } } } }",
        id=trained["voice"]["id"],
    )
    await client.save(voice["preview"]["url"], out / "voice-preview.wav")
    show.done(
        f"{voice['provider']['id']}, {voice['fidelity']}, measured similarity {voice['similarity']:.2f}"
    )

    show.begin("Approve it and speak")
    await client.ask(
        f"mutation($input: VoiceInput!) {{ approveVoice(input: $input) {{ voice {{ approval }} {ERRORS} }} }}",
        input={"voiceId": trained["voice"]["id"]},
    )
    spoken = await client.ask(
        f"mutation($input: GenerateSpeechInput!) {{ generateSpeech(input: $input) {{ output {{ id }} {JOB} {ERRORS} }} }}",
        input={
            "personaId": persona_id,
            "script": script,
            "platform": "LINKEDIN",
            "idempotencyKey": str(uuid4()),
        },
    )
    await client.follow(spoken["job"]["id"], show)
    job_ids.append(spoken["job"]["id"])
    speech = await client.ask(
        "query($id: ID!) { node(id: $id) { ... on SpeechOutput { price { amount } similarity asset { url seconds loudness sampleRate } } } }",
        id=spoken["output"]["id"],
    )
    await client.save(speech["asset"]["url"], out / "speech.wav")
    show.done(f"speech.wav, {speech['asset']['seconds']:.1f} s, {speech['asset']['loudness']:.1f} LUFS")

    show.begin("Make the avatar")
    photo_id = await client.upload(MEDIA / "portrait.png", "PHOTO", "image/png")
    made = await client.ask(
        f"mutation($input: CreateAvatarInput!) {{ createAvatar(input: $input) {{ avatar {{ id }} {JOB} {ERRORS} }} }}",
        input={
            "personaId": persona_id,
            "name": "My face",
            "photoId": photo_id,
            "idempotencyKey": str(uuid4()),
        },
    )
    await client.follow(made["job"]["id"], show)
    job_ids.append(made["job"]["id"])
    avatar = await client.ask(
        "query($id: ID!) { node(id: $id) { ... on Avatar { preview { url } photo { sharpness } } } }",
        id=made["avatar"]["id"],
    )
    await client.save(avatar["preview"]["url"], out / "avatar-preview.mp4")
    await client.ask(
        f"mutation($input: AvatarInput!) {{ approveAvatar(input: $input) {{ avatar {{ approval }} {ERRORS} }} }}",
        input={"avatarId": made["avatar"]["id"]},
    )
    show.done(f"one clear face (sharpness {avatar['photo']['sharpness']:.0f}), approved")

    show.begin("Make the video")
    filmed = await client.ask(
        f"mutation($input: GenerateVideoInput!) {{ generateVideo(input: $input) {{ output {{ id }} {JOB} {ERRORS} }} }}",
        input={
            "personaId": persona_id, "speechOutputId": spoken["output"]["id"], "platform": "LINKEDIN",
            "idempotencyKey": str(uuid4()),
        },
    )  # fmt: skip
    await client.follow(filmed["job"]["id"], show)
    job_ids.append(filmed["job"]["id"])
    video = await client.ask(
        "query($id: ID!) { node(id: $id) { ... on VideoOutput { asset { url seconds width height size } } } }",
        id=filmed["output"]["id"],
    )
    await client.save(video["asset"]["url"], out / "video.mp4")
    shown = video["asset"]
    show.done(
        f"video.mp4, {shown['seconds']:.1f} s, {shown['width']}×{shown['height']}, {shown['size'] / 1e6:.1f} MB"
    )
    return {"persona": persona_id, "voice": voice, "speech": speech, "video": video, "jobs": job_ids}


def join_recordings(out: Path) -> tuple[Path, float]:
    """The reader's utterances as one recording, with the pauses a reader would make."""
    import numpy as np
    import soundfile

    parts: list[Any] = []
    rate = 16_000
    for path in sorted((MEDIA / "speaker").glob("*.flac")):
        samples, rate = soundfile.read(path, dtype="int16")
        parts += [samples, np.zeros(int(rate * 0.3), dtype="int16")]
    whole = np.concatenate(parts)
    soundfile.write(out, whole, rate, format="FLAC")
    return out, len(whole) / rate


async def write_report(
    client: Client, stack: Embedded, out: Path, made: dict[str, Any], show: Progress
) -> Path:
    """What happened, who did it, for how much, and where everything is."""
    lines = ["# What the demo did", "", "| step | seconds |", "|---|---|"]
    lines += [f"| {title} | {seconds:.1f} |" for title, seconds in show.times]
    lines += ["", "## Jobs", ""]
    for job_id in made["jobs"]:
        job = await client.ask(JOB_REPORT, id=job_id)
        lines.append(f"* **{job['kind']}**: charged ${job['settled']['amount']}")
        for leg in job["legs"]:
            why = next((c["why"] for c in leg["route"]["candidates"] if c["provider"] == leg["provider"]), "")
            lines.append(
                f"  * {leg['name']}: {leg['provider']} ({why}); price ${leg['price']['amount']}, "
                f"cost ${leg['cost']['amount']}"
            )
            lines += [f"    * not {_who(r)}: {r['reason']}" for r in leg["route"]["refusals"]]
    voice = made["voice"]
    lines += [
        "", "## How near the voice comes", "",
        f"The offline provider fits pitch, pace and timbre; it is labelled {voice['fidelity']}. Measured here: cosine "
        f"{voice['similarity']:.2f} between the speaker embeddings of the recording and of the preview "
        "(the same person recorded twice: above 0.9; two people: 0.5 to 0.75).",
        "", "## Where things are", "",
        f"* this folder: `recording.flac` (what was uploaded), `voice-preview.wav`, `speech.wav`, `avatar-preview.mp4`, "
        f"`video.mp4`, `events.jsonl` ({len(client.events)} events), this report",
        f"* `{stack.data_dir}`: the database, the encrypted objects, Redis' files, logs and the generated keys",
    ]  # fmt: skip
    path = out / "report.md"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _who(refusal: dict[str, Any]) -> str:
    return f"{refusal['provider']} ({refusal['offer']})" if refusal["offer"] else str(refusal["provider"])


async def run_once(stack: Embedded, out: Path, script: str) -> None:
    """The whole demo against a running stack."""
    out.mkdir(parents=True, exist_ok=True)
    headers = {"Authorization": f"Bearer {stack.token}"}
    async with httpx.AsyncClient(base_url=stack.url, headers=headers, timeout=60) as http:
        client, show = Client(stack.url, stack.token, http), Progress()
        begun = time.monotonic()
        try:
            made = await main_job(client, out, script, show)
        finally:
            events = b"".join(orjson.dumps(event) + b"\n" for event in client.events)
            (out / "events.jsonl").write_bytes(events)
        report = await write_report(client, stack, out, made, show)
    print(f"\nDone in {time.monotonic() - begun:.1f} s. Look at:")
    for name in ("video.mp4", "speech.wav", "report.md"):
        print(f"  {out / name}")
    assert report.exists()


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(
        prog="persona-graph demo",
        description="Start the embedded stack and turn a recorded speaker and a portrait into a persona that speaks.",
    )
    words.add_argument(
        "--once", action="store_true", help="exit when done instead of staying up with GraphiQL"
    )
    words.add_argument(
        "--out", type=Path, default=Path("demo-output"), help="where the results go (default: %(default)s)"
    )
    words.add_argument(
        "--data", type=Path, default=Path("data/demo"), help="the stack's folder (default: %(default)s)"
    )
    words.add_argument("--port", type=int, default=0, help="the API's port (default: a free one)")
    words.add_argument("--script", default=SCRIPT, help="what the persona says")
    return words


def main(argv: list[str]) -> int:
    asked = parser().parse_args(argv)
    print("Starting the embedded stack …", flush=True)
    stack = Embedded(asked.data, workers=1, port=asked.port, settings={"introspection": True})
    try:
        asyncio.run(_run(stack, asked))
    except DemoFailed as failed:
        print(f"\nThe demo failed: {failed}\nLogs: {stack.data_dir / 'logs'}", file=sys.stderr)
        return 1
    return 0


async def _run(stack: Embedded, asked: argparse.Namespace) -> None:
    async with stack:
        print(table(stack) + "\n", flush=True)
        await run_once(stack, asked.out.resolve(), asked.script)
        if not asked.once:
            print(
                f"\nGraphiQL   {stack.url}/graphql\nToken      {stack.token}\nStop       Ctrl-C", flush=True
            )
            await _told_to_stop()
            print("Stopping …")


async def _told_to_stop() -> None:
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    await told.wait()
