#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The targets of tools/testing/selftests/Makefile.

usage: kselftest.py all|run_tests|install|gen_tar|clean

TARGETS, BASE, TREE, HOST, TESTS, KSFT_INSTALL_PATH and FORMAT come by the
environment, and KSELFTEST_<PROGRAM>_ARGS too. run_tests writes KTAP to the standard
output: on an arm64 machine the tests run there, unless HOST names an emulated
one. Exit status: 0 as expected, 1 a test failed, 2 it could not run.
"""

import os
import re
import shutil
import subprocess
import sys
from fnmatch import fnmatchcase
from pathlib import Path

from children import CouldNotRun
from programs import OURS, choose_programs, programs_of
from trees import default_tree

TOP = Path(__file__).resolve().parent.parent
SCRIPTS = TOP / "scripts"
FORMATS = (".gz", ".bz2", ".xz")
RESULT = re.compile(r"^(?:# )*(not )?ok ")


def script(name, *arguments):
    done = subprocess.run([SCRIPTS / name, *arguments], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise CouldNotRun(f"{name} could not do its part; what it said stands above.")
    return Path(done.stdout.strip().rpartition("\n")[2])


def build():
    """Returns the folder that the tests are installed in."""
    tree = script("tree.sh", os.environ["BASE"], os.environ["TREE"] or default_tree(os.environ["BASE"]))
    known = programs_of(tree)
    programs = choose_programs(os.environ["TESTS"].split(), known)
    installed = script("selftests.sh", str(tree), *(known[name] for name in programs))
    lacking = [name for name in programs if not (installed / "kvm" / name).exists()]
    if lacking:
        raise CouldNotRun(f"did not build: {', '.join(lacking)}; see above.")
    return installed


def native():
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
    """The base's runner as it is; but it ends with 0 when tests fail."""
    need_kvm()
    for pattern in os.environ["TESTS"].split():
        if "." in pattern:
            raise CouldNotRun(f"on this machine TESTS chooses programs, and '{pattern}' is a case. Give it by "
                              f"{arguments_variable(pattern.partition('.')[0])}='-r CASE'.")
    results = []
    with subprocess.Popen([build() / "run_kselftest.sh", "-c", "kvm"], stdout=subprocess.PIPE, text=True,
                          errors="backslashreplace") as runner:
        for line in runner.stdout:
            print(line, end="", flush=True)
            results += RESULT.findall(line)
    if runner.returncode or not results:
        raise CouldNotRun(f"run_kselftest.sh ended with status {runner.returncode} and {len(results)} results.")
    return 1 if any(results) else 0


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


def run_emulated():
    """The whole bench; its table goes where errors go, so that the KTAP stands alone."""
    tests = []
    for pattern in os.environ["TESTS"].split():
        # A variable names one program, so a pattern over some of them has to become theirs.
        programs = [path.stem for path in sorted(OURS.glob("*.c")) if fnmatchcase(path.stem, pattern)]
        named = any(arguments_variable(name) in os.environ for name in programs)
        tests += cases_by_arguments(programs if named else [pattern])
    words = [f"{key}={os.environ[key]}" for key in ("BASE", "TREE", "HOST")]
    done = subprocess.run([SCRIPTS / "run.py", *words, f"TESTS={' '.join(tests)}"],
                          stdout=subprocess.PIPE, text=True, check=False)
    print(done.stdout, end="", file=sys.stderr)
    folder = re.search(r"^Results: (\S+)", done.stdout, re.M)
    if folder:
        print((TOP / folder[1] / "results.ktap").read_text(encoding="utf-8"), end="")
    return done.returncode


def install():
    destination = Path(os.environ["KSFT_INSTALL_PATH"])
    shutil.copytree(build(), destination, dirs_exist_ok=True)
    print(f"installed in {destination}")
    return destination


def gen_tar():
    if os.environ["FORMAT"] not in FORMATS:
        raise CouldNotRun(f"unknown FORMAT '{os.environ['FORMAT']}'. There are: {', '.join(FORMATS)}.")
    destination = install()
    packages = destination / "kselftest-packages"
    packages.mkdir(exist_ok=True)
    archive = packages / f"kselftest.tar{os.environ['FORMAT']}"
    if subprocess.run(["tar", "-c", "-a", "-f", archive, "--exclude=kselftest-packages", "-C", destination, "."],
                      check=False).returncode:
        raise CouldNotRun(f"cannot write {archive}.")
    print(f"created {archive}")


def clean():
    shutil.rmtree(TOP / "build/selftests", ignore_errors=True)
    shutil.rmtree(TOP / "tools/testing/selftests/kselftest_install", ignore_errors=True)


def main():
    targets = {"all": build, "run_tests": lambda: run_natively() if native() else run_emulated(),
               "install": install, "gen_tar": gen_tar, "clean": clean}
    if len(sys.argv) != 2 or sys.argv[1] not in targets:
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 0 if sys.argv[1:] == ["help"] else 2
    try:
        if os.environ["TARGETS"].split() != ["kvm"]:
            raise CouldNotRun(f"unknown TARGETS '{os.environ['TARGETS']}'. There is: kvm.")
        status = targets[sys.argv[1]]()
    except CouldNotRun as error:
        print(f"kselftest: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("kselftest: interrupted. The same command starts again.", file=sys.stderr)
        return 2
    return status if isinstance(status, int) else 0


if __name__ == "__main__":
    sys.exit(main())
