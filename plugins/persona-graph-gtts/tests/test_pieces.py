"""Cutting scripts into pieces, joining MP3s, reading settings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persona_graph_gtts import mp3, persona_graph_register_providers
from persona_graph_gtts.account import Account
from persona_graph_gtts.splitting import LONGEST_PIECE, clean, pieces, says_something, weight
from persona_graph_sandbox import media

from persona_graph.provider import PluginConfig
from persona_graph.provider.call import MissingSecret


@given(st.text(max_size=600))
def test_pieces_are_short_and_leave_out_nothing_that_can_be_said(script: str) -> None:
    text = clean(script)
    cut = pieces(text)
    assert all(0 < weight(piece) <= LONGEST_PIECE and piece == piece.strip() for piece in cut)
    kept = [char for piece in cut for char in piece if says_something(char)]
    assert kept == [char for char in text if says_something(char)]


@given(st.text(max_size=300))
def test_cleaning_is_final_and_can_be_encoded(script: str) -> None:
    text = clean(script)
    assert clean(text) == text
    text.encode()


@pytest.mark.parametrize(
    ("text", "cut"),
    [
        ("Hello. World.", ["Hello. World."]),
        ("a" * 60 + ". " + "b" * 60 + ".", ["a" * 60 + ".", "b" * 60 + "."]),
        ("a" * 60 + ", " + "b" * 60 + ".", ["a" * 60 + ",", "b" * 60 + "."]),
        ("a" * 60 + " " + "b" * 60, ["a" * 60, "b" * 60]),
        ("x" * 250, ["x" * 100, "x" * 100, "x" * 50]),
        ("你好。" * 40, ["你好。" * 33, "你好。" * 7]),
        ("😀" * 30 + "ok", ["😀" * 30 + "ok"]),
    ],
    ids=["fits", "sentences", "clauses", "words", "force", "chinese", "emoji"],
)
def test_a_script_is_cut_where_a_breath_may_be(text: str, cut: list[str]) -> None:
    assert pieces(clean(text)) == cut


def test_a_mark_is_not_torn_from_its_letter() -> None:
    cut = pieces("e\u0301" * 120)
    assert "".join(cut) == "e\u0301" * 120
    assert not any(piece.startswith("\u0301") for piece in cut)


def test_joined_files_are_one_that_decodes_as_long_as_both() -> None:
    parts = [
        media.speech(text, "mp3").content for text in ("Here is one.", "And here is another one, longer.")
    ]
    whole = mp3.joined(parts)
    assert media.seconds_of(whole) == pytest.approx(sum(media.seconds_of(part) for part in parts), abs=0.15)
    assert b"ID3" not in whole and b"Info" not in whole and b"Xing" not in whole


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"\xff\xfb",
        b"ID3",
        b"ID3\x04\x00\x00\x7f\x7f\x7f\x7f",
        b"\xff\xfb\x90\x00" + b"\0" * 50,
        b"RIFF" * 400,
    ],
    ids=["empty", "byte", "two", "tag", "endless-tag", "cut-frame", "wav"],
)
def test_what_is_no_mp3_has_no_frame(content: bytes) -> None:
    assert list(mp3.frames(content)) == []


@given(st.binary(max_size=3000))
def test_any_bytes_can_be_looked_at(content: bytes) -> None:
    assert all(frame[0] == 0xFF for frame in mp3.frames(content))


def account(**settings: str) -> Account:
    return Account.of(PluginConfig("gtts", {"ENABLED": "yes", **settings}))


def test_without_the_operators_word_nothing_is_offered() -> None:
    with pytest.raises(MissingSecret, match="PERSONA_GRAPH_PLUGIN_GTTS_ENABLED"):
        persona_graph_register_providers(PluginConfig("gtts", {}))
    with pytest.raises(ValueError, match="without an agreement"):
        account(ENABLED="no")


def test_the_host_is_one_of_a_list() -> None:
    assert account().base_url == "https://translate.google.com"
    assert account(TLD="co.uk").base_url == "https://translate.google.co.uk"


@pytest.mark.parametrize("tld", ["com@127.0.0.1:8443", "com/", "zz", "com.evil.example", "COM "])
def test_no_other_host_can_be_slipped_in(tld: str) -> None:
    """The page's security note: what stands before an @ is a user's name."""
    with pytest.raises(ValueError, match="TLD must be one of"):
        account(TLD=tld)


@pytest.mark.parametrize("url", ["ftp://x", "http://user@host", "nonsense", "http://host/?a=b"])
def test_a_base_url_is_an_address(url: str) -> None:
    with pytest.raises(ValueError, match="BASE_URL"):
        account(BASE_URL=url)


@pytest.mark.parametrize("spacing", ["0.1", "nan", "soon", "100"])
def test_nobody_asks_faster_than_twice_a_second(spacing: str) -> None:
    with pytest.raises(ValueError, match="SPACING_SECONDS"):
        account(SPACING_SECONDS=spacing)
    assert account(SPACING_SECONDS="2").spacing == 2
