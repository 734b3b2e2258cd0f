"""A text on a brief, out of the brief's own words: the same one every time, and plainly nobody's."""

from __future__ import annotations

import hashlib
import random
import re

USUAL_LENGTH = 600
_SMALL = frozenset(
    [
        "about",
        "above",
        "after",
        "again",
        "also",
        "and",
        "any",
        "are",
        "because",
        "been",
        "before",
        "being",
        "below",
        "between",
        "both",
        "but",
        "can",
        "could",
        "did",
        "does",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "here",
        "how",
        "into",
        "its",
        "itself",
        "just",
        "more",
        "most",
        "much",
        "must",
        "not",
        "now",
        "off",
        "once",
        "only",
        "other",
        "our",
        "out",
        "over",
        "own",
        "same",
        "should",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "too",
        "under",
        "until",
        "very",
        "was",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "words",
        "would",
        "write",
        "writing",
        "written",
        "you",
        "your",
        "sentence",
        "sentences",
        "text",
        "paragraph",
        "post",
        "character",
        "characters",
    ]
)
_FIRST = "This text comes from the sandbox."
_FRAMES = (
    "Think of {a} for a moment.",
    "What matters about {a} is {b}.",
    "Most people look at {a} and miss {b}.",
    "It starts with {a}, and it ends with {b}.",
    "There is more to {a} than {b}.",
    "Without {a}, there would be no {b}.",
    "Nobody has to explain {a}; it explains {b}.",
    "So take {a} seriously.",
    "A little {a} goes a long way.",
    "Between {a} and {b} lies the rest of the day.",
)


def write(brief: str, most: int | None = None) -> str:
    """At most ``most`` characters of whole sentences, as far as one fits."""
    most = most or USUAL_LENGTH
    dice = random.Random(hashlib.sha256(brief.encode()).digest())  # noqa: S311
    topics = _topics(brief)
    written, frames = _FIRST[:most], list(_FRAMES)
    while frames:
        frame = frames.pop(dice.randrange(len(frames)))
        sentence = frame.format(a=dice.choice(topics), b=dice.choice(topics))
        if len(written) + 1 + len(sentence) <= most:
            written += f" {sentence}"
    return written


def _topics(brief: str) -> list[str]:
    words = [word.lower() for word in re.findall(r"[^\W\d_]{3,}", brief)]
    return [word for word in dict.fromkeys(words) if word not in _SMALL][:12] or ["nothing in particular"]
