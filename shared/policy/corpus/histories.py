"""Writes histories.jsonl: payments of agents with varied habits, and one proposed payment each, labelled.

A habit is a timeline of payments. Where nothing is wrong, the proposed payment is simply the habit's next one. Where
something is, the habit goes on as it was and the anomaly is put on top of it: it knows the habit, not the rules.

    python3 shared/policy/corpus/histories.py
"""

import json
import math
import random
from pathlib import Path

DAY = 24 * 60
KNOWN_DAYS = 92
VENDORS = ["hosting", "fontworks", "stockclips", "mailer", "captioner", "vectorshop", "backupbox", "soundbank", "linktree", "translate", "colorgrade", "modeltuner"]
PEOPLE = ["ines", "marek", "yuki", "tomas", "adaeze", "lior", "freya", "omar", "bianca", "sunil", "petra", "hugo", "noor", "wanda", "kofi", "elif", "sofia", "janek", "maite", "ruben", "amara", "dmitri", "leila", "pavel", "greta", "idris", "chiara", "stellan", "zora", "felix"]


def noisy(rng, cents, spread):
    return max(1, round(cents * math.exp(rng.gauss(0, spread))))


def address(rng):
    return "0x" + "".join(rng.choice("0123456789abcdef") for _ in range(40))


def handle(rng, name):
    return rng.choice([name, f"{name}@pay.example", f"@{name}", f"{name}-studio"])


def days(rng, start, step, jitter=0):
    """Minutes of working hours, one every `step` days."""
    day = start
    while day < 130:
        yield round(day * DAY + rng.uniform(8, 19) * 60 + rng.uniform(-jitter, jitter) * DAY)
        day += step


# Habits: each gives (minute, recipient, cents) from day 0 to day 130.


def salaries(rng):
    team = [(handle(rng, name), rng.randrange(80_000, 420_000, 5_000)) for name in rng.sample(PEOPLE, rng.randint(3, 9))]
    for month in range(5):
        payday = round((rng.randint(0, 2) + month * 30) * DAY + rng.uniform(9, 16) * 60)
        for index, (who, cents) in enumerate(team):
            raised = round(cents * (1.04 if month >= 3 and index == 0 else 1))
            yield payday + index * rng.randint(1, 6), who, raised


def payroll_with_bonus(rng):
    team = [(handle(rng, name), rng.randrange(60_000, 180_000, 1_000)) for name in rng.sample(PEOPLE, rng.randint(2, 5))]
    for fortnight in range(10):
        payday = fortnight * 14 * DAY + rng.randint(540, 900)
        for index, (who, cents) in enumerate(team):
            bonus = 1.5 if fortnight % 6 == 5 else 1
            yield payday + index * 3, who, round(cents * bonus)


def freelancers(rng):
    crew = [(handle(rng, name), rng.uniform(20_000, 90_000)) for name in rng.sample(PEOPLE, rng.randint(2, 6))]
    for who, cents in crew:
        for minute in days(rng, rng.uniform(0, 7), 7, 0.8):
            if rng.random() < 0.85:
                yield minute, who, noisy(rng, cents, 0.3)


def subscriptions(rng):
    for vendor in rng.sample(VENDORS, rng.randint(4, 10)):
        cents = rng.choice([499, 900, 1_200, 1_999, 2_900, 4_900, 9_900, 19_900])
        for count, minute in enumerate(days(rng, rng.uniform(0, 29), 30, 0.1)):
            yield minute, vendor, round(cents * (1.15 if count >= 3 and rng.random() < 0.3 else 1))


def growing_ads(rng):
    growth = rng.uniform(1.003, 1.018)
    for network in rng.sample(["adnorth", "clickfield", "reachly"], rng.randint(1, 2)):
        cents = rng.uniform(1_500, 9_000)
        for minute in days(rng, rng.uniform(0, 1), 1):
            yield minute, network, noisy(rng, cents * growth ** (minute / DAY), 0.15)


def season(rng):
    peak, height = rng.uniform(90, 125), rng.uniform(1.5, 2.6)
    for supplier in rng.sample(["shirtpress", "stickerhaus", "mugworks", "posterly"], rng.randint(1, 3)):
        cents = rng.uniform(15_000, 60_000)
        for minute in days(rng, rng.uniform(0, 7), rng.choice([3.5, 7]), 0.3):
            bump = 1 + (height - 1) * math.exp(-(((minute / DAY - peak) / 18) ** 2))
            yield minute, supplier, noisy(rng, cents * bump, 0.12)


def fan_tips(rng):
    fans = [handle(rng, name) for name in rng.sample(PEOPLE, rng.randint(8, 14))]
    for day in range(130):
        for _ in range(rng.randint(0, 3)):
            yield round(day * DAY + rng.uniform(7, 23) * 60), rng.choice(fans), rng.choice([100, 200, 200, 300, 500])


