"""From calls to figures per task of one kind."""

import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from meter import ARTIFACT, CAMPAIGN, CLOCK, EFFECT, START, shares

OWN = (ARTIFACT, EFFECT)
OUTSIDE = (START, CLOCK)


@dataclass
class Phase:
    """One stretch of the bench with everything that was seen in it."""

    name: str
    calls: list
    batches: object
    campaigns: list  # each a list of rows
    seconds: float
    transitions: Counter  # by kind of task
    invocations: dict  # by function
    billed_ms: dict  # by function
    log_bytes: int
    api_calls: int
    cpu: tuple  # by function, of ended functions, of the emulator; milliseconds
    cold_starts: int
    peaks: dict  # KiB by function

    def tasks(self):
        return [row for rows in self.campaigns for row in rows if row.get("kind") == "task"]

    def approved(self, kind):
        work = {ARTIFACT: "research", EFFECT: "write"}[kind]
        return [task for task in self.tasks() if task["work"] == work and task["status"] == "approved"]


@dataclass
class Spread:
    """Amounts by (kind of task, function, name), and per task with the campaign's share in it."""

    amounts: Counter = field(default_factory=Counter)

    def add(self, about, function, name, amount=1.0):
        for kind, share in about.items():
            self.amounts[kind, function, name] += share * amount

    def per_task(self, kind, phase):
        """Amount per approved task by (function, name): its own and its share of the campaign's."""
        own, tasks, found = len(phase.approved(kind)), len(phase.tasks()), Counter()
        for (about, function, name), amount in self.amounts.items():
            if about == kind and own:
                found[function, name] += amount / own
            elif about == CAMPAIGN and tasks:
                found[function, name] += amount / tasks
        return found

    def of_campaign(self, phase):
        tasks = len(phase.tasks())
        return sum(amount for key, amount in self.amounts.items() if key[0] == CAMPAIGN) / tasks if tasks else 0


def count_calls(phase):
    """AWS calls, with two for each batch that a queue delivered, and one for a batch that failed."""
    spread = Spread()
    for call in phase.calls:
        spread.add(call.about, call.function, call.name)
    for (function, queue), sizes in phase.batches.queues.items():
        spread.add(mix(phase, queue), function, f"sqs receive and delete {queue}", 2 * len(sizes))
    return spread


def mix(phase, queue):
    """What the messages of a queue were about; the workflow's own wake-ups are not seen and are about effects."""
    kinds = [kind for call in phase.calls if call.queue == queue and not call.failed for kind in call.messages]
    return shares(kinds)


def count_writes(phase, meter, amount):
    """Writes by table; `amount` says how much of one counts. A check is its transaction's."""
    spread = Spread()
    for call in phase.calls:
        for write in call.writes:
            counted = amount(write)
            if counted:
                about = call.about if write.how == "check" else {meter.about_row(write.table, write.pk, write.sk): 1}
                spread.add(about, call.function, write.table, counted)
    return spread


def state_write(write):
    return write.table == "State" and write.how != "check" and not write.refused


def write_units(write):
    return write.units + write.index_units


def count_reads(phase):
    spread = Spread()
    for call in phase.calls:
        if call.read_units:
            spread.add(call.about, call.function, "read", call.read_units)
    return spread


def sqs_requests(phase):
    """As SQS bills: a request for each 64 KB of a call."""
    spread = Spread()
    for call in phase.calls:
        if call.name.startswith("sqs "):
            spread.add(call.about, call.function, "sqs", call.requests)
    for (function, queue), sizes in phase.batches.queues.items():
        spread.add(mix(phase, queue), function, "sqs", 2 * len(sizes))
    return spread


def invocations(phase, amounts):
    """Amounts by function, shared by what the function's calls are about."""
    spread = Spread()
    for function, amount in amounts.items():
        spread.add(about_function(phase, function), function, "lambda", amount)
    return spread


