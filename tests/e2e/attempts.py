"""Many attempts at effects on the deployed write servers, with answers lost, processes killed and everything sent twice."""

import json
import os
import unittest
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from tools import call, signed, signing_key
from world import cloud, oracle, outside, tables

ATTEMPTS = int(os.environ.get("CHIMERA_ATTEMPTS", "120"))
AT_ONCE = 8
EFFECTS_OF_AN_AGENT = 10  # a platform takes only so much from one account
# What happens to every tenth effect, by its last digit; the others go well. Four in ten end without a known outcome.
FATES = {0: "~lost~", 1: "~5xx~", 2: "~crash~", 3: "~lost~", 4: "~slow~", 5: "~429~"}
UNKNOWN = ("~lost~", "~5xx~", "~crash~")
SHARED = {"applied_but_failed": "~lost~", "crash_after_burn": "~crash~", "slow_ms": {"~slow~": 300}}
TWITTER = SHARED | {"errors": {"~5xx~": {"status": 503}, "~429~": {"status": 429, "retry_after_s": 1}}}
COINBASE = SHARED | {"errors": {
    "~5xx~": {"status": 503, "errorType": "internal_server_error"},
    "~429~": {"status": 429, "errorType": "rate_limit_exceeded", "retry_after_s": 1},
}}  # fmt: skip
RECIPIENT = "0x8f3b6c1d2e4a59708192a3b4c5d6e7f801234567"
FINAL = ("done", "refused", "void")


class Effect:
    """One effect, its grant, and what its server says of it."""

    def __init__(self, number, tenant):
        self.tenant, self.agent = tenant, f"agent-{number // EFFECTS_OF_AN_AGENT}"
        self.key, self.fate = str(uuid.uuid4()), FATES.get(number % 10, "")
        self.is_payment = number // 10 % 2 == 1
        words = f"Attempt {number} {self.fate}".strip()
        if self.is_payment:
            self.server, self.tool, cents = "coinbase", "transfer", 160
            amount = {"minor": 100, "currency": "USD"}
            self.arguments = {"account": self.agent, "recipient": RECIPIENT, "amount": amount, "asset": "usdc",
                              "network": "base-sepolia", "memo": words}  # fmt: skip
        else:
            self.server, self.tool, cents = "twitter", "post_create", 20
            self.arguments = {"account": self.agent, "text": words, "made_with_ai": True}
        self.grant = signed({
            "id": str(uuid.uuid4()), "key": signing_key()["key_id"], "tenant": tenant, "agent": self.agent, "campaign": "attempts",
            "effect": f"t{number}-e1", "audience": f"{self.server}@{cloud().outputs['StackName']}", "tool": self.tool,
            "arguments": oracle.digest(self.arguments), "max_cost": {"minor": cents, "currency": "USD"}, "policy_version": 0,
            "expires_at": "2099-01-01T00:00:00Z",
        })  # fmt: skip

    def write(self, tool, **arguments):
        """What the write server answers: a state, or `unknown` where no answer came."""
        try:
            is_error, told = call(tool, arguments | {"grant": self.grant}, f"Mcp{self.server.title()}Write")
        except (RuntimeError, KeyError, ValueError):
            return {"state": "unknown"}
        return {"state": "refused_unburnt"} | told if is_error else told

    def attempt(self):
        return self.write(self.tool, **self.arguments, idempotency_key=self.key)["state"]

    def read_back(self):
        """What the platform knows of it, as an outcome; none where it did not happen."""
        if self.is_payment:
            asked = {"tenant": self.tenant, "agent": self.agent, "idempotency_key": self.key}
            found = call("transfer_get", asked, "McpCoinbaseRead")[1].get("transfer")
            return found and {"external_id": found["transfer_id"], "url": None, "cost": found["cost"]}
        asked = {"tenant": self.tenant, "account": self.agent, "text": self.arguments["text"]}
        found = [post for post in call("posts_search", asked, "McpTwitterRead")[1]["posts"] if post["text"] == asked["text"]]
        return {"external_id": found[0]["post_id"], "url": found[0]["url"], "cost": {"minor": 2, "currency": "USD"}} if found else None

    def resolve(self):
        """As the publisher does it: the stored outcome, else a void, else what the platform shows."""
        state = self.write("effect_outcome")["state"]
        if state == "unused":
            state = self.write("effect_void")["state"]
        if state == "in_flight":
            happened = self.read_back()
            state = self.write("effect_close", **({"happened": happened} if happened else {}))["state"]
        return state


class Attempts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.tenant = f"attempts-{uuid.uuid4().hex[:8]}"
        cls.effects = [Effect(number, cls.tenant) for number in range(ATTEMPTS // 2)]
        for name, faults in (("McpTwitterWrite", TWITTER), ("McpCoinbaseWrite", COINBASE)):
            cls.enterClassContext(cloud().environment(name, **{f"{name[3:-5].upper()}_FAULTS": json.dumps(faults)}))
        with ThreadPoolExecutor(AT_ONCE) as pool:
            # Each twice, side by side.
            cls.told = list(pool.map(lambda effect: effect.attempt(), [one for one in cls.effects for _ in range(2)]))
            cls.states = list(pool.map(lambda effect: effect.resolve(), cls.effects))

    def happened(self):
        """How often each key was acted on, and by what."""
        posts = cloud().sandbox()
        self.books = outside.books(tables.all_pages(cloud().tables["Wallet"].scan, ConsistentRead=True))
        payments = outside.transfers(self.books, self.tenant, {})
        return Counter(one["idempotency_key"] for one in [*tables.posts(posts, self.tenant), *payments])

    def test_each_happens_once_or_provably_never(self):
        """[E-2] [E-3]"""
        times = self.happened()
        share = sum(effect.fate in UNKNOWN for effect in self.effects) / len(self.effects)
        print(f"{len(self.told)} attempts at {len(self.effects)} effects, {share:.0%} without a known outcome,", end=" ")
        print(f"{sum(times.values())} happened, {sum(count > 1 for count in times.values())} twice", end=" ", flush=True)
        self.assertGreaterEqual(share, 0.2)
        self.assertEqual({state for state in self.states} - set(FINAL), set(), "not every unknown was resolved")
        for effect, state in zip(self.effects, self.states):
            self.assertEqual(times[effect.key], int(state == "done"), f"{effect.tool} {effect.arguments}: {state}")
        self.assertEqual(times.keys() - {effect.key for effect in self.effects}, set(), "something happened without a grant")

    def test_nothing_more_happens_afterwards(self):
        before = self.happened()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            states = list(pool.map(lambda effect: effect.attempt(), self.effects))
        self.assertEqual(states, self.states)
        self.assertEqual(self.happened(), before)

    def test_the_wallets_books_balance_to_the_last_unit(self):
        """[WA-1]"""
        self.happened()
        self.assertEqual(outside.unbalanced(self.books), [])


if __name__ == "__main__":
    unittest.main()
