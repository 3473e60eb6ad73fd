#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Validates a range of commits in a git tree like a developer's, which is killed on the way and started again.

usage: range_walked.py BASE

The tree is BASE as Debian has it, and two patches on that: one takes the version from
KVM_CHECK_EXTENSION and says nothing of it, and one gives another and names the
cases. So that this takes a minute or two, it holds only some parts of Linux, and the
folder of the walk has the rest and the objects of the tree stock before it begins.
"""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from urllib.parse import unquote, urlsplit

import kcidb_rules
import series
from job import SCRIPTS, TOP

LINUX = TOP / "build/range/linux"
# Whatever git is told elsewhere of the one who runs this.
GIT = ("git", "-C", LINUX, "-c", "user.name=A Developer", "-c", "user.email=developer@example.org",
       "-c", "commit.gpgSign=false", "-c", "core.hooksPath=/dev/null")
FILE = "arch/arm64/kvm/arm.c"
PARTS = ("Makefile", "arch/arm64/kvm", "virt/kvm", "tools/testing/selftests/kvm")
RANGE = "base..mine"
# What each of the three kernels gives: the base, without a version, and with one again.
CAP = "user_irq_cap.cap."
EXPECTED = {
    "psci_test": ["pass", "pass", "pass"],
    CAP + "dev_kvm_tells_the_version": ["pass", "fail", "pass"],
    CAP + "vm_without_vgic_tells_the_version": ["pass", "fail", "pass"],
    CAP + "vm_with_vgic_tells_the_version": ["pass", "fail", "pass"],
    CAP + "bits_are_those_of_the_version": ["pass", "fail", "pass"],
    CAP + "bit_of_a_missing_device_is_zero": ["pass", "pass", "pass"],
}


def ask(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, **options).stdout.strip()


def commit(message, version):
    """Commits that VERSION is told."""
    path = LINUX / FILE
    before = path.read_text(encoding="utf-8")
    after = re.sub(r"(case KVM_CAP_ARM_USER_IRQ:(?:(?!break).)*?r = )\d;", rf"\g<1>{version};", before, count=1,
                   flags=re.S)
    if after == before:
        raise AssertionError(f"{FILE} tells no version that this knows to change")
    path.write_text(after, encoding="utf-8")
    ask(*GIT, "commit", "-qam", message)


def make_tree(base):
    shutil.rmtree(LINUX.parent, ignore_errors=True)
    LINUX.parent.mkdir(parents=True)
    ask("git", "init", "-q", "-b", "mine", LINUX)
    subprocess.run(["cp", "-a", "--parents", *PARTS, LINUX], check=True, cwd=base)
    ask(*GIT, "add", "-Af", ".")
    ask(*GIT, "commit", "-qm", "Linux")
    ask(*GIT, "tag", "base")
    commit("KVM: arm64: Tell no version of KVM_CAP_ARM_USER_IRQ\n\n"
           "Nobody signs this, and it does not say what it breaks.", 0)
    commit("KVM: arm64: Tell a version of KVM_CAP_ARM_USER_IRQ\n\n"
           "A VMM asks for it before it relies on the run page.\n\n"
           f"Green: {CAP}dev_* {CAP}vm_*\nGreen: {CAP}bit[s]_*\n"
           "Signed-off-by: A Developer <developer@example.org>", 2)


def take_objects(stock, walk, base):
    """Makes the folder of the walk what tree.sh makes those of our own trees: links, and objects of another's."""
    subprocess.run(["cp", "-al", base, walk], check=True)
    shutil.copytree(stock / "out", walk / "out", symlinks=True)
    (walk / "out/.built").unlink()
    env = {**os.environ, "GIT_DIR": str(LINUX / ".git"), "GIT_WORK_TREE": str(walk),
           "GIT_INDEX_FILE": str(walk / ".index")}
    ask("git", "read-tree", "base", env=env)
    ask("git", "update-index", "-q", "--refresh", env=env)


def state_of_the_tree():
    return (ask(*GIT, "for-each-ref"), ask(*GIT, "status", "--porcelain"), ask(*GIT, "rev-parse", "HEAD"),
            hashlib.sha256((LINUX / ".git/index").read_bytes()).hexdigest())


def left_running(walk):
    """The commands that still work on the folder WALK after a minute."""
    def running():
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                command = path.read_bytes().replace(b"\0", b" ").decode(errors="backslashreplace")
            except OSError:
                continue
            if str(walk) in command:
                yield command

    deadline = time.monotonic() + 60
    while any(running()) and time.monotonic() < deadline:
        time.sleep(1)
    return list(running())


