"""The seven promises, checked on a snapshot. Each check gives a list of what is wrong; an empty list means it held.

Written from specs/ alone: it shares no code with the functions, and computes digests, signatures and sums by itself.
"""

import base64
import hashlib
import json

from outside import memory_id, unbalanced
from tables import DAY_CAPS, visible, when

FINAL_TASK = ("approved", "failed", "dropped")
FINAL_EFFECT = ("done", "failed", "void")
OVER = ("finished", "stopped", "cancelled")


def canonical(value):
    """Sorted keys, no white space."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def digest(value):
    return "sha256:" + hashlib.sha256(canonical(value).encode()).hexdigest()


def intent_digest(intent):
    return digest({name: intent[name] for name in ("server", "tool", "arguments")})


def is_signed(signed, public_keys):
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    key = public_keys.get(signed["grant"]["key"])
    if key is None:
        return False
    try:
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(base64.b64decode(signed["signature"]), canonical(signed["grant"]).encode())
        return True
    except (InvalidSignature, ValueError):
        return False


def approved_before_published(look):
    """1: every post is exactly what an approved effect says, under a grant that verifies; so is every deletion, every
    payment and everything that is remembered [E-1] [E-9] [W-7]."""
    wrong = wrong_payments(look) + wrong_memories(look)
    effects = {effect["idempotency_key"]: effect for effect in look.effects}
    ours = {effect["agent"] for effect in look.effects} | {look.campaign["agent"]}
    for post in look.posts:
        name = f"post {post['post_id']}"
        effect = effects.get(post.get("idempotency_key"))
        if effect is None:
            if is_of_this_campaign(post, look, ours):
                wrong.append(f"{name} belongs to no effect")
            continue
        arguments = effect["intent"]["arguments"]
        facts = granted_facts(effect, post["grant"], look) | {
            "its text is not the effect's": post["text"] == arguments["text"],
            "it answers something else than the effect": post.get("in_reply_to") == arguments.get("in_reply_to"),
            "its account is not the effect's agent": post["account"] == effect["agent"],
            "it is another tenant's": post.get("tenant", effect["tenant"]) == effect["tenant"] == look.campaign["tenant"],
            "its pictures are not the effect's": [medium["digest"] for medium in post.get("media", [])] == digests(arguments),
            "a human's approval is missing": has_approval(effect, look.decisions),
        }
        wrong += [f"{name}: {fact}" for fact, holds in facts.items() if not holds]
        wrong += [f"{name}: picture {medium} was never approved, or has other bytes" for medium in odd_pictures(arguments, look)]
        if "deleted" in post:
            wrong += [f"{name}: {fact}" for fact in wrong_deletion(post, effect, effects, look)]
    return wrong


def digests(arguments):
    return [medium["digest"] for medium in arguments.get("media", [])]


def odd_pictures(arguments, look):
    """Pictures and clips that no task of the campaign has committed, or whose bytes are others."""
    outcomes = [task["committed"]["outcome"] for task in look.tasks if task["status"] == "approved" and "committed" in task]
    artifacts = [outcome["artifact"] for outcome in outcomes if outcome["outcome"] == "artifact"]
    made = [artifact[artifact["type"]] for artifact in artifacts if artifact["type"] in ("image", "video")]
    committed = {picture["digest"] for picture in made}
    return [one for one in digests(arguments) if one not in committed or look.pictures.get(one) != one]


def wrong_payments(look):
    """Every payment is exactly what an approved effect says, to the cent and to the address."""
    wrong, effects = [], {effect["idempotency_key"]: effect for effect in look.effects}
    ours = {effect["agent"] for effect in look.effects} | {look.campaign["agent"]}
    for payment in look.transfers:
        name = f"payment {payment['id']}"
        effect = effects.get(payment["idempotency_key"])
        if effect is None:
            wrong += [f"{name} belongs to no effect"] if is_of_this_campaign(payment, look, ours) else []
            continue
        arguments = effect["intent"]["arguments"]
        facts = granted_facts(effect, payment["grant"], look) | {
            "somebody else was paid": payment["recipient"].lower() == arguments["recipient"].lower(),
            "another amount was paid": payment["amount"] == arguments["amount"],
            "it cost more than was set aside": payment["cost"]["minor"] <= effect["max_cost"]["minor"],
            "it was paid from another wallet": payment["account"] == effect["agent"] == arguments["account"],
            "a human's approval is missing": has_approval(effect, look.decisions),
        }
        wrong += [f"{name}: {fact}" for fact, holds in facts.items() if not holds]
    return wrong


def keeps_memories(effect):
    return effect["intent"]["server"] == "weaviate"


def wrong_memories(look):
    """Everything that this campaign's agent remembers of it is exactly what an approved effect says."""
    wrong, approved = [], {}
    for effect in filter(keeps_memories, look.effects):
        for memory in effect["intent"]["arguments"]["memories"]:
            name = memory_id(effect["tenant"], effect["agent"], memory["key"])
            approved.setdefault((effect["agent"], name), []).append((effect, memory))
        if effect["status"] == "done":
            facts = granted_facts(effect, look.keepers.get(effect["idempotency_key"]), look) | {
                "a human's approval is missing": has_approval(effect, look.decisions),
                "it is not the effect's agent's": effect["intent"]["arguments"]["account"] == effect["agent"],
            }
            wrong += [f"memories of {effect['id']}: {fact}" for fact, holds in facts.items() if not holds]
    posts = {post["text"] for post in look.posts if post.get("account") == look.campaign["agent"]}
    for kept in look.memories:
        known = [memory for _, memory in approved.get((kept["agent"], kept["id"]), [])]
        is_ours = kept["agent"] == look.campaign["agent"] and known
        if not is_ours or kept["said"] is None:
            continue
        same = lambda memory: all(memory.get(part) == kept["said"].get(part) for part in ("kind", "text", "salience", "source_ref"))
        if not any(map(same, known)):
            wrong.append(f"memory {kept['id']} says something that nobody approved")
        if kept["said"]["text"].rpartition("\n")[0] not in posts:
            wrong.append(f"memory {kept['id']} is of nothing that was published")
    mine = f"{look.campaign['id']}/"
    strange = [kept for kept in look.memories if kept["said"] and (kept["agent"], kept["id"]) not in approved]
    ours = {memory_id(look.campaign["tenant"], look.campaign["agent"], mine + post["post_id"]) for post in look.posts}
    return wrong + [f"memory {kept['id']} belongs to no effect" for kept in strange if kept["id"] in ours]


