"""The rules of the count, on requests written by hand."""

import json
import unittest
from types import SimpleNamespace

import tally
from feeds import article
from meter import ARTIFACT, CAMPAIGN, EFFECT, START, Meter, batches, shares
from proxy import Exchange
from units import Shadow, item_bytes, read_units

OUTPUTS = {
    "StateTable": "chimera-StateTable-1", "AuditTable": "chimera-AuditTable-1",
    "ReviewQueueUrl": "http://127.0.0.1:1/0/chimera-ReviewQueue-1",
}
PK = "T#t#C#c1"


def exchange(target, body, answer=None, status=200, service="dynamodb"):
    headers = {
        "authorization": f"AWS4-HMAC-SHA256 Credential=KEY/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host",
        "x-amz-target": f"Service.{target}",
    }
    return Exchange(0.0, "POST", "/", headers, json.dumps(body).encode(), status, json.dumps(answer or {}).encode())


def task(identity, work, status="open", padding=0):
    texts = {"pk": PK, "sk": f"TASK#{identity}", "kind": "task", "work": work, "campaign": "c1", "id": identity}
    return {name: {"S": text} for name, text in (texts | {"status": status, "goal": "x" * padding}).items()}


def meter():
    made = Meter(OUTPUTS)
    made.functions["KEY"] = "judge"
    for identity, work in (("research-1", "research"), ("write-1", "write")):
        made.read([exchange("PutItem", {"TableName": "chimera-StateTable-1", "Item": task(identity, work)})])
    return made


class Units(unittest.TestCase):
    def test_a_write_costs_a_unit_for_each_kilobyte_begun_of_the_larger_item(self):
        shadow = Shadow()
        self.assertEqual(shadow.write("State", "put", {"Item": task("a", "write", padding=1500)}, False, False).units, 2)
        self.assertEqual(shadow.write("State", "put", {"Item": task("a", "write")}, False, False).units, 2)
        self.assertEqual(shadow.write("State", "put", {"Item": task("a", "write")}, True, False).units, 2)

    def test_a_refused_write_costs_the_same_and_changes_nothing(self):
        shadow = Shadow()
        self.assertEqual(shadow.write("State", "put", {"Item": task("a", "write")}, False, True).units, 1)
        self.assertEqual(shadow.items, {})

    def test_an_index_entry_costs_when_it_comes_moves_and_goes(self):
        shadow, due = Shadow(), {"due": {"S": "due"}}
        put = lambda item: shadow.write("State", "put", {"Item": item}, False, False).index_units  # noqa: E731
        self.assertEqual(put(task("a", "write") | due | {"due_at_ms": {"N": "5"}}), 1)
        self.assertEqual(put(task("a", "write") | due | {"due_at_ms": {"N": "5"}}), 0)
        self.assertEqual(put(task("a", "write") | due | {"due_at_ms": {"N": "6"}}), 2)
        self.assertEqual(put(task("a", "write")), 1)

    def test_a_query_pays_for_the_sum_and_a_batch_for_each(self):
        self.assertEqual(read_units([3000, 3000], True, summed=True), 2)
        self.assertEqual(read_units([100, 100], True, summed=True), 1)
        self.assertEqual(read_units([100, 0], True, summed=False), 2)
        self.assertEqual(read_units([100], False, summed=False), 0.5)

    def test_sizes_are_names_and_values(self):
        self.assertEqual(item_bytes({"pk": {"S": "é"}, "n": {"N": "120"}, "b": {"BOOL": True}}), 4 + 3 + 2)
        self.assertEqual(item_bytes({"m": {"M": {"a": {"L": [{"NULL": True}]}}}}), 1 + 3 + 1 + 1 + 3 + 2)


