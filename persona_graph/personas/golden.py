"""Golden lines: the same few sentences, spoken now and then, to hear whether a voice is still the one that was approved."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from persona_graph.accounts.viewer import Scope, Viewer
from persona_graph.errors import InvalidInput
from persona_graph.personas.finding import hold
from persona_graph.personas.room import Personas, spoken_text
from persona_graph.personas.tables import Persona

MOST_LINES, LINE, WHOLE = 10, 300, 800
# A statement, a question, numbers and an exclamation: about fifteen seconds of speech.
LINES = {
    "en": (
        "Every voice has a colour of its own, and people notice when it changes.",
        "Did you hear the rain against the window early this morning?",
        "We counted twenty-seven boats in the harbour, three of them painted yellow.",
        "What a wonderful view!",
    ),
    "de": (
        "Jede Stimme hat ihre eigene Farbe, und man merkt, wenn sie sich ändert.",
        "Hast du heute früh den Regen am Fenster gehört?",
        "Wir zählten siebenundzwanzig Boote im Hafen, drei davon waren gelb gestrichen.",
        "Was für eine schöne Aussicht!",
    ),
    "fr": (
        "Chaque voix a sa propre couleur, et l'on remarque quand elle change.",
        "As-tu entendu la pluie contre la fenêtre ce matin ?",
        "Nous avons compté vingt-sept bateaux dans le port, dont trois peints en jaune.",
        "Quelle vue magnifique !",
    ),
    "es": (
        "Cada voz tiene su propio color, y la gente nota cuando cambia.",
        "¿Oíste la lluvia contra la ventana esta mañana?",
        "Contamos veintisiete barcos en el puerto, tres de ellos pintados de amarillo.",
        "¡Qué vista tan maravillosa!",
    ),
}


def lines_of(persona: Persona) -> Sequence[str]:
    """Those set by hand, else those of its language; English ones where there are none."""
    return persona.golden_lines or LINES.get(persona.language.split("-")[0], LINES["en"])


def checked_lines(lines: Sequence[str]) -> list[str]:
    if not 1 <= len(lines) <= MOST_LINES:
        raise InvalidInput(
            message=f"There are {len(lines)} lines.", path=("lines",), fix=f"Give 1 to {MOST_LINES}."
        )
    said = [" ".join(spoken_text(line, "lines", LINE).split()) for line in lines]
    if sum(map(len, said)) > WHOLE:
        raise InvalidInput(
            code="TEXT_TOO_LONG", message=f"The lines have {sum(map(len, said)):,} characters together.",
            path=("lines",), fix=f"Use at most {WHOLE}.",
        )  # fmt: skip
    return said


def name_of(script: str) -> str:
    """Equal for equal words only."""
    return hashlib.sha256(script.encode()).hexdigest()


async def set_golden_lines(
    personas: Personas, viewer: Viewer, persona_id: str, lines: Sequence[str] | None
) -> Persona:
    """``None`` goes back to those of its language. What was measured on other lines is compared with no more."""
    viewer.need(Scope.WRITE)
    said = None if lines is None else checked_lines(lines)
    async with personas.db.writing() as session:
        persona = await hold(session, viewer, Persona, persona_id, "personaId")
        persona.golden_lines = said
    return persona
