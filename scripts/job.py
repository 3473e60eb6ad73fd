# SPDX-License-Identifier: GPL-2.0
"""What run.py and soak.py share: what is asked for, its build, and how their verdicts are judged."""

import fcntl
import os
import re
import shutil
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

import clauses
import deviations
import patchset
import results
from boot import qemu_of
from children import CHILDREN, CouldNotRun
from ends import say
from hostrun import Plan, keep_kernel
from hosts import config_for, known_hosts, read_host
from programs import choose_programs, programs_of
from trees import TREES, default_tree, is_path, version_of
from verdicts import unexpected

TOP = Path(__file__).resolve().parent.parent
SCRIPTS = TOP / "scripts"
# Numbers that the suite takes from the environment.
NUMBERS = ("KVM_USER_IRQ_SEED", "KVM_USER_IRQ_STEPS")
# Seconds that a case waits that runs without the capability: they end a run where many hang, and yet are enough
# for a busy machine, whose delay must not pass for a failure. With a hasty bound it may: what fails then, and should
# not, is to be tried again. No quick case is near it where nothing else runs. What fails of a mutant is not tried
# again, and has as much time as without force.
BOUND, HASTY_BOUND, PATIENT_BOUND = 3, 0.3, 10
# What is done in seconds. Every state, the interrupt controller and lines under fire take longer;
# "user_irq_*" has them too.
QUICK = "user_irq_cap user_irq_pmu user_irq_return user_irq_timer user_irq_vcpu"
# A run by itself has random programs as well: on each of its four hosts so many steps that they are ten thousand.
QUICK_STEPS = 2500
DEFAULTS = {"BASE": "6.12", "TREE": "", "HOST": "vhe nvhe nogic-vhe nogic-nvhe", "TESTS": f"{QUICK} user_irq_model",
            "CONFIG": "", "FORCE": ""}


@dataclass
class Job:
    """What was asked for, built; FOLDER is where its results go, with the PATCHES that made the tree."""
    values: dict
    hosts: list
    tree: Path
    plan: Plan
    facts: dict
    folder: Path
    patches: list
    # The deviations that the verdicts may be due to, and what cases need that this run gives them on a host.
    foreseen: list
    given: dict

    @property
    def title(self):
        whose = f" of {self.values['BASE']}" if is_path(self.values["BASE"]) else ""
        return f"Linux {self.facts['base']}, {self.facts['tree']}{whose}"

    @property
    def forced(self):
        return self.values["FORCE"] == "1"

    def judge(self, cases):
        """Applies the deviations; returns {(host, name): why} of what is not as expected."""
        for case in cases:
            deviations.apply(case, self.foreseen)
        return {(case.host, case.name): why for case in cases
                if (why := unexpected(case, self.values["TREE"], self.forced,
                                      self.given.get((case.host, case.name), ""), self.skips(case)))}

    def skips(self, case):
        """Patterns over the reasons for which it may skip. Of others' cases and trees we do not know them."""
        if is_path(self.values["BASE"]) or not case.name.startswith("user_irq_"):
            return ["*"]
        return next(host.skips for host in self.hosts if host.name == case.host)

    def check_patterns(self, runs):
        check_patterns(self.plan.patterns, {case for one in runs for case in one.verdicts.cases},
                       set().union(*(one.known for one in runs)))


def check_patterns(patterns, names, known=()):
    """A pattern that no case matched is a mistake of the caller's: it would leave nothing to judge.

    NAMES: the cases that have a verdict. KNOWN: others that there are.
    """
    # A program that has but one verdict, on the whole of it, may have had the case.
    whole = {name for name in names if "." not in name}
    for pattern in patterns:
        program, dot, _ = pattern.partition(".")
        if not any(fnmatchcase(name, pattern if dot else f"{pattern}.*") for name in names) and \
                not any(fnmatchcase(name, program) for name in whole):
            raise CouldNotRun(f"no case matches TESTS='{pattern}'. There are:\n  "
                              + "\n  ".join(sorted({*names, *known})))


