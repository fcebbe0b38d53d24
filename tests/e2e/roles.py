"""Every role against every action that matters, each called for real with that role's own credentials."""

import unittest

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from world import TABLES, cloud

QUEUES = ("PlanQueue", "TaskQueue", "TaskQueueHigh", "ReviewQueue", "EffectQueue", "PerceptionQueue")
DEAD_LETTERS = tuple(f"{queue}DeadLetters" for queue in QUEUES)
FUNCTIONS = ("Api", "Dispatcher", "Planner", "Worker", "Judge", "Escalation", "Publisher", "Auditor", "Perception")
SERVERS = ("McpNews", "McpTwitterRead", "McpTwitterWrite", "McpCoinbaseRead", "McpCoinbaseWrite", "McpWeaviateRead", "McpWeaviateWrite", "McpImagegen")
ROLES = (*FUNCTIONS, *SERVERS, "ReviewStateMachine")

READS = ("get", "batch-get", "query")
WRITES = ("put", "check")


def each(verbs, *things):
    return {f"{verb} {thing}" for verb in verbs for thing in things}


STATE = each((*READS, *WRITES), "State")
MONEY = each(("put", "update"), "Ledger") | {"get Decisions"}

# What each role may do. Whatever is not named here must be denied.
ALLOWED = {
    "Api": STATE | {"query State/listing", "get Ledger", "query Ledger", "query Audit"} | each(("get", "put"), "Decisions"),
    "Dispatcher": STATE | {"query State/due", "start-execution", "complete-token"}
    | each(("send", "send-batch"), *QUEUES) | each(("receive",), *DEAD_LETTERS),
    "Planner": STATE | {"receive PlanQueue"},
    "Worker": {"send ReviewQueue", "receive TaskQueue", "receive TaskQueueHigh"}
    | each(("invoke",), "McpNews", "McpTwitterRead", "McpCoinbaseRead", "McpWeaviateRead", "McpImagegen"),
    "Judge": STATE | MONEY | {"read-signing-key", "receive ReviewQueue"},
    "Escalation": STATE,
    "Publisher": STATE | MONEY | {"receive EffectQueue"}
    | each(("invoke",), "McpTwitterRead", "McpTwitterWrite", "McpCoinbaseRead", "McpCoinbaseWrite", "McpWeaviateRead", "McpWeaviateWrite",
           "McpImagegen"),  # fmt: skip
    "Auditor": {"put Audit"},
    "Perception": each((*READS, "put"), "State") | {"receive PerceptionQueue"} | each(("invoke",), "McpNews", "McpTwitterRead"),
    "McpNews": set(),
    "McpTwitterRead": {"query Twitter"},
    "McpTwitterWrite": each(("get", "put", "update"), "Twitter"),
    "McpCoinbaseRead": {"query Wallet"},
    "McpCoinbaseWrite": each(("get", "query", "put", "update"), "Wallet"),
    "McpWeaviateRead": each(("batch-get", "query"), "Memory"),
    "McpWeaviateWrite": each(("get", "batch-get", "put", "update"), "Memory"),
    "McpImagegen": each(("get", "put", "update"), "Image"),
    "ReviewStateMachine": {"send ReviewQueue", "invoke Escalation"},
}

NOWHERE = {"pk": {"S": "T#e2e#nowhere"}, "sk": {"S": "NOTHING"}}
ABSENT = "attribute_exists(pk)"  # on a key that is not there: the write is allowed and changes nothing


def table_calls(clients, name):
    """Calls on one table, none of which changes anything."""
    table, dynamo = cloud().outputs[f"{name}Table"], clients["dynamodb"]
    keyed = {"TableName": table, "Key": NOWHERE}
    by_pk = {"TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": NOWHERE["pk"]}}
    check = {"ConditionCheck": keyed | {"ConditionExpression": ABSENT}}
    return {
        f"get {name}": lambda: dynamo.get_item(**keyed),
        f"batch-get {name}": lambda: dynamo.batch_get_item(RequestItems={table: {"Keys": [NOWHERE]}}),
        f"query {name}": lambda: dynamo.query(**by_pk),
        f"scan {name}": lambda: dynamo.scan(TableName=table, Limit=1),
        f"put {name}": lambda: dynamo.put_item(TableName=table, Item=NOWHERE, ConditionExpression=ABSENT),
        f"update {name}": lambda: dynamo.update_item(
            **keyed, UpdateExpression="SET used = :n", ConditionExpression=ABSENT, ExpressionAttributeValues={":n": {"N": "0"}}
        ),
        f"delete {name}": lambda: dynamo.delete_item(**keyed, ConditionExpression=ABSENT),
        f"batch-write {name}": lambda: dynamo.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": NOWHERE}}]}),
        f"check {name}": lambda: dynamo.transact_write_items(TransactItems=[check]),
        f"delete-table {name}": lambda: dynamo.delete_table(TableName=f"{table}-nowhere"),
    }


def index_calls(clients):
    table, dynamo = cloud().outputs["StateTable"], clients["dynamodb"]

    def query(index, key):
        return lambda: dynamo.query(
            TableName=table, IndexName=index, KeyConditionExpression=f"{key} = :v", ExpressionAttributeValues={":v": {"S": "nowhere"}}
        )

    return {"query State/due": query("due", "due"), "query State/listing": query("listing", "listing")}


