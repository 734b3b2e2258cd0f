"""How a person writes: measured on their texts, put into words for a writer, and compared with another text.

Pure: no database, no network, no clock. The same texts give the same numbers.
"""

from __future__ import annotations

from persona_graph.style.check import Checked, nearest, score
from persona_graph.style.edits import Edits, Style
from persona_graph.style.findings import Finding
from persona_graph.style.platforms import FACTS, Adaptation, PlatformFacts, adapt
from persona_graph.style.profile import Profile, measure
from persona_graph.style.prompt import describe, render
from persona_graph.style.text import Source

__all__ = [
    "FACTS", "Adaptation", "Checked", "Edits", "Finding", "PlatformFacts", "Profile", "Source", "Style", "adapt",
    "describe", "measure", "nearest", "render", "score",
]  # fmt: skip
