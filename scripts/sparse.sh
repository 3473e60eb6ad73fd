#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The CHECK of the kernel's make: sparse, on the C files that are asked about.
#
# usage: sparse.sh OPTION... FILE
# SPARSE_FILES has them, a line each, by their paths in the tree; if it is empty, all are.
# A header has more users than a series has files, and most have nothing to do with it.

set -euo pipefail

name=${!#}
# hyp/vhe/../exception.c, from the folder of the objects, is hyp/exception.c.
while [[ $name =~ ^(.*/)[^/.]+/\.\./(.*)$ ]]; do
	name=${BASH_REMATCH[1]}${BASH_REMATCH[2]}
done
[[ $name != ../* || -z ${SPARSE_FILES-} || $'\n'$SPARSE_FILES$'\n' == *$'\n'${name#../}$'\n'* ]] || exit 0
# Debian's sparse does not know this word of Linux 7's, which then does without sparse.
exec sparse -D__typeof_unqual__=__typeof__ "$@"
