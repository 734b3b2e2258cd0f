"""Who speaks for a persona, and the leg for it."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.viewer import Viewer
from persona_graph.catalog import routing
from persona_graph.catalog.tiers import Feature
from persona_graph.jobs.submit import LegPlan
from persona_graph.personas.approval import nothing_live
from persona_graph.personas.consents import need_consent
from persona_graph.personas.finding import live_consent
from persona_graph.personas.planning import plan_speech
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import ConsentScope, Persona, Platform, Voice, VoicePolicy
from persona_graph.personas.voices import enrolled_at, speaking_voice


async def speech_leg(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, script: str,
    language: str, policy: VoicePolicy, *, included: bool = False, speed: float = 1.0,
    options: frozenset[str] = frozenset(), persona_voice: bool = True, platform: Platform | None = None,
) -> tuple[Voice | None, LegPlan]:  # fmt: skip
    """Who speaks, and the leg for it. The persona's own voice unless the tier has none, a stock voice is allowed, or
    it is not wanted."""
    own = persona_voice and personas.tiers.tier(account.tier).allows(Feature.OWN_VOICE)
    stock = policy is VoicePolicy.ALLOW_STOCK_VOICE or not own
    voice = await speaking_voice(session, viewer, persona, platform) if own else None
    if voice is not None and not stock:
        await need_consent(session, persona.id, ConsentScope.VOICE)
    elif voice is not None and await live_consent(session, persona.id, ConsentScope.VOICE) is None:
        voice = None
    if voice is None and not stock:
        raise await nothing_live(session, persona, Voice, " Or pass voicePolicy: ALLOW_STOCK_VOICE.")
    enrolled = await enrolled_at(session, voice) if voice else None
    return voice, plan_speech(
        "SPEECH", account.tier, script, language, routing.VoiceWish(enrolled_at=enrolled, stock_allowed=stock),
        included=included, speed=speed, options=options,
    )  # fmt: skip
