# SPDX-License-Identifier: GPL-2.0
"""The table over hosts, trees and bases, on runs made up for it."""

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import job
import matrix
from children import Children, CouldNotRun, Interrupted
from run import Outcome
from verdicts import Case

VALUES = {**matrix.DEFAULTS, "HOST": "vhe nvhe"}


def outcome(values):
    facts = {"base": "6.12.1", "tree": values["TREE"], "hosts": ["vhe", "nvhe"]}
    verdict = "fail" if values["TREE"] == "baseline" else "pass"
    cases = [Case("t.a", "vhe", verdict), Case("t.b", "vhe", "skip"), Case("t.a", "nvhe", verdict)]
    wrong = {("nvhe", "t.a"): "it should not"} if values["TREE"] == "stock" else {}
    mine = job.Job(values, [], None, None, facts, None, [], [], {})
    return Outcome(mine, cases, wrong, {}, job.TOP / "results/a-run")


class Pairs(unittest.TestCase):
    def test_all_trees_of_our_bases_and_somebodys_own_as_stock(self):
        self.assertEqual([*matrix.pairs({**VALUES, "BASE": "6.12 7 /linux"})],
                         [("6.12", "stock"), ("6.12", "baseline"), ("6.12", "series"),
                          ("7", "stock"), ("7", "baseline"), ("7", "series"), ("/linux", "stock")])

    def test_what_was_asked_for_and_each_once(self):
        self.assertEqual([*matrix.pairs({**VALUES, "BASE": "7 7", "TREE": "series stock series"})],
                         [("7", "series"), ("7", "stock")])


class Table(unittest.TestCase):
    def filled(self, run, **asked):
        """Fills a matrix by RUN; returns (exit status, what it printed, what it wrote)."""
        words = [f"{key}={value}" for key, value in asked.items()]
        with tempfile.TemporaryDirectory(dir=job.TOP / "results") as folder:
            partial = Path(folder) / "m.partial"
            partial.mkdir()
            with mock.patch.object(matrix, "run", run), mock.patch.object(matrix.results, "new_run") as new_run, \
                    contextlib.redirect_stderr(io.StringIO()), contextlib.redirect_stdout(io.StringIO()) as said:
                new_run.return_value = partial
                status = matrix.fill_and_tell(["HOST=vhe nvhe vhe", *words])
            written = json.loads((Path(folder) / "m/matrix.json").read_text(encoding="utf-8"))
            self.assertIn((Path(folder) / "m/matrix.txt").read_text(encoding="utf-8"), said.getvalue())
        return status, said.getvalue(), written

    def test_a_row_a_run_and_a_column_a_host(self):
        status, said, written = self.filled(outcome)
        self.assertEqual(status, 1)
        for line in ("                                vhe             nvhe",
                     "Linux 6.12.1, stock             1 pass, 1 skip  1 pass !",
                     "Linux 6.12.1, baseline, forced  1 fail, 1 skip  1 fail",
                     "Linux 6.12.1, series            1 pass, 1 skip  1 pass",
                     "Linux 6.12.1, stock: 1 of 3 verdicts not as expected.   (results/a-run)"):
            self.assertIn(line, said.splitlines())
        self.assertEqual([run["unexpected"] for run in written["runs"]],
                         [[{"host": "nvhe", "name": "t.a", "why": "it should not"}], [], []])

    def test_hosts_of_one_base_alone_have_a_column(self):
        _, _, written = self.filled(outcome, BASE="6.12 7", HOST="all")
        self.assertIn("nested", written["hosts"])

    def test_all_as_expected(self):
        self.assertEqual(self.filled(outcome, TREE="baseline series")[0], 0)

    def test_a_run_that_could_not_run_is_a_row_and_the_others_still_run(self):
        def run(values):
            if values["TREE"] == "stock":
                raise CouldNotRun("it does not build")
            return outcome(values)

        status, said, written = self.filled(run)
        self.assertEqual(status, 2)
        self.assertIn("6.12, stock                     could not run   could not run", said.splitlines())
        self.assertIn("6.12, stock: it does not build", said.splitlines())
        self.assertEqual(len(written["runs"]), 3)

    def test_a_mistake_in_what_was_asked_for_ends_it_before_any_run(self):
        for words in (["TREE=oak"], ["FORCE=1"], ["BASE= "], ["HOST=vhe moon"]):
            with self.assertRaises(CouldNotRun):
                matrix.fill_and_tell(words)


class Restart(unittest.TestCase):
    def test_children_start_again(self):
        children = Children()
        children.stop()
        with self.assertRaises(Interrupted):
            children.start(["true"])
        children.restart()
        self.assertEqual(children.wait(children.start(["true"]))[0], 0)


if __name__ == "__main__":
    unittest.main()
