"""Starts one MCP server that is not ours on a port of this machine. Runs in the environment that interop.py makes.

    python servers.py {sdk,sdk-json,fastmcp,fetch} PORT
"""

import sys

HOST = "127.0.0.1"


def echo(message: str) -> str:
    """Says it back."""
    return f"Echo: {message}"


def add(a: int, b: int) -> dict[str, int]:
    """Adds two numbers; the answer has structure."""
    return {"sum": a + b}


def sdk(port, **transport):
    """The Python SDK, which speaks the present revision and the older ones."""
    from mcp.server.mcpserver import MCPServer

    server = MCPServer("sdk")
    server.tool()(echo)
    server.tool()(add)
    server.run("streamable-http", host=HOST, port=port, **transport)


def fastmcp(port):
    """FastMCP, without sessions."""
    from fastmcp import FastMCP

    server = FastMCP("fastmcp")
    server.tool(echo)
    server.tool(add)
    server.run(transport="http", host=HOST, port=port, stateless_http=True, show_banner=False)


def fetch(port):
    """The reference fetch server, which speaks over stdio only, behind a proxy that speaks HTTP."""
    from fastmcp.server import create_proxy

    command = {"command": sys.executable, "args": ["-m", "mcp_server_fetch", "--allow-private-ips"]}
    proxy = create_proxy({"mcpServers": {"fetch": command}}, name="fetch")
    proxy.run(transport="http", host=HOST, port=port, show_banner=False)


KINDS = {
    "sdk": sdk,
    "sdk-json": lambda port: sdk(port, json_response=True, stateless_http=True),
    "fastmcp": fastmcp,
    "fetch": fetch,
}

if __name__ == "__main__":
    KINDS[sys.argv[1]](int(sys.argv[2]))
