#!/usr/bin/env python3
"""Whole-system tests on the deployed functions: a cloud of their own, started, used and stopped here.

    python3 tests/e2e [theme ...]        themes are the files beside this one; all of them where none is named
"""

import os
import signal
import sys
import time
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "localstack")]

from emulator import CloudError, down, enter_venv, up
from stack import deploy

THEMES = ("roles", "sockets", "campaign", "audit", "decisions", "forged", "attempts", "outside_world", "reaction", "poison", "wakeups", "twice", "kill", "model")
# These start a cloud of their own, in a folder beneath the others'.
ALONE = ("model",)
FOLDER = Path(os.environ.get("CHIMERA_LOCAL", ROOT / "target" / "e2e-cloud")).resolve()


class Told(unittest.TextTestResult):
    """A line per test with what it measured and how long it took."""

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()
        self.stream.write(f"{test.id()}: ")
        self.stream.flush()

    def stopTest(self, test):
        super().stopTest(test)
        self.stream.writeln(f" [{time.monotonic() - self.began:.1f} s]")
        self.stream.flush()


def main():
    enter_venv()
    themes = sys.argv[1:] or THEMES
    if unknown := sorted(set(themes) - set(THEMES)):
        print(f"e2e: no such theme: {', '.join(unknown)}; there are {', '.join(THEMES)}", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    started = time.monotonic()
    try:
        down(FOLDER)
        if set(themes) - set(ALONE):
            up(FOLDER, 0)
            deploy(FOLDER)
        suite = unittest.defaultTestLoader.loadTestsFromNames(themes)
        result = unittest.TextTestRunner(sys.stdout, resultclass=Told, verbosity=0).run(suite)
    except CloudError as error:
        print(f"e2e: {error}", file=sys.stderr)
        return 1
    finally:
        for folder in (FOLDER, *(FOLDER / theme for theme in themes if theme in ALONE)):
            down(folder)
    print(f"e2e: {result.testsRun} tests in {time.monotonic() - started:.0f} s with the cloud's start and end")
    return 0 if result.wasSuccessful() and result.testsRun and not result.skipped else 1


if __name__ == "__main__":
    sys.exit(main())
