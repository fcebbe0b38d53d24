"""What the tables, queues and the sandbox hold, read with the emulator's root keys and no code of the handlers."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timezone
from decimal import Decimal
from pathlib import Path

from outside import Books, books, memories, pictures, transfers

TABLES = ("State", "Ledger", "Decisions", "Audit", "Twitter", "Wallet", "Memory", "Image")
DAY_CAPS = {"agent_day": "per_agent_day", "tenant_day": "per_tenant_day"}
# What a tenant has that never put a policy: 50.00 per agent and day, in the specification's own words.
STANDARD_CAPS = {"per_agent_day": {"minor": 5000, "currency": "USD"}}


@dataclass
class Snapshot:
    """One look at everything a summary needs."""

    campaign: dict
    plans: list
    signals: list
    tasks: list
    effects: list
    reviews: list
    rows: list  # every state row of the campaign
    decisions: dict  # by review id
    entries: list  # ledger entries of the tenant, all campaigns
    buckets: dict  # used, by sort key
    caps: dict  # of the tenant's policy
    audit: dict  # entries by (pk, sk) of their row, in order of version
    posts: list  # of the tenant; a deleted one has `deleted`: the key it was deleted with, and when
    burns: dict  # by grant id
    queues: dict  # messages by queue
    public_keys: dict  # base64 by key id
    transfers: list = field(default_factory=list)  # of the tenant
    books: Books = field(default_factory=Books)  # of everybody
    memories: list = field(default_factory=list)  # of the tenant, what is forgotten among them
    keepers: dict = field(default_factory=dict)  # the grant that each memory effect's key was burnt with
    pictures: dict = field(default_factory=dict)  # what the tenant's pictures' bytes really are, by the digest they go by
    now: datetime = field(default_factory=lambda: datetime.now(timezone.utc))


class NoCampaign(Exception):
    """There is nothing to sum up."""


def connect(outputs):
    """Clients of the local cloud named by outputs.json."""
    import boto3

    keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
    session = boto3.Session(region_name=outputs["Region"], **keys)
    return (
        session.resource("dynamodb", endpoint_url=outputs["Endpoint"]),
        session.client("sqs", endpoint_url=outputs["Endpoint"]),
    )


def load_outputs(path):
    return json.loads(Path(path).read_text())


def plain(value):
    """DynamoDB's numbers as integers: there is nothing else in these tables."""
    if isinstance(value, Decimal):
        if value != int(value):
            raise ValueError(f"{value} is not an integer")
        return int(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, set)):
        return [plain(item) for item in value]
    return value


def all_pages(call, **request):
    rows, start = [], {}
    while True:
        page = call(**request, **start)
        rows += [plain(row) for row in page["Items"]]
        if "LastEvaluatedKey" not in page:
            return rows
        start = {"ExclusiveStartKey": page["LastEvaluatedKey"]}


def partition(table, pk):
    from boto3.dynamodb.conditions import Key

    return all_pages(table.query, KeyConditionExpression=Key("pk").eq(pk), ConsistentRead=True)


def find_campaign(state, wanted):
    """The campaign of this id, or the newest one."""
    found = [row for row in all_pages(state.scan, ConsistentRead=True) if row.get("kind") == "campaign"]
    if wanted:
        found = [row for row in found if row["id"] == wanted]
    if not found:
        raise NoCampaign(wanted or "no campaign was ever started")
    return max(found, key=lambda row: row["created_at"])


def read(outputs, wanted=None):
    """Reads everything once."""
    dynamo, sqs = connect(outputs)
    table = {name: dynamo.Table(outputs[f"{name}Table"]) for name in TABLES}
    campaign = find_campaign(table["State"], wanted)
    tenant, pk = campaign["tenant"], campaign["pk"]
    rows = partition(table["State"], pk)
    policy = next(iter(partition(table["State"], f"T#{tenant}#POLICY")), None)
    ledger = [row for row in all_pages(table["Ledger"].scan, ConsistentRead=True) if row["pk"].startswith(f"T#{tenant}#")]
    sandbox = all_pages(table["Twitter"].scan, ConsistentRead=True)
    wallet = all_pages(table["Wallet"].scan, ConsistentRead=True)
    kept = books(wallet)
    remembered = all_pages(table["Memory"].scan, ConsistentRead=True)
    decisions = partition(table["Decisions"], pk)
    return Snapshot(
        campaign=next(row for row in rows if row["sk"] == "META"),
        plans=of_kind(rows, "plan", "number"),
        signals=of_kind(rows, "signal", "seen_at"),
        tasks=of_kind(rows, "task", "ordinal"),
        effects=of_kind(rows, "effect", "id"),
        reviews=of_kind(rows, "review", "opened_at"),
        rows=rows,
        decisions={row["review"]: row["decision"] for row in decisions},
        entries=[row for row in ledger if row["sk"].startswith("ENTRY#")],
        buckets={row["sk"]: row["used"] for row in ledger if row["sk"].startswith("BUCKET#")},
        caps=policy["policy"]["caps"] if policy else STANDARD_CAPS,
        audit=chains(partition(table["Audit"], f"state|{pk}")),
        posts=posts(sandbox, tenant),
        transfers=transfers(kept, tenant, grants_by_key(wallet, tenant)),
        books=kept,
        memories=memories(remembered, tenant),
        keepers=grants_by_key(remembered, tenant),
        pictures=pictures(all_pages(table["Image"].scan, ConsistentRead=True), tenant),
        burns={row["grant"]: row for row in [*sandbox, *wallet, *remembered] if row["sk"] == "BURN" and row["tenant"] == tenant},
        queues={name[:-3]: waiting(sqs, url) for name, url in outputs.items() if is_queue(name)},
        public_keys=json.loads(outputs["GrantPublicKeys"]),
    )


def of_kind(rows, kind, order):
    return sorted((row for row in rows if row.get("kind") == kind), key=lambda row: row[order])


def chains(entries):
    """Audit entries by the row they speak of: `<table>|<pk>|<sk>`."""
    found = {}
    for entry in sorted(entries, key=lambda entry: entry["version"]):
        _, pk, sk = entry["row"].split("|", 2)
        found.setdefault((pk, sk), []).append(entry)
    return found


def grants_by_key(rows, tenant):
    """Which grant each idempotency key was burnt with, as a write server says."""
    keys = f"KEY#{tenant}#"
    return {row["pk"].removeprefix(keys): row["grant"] for row in rows if row["pk"].startswith(keys)}


def posts(sandbox, tenant):
    """A tenant's posts in the sandbox, deleted ones among them. The grant a post was made with, or deleted with, is the
    one that its idempotency key was burnt with."""
    grants = grants_by_key(sandbox, tenant)
    found = []
    for row in sandbox:
        if row["pk"].startswith(f"POST#{tenant}#"):
            post = json.loads(row["body"])
            post["grant"] = grants.get(post.get("idempotency_key"))
            if "deleted_at" in row:
                key = row.get("deleted_key")
                post["deleted"] = {"at": row["deleted_at"], "idempotency_key": key, "grant": grants.get(key)}
            found.append(post)
    return sorted(found, key=lambda post: post["post_id"])


def visible(posts):
    """What anybody can still see."""
    return [post for post in posts if "deleted" not in post]


def is_queue(name):
    return name.endswith("Url") and "Queue" in name


def waiting(sqs, url):
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def when(text):
    """A timestamp as rows spell it; fractions beyond microseconds are cut."""
    head, dot, tail = text.rstrip("Z").partition(".")
    return datetime.fromisoformat(f"{head}{dot}{tail[:6].ljust(6, '0') if dot else ''}+00:00")
