"""The parts of the local cloud that can be looked at without starting it."""

import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path

import emulator
import stack


class Sockets(unittest.TestCase):
    def test_only_loopback_addresses_are_loopback(self):
        for address in ("0100007F", "0200007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"):
            self.assertTrue(emulator.is_loopback(address), address)
        for address in ("00000000", "0101A8C0", "0" * 32, "0000000000000000FFFF00000101A8C0"):
            self.assertFalse(emulator.is_loopback(address), address)

    def test_a_process_that_listens_everywhere_is_found_out(self):
        code = "import socket,sys; s=socket.socket(); s.bind((sys.argv[1], 0)); s.listen(); print(1, flush=True); input()"
        for address, is_alone in (("127.0.0.1", True), ("0.0.0.0", False)):
            command = [sys.executable, "-c", code, address]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            with subprocess.Popen(command, start_new_session=True, **pipes) as child:
                child.stdout.readline()
                self.assertEqual(emulator.sockets_are_loopback(child.pid), is_alone, address)
                child.communicate(b"\n")


class Environment(unittest.TestCase):
    def test_nothing_of_the_callers_reaches_a_function_but_the_path(self):
        os.environ["CALLERS_SECRET"] = "x"
        self.addCleanup(os.environ.pop, "CALLERS_SECRET")
        with tempfile.TemporaryDirectory() as folder:
            found = emulator.emulator_environment(folder, 4566)
        self.assertNotIn("CALLERS_SECRET", found)
        self.assertEqual((found["AUTH"], found["BIND_HOST"], found["IOT_MTLS_ENABLED"]), ("true", "127.0.0.1", "0"))


class Packages(unittest.TestCase):
    def test_the_same_binary_gives_the_same_package(self):
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            binary = Path(first) / "worker"
            binary.write_text("#!/bin/sh\n")
            (path, key), (again, other) = (stack.package(binary, Path(folder)) for folder in (first, second))
            self.assertEqual((path.read_bytes(), key), (again.read_bytes(), other))
            with zipfile.ZipFile(path) as archive:
                self.assertEqual(archive.namelist(), ["bootstrap"])

    def test_keys_are_made_once_and_kept_private(self):
        with tempfile.TemporaryDirectory() as folder:
            made = stack.keys(Path(folder))
            self.assertEqual(stack.keys(Path(folder)), made)
            for name in ("issuer/private.pem", "grant-key.json"):
                self.assertEqual((Path(folder) / name).stat().st_mode & 0o777, 0o600)


class Template(unittest.TestCase):
    def test_every_parameter_without_a_default_is_given(self):
        asked = {name for name, value in stack.load_template()["Parameters"].items() if "Default" not in value}
        with tempfile.TemporaryDirectory() as folder:
            self.assertLessEqual(asked, stack.local_parameters(Path(folder)).keys())


if __name__ == "__main__":
    unittest.main()
