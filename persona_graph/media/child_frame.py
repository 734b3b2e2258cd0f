"""Child: a part of a portrait that was stored here before, at the size of a preview."""

from __future__ import annotations

import cv2
import numpy as np

from persona_graph.media.child import Answer, Request, damaged, open_file, reply
from persona_graph.media.child_faces import BORDER_RUNS_ON
from persona_graph.media.child_photo import write_png


def cut_out(request: Request) -> Answer:
    cv2.setNumThreads(1)
    with open_file(request["path"]) as file:
        picture = cv2.imdecode(np.frombuffer(file.read(), dtype=np.uint8), cv2.IMREAD_COLOR)
    if picture is None:
        raise damaged("The picture could not be decoded.")
    height, width = picture.shape[:2]
    left, top, wide, high = request["frame"]
    scale = request["longest_side"] / max(wide * width, high * height)
    size = round(wide * width * scale), round(high * height * scale)
    if scale < 1:
        picture = cv2.GaussianBlur(picture, (0, 0), 0.42 / scale)
    place = np.array(
        [
            [scale, 0.0, 0.5 * scale - 0.5 - left * width * scale],
            [0.0, scale, 0.5 * scale - 0.5 - top * height * scale],
        ]
    )
    write_png(
        request["out"],
        np.asarray(
            cv2.warpAffine(picture, place, size, flags=cv2.INTER_CUBIC, borderMode=BORDER_RUNS_ON),
            dtype=np.uint8,
        ),
    )
    return {"width": size[0], "height": size[1]}


if __name__ == "__main__":
    reply(cut_out)
