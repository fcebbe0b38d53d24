"""The figures as JSON, and as a table that a person can read."""

import statistics
from collections import Counter

import tally
from meter import ARTIFACT, CLOCK, EFFECT, START

BARS = {
    "AWS calls per approved artifact task": 7,
    "state writes per approved artifact task": 3,
    "Step Functions transitions per approved artifact task": 0,
    "Step Functions transitions per held task": 3,
    "largest zip, MB": 5,
    "largest peak RSS, MiB": 32,
}
ORDER = ("api", "dispatcher", "planner", "worker", "judge", "auditor", "escalation", "publisher")


def figures(measured, footprint, zips, profile, prices):
    main, held = measured["phases"]
    meter = measured["meter"]
    kinds = {
        "artifact": kind_figures(main, ARTIFACT, meter, prices, main.api_calls),
        "effect": kind_figures(main, EFFECT, meter, prices, main.api_calls),
        "held": kind_figures(held, EFFECT, meter, prices, held.api_calls),
    }
    found = {
        "tasks": {"main": counts(main), "held": counts(held)},
        "seconds": {"main": round(main.seconds, 1), "held": round(held.seconds, 1)},
        "per_task": kinds,
        "doubts": {phase.name: tally.doubts(phase) for phase in (main, held)},
        "outside": outside([main, held]),
        "batches": batch_sizes(main),
        "rows": tally.row_sizes([main, held]),
        "prices": {"as_of": prices["as_of"], "region": prices["region"], "left_out": prices["left_out"]},
        "profile": profile,
        "zip_bytes": zips,
        "peak_rss_kib": merged([phase.peaks for phase in footprint]),
        "cpu": {"counted": cpu(main), "profile": profile, "footprint": cpu(footprint[0])},
    }
    return found | {"bars": bars(found)}


def kind_figures(phase, kind, meter, prices, api_calls):
    calls = tally.count_calls(phase)
    each = calls.per_task(kind, phase)
    writes = tally.count_writes(phase, meter, tally.state_write).per_task(kind, phase)
    units = tally.count_writes(phase, meter, tally.write_units).per_task(kind, phase)
    return {
        "approved": len(phase.approved(kind)),
        "calls": round(sum(each.values()), 2),
        "calls_shared_by_the_campaign": round(calls.of_campaign(phase), 2),
        "calls_by_function": nested(each),
        "state_writes": round(sum(writes.values()), 2),
        "state_writes_by_function": nested(writes),
        "refused_writes": round(refused(phase, kind, meter), 2),
        "write_units": round(sum(units.values()), 2),
        "write_units_by_table": by_table(units),
        "read_units": round(sum(tally.count_reads(phase).per_task(kind, phase).values()), 2),
        "transitions": round(phase.transitions[kind] / max(1, len(phase.approved(kind))), 2),
        "dollars_per_million": {
            name: round(amount, 2) for name, amount in tally.dollars(phase, kind, meter, prices, api_calls).items()
        },
    }


def refused(phase, kind, meter):
    return sum(tally.count_writes(phase, meter, lambda write: write.refused).per_task(kind, phase).values())


def nested(amounts):
    found = {}
    for (function, name), amount in sorted(amounts.items(), key=lambda entry: -entry[1]):
        if amount >= 0.0005:
            found.setdefault(function, {})[name] = round(amount, 3)
    return {function: found[function] for function in sorted(found, key=place)}


def place(function):
    return (ORDER.index(function) if function in ORDER else len(ORDER), function)


def by_table(amounts):
    found = Counter()
    for (_, table), amount in amounts.items():
        found[table] += amount
    return {table: round(amount, 2) for table, amount in sorted(found.items())}


def counts(phase):
    tasks = phase.tasks()
    return {
        "all": len(tasks),
        "approved artifacts": len(phase.approved(ARTIFACT)),
        "approved effects": len(phase.approved(EFFECT)),
        "rejections": int(sum(task["tries"] for task in tasks)),
        "reviews": sum(row.get("kind") == "review" for rows in phase.campaigns for row in rows),
        "statuses": dict(Counter(f"{task['work']} {task['status']}" for task in tasks)),
        "failed calls": dict(Counter(f"{call.function}: {call.name}" for call in phase.calls if call.failed)),
        "failed batches": dict(phase.batches.failed),
    }


def outside(phases):
    """What is not a task's: paid at a cold start, and by the clock."""
    found = Counter()
    for phase in phases:
        for call in phase.calls:
            for kind in (START, CLOCK):
                found[f"{kind}: {call.function} {call.name}"] += call.about.get(kind, 0)
    return {name: round(amount, 1) for name, amount in sorted(found.items()) if amount}


def batch_sizes(phase):
    queues, streams = phase.batches.queues, phase.batches.streams
    return {
        f"{function} {source}": {"batches": len(sizes), "mean": round(statistics.mean(sizes), 1)}
        for (function, source), sizes in sorted((queues | streams).items())
    }


def cpu(phase):
    running, gone, emulator = phase.cpu
    tasks = max(1, len(phase.tasks()))
    by_function = {name: round(spent / tasks, 2) for name, spent in sorted(running.items(), key=lambda entry: -entry[1])}
    return {
        "ms_per_task": round((sum(running.values()) + gone) / tasks, 2),
        "emulator_ms_per_task": round(emulator / tasks, 2),
        "by_function": by_function,
        "cold_starts_within": phase.cold_starts,
    }


