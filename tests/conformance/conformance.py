#!/usr/bin/env python3
"""The official MCP conformance suite against each of our servers, in both revisions of the protocol that they speak.

    python3 tests/conformance/conformance.py [--only mcp-news] [--jobs 2]

Every scenario of the suite is run. What may fail, check by check and with its reason, is in exceptions.json; a check
that fails and is not there fails the run, and so does one that is there and passes.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "localstack"))

import emulator  # noqa: E402

REVISIONS = ("2025-11-25", "2026-07-28")
SUITE = "@modelcontextprotocol/conformance@0.2.0-alpha.10"
# The suite needs Node 22, which npm itself supplies.
PACKAGES = (SUITE, "node@22.23.3")
WRONG = ("FAILURE", "WARNING")
SCENARIO_SECONDS = 60
SCENARIO = re.compile(r"^\s+- (\S+) \[([^\]]*)\]", re.MULTILINE)


@dataclass
class Found:
    """What one scenario gave on one server."""

    server: str
    revision: str
    scenario: str
    passed: int = 0
    wrong: set = field(default_factory=set)
    problem: str = ""


def main():
    parser = argparse.ArgumentParser(prog="conformance.py", description=__doc__.splitlines()[0])
    parser.add_argument("--only", help="this server alone, such as mcp-twitter-read")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "debug")
    options = parser.parse_args()
    emulator.enter_venv()
    from node import NodeError, packages
    from servers import Server, ServerError, names

    try:
        folder = packages("conformance", PACKAGES)
        suite = Suite(folder)
        found = []
        for name in names():
            if options.only in (None, name):
                with Server(name, options.binaries) as server:
                    found += suite.run(server, options.jobs)
    except (NodeError, ServerError) as error:
        print(f"conformance: {error}", file=sys.stderr)
        return 2
    return report(found)


class Suite:
    """The installed suite and its scenarios for servers."""

    def __init__(self, folder):
        modules = folder / "node_modules"
        self.command = [modules / "node" / "bin" / "node", modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"]
        listed = subprocess.run([*self.command, "list"], capture_output=True, text=True, timeout=SCENARIO_SECONDS, check=True).stdout
        ours = listed.partition("Client scenarios")[0]
        self.scenarios = [
            (revision, name) for name, told in SCENARIO.findall(ours) for revision in REVISIONS if revision in told.split(",")
        ]

    def run(self, server, jobs):
        with ThreadPoolExecutor(max_workers=jobs) as pool:
            return list(pool.map(lambda one: self.scenario(server, *one), self.scenarios))

    def scenario(self, server, revision, name):
        found = Found(server.name, revision, name)
        with tempfile.TemporaryDirectory(prefix="conformance-") as folder:
            arguments = ["server", "--url", server.url, "--scenario", name, "--spec-version", revision, "-o", folder]
            try:
                done = subprocess.run([*self.command, *arguments], capture_output=True, text=True, timeout=SCENARIO_SECONDS)
            except subprocess.TimeoutExpired:
                found.problem = f"no end within {SCENARIO_SECONDS} s"
                return found
            results = list(Path(folder).glob("*/checks.json"))
            if not results:
                found.problem = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no results"]
                return found
            for check in json.loads(results[0].read_text()):
                found.passed += check["status"] == "SUCCESS"
                if check["status"] in WRONG:
                    found.wrong.add(check["id"])
        return found


def exceptions():
    """Checks that may fail, by revision and scenario, each with its reason."""
    allowed = {}
    for reason, revisions in json.loads((HERE / "exceptions.json").read_text()).items():
        for revision, scenarios in revisions.items():
            for scenario, checks in scenarios.items():
                allowed.setdefault((revision, scenario), {}).update(dict.fromkeys(checks, reason))
    return allowed


def report(found):
    """Prints a line for each server and everything that is not as it should be; the exit code."""
    allowed, bad, used = exceptions(), [], set()
    for one in found:
        known = set(allowed.get((one.revision, one.scenario), {}))
        where = f"{one.server} {one.revision} {one.scenario}"
        if one.problem:
            bad.append(f"{where}: {one.problem}")
            continue
        bad += [f"{where}: {check} fails" for check in sorted(one.wrong - known)]
        used |= {(one.revision, one.scenario, check) for check in one.wrong & known}
        # Nothing that passes keeps its excuse.
        bad += [f"{where}: {check} passes now; take it out of exceptions.json" for check in sorted(known - one.wrong)]
    for server in dict.fromkeys(one.server for one in found):
        own = [one for one in found if one.server == server]
        apply = [one for one in own if not allowed.get((one.revision, one.scenario))]
        clean = sum(not one.wrong and not one.problem for one in apply)
        checks = sum(one.passed for one in own)
        print(f"{server}: {clean} of {len(apply)} scenarios that apply, {checks} checks passed; {len(own) - len(apply)} scenarios do not apply")
    reasons = {}
    for key in used:
        reason = allowed[key[:2]][key[2]]
        reasons[reason] = reasons.get(reason, 0) + 1
    for reason, count in reasons.items():
        print(f"  {count} checks excepted: {reason}")
    for line in bad:
        print(f"  NOT ok: {line}")
    print(f"conformance: {len(found)} runs, {len(bad)} not as they should be")
    return 1 if bad or not found else 0


if __name__ == "__main__":
    sys.exit(main())
