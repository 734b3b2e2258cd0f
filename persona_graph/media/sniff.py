"""What a file is, by its bytes alone: its name and its declared type are whatever the sender wrote."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import BinaryIO

from persona_graph.errors import MediaRefused

HEAD = 8192
ACCEPTED_AUDIO = "Send WAV, MP3, FLAC, OGG (Vorbis or Opus), M4A or WebM audio."
ACCEPTED_PHOTO = "Send a PNG, JPEG or WebP picture."
ACCEPTED_VIDEO = "Send an MP4 video."


@dataclass(frozen=True)
class Kind:
    """``demuxer`` and ``codecs`` are all that the decoder may use for this kind: a file that claims to be
    one thing and holds another is refused by the decoder instead of opening more of its code."""

    name: str
    content_type: str
    demuxer: str = ""
    codecs: tuple[str, ...] = ()


_PCM = ("pcm_u8", "pcm_s16le", "pcm_s24le", "pcm_s32le", "pcm_f32le", "pcm_f64le", "pcm_alaw", "pcm_mulaw")
_AAC = ("aac", "alac", "mp3", "mp3float", "opus", "libopus", "flac")
_OPUS = ("opus", "libopus", "vorbis", "libvorbis")

WAV = Kind("WAV", "audio/wav", "wav", (*_PCM, "adpcm_ms", "adpcm_ima_wav"))
MP3 = Kind("MP3", "audio/mpeg", "mp3", ("mp3", "mp3float"))
FLAC = Kind("FLAC", "audio/flac", "flac", ("flac",))
OGG = Kind("OGG", "audio/ogg", "ogg", (*_OPUS, "flac"))
M4A = Kind("M4A", "audio/mp4", "mov", _AAC)
WEBM = Kind("WebM", "audio/webm", "matroska", (*_OPUS, "flac", "aac", "mp3", "mp3float", *_PCM))
PNG = Kind("PNG", "image/png")
JPEG = Kind("JPEG", "image/jpeg")
WEBP = Kind("WebP", "image/webp")
MP4 = Kind(
    "MP4", "video/mp4", "mov", ("h264", "hevc", "mpeg4", "av1", "libdav1d", "vp9", "libvpx-vp9", *_AAC)
)

_STILL_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1", b"avif", b"avis")
_OGG_CODECS = (b"\x01vorbis", b"OpusHead", b"\x7fFLAC")

# First match wins; only used to tell the sender what they sent.
_KNOWN: tuple[tuple[int, bytes, str], ...] = (
    (0, b"PK\x03\x04", "a ZIP archive"),
    (0, b"PK\x05\x06", "a ZIP archive"),
    (0, b"\x1f\x8b", "a gzip archive"),
    (0, b"BZh", "a bzip2 archive"),
    (0, b"\xfd7zXZ", "an xz archive"),
    (0, b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (0, b"Rar!", "a RAR archive"),
    (257, b"ustar", "a tar archive"),
    (0, b"\x7fELF", "a program"),
    (0, b"MZ", "a program"),
    (0, b"%PDF", "a PDF"),
    (0, b"#EXTM3U", "a playlist"),
    (0, b"ffconcat", "a playlist"),
    (0, b"[playlist]", "a playlist"),
    (0, b"v=0", "a stream description"),
    (0, b"GIF8", "a GIF picture"),
    (0, b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (0, b"\xff\xd8\xff", "a JPEG picture"),
    (8, b"WEBP", "a WebP picture"),
    (0, b"BM", "a BMP picture"),
    (0, b"II*\x00", "a TIFF picture"),
    (0, b"MM\x00*", "a TIFF picture"),
    (8, b"WAVE", "WAV audio"),
    (8, b"AVI ", "an AVI video"),
    (8, b"AIFF", "AIFF audio"),
    (8, b"AIFC", "AIFF audio"),
    (0, b"fLaC", "FLAC audio"),
    (0, b"OggS", "an OGG file"),
    (0, b"ID3", "a file with an ID3 tag"),
    (0, b"#!AMR", "AMR audio"),
    (0, b"MThd", "a MIDI file"),
    (0, b"0&\xb2u", "a Windows Media file"),
    (0, b"\x1aE\xdf\xa3", "a Matroska or WebM file"),
    (4, b"ftyp", "an MP4 file"),
    (0, b"#!", "a script"),
    (0, b"<?php", "a script"),
    (0, b"RIFF", "a RIFF file of another sort"),
)


def sniff_audio(file: BinaryIO) -> Kind:
    head = _head(file)
    if head[:4] in (b"RIFF", b"RF64", b"BW64") and head[8:12] == b"WAVE":
        return WAV
    if head[:4] == b"fLaC":
        return FLAC
    if head[:4] == b"OggS" and any(mark in head[:4096] for mark in _OGG_CODECS):
        return OGG
    if head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS:
        return M4A
    if head[:4] == b"\x1aE\xdf\xa3" and (b"webm" in head[:128] or b"matroska" in head[:128]):
        return WEBM
    if _is_mp3(file, head):
        return MP3
    raise unsupported(head, ACCEPTED_AUDIO)


def sniff_photo(file: BinaryIO) -> Kind:
    head = _head(file)
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return PNG
    if head.startswith(b"\xff\xd8\xff"):
        return JPEG
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return WEBP
    raise unsupported(head, ACCEPTED_PHOTO)


def sniff_video(file: BinaryIO) -> Kind:
    head = _head(file)
    if head[4:8] == b"ftyp" and head[8:12] not in _STILL_BRANDS:
        return MP4
    raise unsupported(head, ACCEPTED_VIDEO)


def unsupported(head: bytes, accepted: str) -> MediaRefused:
    return MediaRefused(
        message=f"This is {describe(head)}. {accepted}", code="MEDIA_UNSUPPORTED", fix=accepted
    )


def describe(head: bytes) -> str:
    for offset, magic, name in _KNOWN:
        if head[offset : offset + len(magic)] == magic:
            return name
    if head[:1] == b"\xff" and len(head) > 1 and head[1] & 0xF6 == 0xF0:
        return "raw AAC audio"
    return _describe_text(head) or "a file of an unknown type"


def _describe_text(head: bytes) -> str:
    text = head[:1024].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    if text.startswith(b"<"):
        for mark, name in ((b"<svg", "an SVG drawing"), (b"<mpd", "a playlist"), (b"<html", "a web page"),
                           (b"<!doctype html", "a web page"), (b"<script", "a web page")):  # fmt: skip
            if mark in text:
                return name
        return "an XML or HTML text"
    printable = sum(32 <= byte < 127 or byte in b"\t\r\n" for byte in head[:1024])
    return "a text file" if printable > 0.9 * len(head[:1024]) else ""


def _head(file: BinaryIO) -> bytes:
    file.seek(0)
    head = file.read(HEAD)
    if not head:
        raise MediaRefused(message="The file is empty.", code="MEDIA_DAMAGED", fix="Upload it again.")
    return head


_BITRATES = {
    (1, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (1, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (1, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (2, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (2, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (2, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_RATES = {3: (44100, 48000, 32000), 2: (22050, 24000, 16000), 0: (11025, 12000, 8000)}
_FRAMES_IN_A_ROW = 3
_LONGEST_FRAME = 2881


def _is_mp3(file: BinaryIO, head: bytes) -> bool:
    start = _after_tags(file)
    if start == 0 and head[:1] != b"\xff" and (describe(head) != "a file of an unknown type"):
        return False
    file.seek(start)
    data = file.read(64 * 1024)
    # Taggers pad with zeros; a stream recorder starts in the middle of a frame.
    padding = len(data) - len(data.lstrip(b"\0"))
    return any(_frames_from(data, at) for at in range(padding, min(padding + _LONGEST_FRAME, len(data))))


def _after_tags(file: BinaryIO) -> int:
    size = os.fstat(file.fileno()).st_size
    start = 0
    for _ in range(4):
        file.seek(start)
        tag = file.read(10)
        if tag[:3] != b"ID3" or len(tag) < 10:
            break
        length = sum((byte & 0x7F) << shift for byte, shift in zip(tag[6:10], (21, 14, 7, 0), strict=True))
        start += 10 + length + (10 if tag[5] & 0x10 else 0)
        if start >= size or any(byte & 0x80 for byte in tag[6:10]):
            raise MediaRefused(
                message="The file's ID3 tag claims to be larger than the file.",
                code="MEDIA_DAMAGED", fix="Save the file without tags, or export it again.",
            )  # fmt: skip
    return start


def _frames_from(data: bytes, at: int) -> bool:
    """Two bytes that look like a frame are common in anything; several frames in step are not."""
    first: tuple[int, ...] | None = None
    for _ in range(_FRAMES_IN_A_ROW):
        frame = _mp3_frame(data[at : at + 4])
        if frame is None or (first is not None and frame[1:] != first):
            return False
        first = frame[1:]
        at += frame[0]
    return True


def _mp3_frame(header: bytes) -> tuple[int, int, int, int] | None:
    """(length in bytes, version, layer, rate) of the MPEG audio frame with this header."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return None
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bitrate_at, rate_at, padding = header[2] >> 4, header[2] >> 2 & 3, header[2] >> 1 & 1
    if version == 1 or layer == 4 or rate_at == 3 or bitrate_at in (0, 15):
        return None
    bitrate = _BITRATES[(1 if version == 3 else 2, layer)][bitrate_at] * 1000
    rate = _RATES[version][rate_at]
    if layer == 1:
        return (12 * bitrate // rate + padding) * 4, version, layer, rate
    samples = 576 if layer == 3 and version != 3 else 1152
    return samples // 8 * bitrate // rate + padding, version, layer, rate
