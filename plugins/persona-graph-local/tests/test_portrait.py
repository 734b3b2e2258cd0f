"""The talking portrait, judged on the frames that come out of the finished file."""

from __future__ import annotations

import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import imageio_ffmpeg
import numpy as np
import pytest
from persona_graph_local.face_finder import find_face
from persona_graph_local.face_geometry import Frame
from persona_graph_local.face_reader import read_face
from persona_graph_local.portrait import EncoderFailed, NoFace, render
from persona_graph_local.portrait_encoder import MARK, available_encoder, choose_encoder, film
from persona_graph_local.portrait_framing import choose_cut, frame_size, framed
from persona_graph_local.portrait_hearing import hear

SAMPLES = Path(__file__).parents[3] / "tests" / "samples"
ASTRONAUT = SAMPLES / "photos" / "astronaut.png"
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()
FPS = 25
RATE = 24000


def ffmpeg(*arguments: str) -> bytes:
    return subprocess.run([FFMPEG, "-loglevel", "error", *arguments], capture_output=True, check=True).stdout


def write_wav(path: Path, samples: np.ndarray, channels: int = 1) -> Path:
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(channels)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def voice(seconds: float, pitch: float = 140.0) -> np.ndarray:
    """A buzz with the spectrum of an open vowel."""
    times = np.arange(round(seconds * RATE)) / RATE
    tones = [np.sin(2 * np.pi * pitch * n * times) / (1 + abs(n * pitch - 750) / 300) for n in range(1, 25)]
    return 0.35 * np.sum(tones, 0) / 3


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE))


@dataclass(frozen=True)
class Film:
    """A rendered file, decoded; ``face`` is where the face lies in its frames."""

    path: Path
    facts: dict[str, Any]
    frames: np.ndarray
    sound: np.ndarray
    face: Frame
    picture: np.ndarray

    def box(self, across: tuple[float, float], down: tuple[float, float]) -> np.ndarray:
        """The part of all frames between these face coordinates."""
        (left, top), (right, bottom) = (
            self.face.point(across[0], down[0]),
            self.face.point(across[1], down[1]),
        )
        return self.frames[:, max(0, int(top)) : int(bottom), max(0, int(left)) : int(right)].astype(np.int16)

    def mouth(self) -> np.ndarray:
        return self.box((-0.5, 0.5), (0.82, 1.42))

    def opening(self) -> np.ndarray:
        """Per frame: how much of the mouth's surroundings is as dark as only an open mouth is."""
        return (self.mouth().max(3) < 75).mean((1, 2))


def decoded(path: Path, facts: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    raw = ffmpeg(
        "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"
    )
    frames = np.frombuffer(raw, np.uint8).reshape(-1, facts["height"], facts["width"], 3)
    sound = np.frombuffer(
        ffmpeg("-i", str(path), "-map", "0:a", "-f", "s16le", "-ar", "48000", "-ac", "1", "-"), "<i2"
    )
    return frames, sound


def made(portrait: Path, speech: Path, out: Path, **options: Any) -> Film:
    facts = render(portrait, speech, out, **options)
    photo = cv2.imread(str(portrait))
    size = frame_size(options.get("resolution", "480p"), options.get("aspect", "1:1"))
    box, frame = find_face(photo)
    cut = choose_cut((photo.shape[1], photo.shape[0]), box, size, options.get("aspect", "1:1"))
    picture, affine = framed(photo, cut, size)
    return Film(out, facts, *decoded(out, facts), frame.moved(affine), picture)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("portrait")


@pytest.fixture(scope="module")
def reading(folder: Path) -> Path:
    """Nine seconds of a woman reading."""
    out = folder / "reading.wav"
    source = sorted((SAMPLES / "1998").glob("*.flac"))[0]
    ffmpeg("-i", str(source), "-t", "9", "-ar", str(RATE), "-ac", "1", "-c:a", "pcm_s16le", str(out))
    return out


@pytest.fixture(scope="module")
def short(folder: Path) -> Path:
    return write_wav(folder / "short.wav", np.concatenate([voice(0.3), silence(0.13)]))


@pytest.fixture(scope="module")
def bursts(folder: Path) -> Path:
    """Speech-like bursts of 0.3 s for two seconds, two seconds of nothing, bursts again."""
    talk = np.concatenate([part for _ in range(4) for part in (voice(0.3), silence(0.2))])
    return write_wav(folder / "bursts.wav", np.concatenate([talk, silence(2.0), talk]))


@pytest.fixture(scope="module")
def read_film(folder: Path, reading: Path) -> Film:
    return made(ASTRONAUT, reading, folder / "read.mp4", seed=3)


@pytest.fixture(scope="module")
def burst_film(folder: Path, bursts: Path) -> Film:
    return made(ASTRONAUT, bursts, folder / "bursts.mp4")


def loudness(speech: Path, frames: int) -> np.ndarray:
    with wave.open(str(speech)) as sound:
        rate = sound.getframerate()
        samples = np.frombuffer(sound.readframes(sound.getnframes()), "<i2").astype(float)
    samples = np.pad(samples, (0, rate))
    hop = rate / FPS
    power = [np.mean(samples[int(i * hop) : int((i + 1) * hop)] ** 2) for i in range(frames)]
    return np.convolve(np.log10(np.array(power) + 100.0), np.ones(3) / 3, "same")


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a, b)[0, 1])