def bounties(rng):
    crew = [handle(rng, name) for name in rng.sample(PEOPLE, rng.randint(3, 5))]
    tiers = rng.choice([[2_000, 3_000, 5_000], [5_000, 7_500, 10_000], [1_000, 1_500, 2_500]])
    for minute in days(rng, rng.uniform(0, 2), rng.uniform(1.5, 3), 0.7):
        yield minute, rng.choice(crew), rng.choice(tiers)


def young(rng):
    crew = [handle(rng, name) for name in rng.sample(PEOPLE, rng.randint(1, 2))]
    cents, begin = rng.uniform(4_000, 40_000), rng.uniform(70, 95)
    for minute in days(rng, begin, rng.uniform(6, 11), 0.5):
        for who in crew:
            yield minute + rng.randint(0, 400), who, noisy(rng, cents, 0.2)


def revenue_split(rng):
    shares = [(handle(rng, name), share) for name, share in zip(rng.sample(PEOPLE, 3), [50, 30, 20])]
    revenue = rng.uniform(60_000, 300_000)
    for week in range(18):
        revenue = noisy(rng, revenue, 0.12)
        for index, (who, share) in enumerate(shares):
            yield week * 7 * DAY + 600 + index * 2, who, revenue * share // 100


def chain_grants(rng):
    grants = [(address(rng), rng.randrange(10_000, 90_000, 500)) for _ in range(rng.randint(3, 7))]
    for who, cents in grants:
        for minute in days(rng, rng.uniform(0, 14), 14, 0.4):
            yield minute, who, noisy(rng, cents, 0.05)


def bookings(rng):
    vendors = ["railways", "cityhotel", "venuehub", "printroom", "catering", "cabs"]
    for week in range(18):
        evening = round((week * 7 + rng.uniform(0, 2)) * DAY + 18 * 60)
        for index in range(rng.randint(3, 6)):
            cents = rng.choice([4_000, 7_000, 9_000, 12_000, 15_000])
            yield evening + index * rng.randint(4, 9), vendors[index % len(vendors)], noisy(rng, cents, 0.2)


def metered_cloud(rng):
    cents = rng.uniform(800, 6_000)
    for minute in days(rng, 0, 1):
        spike = 2 if rng.random() < 0.06 else 1
        yield minute, "hosting", noisy(rng, cents * spike, 0.1)
    for minute in days(rng, 3, 30):
        yield minute, "registrar", 1_400


def rent_and_power(rng):
    rent, power = rng.randrange(40_000, 120_000, 1_000), rng.uniform(5_000, 12_000)
    for count, minute in enumerate(days(rng, rng.uniform(0, 5), 30, 0.1)):
        yield minute, "landlord", rent
        yield minute + rng.randint(100, 3_000), "powergrid", noisy(rng, power * (1 + 0.12 * count), 0.08)
    for minute in days(rng, 2, 7, 0.5):
        yield minute, "cleaner", rng.choice([6_000, 6_000, 9_000])


def household(rng):
    yield from subscriptions(rng)
    yield from freelancers(rng)


def studio(rng):
    yield from salaries(rng)
    yield from growing_ads(rng)


HABITS = [salaries, payroll_with_bonus, freelancers, subscriptions, growing_ads, season, fan_tips, bounties, young, revenue_split, chain_grants, bookings, metered_cloud, rent_and_power, household, studio]


def timeline(rng, habit):
    return sorted((minute, who, cents) for minute, who, cents in habit(rng) if minute >= 0)


def known(paid, now):
    return [entry for entry in paid if now - KNOWN_DAYS * DAY < entry[0] <= now]


