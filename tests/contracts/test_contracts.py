"""The runner itself, on a document and a mock of its own. Nothing is asked beyond this machine."""

import io
import json
import tempfile
import threading
import unittest
import urllib.request
from contextlib import redirect_stdout
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from contracts import BACKENDS, Checked, ContractError, check, paths, report
from documents import Document, DocumentError, plain
from mock import Door, merged, sensible, violations

SPEC = {
    "basePath": "/v1",
    "parameters": {"Tenant": {"name": "tenant", "in": "query"}},
    "paths": {
        "/things/{id}": {"get": {"parameters": [{"$ref": "#/parameters/Tenant"}], "responses": {"200": {}, "404": {}}}},
        "/things/all": {"get": {"responses": {"200": {}, "default": {}}}, "post": {"responses": {"200": {}}}},
    },
}
PROGRAM = """#!/usr/bin/env python3
import json, sys, urllib.request, urllib.error
try:
    told = json.load(urllib.request.urlopen(sys.argv[1] + "/v1/things/7?tenant=t1"))["state"]
except urllib.error.HTTPError as error:
    told = f"answered {error.code}"
print(json.dumps({"operation": "GET /v1/things/{thing}", "ok": True, "told": told}))
"""


def document(spec=None):
    file = tempfile.NamedTemporaryFile("w", suffix=".json")
    json.dump(spec or SPEC, file)
    file.flush()
    return Document(file.name)


class FakePrism(BaseHTTPRequestHandler):
    """Answers every request, and with the status that is preferred."""

    def do_GET(self):
        code = int(self.headers.get("Prefer", "code=200").removeprefix("code="))
        content = json.dumps({"state": "unheard of", "count": -9007199254740991}).encode()
        self.send_response(code)
        if "bad" in self.path:
            wrong = {"location": ["request", "path", "id"], "message": "must be a number"}
            self.send_header("sl-violations", json.dumps([wrong, {"location": ["response"], "message": "own"}]))
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_):
        """Says nothing."""


class WithDoor(unittest.TestCase):
    def setUp(self):
        prism = HTTPServer(("127.0.0.1", 0), FakePrism)
        threading.Thread(target=prism.serve_forever, daemon=True).start()
        changes = {"GET /v1/things/{id}": {"change": {"state": "done"}}}
        undocumented = {"GET /v1/other": {"answer": {"by": "hand"}}}
        self.door = Door(document(), prism.server_port, changes, undocumented)
        self.addCleanup(prism.server_close)
        self.addCleanup(prism.shutdown)
        self.addCleanup(self.door.end)

    def ask(self, path):
        try:
            with urllib.request.urlopen(self.door.url + path) as response:
                return response.status, json.load(response)
        except urllib.error.HTTPError as error:
            return error.code, None

    def test_a_request_is_passed_on_and_its_answer_changed_as_excepted(self):
        self.assertEqual(self.ask("/v1/things/7?tenant=t1"), (200, {"state": "done", "count": 1}))
        [exchange] = self.door.take()
        self.assertEqual((exchange.name, exchange.wrong), ("GET /v1/things/{id}", []))

    def test_what_the_document_does_not_have_is_wrong(self):
        for path, wrong in (
            ("/v1/things/7?colour=red", ["the document has no query parameter colour"]),
            ("/v1/things/bad", ["request.path.id: must be a number"]),
            ("/v1/nothing", ["the document has no such operation"]),
            ("/things/7", ["the document has no such operation"]),
            ("/v1/other", []),
        ):
            self.ask(path)
            self.assertEqual(self.door.take()[0].wrong, wrong, path)
        self.assertEqual(self.door.used, {"GET /v1/things/{id}", "GET /v1/other"})

    def test_a_scene_and_a_fault_ask_for_a_documented_status(self):
        self.assertEqual([self.ask("/~404~GET~things/v1/things/7")[0] for _ in range(2)], [404, 200])
        self.door.take()
        self.assertEqual(self.ask("/~404~GET~things/v1/things/7")[0], 404)
        self.assertEqual(self.ask("/~404~POST~things/v1/things/7")[0], 200)
        self.door.fault = ("GET /v1/things/all", 503)
        self.assertEqual(self.ask("/v1/things/all")[0], 503)
        self.assertEqual(self.ask("/v1/things/7")[0], 200)

    def test_a_backend_is_checked_with_every_documented_error(self):
        with tempfile.TemporaryDirectory() as folder:
            program = Path(folder) / "calls"
            program.write_text(PROGRAM)
            program.chmod(0o755)
            [one] = check("any", self.door, program)
            self.assertEqual((one.name, one.requests, one.errors, one.wrong), ("GET /v1/things/{thing}", 1, 1, []))
            program.write_text(PROGRAM.replace("answered {error.code}", "no idea"))
            [one] = check("any", self.door, program)
            self.assertEqual(one.wrong, ["a documented 404 was not understood: ['no idea']"])
            self.door.changes = {}
            [one] = check("any", self.door, program)
            self.assertEqual(one.wrong, ["its answer was not read: unheard of"])


