"""The rows of `make prove-planner`: a plan that follows the world."""

import re

from rows import Row, cargo, demo, e2e, ended, size, story, summary, tests, whole_suite
from runs import Step

SIZES = {
    "PROVE_DAGS": size("PROVE_DAGS", 10_000),
    "PROVE_MENTIONS": size("PROVE_MENTIONS", 1_000),
    "PROVE_WAITING": size("PROVE_WAITING", 2_000),
}

SIM = {name: story(name) for name in ("reactions", "rounds", "alternatives", "perception", "plans", "dags", "memories", "guards")}
JUDGEMENT = cargo("judgement", "-p", "perception", "--test", "judgement", "--", "--nocapture")
MODEL = cargo("bedrock", "-p", "chimera-model")
GRAPH = cargo("graph", "-p", "chimera-graph")
HTTP = cargo("api-http", "-p", "api", "--test", "http")
DEMO = demo("bundled")


def program(name, **env):
    """A program of the simulation at full size, built for speed."""
    argv = ("cargo", "run", "--profile", "prove", "--locked", "-q", "-p", "chimera-sim", "--bin", name)
    return Step(name, argv, env=tuple((key, str(value)) for key, value in env.items()))


DAGS = program("dags", CHIMERA_DAGS=SIZES["PROVE_DAGS"])
MENTIONS = program("mentions", CHIMERA_MENTIONS=SIZES["PROVE_MENTIONS"], CHIMERA_WAITING=SIZES["PROVE_WAITING"])


def rows():
    return [*reaction(), *mentions(), *comments(), *plans(), *perception(), *model(), *guards()]


# ------------------------------------------------------------------ the lines


def reaction():
    wanted = [
        ("hears of news and of somebody who answers its post", heard),
        ("revises its running plan, version by version", revised),
        ("keeps what was under way: no kept task was done twice", kept),
        ("drops a post for the news", lambda told: (f"{len(given_way(told))} dropped", len(given_way(told)) == 1)),
        ("replies to who asked", lambda told: (f"{len(replies(told))} replies", len(replies(told)) == 1)),
    ]
    return [
        *[Row("reaction", f"the demo's campaign {claim}", DEMO, "yes", summary(look)) for claim, look in wanted],
        Row("reaction", "the same in simulation, with deaths, pauses and limits", SIM["reactions"], "all", whole_suite(8)),
        Row("reaction", "a round that missed the goal is followed by another", SIM["rounds"], "all", whole_suite(3)),
        Row("reaction", "refused too often: another source, then a human", SIM["alternatives"], "all", whole_suite(14)),
    ]


def mentions():
    n, waiting = SIZES["PROVE_MENTIONS"], SIZES["PROVE_WAITING"]
    return [
        Row("mentions", f"{n} who ask what it is, under {waiting} waiting tasks: p99 in virtual time", MENTIONS, "<= 10 s", p99),
        Row("mentions", "each of them is told", MENTIONS, f"{n}", disclosed),
        Row("mentions", "on the deployed functions, one mention: seen to answered", e2e("reaction"), "reported", emulated),
    ]


def comments():
    return [
        Row("comments", "fifty comments become fifty tasks", SIM["reactions"], "50", tests("fifty_comments")),
        Row("comments", "worked side by side by workers that share nothing but the queue", cargo("fifty", "-p", "chimera-sim", "--test", "scenarios", "fifty"),
            "the same answers", whole_suite(1)),
    ]


def plans():
    n = SIZES["PROVE_DAGS"]
    return [
        Row("plans", f"{n} random plans of up to 200 tasks always end, in order, within their limits", DAGS, "0 broken", broken),
        Row("plans", "a small part of them, with guards taken away", SIM["dags"], "all", whole_suite(2)),
        Row("plans", "nothing happens before an operator approves, and what they edited is what happens", SIM["plans"], "all", whole_suite(5)),
        Row("plans", "plans and edits over HTTP", HTTP, "all", tests("plan")),
        Row("plans", "every version as tree, SVG, Mermaid and JSON", GRAPH, "all", whole_suite(5)),
        Row("plans", "memories are judged, kept once, and told apart from who one is", SIM["memories"], "all", whole_suite(3)),
    ]


def perception():
    return [
        Row("perception", "what is seen becomes one signal, whatever dies", SIM["perception"], "all", whole_suite(5)),
        *[Row("perception", f"{name}, on cases nobody tuned for", JUDGEMENT, bar, judged(name))
          for name, bar in (("relevance", "as stated"), ("question", "as stated"), ("cluster", "as stated"))],
    ]


def model():
    return [
        Row("model", "the adapter on the emulator's Bedrock: good, repaired, garbage, silence, throttling, mock", e2e("model"), "all", whole_suite(6)),
        Row("model", "the adapter's own contract, and 50 canaries in every prompt", MODEL, "all", whole_suite(30)),
    ]


def guards():
    return [Row("guards", "each guard of the plan turns red exactly its lines", SIM["dags"], "exactly", tests("guard|taken_away|turns_red"))]


# ------------------------------------------------------------------ how figures are read


def heard(told):
    answered = sorted(signal["what"] for signal in told["signals"] if signal["status"] == "answered")
    return ", ".join(answered) or "nothing", answered == ["mention", "trend"]


def revised(told):
    versions = [plan for plan in told["plans"] if plan["cause"] == "signals"]
    chained = all(plan["parent"] == plan["number"] - 1 for plan in told["plans"])
    return f"{len(told['plans'])} versions, {len(versions)} for signals", bool(versions) and chained


def kept(told):
    changed = {task for plan in told["plans"] for task in plan["changed"]}
    twice = [task["id"] for task in told["tasks"] if task["id"] not in changed and task["attempts"] > 1 + task["tries"]]
    most = max(plan["kept"] for plan in told["plans"])
    return f"{most} kept, {len(twice)} done twice", most > 0 and not twice


def given_way(told):
    dropped = {task for plan in told["plans"] if plan["cause"] == "signals" for task in plan["dropped"]}
    return [task for task in told["tasks"] if task["id"] in dropped and task["kind"] == "write"]


def replies(told):
    return [effect for effect in told["effects"] if effect["tool"] == "twitter.post_reply" and effect["outcome"] == "done"]


def p99(done):
    found = re.search(r"p99\D*([\d.]+) s", ended(done).text)
    return (f"{found[1]} s" if found else f"no figure, exit {done.code}"), bool(found) and float(found[1]) <= 10 and done.code == 0


def disclosed(done):
    found = re.search(r"disclosed\D*(\d+)", ended(done).text)
    return (found[1] if found else f"no figure, exit {done.code}"), bool(found) and int(found[1]) == SIZES["PROVE_MENTIONS"]


def emulated(done):
    """A figure that is reported and no bar: other things run on the same machine."""
    found = re.search(r"mention answered after ([\d.]+) s", ended(done).text)
    return (f"{found[1]} s" if found else f"no figure, exit {done.code}"), bool(found) and done.code == 0


def broken(done):
    found = re.search(r"(\d+) plans?\D+(\d+) broken", ended(done).text)
    if not found:
        return f"no figure, exit {done.code}", False
    return f"{found[1]} plans, {found[2]} broken", int(found[1]) >= SIZES["PROVE_DAGS"] and found[2] == "0" and done.code == 0


def judged(name):
    """The line that the test prints, and that its tests passed."""

    def look(done):
        line = re.search(rf"^{name}\S* held_out: (.*)$", ended(done).text, re.MULTILINE)
        figure, ok = tests(name)(done)
        return (line[1] if line else figure), ok and bool(line)

    return look