def take_words(words, defaults):
    """The command line's KEY=value, and the defaults of what it leaves out or empty."""
    values = dict(defaults)
    for word in words:
        key, separator, value = word.partition("=")
        if not separator or key not in defaults:
            raise CouldNotRun(f"unknown argument '{word}'. There are: {', '.join(f'{key}=' for key in defaults)}.")
        values[key] = value or defaults[key]
    return values


def checked(values):
    """The values of what all runs take, or why they are none.

    FORESEEN among them: what stock Linux does wrong is foreseen, of somebody's own tree if they say that it is stock.
    """
    values["FORESEEN"] = "" if is_path(values["BASE"]) and values["TREE"] != "stock" else "1"
    values["TREE"] = values["TREE"] or default_tree(values["BASE"])
    if values["TREE"] not in TREES:
        raise CouldNotRun(f"unknown TREE '{values['TREE']}'. There are: {', '.join(TREES)}.")
    if values["FORCE"] not in ("", "0", "1"):
        raise CouldNotRun(f"FORCE={values['FORCE']} is neither 0 nor 1.")
    return chosen(values, DEFAULTS)


def chosen(values, defaults):
    """The VALUES with HOST=all as names; nothing is to be tested on no host, or with no test."""
    for key in ("HOST", "TESTS"):
        if not values[key].split():
            raise CouldNotRun(f"{key} is empty. Leave it out for the default: {defaults[key]}.")
    if values["HOST"] == "all":
        values["HOST"] = " ".join(name for name in known_hosts() if read_host(name).is_for(values["BASE"]))
    return values


def read_arguments(words, defaults):
    return checked(take_words(words, defaults))


def needs_given(values, hosts):
    """{(host, case): what it needs beyond other cases}, of those to which a run with these VALUES gives that there."""
    if values["TREE"] != "series":
        return {}
    given = {"TREE=series", *(f"CONFIG={word}" for word in values["CONFIG"].split())}
    needs = _of_the_cases(clauses.needs, "a skip may pass though it has what it needs")
    return {(host.name, name): each for host in hosts for name, each in needs.items()
            if each in given or each in host.kernel_arguments().split()}


def sentences():
    """What each case tests, for report.html."""
    return _of_the_cases(clauses.sentences, "report.html goes without the sentences that the cases test")


def _of_the_cases(read, otherwise):
    """What their annotations say. A suite that is being written may not have them yet."""
    try:
        return read()
    except clauses.ClauseError as error:
        say(f"{otherwise}: {error}")
        return {}


def start(script, *arguments, **options):
    """Starts a script of ours, for path_of()."""
    return script, CHILDREN.start([SCRIPTS / script, *arguments], stdout=subprocess.PIPE, text=True, **options)


def path_of(started):
    """The path that a script of ours prints, when it is done."""
    script, child = started
    status, output = CHILDREN.wait(child)
    if status:
        raise CouldNotRun(f"{script} could not do its part; what it said stands above. "
                          "If the disk is full, make room; then run the same command again.")
    return Path(output.strip().rpartition("\n")[2])


def tests_environment(forced, tests="", bound=BOUND):
    """What the suite is told, NAME=value. TESTS: of a run, as asked for. BOUND: of one that is FORCED."""
    settings = ["KVM_USER_IRQ_FORCE=1", f"KVM_USER_IRQ_BOUND={bound}"] if forced else []
    for name in NUMBERS:
        value = os.environ.get(name)
        if value is None:
            continue
        if not re.fullmatch("0x[0-9a-fA-F]{1,16}|[0-9]{1,19}", value):
            raise CouldNotRun(f"{name}={value} is no number, like 1000 or 0x3e8.")
        if name == "KVM_USER_IRQ_STEPS" and not int(value, 0):
            raise CouldNotRun(f"{name}={value} tests nothing. Give a number from 1 on.")
        settings.append(f"{name}={value}")
    if tests == DEFAULTS["TESTS"] and "KVM_USER_IRQ_STEPS" not in os.environ:
        settings.append(f"KVM_USER_IRQ_STEPS={QUICK_STEPS}")
    return settings


