"""An OpenAI-compatible endpoint without a model: it answers the swarm's questions by rule, and badly where a test wants it.

    python3 tests/e2e/openai_stub.py [port]        serves until it is stopped

What it says follows from the question alone, which is one JSON document beside the schema of one tool: posts quote the source
that they were given. It knows briefs that ask for posts from feeds, and nothing else.
"""

import collections
import contextlib
import dataclasses
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

PATH = "/v1/chat/completions"
# What every answer says it used: round numbers, so that a test can say what they cost.
PROMPT_TOKENS, COMPLETION_TOKENS = 1_000, 500
POST_CHARS, URL_CHARS = 280, 23
# By what a question demands of its answer: whose it is.
ROLES = {"tasks": "planner", "met": "critic", "picks": "researcher", "text": "writer"}


@dataclasses.dataclass(frozen=True)
class Question:
    """One request, as it came; the names of headers in lower case."""

    headers: dict
    body: dict

    @property
    def tools(self):
        return [tool["function"] for tool in self.body.get("tools", [])]

    @property
    def role(self):
        wanted = [name for tool in self.tools for name in tool["parameters"].get("required", [])]
        return next((ROLES[name] for name in wanted if name in ROLES), None)

    @property
    def document(self):
        """What the user's message holds: {untrusted, input, repair}."""
        return json.loads(self.body["messages"][-1]["content"])


# -------------------------------------------------------------------- what a model would say


def plan(asked):
    """One research task for each feed that posts are written from, and the posts dealt round them."""
    brief = asked["brief"]
    feeds = list(dict.fromkeys(brief["feeds"]))[: brief["posts"]]
    tasks = [research(at, url, len(range(at, brief["posts"], len(feeds))), brief) for at, url in enumerate(feeds)]
    return {"tasks": tasks + [post(at, len(feeds), brief) for at in range(brief["posts"] if feeds else 0)]}


def research(at, url, want, brief):
    return {
        "id": f"read-{at + 1}",
        "kind": "research",
        "goal": f"Find {want} worth a post. {brief['goal']}",
        "binding": {"from": "feed", "url": url, "want": want},
        "criteria": [must({"min_sources": 1}, "has-a-source")],
    }


def post(at, feeds, brief):
    source = f"read-{at % feeds + 1}"
    checks = {"short": {"max_length": POST_CHARS}, "links": "carries_source", "says-more": "says_more_than_title"}
    return {
        "id": f"post-{at + 1}",
        "kind": "write",
        "goal": f"Write one post about the source. {brief['goal']}",
        "depends_on": [source],
        "binding": {"from": "source_of", "task": source, "index": at // feeds},
        "criteria": [must(check, name) for name, check in checks.items()],
    }


def must(check, name):
    return {"id": name, "text": name, "mandatory": True, "check": check}


def look_back(asked):
    """A goal is met by as many posts as were ordered."""
    missing = max(0, asked["posts"] - len(asked["published"]))
    return {"met": missing == 0, "posts": missing, "why": f"{len(asked['published'])} of {asked['posts']} posts are out."}


def pick(asked):
    """The articles that say most, each with the part of its text that there is room for."""
    items = sorted(asked["items"], key=lambda item: len(item.get("text", "")), reverse=True)
    most = asked["excerpt_chars"]
    picks = [{"id": item["id"], "excerpt": item["text"][:most].strip()} for item in items if item.get("text", "").strip()]
    return {"picks": picks[: asked["want"]]}


def write(asked):
    """The source's title, a sentence of it word for word, and its link; a later attempt takes another sentence."""
    source = asked["source"]
    name, url = source["title"].rstrip("."), source["url"]
    room = POST_CHARS - URL_CHARS - len(name) - len('. It says: "" ')
    sentences = [line.strip() for line in source["excerpt"].replace("\n", " ").split(". ") if line.strip()]
    fitting = [line for line in sentences if len(line) <= room] or [sentences[0][:room]]
    # The first sentence mostly says the title again.
    said = fitting[asked["attempt"] % len(fitting)].rstrip(".")
    return {"text": f'{name}. It says: "{said}." {url}'}


ANSWERS = {"planner": plan, "critic": look_back, "researcher": pick, "writer": write}

# -------------------------------------------------------------------- how it says it, and how else


def completion(message, reason):
    usage = {"prompt_tokens": PROMPT_TOKENS, "completion_tokens": COMPLETION_TOKENS}
    usage["total_tokens"] = PROMPT_TOKENS + COMPLETION_TOKENS
    choice = {"index": 0, "message": {"role": "assistant", "content": None} | message, "finish_reason": reason}
    body = {"id": "chatcmpl-stub", "object": "chat.completion", "created": int(time.time()), "model": "stub"}
    return 200, json.dumps(body | {"choices": [choice], "usage": usage}).encode()


def called(arguments):
    """The question's tool, called with this text."""
    call = {"id": "call_1", "type": "function", "function": {"name": "answer", "arguments": arguments}}
    return completion({"tool_calls": [call]}, "tool_calls")


def good(question):
    if question.role is None:
        return chatter(question)
    return called(json.dumps(ANSWERS[question.role](question.document["input"])))


def wrong_form(_):
    """A tool's call that no schema of the swarm takes."""
    return called(json.dumps({"text": 7, "tasks": {}, "picks": "all of them"}))


def garbage(_):
    """A tool's call whose arguments are no JSON."""
    return called('{"text": "Here is the')


def chatter(_):
    """Text in place of the tool's call."""
    return completion({"content": "Of course! Here is what you asked for."}, "stop")


def busy(_):
    return 429, b'{"error": {"message": "Too many requests", "type": "rate_limit_error"}}'


def broken(_):
    return 503, b'{"error": {"message": "The model is loading", "type": "unavailable_error"}}'


def web_page(_):
    return 200, b"<!doctype html><title>Welcome</title>"


class Backend:
    """The endpoint. `asked` holds every question in the order in which they came."""

    def __init__(self, port=0):
        self.asked, self.scripts = [], collections.defaultdict(collections.deque)
        self.lock, self.over = threading.Lock(), threading.Event()
        self.listen(port)

    def listen(self, port):
        backend = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                self.tell(200, b'{"object": "list", "data": []}')

            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                if self.path != PATH:
                    return self.tell(404, b"{}")
                headers = {name.lower(): value for name, value in self.headers.items()}
                status, answer = backend.answer(Question(headers, json.loads(body)))
                return self.tell(status, answer)

            def tell(self, status, body):
                # Whoever asked may have given up.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    @property
    def port(self):
        return self.server.server_port

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def script(self, role, *behaviours):
        """How the next questions of a role are answered; those after them are answered well."""
        with self.lock:
            self.scripts[role].extend(behaviours)

    def answer(self, question):
        with self.lock:
            self.asked.append(question)
            script = self.scripts[question.role]
            behave = script.popleft() if script else good
        return behave(question)

    def silent(self, _):
        """No answer as long as anybody waits."""
        self.over.wait()
        return 503, b"{}"

    def take(self):
        """What was asked since the last call, and how many prepared answers nobody asked for."""
        with self.lock:
            asked, self.asked = self.asked, []
            left = sum(map(len, self.scripts.values()))
            self.scripts.clear()
        return asked, left

    @contextlib.contextmanager
    def away(self):
        """Nobody listens."""
        port = self.port
        self.server.shutdown()
        self.server.server_close()
        try:
            yield
        finally:
            self.listen(port)

    def close(self):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()


def main():
    backend = Backend(int(sys.argv[1]) if len(sys.argv) > 1 else 0)
    print(backend.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()
    backend.close()


if __name__ == "__main__":
    main()
