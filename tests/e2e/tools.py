"""The tools of the deployed servers, called as the functions call them, and grants under the stack's own key."""

import base64
import functools
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from world import ROOT, cloud, oracle


@functools.cache
def event():
    """A call in the form in which functions get it; the name and the arguments are another's."""
    return json.loads((ROOT / "functions/mcp-twitter/events/posts_search.json").read_text())


def call(tool, arguments, function="McpTwitterWrite"):
    """A tool of a server: (is it an error, its structured answer)."""
    body = json.loads(event()["body"])
    body["params"] |= {"name": tool, "arguments": arguments}
    asked = event() | {"headers": event()["headers"] | {"mcp-name": tool}, "body": json.dumps(body)}
    answer = cloud().invoke(function, asked)
    result = json.loads(answer["body"]).get("result", {})
    return result.get("isError", False), result.get("structuredContent") or json.loads(answer["body"])


@functools.cache
def signing_key():
    return json.loads((cloud().folder / "grant-key.json").read_text())


def signed(grant):
    """A grant under the stack's own key: what only the Judge can do."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(signing_key()["seed"]))
    return {"grant": grant, "signature": base64.b64encode(key.sign(oracle.canonical(grant).encode())).decode()}