def typical(paid, who=None):
    cents = sorted(c for _, recipient, c in paid if who is None or recipient == who)
    return cents[len(cents) // 2]


def busiest(paid, window):
    return max(sum(1 for other in paid if entry[0] - window < other[0] <= entry[0]) for entry in paid)


def normal(rng, habit):
    """The habit's own next payment, to somebody it has paid before."""
    paid = timeline(rng, habit)
    while True:
        minute, who, cents = paid[rng.randrange(len(paid) // 2, len(paid))]
        before = [entry for entry in known(paid, minute) if entry[0] < minute]
        if minute >= 75 * DAY and any(entry[1] == who for entry in before):
            return lived(rng, before, minute, who, cents)


def lived(rng, before, now, who, cents):
    """Lives are not that regular: late double payments, gaps, limits above what is paid, small first tests."""
    single = None
    match rng.randrange(8):
        case 0:
            cents *= 2
        case 1:
            gap = rng.uniform(5, 25) * DAY
            last = max(entry[0] for entry in before if entry[1] == who)
            before = [entry for entry in before if entry[0] <= last or entry[0] < now - gap]
        case 2:
            single = round(max(entry[2] for entry in before) * rng.uniform(1.2, 4))
        case 3:
            before = sorted([*before, (now - rng.randint(30, 70) * DAY, who, max(1, cents // 100))])
        case 4:
            cents = max(1, cents // rng.randint(2, 20))
        case 5:
            before = sorted([*before, (now - rng.randint(60, 1_300), who, noisy(rng, cents, 0.1))])
    return before, now, who, cents, single


def interrupted(rng, habit):
    paid = timeline(rng, habit)
    now = round(rng.uniform(96, 122) * DAY)
    return known(paid, now), now


def new_recipient(rng, habit):
    paid, now = interrupted(rng, habit)
    model = rng.choice(paid)[1]
    strangers = [
        lambda: address(rng),
        lambda: rng.choice(["fastcash", "exchange-desk", "giftcards", "a.friend", "support-team"]),
        lambda: model.replace("o", "0", 1).replace("l", "1", 1) + "." if not model.startswith("0x") else model[:8] + address(rng)[10:38] + model[-4:],
        lambda: model + "-2",
    ]
    who = rng.choice(strangers)()
    cents = noisy(rng, typical(paid), rng.choice([0.05, 0.3, 1.0]))
    return paid, now, who, cents, None


def burst(rng, habit):
    paid, now = interrupted(rng, habit)
    people = sorted({entry[1] for entry in paid})
    window = rng.choice([10, 30, 55, 6 * 60, 20 * 60])
    least = 5 if window < 60 else 9
    count = max(least, round(busiest(paid, 60 if window < 60 else DAY) * rng.uniform(2.1, 5)) + 1)
    extra = []
    for index in range(count - 1):
        who = rng.choice(people)
        extra.append((now - rng.randint(1, window - 1), who, noisy(rng, typical(paid, who), rng.choice([0.02, 0.2]))))
    who = rng.choice(people)
    return sorted(paid + extra), now, who, typical(paid, who), None


def splitting(rng, habit):
    paid, now = interrupted(rng, habit)
    who = rng.choice(paid)[1]
    usual, window = typical(paid, who), rng.choice([20, 120, 600, 1_200])
    kind = rng.choice(["same", "same", "related", "fresh", "cap"])
    largest = max(c for _, recipient, c in paid if recipient == who or kind == "fresh")
    busy = busiest([entry for entry in paid if entry[1] == who], DAY)
    single = None
    if kind == "cap":
        count, single = max(2, rng.randint(2, 6)) + 2 * busy, round(largest * rng.uniform(1.02, 1.5))
        cents = round(single * rng.uniform(0.8, 0.99))
    else:
        count = max(4, round(rng.uniform(5, 12))) + 2 * busy
        cents = round(max(largest, typical(paid) if kind == "fresh" else usual) * rng.uniform(0.9, 1.2))
    parts = []
    for index in range(count):
        name = who
        if kind == "related":
            name = who if index == count - 1 else variant(rng, who, index)
        if kind == "fresh":
            name = address(rng) if index % 2 else f"mule{'abcdefghijklmnopqrstuvwxyz'[index % 26]}"
        parts.append((now - rng.randint(1, window), name, noisy(rng, cents, 0.0 if single else 0.05)))
    _, last, cents = parts.pop()
    return sorted(paid + parts), now, last, cents, single


def variant(rng, who, index):
    if who.startswith("0x"):
        return who[:8] + address(rng)[10:38] + who[-4:]
    if "@" in who[1:]:
        return who.replace("@", f"+{index}@", 1)
    return rng.choice([f"{who}{index + 2}", f"{who}-{index + 2}", who.upper(), f"{who}."])


def amount(rng, habit):
    paid, now = interrupted(rng, habit)
    who = rng.choice(paid)[1]
    largest = max(c for _, recipient, c in paid if recipient == who)
    reach = max(largest, typical(paid)) if sum(1 for entry in paid if entry[1] == who) < 3 else largest
    factor = rng.choice([rng.uniform(4.5, 8), rng.uniform(8, 12), rng.uniform(12, 60), 100, 1_000])
    return paid, now, who, round(reach * factor), None


KINDS = [(normal, 128), (new_recipient, 36), (burst, 36), (splitting, 40), (amount, 36)]


def write(path):
    lines = []
    for kind, count in KINDS:
        for number in range(count):
            habit = HABITS[number % len(HABITS)]
            rng = random.Random(f"{kind.__name__}-{habit.__name__}-{number}")
            paid, now, who, cents, single = kind(rng, habit)
            lines.append(json.dumps({
                "id": f"{kind.__name__}-{number:03}",
                "kind": kind.__name__,
                "habit": habit.__name__,
                "single": single,
                "paid": [[now - minute, recipient, minor] for minute, recipient, minor in paid],
                "proposed": [who, cents],
            }, separators=(",", ":")))
    path.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    write(Path(__file__).with_name("histories.jsonl"))
