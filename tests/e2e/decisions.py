"""Who decides, and what pause, resume and cancel are worth once they have been answered."""

import collections
import contextlib
import json
import os
import threading
import time
import unittest
from concurrent.futures import ThreadPoolExecutor

from feeds import ARTICLES, Feeds, rss
from world import Tenant, ask, cloud, promises, token, wait_for

DECISIONS = int(os.environ.get("CHIMERA_DECISIONS", "1000"))
# Requests under way at once: each is a process of the function `api` in the local cloud.
AT_ONCE = int(os.environ.get("CHIMERA_DECIDERS", "32"))
# How long nothing must happen while a campaign is paused.
QUIET_S = float(os.environ.get("CHIMERA_QUIET", "3"))


class Decisions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)

    def test_of_many_decisions_at_once_one_wins_and_the_others_are_told_who(self):
        tenant = Tenant()
        campaign = tenant.start([self.feeds.add("one.xml", rss(ARTICLES[:1]))], 1, hold_first=1)
        review = wait_for("a review", campaign.open_reviews)[0]
        path = f"reviews/{campaign.id}/{review['id']}/decision"
        start = threading.Barrier(AT_ONCE + 1)

        def decider(number):
            kind = ("approve", "reject")[number % 2]
            body = {"decision": kind, "digest": review["digest"]} | ({"comment": "no"} if kind == "reject" else {})
            bearer = token(tenant.name, f"reviewer-{number}", ["reviewer"])
            if number < AT_ONCE:
                start.wait()
            while True:
                status, told = ask(bearer, "POST", path, body)
                if status != 429:  # the gateway's own limit: the request has not reached the function
                    return status, told, f"reviewer-{number}"
                time.sleep(0.2)

        with ThreadPoolExecutor(AT_ONCE) as pool:
            answers = [pool.submit(decider, number) for number in range(DECISIONS)]
            start.wait()
            began = time.monotonic()
            answers = [answer.result() for answer in answers]
        took = time.monotonic() - began
        codes = collections.Counter(status for status, _, _ in answers)
        self.assertEqual(codes, {200: 1, 409: DECISIONS - 1}, [told for code, told, _ in answers if code not in (200, 409)][:3])
        winner = next(person for status, _, person in answers if status == 200)
        named = {told["winner"]["reviewer"] for status, told, _ in answers if status == 409}
        self.assertEqual(named, {winner})
        kept = cloud().rows("Decisions", campaign.pk)
        self.assertEqual([row["decision"]["reviewer"] for row in kept], [winner])
        campaign.until_over()
        print(f"{DECISIONS} decisions in {took:.1f} s", end=" ", flush=True)

    def test_only_a_reviewer_of_the_tenant_decides_and_only_on_what_was_seen(self):
        tenant, other = Tenant(), Tenant()
        campaign = tenant.start([self.feeds.add("two.xml", rss(ARTICLES[:1]))], 1, hold_first=1)
        review = wait_for("a review", campaign.open_reviews)[0]
        self.assertEqual(campaign.decide(review, bearer=token(tenant.name, "vic", ["viewer"]))[0], 403)
        self.assertEqual(campaign.decide(review, bearer=other.reviewer)[0], 404)
        self.assertEqual(campaign.decide(review, bearer="")[0], 401)
        self.assertEqual(campaign.decide(review | {"digest": "sha256:" + "0" * 64})[0], 409)
        self.assertEqual(campaign.row(review["sk"])["version"], review["version"])
        self.assertEqual(campaign.until_over(), "finished")


