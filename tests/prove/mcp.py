"""The rows of `make prove-mcp`: everything outside, through servers and a client that trust nobody."""

import re

from rows import Row, cargo, demo, e2e, ended, size, story, summary, tests, whole_suite
from runs import Step

SIZES = {
    "PROVE_ATTEMPTS": size("PROVE_ATTEMPTS", 100_000),
    "PROVE_DEPLOYED_ATTEMPTS": size("PROVE_DEPLOYED_ATTEMPTS", 1_000),
}
SERVERS = ("mcp-coinbase-read", "mcp-coinbase-write", "mcp-imagegen", "mcp-news", "mcp-twitter-read", "mcp-twitter-write", "mcp-weaviate-read",
           "mcp-weaviate-write")  # fmt: skip
FOREIGN = {
    "everything": "npm server-everything", "sdk": "PyPI mcp", "sdk-json": "PyPI mcp, without sessions",
    "fastmcp": "PyPI fastmcp", "fetch": "PyPI mcp-server-fetch on a local page",
}
DOCUMENTS = ("weaviate", "cdp", "x")
BEHAVIOURS = 40

CONFORMANCE = Step("conformance", ("make", "mcp-conformance"))
INTEROP = Step("interop", ("make", "mcp-interop"))
CONTRACTS = {name: Step(f"contracts-{name}", ("make", "mcp-contracts", f"ONLY={name}")) for name in DOCUMENTS}
HOSTILE = cargo("hostile", "-p", "chimera-mcp", "--test", "hostile", "--", "--nocapture", "--test-threads=1")
KIT = cargo("kit", "-p", "chimera-mcp", "--test", "kit")
ATTEMPTS = Step(
    "attempts",
    ("cargo", "run", "--profile", "prove", "--locked", "-q", "-p", "chimera-sim", "--bin", "attempts", "--", "--attempts", str(SIZES["PROVE_ATTEMPTS"])),
)
DEPLOYED = Step(
    "e2e-attempts", e2e("attempts").argv, folder=e2e("attempts").folder, needs_cloud=True,
    env=(*e2e("attempts").env, ("CHIMERA_ATTEMPTS", str(SIZES["PROVE_DEPLOYED_ATTEMPTS"]))), needs=e2e("attempts").needs,
)
DEMO = demo("bundled")
SIM = {name: story(name) for name in ("pictures", "payments", "memories", "guards")}


def rows():
    return [*conformance(), *interop(), *contracts(), *hostile(), *effects(), *campaign(), *guards()]


# ------------------------------------------------------------------ the lines


def conformance():
    return [Row("conformance", f"{name} passes the official suite, both revisions", CONFORMANCE, "every scenario that applies", suite(name))
            for name in SERVERS]


def interop():
    return [Row("interop", f"the client lists and calls tools of {told}", INTEROP, "every revision it speaks", foreign(name))
            for name, told in FOREIGN.items()]


def contracts():
    return [Row("contracts", f"the {name} adapter against its published OpenAPI document", step, "0 violations", violations)
            for name, step in CONTRACTS.items()]


def hostile():
    return [
        Row("hostile", f"{BEHAVIOURS} behaviours end by the deadline, none is believed", HOSTILE, f"{BEHAVIOURS}, all", behaviours),
        Row("hostile", "no behaviour grows the worker by more than 64 MiB", HOSTILE, "< 64 MiB", growth),
        Row("hostile", "the server kit: schemas, keys, allowances, media, dry run", KIT, "all", whole_suite(20)),
    ]


def effects():
    n, deployed = SIZES["PROVE_ATTEMPTS"], SIZES["PROVE_DEPLOYED_ATTEMPTS"]
    zero = [("double posts", "posts"), ("double payments", "payments"), ("without grant", "anything"), ("unresolved", "unknowns")]
    return [
        Row("effects", f"{n} attempts in process, with a share of unknown outcomes", ATTEMPTS, ">= 20 %", unknown_share),
        *[Row("effects", f"{n} attempts in process: {name}", ATTEMPTS, "0", counted(name)) for name, _ in zero],
        Row("effects", f"{n} attempts in process: the ledger, to the last unit", ATTEMPTS, "off by 0", counted("ledger off by")),
        Row("effects", f"{deployed} attempts on the deployed servers: each once or provably never", DEPLOYED, "0 twice, 0 open",
            tests("happens_once", "nothing_more_happens")),
        Row("effects", f"{deployed} attempts on the deployed servers: the wallet's books", DEPLOYED, "balanced", tests("books_balance")),
        Row("effects", "a human who says no while the slow call is under way: no second post", e2e("decisions"), "one", tests("not_posted|said_no|under_way")),
        Row("effects", "and no second payment", SIM["payments"], "one", tests("not_paid_while_the_call")),
    ]


