# SPDX-License-Identifier: GPL-2.0
"""The KVM selftests that there are: ours, and the base's own."""

import re
from fnmatch import fnmatchcase
from pathlib import Path

from children import CouldNotRun

OURS = Path(__file__).resolve().parent.parent / "tools/testing/selftests/kvm/aarch64"


def programs_of(tree):
    """{name: path below the kvm folder} of ours and of the base's own."""
    folder = tree / "tools/testing/selftests/kvm"
    # Newer ones have the lists in a file of their own, and the architecture's name in the kernel's spelling.
    makefile = next((path for path in (folder / "Makefile.kvm", folder / "Makefile") if path.exists()), None)
    if not makefile:
        raise CouldNotRun(f"{folder} has no Makefile. Give a tree that has KVM selftests for arm64.")
    lists = re.findall(r"^TEST_GEN_PROGS_(aarch64|arm64|COMMON) \+?= ([^\s$]+)$",
                       makefile.read_text(encoding="utf-8"), re.M)
    architecture = next((name for name, _ in lists if name != "COMMON"), None)
    if not architecture:
        raise CouldNotRun(f"{makefile} lists no tests for arm64. Give a tree that has KVM selftests for arm64.")
    paths = [path for _, path in lists]
    paths += [f"{architecture}/{path.stem}" for path in sorted(OURS.glob("user_irq_*.c"))]
    return {path.rpartition("/")[2]: path for path in paths}


def choose_programs(patterns, known):
    chosen = []
    for pattern in patterns:
        matching = [name for name in known if fnmatchcase(name, pattern.partition(".")[0])]
        if not matching:
            raise CouldNotRun(f"no test matches TESTS='{pattern}'. There are: {', '.join(sorted(known))}.")
        chosen += [name for name in matching if name not in chosen]
    return sorted(chosen)


def left_out(patches, programs, known):
    """The programs of patches of which PROGRAMS would show nothing: they name cases, and none of these programs."""
    named = [{name for name in known for pattern in patch.green if fnmatchcase(name, pattern.partition(".")[0])}
             for patch in patches]
    return sorted(set().union(*(each for each in named if not each & set(programs))))
