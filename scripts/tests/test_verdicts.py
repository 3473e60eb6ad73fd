#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Every trap that makes a run pass in silence, planted in what a boot says."""

import unittest

from hostverdicts import HostVerdicts
from stream import CUT, printable, read_boot
from verdicts import KEPT, Case, count, explained, unexpected

SAYS = "VHE mode initialized"


class Machine:
    """Writes both channels of a boot as boot.py records them."""

    def __init__(self):
        self.clock = 1.0
        self.began = False
        self.ktap = []
        self.console = []
        self.kernel(f"kvm [1]: {SAYS} successfully")
        self.init("h", "6.12.0")

    def init(self, kind, text, end=""):
        self.clock += 0.01
        self.ktap.append(f"{self.clock:9.3f} {kind} {self.clock:.6f} {text}{end}")

    def kernel(self, text):
        self.clock += 0.01
        # The kernel's clock is not init's.
        self.console.append(f"{self.clock:9.3f} [{self.clock + 0.3:12.6f}] {text}")

    def mark(self, text):
        self.kernel(f"bench: {self.clock + 0.01:.6f} {text}")

    def lists(self, program, *cases):
        self.init("p", program)
        for case in cases:
            self.init("l", f"{program} {case}")

    def outer(self, text):
        self.init("o", text)

    def inner(self, text, end=""):
        self.init("o", f"# {text}", end)

    def starts(self, program, plan=None):
        if not self.began:
            self.began = True
            self.mark("begin")
        self.outer(f"# selftests: kvm: {program}")
        if plan is not None:
            self.inner("TAP version 13")
            self.inner(f"1..{plan}")

    def runs(self, case):
        self.inner(f"#  RUN           {case} ...")

    def ends(self, program, ok=True, directive=""):
        self.outer(f"{'ok' if ok else 'not ok'} 1 selftests: kvm: {program}{directive}")

    def passes(self, number, case):
        self.runs(case)
        self.inner(f"#            OK  {case}")
        self.inner(f"ok {number} {case}")

    def switches_off(self, status=0):
        self.init("x", str(status))
        self.mark("end")
        self.init("q", "power off")

    def whole_program(self, program, *cases):
        self.lists(program, *cases)
        self.starts(program, len(cases))
        for number, case in enumerate(cases, 1):
            self.passes(number, case)
        self.ends(program)

    def alone(self, program, case, *says, result="ok 1", ends=True):
        """One case of a careful boot."""
        self.began = True
        self.mark(f"begin {program} {case}")
        self.init("r", f"{program} {case}")
        self.starts(program, 1)
        self.runs(case)
        for words in says:
            self.kernel(words)
        if ends:
            self.inner(f"{result} {case}")
            self.ends(program, ok=result.startswith("ok"))
            self.init("x", "0")
            self.mark("end")

    def boot(self, says=SAYS):
        return read_boot("\n".join([*self.ktap, ""]).encode(), "\n".join([*self.console, ""]).encode(), says)


def judge(machine, *programs, how="off", why=""):
    verdicts = HostVerdicts("vhe", programs)
    verdicts.add_boot(machine.boot(), how, why)
    return verdicts


