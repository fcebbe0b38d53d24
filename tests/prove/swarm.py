"""The rows of `make prove-swarm`: each line of what the swarm promises, with the command that shows it and how its figure is read."""

import os
import re

from rows import CARGO, CHECKS, Row, SIM, cargo, demo, e2e, ended, feed, size, summary, tests, whole_suite
from runs import PYTHON, ROOT, Step

SIZES = {
    "PROVE_WORLDS": size("PROVE_WORLDS", 500),
    "PROVE_SEED": size("PROVE_SEED", 1),
    "PROVE_TASKS": size("PROVE_TASKS", 200),
    "PROVE_DECISIONS": size("PROVE_DECISIONS", 1_000),
    "PROVE_DEMO_SECONDS": size("PROVE_DEMO_SECONDS", 30),
}
BENCH = ROOT / "target" / "bench" / "bench.json"
DEMO = demo("default")


def rows():
    return [
        *tree(),
        *demos(),
        *wakeups(),
        *deaths(),
        *steering(),
        *authority(),
        *roles(),
        *poison(),
        *cost(),
        *guards(),
    ]


# ------------------------------------------------------------------ the lines


def tree():
    step = Step("tree", ("git", "status", "--porcelain", "--untracked-files=normal"))

    def look(done):
        changed = len(ended(done).text.splitlines())
        return f"{changed} files differ", done.code == 0 and changed == 0

    return [Row("clone", "what is proved is what is committed", step, "no file differs", look)]


def demos():
    feeds = {
        "onethingwell": feed("onethingwell.rss.xml"),
        "cloudflare": feed("cloudflare.rss.xml"),
        "homelab": feed("homelab.atom.xml"),
    }
    onethingwell, others = demo("onethingwell", feeds["onethingwell"]), ("cloudflare", "homelab")
    bar = SIZES["PROVE_DEMO_SECONDS"]
    found = [
        Row("demo", "the default feed publishes at least three posts", DEMO, ">= 3 posts, 1 human", summary(published(3))),
        Row("demo", "it shows a rejection with feedback and a retry", DEMO, ">= 1 task", summary(retried)),
        Row("demo", "it holds a post for its topic", DEMO, ">= 1 review", summary(held_for_topic)),
        Row("demo", "one thing well publishes at least three posts", onethingwell, ">= 3 posts, 1 human", summary(published(3))),
    ]
    for name in others:
        wanted = min(3, items_of(feeds[name]))
        claim = f"the {name} feed publishes as many posts as it has items, up to three"
        found.append(Row("demo", claim, demo(name, feeds[name]), f">= {wanted} posts, 1 human", summary(published(wanted))))
    found.append(Row("demo", "each feed over HTTP: openings differ, sources linked", e2e("campaign"), "all", whole_suite(1)))
    for name, step in (("default", DEMO), ("onethingwell", onethingwell)):
        found.append(Row("demo", f"seconds from POST to finished, {name}", step, f"<= {bar} s", summary(seconds_within(bar))))
    return found


def items_of(path):
    """How many articles a feed has; three where it cannot be read, so that its row asks for the most."""
    if not path.exists():
        return 3
    return len(re.findall(r"<(?:item|entry)[\s>]", path.read_text(errors="replace")))


def published(wanted):
    def look(told):
        done = [effect for effect in told["effects"] if effect["outcome"] == "done" and effect["tool"] == "twitter.post_create"]
        human = [review for review in told["reviews"] if review["decision"] in ("approve", "edit") and review["reviewer"]]
        return f"{len(done)} posts, {len(human)} approved by a human", len(done) >= wanted and len(human) >= 1

    return look


def retried(told):
    tasks = [task for task in told["tasks"] if task["tries"] >= 1 and task["attempts"] >= 2]
    return f"{len(tasks)} tasks rejected and tried again", bool(tasks)


def held_for_topic(told):
    held = [review for review in told["reviews"] if any(reason.startswith("topic:") for reason in review["reasons"])]
    return f"{len(held)} reviews for a topic", bool(held)


def seconds_within(bar):
    return lambda told: (f"{told['seconds']} s", told["seconds"] <= bar)


def wakeups():
    step = e2e("wakeups")
    return [
        Row("wake-ups", "with the stream disabled it finishes by the clock alone", step, "finished, 7 promises", tests("clock_alone")),
        Row("wake-ups", "with the clock disabled it finishes by the stream alone", step, "finished, 7 promises", tests("stream_alone")),
        Row("wake-ups", "the control: with neither it does not move", step, "does not move", tests("nobody_wakes")),
        Row("wake-ups", "the same in simulation, with holds", SIM["faults"], "same posts", tests("clock_alone", "stream_alone")),
    ]


