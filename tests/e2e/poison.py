"""A message that can never be handled fails alone, becomes a dead letter, marks its task, and can be sent again."""

import json
import unittest

from feeds import ARTICLES, Feeds, rss
from world import Tenant, ask, cloud, wait_for

NEIGHBOURS = 9
MIB = 1024 * 1024


def broken_task(row, goal):
    """A task message with a reader's every clue about its owner, and without what a task must have."""
    named = {name: row[name] for name in ("tenant", "campaign", "id", "attempt")}
    return json.dumps({"v": 1, "body": {"task": named | {"goal": goal}}}, ensure_ascii=False)


# What is put in place of a good message about `row`, and whether its owner can still be read from it.
NAMED = {
    "a noncharacter": lambda row: broken_task(row, "one \ufffe two"),
    "one MiB": lambda row: broken_task(row, "x" * (MIB - 2048)),
    "another version": lambda row: broken_task(row, "later").replace('"v": 1', '"v": 9'),
}
NAMELESS = {
    "bad JSON": lambda row: '{"v":1,"body":{"task":',
    "deep nesting": lambda row: '{"v":1,"body":' + "[" * 50_000 + "]" * 50_000 + "}",
}


class Poison(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)
        cls.urls = [cls.feeds.add(f"{n}.xml", rss(ARTICLES[n % len(ARTICLES):][:1])) for n in range(NEIGHBOURS + 1)]

    def test_a_poisoned_task_fails_alone_is_listed_and_can_be_sent_again(self):
        campaigns = {}
        with cloud().visibility("TaskQueue", 1):
            for kind, make in NAMED.items():
                with self.subTest(kind):
                    campaigns[kind] = self.one_batch(make, in_place_of_a_task=True)
            for kind, (campaign, task, message) in campaigns.items():
                with self.subTest(kind):
                    self.check_letter(campaign, task, message)
                    self.check_redrive(campaign, task, message)

    def test_a_message_of_nobody_fails_alone_and_is_kept(self):
        messages = {}
        with cloud().visibility("TaskQueue", 1):
            for kind, make in NAMELESS.items():
                with self.subTest(kind):
                    campaign, _, messages[kind] = self.one_batch(make, in_place_of_a_task=False)
                    campaign.turn("cancel")
            for kind, message in messages.items():
                with self.subTest(kind):
                    letter = wait_for(f"{kind} is dead", lambda message=message: nobodys_letter(message))
                    self.assertIn("TaskQueueDeadLetters", letter["origin"])
                    self.assertLessEqual(len(letter["body"].encode()), 64 * 1024)

    def one_batch(self, make, in_place_of_a_task):
        """Nine good task messages and one poisoned one, delivered in one batch: (campaign, poisoned task, message id)."""
        wanted = NEIGHBOURS + in_place_of_a_task
        task = None
        with cloud().unplugged("Worker", "-TaskQueue-"):
            campaign = Tenant().start(self.urls[:wanted], 1)
            wait_for("tasks are sent", lambda: cloud().waiting("TaskQueue")[0] == wanted)
            if in_place_of_a_task:
                good, _ = cloud().take("TaskQueue")
                cloud().delete("TaskQueue", good)
                task = json.loads(good["Body"])["body"]["task"]
            message = cloud().send("TaskQueue", make(task))
            wait_for("a batch of ten waits", lambda: cloud().waiting("TaskQueue")[0] == NEIGHBOURS + 1)
        neighbours = NEIGHBOURS
        wait_for("the neighbours commit", lambda: self.committed(campaign) == neighbours)
        campaign.turn("pause")
        return campaign, task, message

    def committed(self, campaign):
        return len(campaign.tasks(work="research", status="approved"))

    def check_letter(self, campaign, task, message):
        row = wait_for("the message is dead", lambda: campaign.row(f"DEAD#{message}"))
        self.assertLessEqual(len(row["body"].encode()), 64 * 1024)
        listed = campaign.tenant.do("GET", "dead-letters")["dead_letters"]
        self.assertEqual([(letter["id"], letter["task"]) for letter in listed], [(message, task["id"])])
        self.assertNotIn("body", listed[0])
        marked = campaign.row(f"TASK#{task['id']}")
        self.assertEqual((marked["status"], marked["attempt"]), ("failed", 1))
        self.assertTrue(marked["reason"])

    def check_redrive(self, campaign, task, message):
        path = f"dead-letters/{campaign.id}/{message}/redrive"
        self.assertEqual(ask(campaign.tenant.reviewer, "POST", path)[0], 403)
        answer = campaign.tenant.do("POST", path)
        self.assertEqual((answer["task"]["status"], answer["task"]["attempt"]), ("open", 2))
        self.assertEqual(ask(campaign.tenant.operator, "POST", path)[0], 409)
        campaign.turn("resume")
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(campaign.row(f"TASK#{task['id']}")["status"], "approved")


def nobodys_letter(message):
    return next((row for row in cloud().rows("State", "SYSTEM") if row["sk"] == f"DEAD#{message}"), None)


if __name__ == "__main__":
    unittest.main()
