"""Either of the two wake-ups is enough alone: the stream or the clock."""

import time
import unittest

from feeds import ARTICLES, Feeds, rss
from world import PATIENCE_S, Tenant, cloud, promises

POSTS = 3
# Open tasks are sent again at doubling ages of this; the deployed stack's is the queue's visibility.
BASE_S = 1
# What is new is left to the stream for so long; only then does the clock look at it.
STREAM_FIRST_S = 60


class WakeUps(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)

    def start(self):
        return Tenant().start([self.feeds.add("feed.xml", rss(ARTICLES[:POSTS]))], POSTS, hold_first=1)

    def check(self, campaign, started):
        self.assertEqual(len(campaign.published()), POSTS)
        self.assertTrue(campaign.rows("review"), "nothing was held")
        print(f"{time.monotonic() - started:.1f} s", end=" ", flush=True)

    def test_a_campaign_with_holds_and_effects_finishes_by_the_clock_alone(self):
        started = time.monotonic()
        with cloud().environment("Dispatcher", TASK_VISIBILITY_SECONDS=str(BASE_S)), cloud().unplugged("Dispatcher", ":table/"):
            campaign = self.start()
            with cloud().ticking() as failures:
                self.assertEqual(campaign.until_over(STREAM_FIRST_S + PATIENCE_S), "finished", campaign.told())
            self.assertEqual(failures, [])
            self.check(campaign, started)
        # The stream that was kept back is followed now, late: nothing happens twice.
        self.assertEqual(promises(campaign)[1], {})
        self.assertEqual(len(campaign.published()), POSTS)

    def test_a_campaign_with_holds_and_effects_finishes_by_the_stream_alone(self):
        started = time.monotonic()
        with cloud().clock_stopped():
            campaign = self.start()
            self.assertEqual(campaign.until_over(), "finished", campaign.told())
            self.check(campaign, started)
            self.assertEqual(promises(campaign)[1], {})

    def test_a_campaign_that_nobody_wakes_does_not_move(self):
        """The control: without both nothing moves, so either test above is about what it switched on."""
        with cloud().clock_stopped(), cloud().unplugged("Dispatcher", ":table/"):
            campaign = self.start()
            time.sleep(2)
            self.assertEqual([(row["kind"], row["status"]) for row in campaign.rows()], [("campaign", "planning")])
        self.assertEqual(campaign.until_over(), "finished", campaign.told())


if __name__ == "__main__":
    unittest.main()
