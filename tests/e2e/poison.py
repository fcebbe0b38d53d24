"""A message that can never be handled fails alone, becomes a dead letter, marks its task, and can be sent again."""

import json
import unittest

from botocore.exceptions import ClientError

from feeds import ARTICLES, Feeds, rss
from world import Tenant, ask, cloud, wait_for

NEIGHBOURS = 9
MIB = 1024 * 1024


def broken_task(row, goal):
    """A task message with a reader's every clue about its owner, and without what a task must have."""
    named = {name: row[name] for name in ("tenant", "campaign", "id", "attempt")}
    return json.dumps({"v": 1, "body": {"task": named | {"goal": goal}}})


class Poison(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)
        cls.urls = [cls.feeds.add(f"{n}.xml", rss(ARTICLES[n % len(ARTICLES) :][:1])) for n in range(NEIGHBOURS + 1)]

    def setUp(self):
        cloud().drained("TaskQueue", "TaskQueueDeadLetters")
        faster = cloud().visibility("TaskQueue", 1)
        faster.__enter__()
        self.addCleanup(faster.__exit__, None, None, None)

    def test_one_mebibyte_fails_alone_is_listed_and_its_task_can_be_sent_again(self):
        campaign, task, message = self.one_batch(lambda row: broken_task(row, "x" * (MIB - 2048)))
        self.check_letter(campaign, task, message)
        self.check_redrive(campaign, task, message)

    def test_bad_json_fails_alone_and_is_kept(self):
        campaign, message = self.one_batch_with_a_stranger('{"v":1,"body":{"task":')
        self.check_nobodys_letter(campaign, message)

    def test_deep_nesting_fails_alone_and_is_kept(self):
        campaign, message = self.one_batch_with_a_stranger('{"v":1,"body":' + "[" * 50_000 + "]" * 50_000 + "}")
        self.check_nobodys_letter(campaign, message)

    def test_a_row_that_no_queue_carries_fails_alone_and_is_listed(self):
        """U+FFFE: the queue refuses it, so it must never become a message. Its neighbours are sent."""
        with self.assertRaises(ClientError) as refused:
            cloud().send("TaskQueue", "one \ufffe two")
        self.assertEqual(refused.exception.response["Error"]["Code"], "InvalidMessageContents")
        campaign, task = self.with_tasks_unsent(NEIGHBOURS + 1)
        bad = campaign.row(f"TASK#{task['id']}")
        changed = bad | {"goal": "one \ufffe two", "attempt": 2, "version": bad["version"] + 1, "writer": "e2e"}
        cloud().tables["State"].put_item(Item=changed)
        wait_for("the neighbours commit", lambda: self.committed(campaign) == NEIGHBOURS)
        letter = wait_for("a dead letter", lambda: campaign.tenant.do("GET", "dead-letters")["dead_letters"])[0]
        self.assertEqual(letter["task"], task["id"])
        self.assertEqual(campaign.row(f"TASK#{task['id']}")["status"], "failed")
        campaign.turn("cancel")

    def with_tasks_unsent(self, wanted):
        """A campaign whose task messages wait, but for one, which is gone: (campaign, that one's task)."""
        with cloud().unplugged("Worker", "-TaskQueue-"):
            campaign = Tenant().start(self.urls[:wanted], wanted)
            wait_for("tasks are sent", lambda: cloud().waiting("TaskQueue")[0] == wanted)
            good, _ = cloud().take("TaskQueue")
            cloud().delete("TaskQueue", good)
        return campaign, json.loads(good["Body"])["body"]["task"]

    def one_batch(self, make):
        """Nine good task messages and a bad one in a tenth's place: (campaign, poisoned task, message id)."""
        with cloud().unplugged("Worker", "-TaskQueue-"):
            campaign = Tenant().start(self.urls, len(self.urls))
            wait_for("tasks are sent", lambda: cloud().waiting("TaskQueue")[0] == len(self.urls))
            good, _ = cloud().take("TaskQueue")
            cloud().delete("TaskQueue", good)
            task = json.loads(good["Body"])["body"]["task"]
            message = cloud().send("TaskQueue", make(task))
        self.neighbours_commit(campaign)
        return campaign, task, message

    def one_batch_with_a_stranger(self, body):
        """Nine good task messages and one that tells of nobody: (campaign, message id)."""
        with cloud().unplugged("Worker", "-TaskQueue-"):
            campaign = Tenant().start(self.urls[:NEIGHBOURS], NEIGHBOURS)
            wait_for("tasks are sent", lambda: cloud().waiting("TaskQueue")[0] == NEIGHBOURS)
            message = cloud().send("TaskQueue", body)
        self.neighbours_commit(campaign)
        return campaign, message

    def neighbours_commit(self, campaign):
        wait_for("the neighbours commit", lambda: self.committed(campaign) == NEIGHBOURS)
        campaign.turn("pause")

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
        wait_for("the task is done after all", lambda: campaign.row(f"TASK#{task['id']}")["status"] == "approved")
        campaign.turn("cancel")

    def check_nobodys_letter(self, campaign, message):
        """No tenant may see what may be another's: it is kept under SYSTEM."""
        campaign.turn("cancel")
        letter = wait_for("the message is dead", lambda: nobodys_letter(message))
        self.assertIn("TaskQueueDeadLetters", letter["origin"])
        self.assertLessEqual(len(letter["body"].encode()), 64 * 1024)
        self.assertEqual(campaign.tenant.do("GET", "dead-letters")["dead_letters"], [])


def nobodys_letter(message):
    return next((row for row in cloud().rows("State", "SYSTEM") if row["sk"] == f"DEAD#{message}"), None)


if __name__ == "__main__":
    unittest.main()
