"""Runs one command that must not outlive the process that started it, whatever ends that process.

    python -I -S tether.py SIGNAL PARENT PIPE COMMAND…

Started as a script, before the command and in its place: the command keeps this process's id. SIGNAL is
what ends it when PARENT goes. On Linux the kernel sends it; elsewhere (or with PIPE other than ``-``) a
small watcher does, when the pipe that PARENT alone holds open closes. Only the standard library, so that
it starts in a few milliseconds.
"""

from __future__ import annotations

import os
import select
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(words: list[str]) -> None:
    number, parent, pipe, command = int(words[0]), int(words[1]), words[2], words[3:]
    if pipe == "-":
        _ask_kernel(number)
    else:
        _leave_watcher(number, int(pipe))
    if os.getppid() != parent:
        sys.exit("its supervisor is gone")
    os.execv(command[0], command)


def _ask_kernel(number: int) -> None:
    import ctypes

    if ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0) != 0:
        sys.exit(f"prctl failed with {ctypes.get_errno()}")


def _leave_watcher(number: int, pipe: int) -> None:
    target = os.getpid()
    if os.fork():
        os.close(pipe)
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while os.getppid() == target:
        readable, _, _ = select.select([pipe], [], [], 0.5)
        if readable:
            os.kill(target, number)
            break
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