class Documents(unittest.TestCase):
    def test_the_more_exact_operation_goes_first(self):
        found = document().find
        self.assertEqual(found("GET", "/v1/things/all").template, "/things/all")
        self.assertEqual((found("GET", "/v1/things/8").queries, found("GET", "/v1/things/8").errors), ({"tenant"}, (404,)))
        self.assertIn(429, found("GET", "/v1/things/all").errors)
        self.assertIsNone(found("DELETE", "/v1/things/all"))
        self.assertIsNone(found("GET", "/v1/things/8/parts"))
        self.assertEqual(plain("GET /a/{b}/c"), plain("GET /a/{x}/c"))

    def test_what_is_no_document_is_refused(self):
        for text in ("", "{", "a: [", "paths: {}", "[]"):
            with tempfile.NamedTemporaryFile("w") as file:
                file.write(text)
                file.flush()
                self.assertRaises(DocumentError, Document, file.name)

    def test_a_document_that_is_not_given_is_named(self):
        variable = BACKENDS["cdp"][0]
        for environment in ({}, {variable: ""}, {variable: "/nowhere/cdp.yaml"}):
            with self.assertRaisesRegex(ContractError, variable):
                paths(["cdp"], environment)
        self.assertEqual(paths(["cdp"], {variable: __file__}), {"cdp": Path(__file__)})


class Parts(unittest.TestCase):
    def test_a_change_reaches_into_lists_and_takes_away(self):
        value = {"data": [{"id": "string", "errors": []}], "errors": [1]}
        change = {"data": {"id": "7", "errors": None}, "errors": None}
        self.assertEqual(merged(value, change), {"data": [{"id": "7"}]})
        self.assertEqual(sensible([-9007199254740991, -3.4e38, -5, True]), [1, 1, -5, True])

    def test_prisms_own_refusal_is_a_violation(self):
        problem = json.dumps({"type": "https://stoplight.io/prism/errors#NO_PATH_MATCHED_ERROR", "detail": "no"}).encode()
        self.assertEqual(violations({"content-type": "application/problem+json"}, problem), ["NO_PATH_MATCHED_ERROR: no"])
        self.assertEqual(violations({"content-type": "application/problem+json"}, b'{"type": "about:blank"}'), [])

    def test_anything_wrong_fails_the_run_and_so_does_an_exception_that_nobody_needs(self):
        good, bad = Checked("cdp", "GET /a", 1), Checked("cdp", "GET /b", 1, wrong=["it is bad"])
        for checked, stale, code in (([good], [], 0), ([good, bad], [], 1), ([good], ["cdp GET /c"], 1), ([], [], 1)):
            with redirect_stdout(io.StringIO()) as told:
                self.assertEqual(report(checked, stale, 1), code)
        self.assertIn("contracts: 0 operations of 1 documents, 0 violations", told.getvalue())

    def test_every_exception_says_why(self):
        exceptions = json.loads((Path(__file__).parent / "exceptions.json").read_text())
        for kind in exceptions.values():
            self.assertLessEqual(set(kind), set(BACKENDS))
            self.assertTrue(all(one["why"] for backend in kind.values() for one in backend.values()))


if __name__ == "__main__":
    unittest.main()
