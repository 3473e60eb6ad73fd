#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Rounds are all run, counted, and lost by nothing; a seed is found where it was printed."""

import contextlib
import io
import json
import tempfile
import threading
import types
import unittest
from pathlib import Path
from unittest import mock

import job
import soak
from children import CouldNotRun
from hosts import read_host
from verdicts import Case

FACTS = {"base": "6.12.1", "tree": "series", "hosts": ["vhe", "nvhe"], "patches": 7}


class Replay(unittest.TestCase):
    def test_the_program_at_fault_is_the_last_that_was_named(self):
        case = Case("t.a", "vhe", "fail", log=[
            "# aarch64/user_irq_model.c:413:agrees:KVM_USER_IRQ_SEED=0x12", "step 1",
            "all of it: KVM_USER_IRQ_SEED=0x15 KVM_USER_IRQ_STEPS=90"])
        self.assertEqual(soak.replay(case), "KVM_USER_IRQ_SEED=0x15 KVM_USER_IRQ_STEPS=90")

    def test_a_seed_alone(self):
        case = Case("t.a", "vhe", "timeout", log=["# x.c:4:a:KVM_USER_IRQ_SEED=0x12"])
        self.assertEqual(soak.replay(case), "KVM_USER_IRQ_SEED=0x12")

    def test_the_library_s_own_seed_replays_nothing(self):
        self.assertEqual(soak.replay(Case("t.a", "vhe", "fail", log=["Random seed: 0x6b8b4567"])), "")


class FakeVerdicts:
    def __init__(self, cases):
        self.cases = {case.name: case for case in cases}

    def sorted_cases(self):
        return list(self.cases.values())


class FakeHostRun(threading.Thread):
    """A host whose cases are what CASES has for it and the round, by the folder's name."""
    cases = staticmethod(lambda folder: [])
    problem = None
    boots = ()
    known = set()

    def __init__(self, host, plan, folder, slots):
        super().__init__(daemon=True)
        self.host, self.folder, self.slots = host, folder, slots

    def run(self):
        with self.slots:
            try:
                self.verdicts = FakeVerdicts(self.cases(self.folder))
            except CouldNotRun as problem:
                self.problem = problem


