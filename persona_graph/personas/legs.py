"""How speech and video legs are planned, wherever they occur."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from persona_graph.accounts.accounts import Account
from persona_graph.accounts.viewer import Viewer
from persona_graph.catalog import prices, routing
from persona_graph.catalog.tiers import Feature
from persona_graph.errors import WrongState
from persona_graph.jobs.submit import LegPlan
from persona_graph.personas.consents import need_consent
from persona_graph.personas.room import Personas
from persona_graph.personas.tables import ConsentScope, Persona, Voice, VoicePolicy
from persona_graph.personas.voices import enrolled_at, speaking_voice
from persona_graph.provider import Capability


async def speech_leg(
    personas: Personas, session: AsyncSession, viewer: Viewer, account: Account, persona: Persona, script: str,
    language: str, policy: VoicePolicy, *, included: bool = False,
) -> tuple[Voice | None, LegPlan]:  # fmt: skip
    """Who speaks, and the leg for it. The persona's own voice unless the tier has none or a stock voice is allowed."""
    tier = personas.tiers.tier(account.tier)
    voice = await speaking_voice(session, viewer, persona) if tier.allows(Feature.OWN_VOICE) else None
    if voice is not None:
        await need_consent(session, persona.id, ConsentScope.VOICE)
    stock = policy is VoicePolicy.ALLOW_STOCK_VOICE or not tier.allows(Feature.OWN_VOICE)
    if voice is None and not stock:
        raise WrongState(
            code="NOT_READY", message="This persona has no approved voice yet.", state="NOT_TRAINED",
            path=("personaId",),
            fix="Train one with trainVoice and approve it, or pass voicePolicy: ALLOW_STOCK_VOICE.",
        )  # fmt: skip
    need = routing.Need(
        Capability.SPEECH, account.tier, characters=len(script), language=language,
        voice_at=await enrolled_at(session, voice) if voice else frozenset(), stock_allowed=stock,
    )  # fmt: skip
    quote = prices.QuoteInput(Capability.SPEECH, script=script, language=language, included=included)
    return voice, LegPlan("SPEECH", need, weight=1.0, quote=quote)


def video_leg(
    tier: str, *, script: str | None = None, seconds: float | None = None, language: str = "en",
    resolution: str = "480p", included: bool = False,
) -> LegPlan:  # fmt: skip
    """A video as long as its speech: of known ``seconds``, or as long as ``script`` is likely to take."""
    length = prices.speech_seconds(script, language) if script is not None else None
    need = routing.Need(
        Capability.TALKING_VIDEO, tier, seconds=seconds if length is None else length.likely, resolution=resolution,
        language=language,
    )  # fmt: skip
    quote = prices.QuoteInput(
        Capability.TALKING_VIDEO, seconds=seconds, script=script, language=language, resolution=resolution,
        included=included,
    )  # fmt: skip
    return LegPlan("VIDEO", need, weight=3.0, quote=quote)
