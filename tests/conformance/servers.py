"""Our MCP servers as plain local processes, with the variables that template.yaml gives them."""

import base64
import json
import os
import re
import subprocess
import tempfile
import time

START_SECONDS = 20
LOG_BYTES = 1 << 20
ADDRESS = re.compile(r'"mcp\.address":"([^"]+)"|mcp\.address=(\S+)')
# Nothing is asked of AWS in these runs; whoever asked would be refused.
NOWHERE = {
    "AWS_REGION": "us-east-1", "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    "AWS_ACCESS_KEY_ID": "nobody", "AWS_SECRET_ACCESS_KEY": "nobody", "STACK_NAME": "local",
}


class ServerError(Exception):
    """Something a person must see."""


def template():
    from stack import load_template

    return load_template()


def names():
    """Each server, or half of one, as its function is called."""
    return sorted(slug(logical) for logical in template()["Resources"] if is_server(logical))


def is_server(logical):
    return re.fullmatch(r"Mcp[A-Z]\w*", logical) and not logical.endswith(("Role", "Logs"))


def slug(logical):
    return re.sub(r"(?<!^)(?=[A-Z])", "-", logical).lower()


def environment(name):
    """What the template sets for the server, with its parameters' defaults."""
    loaded = template()
    logical = next(one for one in loaded["Resources"] if is_server(one) and slug(one) == name)
    variables = loaded["Resources"][logical]["Properties"]["Environment"]["Variables"]
    return {key: resolved(value, loaded["Parameters"]) for key, value in variables.items()}


def resolved(value, parameters):
    if not isinstance(value, dict):
        return str(value)
    referred = value["Ref"]
    if referred == "GrantPublicKeys":
        return json.dumps({"local": public_key()})
    # A table's name is as good as another: none of them is there.
    return str(parameters.get(referred, {}).get("Default", referred))


def public_key():
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return base64.b64encode(Ed25519PrivateKey.generate().public_key().public_bytes_raw()).decode()


class Server:
    """A server's process, from its start to its end."""

    def __init__(self, name, binaries, **variables):
        self.name = name
        binary = binaries / re.sub(r"-(read|write)$", "", name)
        if not binary.exists():
            raise ServerError(f"{binary} is missing; run `make build`")
        kept = {key: value for key, value in os.environ.items() if key in ("PATH", "HOME")}
        env = kept | NOWHERE | environment(name) | {"MCP_LISTEN": "127.0.0.1:0"} | variables
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([binary], env=env, stdout=self.log, stderr=subprocess.STDOUT)
        self.url = f"http://{self.address()}/mcp"

    def address(self):
        """Where it listens, as it says itself."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            ended = self.process.poll() is not None
            if found := ADDRESS.search(self.told()):
                return found[1] or found[2]
            if ended:
                break
            time.sleep(0.05)
        told = self.told()
        self.end()
        raise ServerError(f"{self.name} did not start: {told.strip()[-400:]}")

    def told(self):
        """Everything it has logged; its own place in the file is not ours to move."""
        return os.pread(self.log.fileno(), LOG_BYTES, 0).decode(errors="replace")

    def end(self):
        self.process.terminate()
        self.process.wait(START_SECONDS)
        self.log.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
