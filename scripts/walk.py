# SPDX-License-Identifier: GPL-2.0
"""Walks along a series: builds what each patch leaves, and boots it while the next is built.

What was learnt of a patch is kept, under a name made from all that went in. So a
walk that was interrupted goes on where it was, and one along a series of which one
patch changed does again what depends on that patch.
"""

import functools
import hashlib
import inspect
import json
import modulefinder
import os
import queue
import re
import shutil
import subprocess
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import greens
import job
import results
from boot import qemu_of
from children import CHILDREN, CouldNotRun, Interrupted
from ends import say
from hostrun import Plan, boot_hosts, drop_kernel, keep_kernel
from hosts import config_for
from job import SCRIPTS, TOP, base_of, compiler_of, path_of, start, tests_environment
from jobs import Jobs
from programs import choose_programs, left_out, programs_of

# The compiler, the linker and sparse name a place first; dtc has a range of columns there, and what it is
# about in brackets. modpost begins with the kind.
_COMPLAINT = re.compile(r"(?:(?:\b|/)(?P<place>[\w./-]+?):(?:[\d.-]+:)*\s*|^)"
                        r"(?:fatal )?(?P<kind>warning|error)(?: \(\w+\))?: (?P<text>.*)", re.I)
# What build.sh ends with when the tree is at fault. Whatever else went wrong is told by another status.
_DOES_NOT_BUILD = 3
# Where sources are that are no part of a kernel.
_NO_KERNEL = ("tools/", "scripts/", "samples/", "Documentation/")
# The scripts that make what a record tells of, beside the modules that this one needs.
_SCRIPTS = ("build.sh", "checkout.sh", "sparse.sh", "steps.sh", "tree.sh")


def complaints(text, kinds=("warning", "error")):
    """What a compiler or checker says, without the line numbers that any patch may shift.

    So a source may say the same twice. Of a header each unit does that has it, and how many are compiled varies.
    """
    said = [(match["place"] or "", match["text"]) for match in map(_COMPLAINT.search, text.splitlines())
            if match and match["kind"].lower() in kinds]
    counted = [each for each in said if each[0].endswith(".c")]
    return sorted(": ".join(filter(None, each)) for each in (*counted, *(set(said) - set(counted))))


def digest(*parts):
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:24]


def content_of(*folders):
    """A digest of all files in FOLDERS."""
    parts = []
    for folder in folders:
        for path in sorted(p for p in Path(folder).rglob("*") if p.is_file()):
            parts += [path.name, hashlib.sha256(path.read_bytes()).hexdigest()]
    return digest(*parts)


@functools.cache
def _version(program):
    return subprocess.run([program, "--version"], check=True, capture_output=True, text=True).stdout.partition("\n")[0]


def _bench(walk):
    """A digest of those of our scripts that make a record of WALK, so that none outlives a change of them."""
    finder = modulefinder.ModuleFinder([str(SCRIPTS)])
    finder.run_script(inspect.getfile(type(walk)))
    ours = {Path(module.__file__) for module in finder.modules.values() if module.__file__}
    return digest(*(path.read_text(encoding="utf-8") for path in sorted({*ours, *map(SCRIPTS.joinpath, _SCRIPTS)})))


def _cases(runs):
    return [case for one in runs for case in one.verdicts.sorted_cases()]


def _told(cases):
    return [{"name": case.name, "host": case.host, "verdict": case.verdict, "seconds": case.seconds,
             "reason": case.reason, "log": case.log} for case in cases]


def _tried_again(first, case):
    """The verdict CASE of what had the verdict FIRST in haste, with what it said then."""
    if first:
        case.log = [*case.log, f"(before that, in haste: {first.verdict}: {first.reason})", *first.log]
        if case.verdict == "pass":
            case.reason = greens.TRIED_AGAIN + first.reason
    return case


def alone():
    """Only one walk at a time: they share the tree that they build."""
    return job.alone("walk", "another validation, or that of the mutants, goes on")


