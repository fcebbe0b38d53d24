"""The parts of the local cloud that can be looked at without starting it."""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from types import SimpleNamespace

import cloud
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
        self.assertFalse([name for name in found if "BEDROCK" in name])


class Models(unittest.TestCase):
    def test_an_endpoint_may_be_named_as_its_own_pages_name_it(self):
        for named in ("", "/", "/v1", "/v1/", "/v1/chat/completions"):
            self.assertEqual(emulator.model_address(f"http://127.0.0.1:11434{named}"), "http://127.0.0.1:11434", named)
        self.assertEqual(emulator.model_address("https://gpu.example/llm/v1"), "https://gpu.example/llm")

    def test_what_is_no_address_or_would_carry_a_secret_is_refused(self):
        for wrong in ("", "127.0.0.1:11434", "ftp://a/", "http://", "http://a:x/", "http://me:key@a/", "http://a/v1?key=x"):
            with self.assertRaises(emulator.CloudError, msg=wrong):
                emulator.model_address(wrong)

    def test_the_emulator_waits_for_a_model_longer_than_any_function(self):
        """Else its mock would answer for a model that is only slow."""
        with tempfile.TemporaryDirectory() as folder:
            found = emulator.emulator_environment(folder, 4566, model_url="http://127.0.0.1:11434")
        self.assertEqual(found["MINISTACK_BEDROCK_PROXY_URL"], "http://127.0.0.1:11434")
        waits = [int(text) for times in stack.load_template()["Mappings"]["Model"].values() for text in times.values()]
        self.assertGreater(int(found["MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS"]), max(waits))

    def test_a_local_models_parameters_are_the_templates(self):
        given = stack.model_parameters("qwen3:8b")
        self.assertLessEqual(given.keys(), stack.load_template()["Parameters"].keys())
        self.assertIn("qwen3:8b", json.loads(given["ModelPrices"]))

    def test_a_model_is_not_deployed_where_no_endpoint_serves_it(self):
        with tempfile.TemporaryDirectory() as folder:
            with self.assertRaises(emulator.CloudError):
                cloud.chosen_model(SimpleNamespace(model="qwen3:8b", dir=Path(folder)))
            self.assertEqual(cloud.chosen_model(SimpleNamespace(model=None, dir=Path(folder))), {})


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
