# SPDX-License-Identifier: GPL-2.0
"""Which trees there are, and which one is meant when none is named."""

TREES = ("stock", "baseline", "series")


def is_path(base):
    return "/" in base or base in (".", "..")


def default_tree(base):
    """Somebody's own tree, a path, is taken as it is."""
    return "stock" if is_path(base) else "series"
