#!/usr/bin/env python3
"""Runs a check for every line of what is promised, and prints a table: claim, command, figure, bar, ok.

    python3 tests/prove/prove.py {swarm,judge,mcp,planner} [--only WORD ...] [--list] [--out FILE]

Exits with 0 when every row holds. A row whose check is not there, did not run or said nothing fails; no row is left out.
Sizes come from the environment (see each table's SIZES); what the commands printed is kept under target/prove.
"""

import argparse
import json
import os
import shlex
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import judge
import mcp
import planner
import swarm
from runs import OUT, Runs

TABLES = {"swarm": swarm, "judge": judge, "mcp": mcp, "planner": planner}

COLUMNS = ("claim", "command", "figure", "bar", "ok")
WIDTHS = (58, 46, 44, 24, 3)


def main():
    parser = argparse.ArgumentParser(prog="prove.py", description=__doc__.splitlines()[0])
    parser.add_argument("table", choices=TABLES)
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="only rows whose claim or group has it")
    parser.add_argument("--list", action="store_true", help="print the rows without running anything")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    table = TABLES[options.table]
    wanted = [row for row in table.rows() if is_wanted(row, options.only)]
    if options.list:
        for row in wanted:
            print(f"{row.group:10} {row.claim}\n{'':10} {shlex.join(row.step.argv)}")
        return 0
    if not wanted:
        print("prove: no row has that word", file=sys.stderr)
        return 2
    return prove(wanted, table.SIZES, options.out or OUT / f"{options.table}.json")


def is_wanted(row, words):
    return not words or any(word in row.group or word in row.claim for word in words)


def prove(wanted, sizes, out):
    OUT.mkdir(parents=True, exist_ok=True)
    print(f"sizes: {', '.join(f'{name}={value}' for name, value in sizes.items())}")
    print(f"what the commands print: {os.path.relpath(OUT)}/*.log")
    began, told = time.monotonic(), []
    with Runs() as runs:
        for row in wanted:
            told.append(tell(row, runs))
    print_table(told)
    failed = [line for line in told if not line["ok"]]
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps({"sizes": sizes, "rows": told}, indent=2) + "\n")
    minutes = (time.monotonic() - began) / 60
    print(f"prove: {len(told) - len(failed)} of {len(told)} rows hold, {minutes:.1f} minutes; written to {out}")
    for line in failed:
        print(f"  does not hold: {line['claim']}: {line['figure']}", file=sys.stderr)
    return 1 if failed else 0


def tell(row, runs):
    """One row of the table. Whatever goes wrong in looking is a row that fails."""
    try:
        done = runs.of(row.step)
        figure, ok = row.look(done)
    except Exception as error:  # a figure that is not there is told as such, and the other rows go on
        figure, ok = f"no figure: {type(error).__name__}: {error}", False
    line = {"group": row.group, "claim": row.claim, "command": shlex.join(row.step.argv), "figure": figure, "bar": row.bar, "ok": ok}
    print(f"  {'ok' if ok else 'NO':3} {row.claim}: {figure}", flush=True)
    return line


def print_table(told):
    print()
    print(" | ".join(name.ljust(width) for name, width in zip(COLUMNS, WIDTHS)).rstrip())
    print("-+-".join("-" * width for width in WIDTHS))
    group = None
    for line in told:
        if line["group"] != group:
            group = line["group"]
            print(f"[{group}]")
        cells = (line["claim"], line["command"], line["figure"], line["bar"], "yes" if line["ok"] else "NO")
        print(" | ".join(clip(cell, width) for cell, width in zip(cells, WIDTHS)).rstrip())
    print()


def clip(text, width):
    text = " ".join(str(text).split())
    return (text if len(text) <= width else text[: width - 1] + "…").ljust(width)


if __name__ == "__main__":
    os.chdir(Path(__file__).resolve().parents[2])
    sys.exit(main())
