# SPDX-License-Identifier: GPL-2.0
"""Which trees there are, which one is meant when none is named, and what a Linux tree says of itself."""

import re

# What the KVM selftest library asks a kernel for came with it.
OLDEST = [6, 8]
TREES = ("stock", "baseline", "series")


def is_path(base):
    return "/" in base or base in (".", "..")


def default_tree(base):
    """Somebody's own tree, a path, is taken as it is."""
    return "stock" if is_path(base) else "series"


def release_of(makefile):
    """[6, 12] by the text of a Linux tree's MAKEFILE."""
    return [int(number) for number in re.findall(r"^(?:VERSION|PATCHLEVEL) = (\d+)$", makefile, re.M)]


def version_of(tree):
    """The version of a Linux source TREE."""
    makefile = (tree / "Makefile").read_text(encoding="utf-8")
    version, patchlevel, sublevel, extra = (re.search(rf"^{key} =[ \t]*(.*)$", makefile, re.M)[1]
                                            for key in ("VERSION", "PATCHLEVEL", "SUBLEVEL", "EXTRAVERSION"))
    return f"{version}.{patchlevel}.{sublevel}{extra}"
