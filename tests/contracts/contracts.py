#!/usr/bin/env python3
"""The live backends of Weaviate, CDP and X against those services' published OpenAPI documents, played by Prism.

    CHIMERA_OPENAPI_WEAVIATE=… CHIMERA_OPENAPI_CDP=… CHIMERA_OPENAPI_X=… python3 tests/contracts/contracts.py [--only cdp]

Every operation of a backend is made once, by an example program of its crate; then once more for every error that the
document has for it. It fails for a request that the document does not allow, for an operation or a query parameter that it
does not have, and for an answer that the backend could not make sense of. exceptions.json says what is excepted, and why.
"""

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(ROOT / "localstack"), str(ROOT / "tests" / "conformance")]

import emulator  # noqa: E402

# Prism asks for Node 24, which npm itself supplies.
PACKAGES = ("@stoplight/prism-cli@5.16.0", "node@24.18.1")
# Backend: where its document is, and the program that makes its calls.
BACKENDS = {
    "weaviate": ("CHIMERA_OPENAPI_WEAVIATE", "weaviate_live_calls"),
    "cdp": ("CHIMERA_OPENAPI_CDP", "cdp_live_calls"),
    "x": ("CHIMERA_OPENAPI_X", "x_live_calls"),
}
CALLS_SECONDS = 120


class ContractError(Exception):
    """Something a person must see."""


@dataclass
class Checked:
    """What became of one operation."""

    backend: str
    name: str
    requests: int = 0
    errors: int = 0
    wrong: list = field(default_factory=list)


def main():
    parser = argparse.ArgumentParser(prog="contracts.py", description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=BACKENDS, help="this backend alone")
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "debug" / "examples")
    options = parser.parse_args()
    wanted = [options.only] if options.only else list(BACKENDS)
    try:
        given = paths(wanted, os.environ)
        emulator.enter_venv()
        return run(given, options.binaries)
    except ContractError as error:
        print(f"contracts: {error}", file=sys.stderr)
        return 2


def paths(wanted, environment):
    """Where the documents are. None of them is part of the project."""
    missing = [BACKENDS[one][0] for one in wanted if not environment.get(BACKENDS[one][0])]
    if missing:
        raise ContractError(f"no document: set {', '.join(missing)} to the path of the published OpenAPI document")
    given = {one: Path(environment[BACKENDS[one][0]]) for one in wanted}
    absent = [f"{BACKENDS[one][0]}={path}" for one, path in given.items() if not path.is_file()]
    if absent:
        raise ContractError(f"there is no file {', '.join(absent)}")
    return given


def run(given, binaries):
    from documents import Document, DocumentError
    from mock import Door, MockError, Prism
    from node import NodeError, packages

    exceptions = json.loads((HERE / "exceptions.json").read_text())
    checked, stale = [], []
    try:
        folder = packages("contracts", PACKAGES)
        for backend, path in given.items():
            document = Document(path)
            changes, undocumented = exceptions["answers"].get(backend, {}), exceptions["undocumented"].get(backend, {})
            with Prism(folder, document) as prism, Door(document, prism.port, changes, undocumented) as door:
                checked += check(backend, door, binaries / BACKENDS[backend][1])
                stale += [f"{backend} {name}" for name in sorted({*changes, *undocumented} - door.used)]
    except (DocumentError, MockError, NodeError) as error:
        raise ContractError(str(error)) from error
    return report(checked, stale, len(given))


def check(backend, door, program):
    """Every operation of a backend: made once, and met by each of its documented errors."""
    lines = calls(program, door.url)
    exchanges = door.take()
    checked = {name: Checked(backend, name) for name in dict.fromkeys(line["operation"] for line in lines)}
    for exchange in exchanges:
        name = named(exchange.name, checked)
        one = checked.setdefault(name, Checked(backend, name, wrong=["it is made and the program does not name it"]))
        one.requests += 1
        one.wrong += [wrong for wrong in exchange.wrong if wrong not in one.wrong]
    for line in lines:
        if not line["ok"] or line["told"] != "done":
            checked[line["operation"]].wrong.append(f"its answer was not read: {line['told']}")
    for one in checked.values():
        if one.requests == 0:
            one.wrong.append("it was not made")
        documented = [known for known in door.document.operations if same(known.name, one.name)]
        # What cannot even be asked for meets no error.
        for operation in documented if not one.wrong else []:
            one.errors += len(operation.errors)
            for status in operation.errors:
                one.wrong += met_by(door, program, one.name, operation, status)
    return list(checked.values())


def met_by(door, program, name, operation, status):
    """What is wrong with what a backend makes of one documented error."""
    door.fault = (operation.name, status)
    try:
        lines = calls(program, door.url, name)
    finally:
        door.fault = None
    answers = [exchange for exchange in door.take() if exchange.name == operation.name and exchange.status == status]
    if not answers:
        return [f"a documented {status} could not be played"]
    words = said(answers[0].body) | {str(status)}
    # It may also go on without what was refused.
    fine = [line["ok"] and (line["told"] in ("done", "nothing") or any(word in line["told"] for word in words)) for line in lines]
    return [] if lines and all(fine) else [f"a documented {status} was not understood: {[line['told'] for line in lines]}"]


def said(body):
    """The texts in an answer."""
    try:
        value = json.loads(body)
    except ValueError:
        return set()
    texts, rest = set(), [value]
    while rest:
        one = rest.pop()
        rest += one.values() if isinstance(one, dict) else one if isinstance(one, list) else []
        if isinstance(one, str) and len(one) > 2:
            texts.add(one)
    return texts


def calls(program, url, *only):
    """What the program says of its calls, one line each."""
    if not program.exists():
        raise ContractError(f"{program} is missing; run `make mcp-contracts`")
    try:
        done = subprocess.run([program, url, *only], capture_output=True, text=True, timeout=CALLS_SECONDS)
    except subprocess.TimeoutExpired as error:
        raise ContractError(f"{program.name} did not end within {CALLS_SECONDS} s") from error
    if done.returncode:
        raise ContractError(f"{program.name} ended with {done.returncode}: {done.stderr.strip()[-400:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def same(one, other):
    from documents import plain

    return plain(one) == plain(other)


def named(name, known):
    """The name that the program has for an operation."""
    return next((one for one in known if same(one, name)), name)


def report(checked, stale, documents):
    """Prints a line for each operation and everything that is wrong; the exit code."""
    for one in checked:
        state = "NOT ok" if one.wrong else "ok"
        print(f"{state}  {one.backend}  {one.name}: {one.requests} requests, {one.errors} documented errors")
        for wrong in one.wrong:
            print(f"        {wrong}")
    for name in stale:
        print(f"NOT ok  {name}: nobody asked for it; take it out of exceptions.json")
    violations = sum(len(one.wrong) for one in checked) + len(stale)
    print(f"contracts: {len(checked)} operations of {documents} documents, {violations} violations")
    return 1 if violations or not checked else 0


if __name__ == "__main__":
    sys.exit(main())
