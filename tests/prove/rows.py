"""A row of a table, the commands behind rows, and how figures are read from what they print."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from runs import CLOUD, PYTHON, ROOT, Step

FEEDS = Path(os.environ.get("PROVE_FEEDS", ROOT.parent / "shared" / "data" / "feeds")).resolve()
CARGO = os.environ.get("CARGO", "cargo")
SUMMARY = ROOT / "target" / "demo" / "summary.json"
E2E = ROOT / "tests" / "e2e"


@dataclass
class Row:
    """One line of the table. `look` gives (figure, ok) from what the command left."""

    group: str
    claim: str
    step: Step
    bar: str
    look: Callable


def size(name, full):
    """How much a long check does: as the environment says, else in full."""
    return int(os.environ.get(name, full))


def feed(name):
    """One of the real feeds, which are no part of the project."""
    return FEEDS / name


# ------------------------------------------------------------------ the commands


def demo(name, path=None):
    """`make demo`, on its own feed or on this one."""
    argv = ("make", "demo", "DECIDE=approve", *((f"FEED={path}",) if path else ()))
    return Step(f"demo-{name}", argv, writes=SUMMARY, needs=path)


def cargo(name, *arguments, env=None):
    """A test program, perhaps of another size than usual."""
    told = tuple((key, str(value)) for key, value in (env or {}).items())
    return Step(f"cargo-{name}", (CARGO, "test", "--locked", *arguments), env=told)


def story(name, env=None):
    """The simulated stories of one file of `tests/sim/tests/scenarios`."""
    return cargo(f"sim-{name}", "-p", "chimera-sim", "--test", "scenarios", f"{name}::", env=env)


def e2e(module):
    """A theme of the end-to-end tests, on the deployed functions."""
    env = (("CHIMERA_LOCAL", str(CLOUD)), ("CHIMERA_DECISIONS", str(size("PROVE_DECISIONS", 1_000))))
    argv = (PYTHON, "-m", "unittest", "-v", module)
    return Step(f"e2e-{module}", argv, folder=E2E, env=env, needs_cloud=True, needs=E2E / f"{module}.py")


STORIES = ("spine", "effects", "faults", "human", "guards", "replan")
SIM = {name: story(name) for name in STORIES}
CHECKS = cargo("checks", "-p", "chimera-checks", "--test", "access")


# ------------------------------------------------------------------ how figures are read


def ended(done):
    """Raises what kept a command from being one."""
    if done.problem:
        raise RuntimeError(done.problem)
    return done


def tests(*patterns):
    """Every test that a pattern names ran and passed; a pattern that names none is a check that is not there."""

    def look(done):
        found, missing = {}, []
        for pattern in patterns:
            named = {name: result for name, result in ended(done).tests.items() if re.search(pattern, name)}
            found |= named
            missing += [] if named else [pattern]
        failed = [name for name, result in found.items() if result != "ok"]
        if missing:
            return f"no test ran that is called {', '.join(missing)} (exit {done.code})", False
        figure = f"{len(found) - len(failed)} of {len(found)} tests"
        return (f"{figure}; failed: {', '.join(failed)}" if failed else figure), not failed

    return look


def whole_suite(at_least):
    """The command succeeded and ran at least so many tests, all of which passed."""

    def look(done):
        passed = sum(result == "ok" for result in ended(done).tests.values())
        return f"{passed} of {len(done.tests)} tests, exit {done.code}", done.code == 0 and passed == len(done.tests) >= at_least

    return look


def summary(look):
    """A demo that ended well, and what `look` finds in its summary."""

    def read(done):
        if ended(done).written is None:
            return f"no summary, exit {done.code}", False
        figure, ok = look(done.written)
        broken = [promise["id"] for promise in done.written["promises"] if not promise["held"]]
        if done.code or broken:
            return f"{figure}; exit {done.code}, broken: {', '.join(broken) or 'none'}", False
        return figure, ok

    return read
