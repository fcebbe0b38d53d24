"""The rows of `make prove-judge`: what makes the Judge worth trusting with a brand and a wallet."""

import re

from rows import Row, cargo, e2e, ended, size, story, tests, whole_suite
from runs import ROOT, Step

SIZES = {
    "PROVE_APPROVALS": size("PROVE_APPROVALS", 1_000),
    "PROVE_TAMPERINGS": size("PROVE_TAMPERINGS", 1_000),
}

POLICY = {name: cargo(f"policy-{name}", "-p", "chimera-policy", "--test", name, "--", "--nocapture")
          for name in ("verdict", "confidence", "honesty", "anomalies")}
SIM = {name: story(name)
       for name in ("bands", "edits", "undo", "replies", "raises", "tenants", "guards", "batches", "switches", "platform")}
BUDGET = story("budget", env={"CHIMERA_APPROVALS": SIZES["PROVE_APPROVALS"]})
AUDIT = story("audit", env={"CHIMERA_AUDIT_CASES": SIZES["PROVE_TAMPERINGS"]})
HTTP = cargo("api-http", "-p", "api", "--test", "http")
MODEL = cargo("topics", "-p", "chimera-topics")
EVAL = Step("eval-policy", ("make", "eval-policy"))
EMULATOR = Step("emulator", ("make", "test-emulator"), env=(("CHIMERA_APPROVALS", str(SIZES["PROVE_APPROVALS"])),))


def rows():
    return [*bands(), *money(), *topics(), *people(), *tenants(), *reasons(), *guards()]


# ------------------------------------------------------------------ the lines


def bands():
    step, confidence = POLICY["verdict"], POLICY["confidence"]
    return [
        Row("bands", "0.70, 0.7001, 0.90, 0.9001 and their neighbours, with and without a topic", step, "as NFR1.1, 1.2",
            tests("bands_end_where", "every_boundary_under_every_switch")),
        Row("bands", "no opinion of a model turns what is held into an approval", confidence, "by properties",
            tests("no_opinion_turns", "a_lower_opinion_lowers")),
        Row("bands", "a flag more never approves what was held", step, "by properties", tests("flag_added_never", "lower_confidence_never")),
        Row("bands", "confidence only falls: no source, a made-up claim, a broken criterion", confidence, "by properties",
            tests("without_its_source", "made_up_claim", "broken_criterion", "earlier_text")),
        Row("bands", "labelled drafts: good above 0.90, bad below 0.70", confidence, "printed", labelled),
        Row("bands", "both settings of both switches, in simulation", SIM["bands"], "all", whole_suite(7)),
        Row("bands", "what is published first is asked about and taken back", SIM["undo"], "all", whole_suite(10)),
    ]


def money():
    n = SIZES["PROVE_APPROVALS"]
    return [
        Row("money", f"{n} approvals against money for k, conflicts and lost replies", BUDGET, "exactly k", tests("money_for_k", "share_a_day")),
        Row("money", f"{n} approvals by real Judges on the emulator's tables", EMULATOR, "exactly k", tests("money_for_k.*conditional_writes")),
        Row("money", "a crash between reserve and settle", BUDGET, "nothing twice, nothing lost", tests("crash_between_reserving")),
        Row("money", "at midnight", BUDGET, "each day its cap", tests("cross_midnight")),
        Row("money", "at a change of the cap, down and up", BUDGET, "exactly k", tests("cap_that_is_lowered", "cap_that_is_raised")),
        Row("money", "at a resubmission", BUDGET, "exactly k", tests("asked_for_again")),
        Row("money", "a limit raised by a human, and the task asked for again", SIM["raises"], "published, in the limit", whole_suite(4)),
        Row("money", "the approvals of a batch share a write, each ends for itself", SIM["batches"], "all", whole_suite(4)),
        Row("money", "labelled histories of payments: anomalies found, false alarms", POLICY["anomalies"], ">= 95 %, <= 5 %", histories),
        Row("money", "what running a plan costs stays in its reservation", BUDGET, "all", tests("plan_settles_once", "cost_too_much", "same_room")),
    ]


def topics():
    found = [Row("topics", name, EVAL, bar, measured(name)) for name, bar in TOPIC_BARS.items()]
    return [
        *found,
        Row("topics", "training again gives the bytes that ship", MODEL, "the same bytes", tests("training_again")),
        Row("topics", "no post stands in both parts of the corpus", MODEL, "none", tests("no_post_stands_in_both")),
    ]


