"""The audit of deployed functions: clean after a campaign, and every change behind its back is named."""

import contextlib
import copy
import json
import subprocess
import unittest

from feeds import ARTICLES, Feeds, rss
from world import FOLDER, PATIENCE_S, ROOT, Tenant, cloud, promises, token

POSTS = 2
COMMAND = ROOT / "target" / "debug" / "chimera"
TAMPERED = 5


def chimera(tenant, *words, bearer=None):
    """The operator's command: (exit code, what it printed as JSON)."""
    line = [COMMAND, "--local", FOLDER, "--tenant", tenant.name, "-o", "json"]
    line += ["--token", bearer] if bearer else []
    done = subprocess.run([*line, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else done.stderr


def verify(tenant, *words):
    return chimera(tenant, "audit", "verify", *(words or ("--grace", "0s")))


class Audit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        feeds = Feeds()
        cls.addClassCleanup(feeds.close)
        cls.tenant = Tenant()
        cls.campaign = cls.tenant.start([feeds.add("feed.xml", rss(ARTICLES[:POSTS]))], POSTS, hold_first=1)
        assert cls.campaign.until_over() == "finished", cls.campaign.told()
        assert promises(cls.campaign)[1] == {}, "the campaign did not keep what is promised"

    @contextlib.contextmanager
    def tampered(self, table, key, change):
        """An item as `change` leaves it, with root's keys; as it was afterwards. None takes it away."""
        table = cloud().tables[table]
        key = {"pk": key["pk"], "sk": key["sk"]}
        before = table.get_item(Key=key, ConsistentRead=True).get("Item")
        after = change(copy.deepcopy(before))
        put(table, key, after)
        try:
            yield
        finally:
            put(table, key, before)

    def assert_named(self, table, key, version):
        code, report = verify(self.tenant)
        self.assertEqual(code, TAMPERED, report)
        named = {(found["table"], found["pk"], found["sk"]) for found in report["findings"]}
        self.assertEqual(named, {(table, key["pk"], key["sk"])}, report)
        self.assertIn(version, [found["version"] for found in report["findings"]], report)

    def assert_clean(self):
        code, report = verify(self.tenant)
        self.assertEqual((code, report["findings"]), (0, []))
        return report

    def entry(self, table, row, version):
        return {"pk": f"{table}|{row['pk']}", "sk": f"{row['sk']}#{version:012}"}

    def test_after_a_campaign_every_row_agrees_with_its_audit(self):
        code, report = verify(self.tenant, "--grace", "20s")
        self.assertEqual((code, report["findings"], report["clean"]), (0, [], True))
        rows = self.campaign.rows()
        self.assertGreater(report["rows"], len(rows), "the ledger's rows and the agent's are audited too")
        self.assertGreater(report["entries"], sum(row["version"] for row in rows))
        code, part = chimera(self.tenant, "audit", "verify", "--campaign", self.campaign.id)
        self.assertEqual(code, 0, part)
        self.assertLess(part["rows"], report["rows"])
        print(f"{report['rows']} rows, {report['entries']} entries", end=" ", flush=True)

    def test_a_row_changed_by_roots_hand_is_named(self):
        task = next(row for row in self.campaign.tasks() if row["work"] == "write")

        def reword(row):
            row["committed"]["outcome"]["intent"]["arguments"]["text"] += "."
            return row

        with self.tampered("State", task, reword):
            self.assert_named("state", task, task["version"])
        # As JSON a set would look like the list that was there.
        with self.tampered("State", task, lambda row: row | {"depends_on": set(row["depends_on"])}):
            self.assert_named("state", task, task["version"])
        self.assert_clean()

    def test_money_changed_by_roots_hand_is_named(self):
        bucket = next(row for row in cloud().rows("Ledger", f"T#{self.tenant.name}#LEDGER") if row["sk"].startswith("BUCKET#C#"))
        with self.tampered("Ledger", bucket, lambda row: row | {"used": row["used"] - 1}):
            self.assert_named("ledger", bucket, bucket["version"])
        self.assert_clean()

    def test_an_entry_changed_or_removed_is_named(self):
        effect = self.campaign.effects()[0]
        self.assertGreater(effect["version"], 1)
        with self.tampered("Audit", self.entry("state", effect, 1), lambda entry: entry | {"writer": "nobody"}):
            self.assert_named("state", effect, 1)
        with self.tampered("Audit", self.entry("state", effect, 1), lambda _: None):
            self.assert_named("state", effect, 1)
        with self.tampered("Audit", self.entry("state", effect, effect["version"]), lambda _: None):
            self.assert_named("state", effect, effect["version"])
        self.assert_clean()

    def test_a_row_removed_is_named(self):
        review = self.campaign.rows("review")[0]
        with self.tampered("State", review, lambda _: None):
            self.assert_named("state", review, review["version"])
        self.assert_clean()

    def test_a_receipt_explains_a_post_to_a_viewer(self):
        effect = next(row for row in self.campaign.effects() if row.get("review"))
        viewer = token(self.tenant.name, "vera", ["viewer"])
        asked = ("explain", effect["id"], "--campaign", self.campaign.id)
        code, receipt = chimera(self.tenant, *asked, bearer=viewer)
        self.assertEqual(code, 0, receipt)
        done = receipt["effects"][0]
        self.assertEqual((done["id"], done["text"]), (effect["id"], effect["intent"]["arguments"]["text"]))
        self.assertEqual(done["grant"]["id"], effect["grant"]["grant"]["id"])
        self.assertNotIn(effect["grant"]["signature"], json.dumps(receipt))
        review = next(review for review in receipt["reviews"] if review["id"] == effect["review"])
        self.assertEqual((review["decision"]["reviewer"], review["decision"]["kind"]), ("rita", "approve"))
        self.assertTrue(receipt["judgement"]["evidence"]["rules"], "no rule was looked at")
        self.assertGreater(receipt["work"]["tokens"], 0)
        self.assertEqual(receipt["money"]["spent"], done["spent"])
        chain = [entry["version"] for entry in receipt["audit"] if entry["row"].endswith(f"|EFFECT#{effect['id']}")]
        self.assertEqual(chain, list(range(1, effect["version"] + 1)))
        for other in (effect["task"], effect["review"]):
            self.assertEqual(chimera(self.tenant, "explain", other, "--campaign", self.campaign.id)[0], 0)
        stranger = Tenant()
        self.assertNotEqual(chimera(stranger, *asked)[0], 0, "another tenant's receipt")


def put(table, key, item):
    if item is None:
        table.delete_item(Key=key)
    else:
        table.put_item(Item=item)


if __name__ == "__main__":
    unittest.main()
