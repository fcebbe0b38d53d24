#!/usr/bin/env python3
"""Calls MCP servers that are not ours with our toolbox, and prints a table: server, revision, tools, answer, ok.

    python3 tests/interop/interop.py [--only WORD ...] [--list] [--program COMMAND] [--allow-missing]

Exits with 0 when every row holds. The servers come from npm and PyPI at fixed versions, into target/interop, and listen on free
ports of this machine. A tool that is missing here (node, npm, python venv, the network for the first run) is an error;
--allow-missing makes it a row that says so, and has no effect where CI is set.
"""

import argparse
import contextlib
import http.server
import json
import os
import shlex
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = ROOT / "target" / "interop"
PROGRAM = "cargo run --quiet -p chimera-mcp --example tools --"

NPM = ["@modelcontextprotocol/server-everything@2026.8.31"]
PYPI = ["mcp==2.3.0", "fastmcp==4.1.2", "mcp-server-fetch==2026.10.24"]
EVERYTHING = "node_modules/@modelcontextprotocol/server-everything/dist/index.js"

# A server that has not begun to listen after this long will not.
START_SECONDS = 60
# For one run of the program, which may have to be compiled first.
CALL_SECONDS = 900
PAGE_TEXT = "Tub keeps notes in plain files."


@dataclass(frozen=True)
class Row:
    """One server, called as of one revision."""

    server: str
    era: str
    tool: str
    arguments: dict
    expect: object  # takes the answer
    # Called as a research task calls what a brief names: from MCP_SERVERS, pinned, every argument in the feed's address.
    is_feed: bool = False


def has_text(text):
    return lambda answer: text in json.dumps(answer)


def is_sum(answer):
    """Structure is kept as structure, whichever field a framework puts it in."""
    return answer in ({"sum": 5}, {"result": {"sum": 5}})


def rows():
    everything = [Row("everything", era, "echo", {"message": "hi"}, has_text("Echo: hi")) for era in ("auto", "legacy")]
    dual = []
    for server in ("sdk", "sdk-json", "fastmcp"):
        for era in ("auto", "modern", "legacy"):
            dual.append(Row(server, era, "echo", {"message": "hi"}, has_text("Echo: hi")))
        dual.append(Row(server, "auto", "add", {"a": 2, "b": 3}, is_sum))
    fetch = [Row("fetch", era, "fetch", {"url": "PAGE"}, has_text(PAGE_TEXT)) for era in ("auto", "legacy")]
    fetch.append(Row("fetch", "auto", "fetch", {"url": "PAGE", "max_length": "5000"}, has_text(PAGE_TEXT), is_feed=True))
    return everything + dual + fetch


class Missing(Exception):
    """Something that a row needs is not on this machine."""


def install(server):
    """Makes the server's environment, once; gives the command that starts it on a port."""
    WORK.mkdir(parents=True, exist_ok=True)
    if server == "everything":
        node = needed("node")
        if not (WORK / EVERYTHING).exists():
            run([needed("npm"), "install", "--no-audit", "--no-fund", "--silent", *NPM], "npm install")
        return lambda port: ([node, str(WORK / EVERYTHING), "streamableHttp"], {"PORT": str(port)})
    python = WORK / "venv" / "bin" / "python"
    marker = WORK / "venv" / "installed"
    wanted = "\n".join(PYPI)
    if not marker.exists() or marker.read_text() != wanted:
        run([sys.executable, "-m", "venv", str(WORK / "venv")], "python -m venv")
        run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PYPI], "pip install")
        marker.write_text(wanted)
    return lambda port: ([str(python), str(HERE / "servers.py"), server, str(port)], {})


def needed(tool):
    found = shutil.which(tool)
    if found is None:
        raise Missing(f"{tool} is not installed")
    return found


