"""One deployed stack and what a test may do to it: sign in, ask over HTTP, serve feeds, break things, look at the tables.

Nothing here shares code with the functions. Rows are read with the emulator's root keys, requests go through the gateway.
"""

import base64
import contextlib
import functools
import json
import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "localstack"), str(HERE.parent / "oracle")]

import emulator
import outside
import promises as oracle
import stack
import tables
from summary import settled

FOLDER = Path(os.environ.get("CHIMERA_LOCAL", ROOT / "target" / "e2e-cloud")).resolve()
# How long anything may take before a test calls it lost: the machine may be busy.
PATIENCE_S = float(os.environ.get("CHIMERA_PATIENCE", "60"))
TICK_S = 0.4
OVER = ("finished", "stopped", "cancelled")
TABLES = ("State", "Ledger", "Decisions", "Audit", "Twitter", "Wallet", "Memory", "Image")
SCHEDULED = {"source": "aws.events", "detail-type": "Scheduled Event", "detail": {}}


class Late(AssertionError):
    """Something did not come to pass in time."""


def wait_for(what, look, patience_s=PATIENCE_S, pause_s=0.1):
    """Looks until the answer is true, and gives it."""
    deadline = time.monotonic() + patience_s
    while True:
        found = look()
        if found:
            return found
        if time.monotonic() > deadline:
            raise Late(f"{what}: not within {patience_s:.0f} s")
        time.sleep(pause_s)


class Cloud:
    """The emulator, the stack on it, and its functions' processes."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.state = emulator.read_state(self.folder)
        if not self.state or not emulator.is_ours(self.state):
            raise RuntimeError(f"no cloud is up in {self.folder}; run `make test-e2e`")
        self.outputs = tables.load_outputs(self.folder / "outputs.json")
        dynamo, _ = tables.connect(self.outputs)
        self.tables = {n: dynamo.Table(self.outputs[f"{n}Table"]) for n in TABLES}
        self.clients = {}

    def client(self, service):
        if service not in self.clients:
            self.clients[service] = stack.client(service, self.state)
        return self.clients[service]

    # ---------------------------------------------------------------- functions

    def function(self, name):
        """A function's name by its logical id."""
        return self.outputs[f"{name}Function"]

    def invoke(self, name, event):
        answer = self.client("lambda").invoke(FunctionName=self.function(name), Payload=json.dumps(event).encode())
        payload = json.loads(answer["Payload"].read() or b"null")
        if "FunctionError" in answer:
            raise RuntimeError(f"{name} failed: {payload}")
        return payload

    def tick(self):
        """The clock, now."""
        self.invoke("Dispatcher", SCHEDULED)

    @contextlib.contextmanager
    def ticking(self, every_s=TICK_S):
        """The clock, sped up."""
        done, failures = threading.Event(), []

        def run():
            while not done.wait(every_s):
                try:
                    self.tick()
                except Exception as error:  # told by the test that asked for the clock
                    failures.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield failures
        finally:
            done.set()
            thread.join()

    @contextlib.contextmanager
    def environment(self, name, **changes):
        """A function with other variables; its processes are new before and after."""
        api, function = self.client("lambda"), self.function(name)
        before = api.get_function_configuration(FunctionName=function)["Environment"]["Variables"]
        api.update_function_configuration(FunctionName=function, Environment={"Variables": before | changes})
        try:
            yield
        finally:
            api.update_function_configuration(FunctionName=function, Environment={"Variables": before})

    def recycle(self, name):
        """Ends a function's idle processes, so that the next one is the only one."""
        with self.environment(name, E2E_RECYCLED=uuid.uuid4().hex):
            pass
        wait_for(f"{name} has no process", lambda: not self.processes(name))

    def processes(self, name):
        """The pids that run a function, by the name the runtime gave them."""
        mark = f"AWS_LAMBDA_FUNCTION_NAME={self.function(name)}\0".encode()
        return [pid for pid in emulator.session_members(self.state["pid"]) if mark in environment_of(pid)]

    def only_process(self, name):
        found = wait_for(f"{name} runs", lambda: self.processes(name))
        if len(found) != 1:
            raise AssertionError(f"{name} runs as {found}; one was expected")
        return found[0]

    # ---------------------------------------------------------------- event sources

    def mappings(self, name, part):
        """Event source mappings of a function whose source contains `part`."""
        found = self.client("lambda").list_event_source_mappings(FunctionName=self.function(name))["EventSourceMappings"]
        return [mapping["UUID"] for mapping in found if part in mapping["EventSourceArn"]]

    def switch(self, mappings, is_on):
        for mapping in mappings:
            self.client("lambda").update_event_source_mapping(UUID=mapping, Enabled=is_on)

    @contextlib.contextmanager
    def unplugged(self, name, part):
        """A function that hears nothing from the sources that contain `part`."""
        mappings = self.mappings(name, part)
        if not mappings:
            raise AssertionError(f"{name} has no source like {part}")
        self.switch(mappings, False)
        try:
            yield
        finally:
            self.switch(mappings, True)

    @contextlib.contextmanager
    def clock_stopped(self):
        events = self.client("events")
        rules = [rule["Name"] for rule in events.list_rules()["Rules"] if "ScheduleExpression" in rule]
        if not rules:
            raise AssertionError("the stack has no schedule")
        for rule in rules:
            events.disable_rule(Name=rule)
        try:
            yield
        finally:
            for rule in rules:
                events.enable_rule(Name=rule)

    # ---------------------------------------------------------------- queues

    def queue(self, name):
        return self.outputs[f"{name}Url"]

    def send(self, name, body, owner=None):
        text = body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
        beside = {"owner": {"DataType": "String", "StringValue": owner}} if owner else {}
        return self.client("sqs").send_message(QueueUrl=self.queue(name), MessageBody=text, MessageAttributes=beside)["MessageId"]

    def waiting(self, name):
        """How many messages wait, and how many are held by somebody."""
        return stack.depth(self.client("sqs"), self.queue(name))

    @contextlib.contextmanager
    def visibility(self, name, seconds):
        """A queue that gives a message again sooner."""
        sqs, url = self.client("sqs"), self.queue(name)
        before = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": str(seconds)})
        try:
            yield
        finally:
            sqs.set_queue_attributes(QueueUrl=url, Attributes=before)

    def take(self, name, is_wanted=lambda body: True, patience_s=PATIENCE_S):
        """The next wanted message, held by us: (message, how often it was received)."""
        sqs, url = self.client("sqs"), self.queue(name)

        def look():
            got = sqs.receive_message(
                QueueUrl=url, AttributeNames=["All"], MessageAttributeNames=["All"], MaxNumberOfMessages=1, VisibilityTimeout=2
            )
            return next((m for m in got.get("Messages", []) if is_wanted(m["Body"])), None)

        message = wait_for(f"a message on {name}", look, patience_s)
        return message, int(message["Attributes"]["ApproximateReceiveCount"])

    @staticmethod
    def owner(message):
        """What a message's sender wrote beside its body."""
        return message["MessageAttributes"]["owner"]["StringValue"]

    def put_back(self, name, message):
        receipt = message["ReceiptHandle"]
        self.client("sqs").change_message_visibility(QueueUrl=self.queue(name), ReceiptHandle=receipt, VisibilityTimeout=0)

    def delete(self, name, message):
        self.client("sqs").delete_message(QueueUrl=self.queue(name), ReceiptHandle=message["ReceiptHandle"])

    def drained(self, *names, patience_s=PATIENCE_S):
        wait_for(f"{names} are empty", lambda: not any(sum(self.waiting(name)) for name in names), patience_s)

    # ---------------------------------------------------------------- rows

    def rows(self, table, pk):
        return tables.partition(self.tables[table], pk)

    def sandbox(self):
        return tables.all_pages(self.tables["Twitter"].scan, ConsistentRead=True)

    def posts(self, tenant, account):
        """The posts of a tenant's account, deleted ones among them, oldest first."""
        return [post for post in tables.posts(self.sandbox(), tenant) if post["account"] == account]

    def published(self, tenant, account):
        """The posts of a tenant's account that can still be seen, oldest first."""
        return tables.visible(self.posts(tenant, account))

    def memories(self, tenant):
        """What a tenant's agents remember for good."""
        return outside.memories(tables.all_pages(self.tables["Memory"].scan, ConsistentRead=True), tenant)

    def burns(self):
        """What the write server says of each grant that was presented to it, by the grant's id."""
        return {row["grant"]: row["status"] for row in self.sandbox() if row["sk"] == "BURN"}

    def burn_of(self, effect):
        return self.burns().get(effect["grant"]["grant"]["id"], "unused")


