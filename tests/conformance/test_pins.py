"""The pins of our servers, from the servers themselves: needs what `make build` and the example `tools` build."""

import re
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "localstack")]

import pins  # noqa: E402

PIN = re.compile(r"sha256:[0-9a-f]{64}")


def known():
    """The names that MCP_PINS takes, as the client lists them."""
    source = (ROOT / "shared" / "mcp" / "src" / "client" / "ours.rs").read_text()
    listed = re.search(r"const DEPLOYED: \[&str; \d+\] =\s*\[([^\]]*)\]", source)
    return sorted(re.findall(r'"([^"]+)"', listed[1]))


class Pins(unittest.TestCase):
    """[T-25]"""

    @classmethod
    def setUpClass(cls):
        cls.pins = pins.pins(pins.BINARIES, [pins.PROGRAM])

    def test_every_server_of_ours_has_a_list_that_is_the_same_after_another_start(self):
        self.assertEqual(sorted(self.pins), known())
        for name, pin in self.pins.items():
            self.assertRegex(pin, PIN, name)

    def test_no_two_servers_have_the_same_list(self):
        self.assertEqual(len(set(self.pins.values())), len(self.pins))

    def test_a_server_that_lists_other_tools_after_another_start_is_named(self):
        count = ROOT / "target" / "pins-count"
        count.unlink(missing_ok=True)
        self.addCleanup(count.unlink, missing_ok=True)
        drifting = f"echo x >> {count}; echo '{{\"pin\": \"'$(wc -l < {count})'\"}}'"
        with self.assertRaisesRegex(pins.PinError, "lists other tools after another start: 1, 2"):
            pins.pins(pins.BINARIES, ["bash", "-c", drifting])


if __name__ == "__main__":
    unittest.main()
