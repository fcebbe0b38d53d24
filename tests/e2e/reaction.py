"""A campaign that hears: news break and somebody asks what it is, and its running plan follows."""

import unittest
from datetime import datetime

from feeds import ARTICLES, Feeds, rss
from world import Tenant, cloud, promises, wait_for

GOAL = "Tell people about the small tools and places in this feed: one post per article, each with what the article really says."


def seconds(earlier, later):
    parsed = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (earlier, later)]
    return (parsed[1] - parsed[0]).total_seconds()


class Reaction(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        feeds = Feeds()
        cls.addClassCleanup(feeds.close)
        tenant = Tenant()
        tenant.policy(ai_replies_approved=True)
        url = feeds.add("feed.xml", rss(ARTICLES[:4]))
        react = {"mentions": 1, "trends": 1, "topic": "makers", "for_s": 600}
        cls.campaign = tenant.start([url], 4, goal=GOAL, react=react)
        with cloud().ticking():
            cls.campaign.until_over(patience_s=120)
        cls.look, cls.wrong = promises(cls.campaign)

    def tasks(self, work):
        return [task for task in self.look.tasks if task["work"] == work]

    def signals(self, what):
        return [row for row in self.look.signals if row["seen"]["what"] == what and row["status"] == "answered"]

    def test_every_promise_holds(self):
        self.assertEqual(self.wrong, {}, self.campaign.told())
        self.assertEqual(self.look.campaign["status"], "finished", self.campaign.told())

    def test_news_are_read_written_about_and_take_a_posts_place(self):
        (trend,) = self.signals("trend")
        (version,) = [plan for plan in self.look.plans if plan["number"] == trend["plan"]]
        self.assertEqual(version["cause"], "signals")
        dropped = [task for task in self.tasks("write") if task["id"] in version["diff"]["dropped"]]
        self.assertEqual([task["status"] for task in dropped], ["dropped"], self.campaign.told())
        (read,) = [task for task in self.tasks("research") if task["binding"]["from"] == "articles"]
        self.assertEqual((read["status"], read["attempt"]), ("approved", 1), self.campaign.told())
        self.assertTrue(any("https://news.example/" in text for text in self.campaign.texts()), self.campaign.texts())

    def test_who_says_something_is_answered_through_the_high_queue_and_told_what_it_is_where_that_was_asked(self):
        (mention,) = self.signals("mention")
        (reply,) = self.tasks("reply")
        self.assertEqual((reply["priority"], reply["status"]), ("high", "approved"), self.campaign.told())
        (effect,) = [row for row in self.look.effects if row["task"] == reply["id"]]
        self.assertEqual(effect["status"], "done", self.campaign.told())
        text = effect["intent"]["arguments"]["text"]
        # Which of the people comes first is the clock's; one of them asks a new account what it is.
        if "or a bot?" in mention["seen"]["mention"]["text"]:
            self.assertRegex(text.lower(), r"\b(ai|bot|automated|artificial|virtual)\b")
        self.assertEqual(effect["intent"]["arguments"]["in_reply_to"], mention["seen"]["mention"]["id"])
        print(f"mention answered after {seconds(mention['seen_at'], effect['ended_at']):.1f} s")

    def test_what_was_under_way_is_done_once(self):
        changed = {task for plan in self.look.plans for task in plan["diff"]["changed"]}
        for task in self.look.tasks:
            if task["id"] not in changed:
                self.assertEqual(task["attempt"], 1 + task["tries"], task["id"])

    def test_the_graph_shows_every_version(self):
        graph = self.campaign.tenant.do("GET", f"{self.campaign.path}/graph")
        self.assertEqual(len(graph["versions"]), len(self.look.plans))
        self.assertEqual({node["id"] for node in graph["nodes"]}, {task["id"] for task in self.look.tasks})

    def test_nothing_more_is_perceived_once_it_is_over(self):
        sk = {"pk": f"T#{self.campaign.tenant.name}#A#{self.campaign.tenant.agent}", "sk": "WATCH"}
        watch = wait_for("the watch rests", lambda: self.resting(sk))
        self.assertEqual(watch["campaigns"], [])

    def resting(self, key):
        cloud().tick()
        row = cloud().tables["State"].get_item(Key=key, ConsistentRead=True).get("Item")
        return row if row and "due_at" not in row else None


if __name__ == "__main__":
    unittest.main()
