# SPDX-License-Identifier: GPL-2.0
"""The processes of a run, and its two ways to end early."""

import os
import signal
import subprocess
import threading
import time


# What kills this process, even with -9, takes its children along.
DIE_TOGETHER = ("setpriv", "--pdeathsig", "KILL", "--")


class CouldNotRun(Exception):
    """The text says what, why and what to do next."""


class Interrupted(Exception):
    """The run is being stopped."""


def forget_repository():
    """What git tells a hook of its own repository and index: all that runs below it would write there. As steps.sh."""
    try:
        names = subprocess.run(["git", "rev-parse", "--local-env-vars"], capture_output=True, text=True,
                               check=False).stdout.split()
    except FileNotFoundError:
        return
    for name in names:
        if not name.startswith("GIT_CONFIG"):
            os.environ.pop(name, None)


class Children:
    """Every process that this run started, each a session of its own, so that all can be ended."""

    def __init__(self):
        self.lock = threading.Lock()
        self.running = set()
        self.stopped = False

    def start(self, command, **options):
        with self.lock:
            if self.stopped:
                raise Interrupted
            child = subprocess.Popen([*DIE_TOGETHER, *command], stdin=subprocess.DEVNULL,
                                     start_new_session=True, **options)
            self.running.add(child)
            return child

    def wait(self, child):
        output, _ = child.communicate()
        with self.lock:
            self.running.discard(child)
        if self.stopped:
            raise Interrupted
        return child.returncode, output

    def stop(self):
        with self.lock:
            self.stopped = True
            running = list(self.running)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for child in running:
                try:
                    os.killpg(child.pid, number)
                except ProcessLookupError:
                    continue
            deadline = time.monotonic() + 5
            while any(c.poll() is None for c in running) and time.monotonic() < deadline:
                time.sleep(0.05)

    def restart(self):
        """Lets children start again after stop(), once no thread waits for one of those that were stopped."""
        with self.lock:
            self.running.clear()
            self.stopped = False


CHILDREN = Children()
