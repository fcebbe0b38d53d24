"""What the proxy saw, as calls of functions about kinds of tasks.

A call is about the tasks whose rows or messages it carries. One that carries several kinds is shared between them; one
that carries none (a campaign's row, its query) is the campaign's, and later shared by all its tasks.
"""

import json
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from urllib.parse import unquote

from units import Shadow, item_bytes, read_units

ARTIFACT, EFFECT, CAMPAIGN, START, CLOCK = "artifact", "effect", "campaign", "cold start", "clock"
KINDS = {
    "research": ARTIFACT, "illustrate": ARTIFACT, "film": ARTIFACT,
    "write": EFFECT, "reply": EFFECT, "transact": EFFECT, "remember": EFFECT,
}
MESSAGE_BYTES = 64 * 1024  # one request of SQS for each, begun
CREDENTIAL = re.compile(r"Credential=([^/]+)/\d+/[^/]+/([^/]+)/")
BATCH = re.compile(r"ESM: Lambda (\S+) (processed|failed processing) (?:(\d+) )?(SQS|DynamoDB stream) \S+ from (\S+)")
WRITES = {"PutItem": "put", "UpdateItem": "update", "DeleteItem": "delete"}
READS = ("GetItem", "BatchGetItem", "Query")
PARTS = {"Put": "put", "Update": "update", "ConditionCheck": "check", "Delete": "delete"}
# What these do is done for a post alone, whatever rows they look at.
EFFECTS_OWN = ("publisher", "escalation", "mcp-twitter", "mcp-coinbase", "mcp-weaviate")
# What is asked of these is asked for an artifact.
MAKERS = ("news", "imagegen")
SIDES = ("EFFECT#", "HISTORY#", "REVIEW#", "UNIQUE#", "SLOT", "ENTRY#", "BUCKET#", "DECISION#", "TEXT#", "REPLY#")


@dataclass(frozen=True)
class Call:
    """One request to AWS."""

    function: str
    name: str  # such as dynamodb PutItem
    about: dict  # share by kind of task; the shares add up to 1
    writes: tuple = ()
    read_units: float = 0
    requests: int = 1  # as SQS bills them
    queue: str = ""
    messages: tuple = ()  # kinds of task, one per message
    failed: bool = False


@dataclass
class Batches:
    """Deliveries of the event sources, from the emulator's log."""

    queues: dict = field(default_factory=lambda: defaultdict(list))  # sizes by (function, queue)
    streams: dict = field(default_factory=lambda: defaultdict(list))  # sizes by (function, table)
    failed: Counter = field(default_factory=Counter)  # by function


