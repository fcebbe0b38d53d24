#!/usr/bin/env python3
"""Runs campaigns on a local cloud of its own and prints what they cost: calls, writes, units, dollars, memory, time.

    python3 tests/bench/bench.py [--tasks 200] [--gate]         CHIMERA_BENCH_TASKS says the same as --tasks

Writes target/bench/bench.json. With --gate it exits with 1 where a bar is missed; else only a campaign that does not
finish fails it.
"""

import argparse
import io
import json
import os
import re
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
sys.path.insert(0, str(HERE.parents[1] / "localstack"))

import emulator  # noqa: E402

TASKS_PER_PLAN = 200  # the most a plan can have: 100 posts, and a feed for each
HELD_POSTS = 5
FOOTPRINT_TASKS = 40
PATIENCE_S = 300
RELEASES = ("lambda-release", "release")
REPORT = re.compile(r"^REPORT .*?Billed Duration: (\d+(?:\.\d+)?) ms")
LINE_BYTES = 26  # what CloudWatch adds to each event
OVER = ("finished", "cancelled", "stopped")


def brief(feeds, posts, hold_first=0):
    return {
        "goal": "Tell people about the things in these feeds: one post per article, each with what it really says.",
        "feeds": feeds,
        "posts": posts,
        "hold_first": hold_first,
        "budget": {"minor": 20 * 4 * posts, "currency": "USD"},
        "seed": 1,
    }


def main():
    parser = argparse.ArgumentParser(prog="bench.py", description=__doc__.splitlines()[0])
    default = int(os.environ.get("CHIMERA_BENCH_TASKS", "200"))
    parser.add_argument("--tasks", type=int, default=default, help="tasks of the main campaigns, an even number")
    parser.add_argument("--plan", type=int, default=TASKS_PER_PLAN, help="tasks of one campaign, at most 200")
    parser.add_argument("--dir", type=Path, default=emulator.ROOT / "target" / "bench-cloud")
    parser.add_argument("--out", type=Path, default=emulator.ROOT / "target" / "bench" / "bench.json")
    parser.add_argument("--binaries", type=Path, default=emulator.ROOT / "target" / "debug")
    parser.add_argument("--gate", action="store_true", help="exit with 1 where a bar is missed")
    options = parser.parse_args()
    emulator.enter_venv()
    from report import figures, text

    try:
        folder, plan = options.dir.resolve(), max(2, min(options.plan, TASKS_PER_PLAN))
        measured = measure(folder, options.binaries.resolve(), max(2, options.tasks), plan)
        release = release_binaries()
        footprint = measure(folder, release, FOOTPRINT_TASKS, plan)["phases"] if release else measured["phases"]
    except emulator.CloudError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    zips = zip_sizes(release or options.binaries.resolve(), folder)
    profile = "release" if release else "dev, stripped"
    prices = json.loads((HERE / "prices.json").read_text())
    found = figures(measured, footprint, zips, profile, prices)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=2) + "\n")
    print(text(found))
    print(f"written: {options.out}")
    return 1 if options.gate and not all(bar["ok"] for bar in found["bars"]) else 0


def release_binaries():
    """Where the functions are as they would be deployed, if somebody built them."""
    names = [folder.parent.name for folder in (emulator.ROOT / "functions").glob("*/Cargo.toml")]
    for profile in RELEASES:
        folder = emulator.ROOT / "target" / profile
        if all((folder / name).exists() for name in names):
            return folder
    return None


