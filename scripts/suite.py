#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Puts the suite into a Linux tree, or takes it out again to the byte.

usage: suite.py install-into|uninstall-from LINUX-FOLDER

Our files go into its KVM selftests, and marked lines into their Makefile and
config. The marked lines name the files and their sums, so that those of any
version of ours are found, and nobody's work is overwritten or removed. A second
install-into brings the tree up to date; what is as it should be is not touched.
"""

import hashlib
import itertools
import os
import re
import shutil
import sys
from pathlib import Path

from children import CouldNotRun
from trees import OLDEST, release_of

TOP = Path(__file__).resolve().parent.parent
OURS = TOP / "tools/testing/selftests/kvm"
MARK = b"# kvm-user-irq:"
BEGIN, END = MARK + b" begin\n", MARK + b" end\n"
# A last line may lack its end, but never one of ours: they stand before a line of Linux's.
BLOCK = re.compile(rb"^" + re.escape(BEGIN) + rb"(?:.*\n)*?" + re.escape(END), re.M)
# A file on its way to this name.
HALF_WRITTEN = ".{}.kvm-user-irq"
OUR_LINE = re.compile(re.escape(MARK) + rb"|(?:LIBKVM|TEST_GEN_PROGS)_\w+ \+= \S*user_irq")


def digest(data):
    return hashlib.sha256(data).hexdigest()


class Selftests:
    """The KVM selftests of a Linux tree, in the layout of 6.12 or of 6.14 and later."""

    def __init__(self, linux):
        self.linux = linux
        self.folder = linux / "tools/testing/selftests/kvm"
        self.config = self.folder / "config"
        self.makefile = next((path for path in (self.folder / "Makefile.kvm", self.folder / "Makefile")
                              if path.exists()), None)
        lists = self.makefile and re.search(rb"^TEST_GEN_PROGS_(arm64|aarch64) \+= ", self.makefile.read_bytes(), re.M)
        if not lists or not self.config.exists():
            raise CouldNotRun(f"{self.folder} holds no KVM selftests for arm64.\n"
                              "suite: Give the top folder of a Linux tree of 6.8 or later.")
        self.architecture = lists[1].decode()
        for path in (self.makefile, self.config):
            rest = BLOCK.sub(b"", path.read_bytes())
            if re.search(rb"^(?:" + re.escape(BEGIN) + rb"|" + re.escape(END) + rb")", rest, re.M):
                raise CouldNotRun(f"{path} has one of '{BEGIN.decode().strip()}' and '{END.decode().strip()}' without "
                                  "the other.\nsuite: Put it right, then run the same command again.")

    def installed(self):
        """{path: sum} of the files that an installation put here."""
        sums = re.findall(rb"^" + re.escape(MARK) + rb" ([0-9a-f]{64})  (.+)$", self.makefile.read_bytes(), re.M)
        return {path.decode(): found.decode() for found, path in sums}

    def not_as_installed(self, wanted, to_come):
        """Files that somebody changed since, or that stand where ours are TO_COME and are somebody's own."""
        installed = self.installed()
        for path in sorted({*installed, *to_come}):
            there = self.folder / path
            known = (installed.get(path), digest(wanted.get(path, b"")))
            if there.exists() and digest(there.read_bytes()) not in known:
                yield path

    def wanted(self):
        """{path: content} of our files, at the places where they stand here."""
        return {re.sub(r"(^|/)aarch64/", rf"\1{self.architecture}/", str(path.relative_to(OURS))): path.read_bytes()
                for folder in ("aarch64", "include/aarch64", "lib/aarch64")
                for path in sorted((OURS / folder).glob("user_irq*.[chS]"))}

    def remove(self, paths):
        for path in paths:
            (self.folder / path).unlink(missing_ok=True)

    def remove_half_written(self):
        """What an earlier command left that was killed."""
        elsewhere = [path.resolve().parent.glob(HALF_WRITTEN.format("*")) for path in (self.makefile, self.config)]
        for path in itertools.chain(self.folder.rglob(HALF_WRITTEN.format("*")), *elsewhere):
            path.unlink(missing_ok=True)

    def make_lines(self, wanted):
        lines = [f"{MARK.decode()} {digest(content)}  {path}" for path, content in wanted.items()]
        lines += [f"LIBKVM_{self.architecture} += {path}" for path in wanted if re.match(r"lib/.*\.[cS]$", path)]
        lines += [f"TEST_GEN_PROGS_{self.architecture} += {path[:-2]}" for path in wanted
                  if re.match(rf"{self.architecture}/.*\.c$", path)]
        return lines

    def install(self):
        # Selftests may stand without the rest of Linux.
        makefile = self.linux / "Makefile"
        if makefile.exists() and (version := release_of(makefile.read_text(encoding="utf-8"))) < OLDEST:
            raise CouldNotRun(f"{self.linux} is Linux {'.'.join(map(str, version)) or 'of no version'}, and its KVM "
                              "selftest library lacks what the suite needs.\nsuite: Give a tree of 6.8 or later.")
        self.remove_half_written()
        wanted = self.wanted()
        for path, content in wanted.items():
            write(self.folder / path, content)
        self.remove(set(self.installed()) - set(wanted))

        theirs = without_ours(self.makefile.read_bytes())
        # The last of the list: the first may be an assignment, and what reads the list comes after.
        *_, last = re.finditer(rf"^TEST_GEN_PROGS_{self.architecture} \+= ".encode(), theirs, re.M)
        write(self.makefile, with_ours(theirs, last.start(), self.make_lines(wanted)))
        options = re.findall(r"^CONFIG_.*$", (OURS / "config").read_text(encoding="utf-8"), re.M)
        lines = [f"{MARK.decode()} {' '.join(options)}", *options]
        write(self.config, with_ours(without_ours(self.config.read_bytes()), 0, lines))

    def uninstall(self):
        self.remove_half_written()
        self.remove(self.installed())
        # An installation that was killed had not come to the marked lines.
        self.remove(path for path, content in self.wanted().items()
                    if (self.folder / path).is_file() and (self.folder / path).read_bytes() == content)
        for path in (self.makefile, self.config):
            write(path, without_ours(path.read_bytes()))


