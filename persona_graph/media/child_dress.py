"""Child: a poster frame, captions as a track or in the picture, equal lengths, and the index up front."""

from __future__ import annotations

import subprocess
from pathlib import Path

from persona_graph.media.child import Answer, Request, create_file, damaged, open_file, reply
from persona_graph.media.sniff import sniff_video

_FONTS = Path(__file__).with_name("fonts")
_LEAST_FPS = 24
_FPS = 25


def dress(request: Request) -> Answer:
    if request.get("poster"):
        _run(request, _poster(request))
    if request.get("out"):
        _run(request, _encoded(request) if request["encode"] else _remuxed(request))
    return {}


def _poster(request: Request) -> list[str]:
    """One picture, without what the file says about itself."""
    create_file(request["poster"]).close()
    return [
        "-map", "0:v:0", "-ss", f"{request['poster_at']:.3f}", "-frames:v", "1", "-q:v", "3", "-pix_fmt",
        "yuvj420p", "-map_metadata", "-1", "-f", "image2", "-update", "1", "-c:v", "mjpeg", request["poster"],
    ]  # fmt: skip


def _remuxed(request: Request) -> list[str]:
    return [*_streams(request), "-c:v", "copy", *_written(request)]


def _encoded(request: Request) -> list[str]:
    """As long as its sound: the last picture stays, or the rest is cut."""
    seconds = request["seconds"]
    filters = [f"fps={request['fps'] if request['fps'] >= _LEAST_FPS else _FPS:.4f}"]
    filters.append(f"tpad=stop_mode=clone:stop_duration={seconds:.3f}")
    if ass := request.get("burned"):
        filters.append(f"ass=filename={_quoted(ass)}:fontsdir={_quoted(str(_FONTS))}")
    return [
        *_streams(request), "-vf", ",".join(filters), "-t", f"{seconds:.3f}", "-c:v", "libx264", "-preset",
        "veryfast", "-crf", "20", "-pix_fmt", "yuv420p", *_written(request),
    ]  # fmt: skip


def _streams(request: Request) -> list[str]:
    """The captions come as a second input, which is ours."""
    if not request.get("track"):
        return ["-map", "0:v:0", "-map", "0:a:0"]
    return [
        "-f", "srt", "-i", f"file:{request['track']}", "-map", "0:v:0", "-map", "0:a:0", "-map", "1:0", "-c:s",
        "mov_text", "-metadata:s:s:0", f"language={request['language']}", "-disposition:s:0", "default",
    ]  # fmt: skip


def _written(request: Request) -> list[str]:
    create_file(request["out"]).close()
    return [
        "-c:a", "copy", "-map_metadata", "0", "-map_chapters", "-1", "-movflags", "+faststart", "-threads", "1",
        "-f", "mp4", f"file:{request['out']}",
    ]  # fmt: skip


def _run(request: Request, arguments: list[str]) -> None:
    with open_file(request["path"]) as file:
        kind = sniff_video(file)
        file.seek(0)
        argv = [
            request["ffmpeg"], "-nostdin", "-hide_banner", "-nostats", "-loglevel", "error", "-y",
            "-filter_threads", "1", "-protocol_whitelist", "fd", "-codec_whitelist", ",".join(kind.codecs),
            "-threads", "1", "-f", kind.demuxer, "-fd", str(file.fileno()), "-i", "fd:", *arguments,
        ]  # fmt: skip
        ended = subprocess.run(argv, pass_fds=(file.fileno(),), capture_output=True, check=False)
    if ended.returncode:
        raise damaged(f"This video could not be finished: {ended.stderr[-300:].decode('utf-8', 'replace')}")


def _quoted(path: str) -> str:
    """As a filter's option wants it, twice over: once for the option, once for the graph."""
    option = path.replace("\\", "\\\\").replace(":", "\\:").replace("'", "\\'")
    return (
        option.replace("\\", "\\\\")
        .replace("'", "\\'")
        .replace(",", "\\,")
        .replace("[", "\\[")
        .replace("]", "\\]")
    )


if __name__ == "__main__":
    reply(dress)