def _build(values, hosts, settings, seconds):
    began = time.monotonic()
    tree = path_of(start("tree.sh", values["BASE"], values["TREE"]))
    seconds["setup"] = time.monotonic() - began
    patterns = values["TESTS"].split()
    known = programs_of(tree)
    programs = choose_programs(patterns, known)

    began = time.monotonic()
    to_build = programs
    if not set(programs) <= set(choose_programs(DEFAULTS["TESTS"].split(), known)):
        # All of ours, whichever were chosen, so that another choice need not install them anew.
        to_build = sorted({*programs, *(name for name in known if name.startswith("user_irq_"))})
    # The kernel's build has stretches for one CPU only. The shortest first, to hear soon of what went wrong.
    started = [start("guest.sh"), start("selftests.sh", str(tree), *(known[name] for name in to_build)),
               start("build.sh", str(tree), *config_for(hosts, values["CONFIG"]))]
    guest, tests, image = (path_of(each) for each in started)
    tests = tests.parent
    seconds["build"] = time.monotonic() - began
    return tree, Plan(image, guest, tests / "small", programs, tests / "failed", patterns, settings)


def _history(values, tree):
    return TOP / "build/history" / tree.name.removesuffix(f"-{values['TREE']}")


def base_of(tree):
    """Which base a Linux source TREE is, or a copy of, as base_of in steps.sh."""
    package = tree / ".package"
    return package.read_text(encoding="utf-8").strip() if package.exists() else version_of(tree)


def compiler_of(out):
    """The compiler that the objects in OUT were configured for; empty if they were not."""
    config = out / ".config"
    found = re.search(r'^CONFIG_CC_VERSION_TEXT="(.*)"$', config.read_text(encoding="utf-8") if config.exists() else "",
                      re.M)
    return found[1] if found else ""


def _about(values, tree, hosts, image):
    patches = 0
    if values["TREE"] == "series":
        patches = int(subprocess.run(["git", "-C", _history(values, tree), "rev-list", "--count", "baseline..series"],
                                     check=True, capture_output=True, text=True).stdout)
    return {"base": version_of(tree), "compiler": compiler_of(image.parents[3]), "tree": values["TREE"],
            "hosts": [host.name for host in hosts], "patches": patches, "started": time.time(),
            **(_whose(values["BASE"]) if is_path(values["BASE"]) else {})}


def _whose(path):
    """Where somebody's own tree is, and the commit that it is, or that it has changed since."""
    def ask(*words):
        done = subprocess.run(["git", "--no-optional-locks", "-C", path, *words],
                              capture_output=True, text=True, check=False)
        return "" if done.returncode else done.stdout.strip()

    told = {"source": str(Path(path).resolve())}
    if Path(ask("rev-parse", "--show-toplevel") or "/").resolve() == Path(told["source"]):
        changed = ask("status", "--porcelain", "--untracked-files=no")
        told["changed_since" if changed else "commit"] = ask("rev-parse", "HEAD")
    return told


@contextmanager
def alone(name, meanwhile):
    """With no other command that wants the lock NAME; MEANWHILE is what such a one does."""
    (TOP / "build").mkdir(exist_ok=True)
    with open(TOP / "build" / f".{name}.lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"{meanwhile}; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def built(values, hosts, seconds):
    """(tree, plan) for HOSTS, with no other run in between that builds the same tree."""
    settings = tests_environment(values["FORCE"] == "1", values["TESTS"])
    with alone(f"run-{values['TREE']}", "another run is building this tree"):
        yield _build(values, hosts, settings, seconds)


def prepare(values, seconds, kind=""):
    """Everything up to the first boot."""
    hosts = [read_host(name) for name in dict.fromkeys(values["HOST"].split())]
    for host in hosts:
        # A machine that nothing here can emulate is better named before the build.
        qemu_of(host)
    given = needs_given(values, hosts)
    with built(values, hosts, seconds) as (tree, plan):
        facts = _about(values, tree, hosts, plan.image)
        known = deviations.read_deviations(facts["base"]) if values["TREE"] == "stock" and values["FORESEEN"] else []
        folder = results.new_run(TOP / "results", values["TREE"] + kind)
        try:
            patches = patchset.write(_history(values, tree), values["TREE"], folder / "patches")
            plan.image = keep_kernel(plan.image, hosts, folder)
        except BaseException:
            shutil.rmtree(folder)
            raise
    return Job(values, hosts, tree, plan, facts, folder, patches, deviations.locate(known, tree), given)
