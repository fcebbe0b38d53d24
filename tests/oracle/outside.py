"""What the wallet's, the memory's and the image server's sandboxes hold, and whether it is sound. Shares no code with them."""

import hashlib
import json
import uuid
from collections import Counter
from dataclasses import dataclass, field

OUTSIDE = ("faucet", "fees", "mint")
# Names the ids of memories: of tenant, agent and key, a line each [W-2].
MEMORIES = uuid.UUID("6f2d1c7e-94b3-4f0a-8e51-3a7cd0b92e46")


@dataclass
class Books:
    """The wallet's double-entry books, of every tenant."""

    entries: list = field(default_factory=list)
    postings: list = field(default_factory=list)
    balances: dict = field(default_factory=dict)  # smallest units by (place, holding)


def books(rows):
    """The wallet's rows, read as books."""
    found = Books()
    for row in rows:
        kind, _, place = row["pk"].partition("#")
        if kind == "ENTRY":
            found.entries.append(json.loads(row["body"]))
        elif kind == "HOLD" and row["sk"].startswith("POST#"):
            found.postings.append((place, json.loads(row["body"])))
        elif kind == "HOLD":
            found.balances[place, row["sk"].removeprefix("BAL#")] = row["units"]
    return found


def unbalanced(look):
    """What is wrong with the books as a whole: not one unit may come from nowhere or be missing [WA-1]."""
    wrong, sums, held, posted = [], Counter(), Counter(), Counter()
    for place, posting in look.postings:
        change = int(posting["change"])
        sums[posting["network"], posting["holding"]] += change
        posted[posting["entry"], canonical_account(posting), posting["holding"], change] += 1
        if place.rpartition("#")[2] not in OUTSIDE:
            held[place, posting["holding"]] += change
    wrong += [f"{network} {holding} is off by {off}" for (network, holding), off in sums.items() if off]
    for key in sorted(held.keys() | look.balances.keys()):
        if held[key] != look.balances.get(key, 0):
            wrong.append(f"{key[0]} holds {look.balances.get(key, 0)} {key[1]}, its postings make {held[key]}")
    wrong += [f"{key[0]} holds {units} {key[1]}" for key, units in look.balances.items() if units < 0]
    told = Counter(
        (entry["id"], canonical_account(posting), posting["holding"], int(posting["change"]))
        for entry in look.entries for posting in entry["postings"]
    )  # fmt: skip
    if told != posted:
        wrong.append(f"{len((told - posted) + (posted - told))} postings are not their entries'")
    return wrong


def canonical_account(posting):
    return json.dumps(posting["account"], sort_keys=True)


def transfers(look, tenant, grants):
    """A tenant's payments, each with the grant that its key was burnt with. One that failed later moved nothing."""
    found = []
    for entry in look.entries:
        deed = entry["deed"]
        if entry["owner"]["tenant"] != tenant or deed["kind"] != "transfer" or "failure" in deed:
            continue
        found.append(deed["terms"] | {
            "id": entry["id"], "account": entry["owner"]["agent"], "memo": deed.get("memo"), "cost": deed["cost"],
            "idempotency_key": entry["key"], "grant": grants.get(entry["key"]), "created_at": entry["at"],
        })  # fmt: skip
    return sorted(found, key=lambda transfer: transfer["id"])


def memories(rows, tenant):
    """What a tenant's agents remember for good, each with its agent and id. What was forgotten says nothing any more."""
    found = []
    for row in rows:
        if row["pk"].startswith(f"MEM#{tenant}#") and row["sk"].startswith("OBJ#"):
            said = json.loads(row["properties_json"]) if "erased_at" not in row else None
            found.append({"agent": row["pk"].rpartition("#")[2], "id": row["sk"].removeprefix("OBJ#"), "said": said})
    return sorted(found, key=lambda memory: (memory["agent"], memory["id"]))


def memory_id(tenant, agent, key):
    """The id of what an agent remembers under a key [W-2]."""
    return str(uuid.uuid5(MEMORIES, f"{tenant}\n{agent}\n{key}"))


def pictures(rows, tenant):
    """The digest of the bytes that are kept under each digest of a tenant's pictures."""
    chunks = {}
    for row in rows:
        if row["pk"].startswith(f"IMG#{tenant}#") and row["sk"].startswith("CHUNK#"):
            chunks.setdefault(row["pk"].removeprefix(f"IMG#{tenant}#"), []).append((row["sk"], bytes(row["bytes"].value)))
    return {name: f"sha256:{hashlib.sha256(b''.join(part for _, part in sorted(parts))).hexdigest()}" for name, parts in chunks.items()}