def environment_of(pid):
    try:
        return Path(f"/proc/{pid}/environ").read_bytes() + b"\0"
    except OSError:
        return b""


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid):
    """kill -9, and sees it dead."""
    os.kill(pid, signal.SIGKILL)
    wait_for(f"{pid} is dead", lambda: not is_alive(pid))


@functools.cache
def cloud():
    return Cloud(FOLDER)


@contextlib.contextmanager
def elsewhere(folder):
    """Meanwhile everything here is about the cloud in another folder."""
    global FOLDER
    before, FOLDER = FOLDER, Path(folder).resolve()
    cloud.cache_clear(), issuer_key.cache_clear()
    try:
        yield
    finally:
        FOLDER = before
        cloud.cache_clear(), issuer_key.cache_clear()


# -------------------------------------------------------------------- HTTP


@functools.cache
def issuer_key():
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    return load_pem_private_key((cloud().folder / "issuer" / "private.pem").read_bytes(), None)


def url64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def token(tenant, person, roles, lifetime_s=3600):
    outputs, now = cloud().outputs, int(time.time())
    head = {"alg": "EdDSA", "typ": "JWT", "kid": outputs["IssuerKeyId"]}
    claims = {"iss": outputs["Issuer"], "aud": outputs["Audience"], "sub": person, "tenant": tenant, "roles": roles}
    claims |= {"iat": now, "exp": now + lifetime_s}
    signed = ".".join(url64(json.dumps(part).encode()) for part in (head, claims))
    return f"{signed}.{url64(issuer_key().sign(signed.encode()))}"


