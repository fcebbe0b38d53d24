"""Prism, which plays a service as its document has it, and a door before it that sees every request and judges it."""

import http.client
import json
import re
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from documents import plain

START_SECONDS = 180
ANSWER_SECONDS = 30
LISTENING = re.compile(r"Prism is listening on http://127\.0\.0\.1:(\d+)")
# A part of a path that asks for a documented status the first time that method and path fit: `~404~GET~by-name`.
SCENE = re.compile(r"~(\d{3})~([A-Z]+)~([^/]+)")
PRISMS_OWN = "https://stoplight.io/prism/errors#"
# Prism gives the least number there is where only a format bounds it.
LEAST_SENSIBLE = -1e9
NOT_PASSED_ON = {"host", "connection", "content-length", "prefer"}


class MockError(Exception):
    """Something a person must see."""


@dataclass
class Exchange:
    """A request that was made, and what is wrong with it."""

    name: str
    status: int
    body: bytes
    wrong: list = field(default_factory=list)


class Prism:
    """`prism mock` on one document. Not with --errors: what a request breaks is told without it too, and with it an example
    that does not fit the document's own schema becomes an error."""

    def __init__(self, folder, document):
        self.log = tempfile.NamedTemporaryFile(prefix="prism-")
        modules = folder / "node_modules"
        command = [modules / "node" / "bin" / "node", modules / "@stoplight" / "prism-cli" / "dist" / "index.js"]
        arguments = ["mock", "--host", "127.0.0.1", "--port", "0", str(document.path.resolve())]
        self.process = subprocess.Popen([*command, *arguments], stdout=self.log, stderr=subprocess.STDOUT)
        self.port = self.listening()

    def listening(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            with open(self.log.name, encoding="utf-8", errors="replace") as log:
                told = log.read()
            if found := LISTENING.search(told):
                return int(found[1])
            if ended:
                break
            time.sleep(0.1)
        self.end()
        raise MockError(f"prism did not start: {told.strip()[-400:]}")

    def end(self):
        self.process.terminate()
        self.process.wait(ANSWER_SECONDS)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


class Door:
    """Passes requests on to Prism and keeps what was asked. `changes` and `undocumented` are exceptions.json's."""

    def __init__(self, document, port, changes=None, undocumented=None):
        self.document, self.port = document, port
        self.changes, self.undocumented = changes or {}, undocumented or {}
        self.exchanges, self.used, self.played, self.fault = [], set(), set(), None
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler(self))
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def take(self):
        """What was asked since the last time. Scenes can be played again."""
        taken, self.exchanges, self.played = self.exchanges, [], set()
        return taken

    def answer(self, method, target, headers, body):
        """Status, content type and body of the answer."""
        split = urlsplit(target)
        path = re.sub("^/+", "/", SCENE.sub("", split.path))
        operation = self.document.find(method, path)
        if operation is None:
            return self.unknown(f"{method} {path}")
        exchange = Exchange(operation.name, 0, b"")
        names = {name for name, _ in parse_qsl(split.query, keep_blank_values=True)}
        exchange.wrong += [f"the document has no query parameter {name}" for name in sorted(names - operation.queries)]
        code = self.scene(split.path, method, path)
        if self.fault and self.fault[0] == operation.name:
            code = self.fault[1]
        headers = headers | ({"Prefer": f"code={code}"} if code else {})
        inner = path.removeprefix(self.document.prefix) + (f"?{split.query}" if split.query else "")
        status, told, content = self.ask(method, inner, headers, body)
        exchange.wrong += violations(told, content)
        exchange.status, exchange.body = status, content
        self.exchanges.append(exchange)
        if status < 300 and content:
            content = self.changed(operation.name, content)
        return status, told.get("content-type", "application/json"), content

    def scene(self, whole, method, path):
        """The status that the path itself asks for."""
        scenes = SCENE.findall(whole)
        for code, of, word in scenes:
            key = (*scenes, word)
            if of == method and word in path and key not in self.played:
                self.played.add(key)
                return code
        return None

    def ask(self, method, target, headers, body):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_SECONDS)
        try:
            connection.request(method, target, body, headers)
            response = connection.getresponse()
            return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
        finally:
            connection.close()

    def unknown(self, name):
        exception = self.undocumented.get(name)
        exchange = Exchange(name, 200 if exception else 404, b"")
        self.exchanges.append(exchange)
        if exception is None:
            exchange.wrong.append("the document has no such operation")
            return 404, "application/json", b"{}"
        self.used.add(name)
        return 200, "application/json", json.dumps(exception["answer"]).encode()

    def changed(self, name, content):
        value = sensible(json.loads(content))
        for which, exception in self.changes.items():
            if which == "*" or plain(which) == plain(name):
                self.used.add(which)
                value = merged(value, exception["change"])
        return json.dumps(value).encode()

    def end(self):
        self.server.shutdown()
        self.server.server_close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()


def violations(headers, content):
    """What Prism says that a request breaks."""
    wrong = []
    for one in json.loads(headers.get("sl-violations", "[]")):
        if one["location"][:1] == ["request"]:
            wrong.append(f"{'.'.join(map(str, one['location']))}: {one['message'][:200]}")
    if "problem+json" in headers.get("content-type", "") and PRISMS_OWN.encode() in content:
        problem = json.loads(content)
        wrong.append(f"{problem['type'].removeprefix(PRISMS_OWN)}: {problem.get('detail', '')[:200]}")
    return wrong


def merged(value, change):
    """RFC 7386; and what changes an object changes each of a list."""
    if isinstance(value, list) and isinstance(change, dict):
        return [merged(one, change) for one in value]
    if not isinstance(change, dict):
        return change
    value = dict(value) if isinstance(value, dict) else {}
    for name, part in change.items():
        if part is None:
            value.pop(name, None)
        else:
            value[name] = merged(value.get(name), part)
    return value


def sensible(value):
    """With numbers that could be."""
    if isinstance(value, dict):
        return {name: sensible(part) for name, part in value.items()}
    if isinstance(value, list):
        return [sensible(part) for part in value]
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return 1 if is_number and value < LEAST_SENSIBLE else value


def handler(door):
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def handle_any(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0))) or None
            headers = {name: value for name, value in self.headers.items() if name.lower() not in NOT_PASSED_ON}
            status, kind, content = door.answer(self.command, self.path, headers, body)
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if status != 204:
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *_):
            """Says nothing: what is wrong is reported."""

    return Handler
