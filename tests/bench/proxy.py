"""A counting proxy on loopback: the functions call it instead of the emulator, and it passes every byte on unchanged.

It keeps what it saw; nothing is read out of it before the campaign is over, so that it costs little while it counts.
"""

import asyncio
import threading
import time
from dataclasses import dataclass

HEAD_BYTES = 1 << 20
LENGTHLESS = (204, 304)


@dataclass(frozen=True)
class Exchange:
    """One request with its answer."""

    at: float
    method: str
    path: str
    headers: dict
    body: bytes
    status: int
    answer: bytes


class CountingProxy:
    """Starts listening when made; `upstream` is set once the emulator has a port."""

    def __init__(self):
        self.upstream = None
        self.exchanges = []
        self._loop = asyncio.new_event_loop()
        started = threading.Event()
        self._thread = threading.Thread(target=self._serve, args=(started,), daemon=True)
        self._thread.start()
        started.wait()

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def take(self):
        """What was seen since the last call."""
        taken, self.exchanges = self.exchanges, []
        return taken

    def quiet_for(self):
        """Seconds since the last exchange that is still kept."""
        seen = self.exchanges
        return time.monotonic() - seen[-1].at if seen else float("inf")

    def close(self):
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)

    def _serve(self, started):
        asyncio.set_event_loop(self._loop)
        start = asyncio.start_server(self._connection, "127.0.0.1", 0, limit=HEAD_BYTES)
        server = self._loop.run_until_complete(start)
        self.port = server.sockets[0].getsockname()[1]
        started.set()
        self._loop.run_forever()

    async def _connection(self, reader, writer):
        upstream = None
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                if upstream is None or upstream[0].at_eof():
                    upstream = await self._dial(upstream)
                await self._exchange(head, (reader, writer), upstream)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # one side hung up: so does the other
        finally:
            writer.close()
            if upstream:
                upstream[1].close()

    async def _dial(self, old):
        """A connection to the emulator; it may have closed an idle one, which the caller must not notice."""
        if old:
            old[1].close()
        host, port = self.upstream
        return await asyncio.open_connection(host, port, limit=HEAD_BYTES)

    async def _exchange(self, head, client, upstream):
        at = time.monotonic()
        first, headers = parsed(head)
        method, path, _ = first.split(" ", 2)
        upstream[1].write(head)
        body = await passed_on(client[0], upstream[1], headers, has_body=is_sized(headers))
        while True:
            answer_head = await upstream[0].readuntil(b"\r\n\r\n")
            client[1].write(answer_head)
            first, answer_headers = parsed(answer_head)
            status = int(first.split(" ", 2)[1])
            if status >= 200:
                break
        has_body = method != "HEAD" and status not in LENGTHLESS
        answer = await passed_on(upstream[0], client[1], answer_headers, has_body)
        self.exchanges.append(Exchange(at, method, path, headers, body, status, answer))


def parsed(head):
    """The first line and the headers, their names in lower case."""
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(":") for line in lines[1:] if line)
    return lines[0], {name.strip().lower(): value.strip() for name, _, value in pairs}


def is_sized(headers):
    return "content-length" in headers or "transfer-encoding" in headers


async def passed_on(source, sink, headers, has_body):
    """Passes a body on as it came and returns its content."""
    if not has_body:
        content = b""
    elif "chunked" in headers.get("transfer-encoding", "").lower():
        content = await chunks_passed_on(source, sink)
    elif "content-length" in headers:
        content = await source.readexactly(int(headers["content-length"]))
        sink.write(content)
    else:
        content = await source.read()  # to the end of the connection
        sink.write(content)
    await sink.drain()
    return content


async def chunks_passed_on(source, sink):
    content = b""
    while True:
        line = await source.readuntil(b"\r\n")
        size = int(line.split(b";")[0], 16)
        chunk = await source.readexactly(size + 2) if size else b""
        sink.write(line + chunk)
        content += chunk[:-2]
        if size:
            continue
        while True:  # trailers, to the empty line
            line = await source.readuntil(b"\r\n")
            sink.write(line)
            if line == b"\r\n":
                return content
