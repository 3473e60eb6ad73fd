# SPDX-License-Identifier: GPL-2.0
"""What validation says of a series, on verdicts made up for it."""

import unittest

from greens import fallen, judge, matrix, not_shown, notes, sentence
from programs import left_out
from series import Patch


HOSTS = ("vhe", "nvhe")


def a_case(host, name, verdict, reason=""):
    return {"host": host, "name": name, "verdict": verdict, "seconds": 0.0, "reason": reason, "log": []}


def record(built=True, warnings=(), changed=(), **verdicts):
    """VERDICTS: case="pass fail", a verdict a host."""
    cases = [a_case(host, f"t.{name}", verdict)
             for name, each in verdicts.items() for host, verdict in zip(HOSTS, each.split())]
    return {"built": built, "error": "x.c: it broke", "warnings": list(warnings), "changed": list(changed),
            "uncompiled": [], "cases": cases, "seconds": {}}


def judged(*records, green=(), checkpatch=()):
    """What is wrong with the last patch; GREEN is what that one names."""
    patches = [Patch(number, "", "") for number in range(len(records))]
    patches[-1].green = list(green)
    wrong = judge(patches, dict(enumerate(records)), {patches[-1].number: list(checkpatch)}, HOSTS)
    return wrong[patches[-1].number]


class Fallen(unittest.TestCase):
    def test_what_should_pass_and_does_not(self):
        patch = Patch(1, "", "", ["t.named*"])
        before = record(a="pass pass", b="pass fail", c="pass pass", d="pass pass",
                        named="fail fail", named_b="fail skip", named_c="fail fail")
        after = record(a="fail pass", b="pass fail", c="skip pass", d="crash timeout", named="pass fail",
                       named_b="pass skip", named_c="pass skip")
        self.assertEqual(fallen(patch, before, after),
                         [("nvhe", "t.named"), ("nvhe", "t.named_c"), ("vhe", "t.a"), ("vhe", "t.c")])
        self.assertEqual(fallen(Patch(0, "", ""), {"cases": []}, after), [])


class NotShown(unittest.TestCase):
    def test_what_was_not_asked_for(self):
        patch, before, after = Patch(1, "", "", ["t.a", "t.b", "u.*"]), record(a="fail fail"), record(a="pass pass")
        self.assertEqual(not_shown(patch, before, after, ["t.a"]),
                         ["not asked for here: cases of t, u"])
        # These are faults, as judge() has it.
        self.assertEqual(not_shown(patch, before, after, ["t"], ["t", "u"]), ["not asked for here: cases of u"])
        self.assertEqual(not_shown(patch, before, after, ["t"], ["t"]), [])

    def test_what_is_to_be_steady_was_not_asked_for(self):
        told = not_shown(Patch(1, "", "", [], ["u.a"]), record(a="fail fail"), record(a="pass pass"), ["t.a"])
        self.assertEqual(told, ["not asked for here: cases of u"])

    def test_what_skips_on_every_host(self):
        patch = Patch(1, "", "")
        patch.green = ["t.a", "t.[bc]", "t.[cd]", "u.*"]
        after = record(a="skip skip", b="skip pass", c="skip skip", d="skip skip")
        self.assertEqual(not_shown(patch, record(b="skip fail"), after),
                         ["not shown here, its cases skip: t.a", "not shown here, its cases skip: t.[cd]",
                          "not asked for here: cases of u"])

    def test_what_skipped_before_it(self):
        patch = Patch(1, "", "", ["t.a", "t.b", "t.c"])
        before = record(a="skip fail", b="fail fail", c="skip fail")
        self.assertEqual(not_shown(patch, before, record(a="pass pass", b="pass pass", c="skip pass")),
                         ["not shown red, cases of it skip before it or have no verdict: t.a"])

    def test_what_had_no_verdict_before_it(self):
        patch = Patch(1, "", "", ["t.a", "t.b", "t.c"])
        self.assertEqual(not_shown(patch, record(b="fail fail"), record(a="pass pass", b="pass pass", c="fail fail")),
                         ["not shown red, cases of it skip before it or have no verdict: t.a"])


class Notes(unittest.TestCase):
    def test_what_no_object_is_made_from(self):
        records = {0: {**record(), "uncompiled": ["x.c"]}, 1: {**record(), "uncompiled": ["x.c"]}}
        told = notes([Patch(0, "", ""), Patch(1, "", "")], records, ["t"], ["t"])
        self.assertEqual(told, {0: [], 1: ["not compiled here: x.c"]})

    def test_what_changes_tests(self):
        same = dict.fromkeys(range(2), record(changed=["tools/testing/selftests/kvm/lib/kvm_util.c"]))
        told = notes([Patch(0, "", ""), Patch(1, "", "")], same, ["t"], ["t"])
        self.assertEqual(told, {0: [], 1: ["changes tests, which are built once, as the end of the series has them"]})