class Counting(unittest.TestCase):
    def test_a_write_is_about_the_task_of_its_row_and_an_audit_put_about_its_subject(self):
        count = meter()
        put = {"TableName": "chimera-StateTable-1", "Item": task("research-1", "research", "approved")}
        audit = {"pk": {"S": f"state|{PK}"}, "sk": {"S": "TASK#write-1#000000000001"}}
        calls = count.read([
            exchange("PutItem", put),
            exchange("PutItem", {"TableName": "chimera-AuditTable-1", "Item": audit}),
        ])
        self.assertEqual([call.about for call in calls], [{ARTIFACT: 1}, {EFFECT: 1}])
        self.assertEqual(calls[0].function, "judge")

    def test_a_check_says_nothing_about_a_transaction_and_is_no_state_write(self):
        check = {"Key": {"pk": {"S": PK}, "sk": {"S": "META"}}, "TableName": "chimera-StateTable-1"}
        put = {"TableName": "chimera-StateTable-1", "Item": task("research-1", "research")}
        request = {"TransactItems": [{"ConditionCheck": check}, {"Put": put}]}
        (call,) = meter().read([exchange("TransactWriteItems", request)])
        self.assertEqual(call.about, {ARTIFACT: 1})
        self.assertEqual([tally.state_write(write) for write in call.writes], [False, True])
        self.assertEqual([write.units for write in call.writes], [2, 2])

    def test_a_batch_is_shared_by_what_it_carries(self):
        entries = [{"MessageBody": json.dumps({"v": 1, "body": body})} for body in (
            {"type": "result", "campaign": "c1", "task": "research-1", "outcome": {}},
            {"type": "result", "campaign": "c1", "task": "write-1", "outcome": {}},
            {"tenant": "t", "campaign": "c1"},
        )]
        request = {"QueueUrl": OUTPUTS["ReviewQueueUrl"], "Entries": entries}
        (call,) = meter().read([exchange("SendMessageBatch", request, service="sqs")])
        self.assertEqual(call.about, {ARTIFACT: 0.5, EFFECT: 0.5})
        self.assertEqual((call.queue, len(call.messages)), ("ReviewQueue", 3))

    def test_an_approved_row_is_read_for_what_rests_on_it_and_a_warming_read_for_nothing(self):
        key = {"pk": {"S": PK}, "sk": {"S": "TASK#research-1"}}
        warm = {"pk": {"S": "WARM"}, "sk": {"S": "WARM"}}
        item = task("research-1", "research", "approved")
        calls = meter().read([
            exchange("GetItem", {"TableName": "chimera-StateTable-1", "Key": key}, {"Item": item}),
            exchange("GetItem", {"TableName": "chimera-StateTable-1", "Key": warm}),
        ])
        self.assertEqual([call.about for call in calls], [{EFFECT: 1}, {START: 1}])

    def test_what_an_agent_did_before_is_read_and_written_for_effects_alone(self):
        state = {"TableName": "chimera-StateTable-1"}
        agent, day = "T#t#A#mira", "HISTORY#2026-01-01"
        values = {":pk": {"S": agent}, ":first": {"S": day}, ":last": {"S": "HISTORY#2026-01-02"}}
        row = {"pk": {"S": agent}, "sk": {"S": f"{day}#c1#e1"}, "kind": {"S": "history"}}
        calls = meter().read([
            exchange("Query", state | {"ExpressionAttributeValues": values}),
            exchange("PutItem", state | {"Item": row}),
            exchange("PutItem", {"TableName": "chimera-AuditTable-1", "Item": {"pk": {"S": f"state|{agent}"}, "sk": row["sk"]}}),
        ])
        self.assertEqual([call.about for call in calls], [{EFFECT: 1}] * 3)

    def test_approved_rows_that_are_read_together_are_read_for_what_rests_on_them(self):
        keys = [{"pk": {"S": PK}, "sk": {"S": f"TASK#{name}"}} for name in ("research-1", "write-1")]
        items = [task("research-1", "research", "approved"), task("write-1", "write")]
        request = {"RequestItems": {"chimera-StateTable-1": {"Keys": keys, "ConsistentRead": True}}}
        (call,) = meter().read([exchange("BatchGetItem", request, {"Responses": {"chimera-StateTable-1": items}})])
        self.assertEqual(call.about, {EFFECT: 1})

    def test_an_operation_it_does_not_know_is_no_silent_zero(self):
        with self.assertRaises(ValueError):
            meter().read([exchange("Scan", {"TableName": "chimera-StateTable-1"})])

    def test_nothing_of_a_task_is_the_campaigns(self):
        self.assertEqual(shares([CAMPAIGN, CAMPAIGN]), {CAMPAIGN: 1})
        self.assertEqual(shares([]), {CAMPAIGN: 1})

    def test_deliveries_are_read_from_the_log(self):
        log = (
            "INFO [lambda] ESM: Lambda chimera-judge processed 9 SQS messages from chimera-ReviewQueue-E842\n"
            "WARNING [lambda] ESM: Lambda chimera-judge failed processing SQS batch from chimera-ReviewQueue-E842 (x)\n"
            "INFO [lambda] ESM: Lambda chimera-auditor processed 3 DynamoDB stream records from chimera-StateTable-A3\n"
        )
        found = batches(log, "chimera")
        self.assertEqual(found.queues, {("judge", "ReviewQueue"): [9]})
        self.assertEqual(found.streams, {("auditor", "StateTable"): [3]})
        self.assertEqual(found.failed, {"judge": 1})


class PerTask(unittest.TestCase):
    def phase(self, calls, deliveries):
        row = lambda work, at: {  # noqa: E731
            "pk": PK, "sk": f"TASK#{at}", "kind": "task", "work": work, "status": "approved", "version": 1,
        }
        rows = [row("research", 1), row("research", 2), row("write", 3), row("write", 4)]
        found = SimpleNamespace(queues=deliveries, streams={}, failed={})
        return tally.Phase("main", calls, found, [rows], 1, {}, {}, {}, 0, 1, ({}, 0, 0), 0, {})

    def test_the_campaigns_calls_are_shared_by_all_and_a_delivery_counts_two(self):
        count = meter()
        query = {"TableName": "chimera-StateTable-1", "ExpressionAttributeValues": {":pk": {"S": PK}}}
        put = {"TableName": "chimera-StateTable-1", "Item": task("research-1", "research")}
        body = {"v": 1, "body": {"type": "result", "campaign": "c1", "task": "research-1", "outcome": {}}}
        send = {"QueueUrl": OUTPUTS["ReviewQueueUrl"], "MessageBody": json.dumps(body)}
        calls = count.read([
            exchange("PutItem", put), exchange("Query", query), exchange("SendMessage", send, service="sqs"),
        ])
        phase = self.phase(calls, {("judge", "ReviewQueue"): [1]})
        artifact = tally.count_calls(phase).per_task(ARTIFACT, phase)
        effect = tally.count_calls(phase).per_task(EFFECT, phase)
        self.assertEqual(sum(artifact.values()), 0.5 + 0.25 + 0.5 + 1)
        self.assertEqual(sum(effect.values()), 0.25)

    def test_a_row_with_more_versions_than_writes_raises_a_doubt(self):
        self.assertIn("4 rows whose version", tally.doubts(self.phase([], {}))[0])


class Feeds(unittest.TestCase):
    def test_articles_are_the_same_for_a_seed_and_differ_between_seeds(self):
        self.assertEqual(article("1/0"), article("1/0"))
        self.assertEqual(len({tuple(article(f"{n}/0")[1]) for n in range(200)}), 200)


if __name__ == "__main__":
    unittest.main()
