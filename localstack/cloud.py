#!/usr/bin/env python3
"""The local cloud: MiniStack as a child process, and the stack of template.yaml on it.

    python3 localstack/cloud.py up | deploy | status | down      [--dir target/local] [--model-url URL] [--model NAME]

Everything it makes is under --dir (default target/local) and .venv. It needs Python 3.10 or newer, no account and no Docker.
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from emulator import ROOT, USUAL_PORT, CloudError, down, enter_venv, is_ours, read_state, sockets_are_loopback, up
from stack import client, deploy, depth, load_template, model_parameters, status

__all__ = ["CloudError", "client", "deploy", "depth", "down", "is_ours", "load_template", "read_state"]
__all__ += ["sockets_are_loopback", "status", "up"]


def main():
    parser = argparse.ArgumentParser(prog="cloud.py", description="The local cloud: up, deploy, status, down.")
    parser.add_argument("command", choices=["up", "deploy", "status", "down"])
    parser.add_argument("--dir", type=Path, default=ROOT / "target" / "local", help="where its files are")
    parser.add_argument("--port", type=int, default=USUAL_PORT, help="the port to try first; 0 for any")
    parser.add_argument("--stack", default="chimera", help="the stack's name")
    parser.add_argument("--binaries", type=Path, default=ROOT / "target" / "debug", help="where the functions are")
    parser.add_argument("--model-url", metavar="URL", help="up: an OpenAI-compatible endpoint for the emulator's Bedrock")
    parser.add_argument("--model", metavar="NAME", help="deploy: the endpoint's model that plans and writes")
    parser.add_argument("--parameter", action="append", default=[], metavar="KEY=VALUE", help="a stack parameter")
    options = parser.parse_args()
    options.dir = options.dir.resolve()
    if options.command != "down":
        enter_venv()
    try:
        if options.command == "up":
            up(options.dir, options.port, model_url=options.model_url)
        elif options.command == "deploy":
            extra = chosen_model(options) | dict(pair.split("=", 1) for pair in options.parameter)
            deploy(options.dir, options.stack, options.binaries.resolve(), extra)
        elif options.command == "status":
            return 0 if status(options.dir, options.stack) else 1
        else:
            down(options.dir)
    except CloudError as error:
        print(f"cloud: {error}", file=sys.stderr)
        return 1
    return 0


def chosen_model(options):
    """The stack parameters that go with --model."""
    if not options.model:
        return {}
    if not (read_state(options.dir) or {}).get("model_url"):
        raise CloudError("the local cloud has no model; run `make down`, then name an endpoint with MODEL_URL=")
    return model_parameters(options.model)


if __name__ == "__main__":
    sys.exit(main())