class Chosen(unittest.TestCase):
    def test_a_program_that_nobody_has(self):
        patches = [Patch(0, "", ""), Patch(1, "", "", ["u.*"])]
        same = dict.fromkeys(range(2), record(a="pass pass"))
        self.assertEqual(judge(patches, same, {}, HOSTS, ["t"], ["t", "u"])[1], [])
        self.assertEqual(judge(patches, same, {}, HOSTS, ["t"], ["t"])[1], ["Green: u.* matches no case"])

    def test_a_patch_that_names_only_others_brings_them_in(self):
        patches = [Patch(0, "", ""), Patch(1, "", "", ["t.a", "v.a"]), Patch(2, "", "", ["u*.b", "none.c"]),
                   Patch(3, "", "")]
        self.assertEqual(left_out(patches, ["t"], ["t", "u1", "u2", "v"]), ["u1", "u2"])
        self.assertEqual(left_out(patches, ["t", "u2"], ["t", "u1", "u2", "v"]), [])

    def test_cases_that_were_not_asked_for_are_not_missed(self):
        patches = [Patch(0, "", ""), Patch(1, "", "", ["t.a", "t.b"])]
        records = {0: record(a="fail fail"), 1: record(a="pass pass")}
        self.assertEqual(judge(patches, records, {}, HOSTS)[1], ["Green: t.b matches no case"])
        self.assertEqual(judge(patches, records, {}, HOSTS, ["t.a"])[1], [])

    def test_a_case_that_first_comes_with_a_patch_is_held_against_what_it_says(self):
        self.assertEqual(len(judged(record(), record(a="pass fail"))), 2)


class Untested(unittest.TestCase):
    """What a series that nothing was seen of is told, the same in each record."""

    def told(self, *cases):
        same = {**record(), "cases": list(cases)}
        wrong = judge([Patch(0, "", ""), Patch(1, "", ""), Patch(2, "", "")], dict.fromkeys(range(3), same), {}, HOSTS)
        self.assertEqual(wrong[1], wrong[0])
        self.assertEqual(wrong[2], wrong[0])
        return wrong[0]

    def test_a_kernel_that_does_not_boot(self):
        cases = [a_case(host, *each) for host in HOSTS
                 for each in (("host.boot", "crash", "it died"), ("t", "missing", "no boot reached it"))]
        self.assertEqual(self.told(*cases), [
            "host.boot on nvhe: crash, it died", "t on nvhe: missing, no boot reached it",
            "host.boot on vhe: crash, it died", "t on vhe: missing, no boot reached it",
            *(f"{host}: no case passes or fails there, with any patch" for host in HOSTS)])

    def test_a_host_without_kvm(self):
        cases = [a_case(host, "t.a", "skip", "cannot open /dev/kvm: No such file or directory") for host in HOSTS]
        self.assertEqual(self.told(a_case("nvhe", "t.b", "pass"), *cases), [
            *(f"t.a on {host}: skips for want of KVM, which every tree has" for host in ("nvhe", "vhe")),
            "vhe: no case passes or fails there, with any patch"])

    def test_a_kernel_that_is_not_what_the_host_file_promises(self):
        why = "the kernel did not say what the host file promises (SAYS)"
        self.assertEqual(self.told(a_case("vhe", "host.boot", "crash", why),
                                   *(a_case(host, "t.a", "pass") for host in HOSTS)),
                         [f"host.boot on vhe: crash, {why}"])

    def test_a_program_that_did_not_build(self):
        self.assertEqual(self.told(*(a_case(host, *each) for host in HOSTS
                                     for each in (("t.a", "pass"), ("u", "missing", "did not build: no x.h")))),
                         [f"u on {host}: missing, did not build: no x.h" for host in ("nvhe", "vhe")])

    def test_a_host_without_a_word(self):
        self.assertEqual(self.told(a_case("vhe", "t.a", "fail")),
                         ["nvhe: no case passes or fails there, with any patch"])

    def test_cases_that_skip_for_reasons_of_their_own(self):
        self.assertEqual(self.told(*(a_case(host, *each) for host in HOSTS for each in (
            ("t.a", "pass"), ("t.b", "skip", "the guest's PMU does not count event 0x8")))), [])

    def test_what_others_tests_need_may_come_with_a_patch(self):
        skips, passes = ({**record(), "cases": [a_case(host, "arch_timer", *each) for host in HOSTS]}
                         for each in (("skip", "no capability"), ("pass",)))
        self.assertEqual(judge([Patch(0, "", ""), Patch(1, "", "", ["arch_timer"])], {0: skips, 1: passes}, {}, HOSTS),
                         {0: [], 1: []})