def people():
    edits, honesty = SIM["edits"], POLICY["honesty"]
    return [
        Row("people", "an edit that adds a topic is held for it", edits, "held", tests("adds_a_topic")),
        Row("people", "an edit that breaks a rule is refused", edits, "never published", tests("breaks_a_rule")),
        Row("people", "an edit that breaks a budget is refused", edits, "never published", tests("breaks_the_budget")),
        Row("people", "an approval before a policy change holds where no new flag is raised", edits, "not asked twice", tests("raises_no_new_flag")),
        Row("people", "it is asked again where one is", edits, "held", tests("raises_a_new_flag")),
        Row("people", "asked what it is, it says so, whatever the persona or a human's edit", SIM["replies"], "disclosed",
            tests("who_asks", "no_directive", "edits_the_truth_out")),
        Row("people", "labelled mentions: who asks is heard", honesty, "all", whole_suite(3)),
        Row("people", "one reply to a mention, and only where the platform has approved", SIM["replies"], "one, none",
            tests("answer_it_once", "without_the_declaration")),
        Row("people", "the platform's refusals, each with what follows", SIM["platform"], "all", whole_suite(8)),
        Row("people", "switches, quiet hours and pace act at dispatch and at the claim", SIM["switches"], "all", whole_suite(6)),
    ]


def tenants():
    return [
        Row("tenants", "same ids, every endpoint: nothing of one shows in the other", HTTP, "nothing", tests("nothing_of_the_others", "others_rows_stay", "two_tenants_is")),
        Row("tenants", "same ids side by side: rows, ledger, switches", SIM["tenants"], "nothing", whole_suite(3)),
        Row("tenants", "same ids on the platform: posts and deletions", SIM["platform"], "nothing", tests("two_tenants_with_the_same", "another_tenants_account")),
        Row("tenants", "deployed: another tenant neither sees nor deletes nor repeats", e2e("forged"), "nothing", tests("another_tenant_neither")),
    ]


def reasons():
    n = SIZES["PROVE_TAMPERINGS"]
    return [
        Row("reasons", "a receipt names rules, evidence, policy, tokens, cost, reviewer, minutes, trace", HTTP, "all", tests("a_receipt_")),
        Row("reasons", "every field of every row and entry, one changed: found and named", AUDIT, "all", tests("any_change_of_any_field")),
        Row("reasons", "rows and entries that come or go: found and named", AUDIT, "all", tests("comes_or_goes", "not_audited")),
        Row("reasons", f"{n} changes at random places: found and named", AUDIT, "all", tests("any_random_place", "forged_with_a_seal")),
        Row("reasons", "deployed: clean after campaigns, and a change by root is named", e2e("audit"), "all", whole_suite(1)),
        Row("reasons", "an unsound policy is refused by its place and changes nothing", HTTP, "all", tests("unsound_is_refused", "replaced_only_as_it_was_seen")),
    ]


def guards():
    listed = {
        "reservation outside the transaction": ("reservation_in_the_transaction", "reserved, accounts, caps"),
        "no screen for topics": ("screen_for_topics", "screened"),
        "decision without race": ("race_of_decisions", "one-decision, explained"),
        "no condition on the commit": ("condition_on_the_commit", "fresh, explained"),
    }
    return [
        Row("guards", f"{name} turns red exactly its lines", SIM["guards"], lines, tests(test)) for name, (test, lines) in listed.items()
    ]


# ------------------------------------------------------------------ how figures are read

TOPIC_BARS = {
    "politics held": ">= 95 %",
    "health_advice held": ">= 95 %",
    "financial_advice held": ">= 95 %",
    "legal_claims held": ">= 95 %",
    "ordinary held in error": "<= 2 %",
    "near miss held in error": "<= 10 %",
    "in disguise": ">= 95 % each, dropped vowels >= 60 %",
    "processor time of a post": "<= 200 µs",
}


def measured(name):
    """The lines of the measurement that begin so: each says by itself whether its bar is met."""

    def look(done):
        lines = [line for line in ended(done).text.splitlines() if line.startswith(name)]
        if not lines:
            return f"no figure, exit {done.code}", False
        missed = [line for line in lines if "MISSED" in line]
        if len(lines) > 1:
            named = "; ".join(re.sub(r"\s+of .*", "", line.removeprefix(f"{name}: ")) for line in missed)
            return f"{len(lines) - len(missed)} of {len(lines)} met{'; ' + named if named else ''}", not missed and len(lines) >= 16
        return re.sub(r"\s+", " ", lines[0].removeprefix(name).split(">=")[0].split("<=")[0]).strip(" :"), not missed

    return look


def labelled(done):
    figures = re.findall(r"^drafts: .*$", ended(done).text, re.MULTILINE)
    _, ok = tests("agrees_with_their_labels")(done)
    return ("; ".join(figures) or "no figure printed"), ok and bool(figures)


def histories(done):
    figures = re.findall(r"^histories: .*$", ended(done).text, re.MULTILINE)
    _, ok = tests("anomalies_are_found")(done)
    return ("; ".join(figures) or "no figure printed"), ok and bool(figures)