class Meter:
    """Reads exchanges in the order they happened; remembers rows and which kind of work each task is."""

    def __init__(self, outputs):
        self.tables = {name: key[:-5] for key, name in outputs.items() if key.endswith("Table")}
        self.queues = {url.rpartition("/")[2]: key[:-3] for key, url in outputs.items() if key.endswith("Url")}
        self.functions = {}  # names by access key
        self.shadow = Shadow()
        self.work = {}  # kind by task id and campaign id

    def read(self, exchanges):
        return [call for exchange in exchanges if (call := self.call(exchange))]

    def call(self, exchange):
        found = CREDENTIAL.search(exchange.headers.get("authorization", ""))
        if not found:
            return None
        function, service = self.functions.get(found[1], "unknown"), found[2]
        if service == "lambda":
            return self.invocation(function, exchange)
        operation = exchange.headers.get("x-amz-target", ".?").rpartition(".")[2]
        request = json.loads(exchange.body or b"{}")
        failed = exchange.status >= 300
        name = f"{service} {operation}"
        if service == "dynamodb":
            answer = json.loads(exchange.answer or b"{}")
            return self.table_call(function, name, operation, request, answer, failed)
        if service == "sqs":
            return self.send(function, name, request, failed)
        about = {START: 1} if service == "secretsmanager" else {EFFECT: 1}
        return Call(function, name, about, failed=failed)

    def invocation(self, function, exchange):
        target = unquote(exchange.path.split("/functions/")[-1].split("/")[0]).rpartition(":")[2]
        server = target.partition("-mcp-")[2]
        about = ARTIFACT if server in MAKERS else EFFECT
        failed = exchange.status >= 300 or "x-amz-function-error" in exchange.headers
        return Call(function, f"lambda Invoke mcp-{server}", {about: 1}, failed=failed)

    # ---------------------------------------------------------------- tables

    def table_call(self, function, name, operation, request, answer, failed):
        if operation in WRITES:
            writes = [self.write(WRITES[operation], request, False, failed)]
        elif operation == "TransactWriteItems":
            parts = [(PARTS[part], spec) for item in request["TransactItems"] for part, spec in item.items()]
            writes = [self.write(how, spec, True, failed) for how, spec in parts]
        elif operation not in READS:
            raise ValueError(f"{function} calls {operation}, whose units this does not know")
        else:
            about, units = self.reading(operation, request, answer)
            return Call(function, name, owned(function, about), read_units=units, failed=failed)
        return Call(function, name, owned(function, self.about_writes(writes)), tuple(writes), failed=failed)

    def write(self, how, spec, twice, failed):
        item = spec.get("Item", {})
        if item.get("kind", {}).get("S") == "task":
            self.work[item["campaign"]["S"], item["id"]["S"]] = KINDS[item["work"]["S"]]
        return self.shadow.write(self.tables.get(spec["TableName"], "?"), how, spec, twice, failed)

    def about_writes(self, writes):
        """A check guards the writes beside it; it is about nothing of its own."""
        real = [write for write in writes if write.how != "check"] or writes
        return shares([self.about_row(write.table, write.pk, write.sk) for write in real])

    def reading(self, operation, request, answer):
        """Which tasks a read is about, and its units."""
        if operation == "BatchGetItem":
            ((table, asked),) = request["RequestItems"].items()
            found = [item for items in answer.get("Responses", {}).values() for item in items]
            keys = [(key["pk"]["S"], key["sk"]["S"]) for key in asked["Keys"]]
            sizes = [item_bytes(item) for item in found] + [0] * (len(keys) - len(found))
            bases = {(item["pk"]["S"], item["sk"]["S"]) for item in found if is_base(item)}
            about = shares([EFFECT if key in bases else self.about_row(self.tables.get(table, "?"), *key) for key in keys])
            return about, read_units(sizes, asked.get("ConsistentRead", False), summed=False)
        consistent, table = request.get("ConsistentRead", False), self.tables.get(request.get("TableName"), "?")
        if operation == "GetItem":
            pk, sk = request["Key"]["pk"]["S"], request["Key"]["sk"]["S"]
            item = answer.get("Item") or {}
            about = EFFECT if is_base(item) else self.about_row(table, pk, sk)
            return {about: 1}, read_units([item_bytes(item)], consistent, summed=False)
        sizes = [item_bytes(item) for item in answer.get("Items", [])]
        return {self.about_query(table, request): 1}, read_units(sizes, consistent, summed=True)

    def about_query(self, table, request):
        if request.get("IndexName") == "due":
            return CLOCK
        values = request.get("ExpressionAttributeValues", {})
        prefix = (values.get(":prefix") or values.get(":first") or {}).get("S", "")
        return EFFECT if table != "State" or prefix.startswith(SIDES) else CAMPAIGN

    def about_row(self, table, pk, sk):
        if pk == "WARM":
            return START
        if table == "Audit":
            table, _, pk = pk.partition("|")
            table = table.capitalize()
        if table != "State" or sk.startswith(SIDES):
            return EFFECT
        if sk.startswith("TASK#"):
            task = sk.split("#")[1]
            return self.work.get((pk.rpartition("#C#")[2], task), CAMPAIGN)
        return CAMPAIGN

    # ---------------------------------------------------------------- queues

    def send(self, function, name, request, failed):
        bodies = [entry["MessageBody"] for entry in request.get("Entries", [request])]
        size = sum(len(body.encode()) for body in bodies)
        kinds = tuple(self.about_message(body) for body in bodies)
        queue = self.queues.get(request["QueueUrl"].rpartition("/")[2], "?")
        requests = max(1, -(-size // MESSAGE_BYTES))
        return Call(function, name, shares(kinds), requests=requests, queue=queue, messages=kinds, failed=failed)

    def about_message(self, body):
        body = json.loads(body)["body"]
        if "task" in body and isinstance(body["task"], dict):
            return KINDS[body["task"]["work"]]
        if body.get("type") == "result" or "outcome" in body:
            return self.work.get((body["campaign"], body["task"]), CAMPAIGN)
        return EFFECT if body.keys() & {"review", "effect"} else CAMPAIGN


def is_base(item):
    """An approved task is looked at for the sake of what rests on it."""
    return item.get("kind", {}).get("S") == "task" and item["status"]["S"] == "approved"


def owned(function, about):
    is_own = function.startswith(EFFECTS_OWN) and not about.keys() & {START, CLOCK}
    return {EFFECT: 1} if is_own else about


def shares(kinds):
    """Equal shares; the campaign's own rows count only where there is nothing else."""
    kinds = [kind for kind in kinds if kind != CAMPAIGN] or [CAMPAIGN]
    return {kind: count / len(kinds) for kind, count in Counter(kinds).items()}


def batches(log, stack):
    """Deliveries in a stretch of the emulator's log."""
    found = Batches()
    for function, how, size, source, name in BATCH.findall(log):
        function = function.removeprefix(f"{stack}-")
        sizes = found.queues if source == "SQS" else found.streams
        if how == "processed":
            sizes[function, logical(name, stack)].append(int(size))
        else:
            found.failed[function] += 1
    return found


def logical(name, stack):
    """The resource's logical id in a name that CloudFormation made."""
    return name.removeprefix(f"{stack}-").rpartition("-")[0] or name