def deaths():
    step, again = e2e("kill"), e2e("twice")
    same, receives = "same posts as undisturbed", "killed pid held it, receives >= 2"
    return [
        Row("deaths", "kill -9 of a worker in the middle of a task", step, receives, tests("worker_killed_in_the_middle")),
        Row("deaths", "kill -9 of the publisher before its call", step, receives, tests("publisher_killed.*before_its_call")),
        Row("deaths", "kill -9 of the publisher after its call", step, receives, tests("publisher_killed_after_its_call")),
        Row("deaths", "every message delivered twice", again, same, tests("delivered_twice")),
        Row("deaths", "event sources disabled and enabled", again, same, tests("sources?_(is_|are_)?(disabled|off|unplugged)")),
        Row("deaths", "a write server killed between burn and outcome asks a human", step, "never twice", tests("between_burn")),
        Row("deaths", "a death at every call, in simulation", SIM["faults"], same, tests("dies_before", "dies_after", "loses_a")),
        Row("deaths", "every message twice, in simulation", SIM["faults"], same, tests("delivered_twice")),
        Row("deaths", "an unknown outcome is never guessed, in simulation", SIM["effects"], "all", whole_suite(10)),
        Row("deaths", f"{SIZES['PROVE_WORLDS']} random worlds keep every promise", worlds(), "0 broken", worlds_kept),
    ]


def worlds():
    argv = (CARGO, "run", "--locked", "-q", "-p", "chimera-sim", "--bin", "simulate", "--")
    sizes = ("--seed", str(SIZES["PROVE_SEED"]), "--worlds", str(SIZES["PROVE_WORLDS"]), "--quiet")
    return Step("worlds", argv + sizes)


def worlds_kept(done):
    text = ended(done).text
    seen, broken = len(re.findall(r"^seed \d+: campaign", text, re.MULTILINE)), text.count("BROKEN: ")
    return f"{seen} worlds, {broken} broken lines", done.code == 0 and broken == 0 and seen == SIZES["PROVE_WORLDS"]


def steering():
    step = e2e("decisions")
    return [
        Row("steering", "after pause no dispatch and no claim; the answer lists those under way", step, "none", tests("after_pause")),
        Row("steering", "results in flight commit; resume publishes without a second execution", step, "attempts as before", tests("in_flight")),
        Row("steering", "after cancel approved effects are void and money is free", step, "all void, 0 kept", tests("after_cancel")),
        Row("steering", "a re-plan fences what it changes and leaves the others", SIM["replan"], "attempts 2 and 1", tests("replan_fences")),
        Row("steering", "pause, resume and cancel in simulation", SIM["human"], "all", tests("pause", "paused", "cancel")),
    ]


def authority():
    forged, decisions = e2e("forged"), e2e("decisions")
    desk = cargo("desk", "-p", "chimera-mcp", "--test", "desk")
    server = cargo("twitter", "-p", "mcp-twitter", "--test", "halves")
    messages = ("held_task_they_change_nothing", "claimed_approval_or_decision", "boasting", "lie_about")
    refused = ("no_grant_no_call", "did_not_sign", "changed_arguments", "another_audience", "changed_media")
    n = SIZES["PROVE_DECISIONS"]
    return [
        Row("authority", "forged: other confidence, other tenant, a claimed approval or decision", forged, "nothing", tests(*messages)),
        Row("authority", "the same in simulation", SIM["spine"], "nothing", tests("forged", "stale_result", "however_sure")),
        Row("authority", f"{n} concurrent decisions: one winner, 409 naming it", decisions, "1 winner", tests("many_decisions")),
        Row("authority", "deployed: no grant, changed arguments or media, another audience", forged, "refused", tests(*refused)),
        Row("authority", "deployed: a used grant returns the stored outcome", forged, "same outcome", tests("a_used_grant")),
        Row("authority", "no grant, changed arguments, another audience", server, "refused", tests("nothing_is_posted_without")),
        Row("authority", "changed media", server, "refused", tests("media_bytes")),
        Row("authority", "a used grant returns the stored outcome", desk, "same outcome", tests("a_used_grant", "a_repeated_key")),
        Row("authority", "every way a grant can fail to cover its call", desk, "refused", tests("does_not_cover", "expired")),
    ]


def roles():
    step = e2e("roles")
    return [
        Row("roles", "each deployed role may do its ports and nothing else", step, "AccessDenied seen", tests("each_role")),
        Row("roles", "worker: no table, no write server, no other queue", step, "AccessDenied seen", tests("worker_reads_no_table")),
        Row("roles", "planner: not the review queue", step, "AccessDenied seen", tests("planner")),
        Row("roles", "one holder each: key, tokens, decisions, write server", step, "AccessDenied seen", tests("only_one")),
        Row("roles", "nobody updates or deletes the audit", step, "AccessDenied seen", tests("nobody_changes")),
        Row("roles", "the template grants exactly the ports", CHECKS, "all", whole_suite(5)),
        Row("roles", "the emulator is on loopback only", e2e("sockets"), "all sockets", tests("loopback", "another_address")),
    ]


