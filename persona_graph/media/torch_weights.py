"""Reads the tensors of a checkpoint that torch saved, without torch and without running what it holds.

A pickle can name any function to call. This reader knows four names and stands in for them itself; whatever
else a file asks for is refused. Only the layout of torch before 1.6 is read: a few pickles one after another,
then the raw numbers of each storage.
"""

from __future__ import annotations

import pickle
import struct
from collections import OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAGIC = 0x1950A86A20F9469CFC6C
_ITEM_TYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8"}


class Place(NamedTuple):
    """Where a tensor lies: elements ``offset`` and on of a storage."""

    storage: str
    item_type: str
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _place
        if module == "torch" and name in _ITEM_TYPES:
            return _ITEM_TYPES[name]
        raise pickle.UnpicklingError(f"the checkpoint asks for {module}.{name}")

    def persistent_load(self, saved: Any) -> Any:
        kind, item_type, key, _, _, view = saved
        if kind != "storage" or view is not None:
            raise pickle.UnpicklingError("the checkpoint holds something other than plain storages")
        return key, item_type


def _place(storage: tuple[str, str], offset: int, shape: Any, stride: Any, *_: object) -> Place:
    return Place(storage[0], storage[1], offset, tuple(shape), tuple(stride))


def read_tensors(path: str | Path, group: str) -> dict[str, NDArray[np.float32]]:
    """The tensors of ``checkpoint[group]`` by name."""
    with Path(path).open("rb") as file:
        if _Reader(file).load() != MAGIC:
            raise pickle.UnpicklingError("not a torch checkpoint of the old layout")
        _Reader(file).load()
        if not _Reader(file).load()["little_endian"]:
            raise pickle.UnpicklingError("written on a big-endian machine")
        checkpoint = _Reader(file).load()
        places: dict[str, Place] = dict(checkpoint[group])
        item_types = dict(_storages(checkpoint))
        stored = {key: _numbers(file, item_types[key]) for key in _Reader(file).load()}
    return {name: _tensor(stored[place.storage], place) for name, place in places.items()}


def _storages(held: Any) -> list[tuple[str, str]]:
    if isinstance(held, Place):
        return [(held.storage, held.item_type)]
    if isinstance(held, dict):
        held = list(held.values())
    return [found for part in held for found in _storages(part)] if isinstance(held, (list, tuple)) else []


def _numbers(file: BinaryIO, item_type: str) -> NDArray[Any]:
    count = struct.unpack("<q", file.read(8))[0]
    kind = np.dtype(item_type)
    return np.frombuffer(file.read(count * kind.itemsize), dtype=kind, count=count)


def _tensor(numbers: NDArray[Any], place: Place) -> NDArray[np.float32]:
    size = int(np.prod(place.shape))
    if place.stride != _dense(place.shape):
        raise pickle.UnpicklingError("a tensor of the checkpoint is not stored in one piece")
    return numbers[place.offset : place.offset + size].reshape(place.shape).astype(np.float32)


def _dense(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(np.prod(shape[at + 1 :])) for at in range(len(shape)))
