#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The targets of tools/testing/selftests/Makefile.

usage: kselftest.py all|run_tests|install|gen_tar|clean

TARGETS, BASE, TREE, HOST, TESTS, KSFT_INSTALL_PATH and FORMAT come by the
environment. run_tests writes KTAP to the standard output. Exit status: 0 as
expected, 1 a test failed, 2 it could not run.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from children import CouldNotRun
from programs import choose_programs, programs_of
from trees import default_tree

TOP = Path(__file__).resolve().parent.parent
SCRIPTS = TOP / "scripts"
FAILED = re.compile(r"^(?:# )?not ok ")


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
    return platform.machine() == "aarch64" and os.access("/dev/kvm", os.R_OK | os.W_OK)


def run_natively():
    """The base's runner as it is; but it ends with 0 when tests fail."""
    failed = False
    with subprocess.Popen([build() / "run_kselftest.sh", "-c", "kvm"], stdout=subprocess.PIPE, text=True,
                          errors="backslashreplace") as runner:
        for line in runner.stdout:
            print(line, end="", flush=True)
            failed = failed or bool(FAILED.match(line))
    if runner.returncode:
        raise CouldNotRun(f"run_kselftest.sh ended with status {runner.returncode}.")
    return 1 if failed else 0


def run_emulated():
    """The whole bench; its table goes where errors go, so that the KTAP stands alone."""
    words = [f"{key}={os.environ[key]}" for key in ("BASE", "TREE", "HOST", "TESTS")]
    done = subprocess.run([SCRIPTS / "run.py", *words], stdout=subprocess.PIPE, text=True, check=False)
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
