"""A model behind the emulator's Bedrock: campaigns with `ModelBackend=bedrock` on a local cloud of their own, whose Bedrock asks
an OpenAI-compatible endpoint that answers well or badly, as each test wants it."""

import contextlib
import http.client
import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.config import Config

import openai_stub
from feeds import ARTICLES, Feeds, rss
from openai_stub import COMPLETION_TOKENS, PROMPT_TOKENS, Backend
from roles import FUNCTIONS, SERVERS, is_denied, role_arns
from world import FOLDER, Tenant, cloud, elsewhere, emulator, promises, stack, wait_for

OWN = FOLDER / "model"
MODEL, ANOTHER = "e2e.scribe-1:0", "e2e.oracle-1:0"
PRICES = {"input": 300, "output": 1_500}  # cents per million tokens: what one answer uses comes to 1.05 cents
ANSWER_TOKENS, ANSWER_CENTS, TWO_ANSWERS_CENTS = PROMPT_TOKENS + COMPLETION_TOKENS, 2, 3
PARAMETERS = {
    "ModelBackend": "bedrock",
    "ModelId": MODEL,
    "ModelPrices": json.dumps({MODEL: PRICES, ANOTHER: PRICES}),
    "ModelArns": f"arn:aws:bedrock:{emulator.REGION}::foundation-model/{MODEL}",
}
# A message comes back once its visibility has passed, which is more than a task may take.
REDELIVERY_S = 6
NOBODY = "an emulator without a model answered in its place"

backend = feeds = None


def setUpModule():
    global backend, feeds
    backend, feeds = Backend(), Feeds()
    unittest.addModuleCleanup(feeds.close)
    unittest.addModuleCleanup(emulator.down, OWN)
    unittest.addModuleCleanup(backend.close)
    # The binaries are those of the other themes' cloud: packaged once for both.
    OWN.mkdir(parents=True, exist_ok=True)
    (FOLDER / "packages").mkdir(exist_ok=True)
    with contextlib.suppress(FileExistsError):
        (OWN / "packages").symlink_to(FOLDER / "packages")
    emulator.down(OWN)
    emulator.up(OWN, 0, model_url=f"{backend.url}/v1")
    stack.deploy(OWN, extra=PARAMETERS)
    here = elsewhere(OWN)
    here.__enter__()
    unittest.addModuleCleanup(here.__exit__, None, None, None)