def test_mouth_opens_with_the_words_of_real_speech(read_film: Film, reading: Path) -> None:
    """Rows 92, 95: without timings the audio itself drives the mouth, in time."""
    assert read_film.facts["driver"] == "energy"
    opening, loud = read_film.opening(), loudness(reading, len(read_film.frames))
    together = correlation(opening, loud)
    apart = [correlation(np.roll(opening, shift), loud) for shift in range(10, len(loud) - 10, 5)]
    assert opening.max() > 0.05
    assert together > 0.45 and together > max(apart) + 0.15
    assert abs(max(range(-6, 7), key=lambda shift: correlation(np.roll(opening, shift), loud))) <= 2


def test_mouth_follows_phonemes_where_they_are_known(folder: Path) -> None:
    """A steady buzz says nothing: only the timings can tell the open sounds from the closed."""
    speech = write_wav(folder / "steady.wav", voice(4.8))
    timings, wanted = [], []
    for index in range(8):
        start = index * 0.6
        timings.append({"kind": "phoneme", "text": "ˈɑː", "start": start, "end": start + 0.35})
        timings.append(
            {"kind": "phoneme", "text": "mbp"[index % 3], "start": start + 0.35, "end": start + 0.6}
        )
        wanted += [1.0] * 9 + [0.0] * 6
    timings.append({"kind": "word", "text": "ah", "start": 0.0, "end": 4.8})
    clip = made(ASTRONAUT, speech, folder / "steady.mp4", timings=timings)
    opening, target = clip.opening()[: len(wanted)], np.array(wanted)
    assert clip.facts["driver"] == "phonemes"
    assert correlation(opening, target) > 0.7
    assert correlation(opening, target) > correlation(np.roll(opening, 7), target) + 0.5
    for index in range(8):
        assert opening[index * 15 + 4] > 0.05, "open in the middle of a vowel"
        assert opening[index * 15 + 11 : index * 15 + 13].min() < 0.005, "lips meet on m, b and p"


def test_mouth_is_closed_and_still_in_silence(burst_film: Film) -> None:
    opening = burst_film.opening()
    quiet, talking = slice(58, 95), slice(5, 45)
    assert opening[talking].max() > 0.05
    assert opening[quiet].max() < 0.005
    steps = np.abs(np.diff(burst_film.mouth(), axis=0)).mean((1, 2, 3))
    assert steps[quiet].mean() < 0.35 * steps[talking].mean()


def test_only_the_mouth_moves_fast(read_film: Film) -> None:
    steps = {
        name: np.abs(np.diff(part, axis=0)).mean((1, 2, 3))
        for name, part in {
            "mouth": read_film.mouth(),
            "forehead": read_film.box((-0.5, 0.5), (-0.75, -0.45)),
            "backdrop": read_film.frames[:, 20:200, 400:470].astype(np.int16),
        }.items()
    }
    assert steps["mouth"].mean() > 2 * steps["forehead"].mean()
    assert steps["mouth"].mean() > 3 * steps["backdrop"].mean()
    assert steps["backdrop"].mean() < 1.5


def test_eyes_blink_and_are_otherwise_those_of_the_photo(read_film: Film) -> None:
    """White of the eye and pupil vanish under the lid as often as the facts say."""
    eyes = read_film.box((-0.72, -0.28), (-0.1, 0.12)).astype(float)
    contrast = eyes.mean(3).std((1, 2))
    shut = contrast < 0.75 * np.median(contrast)
    blinks = int((np.diff(shut.astype(int)) == 1).sum())
    assert blinks == read_film.facts["blinks"] >= 1 and shut.mean() < 0.2


