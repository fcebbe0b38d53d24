"""Invented feeds on loopback: each article has names and figures of its own, so that no two posts are alike."""

import random
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

ONSETS = [
    "Bar", "Cal", "Dun", "El", "Fen", "Gar", "Hol", "Is", "Kin", "Lor", "Mar", "Nor", "Os", "Pel", "Quin",
    "Ros",
]
ENDS = [
    "wick", "ford", "mere", "stead", "by", "low", "combe", "ness", "field", "dale", "holt", "ley", "wold",
    "burn",
]
THINGS = [
    "lamp", "kettle", "bicycle pump", "paper map", "bird box", "clock", "loom", "rain gauge", "ferry timetable",
    "seed tray", "pocket radio", "chess set", "wool press", "bread oven", "sundial", "model tram",
    "reading desk", "kite", "canoe", "bell",
]
VERBS = [
    "folds", "sorts", "mends", "measures", "carries", "prints", "counts", "shelters", "warms", "polishes",
    "tunes", "dries",
]
GOODS = [
    "wet umbrellas", "old postcards", "apple crates", "violin strings", "sheep's wool", "garden tools",
    "tram tickets", "star charts", "beeswax candles", "rowing oars", "moss samples", "pressed flowers",
    "brass buttons", "clay tiles",
]
PLACES = [
    "harbour", "mill", "orchard", "station", "lighthouse", "bakery", "library", "workshop", "market hall",
    "boathouse",
]
MAKERS = [
    "two sisters", "a retired tram driver", "three clockmakers", "a school class", "a ferry crew", "a choir",
    "six neighbours",
]
TIMES = [
    "before breakfast", "on windy evenings", "through a whole winter", "between two tides",
    "during the spring fair",
]


def article(seed):
    """Title and paragraphs; the same for the same seed."""
    draw = random.Random(seed)
    name = draw.choice(ONSETS) + draw.choice(ENDS) + " " + draw.choice(ONSETS).lower() + draw.choice(ENDS)
    name = name.title().replace(" ", "") if draw.random() < 0.3 else name.title()
    town, other = (draw.choice(ONSETS) + draw.choice(ENDS) for _ in range(2))
    thing, verb, goods, place = (draw.choice(words) for words in (THINGS, VERBS, GOODS, PLACES))
    small, large, year = draw.randint(3, 96), draw.randint(120, 9800), draw.randint(1890, 2024)
    facts = [
        f"In the {place} of {town} the {name} {verb} {large} {goods} a year without any electricity.",
        f"{draw.choice(MAKERS).capitalize()} built it from {small} parts of a {thing} that was thrown away in {year}.",
        f"The {name} has run {draw.choice(TIMES)} {draw.randint(11, 99)} times, "
        f"and it stopped only {draw.randint(2, 9)} times.",
        f"A copy of its plan hangs in {other}, where {draw.randint(4, 60)} visitors have signed the frame.",
    ]
    draw.shuffle(facts)
    return f"{name}, a {thing} from {town}", facts


def feed(number, articles, base):
    items = []
    for at in range(articles):
        title, facts = article(f"{number}/{at}")
        link = f"https://bench.example/{number}/{at}"
        body = "".join(f"<p>{escape(fact)}</p>" for fact in facts)
        items.append(
            f"<item><title>{escape(title)}</title><link>{link}</link><guid>{link}</guid>"
            "<pubDate>Mon, 02 Nov 2026 08:00:00 GMT</pubDate>"
            f"<content:encoded><![CDATA[{body}]]></content:encoded></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0" '
        'xmlns:content="http://purl.org/rss/1.0/modules/content/"><channel>'
        f"<title>Feed {number}</title><link>{base}</link><description>Invented.</description>"
        f"{''.join(items)}</channel></rss>"
    ).encode()


class Feeds:
    """A server on a free loopback port; `/<number>/<articles>` is a feed."""

    def __init__(self):
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                number, articles = self.path.strip("/").split("/")
                content = feed(int(number), int(articles), self.path)
                self.send_response(200)
                self.send_header("Content-Type", "application/rss+xml")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def url(self, number, articles):
        return f"http://127.0.0.1:{self._server.server_port}/{number}/{articles}"

    def close(self):
        self._server.shutdown()
