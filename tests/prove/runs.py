"""The commands behind the rows: each runs once, whatever the number of rows that read it."""

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / "target" / "prove"
CLOUD = OUT / "cloud"
PYTHON = str(ROOT / ".venv" / "bin" / "python")
# Longer than any command needs on a small machine; what hangs becomes a row that fails.
LIMIT_S = float(os.environ.get("PROVE_LIMIT_SECONDS", "2700"))

CARGO_TEST = re.compile(r"^test (?P<name>\S+)(?: - should panic)? \.\.\. (?P<result>\w+)", re.MULTILINE)
# unittest's own word ends a test's line or, after what the test printed, stands on a later one.
UNITTEST = re.compile(
    r"^(?P<name>test_\w+) \([\w.]+\).*?\b(?P<result>ok|FAIL|ERROR|skipped)\b", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Step:
    """One command."""

    name: str
    argv: tuple
    folder: Path = ROOT
    env: tuple = ()
    # A file that the command writes and that is read as JSON afterwards; one from an earlier run is removed first.
    writes: Path = None
    needs_cloud: bool = False
    needs_build: bool = False
    # A file without which there is nothing to run yet.
    needs: Path = None


@dataclass
class Done:
    """A command that has ended, and what it said."""

    code: int
    text: str
    seconds: float
    written: dict = None
    problem: str = ""
    tests: dict = field(default_factory=dict)


class Runs:
    """Runs steps, each once; the cloud of the end-to-end tests is up from the first that needs it to the end."""

    def __init__(self):
        self.done = {}
        self.build_problem = None
        self.cloud_problem = None
        self.is_cloud_up = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.is_cloud_up:
            cloud("down")

    def of(self, step):
        if step.name not in self.done:
            print(f"  ... {' '.join(step.argv)}", flush=True)
            self.done[step.name] = self.run(step)
        return self.done[step.name]

    def run(self, step):
        if step.needs and not step.needs.exists():
            return Done(1, "", 0, problem=f"{os.path.relpath(step.needs, ROOT)} is not there")
        if step.needs_build and (problem := self.build()):
            return Done(1, "", 0, problem=problem)
        if step.needs_cloud and (problem := self.bring_cloud_up()):
            return Done(1, "", 0, problem=problem)
        if step.writes:
            step.writes.unlink(missing_ok=True)
        began = time.monotonic()
        code, text, problem = call(step.argv, step.folder, dict(step.env), OUT / f"{step.name}.log")
        done = Done(code, text, time.monotonic() - began, problem=problem)
        done.tests = {found["name"].split("::")[-1]: found["result"] for found in CARGO_TEST.finditer(text)}
        done.tests |= {found["name"]: found["result"] for found in UNITTEST.finditer(text)}
        if step.writes and step.writes.exists():
            done.written = json.loads(step.writes.read_text())
        return done

    def build(self):
        """Once: the functions, and what the local cloud needs; gives what went wrong."""
        if self.build_problem is None:
            code, _, _ = call(("make", "build", ".venv/requirements.sha256"), ROOT, {}, OUT / "build.log")
            self.build_problem = "make build failed; see target/prove/build.log" if code else ""
        return self.build_problem

    def bring_cloud_up(self):
        """Once: starts a cloud of its own and deploys the stack there; gives what went wrong."""
        if self.cloud_problem is None:
            self.cloud_problem = self.build()
            for command, more in (("up", ("--port", "0")), ("deploy", ())):
                self.is_cloud_up = True
                if not self.cloud_problem and cloud(command, *more):
                    self.cloud_problem = f"cloud {command} failed; see target/prove/cloud-{command}.log"
        return self.cloud_problem


def cloud(command, *more):
    """One command of the local cloud, on the folder of these proofs."""
    argv = (sys.executable, "localstack/cloud.py", command, "--dir", str(CLOUD), *more)
    return call(argv, ROOT, {}, OUT / f"cloud-{command}.log")[0]


def call(argv, folder, env, log):
    """Runs a command, keeps what it says in a file: (exit code, text, problem)."""
    log.parent.mkdir(parents=True, exist_ok=True)
    problem = ""
    with open(log, "wb") as out:
        try:
            code = subprocess.run(
                argv,
                cwd=folder,
                env=os.environ | env,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                timeout=LIMIT_S,
                check=False,
            ).returncode
        except subprocess.TimeoutExpired:
            code, problem = 124, f"not within {LIMIT_S:.0f} s"
        except OSError as error:
            code, problem = 127, str(error)
    return code, log.read_text(errors="replace"), problem
