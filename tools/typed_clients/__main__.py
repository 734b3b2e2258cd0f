"""Write the typed clients anew: ``python -m tools.typed_clients``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from graphql import build_schema

from tools.typed_clients import python, typescript
from tools.typed_clients.model import read_model

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "clients/python/src/persona_graph_client/generated"
TYPESCRIPT = ROOT / "examples/linkedin-writer-ts"
DOCUMENTS = ROOT / "clients/python/documents"


def written() -> dict[Path, str]:
    """Every generated file with what belongs in it."""
    schema = build_schema((ROOT / "schema.graphql").read_text(encoding="utf-8"))
    texts = python.modules(read_model(schema, DOCUMENTS, mutations=True))
    files = {PACKAGE / name: tidied(text, PACKAGE / name) for name, text in texts.items()}
    files[TYPESCRIPT / "src/generated.ts"] = typescript.module(
        read_model(schema, TYPESCRIPT, mutations=False)
    )
    return files


def tidied(text: str, path: Path) -> str:
    """As ruff would leave it."""
    for command in (("check", "--quiet", "--fix-only", "--select", "I,F401"), ("format", "--quiet")):
        line = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(path), "-"]
        text = subprocess.run(line, input=text, capture_output=True, text=True, check=True, cwd=ROOT).stdout
    return text


def main() -> None:
    for path, text in written().items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
