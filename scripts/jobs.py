# SPDX-License-Identifier: GPL-2.0
"""As many jobs as there are CPUs that this process may use, shared between make and the emulated hosts.

It speaks GNU make's jobserver protocol: a pipe with a byte for each job that may
start. A host takes a byte while it runs, so make, told of the pipe, does less meanwhile.
"""

import fcntl
import os
import select

# Above what the scripts use for their locks.
_LOWEST_FD = 100


class Jobs:
    """A context manager: what stands in it is one job. Any thread may wait for one."""

    def __init__(self):
        self.fds = []
        for end in os.pipe():
            self.fds.append(fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, _LOWEST_FD))
            os.close(end)
        os.write(self.fds[1], b"+" * len(os.sched_getaffinity(0)))

    def __enter__(self):
        while True:
            select.select([self.fds[0]], [], [])
            try:
                os.read(self.fds[0], 1)
                return self
            except BlockingIOError:
                # make has switched the pipe to this, and somebody else was first.
                continue

    def __exit__(self, *_):
        os.write(self.fds[1], b"+")

    def for_make(self):
        """Options of subprocess.Popen for a make that takes part. It is a job itself, so start it inside one."""
        flags = f" -j --jobserver-auth={self.fds[0]},{self.fds[1]}"
        return {"env": {**os.environ, "MAKEFLAGS": flags}, "pass_fds": self.fds}
