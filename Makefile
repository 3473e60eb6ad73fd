# SPDX-License-Identifier: GPL-2.0
# The front door. Each target is a script's work; "make help" lists them.

# make itself ends with status 2 whatever a command's status was, but for one
# case: in question mode it hands a 1 on, and a 1 is what tells a verdict that is
# not as expected from a run that could not run. Question mode runs only lines
# that begin with "+", so each line here does.
MAKEFLAGS += -q

# The makes below this one are to have a mode of their own.
alone := +@env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL -u MAKEOVERRIDES

BASE ?= 6.12
TREE ?=
HOST ?=
TESTS ?=
CONFIG ?=
FORCE ?=
URL ?=
SERIES ?=
MUTANTS ?=
N ?= 10
# By way of the environment: a value may hold anything, quotes too.
names := BASE TREE HOST TESTS CONFIG FORCE URL SERIES MUTANTS N
export $(names)
# A name that is misspelt would leave what it is for as it is by default, and nobody would know.
unknown := $(filter-out $(names),$(foreach name,$(.VARIABLES),$(if $(filter command,$(origin $(name))),$(name))))
$(if $(unknown),$(error unknown $(unknown). There are: $(names). Run: make help))

# So would one that the target does not look at.
run.takes := BASE TREE HOST TESTS CONFIG FORCE
matrix.takes := BASE TREE HOST TESTS CONFIG
soak.takes := $(run.takes) N
check.takes := BASE
validate.takes := BASE SERIES HOST TESTS
mutants.takes := BASE HOST MUTANTS
coverage.takes := BASE
format-series.takes := BASE
kselftest-tarball.takes := BASE TREE TESTS
lava-job.takes := $(run.takes) URL
lava-run.takes := $(run.takes) URL
install-into.takes := BASE
uninstall-from.takes := BASE
given := $(foreach name,$(names),$(if $(filter command,$(origin $(name))),$(name)))
taken := $(foreach goal,$(MAKECMDGOALS),$($(goal).takes))
unused := $(filter-out $(taken),$(given))
$(if $(unused),$(error make $(MAKECMDGOALS) does not look at $(unused). It takes: $(or $(taken),nothing). Leave out the rest))

.PHONY: help run matrix soak check validate mutants coverage clauses setup format-series kselftest-tarball lava-job lava-run install-into uninstall-from clean

help: ## list the targets
	+@sed -n 's/^\([a-z-]*\):[a-z ]*## /\1 /p' $(MAKEFILE_LIST) | while read -r name what; do printf '  %-18s %s\n' "$$name" "$$what"; done

run: setup ## the main job; BASE=6.12|7|/path TREE=stock|baseline|series HOST= TESTS= CONFIG= FORCE=1
	$(alone) scripts/run.py BASE="$$BASE" TREE="$$TREE" HOST="$$HOST" TESTS="$$TESTS" CONFIG="$$CONFIG" FORCE="$$FORCE"

matrix: setup ## the suite over BASE='6.12 7' TREE='stock baseline series' HOST=, one table; further as run
	$(alone) scripts/matrix.py BASE="$$BASE" TREE="$$TREE" HOST="$$HOST" TESTS="$$TESTS" CONFIG="$$CONFIG"

soak: setup ## the suite N=10 times on each host, and a count of the verdicts; further as run
	$(alone) scripts/soak.py N="$$N" BASE="$$BASE" TREE="$$TREE" HOST="$$HOST" TESTS="$$TESTS" CONFIG="$$CONFIG" FORCE="$$FORCE"

check: setup ## every test of the project, the bench's own included
	$(alone) scripts/check.py BASE="$$BASE"

validate: setup ## patch by patch: each builds, boots, and turns green what it says; BASE=/path SERIES=v6.12..mine for another's
	$(alone) scripts/validate.py BASE="$$BASE" SERIES="$$SERIES" HOST="$$HOST" TESTS="$$TESTS"

mutants: setup ## break our kernel code in many small ways: the suite has to see each; MUTANTS='publish-* …' chooses
	$(alone) scripts/mutants.py BASE="$$BASE" HOST="$$HOST" MUTANTS="$$MUTANTS"

coverage: setup ## lines and branches of our kernel code that the latest run reached, one with HOST=all CONFIG='edge gcov' TESTS='user_irq_*'
	$(alone) scripts/coverage.py BASE="$$BASE"

# A prerequisite, and in shell: a fresh machine has no Python yet.
setup: ## install the Debian packages that the project needs
	$(alone) scripts/setup.sh

clauses: setup ## write Documentation/clauses.md from the comments of the cases
	$(alone) scripts/clauses.py write

format-series: setup ## write the kernel change as mails for git am
	$(alone) scripts/format-series.sh "$$BASE"

kselftest-tarball: setup ## the suite as kselftest.tar.xz, for the kselftest jobs of KernelCI and LKFT; BASE= TREE= TESTS=
	$(alone) env TARGETS=kvm FORMAT=.xz TESTS="$${TESTS:-user_irq_*}" KSFT_INSTALL_PATH="$(CURDIR)/build/kselftest" scripts/kselftest.py gen_tar

lava-job: setup ## kernel, ramdisk and job.yaml for a LAVA lab's QEMU; URL=https://… where the lab finds them
	$(alone) scripts/lava.py job BASE="$$BASE" TREE="$$TREE" HOST="$$HOST" TESTS="$$TESTS" CONFIG="$$CONFIG" FORCE="$$FORCE" URL="$$URL"

lava-run: setup ## that job by Debian 12's lava-run, here, and each verdict against make run's; as root
	$(alone) scripts/setup.sh lava
	$(alone) scripts/lava.py run BASE="$$BASE" TREE="$$TREE" HOST="$$HOST" TESTS="$$TESTS" CONFIG="$$CONFIG" FORCE="$$FORCE" URL="$$URL"

install-into: setup ## put the suite into the Linux tree BASE=/path, for its own kselftest
	$(alone) scripts/suite.py $@ "$$BASE"

uninstall-from: setup ## take the suite out of the Linux tree BASE=/path again, to the byte
	$(alone) scripts/suite.py $@ "$$BASE"

clean: ## remove all that was built; results and downloads stay
	+@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name cache -exec rm -rf {} +