class Busy:
    """Between functions and the emulator's Bedrock, as Bedrock is when it has too much to do: its first so many answers are
    AWS's own refusals, which the emulator never gives."""

    def __init__(self, refusals):
        self.left, self.refused, self.lock = refusals, 0, threading.Lock()
        busy = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                status, kind, answer = busy.refuse() or busy.pass_on(self.path, dict(self.headers), body)
                # A function that waited long enough has gone.
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("x-amzn-errortype", kind)
                    self.send_header("content-length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(self):
        with self.lock:
            if self.left == 0:
                return None
            self.left, self.refused = self.left - 1, self.refused + 1
        return 429, "ThrottlingException", b'{"message": "Too many requests, please wait before trying again."}'

    def pass_on(self, path, headers, body):
        bedrock = http.client.HTTPConnection("127.0.0.1", cloud().state["port"])
        with contextlib.closing(bedrock):
            bedrock.request("POST", path, body, headers)
            answer = bedrock.getresponse()
            return answer.status, answer.getheader("x-amzn-errortype", ""), answer.read()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def logged(function, text, since_ms):
    """Whether a function's log says so since then."""
    request = {"logGroupName": f"/aws/lambda/{cloud().function(function)}", "startTime": since_ms}
    events = cloud().client("logs").filter_log_events(**request)["events"]
    return any(text in event["message"] for event in events)


class Model(unittest.TestCase):
    def setUp(self):
        backend.take()

    def start(self, *scripts, posts=1):
        for role, *behaviours in scripts:
            backend.script(role, *behaviours)
        return Tenant().start([feeds.add("feed.xml", rss(ARTICLES[:posts]))], posts)

    def questions(self):
        """What was asked, by role. Whatever a test prepared must have been asked for."""
        asked, left = backend.take()
        self.assertEqual(left, 0, "answers that nobody asked for")
        return {role: [question for question in asked if question.role == role] for role in openai_stub.ANSWERS}

    def task(self, campaign, kind):
        (found,) = [task for task in campaign.show()["tasks"] if task["kind"] == kind]
        return found

    def has_cost(self, campaign, kind, answers, cents):
        """[B-4] The task's bill is what the endpoint reported, rounded up once."""
        (row,) = campaign.tasks(work=kind)
        usage = row["committed"]["usage"]
        self.assertEqual((usage["model"], usage["tokens"]), (MODEL, answers * ANSWER_TOKENS))
        self.assertEqual((usage["cost"]["minor"], self.task(campaign, kind)["cost"]["minor"]), (cents, cents))

    # ---------------------------------------------------------------- good answers

    def test_a_campaign_is_planned_researched_and_written_by_the_model_and_billed_as_it_reports(self):
        campaign = self.start(posts=2)
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(promises(campaign)[1], {})
        asked = self.questions()
        self.assertEqual([len(asked[role]) for role in ("planner", "researcher", "writer")], [1, 1, 2])
        texts = {openai_stub.write(question.document["input"])["text"] for question in asked["writer"]}
        self.assertEqual(set(campaign.texts()), texts, "something else was published than the model wrote")
        self.has_cost(campaign, "research", 1, ANSWER_CENTS)
        (plan,) = campaign.show()["plans"]
        self.assertEqual(plan["settled"]["minor"], 4 * ANSWER_CENTS, "a drawing, a reading and two posts")

    def test_the_endpoint_is_made_to_call_one_tool_with_data_that_is_marked_as_such(self):
        """[B-2] [B-10]"""
        campaign = self.start()
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        for role, questions in self.questions().items():
            for question in questions:
                with self.subTest(role):
                    self.assertEqual(question.body["model"], MODEL)
                    self.assertEqual([tool["name"] for tool in question.tools], ["answer"])
                    self.assertEqual(question.body["tool_choice"], {"type": "function", "function": {"name": "answer"}})
                    self.assertEqual([message["role"] for message in question.body["messages"]], ["system", "user"])
                    self.assertIs(question.document["untrusted"], True)
                    self.assertNotIn("authorization", question.headers)

    # ---------------------------------------------------------------- bad answers

    def test_an_answer_of_the_wrong_form_is_sent_back_once_and_mended(self):
        """[B-1]"""
        campaign = self.start(("writer", openai_stub.wrong_form))
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        task = self.task(campaign, "write")
        self.assertEqual((task["status"], task["attempt"], task["tries"]), ("approved", 1, 0))
        first, second = self.questions()["writer"]
        self.assertNotIn("repair", first.document)
        self.assertIn('"/text"', second.document["repair"]["fault"])
        self.assertEqual(second.document["input"], first.document["input"])
        self.has_cost(campaign, "write", 2, TWO_ANSWERS_CENTS)

    def test_garbage_fails_the_task_and_says_so(self):
        """[B-1]"""
        campaign = self.start(("writer", *[openai_stub.garbage] * 6))
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        # [PL-13] Another source would be tried next, and the feed has none.
        writes = [task for task in campaign.show()["tasks"] if task["kind"] == "write"]
        task, alternative = sorted(writes, key=lambda task: task["id"])
        self.assertEqual((alternative["alternative_to"], alternative["status"]), (task["id"], "dropped"))
        self.assertEqual((task["status"], task["tries"]), ("failed", 3))
        self.assertIn("model_unusable", task["reason"])
        self.assertEqual(campaign.published(), [])
        asked = self.questions()["writer"]
        self.assertEqual(["repair" in question.document for question in asked], [False, True] * 3)

    def test_a_plan_of_the_wrong_form_stops_the_campaign_and_says_so(self):
        campaign = self.start(("planner", openai_stub.wrong_form, openai_stub.wrong_form))
        self.assertEqual(campaign.until_over(), "stopped", campaign.told())
        self.assertIn('"/tasks"', campaign.show()["reason"])
        self.assertEqual(len(self.questions()["planner"]), 2)

    def test_text_in_place_of_the_answer_is_refused_at_once(self):
        """[B-7]"""
        campaign = self.start(("planner", openai_stub.chatter))
        self.is_stopped_for(campaign, "model_canned", "it answered with text")
        self.assertEqual(len(self.questions()["planner"]), 1, "text was sent back to be mended")

    # ---------------------------------------------------------------- no answers

    def is_stopped_for(self, campaign, *words):
        self.assertEqual(campaign.until_over(), "stopped", campaign.told())
        for word in words:
            self.assertIn(word, campaign.show()["reason"])
        self.assertEqual((campaign.tasks(), campaign.published()), ([], []))

    def test_the_emulators_mock_is_refused_loudly_whyever_it_answers(self):
        """[B-7] MiniStack hides an endpoint's errors behind a text of its own: nothing of it may become a plan or a post."""
        for behave in (openai_stub.busy, openai_stub.broken, openai_stub.web_page):
            with self.subTest(behave.__name__):
                self.is_stopped_for(self.start(("planner", behave)), "model_canned", NOBODY)
                self.assertEqual(len(self.questions()["planner"]), 1)
        with self.subTest("nobody listens"), backend.away():
            self.is_stopped_for(self.start(), "model_canned", NOBODY)

    def test_a_task_that_got_the_emulators_mock_is_tried_again_and_served(self):
        campaign = self.start(("writer", openai_stub.busy))
        self.assertEqual(campaign.until_over(), "finished", campaign.told())
        task = self.task(campaign, "write")
        self.assertEqual((task["status"], task["attempt"], task["tries"]), ("approved", 2, 1))
        self.assertIn(NOBODY, task["feedback"][0])
        self.assertEqual(len(campaign.published()), 1)

    def test_an_answer_that_never_comes_costs_a_delivery_and_no_try(self):
        """[B-6]"""
        with cloud().visibility("TaskQueue", REDELIVERY_S):
            campaign = self.start(("writer", backend.silent))
            self.assertEqual(campaign.until_over(), "finished", campaign.told())
        task = self.task(campaign, "write")
        self.assertEqual((task["status"], task["attempt"], task["tries"]), ("approved", 1, 0))
        self.assertGreaterEqual(len(self.questions()["writer"]), 2)
        self.has_cost(campaign, "write", 1, ANSWER_CENTS)

    def test_a_throttled_question_is_asked_again_and_then_left_for_later(self):
        """[B-6] Three refusals are one delivery's; two more are within the next one's patience."""
        busy = Busy(5)
        self.addCleanup(busy.close)
        with cloud().environment("Worker", MODEL_BASE_URL=busy.url), cloud().visibility("TaskQueue", REDELIVERY_S):
            campaign = self.start()
            self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual((busy.refused, busy.left), (5, 0))
        task = self.task(campaign, "research")
        self.assertEqual((task["status"], task["attempt"], task["tries"]), ("approved", 1, 0))
        self.assertTrue(self.questions()["researcher"], "served without the model")
        self.has_cost(campaign, "research", 1, ANSWER_CENTS)

    # ---------------------------------------------------------------- who may ask

    def test_a_function_whose_role_does_not_name_the_model_is_refused_and_loses_nothing(self):
        """[B-11]"""
        since_ms = int(time.time() * 1_000)
        with cloud().visibility("TaskQueue", REDELIVERY_S):
            with cloud().environment("Worker", MODEL_ID=ANOTHER):
                campaign = self.start()
                wait_for("a page", lambda: logged("Worker", "the model cannot be asked until a person acts", since_ms))
                self.assertTrue(logged("Worker", "model_forbidden", since_ms))
                self.assertEqual(self.task(campaign, "research")["status"], "open")
            self.assertEqual(campaign.until_over(), "finished", campaign.told())
        self.assertEqual(self.task(campaign, "research")["tries"], 0)
        asked, _ = backend.take()
        self.assertEqual({question.body["model"] for question in asked}, {MODEL})

    def test_a_role_may_ask_the_configured_model_where_its_function_asks_one_and_no_other(self):
        """[B-11]"""
        configuration = cloud().client("lambda").get_function_configuration
        variables = {n: configuration(FunctionName=cloud().function(n))["Environment"]["Variables"] for n in (*FUNCTIONS, *SERVERS)}
        asking = {name for name, found in variables.items() if "MODEL_BACKEND" in found}
        self.assertLessEqual({"Planner", "Worker"}, asking)
        arns = role_arns()
        self.assertEqual({name for name, arn in arns.items() if may_ask(arn, MODEL)}, asking)
        self.assertEqual({name for name, arn in arns.items() if may_ask(arn, ANOTHER)}, set())


def may_ask(role, model):
    keys = cloud().client("sts").assume_role(RoleArn=role, RoleSessionName="e2e-model")["Credentials"]
    session = boto3.Session(keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"], emulator.REGION)
    once = Config(retries={"total_max_attempts": 1})
    bedrock = session.client("bedrock-runtime", endpoint_url=cloud().outputs["Endpoint"], config=once)
    return not is_denied(lambda: bedrock.converse(modelId=model, messages=[{"role": "user", "content": [{"text": "?"}]}]))


if __name__ == "__main__":
    unittest.main()
