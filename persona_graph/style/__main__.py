"""``python -m persona_graph.style FILE``: measures texts and prints their profile. FILE holds
``{"language": "en" or null, "spoken": "en", "sources": [{"name", "text", "kind"}]}``; a null language is guessed, and taken
to be the spoken one where that is too unsure."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from persona_graph.style.language import guess
from persona_graph.style.profile import measure
from persona_graph.style.text import Source

SURE = 0.4


def main(path: str) -> None:
    asked = json.loads(Path(path).read_text(encoding="utf-8"))
    sources = [Source(**each) for each in asked["sources"]]
    guessed = None if asked["language"] else guess(sorted(source.text for source in sources))
    sure = guessed is not None and guessed.confidence >= SURE
    language = asked["language"] or (guessed.code if guessed and sure else asked["spoken"])
    said = {
        "profile": measure(sources, language).stored(),
        "guessed": {"code": guessed.code, "confidence": guessed.confidence} if guessed else None,
    }
    sys.stdout.write(json.dumps(said, allow_nan=False))


if __name__ == "__main__":
    main(*sys.argv[1:])
