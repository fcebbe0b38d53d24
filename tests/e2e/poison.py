"""A message that can never be handled fails alone, becomes a dead letter, marks its task, and can be sent again."""

import json
import unittest
from hashlib import sha256

from botocore.exceptions import ClientError

from feeds import ARTICLES, Feeds, rss
from world import Tenant, ask, cloud, stack, token, wait_for

NEIGHBOURS = 9
MIB = 1024 * 1024
BAD_JSON = '{"v":1,"body":{"task":'
DEEP_JSON = '{"v":1,"body":' + "[" * 50_000 + "]" * 50_000 + "}"
NOBODYS = "dead-letters?owner=none"


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

    def test_bad_json_fails_alone_is_listed_and_its_task_can_be_sent_again(self):
        campaign, task, message = self.one_batch(lambda row: BAD_JSON, as_sent=True)
        self.check_letter(campaign, task, message)
        self.check_redrive(campaign, task, message)

    def test_deep_nesting_fails_alone_is_listed_and_its_task_can_be_sent_again(self):
        campaign, task, message = self.one_batch(lambda row: DEEP_JSON, as_sent=True)
        self.check_letter(campaign, task, message)
        self.check_redrive(campaign, task, message)

    def test_without_a_known_owner_it_is_shown_to_the_operating_tenant_alone(self):
        for body, owner in ((BAD_JSON, None), (DEEP_JSON, "nobody/no-such-campaign/write-1/1")):
            with self.subTest(owner=owner):
                campaign, message = self.one_batch_with_a_stranger(body, owner)
                self.check_nobodys_letter(campaign, message, body)

    def test_worker_and_workflow_write_the_owner_beside_the_body(self):
        """The dispatcher's are looked at wherever a task message is taken."""
        with cloud().unplugged("Judge", "-ReviewQueue"):
            campaign = Tenant().start(self.urls[:1], 1, hold_first=1)
            ours = f"{campaign.tenant.name}/{campaign.id}"
            answer, _ = cloud().take("ReviewQueue", lambda body: campaign.id in body)
            told = json.loads(answer["Body"])["body"]
            self.assertEqual(cloud().owner(answer), f"{ours}/{told['task']}/{told['attempt']}")
        review = wait_for("a review", campaign.open_reviews)[0]
        wait_for("the workflow parked its token", lambda: "token" in campaign.row(review["sk"]))
        with cloud().unplugged("Judge", "-ReviewQueue"):
            self.assertEqual(campaign.decide(review)[0], 200)
            wake_up, _ = cloud().take("ReviewQueue", lambda body: review["id"] in body)
            self.assertEqual(cloud().owner(wake_up), ours)
        self.assertEqual(campaign.until_over(), "finished", campaign.told())

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

    def one_batch(self, make, as_sent=False):
        """Nine good task messages and a bad one in a tenth's place, without what stood beside the good body or `as_sent`:
        (campaign, poisoned task, message id)."""
        with cloud().unplugged("Worker", "-TaskQueue-"):
            campaign = Tenant().start(self.urls, len(self.urls))
            wait_for("tasks are sent", lambda: cloud().waiting("TaskQueue")[0] == len(self.urls))
            good, _ = cloud().take("TaskQueue")
            cloud().delete("TaskQueue", good)
            task = json.loads(good["Body"])["body"]["task"]
            owner = cloud().owner(good)
            self.assertEqual(owner, f"{campaign.tenant.name}/{campaign.id}/{task['id']}/{task['attempt']}")
            message = cloud().send("TaskQueue", make(task), owner if as_sent else None)
        self.neighbours_commit(campaign)
        return campaign, task, message

    def one_batch_with_a_stranger(self, body, owner):
        """Nine good task messages and one that tells of nobody: (campaign, message id)."""
        with cloud().unplugged("Worker", "-TaskQueue-"):
            campaign = Tenant().start(self.urls[:NEIGHBOURS], NEIGHBOURS)
            wait_for("tasks are sent", lambda: cloud().waiting("TaskQueue")[0] == NEIGHBOURS)
            message = cloud().send("TaskQueue", body, owner)
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

    def check_nobodys_letter(self, campaign, message, body):
        """No tenant may see what may be another's: it is kept under SYSTEM, for who runs the stack."""
        campaign.turn("cancel")
        kept = wait_for("the message is dead", lambda: nobodys_letter(message))
        self.assertLessEqual(len(kept["body"].encode()), 64 * 1024)
        self.assertEqual(campaign.tasks(status="failed"), [])
        self.assertEqual(campaign.tenant.do("GET", "dead-letters")["dead_letters"], [])
        runs_it = token(stack.OPERATOR_TENANT, "opal", ["admin"])
        _, listed = ask(runs_it, "GET", NOBODYS)
        letter = next(letter for letter in listed["dead_letters"] if letter["id"] == message)
        self.assertIn("TaskQueueDeadLetters", letter["origin"])
        self.assertEqual((letter["bytes"], letter["digest"]), (len(body), f"sha256:{sha256(body.encode()).hexdigest()}"))
        self.assertGreaterEqual(letter["receives"], 5)
        self.assertTrue(letter["reason"] and letter["at"])
        self.assertNotIn("body", letter)
        _, own = ask(runs_it, "GET", "dead-letters")
        self.assertNotIn(message, [letter["id"] for letter in own["dead_letters"]])
        for bearer in (campaign.tenant.operator, token(stack.OPERATOR_TENANT, "olga", ["operator"])):
            status, told = ask(bearer, "GET", NOBODYS)
            self.assertEqual((status, told["code"]), (403, "forbidden"))
        redrive = f"dead-letters/-/{message}/redrive"
        status, told = ask(runs_it, "POST", redrive)
        self.assertEqual((status, told["code"]), (409, "not_redrivable"))
        self.assertEqual(ask(campaign.tenant.operator, "POST", redrive)[0], 404)


def nobodys_letter(message):
    return next((row for row in cloud().rows("State", "SYSTEM") if row["sk"] == f"DEAD#{message}"), None)


if __name__ == "__main__":
    unittest.main()