def queue_calls(clients, name):
    """An allowed send is refused for its delay, so that nothing is ever sent."""
    sqs, url = clients["sqs"], cloud().queue(name)
    entry = {"Id": "a", "MessageBody": "x", "DelaySeconds": 9999}
    return {
        f"send {name}": lambda: sqs.send_message(QueueUrl=url, MessageBody="x", DelaySeconds=9999),
        f"send-batch {name}": lambda: sqs.send_message_batch(QueueUrl=url, Entries=[entry]),
        f"receive {name}": lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0),
        f"purge {name}": lambda: sqs.purge_queue(QueueUrl=f"{url}-nowhere"),
    }


def other_calls(clients):
    machine = cloud().outputs["ReviewStateMachineArn"]
    calls = {
        "read-signing-key": lambda: clients["secretsmanager"].get_secret_value(SecretId=signing_key()),
        "start-execution": lambda: clients["stepfunctions"].start_execution(stateMachineArn=machine, name="e2e", input="no JSON"),
        "complete-token": lambda: clients["stepfunctions"].send_task_success(taskToken="e2e", output="{}"),
    }
    for name in (*FUNCTIONS, *SERVERS):
        function = cloud().function(name)
        calls[f"invoke {name}"] = lambda function=function: clients["lambda"].invoke(
            FunctionName=function, InvocationType="DryRun"
        )
    return calls


def signing_key():
    found = cloud().client("secretsmanager").list_secrets()["SecretList"]
    return next(secret["ARN"] for secret in found if "GrantSigningKey" in secret["Name"])


def role_arns():
    """The role of each function by its logical id, and the workflow's."""
    lambdas = cloud().client("lambda")
    arns = {n: lambdas.get_function_configuration(FunctionName=cloud().function(n))["Role"] for n in (*FUNCTIONS, *SERVERS)}
    machine = cloud().client("stepfunctions").describe_state_machine(stateMachineArn=cloud().outputs["ReviewStateMachineArn"])
    return arns | {"ReviewStateMachine": machine["roleArn"]}


def clients_as(arn):
    keys = cloud().client("sts").assume_role(RoleArn=arn, RoleSessionName="e2e-roles")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], cloud().outputs["Region"])
    once = Config(retries={"total_max_attempts": 1})
    services = ("dynamodb", "sqs", "lambda", "secretsmanager", "stepfunctions")
    return {name: session.client(name, endpoint_url=cloud().outputs["Endpoint"], config=once) for name in services}


def all_calls(clients):
    calls = index_calls(clients) | other_calls(clients)
    for name in TABLES:
        calls |= table_calls(clients, name)
    for name in (*QUEUES, *DEAD_LETTERS):
        calls |= queue_calls(clients, name)
    return calls


def is_denied(call):
    """Whether the cloud itself said AccessDenied; any other answer means that the role may."""
    try:
        call()
    except ClientError as error:
        return "AccessDenied" in error.response["Error"]["Code"] or "not authorized" in str(error)
    return False


class Roles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.seen, cls.calls = {}, 0
        for role, arn in role_arns().items():
            calls = all_calls(clients_as(arn))
            cls.calls += len(calls)
            cls.seen[role] = {name for name, call in calls.items() if not is_denied(call)}

    def may(self, action):
        return {role for role, actions in self.seen.items() if action in actions}

    def test_each_role_may_do_what_its_ports_need_and_nothing_else(self):
        self.assertEqual(set(self.seen), set(ROLES))
        for role in ROLES:
            with self.subTest(role):
                self.assertEqual(sorted(self.seen[role]), sorted(ALLOWED[role]))
        print(f"{self.calls} calls by {len(ROLES)} roles", end=" ", flush=True)

    def test_a_worker_reads_no_table_and_reaches_no_write_server_and_no_other_queue(self):
        of_tables = {action for action in self.seen["Worker"] if action.split()[-1].split("/")[0] in TABLES}
        sends = {action for action in self.seen["Worker"] if action.startswith("send")}
        self.assertEqual(of_tables, set())
        self.assertEqual(sends, {"send ReviewQueue"})
        invoked = {action for action in self.seen["Worker"] if action.startswith("invoke") and action.endswith("Write")}
        self.assertEqual(invoked, set())

    def test_a_planner_sends_nothing(self):
        self.assertEqual({action for action in self.seen["Planner"] if action.startswith("send")}, set())

    def test_what_only_one_may_do(self):
        alone = {
            "read-signing-key": "Judge",
            "complete-token": "Dispatcher",
            "start-execution": "Dispatcher",
            "put Decisions": "Api",
            "put Audit": "Auditor",
            "invoke McpTwitterWrite": "Publisher",
            "invoke McpCoinbaseWrite": "Publisher",
            "invoke McpWeaviateWrite": "Publisher",
        }
        self.assertEqual({action: self.may(action) for action in alone}, {action: {role} for action, role in alone.items()})

    def test_nobody_changes_or_removes_what_is_kept(self):
        for action in ("update Audit", "delete Audit", "batch-write Audit", "update Decisions", "delete Decisions"):
            self.assertEqual(self.may(action), set(), action)
        for name in TABLES:
            self.assertEqual(self.may(f"scan {name}") | self.may(f"delete {name}"), set(), name)

    def test_unknown_keys_are_refused(self):
        session = boto3.Session("AKIAE2ENOBODY0000000", "x" * 40, region_name=cloud().outputs["Region"])
        dynamo = session.client("dynamodb", endpoint_url=cloud().outputs["Endpoint"])
        with self.assertRaises(ClientError) as refused:
            dynamo.get_item(TableName=cloud().outputs["StateTable"], Key=NOWHERE)
        self.assertIn(refused.exception.response["Error"]["Code"], ("UnrecognizedClientException", "InvalidClientTokenId"))


if __name__ == "__main__":
    unittest.main()
