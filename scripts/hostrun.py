# SPDX-License-Identifier: GPL-2.0
"""Runs the tests on a host, in as many boots as it takes to give each case a verdict."""

import json
import os
import shutil
import sys
import threading
from pathlib import Path

import initramfs
from children import CHILDREN, CouldNotRun, Interrupted
from hostverdicts import HostVerdicts
from stream import printable, read_boot

BOOT = Path(__file__).resolve().parent / "boot.py"
# Arguments of boot.py's that say when to give a boot up. Its own are far away.
BOOT_LIMITS = []
# What only the harness of kselftest has in it: the heading of its list of cases.
HARNESS = b"# FIXTURE"
# Lines of a console that stand for a log where there is none.
TAIL = 30


class Plan:
    """What a run boots: kernel, programs, and what init is told. IMAGE has the hosts' device trees beside it.

    ENOUGH says of the cases that have their verdict whether a host needs no further boot. With ONE_THREAD a host's CPUs
    run in turn: that is a third less work, as nothing has to be agreed between them, and no race between them, either.
    """

    def __init__(self, image, guest, installed, programs, failed, patterns, env, enough=lambda cases: False,
                 one_thread=False):
        self.image = image
        self.archive = initramfs.Archive()
        initramfs.add_user_space(self.archive, guest, installed, programs)
        self.built = [name for name in programs if (installed / "kvm" / name).exists()]
        self.harness = {name: has_cases(installed / "kvm" / name) for name in self.built}
        self.programs = programs
        self.failed = {name: why_not_built(failed / name) for name in programs if name not in self.built}
        self.patterns = [pattern if "." in pattern else f"{pattern}.*" for pattern in patterns]
        self.env = env
        self.enough = enough
        self.options = ["--one-thread"] if one_thread else []

    def initramfs(self, host, pending, done, careful):
        files = {
            "programs": [f"{name} {int(self.harness[name])}" for name in pending],
            "patterns": self.patterns, "done": done, "env": self.env,
        }
        if careful:
            files["careful"] = []
        if host.ktap_terminal:
            files["port"] = [host.ktap_terminal]
        return self.archive.pack(files)


def has_cases(program):
    return HARNESS in program.read_bytes()


def why_not_built(log):
    """The line that says it, and all lines."""
    try:
        lines = [printable(line) for line in log.read_text(errors="replace").splitlines()]
    except FileNotFoundError:
        return "its log is missing too", [f"no {log}"]
    return next((line for line in lines if "error" in line.lower()), "see the log of the build"), lines


def end_of_console(data):
    """The last lines, without the seconds that boot.py puts before each."""
    lines = data.decode("utf-8", errors="backslashreplace").split("\n")
    return [printable(line[10:]) for line in lines if len(line) > 10][-TAIL:]


def keep_kernel(image, hosts, folder):
    """Copies the kernel and the hosts' device trees to FOLDER: a later run may build another in their place."""
    for host in hosts:
        if host.dtb:
            made = image.parent / "dts" / host.dtb
            if not made.exists():
                raise CouldNotRun(f"host {host.name} boots with {host.dtb}, which this Linux has not. "
                                  "Leave it out of HOST.")
            shutil.copy(made, folder)
    return Path(shutil.copy(image, folder))


def drop_kernel(image):
    for path in (image, *image.parent.glob("*.dtb")):
        path.unlink(missing_ok=True)


class HostRun(threading.Thread):
    """One host: boots until every case has its verdict. BEGUN: how many boots the folder has of it already."""

    def __init__(self, host, plan, folder, slots, begun=0):
        super().__init__(name=host.name, daemon=True)
        self.host, self.plan, self.folder, self.slots, self.begun = host, plan, folder, slots, begun
        self.verdicts = HostVerdicts(host.name, plan.programs)
        self.boots = []
        self.known = set()
        self.boot_seconds = self.test_seconds = 0.0
        self.problem = None

    def run(self):
        try:
            for name, (why, log) in self.plan.failed.items():
                self.verdicts.not_built(name, why, log)
            with self.slots:
                while self.verdicts.pending() and not self.plan.enough(self.verdicts.cases.values()):
                    if not self._boot():
                        self.verdicts.give_up("no boot reached it")
            self.verdicts.finish()
        except Exception as error:
            self.problem = error

    def _boot(self):
        number = self.begun + len(self.boots) + 1
        prefix = str(self.folder / f"{self.host.name}-{number}")
        initrd = f"{prefix}.initrd"
        Path(initrd).write_bytes(self.plan.initramfs(self.host, self.verdicts.pending(), self.verdicts.done(),
                                                     self.verdicts.careful))
        self.boots.append((self.host.name, number, prefix))
        command = [BOOT, self.host.name, str(self.plan.image), prefix, "--initrd", initrd,
                   *self.plan.options, *BOOT_LIMITS]
        if self.host.dtb:
            command += ["--dtb", str(self.plan.image.parent / Path(self.host.dtb).name)]
        try:
            status, _ = CHILDREN.wait(CHILDREN.start(command))
        finally:
            os.unlink(initrd)
        if status:
            raise CouldNotRun(f"host {self.host.name} could not be started; the reason stands above.")
        end = json.loads(Path(f"{prefix}.end").read_text(encoding="utf-8"))
        console = Path(f"{prefix}.console").read_bytes()
        boot = read_boot(Path(f"{prefix}.ktap").read_bytes(), console, self.host.says)
        self._keep_profile(number, boot.profile)
        progress = self.verdicts.add_boot(boot, end["how"], end["why"], end_of_console(console))
        self.known.update(boot.unwanted)
        if len(self.boots) == 1:
            self.boot_seconds = boot.first_result or end["seconds"]
        self.test_seconds += (boot.last_result or 0) - (boot.first_result or 0)
        if self.verdicts.pending():
            print(f"{self.host.name}: {end['why'] or 'the kernel complained, or a program hung'}; "
                  f"{'a fresh boot runs the other cases' if progress else 'this boot brought nothing new'}",
                  file=sys.stderr)
        return progress

    def _keep_profile(self, number, profile):
        """What the kernel counted of its own code, for scripts/coverage.py."""
        folder = self.folder / "gcov" / f"{self.host.name}-{number}"
        for name, data in profile.items():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)


def boot_hosts(hosts, plan, folder, slots=None, begun=0):
    """SLOTS lets as many hosts run at once as it has room for; by itself, as many as there are CPUs."""
    slots = slots or threading.Semaphore(len(os.sched_getaffinity(0)))
    runs = [HostRun(host, plan, folder, slots, begun) for host in hosts]
    for one in runs:
        one.start()
    while alive := [one for one in runs if one.is_alive()]:
        # With a timeout, so that a signal gets through.
        alive[0].join(0.2)
        if any(one.problem for one in runs):
            CHILDREN.stop()
    # The others' is that they were stopped for it.
    problems = [one.problem for one in runs if one.problem]
    if problems:
        raise next((problem for problem in problems if not isinstance(problem, Interrupted)), problems[0])
    return runs