def merged(peaks):
    found = {}
    for seen in peaks:
        for name, peak in seen.items():
            found[name] = max(peak, found.get(name, 0))
    return dict(sorted(found.items()))


def bars(found):
    artifact, held = found["per_task"]["artifact"], found["per_task"]["held"]
    measured = {
        "AWS calls per approved artifact task": artifact["calls"],
        "state writes per approved artifact task": artifact["state_writes"],
        "Step Functions transitions per approved artifact task": artifact["transitions"],
        "Step Functions transitions per held task": held["transitions"],
        "largest zip, MB": round(max(found["zip_bytes"].values()) / 1e6, 2),
        "largest peak RSS, MiB": round(max(found["peak_rss_kib"].values(), default=0) / 1024, 1),
    }
    return [{"name": name, "figure": measured[name], "bar": bar, "ok": measured[name] <= bar} for name, bar in BARS.items()]


# -------------------------------------------------------------------- as text


def text(found):
    parts = [head(found)]
    parts += [itemised(name, found["per_task"][name]) for name in ("artifact", "effect", "held")]
    parts += [units(found), rows(found), footprint(found), bar_lines(found)]
    return "\n\n".join(parts)


def head(found):
    lines = [f"bench: campaigns on the emulator, in {found['seconds']['main']} s and {found['seconds']['held']} s"]
    for name, counted in found["tasks"].items():
        statuses = ", ".join(f"{number} {status}" for status, number in counted["statuses"].items())
        lines.append(f"  {name}: {statuses}; {counted['rejections']} rejections, {counted['reviews']} reviews")
        for what in ("failed calls", "failed batches"):
            if counted[what]:
                lines.append(f"    {what}: {counted[what]}")
    doubts = [f"{name}: {doubt}" for name, found_doubts in found["doubts"].items() for doubt in found_doubts]
    lines.append(f"  counts against rows and deliveries: {'; '.join(doubts) or 'they agree'}")
    batches = ", ".join(f"{name} {seen['mean']}" for name, seen in found["batches"].items())
    return "\n".join([*lines, f"  messages or records per delivery: {batches}"])


def itemised(name, seen):
    lines = [
        f"AWS calls per approved {name} task: {seen['calls']} (of which the campaign's, shared: "
        f"{seen['calls_shared_by_the_campaign']}); {seen['approved']} tasks"
    ]
    for function, calls in seen["calls_by_function"].items():
        parts = ", ".join(f"{call} {amount}" for call, amount in calls.items())
        lines.append(f"  {function:12} {sum(calls.values()):6.2f}   {parts}")
    by_function = ", ".join(
        f"{function} {round(sum(tables.values()), 2)}" for function, tables in seen["state_writes_by_function"].items()
    )
    lines.append(f"  state writes {seen['state_writes']} ({by_function}), refused writes {seen['refused_writes']}")
    return "\n".join([*lines, f"  Step Functions transitions {seen['transitions']}"])


def units(found):
    lines = [f"units and dollars per million tasks (prices of {found['prices']['as_of']}, {found['prices']['region']})"]
    for name, seen in found["per_task"].items():
        tables = ", ".join(f"{table} {amount}" for table, amount in seen["write_units_by_table"].items())
        money = seen["dollars_per_million"]
        parts = ", ".join(f"{service} {amount:.2f}" for service, amount in money.items() if service != "sum")
        lines.append(f"  {name:9} WRU {seen['write_units']:6.2f} ({tables}), RRU {seen['read_units']:.2f}")
        lines.append(f"  {'':9} $ {money['sum']:.2f}: {parts}")
    lines.append(f"  without: {', '.join(found['prices']['left_out'])}; Lambda's time as measured here, on the emulator")
    beside = ", ".join(f"{name} {amount:g}" for name, amount in found["outside"].items())
    return "\n".join([*lines, f"  not a task's: {beside or 'nothing'}"])


def rows(found):
    lines = ["rows put: median bytes (largest)"]
    lines += [f"  {kind:24} {seen['median_bytes']:6} ({seen['max_bytes']})" for kind, seen in found["rows"].items()]
    return "\n".join(lines)


def footprint(found):
    counted, own = found["cpu"]["counted"], found["cpu"]["footprint"]
    lines = [f"functions ({found['profile']} profile): zip MB, peak RSS MiB, CPU ms per task"]
    for name in sorted(found["zip_bytes"]):
        halves = [half for half in found["peak_rss_kib"] if half == name or half.startswith(f"{name}-")]
        peak = max((found["peak_rss_kib"][half] for half in halves), default=0) / 1024
        spent = sum(own["by_function"].get(half, 0) for half in halves)
        lines.append(f"  {name:12} {found['zip_bytes'][name] / 1e6:6.2f} {peak:6.1f} {spent:8.2f}")
    lines.append(
        f"  CPU per task: functions {own['ms_per_task']} ms, emulator {own['emulator_ms_per_task']} ms, "
        f"{own['cold_starts_within']} processes started meanwhile; counted with dev binaries: "
        f"{counted['ms_per_task']} ms and {counted['emulator_ms_per_task']} ms"
    )
    return "\n".join(lines)


def bar_lines(found):
    lines = [f"{'claim':56} {'figure':>8} {'bar':>6}  ok"]
    for bar in found["bars"]:
        lines.append(f"{bar['name']:56} {bar['figure']:>8} {bar['bar']:>6}  {'yes' if bar['ok'] else 'NO'}")
    return "\n".join(lines)
