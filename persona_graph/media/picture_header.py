"""Size and orientation of a picture from its header alone: a decoder would already have allocated it."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO

from persona_graph.media.child import damaged
from persona_graph.media.sniff import JPEG, PNG, Kind

_MOST_BLOCKS = 20_000
_ORIENTATION = 0x0112
_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_START_OF_SCAN, _END, _APP1 = 0xDA, 0xD9, 0xE1


def picture_size(file: BinaryIO, kind: Kind) -> tuple[int, int]:
    """(width, height), the largest that any part of the header claims."""
    if kind is JPEG:
        found = [struct.unpack(">HH", body[1:5])[::-1] for mark, body in _jpeg(file)
                 if mark in _START_OF_FRAME and len(body) >= 5]  # fmt: skip
    elif kind is PNG:
        found = [
            struct.unpack(">II", body[:8]) for name, body in _png(file) if name == b"IHDR" and len(body) >= 8
        ]
    else:
        found = [size for name, body in _webp(file) if (size := _webp_size(name, body))]
    if not found or not all(width and height for width, height in found):
        raise damaged(f"The header of this {kind.name} picture does not say how large it is.")
    return max(width for width, _ in found), max(height for _, height in found)


def orientation(file: BinaryIO, kind: Kind) -> int:
    """EXIF's 1 to 8; 1 when there is none or it makes no sense."""
    if kind is JPEG:
        blocks = [body[6:] for mark, body in _jpeg(file) if mark == _APP1 and body[:6] == b"Exif\0\0"]
    elif kind is PNG:
        blocks = [body for name, body in _png(file) if name == b"eXIf"]
    else:
        blocks = [body.removeprefix(b"Exif\0\0") for name, body in _webp(file) if name == b"EXIF"]
    return _exif_orientation(blocks[0]) if blocks else 1


def has_alpha(file: BinaryIO, kind: Kind) -> bool:
    """Whether it says so in its header; eight bits per channel only."""
    if kind is PNG:
        return any(name == b"IHDR" and body[8:10] in (b"\x08\x04", b"\x08\x06") for name, body in _png(file))
    if kind is JPEG:
        return False
    return any((name == b"VP8X" and body[:1] and body[0] & 0x10) or (name == b"VP8L" and body[4:5] and body[4] & 0x10)
               for name, body in _webp(file))  # fmt: skip


def is_whole(file: BinaryIO, kind: Kind) -> bool:
    """Decoders fill what is missing of a JPEG or PNG with grey and call it a picture."""
    if kind is JPEG:
        for _ in _jpeg(file):
            pass
        # An embedded thumbnail has its own end marker, but stands before the first scan.
        return b"\xff\xd9" in file.read()
    file.seek(0)
    return kind is not PNG or b"\0\0\0\0IEND\xaeB`\x82" in file.read()


def _exif_orientation(exif: bytes) -> int:
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if not order or len(exif) < 8:
        return 1
    start = struct.unpack_from(order + "I", exif, 4)[0]
    if start + 2 > len(exif):
        return 1
    for entry in range(struct.unpack_from(order + "H", exif, start)[0]):
        at = start + 2 + 12 * entry
        if at + 12 > len(exif):
            break
        tag, _, _, value = struct.unpack_from(order + "HHIH", exif, at)
        if tag == _ORIENTATION:
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _jpeg(file: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Segments up to the first scan: later ones cannot change the size."""
    file.seek(2)
    for _ in range(_MOST_BLOCKS):
        byte = file.read(1)
        while byte and byte != b"\xff":
            byte = file.read(1)
        while byte == b"\xff":
            byte = file.read(1)
        if not byte or byte[0] in (_START_OF_SCAN, _END):
            return
        if byte[0] in (0x00, 0x01) or 0xD0 <= byte[0] <= 0xD8:
            continue
        length = file.read(2)
        if len(length) < 2:
            return
        yield byte[0], file.read(max(struct.unpack(">H", length)[0] - 2, 0))


def _png(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    file.seek(8)
    for _ in range(_MOST_BLOCKS):
        head = file.read(8)
        if len(head) < 8:
            return
        length, name = struct.unpack(">I4s", head)
        # Pixels can be large and are of no interest here.
        body = file.read(length) if name in (b"IHDR", b"eXIf") and length <= 1 << 20 else b""
        file.seek(length - len(body) + 4, os.SEEK_CUR)
        yield name, body


def _webp(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    file.seek(12)
    for _ in range(_MOST_BLOCKS):
        head = file.read(8)
        if len(head) < 8:
            return
        name, length = struct.unpack("<4sI", head)
        body = file.read(min(length, 1 << 16 if name == b"EXIF" else 10))
        file.seek(length - len(body) + (length & 1), os.SEEK_CUR)
        yield name, body


def _webp_size(name: bytes, body: bytes) -> tuple[int, int] | None:
    if len(body) < 10:
        return None
    if name == b"VP8X":
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8 ":
        width, height = struct.unpack_from("<HH", body, 6)
        return width & 0x3FFF, height & 0x3FFF
    if name == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return None
