"""Processes that die at the worst moment: the same posts come out as from a campaign that nobody disturbed, and none twice."""

import contextlib
import json
import os
import signal
import time
import unittest

from feeds import ARTICLES, Feeds, rss
from world import Tenant, cloud, is_alive, kill, promises, wait_for

POSTS = 3
# A lease and the waits after it, short enough to watch. A call takes at most a quarter of the lease.
LEASE_S = 12
# How long the sandbox takes for a post, so that a process can be killed meanwhile.
SLOW_MS = 1500
# Words of exactly one post, by which a fault finds it.
VICTIM = ARTICLES[0][1]


class Kill(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)
        undisturbed = cls.start("undisturbed.xml")
        assert undisturbed.until_over() == "finished", undisturbed.told()
        cls.wanted = undisturbed.texts()
        assert len(cls.wanted) == POSTS, cls.wanted

    @classmethod
    def start(cls, name, delay_s=0.0):
        return Tenant().start([cls.feeds.add(name, rss(ARTICLES[:POSTS]), delay_s)], POSTS)

    def setUp(self):
        self.started = time.monotonic()

    def ends_as_if_undisturbed(self, campaign):
        with cloud().ticking():
            self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(campaign.texts(), self.wanted)
        self.assertEqual(promises(campaign)[1], {})
        print(f"{time.monotonic() - self.started:.1f} s", end=" ", flush=True)

    def assert_comes_again(self, queue, function, part, is_wanted):
        """The message that the dead process held is there again, received once more; it is then given back."""
        with cloud().unplugged(function, part):
            message, times = cloud().take(queue, is_wanted)
            self.assertGreaterEqual(times, 2)
            cloud().put_back(queue, message)

    def test_a_worker_killed_in_the_middle_of_a_task(self):
        cloud().recycle("Worker")
        with cloud().visibility("TaskQueue", 3):
            campaign = self.start("worker.xml", delay_s=2)
            wait_for("the worker reads", lambda: self.feeds.asked.get("worker.xml"))
            pid = cloud().only_process("Worker")
            self.assertEqual(cloud().waiting("TaskQueue")[1], 1, "it holds the message")
            kill(pid)
            self.assert_comes_again("TaskQueue", "Worker", "-TaskQueue-", lambda body: campaign.id in body)
            self.feeds.delays["worker.xml"] = 0
            self.ends_as_if_undisturbed(campaign)
        self.assertEqual(self.feeds.asked["worker.xml"], 2)
        self.assertFalse(is_alive(pid))

    @contextlib.contextmanager
    def faults(self, **faults):
        publisher = {"EFFECT_LEASE_SECONDS": str(LEASE_S), "READ_BACK_SECONDS": "1,1"}
        with (
            cloud().environment("McpTwitterWrite", TWITTER_FAULTS=json.dumps(faults)),
            cloud().environment("Publisher", **publisher),
            cloud().visibility("EffectQueue", 3),
        ):
            yield

    def kill_the_publisher(self, campaign):
        """Kills it while it holds a message; returns the claimed effects."""
        claimed = campaign.effects("dispatching")
        self.assertTrue(claimed, "nothing is claimed")
        pids = cloud().processes("Publisher")
        self.assertGreaterEqual(cloud().waiting("EffectQueue")[1], 1, "it holds a message")
        for pid in pids:
            kill(pid)
        names = [effect["id"] for effect in claimed]
        is_theirs = lambda body: campaign.id in body and any(name in body for name in names)
        self.assert_comes_again("EffectQueue", "Publisher", "-EffectQueue-", is_theirs)
        return claimed

    def test_a_publisher_killed_after_its_claim_and_before_its_call(self):
        with self.faults():
            cloud().recycle("McpTwitterWrite")
            campaign = self.start("before.xml", delay_s=1)
            with contextlib.suppress(RuntimeError):
                cloud().invoke("McpTwitterWrite", {})  # any answer: a process is there now
            server = cloud().only_process("McpTwitterWrite")
            os.kill(server, signal.SIGSTOP)
            wait_for("an effect is claimed", lambda: campaign.effects("dispatching"))
            claimed = self.kill_the_publisher(campaign)
            kill(server)
            # Calls of the same batch may have gone to other processes of the server; one went nowhere.
            lost = [effect for effect in claimed if cloud().burn_of(effect) == "unused"]
            self.assertTrue(lost, "every call had an effect")
            self.ends_as_if_undisturbed(campaign)
            self.assertEqual({cloud().burn_of(effect) for effect in lost}, {"void"})

    def test_a_publisher_killed_after_its_call(self):
        with self.faults(slow_ms={"https://": SLOW_MS}):
            campaign = self.start("after.xml")
            in_flight = lambda: [e for e in campaign.effects("dispatching") if cloud().burn_of(e) == "in_flight"]
            wait_for("a grant is burnt", in_flight)
            claimed = self.kill_the_publisher(campaign)
            self.ends_as_if_undisturbed(campaign)
            # Each was done under the grant of the call whose caller died: none was signed again.
            self.assertEqual({cloud().burn_of(effect) for effect in claimed}, {"done"})
            self.assertEqual({effect["rejudged"] for effect in campaign.effects()}, {0})

    def test_a_write_server_killed_between_burn_and_outcome_asks_a_human_and_never_posts_twice(self):
        with self.faults(crash_after_burn=VICTIM):
            campaign = self.start("crash.xml")
            with cloud().ticking():
                review = wait_for("a human is asked", campaign.open_reviews)[0]
            effect = campaign.effects("unconfirmed")[0]
            self.assertEqual((review["flags"], effect["read_backs"] > 0), (["unconfirmed"], True))
            self.assertEqual(cloud().burn_of(effect), "in_flight")
        with self.faults():
            self.assertEqual(campaign.decide(review, "reject", comment="It is not there.")[0], 200)
            with cloud().ticking():
                self.assertEqual(campaign.until_over(), "finished", campaign.told())
            self.assertEqual(campaign.row(effect["sk"])["status"], "failed", campaign.told())
            self.assertEqual(cloud().burn_of(effect), "void")
            self.assertEqual(promises(campaign)[1], {})
            self.assertLessEqual(sum(VICTIM in text for text in campaign.texts()), 1)
        print(f"{time.monotonic() - self.started:.1f} s", end=" ", flush=True)


if __name__ == "__main__":
    unittest.main()