class Greens(unittest.TestCase):
    def test_a_named_case_that_turns_green_is_as_it_should_be(self):
        self.assertEqual(judged(record(a="fail fail"), record(a="pass pass"), green=["t.a"]), [])

    def test_a_patch_that_changes_nothing_names_nothing(self):
        self.assertEqual(judged(record(a="fail pass", b="skip skip"), record(a="fail pass", b="skip skip")), [])

    def test_a_case_that_turns_green_unnamed(self):
        self.assertEqual(judged(record(a="fail fail"), record(a="fail pass")),
                         ["t.a on nvhe: fail before it, pass with it, and it does not name that"])

    def test_a_green_case_that_turns_red(self):
        for verdict in ("fail", "timeout", "crash", "missing"):
            self.assertEqual(judged(record(a="pass pass"), record(a=f"{verdict} pass")),
                             [f"t.a on vhe: pass before it, {verdict} with it, and it does not name that"])

    def test_a_green_case_that_is_gone(self):
        self.assertEqual(judged(record(a="pass pass", b="pass pass"), record(b="pass pass")),
                         [f"t.a on {host}: pass before it, no verdict with it, and it does not name that"
                          for host in ("nvhe", "vhe")])

    def test_a_green_case_that_skips(self):
        self.assertEqual(len(judged(record(a="pass pass"), record(a="skip pass"))), 1)

    def test_a_named_case_that_stays_red(self):
        self.assertEqual(judged(record(a="fail fail"), record(a="pass fail"), green=["t.*"]),
                         ["t.a on nvhe: named as turned green, and the verdict is fail"])

    def test_a_named_case_that_was_green(self):
        self.assertEqual(judged(record(a="pass fail"), record(a="pass pass"), green=["t.a"]),
                         ["t.a on vhe: named as turned green, and passes before it already"])

    def test_a_named_case_that_a_host_cannot_run(self):
        self.assertEqual(judged(record(a="skip fail", b="pass pass"), record(a="skip pass", b="pass pass"),
                                green=["t.a"]), [])

    def test_what_a_race_decides_may_change_until_the_patch_that_makes_it_steady(self):
        patches = [Patch(number, "", "", [], ["t.a"] if number == 3 else []) for number in range(5)]

        def judged_at(*verdicts):
            records = {number: record(a=f"{each} skip") for number, each in enumerate(verdicts)}
            wrong = judge(patches, records, {}, HOSTS[:1])
            return {number: sentences for number, sentences in wrong.items() if sentences}

        self.assertEqual(judged_at("fail", "pass", "fail", "pass", "pass"), {})
        self.assertEqual(judged_at("fail", "pass", "pass", "pass", "pass"), {})
        self.assertEqual(judged_at("fail", "pass", "fail", "fail", "fail"),
                         {3: ["t.a on vhe: named as steady, and the verdict is fail"]})
        self.assertEqual(judged_at("fail", "pass", "fail", "pass", "fail"),
                         {4: ["t.a on vhe: pass before it, fail with it, and it does not name that"]})
        self.assertEqual(judged_at("fail", "crash", "fail", "pass", "pass"),
                         {1: ["t.a on vhe: fail before it, crash with it, and it does not name that"]})

    def test_a_steady_name_without_a_case(self):
        patch = Patch(1, "", "", [], ["t.b"])
        self.assertEqual(judge([Patch(0, "", ""), patch], dict(enumerate([record(a="pass pass")] * 2)), {}, HOSTS)[1],
                         ["Steady: t.b matches no case"])

    def test_a_name_without_a_case(self):
        self.assertEqual(judged(record(a="pass pass"), record(a="pass pass"), green=["t.b"]),
                         ["Green: t.b matches no case"])

    def test_a_name_of_a_program_that_was_not_asked_for(self):
        self.assertEqual(judged(record(a="pass pass"), record(a="pass pass"), green=["u.b"]), [])

    def test_a_red_case_that_turns_worse(self):
        for was, now in (("fail", "timeout"), ("fail", "crash"), ("fail", "missing"), ("timeout", "crash"),
                         ("timeout", "missing"), ("crash", "missing")):
            self.assertEqual(judged(record(a=f"{was} fail", b="pass pass"), record(a=f"{now} fail", b="pass pass")),
                             [f"t.a on vhe: {was} before it, {now} with it, and it does not name that"])

    def test_a_red_case_that_turns_less_so(self):
        for was, now in (("timeout", "fail"), ("crash", "fail"), ("missing", "fail"), ("crash", "timeout")):
            self.assertEqual(judged(record(a=f"{was} fail", b="pass pass"), record(a=f"{now} fail", b="pass pass")), [])

    def test_a_case_that_comes_to_fail_as_it_declares(self):
        self.assertEqual(judged(record(a="pass fail"), record(a="xfail xfail")),
                         [f"t.a on {host}: {was} before it, xfail with it, and it does not name that"
                          for host, was in (("nvhe", "fail"), ("vhe", "pass"))])
        self.assertEqual(judged(record(a="fail xfail"), record(a="xfail pass"), green=["t.a"]),
                         ["t.a on vhe: named as turned green, and the verdict is xfail"])

    def test_a_complaint_outside_the_cases(self):
        after = record(a="pass pass")
        after["cases"].append(a_case("vhe", "host.boot", "crash", "WARNING: it broke"))
        self.assertEqual(judged(record(a="pass pass"), after), ["host.boot on vhe: crash, WARNING: it broke"])

    def test_a_patch_that_does_not_build_and_the_next_one(self):
        broken = record(built=False)
        self.assertEqual(judged(record(a="fail fail"), broken), ["does not build: x.c: it broke"])
        broken["warnings"] = ["x.c: it broke", "y.c: unused"]
        self.assertEqual(judged(record(a="fail fail"), broken), ["y.c: unused", "does not build: x.c: it broke"])
        self.assertEqual(judged(record(a="fail fail"), broken, record(a="pass pass"), green=["t.a"]), [])

    def test_the_first_patch_that_builds_is_held_against_what_it_names(self):
        self.assertEqual(judged(record(built=False), record(a="fail pass", b="fail fail"), green=["t.a", "t.c"]),
                         ["t.a on vhe: named as turned green, and the verdict is fail", "Green: t.c matches no case"])
        self.assertEqual(judged(record(built=False), record(a="skip pass", b="fail pass"), green=["t.a"]), [])

    def test_a_new_warning(self):
        old = record(warnings=["a.c: old"], a="pass pass")
        self.assertEqual(judged(old, record(warnings=["a.c: old", "b.c: new"], a="pass pass")), ["b.c: new"])

    def test_a_second_warning_like_the_first(self):
        def warned(times):
            return record(warnings=times * ["a.c: unused variable 'x'"], a="pass pass")

        self.assertEqual(judged(warned(1), warned(3)), 2 * ["a.c: unused variable 'x'"])
        # One that was taken away, or whose file was not compiled, may come back.
        self.assertEqual(judged(warned(2), warned(0), warned(2)), [])
        mended = {**warned(0), "changed": ["a.c"]}
        self.assertEqual(judged(warned(2), mended, warned(2)), 2 * ["a.c: unused variable 'x'"])

    def test_checkpatch(self):
        same = record(a="pass pass")
        self.assertEqual(judged(same, same, checkpatch=["checkpatch: too long"]), ["checkpatch: too long"])


