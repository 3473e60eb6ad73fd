#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Packs the emulated host's user space: an initramfs in cpio's newc format.

Written here rather than by cpio(1): that needs root, or fakeroot, for nothing
more than a header per file, and a new one is packed for every boot.
"""

import stat
from pathlib import Path

FILE, FOLDER, LINK = stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK
TRAILER = "TRAILER!!!"


def _padded(data):
    return data + bytes(-len(data) % 4)


def _member(number, name, mode, data=b""):
    encoded = name.encode() + b"\0"
    #         inode   mode  uid gid links time  size       dev    rdev  name          check
    fields = (number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(encoded), 0)
    header = b"070701" + b"".join(b"%08X" % field for field in fields)
    return _padded(header + encoded) + _padded(data)


class Archive:
    def __init__(self):
        self.members = {}

    def folder(self, name):
        name = name.strip("/")
        if name and name not in self.members:
            self.folder(name.rpartition("/")[0])
            self.members[name] = (FOLDER | 0o755, b"")

    def _put(self, name, mode, data):
        name = name.strip("/")
        self.folder(name.rpartition("/")[0])
        self.members[name] = (mode, data)

    def file(self, name, data, mode=0o644):
        self._put(name, FILE | mode, data)

    def copy(self, name, source):
        source = Path(source)
        self.file(name, source.read_bytes(), stat.S_IMODE(source.stat().st_mode) | 0o444)

    def link(self, name, target):
        self._put(name, LINK | 0o777, target.encode())

    def tree(self, name, source, leave_out=()):
        for path in sorted(Path(source).rglob("*")):
            target = f"{name}/{path.relative_to(source)}"
            if path in leave_out:
                continue
            if path.is_dir():
                self.folder(target)
            else:
                self.copy(target, path)

    def pack(self, files):
        """The archive, with FILES of lines for init to read in /bench."""
        members = dict(self.members)
        members["bench"] = (FOLDER | 0o755, b"")
        for name, lines in files.items():
            members[f"bench/{name}"] = (FILE | 0o644, "".join(f"{line}\n" for line in lines).encode())
        parts = [_member(number, name, mode, data)
                 for number, (name, (mode, data)) in enumerate(members.items(), 1)]
        return b"".join(parts) + _member(0, TRAILER, 0)


def add_user_space(archive, guest, installed, programs):
    """GUEST has init and what it needs, INSTALLED the tests; of those, only PROGRAMS go in."""
    for name in ("dev", "proc", "sys", "tmp"):
        archive.folder(name)
    archive.copy("init", guest / "init")
    archive.copy("usr/bin/timeout", guest / "timeout")
    archive.copy("bin/busybox", guest / "busybox")
    archive.link("bin/sh", "busybox")
    # Each is some 200 KiB, which the emulated host would unpack before its first case.
    tests = (installed / "kselftest-list.txt").read_text(encoding="utf-8").split()
    others = {installed / test.replace(":", "/") for test in tests} - {installed / "kvm" / name for name in programs}
    archive.tree("kselftest", installed, others)
