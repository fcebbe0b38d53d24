"""The emulator as a child process: its Python environment, start, stop, and what it listens on."""

import hashlib
import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / "localstack" / "requirements.txt"
REGION = "us-east-1"
USUAL_PORT = 4566
READY_SECONDS = 60
STOP_SECONDS = 20
# Longer than any function waits for a model (the planner's 240 s): where the emulator's own patience ends first it answers
# with a text of its own, and a slow model would look like none.
MODEL_SECONDS = 250


class CloudError(Exception):
    """Something a person must see; the command prints it and exits with 1."""


def say(line):
    print(line, flush=True)


def venv_python():
    return Path(os.environ.get("CHIMERA_VENV", ROOT / ".venv")) / "bin" / "python"


def ensure_venv():
    """Makes .venv with the pinned packages, unless this very set is there."""
    python = venv_python()
    stamp = python.parent.parent / "requirements.sha256"
    wanted = hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()
    if python.exists() and stamp.exists() and stamp.read_text() == wanted:
        return python
    say("installing the local cloud into .venv (once)")
    venv.create(python.parent.parent, with_pip=True, clear=True)
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    subprocess.run([*command, "-r", REQUIREMENTS], check=True)
    stamp.write_text(wanted)
    return python


def enter_venv():
    """Goes on inside .venv, whose packages the rest of this file imports."""
    python = ensure_venv()
    if Path(sys.prefix).resolve() != python.parent.parent.resolve():
        os.execv(python, [str(python), *sys.argv])


def read_state(folder):
    path = Path(folder) / "cloud.json"
    return json.loads(path.read_text()) if path.exists() else None


def is_ours(state):
    """Whether the recorded process is still the emulator that was started: a pid may have been given to another."""
    try:
        command = Path(f"/proc/{state['pid']}/cmdline").read_bytes()
        return b"ministack" in command and session_of(state["pid"]) == state["pid"]
    except (OSError, TypeError):
        return False


def free_port(wanted):
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                return probe.getsockname()[1]
            except OSError:
                continue
    raise CloudError("no free port on 127.0.0.1")


def model_address(url):
    """What the emulator puts /v1/chat/completions behind, however the endpoint was named."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        is_plain = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        is_plain = False
    if not is_plain or "@" in parts.netloc or parts.query or parts.fragment:
        raise CloudError("MODEL_URL is no address such as http://127.0.0.1:11434; it cannot carry a key")
    path = parts.path.rstrip("/").removesuffix("/chat/completions").removesuffix("/v1").rstrip("/")
    return f"{parts.scheme}://{parts.netloc}{path}"


def is_served(address):
    """Whether anything answers at a model's address, be it with an error: directly, as the emulator asks it."""
    directly = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with directly.open(f"{address}/v1/models", timeout=2):
            return True
    except urllib.error.HTTPError as error:
        error.close()
        return True
    except (OSError, ValueError, http.client.HTTPException):
        return False


def emulator_environment(folder, port, functions_endpoint=None, model_url=None):
    """The emulator's whole environment: functions inherit it, so nothing of the caller's gets in but PATH.

    They call `functions_endpoint` where there is one: something that passes their calls on to the emulator. Its Bedrock asks
    the model at `model_url` where there is one.
    """
    model = {
        "MINISTACK_BEDROCK_PROXY_URL": model_url,
        "MINISTACK_BEDROCK_PROXY_TIMEOUT_SECONDS": str(MODEL_SECONDS),
    }
    temporary = Path(folder) / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(temporary),
        # Unpacked functions are kept by content under TMPDIR: two emulators that share it delete each other's.
        "TMPDIR": str(temporary),
        "LANG": "C.UTF-8",
        "GATEWAY_PORT": str(port),
        "BIND_HOST": "127.0.0.1",
        "AUTH": "true",
        "IOT_MTLS_ENABLED": "0",
        "LAMBDA_EXECUTOR": "local",
        "AWS_ENDPOINT_URL": functions_endpoint or f"http://127.0.0.1:{port}",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_REGION": REGION,
        "MINISTACK_REGION": REGION,
        "LOG_LEVEL": "INFO",
        "PYTHONUNBUFFERED": "1",
    } | (model if model_url else {})


def is_healthy(port):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ministack/health", timeout=2) as answer:
            return answer.status == 200
    except (urllib.error.URLError, OSError):
        return False


