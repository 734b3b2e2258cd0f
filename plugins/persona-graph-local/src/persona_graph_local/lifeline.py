"""A child that never outlives its server, and never gets in its way."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import threading

_NICENESS = 10
_ADDRESS_SPACE = 4 << 30
_SET_PARENT_DEATH_SIGNAL = 1


def hold_on() -> None:
    """Ends this process when its standard input does; on Linux also the moment its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_PARENT_DEATH_SIGNAL, signal.SIGKILL)
    threading.Thread(target=_end_with_input, daemon=True).start()


def _end_with_input() -> None:
    while os.read(0, 4096):
        pass
    os.killpg(0, signal.SIGKILL)


def be_modest() -> None:
    """Others go first; memory is bounded; a crash leaves no copy of somebody's voice on the disk."""
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_SPACE, resource.RLIM_INFINITY))
