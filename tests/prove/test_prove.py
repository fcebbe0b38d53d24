"""How figures are read from what commands print: a check that is missing or silent must fail."""

import unittest

import judge
import mcp
import planner
import swarm
from rows import summary, tests, whole_suite
from runs import CARGO_TEST, ROOT, UNITTEST, Done, Runs, Step
from swarm import bench_bar, isolation, items_of, published, retried, worlds_kept

CARGO = "test the_follow_up ... ok\ntest tests::a::b_c ... FAILED\ntest waits ... ignored\n"
PYTHON_TESTS = """\
test_one (wakeups.WakeUps.test_one) ... 3.1 s ok
test_two (wakeups.WakeUps.test_two)
The second one. ... FAIL
test_three (wakeups.WakeUps) ... skipped 'no'
"""


def done(text="", code=0, written=None, problem=""):
    found = Done(code, text, 0, written=written, problem=problem)
    found.tests = {m["name"].split("::")[-1]: m["result"] for m in CARGO_TEST.finditer(text)}
    found.tests |= {m["name"]: m["result"] for m in UNITTEST.finditer(text)}
    return found


class Figures(unittest.TestCase):
    def test_results_are_read_from_both_test_programs(self):
        self.assertEqual(done(CARGO).tests, {"the_follow_up": "ok", "b_c": "FAILED", "waits": "ignored"})
        self.assertEqual(done(PYTHON_TESTS).tests, {"test_one": "ok", "test_two": "FAIL", "test_three": "skipped"})

    def test_a_test_that_failed_was_skipped_or_is_not_there_fails_its_row(self):
        self.assertTrue(tests("follow_up")(done(CARGO))[1])
        for pattern in ("b_c", "waits", "of_another_name"):
            self.assertFalse(tests(pattern)(done(CARGO))[1], pattern)
        self.assertFalse(tests("follow_up", "of_another_name")(done(CARGO))[1])

    def test_a_suite_that_ran_nothing_fails_its_row(self):
        self.assertFalse(whole_suite(1)(done())[1])
        self.assertTrue(whole_suite(1)(done("test one ... ok\n"))[1])
        self.assertFalse(whole_suite(2)(done("test one ... ok\n"))[1])

    def test_a_summary_that_is_not_there_or_a_broken_promise_fails_its_row(self):
        told = {"tasks": [], "reviews": [], "seconds": 1, "effects": [{"outcome": "done", "tool": "twitter.post_create"}], "promises": [{"id": "p1", "held": True}]}
        told["reviews"] = [{"decision": "approve", "reviewer": "rhea"}]
        self.assertTrue(summary(published(1))(done(written=told))[1])
        self.assertFalse(summary(published(2))(done(written=told))[1])
        self.assertFalse(summary(published(1))(done(written=told, code=1))[1])
        self.assertFalse(summary(retried)(done(written=told))[1])
        self.assertFalse(summary(published(1))(done(code=0))[1])
        told["promises"][0]["held"] = False
        self.assertFalse(summary(published(1))(done(written=told))[1])

    def test_silence_is_no_figure(self):
        self.assertFalse(isolation(done())[1])
        self.assertTrue(isolation(done("isolation: ...; ratio 1.00 of at most 1.20\n"))[1])
        self.assertFalse(bench_bar("largest zip, MB")(done())[1])
        self.assertFalse(worlds_kept(done())[1])

    def test_a_command_that_is_not_there_is_a_row_that_fails(self):
        missing = Runs().run(Step("missing", ("true",), needs=ROOT / "tests" / "nothing.py"))
        self.assertIn("is not there", missing.problem)
        with self.assertRaises(RuntimeError):
            tests("x")(missing)

    def test_every_row_has_its_own_claim(self):
        for table in (swarm, judge, mcp, planner):
            claims = [(row.group, row.claim) for row in table.rows()]
            self.assertEqual(len(claims), len(set(claims)))
        self.assertEqual(items_of(ROOT / "no such feed"), 3)


if __name__ == "__main__":
    unittest.main()
