#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Boots a tree's kernel with its KUnit tests enabled and has the base's own parser read them.

usage: kunit.py TREE-FOLDER

The last line says how many passed and failed. Exit status: 0 all passed, 1 not
so, or the kernel complained, 2 it could not run.
"""

import re
import subprocess
import sys
import tempfile
from pathlib import Path

from stream import Boot, read_console

SCRIPTS = Path(__file__).resolve().parent
# The tests need no particular host: neither EL2 nor a guest.
HOST = "vhe"


def boot(image, folder):
    out = folder / "kunit"
    status = subprocess.run([SCRIPTS / "boot.py", HOST, image, out,
                             "--append", "kunit.enable=1 kunit_shutdown=poweroff"], check=False).returncode
    return Path(f"{out}.console").read_bytes() if status == 0 else None


def main():
    if len(sys.argv) != 2 or sys.argv[1] == "help":
        print(__doc__.split("\n\n")[1], file=sys.stderr)
        return 0 if sys.argv[1:] == ["help"] else 2
    tree = Path(sys.argv[1])
    # The tree's sources may be newer than its kernel.
    built = subprocess.run([SCRIPTS / "build.sh", tree], stdout=subprocess.PIPE, text=True, check=False)
    if built.returncode:
        return 2
    with tempfile.TemporaryDirectory() as folder:
        console = boot(built.stdout.strip(), Path(folder))
    if console is None:
        return 2
    complaints = Boot()
    read_console(console, complaints)
    text = "".join(line[10:] + "\n" for line in console.decode(errors="replace").splitlines())
    parser = subprocess.run(["/usr/bin/python3", tree / "tools/testing/kunit/kunit.py", "parse"],
                            input=text, text=True, capture_output=True, check=False)
    print(parser.stdout, end="")
    totals = re.search(r"Ran (\d+) tests: (.*)", parser.stdout)
    passed = int(m[1]) if totals and (m := re.search(r"passed: (\d+)", totals[2])) else 0
    failed = int(totals[1]) - passed if totals else 0
    if parser.returncode and not failed:
        print(f"kunit: the parser is not content: {parser.stderr.strip()[-500:]}", file=sys.stderr)
        failed += 1
    for splat in complaints.splats[:1]:
        print(f"kunit: the kernel complained: {splat.text}", file=sys.stderr)
        failed += 1
    if not passed and not failed:
        print("kunit: no test ran. Is CONFIG_KVM_ARM_USER_IRQ_KUNIT_TEST on in this tree?", file=sys.stderr)
        failed += 1
    print(f"{passed} KUnit tests passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