class Sentence(unittest.TestCase):
    def told(self, wrong, *broken):
        return sentence(wrong, {number: record(built=number not in broken) for number in wrong})

    def test_what_it_stands_on_is_no_patch(self):
        self.assertEqual(self.told({0: [], 1: [], 2: []}), "all 2 patches as they say")
        self.assertEqual(self.told({0: [], 1: ["x"], 2: []}), "1 of 2 patches not as they say")
        self.assertEqual(self.told({0: ["x"], 1: []}),
                         "what the series stands on is not as it should be; all 1 patches as they say")

    def test_a_patch_that_is_compared_with_nothing_is_not_as_it_says_either(self):
        self.assertEqual(self.told({0: ["x"], 1: [], 2: []}, 0),
                         "what the series stands on does not build; 1 of 2 patches as they say, 1 not compared")
        self.assertEqual(self.told({0: ["x"], 1: []}, 0),
                         "what the series stands on does not build; 0 of 1 patches as they say, 1 not compared")
        self.assertEqual(self.told({0: ["x"], 1: ["x"], 2: []}, 0, 1),
                         "what the series stands on does not build; 1 of 2 patches not as they say, 1 not compared")
        self.assertEqual(self.told({0: ["x"], 1: ["x"]}, 0),
                         "what the series stands on does not build; 1 of 1 patches not as they say")


class Matrix(unittest.TestCase):
    def test_a_sign_a_host_and_a_column_a_patch(self):
        records = {0: record(a="fail timeout"), 1: record(built=False), 2: record(a="pass skip")}
        self.assertEqual(matrix([Patch(n, "", "") for n in records], records, ["vhe", "nvhe"]),
                         ["case  0  1  2", "t.a  FT    .s"])

    def test_nothing(self):
        self.assertEqual(matrix([Patch(0, "", "")], {0: record(built=False)}, ["vhe"]), [])
