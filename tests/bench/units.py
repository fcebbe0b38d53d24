"""What DynamoDB would charge for a request, by its published rules; nothing is asked of the emulator for it.

Write: 1 KB per unit, twice in a transaction, the larger of the old and the new item; one more per index entry that is
put or removed. Read: 4 KB per unit where consistent, half where not; a query pays for the sum of its items.
"""

import base64
from dataclasses import dataclass, field

WRITE_BYTES = 1024
READ_BYTES = 4096
# Hash and range attributes of each sparse index of the state table; all of them project keys only.
INDEXES = {"due": ("due", "due_at_ms"), "listing": ("listing", "listed_at")}


def value_bytes(value):
    """The size of an attribute value in DynamoDB's JSON."""
    ((kind, held),) = value.items()
    if kind == "S":
        return len(held.encode())
    if kind == "N":
        digits = held.lstrip("-").replace(".", "").strip("0")
        return (len(digits) + 1) // 2 + 1 + held.startswith("-")
    if kind == "B":
        return len(base64.b64decode(held))
    if kind in ("BOOL", "NULL"):
        return 1
    if kind == "L":
        return 3 + sum(1 + value_bytes(element) for element in held)
    if kind == "M":
        return 3 + sum(1 + len(name.encode()) + value_bytes(element) for name, element in held.items())
    return sum(value_bytes({kind[0]: element}) for element in held)  # SS, NS, BS


def item_bytes(item):
    return sum(len(name.encode()) + value_bytes(value) for name, value in item.items())


def whole(size, unit):
    """Units for a size; nothing costs as much as something small."""
    return max(1, -(-size // unit))


def key_of(item):
    return item["pk"]["S"], item["sk"]["S"]


@dataclass(frozen=True)
class Write:
    """One item's write, or the check of one."""

    table: str
    pk: str
    sk: str
    how: str  # put, update, check, delete
    item: dict | None
    size: int
    units: float
    index_units: int
    refused: bool


@dataclass
class Shadow:
    """The items as they were last put, which is what sizes of old items are known from."""

    items: dict = field(default_factory=dict)

    def write(self, table, how, spec, twice, refused):
        """Charges one write and remembers it, unless it was refused, which costs the same."""
        item = spec.get("Item")
        pk, sk = key_of(item or spec["Key"])
        old = self.items.get((table, pk, sk))
        if how == "update":
            item = (old or {}) | spec["Key"] | updated(spec)
        size = item_bytes(item) if item else 0
        units = whole(max(size, item_bytes(old) if old else 0), WRITE_BYTES)
        index = 0
        if how in ("put", "update") and not refused:
            index = index_writes(old, item)
            self.items[table, pk, sk] = item
        elif how == "delete" and not refused:
            index = index_writes(old, None)
            self.items.pop((table, pk, sk), None)
        return Write(table, pk, sk, how, item, size, units * (2 if twice else 1), index, refused)


def updated(spec):
    """The attributes an update sets, by its own values: sums differ, sizes hardly."""
    names = spec.get("ExpressionAttributeNames", {}).values()
    values = list(spec.get("ExpressionAttributeValues", {}).values())
    return dict(zip(names, values))


def index_writes(old, new):
    """Index entries put and removed: an entry that stays as it is costs nothing."""
    writes = 0
    for names in INDEXES.values():
        before, after = (entry(item, names) for item in (old, new))
        if before != after:
            writes += (before is not None) + (after is not None)
    return writes


def entry(item, names):
    if not item or any(name not in item or "NULL" in item[name] for name in names):
        return None
    return tuple(str(item[name]) for name in names)


def read_units(sizes, consistent, summed):
    """Units of a read: a query's items are summed first, others are rounded up one by one."""
    if summed:
        units = whole(sum(sizes), READ_BYTES)
    else:
        units = sum(whole(size, READ_BYTES) for size in sizes)
    return units if consistent else units / 2
