"""The figures of docs/quality.md, measured on the four readers of tests/samples.

python benchmarks/quality_table.py            # prints the tables
python benchmarks/quality_table.py --write    # puts them between the markers of docs/quality.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from itertools import combinations
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from persona_graph.media.analysis import Analysis  # noqa: E402
from persona_graph.media.speaker import Fingerprint, similarity  # noqa: E402
from persona_graph.personas.characteristics import characterise  # noqa: E402
from persona_graph.personas.quality import Quality, hear, judge  # noqa: E402
from tests import readers  # noqa: E402

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"


def fingerprint(samples: Sequence[Analysis]) -> Fingerprint:
    passages = [passage for each in samples for passage in each.passages]
    columns = zip(*([x * passage.seconds for x in passage.vector] for passage in passages), strict=True)
    return Fingerprint([sum(column) for column in columns], sum(passage.seconds for passage in passages))


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows)])


def parts(name: str, found: Quality) -> list[object]:
    return [name, found.score, found.consistency, found.sample_quality, found.duration, found.variety]


def scores(heard: dict[str, list[Analysis]]) -> str:
    sets = {f"five sentences of {reader}": five for reader, five in heard.items()}
    sets |= {f"one sentence of {reader}, five times": [five[0]] * 5 for reader, five in heard.items()}
    sets["four readers, one of them twice"] = [
        heard[reader][n] for n, reader in enumerate((*readers.READERS, "1688"))
    ]
    sets["four sentences of 1998 and one of 2033"] = [*heard["1998"][:4], heard["2033"][1]]
    rows = [parts(name, judge([hear(each) for each in some])) for name, some in sets.items()]
    return table(["set", "score", "consistency", "sample quality", "duration", "variety"], rows)


def likeness(heard: dict[str, list[Analysis]]) -> str:
    halves = {reader: (fingerprint(five[:2]), fingerprint(five[2:])) for reader, five in heard.items()}
    rows = [(reader, reader, f"{similarity(*pair):.3f}") for reader, pair in halves.items()]
    for a, b in combinations(halves, 2):
        rows.append((a, b, f"{max(similarity(x, y) for x in halves[a] for y in halves[b]):.3f}"))
    return table(["speaker", "other sentences of", "cosine"], rows)


def noise() -> str:
    from persona_graph.media import child_measures

    levels = (0, 5, 10, 15, 20, 30, 40)
    rows = []
    for reader in readers.READERS:
        clean, power = readers.gated(reader)
        noisy = [readers.noise_like(clean, power, level) for level in levels]
        found = [child_measures.noise(each, readers.speech_steps(each)).snr for each in noisy]
        rows.append((reader, *("–" if snr is None else f"{snr:.1f}" for snr in found)))
    return table(["added noise at", *(f"{level} dB" for level in levels)], rows)


def voices(heard: dict[str, list[Analysis]]) -> str:
    rows = []
    for reader, five in heard.items():
        found = characterise(five)
        snr = sorted(each.snr for each in five if each.snr is not None)
        room = [each.reverberation_seconds for each in five if each.reverberation_seconds]
        rows.append((
            reader, f"{found.pitch_hz or 0:.0f} Hz", found.pitch, found.gender, found.age,
            f"{snr[0]:.0f}–{snr[-1]:.0f} dB", f"{max(room):.2f} s" if room else "–",
            ", ".join(tone.word for tone in found.tone) or "–",
        ))  # fmt: skip
    return table(["reader", "pitch", "class", "gender hint", "age hint", "SNR", "room", "tone"], rows)


def figures() -> str:
    heard = readers.analyses()
    sections = {
        "Scores of sets": scores(heard), "The same speaker and others": likeness(heard),
        "Noise of a known level, as measured": noise(), "Voices": voices(heard),
    }  # fmt: skip
    return "\n\n".join(f"### {title}\n\n{text}" for title, text in sections.items())


def main() -> None:
    wanted = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    wanted.add_argument("--write", action="store_true")
    made = figures()
    if not wanted.parse_args().write:
        print(made)
        return
    page = ROOT / "docs" / "quality.md"
    before, rest = page.read_text(encoding="utf-8").split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{made}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
