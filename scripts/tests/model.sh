#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Builds the suite's model for this machine and runs its own tests, as TAP.
#
# usage: model.sh BASE

set -euo pipefail
TOP=$(cd "$(dirname "$0")/../.." && pwd)
STEP=model
. "$TOP/scripts/steps.sh"

takes 1 1 "model.sh BASE" "$@"
linux=$("$TOP/scripts/base.sh" "$1")
kvm=$TOP/tools/testing/selftests/kvm
out=$TOP/build/tests
mkdir -p "$out"
cc -O2 -Wall -Werror -fsanitize=undefined -I "$linux/tools/include" -I "$kvm/include/aarch64" -o "$out/model" \
	"$kvm/lib/aarch64/user_irq_model.c" "$kvm/lib/aarch64/user_irq_program.c" "$TOP/scripts/tests/model/model_test.c" ||
	could_not_run "the model's tests do not build; the compiler's words stand above."
exec "$out/model"
