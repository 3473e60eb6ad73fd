#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Reads host files: hosts/NAME.host describes one emulated machine.

A line is KEY=value. With no argument this prints the hosts and what they are.
"""

import re
import shlex
import sys
from pathlib import Path

from children import CouldNotRun

HOSTS = Path(__file__).resolve().parent.parent / "hosts"

# key: what it means
KEYS = {
    "ABOUT": "one line for people",
    "MACHINE": "QEMU's -M",
    "CPU": "QEMU's -cpu",
    "SMP": "number of CPUs",
    "MEMORY": "MiB",
    "CONFIG": "fragments of kernel/configs/optional that a kernel for it needs",
    "DTB": "device tree of Linux's that the machine boots with, where QEMU has none of its own for it",
    "KTAP": "terminal that the KTAP stream goes to, on a machine without virtio: its second serial port",
    "APPEND": "added to the kernel's command line",
    "QEMU": "added to QEMU's arguments",
    "NEEDS_QEMU": "the oldest version of QEMU that has this machine, where Debian 12's does not do",
    "BASES": "the bases that it is a host of when all hosts are asked for; without it, of any",
    "WITHOUT": "NODE PROPERTY, taken out of the machine's device tree",
    "SKIPS": "why cases skip on it: shell patterns over their reasons, with | between them",
    "SAYS": "what the kernel prints when the machine is what it claims to be: regular expressions, with & between them",
}
NEEDED = ("ABOUT", "MACHINE", "CPU", "SMP", "MEMORY", "SAYS")


class HostError(CouldNotRun):
    """A host that cannot be used; the text says which, why and what to do."""


class Host:
    def __init__(self, name, values):
        self.name = name
        self.values = values

    @property
    def says(self):
        return self.values["SAYS"]

    @property
    def about(self):
        return self.values["ABOUT"]

    def kernel_arguments(self):
        # A panic must end the machine at once, and an oops is as good as one. So is what the kernel
        # reports of a CPU that is stuck: it is a verdict already, and no case gets any further there.
        # The limits are the kernel's own, of 20 s and more. The bench looks at the whole console, so it
        # is not quietened, and init's marks are not limited.
        return ("console=ttyAMA0 panic=-1 oops=panic softlockup_panic=1 sysctl.kernel.panic_on_rcu_stall=1 "
                f"printk.devkmsg=on {self.values.get('APPEND', '')}").strip()

    @property
    def config(self):
        return self.values.get("CONFIG", "").split()

    @property
    def dtb(self):
        return self.values.get("DTB")

    @property
    def ktap_terminal(self):
        return self.values.get("KTAP")

    @property
    def needs_qemu(self):
        return self.values.get("NEEDS_QEMU")

    @property
    def skips(self):
        return [pattern.strip() for pattern in self.values.get("SKIPS", "").split("|") if pattern.strip()]

    def is_for(self, base):
        return "BASES" not in self.values or base in self.values["BASES"].split()

    @property
    def without(self):
        """(node, property) that the device tree is to lack, or None."""
        return tuple(self.values["WITHOUT"].split()) if "WITHOUT" in self.values else None

    def machine_arguments(self):
        v = self.values
        return ["-M", v["MACHINE"], "-cpu", v["CPU"], "-smp", v["SMP"], "-m", v["MEMORY"],
                *shlex.split(v.get("QEMU", ""))]


def known_hosts(directory=HOSTS):
    return sorted(path.stem for path in directory.glob("*.host"))


def read_host(name, directory=HOSTS):
    path = directory / f"{name}.host"
    if name not in known_hosts(directory):
        raise HostError(f"unknown host '{name}'. There are: {', '.join(known_hosts(directory))}.")
    values = {}
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise HostError(f"{path} is not UTF-8: {error.reason} at byte {error.start}. Save it as UTF-8.") from error
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        key, separator, value = line.partition("=")
        if not separator or key not in KEYS:
            raise HostError(f"{path}:{number}: unknown key '{key}'. Known keys: {', '.join(KEYS)}.")
        if key in values:
            raise HostError(f"{path}:{number}: {key} is given twice. Remove one.")
        values[key] = value.strip()
    lacking = [key for key in NEEDED if not values.get(key)]
    if lacking:
        raise HostError(f"{path}: {', '.join(lacking)} missing. Add a line KEY=value for each.")
    if "WITHOUT" in values and len(values["WITHOUT"].split()) != 2:
        raise HostError(f"{path}: WITHOUT={values['WITHOUT']} is not a node and a property.")
    for key in ("SMP", "MEMORY"):
        if not re.fullmatch("[1-9][0-9]*", values[key]):
            raise HostError(f"{path}: {key}={values[key]} is not a number from 1 on.")
    try:
        re.compile(values["SAYS"])
    except re.error as error:
        raise HostError(f"{path}: SAYS={values['SAYS']} is not a regular expression: {error}. Correct it.") from error
    try:
        shlex.split(values.get("QEMU", ""))
    except ValueError as error:
        raise HostError(f"{path}: QEMU={values['QEMU']}: {error}. Add the quote that is missing.") from error
    return Host(name, values)


def config_for(hosts, asked):
    """The fragments of a kernel that boots on all HOSTS and has what is ASKED, like "edge gcov"."""
    return list(dict.fromkeys([*asked.split(), *(name for host in hosts for name in host.config)]))


def main():
    if len(sys.argv) > 1:
        print("usage: hosts.py   (lists the hosts)", file=sys.stderr)
        return 0 if sys.argv[1:] == ["help"] else 2
    try:
        for name in known_hosts():
            print(f"{name:12} {read_host(name).about}")
    except HostError as error:
        print(f"hosts: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