def up(folder, port=USUAL_PORT, functions_endpoint=None, model_url=None):
    """Starts the emulator, or finds it running; returns {pid, port, endpoint, model_url}."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    model = model_address(model_url) if model_url else None
    state = read_state(folder)
    if state and is_ours(state) and is_healthy(state["port"]):
        if model and state.get("model_url") != model:
            raise CloudError("the cloud is up without this model; run `make down` first")
        say(f"cloud: already up on 127.0.0.1:{state['port']}")
        return state
    chosen = free_port(port)
    if port and chosen != port:
        say(f"cloud: port {port} is taken; using {chosen}")
    with open(folder / "cloud.log", "wb") as log:
        child = subprocess.Popen(
            [str(venv_python()), "-m", "ministack"],
            env=emulator_environment(folder, chosen, functions_endpoint, model),
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    state = {"pid": child.pid, "port": chosen, "endpoint": f"http://127.0.0.1:{chosen}", "model_url": model}
    (folder / "cloud.json").write_text(json.dumps(state, indent=2) + "\n")
    (folder / "outputs.json").unlink(missing_ok=True)
    started = time.monotonic()
    while not is_healthy(chosen):
        if child.poll() is not None or time.monotonic() - started > READY_SECONDS:
            down(folder)
            raise CloudError(f"the emulator did not start; see {folder / 'cloud.log'}")
        time.sleep(0.1)
    if not sockets_are_loopback(child.pid):
        down(folder)
        raise CloudError("the emulator listens beyond this machine; it was stopped")
    say(f"cloud: up on 127.0.0.1:{chosen} after {time.monotonic() - started:.1f} s, access rules enforced")
    if model:
        so_far = "" if is_served(model) else "; nothing answers there yet, and until then every question is refused"
        say(f"cloud: Bedrock asks the model at {model}{so_far}")
    return state


def session_of(pid):
    """The session id of a process, from /proc: the sixth field, after a name that may hold spaces."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[3])


def session_members(leader):
    """Every process of the session the emulator was started in: itself and the functions it runs."""
    members = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and session_of(entry.name) == leader:
                members.append(int(entry.name))
        except (OSError, ValueError, IndexError):
            continue  # it ended while we looked
    return members


def sockets_are_loopback(pid):
    """Whether every listening socket of the process and its children is bound to the loopback interface."""
    inodes = set()
    for member in session_members(pid) or [pid]:
        try:
            for entry in Path(f"/proc/{member}/fd").iterdir():
                target = os.readlink(entry)
                if target.startswith("socket:["):
                    inodes.add(target[8:-1])
        except OSError:
            continue
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            is_listening = fields[3] == "0A"
            if is_listening and fields[9] in inodes and not is_loopback(fields[1].split(":")[0]):
                return False
    return True


def is_loopback(address):
    """An address as /proc writes it: 32-bit words in the machine's byte order."""
    raw = bytes.fromhex(address)
    words = b"".join(raw[i : i + 4][::-1] for i in range(0, len(raw), 4)) if sys.byteorder == "little" else raw
    if len(words) == 4:
        return words[0] == 127
    is_mapped = words[:12] == bytes(10) + b"\xff\xff"
    return words == bytes(15) + b"\x01" or (is_mapped and words[12] == 127)


def down(folder):
    """Stops the emulator and what it runs; succeeds where nothing runs."""
    state = read_state(folder)
    if not state or not is_ours(state):
        say("cloud: not running")
    else:
        members = session_members(state["pid"])
        os.kill(state["pid"], signal.SIGTERM)
        wait_for_end(members, state["pid"])
        say(f"cloud: stopped (127.0.0.1:{state['port']})")
    (Path(folder) / "cloud.json").unlink(missing_ok=True)
    shutil.rmtree(Path(folder) / "tmp", ignore_errors=True)


def wait_for_end(members, leader):
    """Functions end by themselves when the emulator is gone; what does not is ended by its id."""
    deadline = time.monotonic() + STOP_SECONDS
    while alive := [pid for pid in members if is_member(pid, leader)]:
        reap(leader)
        if time.monotonic() > deadline:
            for pid in alive:
                kill(pid, signal.SIGKILL)
        elif leader not in alive:
            for pid in alive:
                kill(pid, signal.SIGTERM)
        time.sleep(0.1)


def is_member(pid, leader):
    try:
        stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(stat[3]) == leader and stat[0] != "Z"
    except (OSError, ValueError, IndexError):
        return False


def kill(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass  # it ended first


def reap(pid):
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        pass  # started by an earlier process, which is not us