class Traps(unittest.TestCase):
    def verdict(self, verdicts, name):
        self.assertIn(name, verdicts.cases)
        return verdicts.cases[name].verdict

    def test_a_quiet_run_passes(self):
        m = Machine()
        m.whole_program("t", "a.x", "a.y")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual({n: c.verdict for n, c in v.cases.items()}, {"t.a.x": "pass", "t.a.y": "pass"})
        self.assertEqual(v.pending(), [])

    def test_seconds_are_from_the_result_before(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        # Into a pipe the harness writes RUN and the result at once, when the case is over.
        m.clock += 3
        m.passes(1, "a.x")
        m.clock += 2
        m.passes(2, "a.y")
        m.ends("t")
        m.switches_off()
        cases = judge(m, "t").cases
        self.assertAlmostEqual(cases["t.a.x"].seconds, 3.05, places=5)
        self.assertAlmostEqual(cases["t.a.y"].seconds, 2.03, places=5)

    def test_a_runner_that_exits_0_on_failure(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.runs("a.x")
        m.inner("# t.c:12:x:Expected 0 (0) == level (1)")
        m.inner("not ok 1 a.x")
        m.ends("t", ok=False, directive=" # exit=1")
        m.switches_off(status=0)
        case = judge(m, "t").cases["t.a.x"]
        self.assertEqual(case.verdict, "fail")
        self.assertIn("t.c:12", case.reason)

    def test_a_long_log_keeps_both_ends_and_a_long_line_its_start(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.runs("a.x")
        m.inner("first" + "-" * 5000)
        for number in range(1000):
            m.inner(f"line {number}")
        m.inner("not ok 1 a.x")
        m.ends("t", ok=False, directive=" # exit=1")
        log = judge(m, "t").cases["t.a.x"].log
        self.assertEqual(len(log), KEPT)
        self.assertEqual((log[1], log[-1]), ("line 0", "line 999"))
        self.assertIn("…", log)
        self.assertLess(len(log[0]), 2000)

    def test_an_assertion_with_eacces_is_no_skip(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.runs("a.x")
        m.inner("==== Test Assertion Failure ====")
        m.inner("  t.c:5: !ret")
        m.inner("1..0 # SKIP - Access denied - Exiting")
        m.inner("ok 1 a.x # SKIP unknown")
        m.passes(2, "a.y")
        m.ends("t")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual(self.verdict(v, "t.a.x"), "fail")
        self.assertEqual(self.verdict(v, "t.a.y"), "pass")

    def test_a_whole_program_that_eacces_skips(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t")
        m.inner("==== Test Assertion Failure ====")
        m.inner("  lib/kvm_util.c:5: fd >= 0")
        m.inner("1..0 # SKIP - Access denied - Exiting")
        m.ends("t", directive=" # SKIP")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t"), "fail")

    def test_a_skip_after_a_failed_expectation_is_no_skip(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.runs("a.x")
        m.inner("# aarch64/t.c:5:x:Expected 0 (0) == late (3)")
        m.inner("#      SKIP      no PMU here")
        m.inner("ok 1 a.x # SKIP no PMU here")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.a.x"), "fail")

    def test_a_skip_needs_a_reason(self):
        for line, verdict in (("ok 1 a.x # SKIP", "fail"), ("ok 1 a.x # SKIP unknown", "fail"),
                              ("ok 1 a.x # SKIP no PMU here", "skip")):
            m = Machine()
            m.lists("t", "a.x")
            m.starts("t", 1)
            m.runs("a.x")
            m.inner(line)
            m.ends("t")
            m.switches_off()
            self.assertEqual(self.verdict(judge(m, "t"), "t.a.x"), verdict, line)

    def test_the_librarys_reason_is_found(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.runs("a.x")
        m.inner("ok 1 # SKIP - Requirement not met: kvm_has_cap(126)")
        m.inner("ok 1 a.x # SKIP unknown")
        m.ends("t")
        m.switches_off()
        case = judge(m, "t").cases["t.a.x"]
        self.assertEqual((case.verdict, case.reason), ("skip", "Requirement not met: kvm_has_cap(126)"))

    def test_a_skip_without_a_name_is_of_the_case_that_ran(self):
        """As by the harness of Linux before 6.10; and only where that harness went on."""
        m = Machine()
        m.lists("t", "a.x", "a.y", "a.z")
        m.starts("t", 3)
        m.runs("a.x")
        m.inner("ok 1 # SKIP no PMU here")
        m.runs("a.y")
        m.inner("ok 2 # SKIP - Requirement not met: kvm_has_cap(126)")
        m.inner("not ok 2 a.y")
        m.runs("a.z")
        m.inner("ok 3 # SKIP no GIC here")
        m.ends("t", directive=" # SKIP")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual([c.verdict for c in v.cases.values()], ["skip", "fail", "fail"])
        self.assertEqual(v.cases["t.a.x"].reason, "no PMU here")

        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.runs("a.x")
        m.inner("ok 1 # SKIP no GIC here")
        m.inner("# PASSED: 1 / 1 tests passed.")
        m.ends("t", directive=" # SKIP")
        m.switches_off()
        self.assertEqual(judge(m, "t").cases["t.a.x"].verdict, "skip")

    def test_a_skip_does_not_hide_its_neighbours(self):
        m = Machine()
        m.lists("t", "a.x", "a.y", "a.z")
        m.starts("t", 3)
        m.passes(1, "a.x")
        m.runs("a.y")
        m.inner("ok 2 a.y # SKIP no PMU here")
        m.runs("a.z")
        m.inner("not ok 3 a.z")
        m.ends("t", directive=" # SKIP")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual([c.verdict for c in v.cases.values()], ["pass", "skip", "fail"])

    def test_a_program_that_skips_before_its_cases(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t")
        m.inner("1..0 # SKIP - Requirement not met: kvm_has_cap(144)")
        m.ends("t", directive=" # SKIP")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual({c.verdict for c in v.cases.values()}, {"skip"})
        self.assertEqual(len(v.cases), 2)

    def test_a_case_without_a_verdict_is_missing(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.passes(1, "a.x")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.a.y"), "missing")

    def test_a_program_that_dies_in_a_case(self):
        m = Machine()
        m.lists("t", "a.x", "a.y", "a.z")
        m.starts("t", 3)
        m.passes(1, "a.x")
        m.runs("a.y")
        m.ends("t", ok=False, directive=" # exit=139")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual(self.verdict(v, "t.a.y"), "fail")
        self.assertEqual(self.verdict(v, "t.a.z"), "missing")

    def test_a_program_that_fails_after_its_last_case(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.passes(1, "a.x")
        m.ends("t", ok=False, directive=" # exit=139")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual(self.verdict(v, "t.a.x"), "pass")
        self.assertEqual(self.verdict(v, "t.exit"), "fail")

    def test_a_listed_program_that_never_ran(self):
        m = Machine()
        m.lists("t", "a.x")
        m.lists("u", "b.x")
        m.starts("t", 1)
        m.passes(1, "a.x")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t", "u"), "u.b.x"), "missing")

    def test_a_program_that_did_not_build(self):
        v = HostVerdicts("vhe", ["t", "u"])
        v.not_built("u", "u.c:3: error: what")
        m = Machine()
        m.whole_program("t", "a.x")
        m.switches_off()
        v.add_boot(m.boot(), "off", "")
        self.assertEqual(self.verdict(v, "u"), "missing")
        self.assertIn("did not build", v.cases["u"].reason)

    def test_a_plan_that_says_more_than_came(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t", 3)
        m.inner("ok 1 one")
        m.inner("ok 2 two")
        m.ends("t")
        m.switches_off()
        self.assertEqual(count(judge(m, "t").cases.values())["missing"], 1)

    def test_a_plan_that_says_fewer_than_came(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t", 1)
        m.inner("ok 1 one")
        m.inner("ok 2 two")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.plan"), "fail")

    def test_a_plan_that_says_more_than_the_program_lists(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 3)
        m.passes(1, "a.x")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.plan"), "fail")

    def test_no_plan(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t")
        m.passes(1, "a.x")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.plan"), "fail")

    def test_a_plan_of_no_case_and_no_skip(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t", 0)
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t"), "missing")

    def test_a_plan_and_no_result(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t", 2)
        m.ends("t")
        m.switches_off()
        self.assertEqual(count(judge(m, "t").cases.values())["missing"], 2)

    def test_a_program_of_the_harness_that_lists_no_case(self):
        for results, names in ((("ok 1 a.x", "ok 2 a.y"), {"t.a.x": "pass", "t.a.y": "pass"}), ((), {"t": "missing"})):
            m = Machine()
            m.init("n", "t")
            m.init("p", "t")
            m.starts("t", len(results) or None)
            for line in results:
                m.inner(line)
            m.ends("t")
            m.switches_off()
            self.assertEqual({n: c.verdict for n, c in judge(m, "t").cases.items()}, names)

    def test_two_results_for_one_case(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.passes(1, "a.x")
        m.inner("ok 1 a.x")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.a.x"), "fail")

    def test_a_result_of_a_case_that_is_not_listed(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.passes(1, "a.x")
        m.inner("ok 2 a.forged")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.a.forged"), "fail")

    def test_forged_ktap_on_the_console(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.kernel("ok 1 a.x")
        m.kernel("o 1.0 # ok 1 a.x")
        m.ends("t")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.a.x"), "missing")

    def test_an_expected_failure_that_passes(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.inner("ok 1 a.x # XPASS unknown")
        m.inner("ok 2 a.y # XFAIL unknown")
        m.ends("t")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual(self.verdict(v, "t.a.x"), "fail")
        self.assertEqual(self.verdict(v, "t.a.y"), "xfail")

    def test_a_directive_that_its_result_denies(self):
        m = Machine()
        m.lists("t", "a.x", "a.y")
        m.starts("t", 2)
        m.inner("not ok 1 a.x # SKIP no such thing")
        m.inner("ok 2 a.y # ERROR it ended badly")
        m.ends("t")
        m.switches_off()
        self.assertEqual([self.verdict(judge(m, "t"), f"t.a.{case}") for case in "xy"], ["fail", "fail"])

    def test_the_harness_ends_a_case(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.runs("a.x")
        m.inner("# x: Test terminated by timeout")
        m.inner("not ok 1 a.x")
        m.ends("t", ok=False, directive=" # exit=1")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "t.a.x"), "timeout")

    def test_no_timeout_in_the_host(self):
        m = Machine()
        m.init("e", "no /usr/bin/timeout: the runner would wait for ever")
        m.whole_program("t", "a.x")
        m.switches_off()
        self.assertEqual(self.verdict(judge(m, "t"), "host.init"), "crash")


class Kernel(unittest.TestCase):
    """What the kernel says is a verdict wherever it says it."""

    def test_it_has_to_say_all_that_the_host_file_promises(self):
        m = Machine()
        m.kernel("NO_HZ: Full dynticks CPUs: 1.")
        self.assertTrue(m.boot(f"{SAYS} & NO_HZ: Full").says)
        self.assertFalse(m.boot(f"{SAYS} & another thing").says)
        self.assertFalse(m.boot(f"another thing & {SAYS}").says)

    OOPSES = (
        "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000008",
        "Internal error: Oops: 0000000096000004 [#1] PREEMPT SMP",
        "Call trace:",
        "WARNING: CPU: 1 PID: 77 at arch/arm64/kvm/user_irq.c:44 f+0x10/0x20",
        "BUG: sleeping function called from invalid context at mm/slab.h:1",
        "Kernel panic - not syncing: Attempted to kill init!",
        "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:",
        "watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [t:77]",
        "kmemleak: 3 new suspicious memory leaks (see /sys/kernel/debug/kmemleak)",
        "kvm [1]: nVHE hyp BUG at: arch/arm64/kvm/hyp/nvhe/switch.c:1!",
        "irq 9: nobody cared (try booting with the \"irqpoll\" option)",
    )

    def complains(self, words):
        """A boot in which the kernel complains while the second of three cases runs."""
        m = Machine()
        m.lists("t", "a.x", "a.y", "a.z")
        m.starts("t", 3)
        m.passes(1, "a.x")
        m.runs("a.y")
        m.kernel(words)
        m.inner("ok 2 a.y")
        m.passes(3, "a.z")
        m.ends("t")
        m.switches_off()
        return judge(m, "t")

    def test_in_a_case(self):
        for words in self.OOPSES:
            v = self.complains(words)
            self.assertEqual({n: c.verdict for n, c in v.cases.items()}, {"t.a.x": "pass"}, words)
            self.assertEqual((v.pending(), v.careful), (["t"], True))
            m = Machine()
            m.alone("t", "a.y", words)
            m.alone("t", "a.z")
            m.switches_off()
            self.assertTrue(v.add_boot(m.boot(), "off", ""))
            v.finish()
            self.assertEqual({n: c.verdict for n, c in v.cases.items()},
                             {"t.a.x": "pass", "t.a.y": "crash", "t.a.z": "pass"}, words)
            self.assertIn(words, v.cases["t.a.y"].log)
            self.assertEqual(v.pending(), [])

    def test_in_a_case_and_never_again(self):
        v = self.complains(self.OOPSES[3])
        m = Machine()
        m.alone("t", "a.y")
        m.alone("t", "a.z")
        m.switches_off()
        v.add_boot(m.boot(), "off", "")
        v.finish()
        self.assertEqual({n: c.verdict for n, c in v.cases.items()},
                         {"t.a.x": "pass", "t.a.y": "pass", "t.a.z": "pass", "host.between_cases": "crash"})

    def test_after_the_last_verdict(self):
        for words in self.OOPSES:
            m = Machine()
            m.whole_program("t", "a.x")
            m.switches_off()
            m.kernel(words)
            v = judge(m, "t")
            v.finish()
            self.assertEqual({n: c.verdict for n, c in v.cases.items()},
                             {"t.a.x": "pass", "host.after_last_case": "crash"}, words)

    def test_after_its_last_word(self):
        for words in self.OOPSES:
            m = Machine()
            m.whole_program("t", "a.x")
            m.switches_off()
            m.kernel("reboot: Power down")
            m.kernel(words)
            v = judge(m, "t")
            v.finish()
            self.assertEqual({n: c.verdict for n, c in v.cases.items()}, {"t.a.x": "pass"}, words)

    def test_between_the_last_verdict_and_the_end_of_its_program(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.passes(1, "a.x")
        m.kernel(self.OOPSES[3])
        m.ends("t")
        m.switches_off()
        v = judge(m, "t")
        v.finish()
        self.assertEqual(v.pending(), [])
        self.assertEqual(v.cases["host.between_cases"].verdict, "crash")

    def test_before_the_first_case(self):
        m = Machine()
        m.kernel(self.OOPSES[3])
        m.whole_program("t", "a.x")
        m.switches_off()
        v = judge(m, "t")
        self.assertEqual((v.cases["host.boot"].verdict, v.cases["t.a.x"].verdict), ("crash", "pass"))

    def test_a_kernel_that_dies_at_boot(self):
        m = Machine()
        m.ktap.clear()
        m.kernel(self.OOPSES[5])
        v = judge(m, "t", how="died")
        v.give_up("no boot reached it")
        self.assertEqual((v.cases["host.boot"].verdict, v.cases["t"].verdict), ("crash", "missing"))

    def test_a_machine_that_is_not_what_it_claims(self):
        m = Machine()
        m.console.clear()
        m.whole_program("t", "a.x")
        m.switches_off()
        self.assertEqual(judge(m, "t").cases["host.boot"].verdict, "crash")

    def test_harmless_words(self):
        m = Machine()
        m.kernel("Kernel command line: console=ttyAMA0 oops=panic BUG:")
        m.kernel("watchdog: NMI not fully supported")
        m.whole_program("t", "a.x")
        m.switches_off()
        self.assertEqual(list(judge(m, "t").cases), ["t.a.x"])


class Ends(unittest.TestCase):
    """A host that ends early costs one case, not its neighbours."""

    def half(self):
        m = Machine()
        m.lists("t", "a.x", "a.y", "a.z")
        m.lists("u", "b.x")
        m.starts("t", 3)
        m.passes(1, "a.x")
        m.runs("a.y")
        return m

    def verdicts(self, v):
        v.finish()
        return {case.name: case.verdict for case in v.sorted_cases()}

    def dies(self, how, *says):
        """Two boots that die in a.y, and one with the rest."""
        m = self.half()
        for words in says:
            m.kernel(words)
        v = judge(m, "t", "u", how=how, why="it ended")
        self.assertEqual((v.done(), v.pending(), v.careful), (["t.a.x"], ["t", "u"], True))
        m = Machine()
        m.alone("t", "a.y", *says, ends=False)
        self.assertTrue(v.add_boot(m.boot(), how, "it ended"))
        self.assertEqual((v.done(), v.pending()), (["t.a.x", "t.a.y"], ["t", "u"]))
        m = Machine()
        m.alone("t", "a.z")
        m.alone("u", "b.x")
        m.switches_off()
        self.assertTrue(v.add_boot(m.boot(), "off", ""))
        self.assertEqual(v.pending(), [])
        return v

    def test_a_hung_host(self):
        self.assertEqual(self.verdicts(self.dies("hung")),
                         {"t.a.x": "pass", "t.a.y": "timeout", "t.a.z": "pass", "u.b.x": "pass"})

    def test_a_hung_host_that_complains(self):
        self.assertEqual(self.verdicts(self.dies("hung", "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:")),
                         {"t.a.x": "pass", "t.a.y": "timeout", "t.a.z": "pass", "u.b.x": "pass"})

    def test_a_panic(self):
        v = self.dies("died", "Unable to handle kernel paging request at virtual address dfff800000000001",
                      "Kernel panic - not syncing: Oops: Fatal exception")
        self.assertEqual(self.verdicts(v), {"t.a.x": "pass", "t.a.y": "crash", "t.a.z": "pass", "u.b.x": "pass"})
        self.assertIn("Unable to handle", v.cases["t.a.y"].reason)

    def test_a_flood(self):
        self.assertEqual(self.verdicts(self.dies("flood"))["t.a.y"], "fail")

    def test_a_host_that_died_and_never_again(self):
        v = judge(self.half(), "t", "u", how="hung", why="silent for 45 s")
        m = Machine()
        for program, case in (("t", "a.y"), ("t", "a.z"), ("u", "b.x")):
            m.alone(program, case)
        m.switches_off()
        v.add_boot(m.boot(), "off", "")
        self.assertEqual(v.pending(), [])
        self.assertEqual(self.verdicts(v)["host.between_cases"], "timeout")

    def test_a_program_without_a_list_of_its_cases(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t")
        v = judge(m, "t", how="hung", why="silent for 45 s")
        m = Machine()
        m.init("r", "t ")
        m.starts("t")
        v.add_boot(m.boot(), "hung", "silent for 45 s")
        self.assertEqual(v.done(), ["t", "t."])
        v.add_boot(Machine().boot(), "off", "")
        self.assertEqual(self.verdicts(v)["t"], "timeout")

    def test_the_runner_ends_a_program(self):
        m = self.half()
        m.ends("t", ok=False, directive=" # TIMEOUT 120 seconds")
        m.starts("u", 1)
        m.passes(1, "b.x")
        m.ends("u")
        m.switches_off()
        v = judge(m, "t", "u")
        self.assertEqual(v.cases["t.a.y"].verdict, "timeout")
        self.assertEqual(v.cases["u.b.x"].verdict, "pass")
        self.assertEqual(v.pending(), ["t"])

    def test_a_boot_that_brings_nothing_is_the_last(self):
        v = HostVerdicts("vhe", ["t"])
        for progress in (True, False):
            m = Machine()
            m.ktap.clear()
            self.assertEqual(v.add_boot(m.boot(), "hung", "silent for 45 s"), progress)
        v.give_up("no boot reached it")
        self.assertEqual(self.verdicts(v), {"t": "missing", "host.boot": "timeout"})

    def test_a_hang_after_the_last_verdict(self):
        m = Machine()
        m.whole_program("t", "a.x")
        m.switches_off()
        v = judge(m, "t", how="hung", why="no end 30 s after power off")
        self.assertEqual(v.pending(), [])
        self.assertEqual(self.verdicts(v), {"t.a.x": "pass", "host.after_last_case": "timeout"})

    def test_a_line_cut_in_the_middle_is_no_verdict(self):
        m = self.half()
        m.inner("ok 2 a.y", end=CUT)
        v = judge(m, "t", "u", how="hung", why="silent for 45 s")
        self.assertNotIn("t.a.y", v.cases)
        self.assertEqual(v.pending(), ["t", "u"])

    def test_a_cut_line_with_the_runners_verdict_glued_to_it(self):
        m = self.half()
        m.init("o", "# ok 2 a.ynot ok 1 selftests: kvm: t # exit=139")
        m.init("o", "# timeout set to 45")
        m.starts("u", 1)
        m.passes(1, "b.x")
        m.ends("u")
        m.switches_off()
        v = judge(m, "t", "u")
        self.assertEqual(v.cases["t.a.y"].verdict, "fail")
        self.assertEqual(v.cases["t.a.z"].verdict, "missing")
        self.assertEqual(v.cases["u.b.x"].verdict, "pass")

    def test_a_program_that_says_the_runners_words(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t")
        m.inner("guest says: ok 1 selftests: kvm: t")
        m.inner("and goes on")
        m.ends("t", False, " # exit=254")
        m.switches_off()
        self.assertEqual(judge(m, "t").cases["t"].verdict, "fail")

    def test_a_program_that_dies_after_the_runners_words(self):
        m = Machine()
        m.lists("t", "a.x")
        m.starts("t", 1)
        m.passes(1, "a.x")
        m.inner("guest says: ok 1 selftests: kvm: t")
        m.ends("t", False, " # exit=139")
        m.switches_off()
        self.assertEqual(judge(m, "t").cases["t.exit"].verdict, "fail")

    def test_the_runners_verdict_glued_to_the_last_line_of_all(self):
        m = Machine()
        m.init("p", "t")
        m.starts("t")
        m.init("o", "# ....ok 1 selftests: kvm: t")
        m.switches_off()
        self.assertEqual(judge(m, "t").cases["t"].verdict, "pass")

    def test_init_cut_in_the_middle_of_its_list(self):
        m = Machine()
        m.lists("t", "a.x")
        m.init("l", "t a.", end=CUT)
        v = judge(m, "t", how="hung", why="silent for 45 s")
        v.give_up("no boot reached it")
        self.assertEqual(self.verdicts(v), {"t.a.x": "missing", "host.between_cases": "timeout"})


class Expected(unittest.TestCase):
    def why(self, verdict, tree, forced=False, reason="", **known):
        v = HostVerdicts("vhe", ["t"])
        v.set("t.a.x", verdict, reason)
        return unexpected(v.cases["t.a.x"], tree, forced, **known)

    def test_series_and_stock(self):
        for tree in ("series", "stock"):
            self.assertEqual([bool(self.why(x, tree)) for x in ("pass", "skip", "fail", "missing", "crash", "timeout")],
                             [False, False, True, True, True, True])

    def test_nothing_was_tested(self):
        for reason in ("KVM_CAP_ARM_USER_IRQ is not advertised", "cannot open /dev/kvm: load KVM"):
            for tree in ("series", "stock"):
                self.assertTrue(self.why("skip", tree, reason=reason))
        self.assertTrue(self.why("skip", "baseline", reason="cannot open /dev/kvm: load KVM"))
        self.assertFalse(self.why("skip", "baseline", reason="KVM_CAP_ARM_USER_IRQ is not advertised"))

    def test_a_skip_that_has_what_it_needs(self):
        self.assertIn("CONFIG=edge", self.why("skip", "series", reason="the kernel has no x", given="CONFIG=edge"))
        self.assertFalse(self.why("skip", "series", reason="no GICv3 on this machine", given="CONFIG=edge"))
        self.assertFalse(self.why("pass", "series", given="CONFIG=edge"))

    def test_a_skip_that_the_host_may_give(self):
        may = ["no GICv3 *", "the guest's PMU does not count event *"]
        for tree, forced in (("series", False), ("stock", False), ("baseline", True)):
            self.assertFalse(self.why("skip", tree, forced, "the guest's PMU does not count event 0x8", skips=may))
            for reason in ("the kernel has no x", "the kernel has no line of EL2's timers in a version"):
                self.assertFalse(self.why("skip", tree, forced, reason, skips=may))
                self.assertIn("needs, x", self.why("skip", tree, forced, reason, skips=may, given="x"))
            self.assertIn("hosts/vhe.host", self.why("skip", tree, forced, "WFI traps here", skips=may))
            self.assertTrue(self.why("skip", tree, forced, "WFI traps here", skips=[]))
        self.assertFalse(self.why("skip", "baseline", reason="KVM_CAP_ARM_USER_IRQ is not advertised", skips=[]))
        self.assertTrue(self.why("skip", "series", reason="cannot open /dev/kvm: load KVM", skips=["*"]))

    def test_a_person_is_told_what_is_wrong_with_a_skip(self):
        self.assertEqual(explained(Case("t.a.x", "vhe", "skip", reason="WFI traps here"), "skips for x"),
                         "WFI traps here: skips for x")
        self.assertEqual(explained(Case("t.a.x", "vhe", "crash", reason="BUG: here"), "crash"), "BUG: here")
        self.assertEqual(explained(Case("t.a.x", "vhe", "pass"), "pass on the baseline"), "pass on the baseline")

    def test_a_skip_on_a_machine_that_nobody_described(self):
        self.assertFalse(self.why("skip", "stock", reason="WFI traps here"))

    def test_baseline(self):
        self.assertEqual([bool(self.why(x, "baseline")) for x in ("skip", "pass", "fail", "crash")],
                         [False, True, True, True])

    def test_baseline_forced(self):
        self.assertEqual([bool(self.why(x, "baseline", True)) for x in ("fail", "pass", "crash", "timeout", "missing")],
                         [False, True, True, True, True])
        self.assertTrue(self.why("skip", "baseline", True, "KVM_CAP_ARM_USER_IRQ is not advertised"))
        self.assertFalse(self.why("skip", "baseline", True, "no PMU here"))


class Text(unittest.TestCase):
    def test_control_characters(self):
        self.assertEqual(printable("a\x1b[2Jb\rc\x9b"), "a\\x1b[2Jb\\x0dc\\x9b")

    def test_bytes_that_are_no_utf8(self):
        boot = read_boot(b"    1.000 h 1.0 6.12\n    1.100 o 1.1 \xff\n", b"    1.000 \xff\xfe\n")
        self.assertEqual(boot.release, "6.12")


if __name__ == "__main__":
    unittest.main()