class Soak(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.top = Path(temporary.name)
        self.results = self.top / "results"
        self.env = []

    def soak(self, cases, *words):
        """Returns (exit status, output, the folder in results/)."""
        def prepare(values, _seconds, kind):
            folder = soak.results.new_run(self.results, values["TREE"] + kind)
            (folder / "Image").touch()
            plan = types.SimpleNamespace(image=folder / "Image", patterns=[], programs=[], env=self.env)
            hosts = [read_host(name) for name in FACTS["hosts"]]
            return job.Job(values, hosts, self.top, plan, FACTS, folder, [], [], {})

        output = io.StringIO()
        with mock.patch.object(job, "prepare", prepare), mock.patch.object(soak, "TOP", self.top), \
                mock.patch.object(soak, "HostRun", FakeHostRun), mock.patch.object(soak, "CHILDREN"), \
                mock.patch.object(FakeHostRun, "cases", staticmethod(cases)), \
                contextlib.redirect_stdout(output), contextlib.redirect_stderr(io.StringIO()):
            try:
                status = soak.soak(list(words))
            except (CouldNotRun, KeyboardInterrupt) as error:
                status = error
        folders = list(self.results.iterdir()) if self.results.exists() else []
        return status, output.getvalue(), folders[0] if folders else None

    def test_each_host_has_all_its_rounds(self):
        status, output, folder = self.soak(lambda folder: [Case("t.a", folder.name.partition("-")[0], "pass")], "N=7")
        self.assertEqual(status, 0)
        self.assertIn("7 rounds: all 14 verdicts as expected", output)
        told = json.loads((folder / "soak.json").read_text())
        self.assertEqual(told["complete"], {"vhe": 7, "nvhe": 7})
        self.assertEqual(told["verdicts"]["vhe"]["pass"], 7)
        # Nothing else is kept of rounds that were as expected, and 'latest' is a run's.
        self.assertEqual([path.name for path in folder.iterdir()], ["soak.json"])
        self.assertFalse((self.results / "latest").is_symlink())

    def test_what_was_not_expected_is_named_and_its_round_kept(self):
        def cases(folder):
            bad = folder.name == "nvhe-round-3"
            host = folder.name.partition("-")[0]
            return [Case("t.a", host, "fail", reason="1 == 2") if bad else Case("t.a", host, "pass")]

        status, output, folder = self.soak(cases, "N=4")
        self.assertEqual(status, 1)
        self.assertIn("fail    nvhe        round 3: t.a: 1 == 2", output)
        self.assertIn("1 of 8 verdicts not as expected", output)
        self.assertEqual(sorted(path.name for path in folder.iterdir()), ["nvhe-round-3", "soak.json"])

    def test_the_steps_of_the_rounds_are_summed_up(self):
        def cases(folder):
            log = [] if folder.name == "nvhe-round-2" else ["# m.c:9:x:steps: 10000, undecided: 3 of 200"]
            return [Case("t.a", folder.name.partition("-")[0], "pass", log=log)]

        _, output, folder = self.soak(cases, "N=2")
        self.assertIn("Random programs: 30000 steps, 600 comparisons with the model, 1.5 % of these undecided.", output)
        told = json.loads((folder / "soak.json").read_text())
        self.assertEqual(told["random"], {"steps": 30000, "undecided": 9, "compared": 600})

    def test_all_rounds_together_have_a_million_steps(self):
        self.soak(lambda folder: [Case("t.a", folder.name.partition("-")[0], "pass")], "N=20")
        self.assertEqual(self.env, ["KVM_USER_IRQ_STEPS=25000"])

    def test_few_rounds_have_as_many_as_they_can_and_many_not_less_than_a_run(self):
        self.assertEqual(soak.steps_of_a_round(1), 100000)
        self.assertEqual(soak.steps_of_a_round(3000), 10000)

    def test_steps_that_were_asked_for_stay(self):
        self.env = ["KVM_USER_IRQ_STEPS=7"]
        self.soak(lambda folder: [Case("t.a", folder.name.partition("-")[0], "pass")], "N=1")
        self.assertEqual(self.env, ["KVM_USER_IRQ_STEPS=7"])

    def test_no_steps_no_sum(self):
        _, output, _ = self.soak(lambda folder: [Case("t.a", folder.name.partition("-")[0], "pass")], "N=1")
        self.assertNotIn("Random programs", output)

    def test_a_round_without_a_verdict_is_no_good_round(self):
        status, output, _ = self.soak(lambda folder: [], "N=1")
        self.assertEqual(status, 1)
        self.assertIn("the round gave no verdict at all", output)

    def test_what_was_complete_survives_an_interrupt(self):
        def cases(folder):
            if folder.name.endswith("-4"):
                raise CouldNotRun("the disk is full")
            return [Case("t.a", folder.name.partition("-")[0], "pass")]

        with mock.patch.object(soak.os, "sched_getaffinity", return_value={0}):
            status, output, folder = self.soak(cases, "N=9")
        self.assertIsInstance(status, CouldNotRun)
        self.assertEqual(folder.suffix, ".partial")
        told = json.loads((folder / "soak.json").read_text())
        self.assertEqual(told["complete"], {"vhe": 3, "nvhe": 3})
        self.assertIn("rounds", output)

    def test_a_number_that_is_none(self):
        for word in ("N=0", "N=-1", "N=many"):
            status, _, folder = self.soak(lambda folder: [], word)
            self.assertIn("is no number of rounds", str(status))
            self.assertIsNone(folder)


if __name__ == "__main__":
    unittest.main()
