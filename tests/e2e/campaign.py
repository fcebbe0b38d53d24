"""A campaign of the demo's kind on each feed, over HTTP: what is held is decided, what is promised is looked up."""

import time
import unittest

from feeds import Feeds, articles_in, given
from world import Tenant, ask, promises

POSTS = 3


class Campaigns(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)

    def test_every_feed_becomes_posts_after_a_humans_word(self):
        for name, body in given().items():
            with self.subTest(name):
                started = time.monotonic()
                campaign = Tenant().start([self.feeds.add(name, body)], POSTS, hold_first=1)
                self.assertEqual(campaign.until_over(), "finished", campaign.told())
                look, wrong = promises(campaign)
                self.assertEqual(wrong, {})
                self.check_posts(campaign, look, min(POSTS, articles_in(body)))
                print(f"{name}: {time.monotonic() - started:.1f} s", end=" ", flush=True)

    def check_posts(self, campaign, look, wanted):
        posts = campaign.published()
        self.assertEqual(len(posts), wanted, campaign.told())
        self.assertTrue(look.decisions, "nobody was asked")
        self.assertTrue(any(effect.get("review") in look.decisions for effect in look.effects), "no post after a decision")
        links = [task["source"]["url"] for task in look.tasks if task.get("source")]
        self.assertTrue(all(any(link in post["text"] for link in links) for post in posts), posts)
        openings = {" ".join(post["text"].split()[:4]).lower() for post in posts}
        self.assertEqual(len(openings), len(posts), posts)

    def test_an_idempotency_key_makes_one_campaign(self):
        tenant, feed = Tenant(), self.feeds.add("one.xml", next(iter(given().values())))
        body = {"agent": tenant.agent, "goal": "One.", "feeds": [feed], "posts": 1, "budget": {"minor": 100, "currency": "USD"}}
        first = tenant.do("POST", "campaigns", body, {"idempotency-key": "k"})
        again = tenant.do("POST", "campaigns", body, {"idempotency-key": "k"})
        self.assertEqual(first["id"], again["id"])
        self.assertEqual(len(tenant.do("GET", "campaigns")["campaigns"]), 1)
        other = ask(tenant.operator, "POST", "campaigns", body | {"posts": 2}, {"idempotency-key": "k"})
        self.assertEqual(other[0], 422, other)


if __name__ == "__main__":
    unittest.main()
