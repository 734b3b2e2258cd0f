"""The promises of a WAV header, checked before a decoder acts on them."""

from __future__ import annotations

import os
import struct
from typing import BinaryIO

from persona_graph.media.child import damaged

MOST_CHANNELS = 8
RATES = range(4_000, 384_001)
# Writers that cannot seek back leave one of these as the length.
_UNKNOWN_LENGTHS = (0, 0xFFFFFFFF, 0xFFFFFFFE, 0x7FFFFFFF, 0x7FFFF000, 0xFFFFF000, 0x80000000)


def check_wav(file: BinaryIO) -> None:
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    long_form = file.read(12)[:4] in (b"RF64", b"BW64")
    seen_format = False
    for _ in range(1000):
        head = file.read(8)
        if len(head) < 8:
            break
        name, length = struct.unpack("<4sI", head)
        if name == b"data":
            if not seen_format:
                break
            _check_length(length, size - file.tell(), long_form)
            return
        if name == b"fmt ":
            check_format(file.read(16))
            seen_format = True
            length -= 16
        file.seek(max(length, 0) + (length & 1), os.SEEK_CUR)
    raise damaged("This WAV file has no sound in it or no description of its sound.")


def check_format(body: bytes) -> None:
    if len(body) < 16:
        raise damaged("The header of this WAV file is cut off.")
    _, channels, rate, _, _, bits = struct.unpack("<HHIIHH", body)
    check_sound(rate, channels)
    if not 0 <= bits <= 64:
        raise damaged(f"The header of this WAV file claims {bits} bits per sample.")


def check_sound(rate: int, channels: int) -> None:
    if not 1 <= channels <= MOST_CHANNELS:
        raise damaged(f"The file claims {channels} channels; 1 to {MOST_CHANNELS} are accepted.")
    if rate not in RATES:
        raise damaged(f"The file claims {rate} samples per second; {RATES[0]} to {RATES[-1]} are accepted.")


def _check_length(announced: int, present: int, long_form: bool) -> None:
    if not long_form and announced not in _UNKNOWN_LENGTHS and present < 0.98 * announced:
        raise damaged("The file ends early: its header announces more sound than there is.",
                      "Upload it again, completely.")  # fmt: skip