def granted_facts(effect, grant_used, look):
    """What must hold of an effect that has happened, and of the grant that it happened with."""
    grant = effect["grant"]["grant"]
    return {
        "the effect's digest is not of its bytes": intent_digest(effect["intent"]) == effect["digest"],
        "its grant is of other arguments": grant["arguments"] == digest(effect["intent"]["arguments"]),
        "its grant is of another effect": (grant["campaign"], grant["effect"]) == (effect["campaign"], effect["id"]),
        "its grant is of another tenant": grant["tenant"] == effect["tenant"],
        "it was made with another grant": grant_used == grant["id"],
        "its grant's signature does not verify": is_signed(effect["grant"], look.public_keys),
        "its grant was never burnt": grant["id"] in look.burns,
    }


def wrong_deletion(post, effect, effects, look):
    """A post is deleted only by an effect that takes the post's own effect back, because a human said so or nobody answered."""
    deleted = post["deleted"]
    undo = effects.get(deleted["idempotency_key"])
    if undo is None or undo["intent"]["tool"] != "post_delete":
        return ["it was deleted and no effect did that"]
    arguments = undo["intent"]["arguments"]
    facts = granted_facts(undo, deleted["grant"], look) | {
        "another effect was to be taken back": undo.get("undoes") == effect["id"],
        "another post was to be deleted": arguments == {"account": post["account"], "post_id": post["post_id"]},
        "nobody wanted it gone": is_unwanted(undo, look),
    }
    return [f"deleted: {fact}" for fact, holds in facts.items() if not holds]


def is_unwanted(undo, look):
    """The review that asked about the post was rejected, or ended unanswered."""
    decision = look.decisions.get(undo.get("review"))
    if decision is not None:
        return decision["kind"] == "reject"
    return any(review["id"] == undo.get("review") and review["status"] == "expired" for review in look.reviews)


def is_of_this_campaign(post, look, agents):
    """A post of another, earlier campaign of the same account is not this campaign's matter."""
    is_later = "created_at" not in post or when(post["created_at"]) >= when(look.campaign["created_at"])
    return post.get("account") in agents and is_later


def has_approval(effect, decisions):
    if "review" not in effect:
        return True
    return decisions.get(effect["review"], {}).get("kind") in ("approve", "edit")