def without_ours(text):
    return BLOCK.sub(lambda block: what_is_not_ours(block[0].splitlines(keepends=True)), text)


def what_is_not_ours(block):
    """What somebody put between our lines; which options are ours, a marked line says."""
    options = {word for line in block if line.startswith(MARK) for word in line.split()}
    return b"".join(line for line in block if not OUR_LINE.match(line) and line.strip() not in options)


def with_ours(theirs, place, lines):
    return theirs[:place] + BEGIN + "".join(f"{line}\n" for line in lines).encode() + END + theirs[place:]


def write(path, content):
    """Whole or not at all, never through a hard link; with the owner and mode that the file has, where it is."""
    path = path.resolve()
    if path.exists() and path.read_bytes() == content:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.parent / HALF_WRITTEN.format(path.name)
    try:
        new.write_bytes(content)
        if path.exists():
            there = path.stat()
            os.chown(new, there.st_uid, there.st_gid)
            shutil.copymode(path, new)
        else:
            new.chmod(0o644)
        os.replace(new, path)
    except OSError:
        new.unlink(missing_ok=True)
        raise


def main():
    words = sys.argv[1:]
    if len(words) != 2 or words[0] not in ("install-into", "uninstall-from"):
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 0 if words == ["help"] else 2
    try:
        linux = Path(words[1]).resolve()
        if not linux.is_dir():
            raise CouldNotRun(f"there is no folder '{words[1]}'. Say BASE=/path/to/linux.")
        selftests = Selftests(linux)
        wanted = selftests.wanted()
        to_come = wanted if words[0] == "install-into" else {}
        # In the bench's own copies there is nobody's work.
        changed = [] if TOP / "build" in linux.parents else list(selftests.not_as_installed(wanted, to_come))
        if changed:
            raise CouldNotRun(f"in {selftests.folder} these are not as we install them: {', '.join(changed)}.\n"
                              "suite: Move them away, then run the same command again.")
        if words[0] == "install-into":
            selftests.install()
        else:
            selftests.uninstall()
    except CouldNotRun as error:
        print(f"suite: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(f"suite: {error.filename}: {error.strerror}. May you write there, and is there room on the disk? "
              "Then run the same command again.", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