def poison():
    step = e2e("poison")
    queue_loop = cargo("queue-loop", "-p", "chimera-runtime", "--lib", "queue_loop")
    alone = "9 neighbours commit, a dead letter"
    return [
        Row("poison", "1 MiB fails alone, is listed and redriven, its task is marked", step, alone, tests("one_mebibyte_fails_alone")),
        Row("poison", "bad JSON fails alone, is listed and redriven, its task is marked", step, alone, tests("bad_json_fails_alone")),
        Row("poison", "deep nesting fails alone, is listed and redriven, its task is marked", step, alone, tests("deep_nesting_fails_alone")),
        Row("poison", "every sender writes the owner beside the body", step, "as the body says", tests("write_the_owner_beside")),
        Row("poison", "of no known owner: the operating tenant's alone", step, alone, tests("without_a_known_owner")),
        Row("poison", "U+FFFE fails alone and is listed", step, alone, tests("no_queue_carries_fails_alone")),
        Row("poison", "a panic in the handler fails alone", queue_loop, "1 of the batch", tests("each_message_fails_alone")),
    ]


def cost():
    tasks, bench = str(SIZES["PROVE_TASKS"]), ROOT / "tests" / "bench" / "bench.py"
    step = Step("bench", (PYTHON, str(bench.relative_to(ROOT)), "--tasks", tasks), writes=BENCH, needs=bench, needs_build=True)
    one_slow = Step("isolation", (CARGO, "run", "--locked", "-q", "-p", "chimera-sim", "--bin", "isolation", "--", "--tasks", tasks))
    bars = {
        "AWS calls per approved artifact task": "<= 7",
        "state writes per approved artifact task": "<= 3",
        "Step Functions transitions per approved artifact task": "<= 0",
        "Step Functions transitions per held task": "<= 3",
        "largest zip, MB": "<= 5",
        "largest peak RSS, MiB": "<= 32",
    }
    found = [Row("cost", name, step, bar, bench_bar(name)) for name, bar in bars.items()]
    return [
        *found,
        Row("cost", "the worker makes no DynamoDB call", step, "0 calls", worker_calls),
        Row("cost", "nothing scans: no role may", CHECKS, "no dynamodb:Scan", tests("each_function_may_do_exactly_this")),
        Row("cost", "write and read units, row sizes, dollars per million tasks, CPU", step, "printed", priced),
        Row("cost", "one task 100 times slower moves the p99 of the others", one_slow, "<= 1.2", isolation),
    ]


def bench_bar(name):
    def look(done):
        if ended(done).written is None:
            return f"no figures, exit {done.code}", False
        bar = next(bar for bar in done.written["bars"] if bar["name"] == name)
        return str(bar["figure"]), done.code == 0 and bool(bar["ok"])

    return look


def worker_calls(done):
    if ended(done).written is None:
        return f"no figures, exit {done.code}", False
    calls = done.written["per_task"]["artifact"]["calls_by_function"]["worker"]
    to_tables = {name: count for name, count in calls.items() if name.startswith("dynamodb ")}
    return f"{to_tables or 'none'}; it makes {', '.join(calls)}", done.code == 0 and bool(calls) and not to_tables


def priced(done):
    if ended(done).written is None:
        return f"no figures, exit {done.code}", False
    artifact = done.written["per_task"]["artifact"]
    cpu, dollars = done.written["cpu"]["footprint"]["ms_per_task"], artifact["dollars_per_million"]["sum"]
    rows_seen = len(done.written["rows"])
    figure = f"WRU {artifact['write_units']:.2f}, RRU {artifact['read_units']:.2f}, ${dollars:.2f}, {rows_seen} kinds of row, CPU {cpu} ms"
    return figure, done.code == 0 and rows_seen > 0 and cpu is not None


def isolation(done):
    ratio = re.search(r"ratio ([\d.]+) of", ended(done).text)
    return (f"{ratio[1]}x" if ratio else f"no figure, exit {done.code}"), bool(ratio) and done.code == 0


def guards():
    listed = {
        "no condition on the commit": ("condition_on_the_commit", "fresh, explained"),
        "claim without campaign check": ("campaign_check_of_a_claim", "claims"),
        "unverified grant": ("verification_of_a_grant", "approved-bytes"),
        "unburnt grant": ("burning_of_a_grant", "once"),
        "decision without race": ("race_of_decisions", "one-decision, explained"),
        "reservation outside the transaction": ("reservation_in_the_transaction", "reserved, accounts, caps"),
        "follow-up forgotten": ("the_follow_up", "nothing-lost"),
    }
    found = []
    for name, (test, lines) in listed.items():
        found.append(Row("guards", f"{name} turns red exactly its lines", SIM["guards"], lines, tests(test)))
    return [*found, Row("guards", "a role too wide turns red exactly its line", CHECKS, "the power's line", tests("role_too_wide"))]
