"""Messages that come twice and sources that come and go: the same posts come out."""

import contextlib
import threading
import time
import unittest

from feeds import ARTICLES, Feeds, rss
from world import Tenant, cloud, promises

POSTS = 3
QUEUES = {"PlanQueue": "Planner", "TaskQueue": "Worker", "ReviewQueue": "Judge", "EffectQueue": "Publisher"}
SOURCES = {"Dispatcher": ":table/", **{function: f"-{queue}-" for queue, function in QUEUES.items()}}


class Twice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.feeds = Feeds()
        cls.addClassCleanup(cls.feeds.close)
        undisturbed = cls.start()
        assert undisturbed.until_over() == "finished", undisturbed.told()
        cls.wanted = undisturbed.texts()

    @classmethod
    def start(cls):
        return Tenant().start([cls.feeds.add("feed.xml", rss(ARTICLES[:POSTS]))], POSTS, hold_first=1)

    def ends_as_if_undisturbed(self, campaign, started):
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(campaign.texts(), self.wanted)
        print(f"{time.monotonic() - started:.1f} s", end=" ", flush=True)

    def test_every_message_delivered_twice_publishes_nothing_twice(self):
        started, pump = time.monotonic(), Pump()
        with contextlib.ExitStack() as unplugged:
            for queue, function in QUEUES.items():
                unplugged.enter_context(cloud().unplugged(function, f"-{queue}-"))
            with pump:
                campaign = self.start()
                self.ends_as_if_undisturbed(campaign, started)
        self.assertEqual(set(pump.delivered), set(QUEUES))
        self.assertEqual({effect["rejudged"] for effect in campaign.effects()}, {0})
        self.assertEqual(promises(campaign)[1], {})
        print(f"{sum(pump.delivered.values())} messages", end=" ", flush=True)

    def test_sources_disabled_and_enabled_lose_nothing(self):
        started, done = time.monotonic(), threading.Event()

        def flicker():
            while not done.is_set():
                for function, part in SOURCES.items():
                    with cloud().unplugged(function, part):
                        done.wait(0.4)

        thread = threading.Thread(target=flicker)
        thread.start()
        try:
            campaign = self.start()
            self.ends_as_if_undisturbed(campaign, started)
        finally:
            done.set()
            thread.join()
        self.assertEqual(promises(campaign)[1], {})


class Pump:
    """Stands in for the event sources and hands over each message twice: the second time after the first is done."""

    def __init__(self):
        self.delivered, self.failures = {}, []
        self.done = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=pair) for pair in QUEUES.items()]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error):
        self.done.set()
        for thread in self.threads:
            thread.join()
        if self.failures and not any(error):
            raise AssertionError(self.failures)

    def run(self, queue, function):
        sqs, url = cloud().client("sqs"), cloud().queue(queue)
        while not self.done.is_set():
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            if not messages:
                time.sleep(0.05)
                continue
            event = {"Records": [record(message) for message in messages]}
            for _ in range(2):
                failed = cloud().invoke(function, event).get("batchItemFailures")
                self.failures += failed or []
            for message in messages:
                cloud().delete(queue, message)
            self.delivered[queue] = self.delivered.get(queue, 0) + len(messages)


def record(message):
    return {"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs", "attributes": {}}


if __name__ == "__main__":
    unittest.main()
