# SPDX-License-Identifier: GPL-2.0
"""The patches that validation walks along: our own series, or a range of anybody's git tree.

Whose tree it is, it is only read: commits are checked out with an index and a
folder of our own, and no reference is made.
"""

import hashlib
import os
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from children import CouldNotRun
from job import SCRIPTS, path_of, start
from trees import OLDEST, release_of

# Without these a tree cannot be held against KVM's selftests on arm64.
NEEDED = ("arch/arm64/kvm/arm.c", "virt/kvm/kvm_main.c", "tools/testing/selftests/kvm/lib/kvm_util.c")

# What it takes in MiB, with some room, as base.sh has it.
WHOLE_LINUX = 2500


@dataclass
class Patch:
    """Number 0 is what the series stands on.

    GREEN: patterns over the cases that it turns green; STEADY: over those that it makes pass each time.
    """
    number: int
    commit: str
    subject: str
    green: list = field(default_factory=list)
    steady: list = field(default_factory=list)


class Series:
    # The CONFIG that its kernels are built with.
    config = ""
    # Options of checkpatch beside --strict.
    checkpatch = ()

    def __init__(self, name, git_dir, base, tip):
        self.name, self.git_dir = name, Path(git_dir)
        commits = self.git("rev-list", "--reverse", f"{base}..{tip}").split()
        if not commits:
            raise CouldNotRun(f"the series of {name} is empty. Add a patch to kernel/patches; "
                              "kernel/README.md tells how.")
        # Not BASE, which may have gone on since.
        self.patches = [Patch(0, self.git("rev-parse", f"{commits[0]}^").strip(), "(what the series stands on)")]
        self.patches += [self._patch(number, commit) for number, commit in enumerate(commits, 1)]

    def git(self, *arguments, **options):
        return self._git(*arguments, text=True, errors="backslashreplace", **options)

    def _git(self, *arguments, **options):
        done = subprocess.run(["git", "--git-dir", self.git_dir, *arguments], capture_output=True, check=False,
                              **options)
        if done.returncode:
            said = done.stderr if isinstance(done.stderr, str) else done.stderr.decode(errors="replace")
            raise CouldNotRun(f"git {arguments[0]} failed in {self.git_dir}: {said.strip()}\n"
                              "Is the repository whole (git fsck), and is there room on the disk? "
                              "Then run the same command again.")
        return done.stdout

    def _patch(self, number, commit):
        # Our own patches name their cases in a note, which stays out of the commit; others may do it in a trailer.
        text = self.git("log", "-1", "--notes", "--no-show-signature", "--format=%s%n%b%n%N", commit)
        subject, _, rest = text.partition("\n")
        green, steady = ([word for line in rest.splitlines() if line.startswith(f"{name}: ")
                          for word in line.split()[1:]] for name in ("Green", "Steady"))
        return Patch(number, commit, subject, green, steady)

    @property
    def published(self):
        """The commit that the series stands on, which others may have; empty if it is a patch of ours itself."""
        return self.patches[0].commit

    @property
    def tests_from(self):
        """What a patch adds to the tests is red until the patch that it tests, so all take those of the end."""
        return self.patches[-1]

    def tree_id(self, patch):
        return self.git("rev-parse", f"{patch.commit}^{{tree}}").strip()

    def _touched(self, *paths):
        """The files that a patch of the series changes, also if a later one changes them back."""
        told = self.git("log", "-z", "--no-show-signature", "--format=", "--no-renames", "--name-only",
                        f"{self.patches[0].commit}..{self.patches[-1].commit}", "--", *paths)
        return sorted({*told.replace("\n", "").split("\0")} - {""})

    def changed(self, patch):
        """The files that this patch leaves changed; of what the series stands on, those that the series touches."""
        if not patch.number:
            there = self.git("ls-tree", "-r", "-z", "--name-only", patch.commit).split("\0")
            return sorted({*self._touched()} & {*there})
        return self.git("diff", "-z", "--no-renames", "--name-only", "--diff-filter=d",
                        f"{patch.commit}^", patch.commit).split("\0")[:-1]

    def sources(self):
        """The C files that the series touches."""
        return self._touched("*.c")

    def mail(self, patch):
        """Its bytes: a patch may have lines that end in CR, and text in any encoding."""
        return self._git("format-patch", "-1", "--stdout", "--always", "--no-cover-letter", "--no-base", "--no-attach",
                         "--no-signoff", "--src-prefix=a/", "--dst-prefix=b/", patch.commit)

    def check_out(self, patch, tree):
        """Makes the folder TREE what it is after PATCH."""
        tree.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(tree).free >> 20
        if free < WHOLE_LINUX and not (tree / ".index").exists():
            raise CouldNotRun(f"{free} MiB are free in {tree}, and a whole Linux needs {WHOLE_LINUX}. "
                              "Make room there, then run the same command again.")
        if subprocess.run([SCRIPTS / "checkout.sh", self.git_dir, patch.commit, tree], check=False).returncode:
            raise CouldNotRun(f"cannot check out {patch.commit[:12]} in {tree}; what git said stands above. "
                              "Is there room on the disk? Then run the same command again.")