def test_it_stays_the_same_person_in_the_same_place(read_film: Film) -> None:
    """Row 82: the user's own photo is the base. Outside the mouth and the lids nothing is redrawn."""
    face = read_film.face
    rows, columns = np.mgrid[0:480, 0:480]
    x, y = face.local(columns, rows)
    outside = (np.abs(x) > 1.3) | (y < -0.6) | (y > 2.2)
    photo = cv2.GaussianBlur(read_film.picture.astype(np.float32), (0, 0), 6)
    for index in (0, 60, len(read_film.frames) - 1):
        frame = cv2.GaussianBlur(read_film.frames[index].astype(np.float32), (0, 0), 6)
        assert np.abs(frame.mean((0, 1)) - photo.mean((0, 1))).max() < 6
        assert np.abs(frame - photo)[outside].mean() < 14
        assert correlation(frame[outside].ravel(), photo[outside].ravel()) > 0.94
    _, frame = find_face(read_film.frames[60])
    assert np.hypot(*np.subtract(frame.origin, face.origin)) < 0.25 * face.unit
    assert 0.95 < frame.unit / face.unit < 1.12


@pytest.mark.parametrize("seconds", [0.02, 0.5, 1.013, 2.0333, 3.999])
def test_sound_and_picture_are_equally_long(folder: Path, seconds: float) -> None:
    speech = write_wav(folder / f"length-{seconds}.wav", voice(seconds))
    out = folder / f"length-{seconds}.mp4"
    facts = render(ASTRONAUT, speech, out)
    frames, sound = decoded(out, facts)
    assert len(frames) == facts["frames"]
    assert abs(len(frames) / FPS - len(sound) / 48000) <= 0.04
    assert abs(len(frames) / FPS - seconds) <= 0.04 and abs(facts["seconds"] - seconds) < 0.001


def test_long_speech_keeps_length_and_sound(read_film: Film, reading: Path) -> None:
    """Rows 95, 96: the sound of the film is the speech it was given."""
    assert abs(len(read_film.frames) / FPS - len(read_film.sound) / 48000) <= 0.04
    given = np.frombuffer(ffmpeg("-i", str(reading), "-f", "s16le", "-ar", "48000", "-ac", "1", "-"), "<i2")
    shared = min(len(given), len(read_film.sound))
    assert correlation(given[:shared].astype(float), read_film.sound[:shared].astype(float)) > 0.98


@pytest.mark.parametrize("resolution", ["480p", "720p"])
@pytest.mark.parametrize("aspect", ["1:1", "16:9", "9:16"])
def test_every_shape_has_its_size_and_an_unstretched_face(
    folder: Path, short: Path, resolution: str, aspect: str
) -> None:
    """Resolutions and aspects offered are the ones delivered."""
    side = int(resolution[:-1])
    long = {480: 854, 720: 1280}[side]
    wanted = {"1:1": (side, side), "16:9": (long, side), "9:16": (side, long)}[aspect]
    out = folder / f"{resolution}-{aspect.replace(':', 'x')}.mp4"
    clip = made(ASTRONAUT, short, out, resolution=resolution, aspect=aspect)
    assert (
        (clip.frames.shape[2], clip.frames.shape[1]) == wanted == (clip.facts["width"], clip.facts["height"])
    )
    box, _ = find_face(clip.frames[-1])
    assert box.width > 0.3 * side
    lips = [read_face(cv2.imread(str(ASTRONAUT))).mouth.lower, read_face(clip.frames[0]).mouth.lower]
    assert np.ptp([lip.base + lip.sag for lip in lips]) < 0.12


@pytest.mark.parametrize("aspect", ["16:9", "9:16"])
def test_a_photo_without_room_is_filled_up_without_a_second_face_or_an_edge(
    folder: Path, short: Path, aspect: str
) -> None:
    tight = cv2.imread(str(ASTRONAUT))[50:215, 145:310]
    cv2.imwrite(str(folder / "tight.png"), tight)
    clip = made(folder / "tight.png", short, folder / f"tight-{aspect.replace(':', 'x')}.mp4", aspect=aspect)
    _, frame = find_face(clip.frames[0])
    assert np.hypot(*np.subtract(frame.origin, clip.face.origin)) < 0.25 * clip.face.unit
    far = clip.frames[0][:, :60] if aspect == "16:9" else clip.frames[0][:60]
    axis = 1 if aspect == "16:9" else 0
    assert np.abs(np.diff(far.astype(int), axis=axis)).max() < 30, "the fill is soft"
    assert far.std() > 0.5 and far.mean() > 15, "the fill is no plain bar"


def test_same_seed_same_bytes_other_seed_other_film(
    monkeypatch: pytest.MonkeyPatch, folder: Path, short: Path
) -> None:
    """And no ffmpeg of the machine is needed for it."""
    monkeypatch.setenv("PATH", "")
    films = []
    for index, seed in enumerate((5, 5, 6)):
        out = folder / f"seed-{index}.mp4"
        render(ASTRONAUT, short, out, seed=seed)
        films.append(out.read_bytes())
    assert films[0] == films[1]
    assert films[0] != films[2]


