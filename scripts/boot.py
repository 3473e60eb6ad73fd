#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a kernel on one emulated host and records what it says.

usage: boot.py HOST IMAGE OUT [--initrd FILE] [--dtb FILE] [--append TEXT] [--silence SECONDS] [--most-bytes N]
               [--one-thread]

Writes OUT.console (the kernel's console), OUT.ktap (the port that init reports
on) and OUT.end (JSON: how it ended). Lines of the first two are prefixed with
the seconds since QEMU was started. With --one-thread QEMU emulates the host's CPUs
in turn. Exit status 0 when QEMU ran, 2 when not.
"""

import argparse
import collections
import json
import os
import re
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from children import DIE_TOGETHER
from hosts import HostError, read_host

SCRIPTS = Path(__file__).resolve().parent
QEMU = "qemu-system-aarch64"
# A host that lives says so each second (init's beat), so this much silence is a
# hang, also on a machine so loaded that all takes ten times as long.
SILENCE = 45
# A beating host whose tests say nothing: a program of the base's that prints
# nothing before its end has more than the 120 s that the base gives it.
NO_PROGRESS = 180
# One that still beats has so many beats for it, too: by -icount a second of its own may take twenty on a busy machine.
NO_PROGRESS_BEATS = 30
# From "power off" to the end of QEMU.
POWER_OFF = 30
# So often it is looked how long ago the last output was.
STEP = 0.5
# A kernel that floods a channel is not worth more of the disk than this.
MOST_BYTES = 16 << 20
LONGEST_LINE = 64 << 10
# A case's result, to show how far the tests are; what it is worth is judged elsewhere.
RESULT = re.compile(rb"o \S+ # (?:not )?ok \d")


class Channel:
    """One output of the machine: whole lines, stamped, into a file."""

    def __init__(self, path):
        self.ours, self.theirs = socket.socketpair()
        self.ours.setblocking(False)
        self.file = open(path, "wb")
        self.partial = b""
        self.bytes = 0
        self.kinds = collections.Counter()
        self.results = 0

    def take(self, now):
        """Reads what is there. False at the end of the stream."""
        try:
            data = self.ours.recv(1 << 16)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.bytes += len(data)
        *lines, self.partial = (self.partial + data).split(b"\n")
        for line in lines:
            self.write(now, line)
        while len(self.partial) > LONGEST_LINE:
            self.write(now, self.partial[:LONGEST_LINE])
            self.partial = self.partial[LONGEST_LINE:]
        self.file.flush()
        return True

    def write(self, now, line, cut=b""):
        self.kinds[line[:1]] += 1
        self.results += bool(RESULT.match(line))
        self.file.write(b"%9.3f %s%s\n" % (now, line.rstrip(b"\r"), cut))

    def close(self, now):
        if self.partial:
            # What the parser must not take for a line; see scripts/stream.py.
            self.write(now, self.partial, b"\x00cut")
        self.file.close()
        self.ours.close()


def qemu_of(host):
    """The command of a QEMU that has this host's machine."""
    if not shutil.which(QEMU):
        raise HostError(f"{QEMU} is not installed. Run: make setup")
    if not host.needs_qemu:
        return QEMU
    found = subprocess.run([*DIE_TOGETHER, SCRIPTS / "qemu.sh", host.needs_qemu], stdin=subprocess.DEVNULL,
                           stdout=subprocess.PIPE, text=True, check=False)
    if found.returncode:
        raise HostError(f"no QEMU for host {host.name}; the reason stands above.")
    return found.stdout.strip()


