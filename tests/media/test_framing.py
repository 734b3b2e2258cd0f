"""The frames that are promised are those that the bundled renderer cuts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from persona_graph_local.face_geometry import Box
from persona_graph_local.portrait_framing import ASPECTS, choose_cut, frame_size

from persona_graph.media import framing


@pytest.mark.parametrize("aspect", ASPECTS)
@given(
    size=st.tuples(st.integers(256, 2048), st.integers(256, 2048)),
    corner=st.tuples(st.floats(0, 0.9), st.floats(0, 0.9)),
    share=st.floats(0.05, 1),
)
def test_frames_are_the_renderers(
    aspect: str, size: tuple[int, int], corner: tuple[float, float], share: float
) -> None:
    width, height = size
    side = min((1 - corner[0]) * width, (1 - corner[1]) * height) * share
    face = Box(corner[0] * width, corner[1] * height, side, side)
    cut = choose_cut(size, face, frame_size("720p", aspect), aspect)
    frame = framing.frame_of(aspect, width, height, (*corner, side / width, side / height))
    found = (frame.left * width, frame.top * height, frame.width * width, frame.height * height)
    # 16:9 of 480 lines is 854 by 480, not quite.
    assert found == pytest.approx((cut.x, cut.y, cut.width, cut.height), abs=2)