def run(argv, what):
    done = subprocess.run(argv, cwd=WORK, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing(f"{what} failed: {(done.stderr or done.stdout).strip()[-300:]}")


@contextlib.contextmanager
def listening(server):
    """The server, until the block ends; gives its URL."""
    start = install(server)
    port = free_port()
    argv, variables = start(port)
    log = (WORK / f"{server}.log").open("wb")
    process = subprocess.Popen(argv, cwd=WORK, env={**os.environ, **variables}, stdout=log, stderr=log)
    try:
        wait_for(port, process, server)
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(port, process, server):
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError(f"{server} does not listen; see {WORK / (server + '.log')}")


class Page(http.server.BaseHTTPRequestHandler):
    """A web page for the fetch server; it has no robots.txt."""

    def do_GET(self):
        found = self.path == "/page"
        body = f"<html><body><article><h1>Tub</h1><p>{PAGE_TEXT}</p></article></body></html>".encode()
        self.send_response(200 if found else 404)
        self.send_header("content-type", "text/html")
        self.end_headers()
        self.wfile.write(body if found else b"")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def page():
    site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=site.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{site.server_address[1]}/page"
    finally:
        site.shutdown()


def call(program, url, row, page_url):
    """Tools, answer and whether it holds."""
    arguments = {name: page_url if value == "PAGE" else value for name, value in row.arguments.items()}
    try:
        if row.is_feed:
            said = asked(program, url, row.era)
            said |= asked(program, feed(row, arguments), MCP_SERVERS=config(url, row, said["pin"]))
        else:
            said = asked(program, url, row.era, row.tool, json.dumps(arguments))
        holds = row.tool in said["tools"] and said["pin"].startswith("sha256:") and row.expect(said["answer"])
        return str(len(said["tools"])), json.dumps(said["answer"]), holds
    except RuntimeError as error:
        return "-", str(error), False
    except KeyError as error:
        return "-", f"the program does not say {error}", False


def asked(program, *arguments, **variables):
    """What the program says."""
    env = {**os.environ, **variables}
    done = subprocess.run([*program, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, timeout=CALL_SECONDS)
    if done.returncode != 0:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    try:
        return json.loads(done.stdout)
    except ValueError as error:
        raise RuntimeError(f"the program says {done.stdout[:80]!r}: {error}") from error


def feed(row, arguments):
    """The tool as a brief names it among its feeds."""
    return f"mcp://{row.server}/{row.tool}?{urllib.parse.urlencode(arguments, quote_via=urllib.parse.quote)}"


def config(url, row, pin):
    """MCP_SERVERS with this server and its tool, for research alone."""
    tool = {"name": row.tool, "class": "read", "kinds": ["research"]}
    return json.dumps([{"name": row.server, "url": url, "era": row.era, "tools": [tool], "pin": pin, "allow_private": True}])


def tell(server, era, tools, answer, word):
    print(f"{server:12} {era:8} {tools:>5}  {answer[:60]:60}  {word}", flush=True)


def check(wanted, program, allow_missing):
    """Runs the rows, server by server; gives how many hold, fail and are missing."""
    held = failed = absent = 0
    tell("server", "revision", "tools", "answer", "ok")
    with page() as page_url:
        for server in dict.fromkeys(row.server for row in wanted):
            its = [row for row in wanted if row.server == server]
            try:
                with listening(server) as url:
                    for row in its:
                        tools, answer, holds = call(program, url, row, page_url)
                        tell(server, row.era, tools, answer, "yes" if holds else "NO")
                        held, failed = held + holds, failed + (not holds)
            except (Missing, RuntimeError) as error:
                excused = allow_missing and isinstance(error, Missing)
                tell(server, "-", "-", str(error), "absent" if excused else "NO")
                absent, failed = absent + (len(its) if excused else 0), failed + (0 if excused else len(its))
    return held, failed, absent


def main():
    parser = argparse.ArgumentParser(prog="interop.py", description=__doc__.splitlines()[0])
    parser.add_argument("--only", action="append", default=[], metavar="WORD", help="only servers whose name has it")
    parser.add_argument("--list", action="store_true", help="print the rows without running anything")
    parser.add_argument("--program", default=PROGRAM, help="what calls a server: URL ERA TOOL ARGUMENTS are appended")
    parser.add_argument("--allow-missing", action="store_true", help="a tool that is not installed is no error")
    options = parser.parse_args()
    wanted = [row for row in rows() if not options.only or any(word in row.server for word in options.only)]
    if options.list:
        for row in wanted:
            print(f"{row.server:12} {row.era:8} {row.tool}{' as a feed' if row.is_feed else ''}")
        return 0
    if not wanted:
        print("interop: no server has that word", file=sys.stderr)
        return 2
    allow_missing = options.allow_missing and not os.environ.get("CI")
    held, failed, absent = check(wanted, shlex.split(options.program), allow_missing)
    print(f"interop: {held} hold, {failed} do not, {absent} absent")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