def zip_sizes(binaries, scratch):
    """Bytes of each function's package: its stripped binary, deflated."""
    from stack import stripped

    (scratch / "packages").mkdir(parents=True, exist_ok=True)
    sizes = {}
    for folder in sorted((emulator.ROOT / "functions").glob("*/Cargo.toml")):
        package = io.BytesIO()
        with zipfile.ZipFile(package, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            archive.writestr("bootstrap", stripped(binaries / folder.parent.name, scratch))
        sizes[folder.parent.name] = len(package.getvalue())
    return sizes


def measure(folder, binaries, tasks, plan):
    """The phases on a cloud of their own: a warm-up that is not counted, the main campaigns, a held one."""
    from bench_cloud import BenchCloud
    from feeds import Feeds
    from meter import Meter

    feeds = Feeds()
    try:
        with BenchCloud(folder, binaries) as cloud:
            meter = Meter(cloud.outputs)
            run = Run(cloud, meter)
            run.phase("warm-up", [brief([feeds.url(900 + n, 1) for n in range(2)], 2)])
            main_phase = run.phase("main", main_briefs(feeds, tasks, plan))
            held = run.phase("held", [brief([feeds.url(800, HELD_POSTS)], HELD_POSTS, hold_first=HELD_POSTS)])
            return {"meter": meter, "phases": [main_phase, held]}
    finally:
        feeds.close()


def main_briefs(feeds, tasks, plan):
    """As many campaigns of at most `plan` tasks as it takes, half of the tasks research and half posts."""
    briefs, number = [], 0
    while tasks > 1:
        half = min(tasks, plan) // 2
        briefs.append(brief([feeds.url(number + n, 1) for n in range(half)], half))
        number, tasks = number + half, tasks - 2 * half
    return briefs


class Run:
    """Phases one after the other on one cloud."""

    def __init__(self, cloud, meter):
        self.cloud, self.meter = cloud, meter

    def phase(self, name, briefs):
        from bench_cloud import STACK, Tenant
        from meter import batches
        from processes import cpu_between, look
        from tally import Phase

        leader = self.cloud.state["pid"]
        tenant = Tenant(self.cloud)
        self.cloud.settle()
        self.learn_functions(look(leader))
        self.meter.read(self.cloud.proxy.take())
        before, offset, began = look(leader), self.cloud.log_end(), time.time()
        tenant.calls = 0
        campaigns = [tenant.start(one) for one in briefs]
        self.follow(tenant, campaigns)
        seconds = time.time() - began
        self.cloud.settle()
        after = look(leader)
        self.learn_functions(after)
        reports, log_bytes = self.logs(began)
        running, gone, own = cpu_between(before, after)
        rows = [tenant.rows(campaign) for campaign in campaigns]
        return Phase(
            name=name,
            calls=self.meter.read(self.cloud.proxy.take()),
            batches=batches(self.cloud.log_since(offset), STACK),
            campaigns=rows,
            seconds=seconds,
            transitions=self.transitions(began, rows),
            invocations={function: len(found) for function, found in reports.items()},
            billed_ms={function: sum(found) for function, found in reports.items()},
            log_bytes=log_bytes,
            api_calls=tenant.calls,
            cpu=({bare(function): spent for function, spent in running.items()}, gone, own),
            cold_starts=len(after.cpu.keys() - before.cpu.keys()),
            peaks=peaks(after),
        )

    def learn_functions(self, seen):
        self.meter.functions |= {key: bare(name) for name, key in seen.functions.values()}

    def follow(self, tenant, campaigns):
        """To the end of every campaign, approving what is held; looks at rows only."""
        moved, last, decided = time.monotonic(), None, set()
        while True:
            rows = {campaign: tenant.rows(campaign) for campaign in campaigns}
            status = [row["status"] for found in rows.values() for row in found if row["sk"] == "META"]
            if all(one in OVER for one in status):
                break
            for campaign, found in rows.items():
                for review in (row for row in found if row["sk"].startswith("REVIEW#")):
                    if review["status"] == "open" and review.get("token") and review["id"] not in decided:
                        tenant.approve(campaign, review["id"])
                        decided.add(review["id"])
            seen = sorted((row["sk"], int(row["version"])) for found in rows.values() for row in found)
            if seen != last:
                moved, last = time.monotonic(), seen
            elif time.monotonic() - moved > PATIENCE_S:
                raise emulator.CloudError(f"nothing has moved for {PATIENCE_S} s; see {self.cloud.log}")
            time.sleep(0.5)
        if set(status) != {"finished"}:
            raise emulator.CloudError(f"the campaigns ended {', '.join(status)}, not finished")

    def logs(self, began):
        """Billed milliseconds of every invocation by function, and what all functions logged, in bytes."""
        logs, reports, size = self.cloud.client("logs"), {}, 0
        groups = logs.describe_log_groups(logGroupNamePrefix="/aws/lambda/")["logGroups"]
        for group in groups:
            name, request = group["logGroupName"], {"startTime": int(began * 1000)}
            function = bare(name.removeprefix("/aws/lambda/"))
            while True:
                page = logs.filter_log_events(logGroupName=name, **request)
                for event in page["events"]:
                    size += len(event["message"].encode()) + LINE_BYTES
                    if billed := REPORT.match(event["message"]):
                        reports.setdefault(function, []).append(float(billed[1]))
                if not page.get("nextToken"):
                    break
                request["nextToken"] = page["nextToken"]
        return reports, size

    def transitions(self, began, campaigns):
        """States entered by the executions of this phase, by the kind of task they were about."""
        from meter import KINDS

        workflows, found = self.cloud.client("stepfunctions"), Counter()
        rows = {row["sk"]: row for rows in campaigns for row in rows}
        arn = self.cloud.outputs["ReviewStateMachineArn"]
        for page in workflows.get_paginator("list_executions").paginate(stateMachineArn=arn):
            for execution in page["executions"]:
                if execution["startDate"].timestamp() < began - 1:
                    continue
                asked = json.loads(workflows.describe_execution(executionArn=execution["executionArn"])["input"])
                review = rows.get(f"REVIEW#{asked['review']}")
                if review is None:
                    continue
                events = workflows.get_execution_history(executionArn=execution["executionArn"], maxResults=1000)["events"]
                kind = KINDS[rows[f"TASK#{review['subject']['task']}"]["work"]]
                found[kind] += sum(event["type"].endswith("StateEntered") for event in events)
        return found


def bare(function):
    from bench_cloud import STACK

    return function.removeprefix(f"{STACK}-")


def peaks(seen):
    found = {}
    for pid, peak in seen.peak.items():
        name = bare(seen.functions[pid][0]) if pid in seen.functions else "?"
        found[name] = max(found.get(name, 0), peak)
    return found


if __name__ == "__main__":
    sys.exit(main())