def test_film_starts_before_it_is_loaded_and_says_what_it_is(read_film: Film) -> None:
    """B10: the mark is in the file; moov precedes mdat."""
    content = read_film.path.read_bytes()
    atoms, at = [], 0
    while at < len(content):
        atoms.append(content[at + 4 : at + 8])
        at += int.from_bytes(content[at : at + 4], "big")
    assert atoms.index(b"moov") < atoms.index(b"mdat")
    described = ffmpeg("-i", str(read_film.path), "-f", "ffmetadata", "-").decode()
    assert f"comment={MARK}" in described


@pytest.mark.parametrize("photo", ["chelsea.png", "coffee.png"])
def test_photos_without_a_face_are_refused(folder: Path, short: Path, photo: str) -> None:
    """Row 87: a cat and a cup are no portraits."""
    out = folder / f"{photo}.mp4"
    with pytest.raises(NoFace, match="No face was found") as refusal:
        render(SAMPLES / "photos" / photo, short, out)
    assert isinstance(refusal.value, ValueError)
    assert not out.exists()


def test_refusals_of_what_is_no_speech_or_no_picture(folder: Path, short: Path) -> None:
    """U3: a playlist named .wav never reaches ffmpeg."""
    out = folder / "refused.mp4"
    stereo = write_wav(folder / "stereo.wav", np.repeat(voice(0.3), 2), channels=2)
    empty = write_wav(folder / "empty.wav", silence(0))
    playlist = folder / "playlist.wav"
    playlist.write_text("#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n")
    for speech, message in ((stereo, "mono"), (empty, "empty"), (playlist, "readable WAV")):
        with pytest.raises(ValueError, match=message):
            render(ASTRONAUT, speech, out)
    with pytest.raises(ValueError, match="readable picture"):
        render(short, short, out)
    for word, value in (("resolution", "1080p"), ("aspect", "4:3")):
        with pytest.raises(ValueError, match=word):
            render(ASTRONAUT, short, out, **{word: value})
    assert not out.exists()


def test_encoder_failure_carries_its_last_line_and_leaves_nothing(folder: Path, short: Path) -> None:
    with pytest.raises(EncoderFailed, match=r"(?i)no such file"):
        render(ASTRONAUT, short, folder / "missing" / "out.mp4")
    kept = folder / "kept.mp4"
    kept.write_bytes(b"older")
    with (
        pytest.raises(RuntimeError, match="halfway"),
        film(available_encoder(), short, kept, (64, 64), FPS) as add,
    ):
        add(np.zeros((64, 64, 3), np.uint8))
        raise RuntimeError("halfway")
    assert kept.read_bytes() == b"older"
    assert not list(folder.glob("*.part"))


def test_another_encoder_serves_where_x264_is_missing(folder: Path, short: Path) -> None:
    listing = " V....D libx264  H.264\n V.S..D mpeg4  MPEG-4 part 2\n"
    fallback = choose_encoder(listing.splitlines()[1])
    assert (choose_encoder(listing).name, fallback.name) == ("libx264", "mpeg4")
    with pytest.raises(EncoderFailed):
        choose_encoder(" A....D aac  AAC")
    out = folder / "fallback.mp4"
    with film(fallback, short, out, (64, 48), FPS) as add:
        for level in range(11):
            add(np.full((48, 64, 3), 20 * level, np.uint8))
    frames, _ = decoded(out, {"width": 64, "height": 48})
    assert len(frames) == 11
    assert frames[10].mean() - frames[0].mean() > 150


def test_progress_counts_frames_that_were_written(folder: Path, bursts: Path) -> None:
    heard: list[tuple[float, str]] = []
    facts = render(ASTRONAUT, bursts, folder / "progress.mp4", progress=lambda *report: heard.append(report))
    fractions = [fraction for fraction, _ in heard]
    assert fractions == sorted(fractions) and fractions[0] == 0.0 and fractions[-1] == 1.0
    assert len(heard) == facts["frames"] // 10 + 2
    assert {stage for _, stage in heard} == {"reading the face", "drawing", "finished"}


def test_hearing_is_the_same_in_blocks_and_finds_pauses(folder: Path) -> None:
    """Longer than one block of five seconds: no seam where blocks meet."""
    speech = write_wav(folder / "blocks.wav", np.concatenate([voice(7.0), silence(1.0), voice(4.5)]))
    hearing = hear(speech)
    assert len(hearing.loud) == 1250
    assert hearing.loud[20:690].min() > 0.8
    assert hearing.loud[710:790].max() == 0
    assert hearing.voice[715:785].max() < 0.5
    assert hearing.loud[820:1240].min() > 0.8
