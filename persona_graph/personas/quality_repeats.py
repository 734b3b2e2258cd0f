"""How much of a set is there more than once, by the rise and fall of its level every 50 ms. Pure."""

from __future__ import annotations

from collections.abc import Sequence

_CHUNK = 100  # 5 s
_MOST_CHUNKS = 60
_LAG = 20  # 1 s: nearer, speech resembles itself
_MASK = (1 << _CHUNK) - 1
_FEWEST_SURE = 30
# Measured on four readers: copies 0.89 and more wherever they lie between the steps, other sentences up to 0.81.
_SAME = 0.86


def distinct_share(rhythms: Sequence[tuple[str, str]]) -> float:
    """Of all stretches of 5 s with speech in them, the part that was not heard before in the set."""
    rises, sure, length = _laid_out(rhythms)
    starts = [
        at for at in range(0, length - _CHUNK + 1, _LAG) if ((sure >> at) & _MASK).bit_count() >= _FEWEST_SURE
    ]
    if len(starts) < 2:
        return 1.0
    looked = starts[:: -(-len(starts) // _MOST_CHUNKS)]
    repeated = sum(_heard_before(rises, sure, at) for at in looked)
    return 1 - repeated / len(looked)


def _laid_out(rhythms: Sequence[tuple[str, str]]) -> tuple[int, int, int]:
    rises = sure = length = 0
    for up, certain in rhythms:
        bits = max(len(up), len(certain)) * 4
        rises |= int(up, 16) << length
        sure |= int(certain, 16) << length
        length += bits
    return rises, sure, length


def _heard_before(rises: int, sure: int, at: int) -> bool:
    mine, certain = (rises >> at) & _MASK, (sure >> at) & _MASK
    for _ in range(at - _LAG + 1):
        both = certain & sure
        known = both.bit_count()
        if known >= _FEWEST_SURE and ((mine ^ (rises & _MASK)) & both).bit_count() <= (1 - _SAME) * known:
            return True
        rises >>= 1
        sure >>= 1
    return False
