#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The targets of tools/testing/selftests/Makefile.

usage: kselftest.py all|run_tests|install|gen_tar|clean

TARGETS, BASE, TREE, HOST, TESTS, KSFT_INSTALL_PATH and FORMAT come by the
environment, and KSELFTEST_<PROGRAM>_ARGS too. run_tests writes KTAP to the standard
output: on an arm64 machine the tests run there, unless HOST names an emulated
one. There TREE=stock says that the machine's kernel is one, so that its known
deviations are no failures. Exit status: 0 as expected, 1 a test failed, 2 it could not run.
"""

import ends

import fcntl
import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

import job
import native
from children import CHILDREN, CouldNotRun
from job import TOP, path_of, start
from programs import OURS, choose_programs, programs_of
from trees import default_tree

FORMATS = (".gz", ".bz2", ".xz")


@contextmanager
def built():
    """The folder that the tests are installed in. No other build replaces it meanwhile."""
    tree = path_of(start("tree.sh", os.environ["BASE"], os.environ["TREE"] or default_tree(os.environ["BASE"])))
    known = programs_of(tree)
    programs = choose_programs(os.environ["TESTS"].split(), known)
    paths = [known[name] for name in programs]
    while True:
        installed = path_of(start("selftests.sh", str(tree), *paths))
        place = installed.parent
        with open(place / ".lock", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            lacking = [name for name in programs if (place / "failed" / name).exists()]
            if lacking:
                raise CouldNotRun(f"did not build: {', '.join(lacking)}; what the compiler said stands above. "
                                  "Correct that, or leave them out of TESTS=.")
            stamp = place / ".installed"
            if stamp.exists() and stamp.read_text(encoding="utf-8").split() == paths:
                yield installed
                return
        # Another build with other programs came in between.


def is_native():
    machine = subprocess.run(["uname", "-m"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    return machine == "aarch64" and not os.environ["HOST"]


def need_kvm():
    elsewhere = "Or name an emulated host, like HOST=vhe."
    if not os.path.exists("/dev/kvm"):
        raise CouldNotRun("this arm64 machine has no /dev/kvm. Boot it at EL2, with a kernel that has KVM. "
                          + elsewhere)
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        raise CouldNotRun("this user may not use /dev/kvm. Become a member of its group (stat -c %G /dev/kvm), "
                          f"or root. {elsewhere}")


def arguments_variable(program):
    """The name of the variable that the runner takes a program's arguments from."""
    return f"KSELFTEST_{re.sub('[^0-9A-Za-z_]', '_', program).upper()}_ARGS"


def run_natively():
    need_kvm()
    # What it is told by numbers; it would take a wrong one for a failure.
    job.tests_environment(False)
    for pattern in os.environ["TESTS"].split():
        if "." in pattern:
            raise CouldNotRun(f"on this machine TESTS chooses programs, and '{pattern}' is a case. Give it by "
                              f"{arguments_variable(pattern.partition('.')[0])}='-r CASE'.")
    with built() as installed:
        return native.run(installed, os.environ["TREE"])


def cases_by_arguments(patterns):
    """The bench tells programs itself which cases to run. Arguments that do the same become its patterns."""
    chosen = []
    for pattern in patterns:
        words = os.environ.get(arguments_variable(pattern), "").split()
        if set(words[::2]) - {"-r"} or len(words) % 2:
            raise CouldNotRun(f"{arguments_variable(pattern)}='{' '.join(words)}': in the emulated host programs take "
                              "'-r CASE' only, once or more.")
        chosen += [f"{pattern}.{case}" for case in words[1::2]] or [pattern]
    return chosen


def chosen_tests():
    tests = []
    for pattern in os.environ["TESTS"].split():
        # A variable names one program, so a pattern over some of them has to become theirs.
        program, _, case = pattern.partition(".")
        programs = [path.stem for path in sorted(OURS.glob("*.c")) if fnmatchcase(path.stem, program)] or [program]
        named = [name for name in map(arguments_variable, programs) if os.environ.get(name)]
        if named and case:
            raise CouldNotRun(f"TESTS='{pattern}' and {named[0]} both choose cases. Leave one of them out.")
        tests += cases_by_arguments(programs if named else [pattern])
    return tests


def run_emulated():
    """The whole bench; its table goes where errors go, so that the KTAP stands alone."""
    words = [f"{key}={os.environ[key]}" for key in ("BASE", "TREE", "HOST")]
    _, bench = start("run.py", *words, f"TESTS={' '.join(chosen_tests())}")
    status, output = CHILDREN.wait(bench)
    print(output, end="", file=sys.stderr)
    folder = re.search(r"^Results: (\S+)", output, re.M)
    if folder:
        print((TOP / folder[1] / "results.ktap").read_text(encoding="utf-8"), end="")
    return status


def drop_earlier(destination):
    """The programs of an earlier installation, which need not be those of this one, and their runner."""
    for folder in (destination / "kvm", destination / "kselftest"):
        if not folder.exists():
            continue
        if not (destination / "kselftest-list.txt").exists():
            raise CouldNotRun(f"{folder} is there, and {destination} holds no kselftest. "
                              "Give another KSFT_INSTALL_PATH=, or move it away.")
        shutil.rmtree(folder)


def install():
    destination = Path(os.environ["KSFT_INSTALL_PATH"])
    with built() as installed:
        try:
            drop_earlier(destination)
            destination.mkdir(parents=True, exist_ok=True)
            # First of all, so that an installation that is cut short is known for one.
            shutil.copy(installed / "kselftest-list.txt", destination)
            shutil.copytree(installed, destination, dirs_exist_ok=True)
        except OSError as error:
            raise CouldNotRun(f"cannot install in {destination}: {error.strerror or error}. Give KSFT_INSTALL_PATH= "
                              "of a folder that you may write, with room for it.") from error
    print(f"installed in {destination}")
    return destination


def gen_tar():
    if os.environ["FORMAT"] not in FORMATS:
        raise CouldNotRun(f"unknown FORMAT '{os.environ['FORMAT']}'. There are: {', '.join(FORMATS)}.")
    destination = install()
    packages = destination / "kselftest-packages"
    packages.mkdir(exist_ok=True)
    archive = packages / f"kselftest.tar{os.environ['FORMAT']}"
    # Whole or not at all: a lab takes what lies there.
    new = packages / f"new.tar{os.environ['FORMAT']}"
    try:
        if subprocess.run(["tar", "-c", "-a", "-f", new, "--exclude=kselftest-packages", "-C", destination, "."],
                          check=False).returncode:
            raise CouldNotRun(f"cannot write {archive}; what tar said stands above. Make room, or choose another "
                              f"FORMAT= of {', '.join(FORMATS)}.")
        new.rename(archive)
    finally:
        new.unlink(missing_ok=True)
    print(f"created {archive}")


def build():
    with built():
        pass


def clean():
    shutil.rmtree(TOP / "build/selftests", ignore_errors=True)
    shutil.rmtree(TOP / "tools/testing/selftests/kselftest_install", ignore_errors=True)


def target(words):
    targets = {"all": build, "run_tests": lambda: run_natively() if is_native() else run_emulated(),
               "install": install, "gen_tar": gen_tar, "clean": clean}
    if len(words) != 1 or words[0] not in targets:
        raise CouldNotRun(f"unknown target '{' '.join(words)}'. There are: {', '.join(targets)}.")
    if os.environ["TARGETS"].split() != ["kvm"]:
        raise CouldNotRun(f"unknown TARGETS '{os.environ['TARGETS']}'. There is: kvm.")
    status = targets[words[0]]()
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(ends.main(__doc__, target))