class RangeWalked(unittest.TestCase):
    base = None
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        base = Path(ask(SCRIPTS / "base.sh", cls.base))
        stock = Path(ask(SCRIPTS / "tree.sh", cls.base, "stock"))
        subprocess.run([SCRIPTS / "build.sh", stock], check=True, stdout=subprocess.DEVNULL)
        make_tree(base)
        name = series.from_range(str(LINUX), RANGE).name
        walk, records = TOP / f"build/trees/{name}-walk", TOP / f"build/validate/{name}"
        cls.made = [walk, records, TOP / f"build/selftests/{name}-walk"]
        cls.clean()
        take_objects(stock, walk, base)
        before = state_of_the_tree()
        cls.killed = cls.start_and_kill(records)
        done = subprocess.run(cls.command(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
        cls.status, cls.out, cls.said = done.returncode, done.stdout, done.stderr
        print(cls.said, cls.out, sep="\n", file=sys.stderr)
        cls.untouched = state_of_the_tree() == before
        cls.left = left_running(walk)
        cls.folder = TOP / re.search(r"^Results: (\S+)", cls.out, re.M)[1]
        cls.matrix = json.loads((cls.folder / "matrix.json").read_text(encoding="utf-8"))

    @classmethod
    def tearDownClass(cls):
        cls.clean()
        shutil.rmtree(LINUX.parent)

    @classmethod
    def clean(cls):
        for folder in cls.made:
            shutil.rmtree(folder, ignore_errors=True)

    @classmethod
    def command(cls):
        return [SCRIPTS / "validate.py", f"BASE={LINUX}", f"SERIES={RANGE}", "HOST=vhe", "TESTS=user_irq_cap psci_test"]

    @classmethod
    def start_and_kill(cls, records):
        """Returns how the command ended. It is killed when what the range stands on is known, and more is not."""
        with subprocess.Popen(cls.command()) as child:
            while child.poll() is None and not list(records.glob("[!.]*/record.json")):
                time.sleep(0.2)
            child.send_signal(signal.SIGKILL)
        return child.returncode

    def test_it_was_killed_and_went_on(self):
        self.assertEqual(self.killed, -signal.SIGKILL)
        self.assertIn("patch 0 of 2: known from an earlier walk", self.said)
        self.assertIn("patch 2 of 2: KVM: arm64: Tell a version", self.said)

    def test_nothing_of_the_killed_one_goes_on_for_ever(self):
        self.assertEqual(self.left, [])

    def test_the_matrix(self):
        found = {name: [] for name in EXPECTED}
        for patch in self.matrix["patches"]:
            for case in patch["cases"]:
                found[case["name"]].append(case["verdict"])
        self.assertEqual(found, EXPECTED)

    def test_what_the_patches_say(self):
        stands_on, less, more = self.matrix["patches"]
        self.assertEqual((stands_on["green"], less["green"]), ([], []))
        self.assertEqual(more["green"], [f"{CAP}dev_*", f"{CAP}vm_*", f"{CAP}bit[s]_*"])
        self.assertEqual((stands_on["wrong"], more["wrong"]), ([], []))
        broken = sorted(name for name, verdicts in EXPECTED.items() if verdicts[1] == "fail")
        self.assertEqual([line for line in less["wrong"] if not line.startswith("checkpatch: ")],
                         [f"{name} on vhe: pass before it, fail with it, and it does not name that" for name in broken])
        self.assertIn("MISSING_SIGN_OFF", "".join(less["wrong"]))
        self.assertEqual(self.status, 1)
        self.assertIn("1 of 2 patches not as they say", self.out)

    def test_the_developers_tree_is_as_it_was(self):
        self.assertTrue(self.untouched)

    def test_kcidb(self):
        report = json.loads((self.folder / "kcidb.json").read_text(encoding="utf-8"))
        self.assertEqual(kcidb_rules.broken(report), [])
        self.assertEqual(len(report["tests"]), sum(map(len, EXPECTED.values())))
        self.assertEqual({one["git_commit_hash"] for one in report["checkouts"]}, {ask(*GIT, "rev-parse", "base")})
        for test in report["tests"]:
            if "log_url" in test:
                self.assertTrue(Path(unquote(urlsplit(test["log_url"]).path)).is_file(), test["log_url"])

    def test_report(self):
        page = (self.folder / "report.html").read_text(encoding="utf-8")
        links = re.findall(r'href="([^#"]+)"', page)
        self.assertIn("patch-02/patch.txt", links)
        for file in links:
            self.assertTrue((self.folder / file).is_file(), file)
        cells = re.findall(r'<td[^>]*><a class="\w+" href="#c\d+-\d+"', page)
        self.assertEqual(len(cells), sum(map(len, EXPECTED.values())))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print(__doc__, file=sys.stderr)
        sys.exit(2)
    RangeWalked.base = sys.argv.pop()
    unittest.main()
