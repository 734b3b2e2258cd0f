"""A persona by its name: found, or made from a recording and a portrait. All writers here begin with it."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from persona_graph_client import (
    Avatar,
    AvatarInput,
    ConsentScope,
    CreateAvatarInput,
    CreatePersonaInput,
    GrantConsentInput,
    Money,
    Persona,
    PersonaGraph,
    TrainVoiceInput,
    UploadPurpose,
    Voice,
    VoiceInput,
)


@dataclass(frozen=True)
class Person:
    """Who it is, and what a persona of theirs is made of where there is none yet. They must have agreed to it."""

    name: str
    recording: Path | None = None
    portrait: Path | None = None


async def ensure_persona(graph: PersonaGraph, person: Person) -> Persona:
    """The account's persona of that name, with a voice and a face as far as there is something to make them of."""
    persona = await find_persona(graph, person.name)
    if persona is None:
        persona = await graph.create_persona(CreatePersonaInput(name=person.name))
    if persona.voice is None and person.recording is not None:
        await train_voice(graph, persona, person.recording)
    if persona.avatar is None and person.portrait is not None:
        await make_avatar(graph, persona, person.portrait)
    return await graph.persona(persona.id) or persona


async def find_persona(graph: PersonaGraph, name: str) -> Persona | None:
    after = None
    while True:
        page = await graph.personas(first=100, after=after)
        for persona in page.nodes:
            if persona.name == name:
                return await graph.persona(persona.id)
        if not page.page_info.has_next_page:
            return None
        after = page.page_info.end_cursor


async def train_voice(graph: PersonaGraph, persona: Persona, recording: Path) -> Voice:
    await agree(graph, persona, ConsentScope.VOICE)
    sample = await graph.upload(recording, UploadPurpose.SAMPLE)
    made = await graph.train_voice(
        TrainVoiceInput(persona_id=persona.id, name=f"{persona.name}'s voice", sample_ids=[sample])
    )
    await graph.wait(made.job.id)
    # A product lets the person listen to `preview` before.
    return await graph.approve_voice(VoiceInput(voice_id=made.voice.id))


async def make_avatar(graph: PersonaGraph, persona: Persona, portrait: Path) -> Avatar:
    await agree(graph, persona, ConsentScope.LIKENESS)
    photo = await graph.upload(portrait, UploadPurpose.PHOTO)
    made = await graph.create_avatar(
        CreateAvatarInput(persona_id=persona.id, name=f"{persona.name}'s face", photo_id=photo)
    )
    await graph.wait(made.job.id)
    return await graph.approve_avatar(AvatarInput(avatar_id=made.avatar.id))


async def agree(graph: PersonaGraph, persona: Persona, scope: ConsentScope) -> None:
    if not any(consent.live and consent.scope is scope for consent in persona.consents):
        await graph.grant_consent(GrantConsentInput(persona_id=persona.id, scope=scope, subject=persona.name))


def arguments(what: str) -> argparse.ArgumentParser:
    """What every writer here is told on its command line."""
    parser = argparse.ArgumentParser(description=what)
    env = os.environ.get
    parser.add_argument("text", type=Path, help="a file with the text")
    parser.add_argument("--url", default=env("PERSONA_GRAPH_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--token", default=env("PERSONA_GRAPH_TOKEN", ""), help="or PERSONA_GRAPH_TOKEN")
    parser.add_argument("--persona", required=True, help="the name of the persona, and of the person")
    parser.add_argument("--recording", type=Path, help="60 to 180 s of speech, if it has no voice yet")
    parser.add_argument("--portrait", type=Path, help="a photo, if it has no face yet")
    parser.add_argument("--out", type=Path, default=Path(), help="the folder for what is made")
    parser.add_argument("--max-price", type=Decimal, help="refuse to spend more, in USD")
    return parser


def person_of(given: argparse.Namespace) -> Person:
    return Person(given.persona, given.recording, given.portrait)


def dollars(money: Money | None) -> str:
    return f"{money.amount.normalize():f} {money.currency}" if money else "nothing yet"
