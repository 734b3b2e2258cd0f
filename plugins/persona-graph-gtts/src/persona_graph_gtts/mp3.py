"""MPEG audio frames: enough to know that bytes are sound, and to put several files of it into one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

# kbit/s by index, for layer III of MPEG-1 and of MPEG-2/2.5; Hz by version and index.
_RATES_1 = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
_RATES_2 = (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
_HERTZ = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}


def frames(content: bytes) -> Iterator[bytes]:
    """The sounding frames, without tags and without an encoder's first frame that only holds counts."""
    at = _after_tag(content)
    while at + 4 <= len(content):
        length = _length(content[at : at + 4])
        if length is None:
            at += 1
            continue
        frame = content[at : at + length]
        if len(frame) < length:
            return
        following = content[at + length : at + length + 4]
        if len(following) == 4 and _length(following) is None and following[:3] != b"TAG":
            # Two bytes like a frame's occur in any noise; a frame is followed by one.
            at += 1
            continue
        if not any(mark in frame[:64] for mark in (b"Xing", b"Info", b"VBRI")):
            yield frame
        at += length


def joined(parts: Iterable[bytes]) -> bytes:
    return b"".join(frame for part in parts for frame in frames(part))


def _after_tag(content: bytes) -> int:
    if content[:3] != b"ID3" or len(content) < 10:
        return 0
    size = 0
    for byte in content[6:10]:
        size = size << 7 | byte & 0x7F
    return 10 + size


def _length(head: bytes) -> int | None:
    """Bytes of the frame with this head; ``None`` if it is the head of no layer III frame."""
    if head[0] != 0xFF or head[1] & 0xE0 != 0xE0 or (head[1] >> 1) & 3 != 1:
        return None
    version, rate, hertz, padding = (head[1] >> 3) & 3, head[2] >> 4, (head[2] >> 2) & 3, (head[2] >> 1) & 1
    if version == 1 or rate in (0, 15) or hertz == 3:
        return None
    kilobits = (_RATES_1 if version == 3 else _RATES_2)[rate]
    return (144 if version == 3 else 72) * kilobits * 1000 // _HERTZ[version][hertz] + padding
