#!/usr/bin/env python3
"""The value of the parameter McpPins: the digest of the tool list of each of our servers, as they are built here.

    python3 tests/conformance/pins.py [--program target/debug/examples/tools]

Every server of template.yaml is started as a plain process and asked for its list by our own client, which makes the digest
(shared/mcp/examples/tools.rs); then all of it once more, because a list that is another one after the next start is none to be
pinned. One line of JSON comes out; a server that cannot be pinned ends the run with 1, what is missing here with 2.
"""

import argparse
import json
import shlex
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "localstack"))

import emulator  # noqa: E402

BINARIES = ROOT / "target" / "debug"
PROGRAM = str(BINARIES / "examples" / "tools")
STARTS = 2
ASK_SECONDS = 60


class PinError(Exception):
    """A server whose list cannot be pinned."""


def main():
    parser = argparse.ArgumentParser(prog="pins.py", description=__doc__.splitlines()[0])
    parser.add_argument("--binaries", type=Path, default=BINARIES)
    parser.add_argument("--program", default=PROGRAM, help="what asks a server for its list: the URL is appended")
    options = parser.parse_args()
    emulator.enter_venv()
    from servers import ServerError

    try:
        print(json.dumps(pins(options.binaries, shlex.split(options.program))))
    except PinError as error:
        print(f"pins: {error}", file=sys.stderr)
        return 1
    except (OSError, ServerError) as error:
        print(f"pins: {error}", file=sys.stderr)
        return 2
    return 0


def pins(binaries, program):
    """The pin of each server, by the name under which shared/mcp/src/client/ours.rs knows it."""
    from servers import names

    found = {}
    for name in names():
        seen = {digest(name, binaries, program) for _ in range(STARTS)}
        if len(seen) > 1:
            raise PinError(f"{name} lists other tools after another start: {', '.join(sorted(seen))}")
        found[name.removeprefix("mcp-")] = seen.pop()
    return found


def digest(name, binaries, program):
    """The digest of one server's list, after a start of its own."""
    from servers import Server

    with Server(name, binaries) as server:
        done = subprocess.run([*program, server.url], capture_output=True, text=True, timeout=ASK_SECONDS)
    if done.returncode:
        raise PinError(f"{name} cannot be asked: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)["pin"]


if __name__ == "__main__":
    sys.exit(main())
