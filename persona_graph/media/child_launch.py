"""Sets the limits of this process and becomes the given command. Run as a file, with the standard library
alone; a `preexec_fn` would run Python between fork and exec of a threaded server, which can deadlock."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys


def _limit(which: int, value: int) -> None:
    # macOS refuses or ignores some of them (RLIMIT_AS above all); wall time still bounds the child there.
    with contextlib.suppress(ValueError, OSError):
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def main(address_space: str, cpu_seconds: str, written_bytes: str, open_files: str, *command: str) -> None:
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, int(open_files))
    _limit(resource.RLIMIT_FSIZE, int(written_bytes))
    _limit(resource.RLIMIT_CPU, int(cpu_seconds))
    # Each thread of the decoder reserves a stack of this size out of the address space.
    _limit(resource.RLIMIT_STACK, 2 << 20)
    _limit(resource.RLIMIT_AS, int(address_space))
    # Python ignores these two, and what is ignored stays ignored across exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    os.execv(command[0], command)


if __name__ == "__main__":
    main(*sys.argv[1:])
