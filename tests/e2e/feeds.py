"""Feeds on loopback: served at once or slowly, and counted."""

import contextlib
import json
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from xml.etree import ElementTree
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "demo" / "feed.xml"
GIVEN = ROOT.parent / "shared" / "data" / "feeds"

# Invented reports: each body says something that its title does not, and no two speak of the same thing.
ARTICLES = (
    ("Marrowfat prints recipes on receipt paper", "marrowfat", (
        "Marrowfat is a kitchen printer that puts one recipe on a strip of receipt paper.",
        "A roll of paper is enough for 180 recipes and costs less than a loaf of bread.",
        "Its two makers in Ostend solder every printer by hand on Thursdays.")),
    ("Tollgate counts bicycles with a microphone", "tollgate", (
        "Tollgate listens at a bridge and tells bicycles from scooters by the sound of their chains.",
        "In a trial of six weeks it counted 41,200 bicycles and missed one in fifty.",
        "The box runs for a month on a battery the size of a brick.")),
    ("A lighthouse keeper's log goes online", "keeper-log", (
        "The log of the Skerry lighthouse from 1888 to 1931 can now be read page by page.",
        "Volunteers typed 9,400 entries, most of them about fog, paraffin and the price of eggs.",
        "One keeper drew a small fish on every day without a ship.")),
    ("Plumb levels shelves with a phone and string", "plumb", (
        "Plumb turns a phone on a piece of string into a spirit level for crooked houses.",
        "It was right to a tenth of a degree in tests against a builder's laser.",
        "The string matters more than the phone, says its author, who is a tailor.")),
    ("Night buses of Vell carry a bookshelf", "vell-buses", (
        "Four night buses in Vell have carried a shelf of paperbacks since September.",
        "Riders took 1,300 books in the first month and brought back 1,150.",
        "Drivers choose the stock, and ghost stories are said to vanish first.")),
    ("Sixpence sorts old coins by their ring", "sixpence", (
        "Sixpence drops a coin on a marble plate and names it by its ring.",
        "It knows 730 coins of eleven countries and admits when it is not sure.",
        "A museum in Trondheim used it to sort a bucket that had waited since 1974.")),
)


def rss(articles=ARTICLES, title="The Small Gazette"):
    """An RSS 2.0 feed of (title, slug, sentences)."""
    items = []
    for day, (heading, slug, sentences) in enumerate(articles, start=1):
        link = f"https://small-gazette.example/{slug}"
        body = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
        items.append(
            f"<item><title>{escape(heading)}</title><link>{link}</link><guid>{link}</guid>"
            f"<pubDate>{day:02} Nov 2026 08:00:00 GMT</pubDate><description>{escape(sentences[0])}</description>"
            f"<content:encoded><![CDATA[{body}]]></content:encoded></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/">'
        f"<channel><title>{escape(title)}</title><link>https://small-gazette.example/</link>"
        f"<description>Everything here is invented.</description>{''.join(items)}</channel></rss>"
    ).encode()


def json_feed(articles=ARTICLES, title="The Small Gazette, as JSON"):
    items = [
        {"id": f"https://small-gazette.example/{slug}", "url": f"https://small-gazette.example/{slug}", "title": heading,
         "content_html": "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)}
        for heading, slug, sentences in articles
    ]
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": title, "items": items}).encode()


def articles_in(body):
    """How many articles a feed has, by its own reader."""
    if body.lstrip().startswith(b"{"):
        return len(json.loads(body)["items"])
    return sum(1 for element in ElementTree.fromstring(body).iter() if element.tag.split("}")[-1] in ("item", "entry"))


class Feeds:
    """A server of feeds. `asked` counts requests, `arrived` tells of the first one, `delay_s` holds answers back."""

    def __init__(self):
        self.bodies, self.delays, self.asked = {}, {}, {}
        self.arrived = threading.Event()
        feeds = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                name = self.path.lstrip("/")
                feeds.asked[name] = feeds.asked.get(name, 0) + 1
                feeds.arrived.set()
                time.sleep(feeds.delays.get(name, 0))
                body = feeds.bodies.get(name)
                # The other side may have been killed, as some tests want it.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(200 if body else 404)
                    self.send_header("content-type", "application/xml; charset=utf-8")
                    self.send_header("content-length", str(len(body or b"")))
                    self.end_headers()
                    self.wfile.write(body or b"")

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def add(self, name, body, delay_s=0.0):
        """Serves a feed; its URL."""
        self.bodies[name], self.delays[name] = body, delay_s
        return f"http://127.0.0.1:{self.server.server_port}/{name}"

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def given():
    """Feeds of the world, where they are at hand; else the demo's and two of our own, one of them JSON Feed."""
    found = sorted(GIVEN.glob("*.xml")) if GIVEN.is_dir() else []
    if found:
        return {path.name: path.read_bytes() for path in found}
    return {"demo.xml": DEMO.read_bytes(), "gazette.xml": rss(ARTICLES[:3]), "gazette.json": json_feed(ARTICLES[3:])}
