#!/usr/bin/env python3
"""Sums up a campaign from the tables and the sandbox, and says which promises held.

    .venv/bin/python tests/oracle/summary.py [--outputs target/local/outputs.json] [--campaign ID] [--out FILE]

Exits with 0 when every promise held, 1 when one did not, 2 when there is nothing to sum up.
"""

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from promises import check, totals
from tables import NoCampaign, load_outputs, read, visible, when

ROOT = Path(__file__).resolve().parents[2]


def summary(look, wrong):
    """The summary's JSON."""
    ended = look.campaign.get("finished_at")
    seconds = ((when(ended) if ended else look.now) - when(look.campaign["created_at"])).total_seconds()
    return {
        "campaign_id": look.campaign["id"],
        "seconds": round(seconds, 1),
        "plans": [plan_line(plan) for plan in look.plans],
        "signals": [signal_line(signal) for signal in look.signals],
        "tasks": [task_line(task) for task in look.tasks],
        "effects": [effect_line(effect, look) for effect in look.effects],
        "payments": [payment_line(payment, look) for payment in look.transfers if is_ours(payment, look)],
        "pictures": [medium["digest"] for post in visible(look.posts) if is_ours(post, look) for medium in post.get("media", [])],
        "memories": sum(len(effect["intent"]["arguments"]["memories"]) for effect in memories(look)),
        "reviews": [review_line(review, look.decisions.get(review["id"])) for review in look.reviews],
        "ledger": totals(look),
        "promises": [{"id": name, "held": not found} for name, found in wrong.items()],
    }


def plan_line(plan):
    diff = plan["diff"]
    return {"number": plan["number"], "parent": plan["parent"], "cause": plan["cause"], "reason": plan["reason"],
            **{name: diff[name] for name in ("added", "dropped", "changed", "kept")}}


def signal_line(signal):
    return {"id": signal["id"], "what": signal["seen"]["what"], "relevance": signal["relevance"], "status": signal["status"],
            "plan": signal.get("plan"), "reason": signal.get("reason")}


def task_line(task):
    return {
        "id": task["id"],
        "kind": task["work"],
        "status": task["status"],
        "attempts": task["attempt"],
        "tries": task["tries"],
    }


def effect_line(effect, look):
    source = next((task.get("source") for task in look.tasks if task["id"] == effect["task"]), None)
    return {
        "id": effect["id"],
        "tool": f"{effect['intent']['server']}.{effect['intent']['tool']}",
        "text": effect["intent"]["arguments"].get("text"),
        "source_url": source["url"] if source else None,
        "digest": effect["digest"],
        "grant_id": effect["grant"]["grant"]["id"],
        "outcome": effect["status"],
    }


def is_ours(happened, look):
    return happened["idempotency_key"] in {effect["idempotency_key"] for effect in look.effects}


def payment_line(payment, look):
    effect = next(effect for effect in look.effects if effect["idempotency_key"] == payment["idempotency_key"])
    return {"id": payment["id"], "effect": effect["id"], "recipient": payment["recipient"], "amount": payment["amount"]}


def memories(look):
    """The effects by which the campaign's agent remembers something."""
    return [effect for effect in look.effects if effect["intent"]["server"] == "weaviate" and effect["status"] == "done"]


def review_line(review, decision):
    is_unanswered = review["status"] in ("expired", "superseded")
    return {
        "id": review["id"],
        "task_id": review["subject"]["task"],
        "reasons": sorted(review["flags"]) or review["verdict"]["reasons"],
        "decision": decision["kind"] if decision else review["status"] if is_unanswered else None,
        "reviewer": decision["reviewer"] if decision else None,
    }


def settled(outputs, campaign, patience_s):
    """Looks until every promise holds or patience ends: queues drain and the audit arrives a moment after the end."""
    deadline = time.monotonic() + patience_s
    while True:
        look = read(outputs, campaign)
        wrong = check(look)
        if not any(wrong.values()) or time.monotonic() > deadline:
            return look, wrong
        time.sleep(0.5)


def main():
    parser = argparse.ArgumentParser(description="Sum up a campaign and say which promises held.")
    parser.add_argument("--outputs", type=Path, default=ROOT / "target/local/outputs.json")
    parser.add_argument("--campaign", help="its id; the newest one where none is given")
    parser.add_argument("--out", type=Path, default=ROOT / "target/demo/summary.json")
    parser.add_argument("--patience", type=float, default=20, help="seconds to wait for queues and audit")
    options = parser.parse_args()
    try:
        look, wrong = settled(load_outputs(options.outputs), options.campaign, options.patience)
    except (NoCampaign, OSError) as error:
        print(f"summary: {error}", file=sys.stderr)
        return 2
    told = summary(look, wrong)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n")
    held = sum(promise["held"] for promise in told["promises"])
    extra = "".join(f", {len(told[name])} {name}" for name in ("pictures", "payments") if told[name])
    print(f"summary: {len(visible(look.posts))} posts{extra}, {held} of {len(wrong)} promises held; written to {options.out}")
    for name, found in wrong.items():
        for line in found:
            print(f"  {name} did not hold: {line}", file=sys.stderr)
    return 1 if any(wrong.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