class Walk:
    """One walk. Records are {"built", "error", "warnings", "changed", "uncompiled", "compiler", "cases", "seconds"}.

    WARNINGS are those of the compiler, of all that the patch makes anew, and of sparse, of the series' own files.
    CHANGED are the patch's files, and UNCOMPILED those of them that nothing here is made from, so that nobody
    looked at them.
    """

    # What is walked along, and where in build/ the records are kept.
    what, place = "patch", "validate"
    # Whether sparse looks at what is compiled.
    sparse = True

    def __init__(self, series, hosts, patterns, by_default=False):
        """BY_DEFAULT: nobody asked for these PATTERNS, and a patch that names none of their cases adds its own."""
        self.series, self.hosts, self.patterns, self.by_default = series, hosts, patterns, by_default
        # On the first kernels of our own series many cases wait in vain, so they do not wait for long at first. And a
        # host's CPUs run in turn then: races between them are for make run and soak to find, at the series' end.
        self.hasty = by_default and not series.published
        self.tree = TOP / "build/trees" / f"{series.name}-walk"
        self.config = config_for(hosts, series.config)
        self.out = ".".join(("out", *self.config))
        self.state = TOP / "build" / self.place / series.name
        self.state.mkdir(parents=True, exist_ok=True)
        # What an interrupted walk left half made.
        for path in self.state.glob(".*"):
            shutil.rmtree(path)
        self.jobs = Jobs()
        self.waiting = queue.Queue(1)
        self.records = {}
        # What this walk did itself: seconds by what they went to, in the order of that.
        self.seconds = {"the tests": 0.0, "kernels": 0.0, "boots beside them": 0.0}
        self.walked = 0
        self.problem = None
        self._build_tests()

    def _build_tests(self):
        say("the tests, as the end of the series has them")
        began = time.monotonic()
        # Of before, for somebody may edit it meanwhile.
        self.suite = content_of(TOP / "tools")
        self.series.check_out(self.series.tests_from, self.tree)
        self.known = known = programs_of(self.tree)
        if self.by_default:
            self.patterns = [*self.patterns,
                             *left_out(self.series.patches, choose_programs(self.patterns, known), known)]
        self.programs = choose_programs(self.patterns, known)
        self.guest = path_of(start("guest.sh"))
        self.tests = path_of(start("selftests.sh", str(self.tree), *(known[name] for name in self.programs))).parent
        self.seconds["the tests"] = time.monotonic() - began
        self.content = digest(content_of(*(self.tests / part for part in ("small", "failed")), self.guest,
                                         TOP / "kernel/configs"), *self.programs, _bench(self),
                              *map(_version, ("aarch64-linux-gnu-gcc", "aarch64-linux-gnu-ld", "sparse")),
                              os.environ.get("KCFLAGS", ""),
                              # The series' own history has but a part of it.
                              base_of(self.tree))

    def hosts_for(self, _patch):
        """The hosts that a patch is booted on."""
        return self.hosts

    def title(self, patch):
        """What the files of its record call PATCH."""
        return f"{self.what} {patch.number}"

    def key(self, patch):
        changed = self.series.changed(patch)
        # sparse looks at the series' own users of a header.
        users = self.series.sources() if any(name.endswith(".h") for name in changed) else ()
        hosts = [(host.name, host.values, _version(qemu_of(host))) for host in self.hosts_for(patch)]
        return digest(self.content, json.dumps(hosts, sort_keys=True), *tests_environment(True),
                      *self.config, *self.patterns, self.title(patch), self.series.tree_id(patch), *changed, *users,
                      *(self._behind(patch) if self.hasty else ()))

    def _behind(self, patch):
        """What decides which cases should pass with PATCH, and so get more time."""
        behind = self.series.patches[:patch.number + 1]
        return ["hasty", *(part for each in behind for part in (self.series.tree_id(each), *each.green, *each.steady))]

    def go(self):
        """Returns {number of the patch: its record}."""
        tester = threading.Thread(target=self._test_all, daemon=True)
        tester.start()
        try:
            self._build_all()
        except Interrupted:
            # A boot that cannot go on ends the build beside it: then that is the reason.
            tester.join(120)
            raise self.problem or Interrupted from None
        while tester.is_alive():
            tester.join(0.2)
        if self.problem:
            raise self.problem
        return self.records

    def _build_all(self):
        for patch in self.series.patches:
            where = f"{self.what} {patch.number} of {len(self.series.patches) - 1}"
            known = self._known(patch)
            if known:
                self.records[patch.number] = known
                say(f"{where}: known from an earlier walk   ({patch.subject})")
                continue
            say(f"{where}: {patch.subject}")
            self.walked += 1
            self._hand_over(patch, self._build(patch))
        self._hand_over(None, None)

    def clean_build(self):
        """The seconds of a kernel built from nothing in this folder, or where its objects came from; 0 if not known."""
        told = self.tree / self.out / ".clean-seconds"
        return int(told.read_text(encoding="utf-8")) if told.exists() else 0

    def _known(self, patch):
        """The record of an earlier walk. What did not build may have met a full disk, so it is tried again."""
        kept = self.state / self.key(patch) / "record.json"
        record = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {"built": False}
        return record if record["built"] else None

    def _hand_over(self, patch, built):
        while True:
            if self.problem:
                raise self.problem
            try:
                return self.waiting.put((patch, built), timeout=0.5)
            except queue.Full:
                continue

    # This thread builds

    def _build(self, patch):
        began = time.time()
        self.series.check_out(patch, self.tree)
        if patch.number:
            self._drop_unheard()
        # An earlier walk may have compiled what the patch changes, and heard what there is to hear of it.
        changed = self.series.changed(patch)
        whole, unheard = "", set(changed)
        if patch.number == 0 and not self.clean_build():
            # By itself, for its time to be that of a build and no more.
            _, _, whole = self._make({})
            if self.clean_build():
                # Of that all was heard, and sparse alone has anything to add. Without a source it looks at all.
                unheard &= set(self.series.sources() or unheard)
        for name in unheard:
            os.utime(self.tree / name, follow_symlinks=False)
        status, image, text = self._make(
            {"KBUILD_CHECKSRC": "1", "SPARSE_FILES": "\n".join(self.series.sources())} if self.sparse else {})
        # What both builds compiled said the same twice.
        warnings = sorted((Counter(complaints(whole)) | Counter(complaints(text))).elements())
        record = {"built": not status, "error": "", "warnings": warnings,
                  "changed": changed, "uncompiled": [] if status else self._uncompiled(patch),
                  "compiler": compiler_of(self.tree / self.out), "cases": [], "seconds": {}}
        folder = Path(tempfile.mkdtemp(prefix=".", dir=self.state))
        if status:
            record["error"] = (complaints(text, ("error",)) or ["see build.log"])[0]
            (folder / "build.log").write_text(text, encoding="utf-8")
        else:
            keep_kernel(image, self.hosts, folder)
        record["seconds"]["build"] = round(time.time() - began, 1)
        self.seconds["kernels"] += record["seconds"]["build"]
        return folder, record

    def _drop_unheard(self):
        """Drops the objects of a build that was broken off: nobody heard what was said of them."""
        mark = self.tree / self.out / ".mark"
        if mark.exists() and not mark.with_name(".built").exists():
            begun = mark.stat().st_mtime
            for path in mark.parent.rglob("*.o"):
                if path.stat().st_mtime > begun:
                    path.unlink()

    def _uncompiled(self, patch):
        mine = [name for name in self.series.changed(patch)
                if name.endswith((".c", ".h", ".S")) and not name.startswith(_NO_KERNEL)]
        if not (patch.number and mine):
            return []
        # What each object was made from, in names that may go by way of another folder. Of this build, for what
        # PATCH changes was compiled anew: a later patch may have left others.
        mark = self.tree / self.out / ".mark"
        made = "".join(path.read_text(errors="replace") for path in mark.parent.rglob(".*.cmd")
                       if path.stat().st_mtime >= mark.stat().st_mtime)

        def is_made(name):
            found = re.findall(rf"\.\./\S*{re.escape(Path(name).name)}\b", made)
            return f"../{name}" in map(os.path.normpath, found)

        return [name for name in mine if not is_made(name)]

    def _make(self, variables):
        """Returns whether the kernel does not build, the path of its image, and all that was said."""
        # A kernel with optional fragments is preceded by one without, if there is none.
        logs = [TOP / "build/log" / f"build-{self.tree.name}-{out}.log" for out in sorted({"out", self.out})]
        for log in logs:
            log.unlink(missing_ok=True)
        with self.jobs:
            options = self.jobs.for_make()
            options["env"].update(variables)
            _, child = start("build.sh", str(self.tree), *self.config, **options)
            status, image = CHILDREN.wait(child)
        if status not in (0, _DOES_NOT_BUILD):
            raise CouldNotRun("build.sh could not do its part; what it said stands above.")
        said = "".join(log.read_text(errors="replace") for log in logs if log.exists())
        return bool(status), Path(image.strip()), said

    # And this one tests

    def _test_all(self):
        try:
            while True:
                patch, built = self.waiting.get()
                if patch is None:
                    return
                self._test(patch, *built)
        except BaseException as error:
            self.problem = error

    def plan(self, folder, patterns, settings, **options):
        return Plan(folder / "Image", self.guest, self.tests / "small", choose_programs(patterns, self.programs),
                    self.tests / "failed", patterns, settings, **options)

    def boot(self, patch, folder):
        runs = self._boot(self.hosts, folder, self.patterns, self.hasty)
        if self.hasty:
            self._try_again(patch, folder, runs)
        return runs

    def _try_again(self, patch, folder, runs):
        """Gives more time to what should have passed, each host its own, and has it in RUNS."""
        fallen = greens.fallen(patch, self._before(patch), {"cases": _told(_cases(runs))})
        for one in runs:
            names = [name for host, name in fallen if host == one.host.name]
            if not names:
                continue
            say(f"{self.what} {patch.number} on {one.host.name}, not in haste: {' '.join(names)}")
            for again in self._boot([one.host], folder, names, False, len(one.boots)):
                one.boots += again.boots
                for case in again.verdicts.sorted_cases():
                    one.verdicts.cases[case.name] = _tried_again(one.verdicts.cases.get(case.name), case)

    def _boot(self, hosts, folder, patterns, hasty, begun=0):
        settings = tests_environment(True, bound=job.HASTY_BOUND if hasty else job.BOUND)
        plan = self.plan(folder, patterns, settings, one_thread=hasty)
        return boot_hosts(hosts, plan, folder, self.jobs, begun)

    def _before(self, patch):
        """The record of the last patch before this one that builds."""
        return next((record for number, record in sorted(self.records.items(), reverse=True)
                     if number < patch.number and record["built"]), {"cases": []})

    def _test(self, patch, folder, record):
        began = time.time()
        if record["built"]:
            runs = self.boot(patch, folder)
            cases = _cases(runs)
            record["cases"] = _told(cases)
            record["seconds"]["tests"] = round(time.time() - began, 1)
            self.seconds["boots beside them"] += record["seconds"]["tests"]
            drop_kernel(folder / "Image")
            about = {"base": self.series.name, "tree": self.title(patch), "patches": patch.number,
                     "hosts": list(dict.fromkeys(one.host.name for one in runs))}
            results.write(folder, cases, about, record["seconds"], [boot for one in runs for boot in one.boots])
        (folder / "record.json").write_text(json.dumps(record, indent=1), encoding="utf-8")
        folder.chmod(0o755)
        final = self.state / self.key(patch)
        shutil.rmtree(final, ignore_errors=True)
        os.rename(folder, final)
        self.records[patch.number] = record