def campaign():
    wanted = [
        ("buys an illustration and posts with it", lambda told: (f"{len(told['pictures'])} pictures", len(told["pictures"]) >= 1)),
        ("pays a collaborator inside the cap", lambda told: (f"{len(told['payments'])} payments", len(told["payments"]) == 1)),
        ("is refused over it", refused),
        ("remembers what worked", lambda told: (f"{told['memories']} memories", told["memories"] >= 1)),
    ]
    return [
        *[Row("campaign", f"the demo's campaign {claim}", DEMO, "yes", summary(look)) for claim, look in wanted],
        Row("campaign", "the same on the deployed functions, row by row", e2e("outside_world"), "all", whole_suite(5)),
        Row("campaign", "pictures, payments and memories in simulation", SIM["pictures"], "all", whole_suite(8)),
        Row("campaign", "payments under every fault", SIM["payments"], "all", whole_suite(12)),
        Row("campaign", "memories hold what was published, under every fault", SIM["memories"], "all", whole_suite(10)),
        Row("campaign", "nothing is remembered before the Judge or a human approved it", SIM["memories"], "never",
            tests("before_the_judge", "human_refuses", "makes_memories_up", "changed_after_its_approval")),
    ]


def guards():
    listed = {
        "no verification of grants": ("verification_of_a_grant", "granted"),
        "no burning of grants": ("burning_of_a_grant", "once"),
    }
    return [Row("guards", f"{name} turns red exactly its lines", SIM["guards"], lines, tests(test)) for name, (test, lines) in listed.items()]


# ------------------------------------------------------------------ how figures are read


def suite(name):
    """A server's own line, and nothing of it among what is not as it should be."""

    def look(done):
        line = re.search(rf"^{name}: (\d+) of (\d+) scenarios that apply, (\d+) checks passed", ended(done).text, re.MULTILINE)
        wrong = len(re.findall(rf"NOT ok: {name} ", done.text))
        if not line:
            return f"no figure, exit {done.code}", False
        passed, all_of_them, checks = map(int, line.groups())
        return f"{passed} of {all_of_them} scenarios, {checks} checks", passed == all_of_them > 0 and not wrong

    return look


def foreign(name):
    """The rows of one server: each ends in yes."""

    def look(done):
        lines = re.findall(rf"^{name} .*?(yes|NO|absent)$", ended(done).text, re.MULTILINE)
        return f"{lines.count('yes')} of {len(lines)} calls", bool(lines) and set(lines) == {"yes"}

    return look


def violations(done):
    line = re.search(r"^contracts: (\d+) operations of (\d+) documents?, (\d+) violations", ended(done).text, re.MULTILINE)
    if not line:
        told = (done.text.strip().splitlines() or ["nothing was said"])[-1]
        return f"no figure, exit {done.code}: {told}", False
    return f"{line[1]} operations, {line[3]} violations", done.code == 0 and line[3] == "0" and int(line[1]) > 0


def behaviours(done):
    seen = set(re.findall(r"hostile (\d+) ", ended(done).text))
    return f"{len(seen)} behaviours, exit {done.code}", len(seen) >= BEHAVIOURS and done.code == 0


def growth(done):
    peaks = [int(peak) for peak in re.findall(r"hostile \d+ .*peak (\d+) KiB", ended(done).text)]
    return (f"{max(peaks) / 1024:.1f} MiB at most", len(peaks) >= BEHAVIOURS and max(peaks) < 64 * 1024) if peaks else ("no figure", False)


def counted(name):
    def look(done):
        found = re.search(rf"\b{name} (\d+)", ended(done).text)
        return (found[1], found[1] == "0" and done.code == 0) if found else (f"no figure, exit {done.code}", False)

    return look


def unknown_share(done):
    found = re.search(r"attempts (\d+) .*?unknown outcomes ([\d.]+) %", ended(done).text)
    if not found:
        return f"no figure, exit {done.code}", False
    return f"{found[2]} % of {found[1]}", float(found[2]) >= 20 and int(found[1]) >= SIZES["PROVE_ATTEMPTS"]


def refused(told):
    failed = [task for task in told["tasks"] if task["kind"] == "transact" and task["status"] == "failed"]
    return f"{len(failed)} payments refused", len(failed) == 1