def nothing_twice(look):
    """2: no text of an account, no grant, no idempotency key twice; a done effect is one post, one deletion or one payment,
    or all of its memories, each once [E-2] [E-9] [E-14]."""
    wrong = []
    seen = [(post["account"], post["text"], post.get("in_reply_to")) for post in visible(look.posts)]
    deletions = [post["deleted"] for post in look.posts if "deleted" in post]
    wrong += repeated("text", seen)
    all_that_happened = [*look.posts, *deletions, *look.transfers]
    wrong += repeated("grant", [happened["grant"] for happened in all_that_happened])
    keys = [happened.get("idempotency_key") for happened in all_that_happened]
    wrong += repeated("idempotency key", keys)
    wrong += repeated("grant of an effect", [effect["grant"]["grant"]["id"] for effect in look.effects])
    wrong += repeated("taking back of effect", [effect["undoes"] for effect in look.effects if "undoes" in effect])
    wrong += repeated("memory", [(kept["agent"], kept["id"]) for kept in look.memories])
    for effect in filter(keeps_memories, look.effects):
        there = {kept["id"] for kept in look.memories if kept["agent"] == effect["agent"]}
        named = [memory["key"] for memory in effect["intent"]["arguments"]["memories"]]
        lost = [key for key in named if memory_id(effect["tenant"], effect["agent"], key) not in there]
        if effect["status"] == "done" and lost:
            wrong.append(f"effect {effect['id']} is done and {lost} is not remembered")
    for effect in look.effects:
        if keeps_memories(effect):
            continue
        is_payment = effect["intent"]["server"] == "coinbase"
        made, what = keys.count(effect["idempotency_key"]), "deletions" if "undoes" in effect else "payments" if is_payment else "posts"
        if made != (effect["status"] == "done") and effect["status"] in FINAL_EFFECT:
            wrong.append(f"effect {effect['id']} is {effect['status']} and has {made} {what}")
    return wrong


def repeated(what, values):
    return [f"{what} {value!r} twice" for value in sorted(set(values), key=str) if values.count(value) > 1]


def caps_hold(look):
    """3: every bucket is within its cap and is the sum of its entries; nothing cost more than was set aside; the wallet's
    books balance [M-2] [M-3] [WA-1]."""
    wrong = unbalanced(look.books)
    expected = bucket_sums(look.entries)
    for name in sorted(expected.keys() | look.buckets.keys()):
        if expected.get(name, 0) != look.buckets.get(name, 0):
            wrong.append(f"{name} holds {look.buckets.get(name, 0)}, its entries make {expected.get(name, 0)}")
    for name, used in look.buckets.items():
        cap = cap_of(name, look)
        if cap is not None and used > cap:
            wrong.append(f"{name} holds {used}, its cap is {cap}")
    money = totals(look)
    if money["reserved_minor"] + money["spent_minor"] > money["cap_minor"]:
        wrong.append(f"the campaign used {money} of its cap")
    for effect in look.effects:
        if "outcome" in effect and effect["outcome"]["cost"]["minor"] > effect["max_cost"]["minor"]:
            wrong.append(f"effect {effect['id']} cost more than its grant allows")
    return wrong


def bucket_key(bucket):
    kind = bucket["bucket"]
    if kind == "agent_day":
        return f"BUCKET#A#{bucket['agent']}#{bucket['day']}"
    return f"BUCKET#C#{bucket['campaign']}" if kind == "campaign" else f"BUCKET#DAY#{bucket['day']}"


def cap_of(name, look):
    """The cap of a bucket by its key; none where the policy has none or it is another campaign's."""
    if name.startswith("BUCKET#C#"):
        is_ours = name == f"BUCKET#C#{look.campaign['id']}"
        return look.campaign["brief"]["budget"]["minor"] if is_ours else None
    kind = "agent_day" if name.startswith("BUCKET#A#") else "tenant_day"
    cap = look.caps.get(DAY_CAPS[kind])
    return cap["minor"] if cap else None


def bucket_sums(entries):
    """What each bucket must hold: reserved, less what was given back, plus what went out late."""
    reserved = {(e["effect"], e["reservation"]["number"]): e["reservation"] for e in entries if e["entry"] == "reserve"}
    sums = {}

    def add(reservation, minor):
        for bucket in reservation["buckets"]:
            key = bucket_key(bucket)
            sums[key] = sums.get(key, 0) + minor

    for reservation in reserved.values():
        add(reservation, reservation["amount"]["minor"])
    for entry in entries:
        if entry["entry"] == "close":
            reservation = reserved[(entry["effect"], entry["number"])]
            add(reservation, entry["spent"]["minor"] - reservation["amount"]["minor"])
        elif entry["entry"] == "late":
            newest = max(number for effect, number in reserved if effect == entry["effect"])
            add(reserved[(entry["effect"], newest)], entry["spent"]["minor"])
    return sums


def totals(look):
    """The campaign's money, from its entries alone."""
    ours = [entry for entry in look.entries if entry["campaign"] == look.campaign["id"]]
    closed = {(entry["effect"], entry["number"]) for entry in ours if entry["entry"] == "close"}
    is_open = lambda entry: (entry["effect"], entry["reservation"]["number"]) not in closed
    reserves = [entry for entry in ours if entry["entry"] == "reserve"]
    return {
        "currency": look.campaign["brief"]["budget"]["currency"],
        "cap_minor": look.campaign["brief"]["budget"]["minor"],
        "reserved_minor": sum(e["reservation"]["amount"]["minor"] for e in reserves if is_open(e)),
        "spent_minor": sum(e["spent"]["minor"] for e in ours if e["entry"] in ("close", "late")),
    }