def device_tree(host, program, path):
    """The machine's own device tree, as QEMU makes it, less what the host is to lack."""
    machine, rest = host.machine_arguments()[1], host.machine_arguments()[2:]
    node, name = host.without
    for command in ([program, "-M", f"{machine},dumpdtb={path}", *rest, "-nodefaults", "-display", "none",
                     "-nic", "none"],
                    ["fdtput", "-d", path, node, name]):
        done = subprocess.run([*DIE_TOGETHER, *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise HostError(f"cannot make a device tree without {node} {name}: {done.stderr.strip()}\n"
                            f"boot: see WITHOUT in hosts/{host.name}.host")


def qemu_command(host, program, arguments, console_fd, ktap_fd):
    # -nic none: a network card would need a ROM from another package.
    command = [program, *host.machine_arguments(),
               "-nodefaults", "-display", "none", "-no-reboot", "-nic", "none",
               "-chardev", f"socket,id=console,fd={console_fd}", "-serial", "chardev:console",
               "-chardev", f"socket,id=ktap,fd={ktap_fd}",
               *(["-serial", "chardev:ktap"] if host.ktap_terminal else
                 ["-device", "virtio-serial-device", "-device", "virtserialport,chardev=ktap,name=ktap"]),
               "-kernel", arguments.image,
               "-append", f"{host.kernel_arguments()} {arguments.append}".strip()]
    if arguments.one_thread:
        command += ["-accel", "tcg,thread=single"]
    if arguments.initrd:
        command += ["-initrd", arguments.initrd]
    if host.without or arguments.dtb:
        command += ["-dtb", arguments.dtb or f"{arguments.out}.dtb"]
    return command


def watch(qemu, console, ktap, host, limits):
    """Returns (how it ended, why)."""
    start = time.monotonic()
    last_output = last_progress = last_beat = shown = before_last = start
    beats_by_then = 0
    powering_off = None
    selector = selectors.DefaultSelector()
    # The console first: what the kernel said before a verdict is read before it.
    open_channels = [console, ktap]
    for channel in open_channels:
        selector.register(channel.ours, selectors.EVENT_READ, channel)

    while open_channels:
        ready = {key.data for key, _ in selector.select(timeout=STEP)}
        now = time.monotonic()
        # While this program does not get to run, QEMU may not either, and is silent for that.
        stalled = max(0, now - before_last - STEP)
        last_output, last_progress, before_last = last_output + stalled, last_progress + stalled, now
        for channel in [c for c in (console, ktap) if c in ready]:
            before, beats = channel.bytes, channel.kinds[b"b"]
            if not channel.take(now - start):
                selector.unregister(channel.ours)
                open_channels.remove(channel)
                continue
            if channel.bytes == before:
                continue
            last_output = now
            if channel.kinds[b"b"] != beats:
                last_beat = now
            elif channel is ktap:
                last_progress, beats_by_then = now, beats
            if channel.bytes > limits.most_bytes:
                return "flood", f"more than {limits.most_bytes >> 20} MiB on one channel"
        if ktap.kinds[b"q"] and powering_off is None:
            powering_off = now
        if now - shown >= 5:
            shown = now
            of = f" of {ktap.kinds[b'l']}" if ktap.kinds[b"l"] else ""
            print(f"{host.name}: {now - start:.0f} s, {ktap.results}{of} results", file=sys.stderr, flush=True)
        if now - last_output > limits.silence:
            return "hung", f"silent for {limits.silence} s"
        slow = now - last_beat <= limits.silence and ktap.kinds[b"b"] - beats_by_then < NO_PROGRESS_BEATS
        if now - last_progress > NO_PROGRESS and not slow:
            return "hung", f"no line from the tests for {NO_PROGRESS} s"
        if powering_off is not None and now - powering_off > POWER_OFF:
            return "hung", f"no end {POWER_OFF} s after power off"
    status = qemu.wait()
    if powering_off is not None and status == 0:
        return "off", ""
    return "died", f"QEMU ended with status {status}"


def stop(signum, _frame):
    sys.exit(128 + signum)


def boot(host, program, arguments):
    out = arguments.out
    if host.without:
        device_tree(host, program, f"{out}.dtb")
    console, ktap = Channel(f"{out}.console"), Channel(f"{out}.ktap")
    fds = (console.theirs.fileno(), ktap.theirs.fileno())
    start = time.monotonic()
    with open(f"{out}.qemu", "wb") as qemu_log:
        qemu = subprocess.Popen([*DIE_TOGETHER, *qemu_command(host, program, arguments, *fds)],
                                stdin=subprocess.DEVNULL, stdout=qemu_log, stderr=qemu_log,
                                pass_fds=fds)
    console.theirs.close()
    ktap.theirs.close()
    try:
        how, why = watch(qemu, console, ktap, host, arguments)
    finally:
        qemu.kill()
        qemu.wait()
        seconds = time.monotonic() - start
        console.close(seconds)
        ktap.close(seconds)
    said = Path(f"{out}.qemu").read_text(encoding="utf-8", errors="replace").strip()
    if how == "died" and not console.bytes and not ktap.bytes and said:
        print(f"boot: {host.name}: QEMU did not start: {said}\n"
              f"boot: see hosts/{host.name}.host, and which QEMU this is ({program} --version)",
              file=sys.stderr)
        return 2
    if how == "died" and said:
        why += f": {said.partition(chr(10))[0]}"
    with open(f"{out}.end", "w", encoding="utf-8") as end:
        json.dump({"how": how, "why": why, "seconds": round(seconds, 3)}, end)
    return 0


def main():
    parser = argparse.ArgumentParser(usage=__doc__.split("\n\n")[1])
    parser.add_argument("host")
    parser.add_argument("image")
    parser.add_argument("out")
    parser.add_argument("--initrd")
    parser.add_argument("--dtb")
    parser.add_argument("--append", default="")
    parser.add_argument("--silence", type=int, default=SILENCE)
    parser.add_argument("--most-bytes", type=int, default=MOST_BYTES)
    parser.add_argument("--one-thread", action="store_true")
    arguments = parser.parse_args()
    try:
        host = read_host(arguments.host)
        program = qemu_of(host)
    except HostError as error:
        print(f"boot: {error}", file=sys.stderr)
        return 2
    if not os.path.exists(arguments.image):
        print(f"boot: no kernel at {arguments.image}. Run: make run", file=sys.stderr)
        return 2
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, stop)
    try:
        return boot(host, program, arguments)
    except HostError as error:
        print(f"boot: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"boot: {host.name}: {error.filename or arguments.out}: {error.strerror}\n"
              "boot: Is there room on the disk? Then run the same command again.", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
