"""A local cloud of the bench's own whose functions call the counting proxy, and the operator's side of a campaign."""

import base64
import json
import sys
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "localstack"))

import emulator  # noqa: E402
import stack  # noqa: E402
from proxy import CountingProxy  # noqa: E402

STACK = "chimera"
ROLES = ["operator", "reviewer", "finance", "admin"]
AGENT = "mira"
QUIET_S = 2.0
# The production timings: with the test stack's a busy machine would lose a visibility and count the repeat.
PARAMETERS = {"TaskTimeoutSeconds": "60"}


class BenchCloud:
    """Up when entered, down when left."""

    def __init__(self, folder, binaries):
        self.folder, self.binaries = Path(folder), Path(binaries)
        self.log = self.folder / "cloud.log"

    def __enter__(self):
        emulator.down(self.folder)
        self.proxy = CountingProxy()
        self.state = emulator.up(self.folder, 0, functions_endpoint=self.proxy.endpoint)
        self.proxy.upstream = ("127.0.0.1", self.state["port"])
        try:
            self.outputs = stack.deploy(self.folder, STACK, self.binaries, PARAMETERS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        emulator.down(self.folder)
        self.proxy.close()

    def client(self, service):
        return stack.client(service, self.state)

    def log_since(self, offset):
        with open(self.log, "rb") as file:
            file.seek(offset)
            return file.read().decode(errors="replace")

    def log_end(self):
        return self.log.stat().st_size

    def settle(self):
        """Waits until no function calls anything any more."""
        while self.proxy.quiet_for() < QUIET_S:
            time.sleep(0.2)


class Tenant:
    """One tenant with its agent, as its operator reaches it."""

    def __init__(self, cloud):
        self.cloud = cloud
        self.id = f"bench-{uuid.uuid4().hex[:8]}"
        self.token = token(cloud.outputs, self.id)
        self.calls = 0
        self.rows_of = cloud.client("dynamodb")
        soul = (ROOT / "demo" / "agents" / AGENT / "SOUL.md").read_bytes()
        self.call("PUT", f"agents/{AGENT}", soul, "text/markdown")

    def call(self, method, path, body=None, kind="application/json", **headers):
        self.calls += 1
        data = body if isinstance(body, bytes) else json.dumps(body).encode() if body is not None else None
        headers |= {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        request = urllib.request.Request(f"{self.cloud.outputs['ApiUrl']}/{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise emulator.CloudError(f"{method} {path}: {error.code} {error.read().decode()[:400]}") from error

    def start(self, brief):
        made = self.call("POST", "campaigns", brief | {"agent": AGENT}, **{"Idempotency-Key": uuid.uuid4().hex})
        return made["id"]

    def rows(self, campaign):
        """The campaign's rows, read past the API and the proxy: looking must not count."""
        from boto3.dynamodb.types import TypeDeserializer

        plain, rows, start = TypeDeserializer(), [], {}
        while True:
            page = self.rows_of.query(
                TableName=self.cloud.outputs["StateTable"],
                KeyConditionExpression="pk = :pk",
                ExpressionAttributeValues={":pk": {"S": f"T#{self.id}#C#{campaign}"}},
                **start,
            )
            rows += [{name: plain.deserialize(value) for name, value in item.items()} for item in page["Items"]]
            if "LastEvaluatedKey" not in page:
                return rows
            start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}

    def approve(self, campaign, review):
        seen = self.call("GET", f"reviews/{campaign}/{review}")
        answer = {"decision": "approve", "digest": seen["digest"]}
        self.call("POST", f"reviews/{campaign}/{review}/decision", answer)


def token(outputs, tenant):
    """A token of the local issuer."""
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    now = int(time.time())
    claims = {"iss": outputs["Issuer"], "aud": outputs["Audience"], "sub": "bench", "tenant": tenant}
    claims |= {"roles": ROLES, "iat": now, "exp": now + 3600}
    parts = [coded({"alg": "EdDSA", "typ": "JWT", "kid": outputs["IssuerKeyId"]}), coded(claims)]
    key = load_pem_private_key(Path(outputs["IssuerKey"]).read_bytes(), None)
    return ".".join([*parts, coded(key.sign(".".join(parts).encode()))])


def coded(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