def about_function(phase, function):
    """A server is its callers'; what makes no call that is about a task is the campaign's."""
    if function == "mcp-news":
        return {ARTIFACT: 1}
    if function.startswith("mcp-") or function in ("publisher", "escalation"):
        return {EFFECT: 1}
    total = Counter()
    for call in phase.calls:
        if call.function == function:
            total.update({kind: share for kind, share in call.about.items() if kind not in OUTSIDE})
    whole = sum(total.values())
    return {kind: amount / whole for kind, amount in total.items()} if whole else {CAMPAIGN: 1}


def doubts(phase):
    """What contradicts the count: each row's version is the number of its writes, and each message came once."""
    found = []
    versions = {(row["pk"], row["sk"]): int(row["version"]) for rows in phase.campaigns for row in rows}
    seen = Counter((write.pk, write.sk) for call in phase.calls for write in call.writes if state_write(write))
    wrong = {key: (version, seen[key]) for key, version in versions.items() if seen[key] != version}
    if wrong:
        found.append(f"{len(wrong)} rows whose version is not the number of writes counted, such as {next(iter(wrong))}")
    if unknown := sum(call.function == "unknown" for call in phase.calls):
        found.append(f"{unknown} calls of unknown functions")
    sent = Counter()
    for call in phase.calls:
        sent[call.queue] += len(call.messages) if not call.failed else 0
    for (_, queue), sizes in phase.batches.queues.items():
        if queue != "ReviewQueue" and sum(sizes) != sent[queue]:  # to that one the workflow sends too
            found.append(f"{queue}: {sent[queue]} messages sent, {sum(sizes)} delivered")
    return found


def row_sizes(phases):
    """Sizes of the rows that were put, by kind."""
    sizes = defaultdict(list)
    for phase in phases:
        for call in phase.calls:
            for write in call.writes:
                if write.how == "put" and write.item:
                    sizes[row_kind(write)].append(write.size)
    return {
        kind: {"rows": len(found), "median_bytes": int(statistics.median(found)), "max_bytes": max(found)}
        for kind, found in sorted(sizes.items())
    }


def row_kind(write):
    text = {name: value.get("S", "") for name, value in write.item.items()}
    if write.table == "State":
        return f"state {text.get('kind')}{' ' + text['work'] if 'work' in text else ''}"
    if write.table == "Audit":
        return f"audit of {named(write.pk, write.sk)}"
    if write.table == "Twitter":
        return f"twitter {write.pk.partition('#')[0].lower()} {named('', write.sk)}".rstrip()
    return f"{write.table.lower()} {text.get('kind') or named(write.pk, write.sk)}"


def named(pk, sk):
    """The kind in a key: the sort key's first word, or the partition's last where that is an id."""
    word = sk.partition("#")[0]
    return (word if word.isalpha() else pk.rpartition("#")[2]).lower()


def dollars(phase, kind, meter, prices, api_calls_of_kind):
    """Dollars per million tasks of a kind, by service."""
    per = {name: entry["usd"] for name, entry in prices["per_million"].items()}

    def each(spread):
        return sum(spread.per_task(kind, phase).values())

    gb_ms = invocations(phase, {name: ms * 0.25 for name, ms in phase.billed_ms.items()})  # 256 MB each
    own = len(phase.approved(kind)) or 1
    tasks = len(phase.tasks()) or 1
    found = {
        "sqs": each(sqs_requests(phase)) * per["sqs_request"],
        "lambda requests": each(invocations(phase, phase.invocations)) * per["lambda_request"],
        "lambda time": each(gb_ms) * 1e3 * prices["per_gb_second"]["lambda_arm64"]["usd"],
        "dynamodb writes": each(count_writes(phase, meter, write_units)) * per["dynamodb_write_unit"],
        "dynamodb reads": each(count_reads(phase)) * per["dynamodb_read_unit"],
        "step functions": phase.transitions[kind] / own * per["step_functions_transition"],
        "rest api": api_calls_of_kind / tasks * per["rest_api_request"],
        "logs": phase.log_bytes / tasks / 1e9 * 1e6 * prices["per_gb"]["logs_ingested"]["usd"],
    }
    return found | {"sum": sum(found.values())}