class OurSeries(Series):
    """The project's own patches on BASE, in the repository that holds only what they touch."""
    # No device of today raises an edge, so there is one for the tests.
    config = "edge"
    # MAINTAINERS has an entry for these paths already.
    checkpatch = ("--ignore", "FILE_PATH_CHANGES")
    # The baseline is made here, by a patch on a base that is no commit of Linux's.
    published = ""

    def __init__(self, base):
        super().__init__(base, path_of(start("history.sh", base)) / ".git", "baseline", "series")

    def check_out(self, patch, tree):
        if path_of(start("tree.sh", self.name, "walk", patch.commit)) != tree:
            raise AssertionError(f"tree.sh has another place for {tree}")


def from_range(path, text):
    """The commits of a range like v6.12..mybranch in the git tree PATH."""
    def ask(*arguments):
        return subprocess.run(["git", "-C", path, "-c", "core.fsmonitor=false", *arguments], capture_output=True,
                              text=True, check=False, env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"})

    git_dir = ask("rev-parse", "--absolute-git-dir")
    if git_dir.returncode:
        raise CouldNotRun(f"BASE={path} is no git tree with a range to validate: {git_dir.stderr.strip()}\n"
                          "Give one that is.")
    base, dots, tip = text.partition("..")
    if not dots or tip.startswith("."):
        raise CouldNotRun(f"SERIES={text} is not a range. Give one like v6.12..mybranch.")
    tip = tip or "HEAD"
    for end in (base, tip):
        if ask("rev-parse", "--verify", "-q", f"{end}^{{commit}}").returncode:
            raise CouldNotRun(f"SERIES={text}: there is no commit '{end}' in {path}. Name one that `git log` shows.")
    merges = ask("rev-list", "--merges", f"{base}..{tip}").stdout.split()
    if merges:
        raise CouldNotRun(f"SERIES={text} has a merge in it, {merges[0][:12]}, and a patch has one parent. "
                          f"Rebase the series, or name a range behind the merge.")
    commits = ask("rev-list", f"{base}..{tip}").stdout.split()
    if not commits:
        raise CouldNotRun(f"SERIES={text} is empty: '{tip}' has no commit that '{base}' has not. "
                          "Name a range with commits, the older end first.")
    if ask("rev-list", "--max-parents=0", f"{base}..{tip}").stdout.split():
        raise CouldNotRun(f"SERIES={text} begins with a commit that stands on nothing. "
                          "Name a range that begins behind a Linux tree.")
    if ask("status", "--porcelain", "--untracked-files=no").stdout.strip():
        raise CouldNotRun(f"{path} has changes that are in no commit, and only commits are validated. "
                          "Commit or stash them, then run the same command again.")
    # Two trees may both be called linux, and Linux builds in no folder whose name has a blank or a colon.
    place = Path(path).resolve()
    name = f"{re.sub('[^A-Za-z0-9._-]', '_', place.name)}-{hashlib.sha256(str(place).encode()).hexdigest()[:8]}"
    series = Series(name, git_dir.stdout.strip(), base, tip)
    for name in NEEDED:
        if ask("cat-file", "-e", f"{series.patches[0].commit}:{name}").returncode:
            raise CouldNotRun(f"{path} has no {name}: what the series stands on is no Linux "
                              "with KVM's selftests for arm64. Name a range in one that is.")
    makefile = ask("show", f"{series.patches[0].commit}:Makefile").stdout
    version = release_of(makefile)
    if version < OLDEST:
        raise CouldNotRun(f"SERIES={text} stands on Linux {'.'.join(map(str, version)) or 'of no version'}, and the "
                          "KVM selftest library asks a kernel for what came with 6.8. Name a range on 6.8 or later.")
    return series