class Steering(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)

    def test_a_result_in_flight_commits_while_paused_and_resume_repeats_nothing(self):
        campaign = Tenant().start([self.feeds.add("slow.xml", rss(ARTICLES[:3]), delay_s=1.5)], 3)
        wait_for("the worker reads", lambda: self.feeds.asked.get("slow.xml"))
        self.assertEqual(campaign.turn("pause")["dispatching"], [])
        wait_for("the result commits", lambda: campaign.tasks(work="research", status="approved"))
        self.assert_quiet(campaign)
        self.assertEqual(campaign.published(), [])
        campaign.turn("resume")
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(self.feeds.asked["slow.xml"], 1, "the work was done twice")
        self.assertEqual({task["attempt"] for task in campaign.tasks()}, {1})
        self.assertEqual(len(campaign.published()), 3)
        self.assertEqual(promises(campaign)[1], {})

    def test_after_pause_no_effect_is_claimed_and_the_answer_lists_those_under_way(self):
        with self.waiting_effects(slow_ms=2500) as campaign:
            under_way = wait_for("a call is under way", lambda: campaign.effects("dispatching"))
            paused = campaign.turn("pause")
            listed = {effect["id"] for effect in paused["dispatching"]}
            self.assertEqual(listed, {effect["id"] for effect in under_way})
            wait_for("the call ends", lambda: not campaign.effects("dispatching"))
            # The pace no longer keeps the others back: only the pause does.
            campaign.tenant.policy(agents={})
            self.assert_quiet(campaign)
            self.assertEqual({effect["id"] for effect in campaign.effects("done")}, listed)
            self.assertEqual(len(campaign.published()), len(listed))
        campaign.turn("resume")
        with cloud().ticking():
            self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(len(campaign.published()), 4)
        self.assertEqual({effect["attempt"] for effect in campaign.effects()}, {1})
        self.assertEqual(promises(campaign)[1], {})

    def test_after_cancel_approved_effects_are_void_and_their_money_is_free(self):
        with self.waiting_effects() as campaign:
            wait_for("one is done", lambda: campaign.effects("done"))
            wait_for("the others wait", lambda: len(campaign.effects("approved")) == 3)
        cancelled = campaign.turn("cancel")
        self.assertEqual((cancelled["status"], cancelled["dispatching"]), ("cancelled", []))
        wait_for("effects are void", lambda: len(campaign.effects("void")) == 3)
        look, wrong = promises(campaign)
        self.assertEqual(wrong, {})
        self.assertEqual(len(campaign.published()), 1)
        done = campaign.effects("done")[0]
        self.assertEqual(look.buckets[f"BUCKET#C#{campaign.id}"], done["outcome"]["cost"]["minor"])
        self.assertEqual(ask(campaign.tenant.operator, "POST", f"{campaign.path}/resume")[0], 409)

    def test_what_failed_over_budget_is_published_once_finance_raises_it(self):
        tenant = Tenant()
        feed = self.feeds.add("two.xml", rss(ARTICLES[:2]))
        campaign = tenant.start([feed], 2, budget={"minor": 25, "currency": "USD"})
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        failed = campaign.tasks(status="failed")
        self.assertEqual([task["reason"].split(":")[0] for task in failed], ["over budget"], campaign.told())
        budget, retry = f"{campaign.path}/budget", f"{campaign.path}/tasks/{failed[0]['id']}/retry"
        raised = {"budget": {"minor": 40, "currency": "USD"}}
        finance = token(tenant.name, "fay", ["finance"])
        self.assertEqual(ask(token(tenant.name, "otto", ["operator"]), "PUT", budget, raised)[0], 403)
        self.assertEqual(ask(finance, "POST", retry)[0], 403)
        status, told = ask(finance, "PUT", budget, {"budget": {"minor": 19, "currency": "USD"}})
        self.assertEqual((status, told["code"], told["used"]["minor"]), (409, "budget_below_used", 20))
        tenant.do("PUT", budget, raised, bearer=finance)
        self.assertIn("fay", campaign.row("META")["writer"])
        answer = tenant.do("POST", retry)
        self.assertEqual((answer["task"]["status"], answer["campaign"]["status"]), ("open", "active"))
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(len(campaign.published()), 2)
        look, wrong = promises(campaign)
        self.assertEqual((wrong, look.buckets[f"BUCKET#C#{campaign.id}"]), ({}, 40))

    @contextlib.contextmanager
    def waiting_effects(self, slow_ms=0):
        """A campaign of four posts whose account may post once in ten minutes: one goes, three wait, approved."""
        tenant = Tenant()
        tenant.policy(agents={tenant.agent: {"killed": False, "pacing_s": 600}})
        faults = {"slow_ms": {"https://": slow_ms}}
        with cloud().environment("McpTwitterWrite", TWITTER_FAULTS=json.dumps(faults)):
            yield tenant.start([self.feeds.add("four.xml", rss(ARTICLES[:4]))], 4)

    def assert_quiet(self, campaign):
        """Nothing is dispatched or claimed for a while, though the clock goes on."""

        def standing():
            return {row["sk"]: (row["status"], row["attempt"]) for row in campaign.tasks() + campaign.effects()}

        before = standing()
        with cloud().ticking():
            deadline = time.monotonic() + QUIET_S
            while time.monotonic() < deadline:
                self.assertEqual(standing(), before, "it moves while paused")
                for queue in ("TaskQueue", "TaskQueueHigh"):
                    self.assertEqual(sum(cloud().waiting(queue)), 0, "a task is sent while paused")
                time.sleep(0.05)


if __name__ == "__main__":
    unittest.main()