def nothing_lost(look):
    """4: the campaign is over, everything in it is final, and no message is left anywhere [P-7]."""
    wrong = [f"task {row['id']} is {row['status']}" for row in look.tasks if row["status"] not in FINAL_TASK]
    wrong += [f"effect {row['id']} is {row['status']}" for row in look.effects if row["status"] not in FINAL_EFFECT]
    wrong += [f"{name} holds {count} messages" for name, count in look.queues.items() if count]
    if look.campaign["status"] not in OVER:
        wrong.append(f"the campaign is {look.campaign['status']}")
    return wrong


def nothing_stale(look):
    """5: a result was committed at its own attempt, which the row still has, and as the bytes that were judged [P-3]."""
    wrong = []
    attempts = {effect["id"]: effect["attempt"] for effect in look.effects}
    for task in look.tasks:
        name = f"task {task['id']}"
        if task["status"] == "approved" and "committed" not in task:
            wrong.append(f"{name} is approved without a result")
            continue
        if task["status"] != "approved":
            continue
        committed = task["committed"]
        outcome = committed["outcome"]
        bytes_digest = intent_digest(outcome["intent"]) if outcome["outcome"] == "intent" else digest(outcome)
        if bytes_digest != committed["digest"]:
            wrong.append(f"{name}: the digest is not of the committed bytes")
        if "effect" in task and attempts.get(task["effect"]) != task["attempt"]:
            wrong.append(f"{name}: effect {task['effect']} is of attempt {attempts.get(task['effect'])}")
        wrong += stale_commits(name, task, look.audit.get((task["pk"], task["sk"]), []))
    return wrong


def stale_commits(name, task, chain):
    """The audit knows which attempt was open or held right before each approval."""
    wrong, approvals = [], 0
    for before, after in zip(chain, chain[1:]):
        old, new = before["fields"], after["fields"]
        if new.get("status") != "approved" or old.get("status") == "approved":
            continue
        approvals += 1
        if old.get("status") not in ("open", "held") or old.get("attempt") != new.get("attempt"):
            wrong.append(f"{name}: version {after['version']} committed {new.get('attempt')} over {old}")
    if not approvals and chain:
        wrong.append(f"{name}: the audit saw no approval")
    if chain and chain[-1]["fields"].get("attempt") != task["attempt"]:
        wrong.append(f"{name}: the audit's last attempt is another")
    return wrong


def nobody_waits(look):
    """6: no review is open past its deadline, and none ended without a decision, a deadline or a newer plan [R-3]."""
    wrong = []
    for review in look.reviews:
        name, decision = f"review {review['id']}", look.decisions.get(review["id"])
        if review["status"] == "open":
            if "due_at" not in review or when(review["due_at"]) < look.now:
                wrong.append(f"{name} is open past its deadline")
        elif review["status"] in ("decided", "closed"):
            if decision is None or decision["kind"] != review.get("decided"):
                wrong.append(f"{name} is {review['status']} against its decision")
        elif review["status"] == "expired" and decision is not None:
            wrong.append(f"{name} expired although it was decided")
    return wrong


def seal(entry):
    """What an audit entry says, as one digest [L-1]."""
    return digest({part: entry.get(part) for part in ("row", "version", "old", "new", "writer", "fields")})


def everything_explained(look):
    """7: one audit entry per row version, each naming the one before; the last is the row as it is [P-8]."""
    wrong = []
    for row in look.rows:
        name = row["sk"]
        chain = look.audit.get((row["pk"], row["sk"]), [])
        if [entry["version"] for entry in chain] != list(range(1, row["version"] + 1)):
            wrong.append(f"{name} has version {row['version']} and {len(chain)} audit entries")
            continue
        for before, after in zip([{}, *chain], chain):
            if after.get("old") != before.get("new"):
                wrong.append(f"{name}: version {after['version']} does not follow the one before")
            if after.get("seal") != seal(after):
                wrong.append(f"{name}: what the audit says of version {after['version']} was changed")
        if chain[-1]["new"] != digest(row):
            wrong.append(f"{name}: the last audit entry is not of the row as it is")
        if chain[-1]["writer"] != row["writer"]:
            wrong.append(f"{name}: the last audit entry names another writer")
    return wrong


PROMISES = {
    "p1": approved_before_published,
    "p2": nothing_twice,
    "p3": caps_hold,
    "p4": nothing_lost,
    "p5": nothing_stale,
    "p6": nobody_waits,
    "p7": everything_explained,
}


def check(look):
    """What is wrong, by promise."""
    return {name: promise(look) for name, promise in PROMISES.items()}