def ask(bearer, method, path, body=None, headers=None):
    """One request through the gateway: (status, answer)."""
    kind, data = "application/json", None
    if isinstance(body, str):
        kind, data = "text/markdown", body.encode()
    elif body is not None:
        data = json.dumps(body).encode()
    headers = {"authorization": f"Bearer {bearer}", "content-type": kind} | (headers or {})
    request = urllib.request.Request(f"{cloud().outputs['ApiUrl']}/{path}", data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
        try:
            return error.code, json.loads(text or b"null")
        except ValueError:
            return error.code, text.decode(errors="replace")


class Refused(AssertionError):
    """The API said no where a test needed a yes."""


class Tenant:
    """A tenant of its own with one agent: tests do not see each other."""

    def __init__(self, soul="mira"):
        mark = uuid.uuid4().hex[:8]
        self.name, self.agent = f"e2e-{mark}", f"{soul}-{mark}"
        self.operator = token(self.name, "olga", ["admin"])
        self.reviewer = token(self.name, "rita", ["reviewer"])
        text = (ROOT / "demo" / "agents" / soul / "SOUL.md").read_text()
        self.do("PUT", f"agents/{self.agent}", text.replace(f"id: {soul}\n", f"id: {self.agent}\n"))

    def do(self, method, path, body=None, headers=None, bearer=None):
        """A request that must succeed."""
        status, answer = ask(bearer or self.operator, method, path, body, headers)
        if status >= 300:
            raise Refused(f"{method} {path}: {status} {answer}")
        return answer

    def policy(self, **changes):
        self.do("PUT", "policy", self.do("GET", "policy")["policy"] | changes)

    def start(self, feeds, posts, **brief):
        """A campaign of the demo's kind that only posts; the same seed says the same words."""
        demo = json.loads((ROOT / "demo" / "brief.json").read_text())
        demo.pop("plan", None)
        plain = {"illustrations": 0, "payments": [], "remember": False, "react": None, "seed": 7, "hold_first": 0}
        body = demo | plain | {"agent": self.agent, "feeds": feeds, "posts": posts} | brief
        made = self.do("POST", "campaigns", body, {"idempotency-key": uuid.uuid4().hex})
        return Campaign(self, made["id"])


class Campaign:
    """One campaign, over HTTP and in the tables."""

    def __init__(self, tenant, campaign_id):
        self.tenant, self.id = tenant, campaign_id
        self.pk = f"T#{tenant.name}#C#{campaign_id}"
        self.path = f"campaigns/{campaign_id}"

    def show(self):
        return self.tenant.do("GET", self.path)

    def turn(self, how):
        return self.tenant.do("POST", f"{self.path}/{how}")

    def rows(self, kind=None):
        return [row for row in cloud().rows("State", self.pk) if kind in (None, row.get("kind"))]

    def row(self, sk):
        return next((row for row in self.rows() if row["sk"] == sk), None)

    def tasks(self, **wanted):
        return [row for row in self.rows("task") if wanted.items() <= row.items()]

    def effects(self, *statuses):
        return [row for row in self.rows("effect") if not statuses or row["status"] in statuses]

    def open_reviews(self):
        return [row for row in self.rows("review") if row["status"] == "open"]

    def decide(self, review, kind="approve", bearer=None, **more):
        """A reviewer's answer through the gateway: (status, answer)."""
        body = {"decision": kind, "digest": review["digest"]} | more
        bearer = self.tenant.reviewer if bearer is None else bearer
        return ask(bearer, "POST", f"reviews/{self.id}/{review['id']}/decision", body)

    def published(self):
        return cloud().published(self.tenant.name, self.tenant.agent)

    def texts(self):
        return sorted(post["text"] for post in self.published())

    def versions(self):
        return {row["sk"]: row["version"] for row in self.rows()}

    def until_over(self, patience_s=PATIENCE_S, answer="approve", **more):
        """Follows it to its end, answering what waits for a human; its last status."""
        answered = set()

        def look():
            for review in self.open_reviews():
                if answer and review["id"] not in answered:
                    status, told = self.decide(review, answer, **more)
                    if status not in (200, 409, 410):
                        raise Refused(f"{review['id']}: {status} {told}")
                    answered.add(review["id"])
            status = self.row("META")["status"]
            return status if status in OVER else None

        try:
            return wait_for(f"campaign {self.id} is over", look, patience_s)
        except Late as late:
            raise Late(f"{late}\n{self.told()}") from None

    def told(self):
        """Where everything stands, for a failed test."""
        lines = [f"  {row['sk']}: {row['status']} {row.get('reason') or ''}" for row in self.rows() if "status" in row]
        queues = {n: stack.depth(cloud().client("sqs"), u) for n, u in cloud().outputs.items() if tables.is_queue(n)}
        return "\n".join([*lines, f"  {({name: depth for name, depth in queues.items() if any(depth)})}"])


def promises(campaign):
    """What the oracle finds wrong, once queues and audit have settled: an empty dictionary when every promise held."""
    look, wrong = settled(cloud().outputs, campaign.id, 25)
    return look, {name: found for name, found in wrong.items() if found}

