# SPDX-License-Identifier: GPL-2.0
"""The patches that make a tree out of its base, as files to keep and to name."""

import hashlib
import subprocess


def write(history, tree, folder):
    """Writes what the branch TREE of HISTORY adds to the base into FOLDER; returns the files, in order."""
    if tree == "stock":
        return []
    folder.mkdir()
    subprocess.run(["git", "-C", history, "format-patch", "-q", "--no-base", "--no-signature", "--no-cover-letter",
                    "--src-prefix=a/", "--dst-prefix=b/", "--output-directory", folder, f"stock..{tree}"], check=True)
    return sorted(folder.iterdir())


def digest(files):
    """KCIDB's patchset_hash: a hash over the patches' hashes, a line each; empty if there are none."""
    if not files:
        return ""
    lines = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in files)
    return hashlib.sha256(lines.encode()).hexdigest()
