//! One message in, one answer out: the worker over ports that are as small as the tests need.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what goes wrong here fails a test, as it should")]

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chimera_domain::ports::{
    Answer, Ask, HandleError, MessageHandler as _, ModelError, ReadTools, ReasoningModel, SkillTools,
    ToolError,
};
use chimera_domain::{
    Artifact, Binding, Confidence, Envelope, Refusal, Task, TaskKind, TaskMessage, TaskResult, TaskStatus,
    WorkOutcome, limits,
};
use chimera_model::ScriptedModel;
use serde_json::{Value, json};
use uuid::Uuid;
use worker::Worker;

mod common;

use common::{Nines, Noon, Reviews};

const DEADLINE: Duration = Duration::from_secs(60);

/// Answers what it was prepared to, one answer per call, the last one for ever; or never.
struct Tools {
    answers: Mutex<VecDeque<Result<Value, ToolError>>>,
    calls: AtomicUsize,
    limit: u32,
}

impl Tools {
    fn answering(answers: impl IntoIterator<Item = Result<Value, ToolError>>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), calls: AtomicUsize::new(0), limit: 40 }
    }

    fn asked_for(self, limit: u32) -> Self {
        Self { limit, ..self }
    }
}

impl ReadTools for &Tools {
    async fn call(
        &self,
        server: &str,
        tool: &str,
        arguments: Value,
        _: Duration,
    ) -> Result<Value, ToolError> {
        assert_eq!((server, tool), ("news", "news_headlines"));
        assert_eq!(arguments, json!({"url": "https://gazette.example/feed", "limit": self.limit}));
        self.calls.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers.lock().unwrap().pop_front();
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

impl SkillTools for &Tools {
    fn for_kind(&self, _: TaskKind) -> impl ReadTools + Send {
        *self
    }
}

/// A model that gives one prepared answer.
struct Prepared(fn() -> Result<Value, ModelError>);

impl ReasoningModel for Prepared {
    async fn ask(&self, ask: &Ask) -> Result<Answer, ModelError> {
        let json = (self.0)()?;
        let real = ScriptedModel::new().ask(ask).await?;
        Ok(Answer { json, usage: real.usage })
    }
}

fn sample(event: &str) -> Task {
    let event: Value = serde_json::from_str(event).unwrap();
    let body = event["Records"][0]["body"].as_str().unwrap();
    serde_json::from_str::<Envelope<TaskMessage>>(body).unwrap().body.task
}

fn research() -> Task {
    sample(include_str!("../events/research.json"))
}

fn write() -> Task {
    sample(include_str!("../events/write.json"))
}

fn headlines() -> Value {
    json!({"title": "Gazette", "items": [
        {"id": "empty", "title": "Nothing", "url": "https://gazette.example/0", "text": ""},
        {"id": "tub", "title": "Tub", "url": "https://gazette.example/tub", "published_at": "2031-02-01T00:00:00Z",
         "text": "Tub keeps notes in plain files.\nEach note is one file of at most 64 kilobytes. Search runs locally."},
    ]})
}

async fn outcome(tools: Tools, model: impl ReasoningModel + Send, task: Task) -> (TaskResult, usize) {
    let reviews = Reviews::default();
    let worker = Worker::new(&tools, model, &reviews, Noon, Nines);
    worker.handle(TaskMessage { task }, &(), DEADLINE).await.unwrap();
    let result = reviews.0.lock().unwrap().pop().unwrap();
    (result, tools.calls.load(Ordering::SeqCst))
}

fn code(result: &TaskResult) -> (&str, bool) {
    match &result.outcome {
        WorkOutcome::Failure { code, retryable, .. } => (code, *retryable),
        other => panic!("{other:?}"),
    }
}

fn refused(retryable: bool) -> ToolError {
    ToolError::Refused(Refusal { code: "unreachable".into(), message: "no answer".into(), retryable })
}

#[tokio::test]
async fn research_notes_the_usable_articles_of_the_feed() {
    let (result, calls) =
        outcome(Tools::answering([Ok(headlines())]), ScriptedModel::new(), research()).await;
    let WorkOutcome::Artifact { artifact: Artifact::Notes { sources } } = &result.outcome else {
        panic!("{result:?}")
    };
    assert_eq!(sources.len(), 1);
    assert_eq!((sources[0].id.as_str(), sources[0].url.as_str()), ("tub", "https://gazette.example/tub"));
    assert!(sources[0].excerpt.starts_with("Tub keeps notes"));
    assert_eq!((calls, result.usage.tool_calls, result.usage.model.as_str()), (1, 1, "scripted-1"));
    assert_eq!((result.attempt, result.id.as_str()), (1, Uuid::from_u128(9).to_string().as_str()));
}

/// Articles of long sentences and short ones, each about something else.
fn many_headlines(articles: usize) -> Value {
    let item = |at: usize| {
        let sentences =
            (0..12).map(|n| format!("In hall {n} machine {at} made {} parts of type q{at}w{n}.", at * 7 + n));
        let text = sentences.collect::<Vec<_>>().join(" ");
        json!({"id": format!("m{at}"), "title": format!("M{at}"), "url": format!("https://gazette.example/{at}"), "text": text})
    };
    json!({"title": "Gazette", "items": (0..articles).map(item).collect::<Vec<_>>()})
}

fn wanting(want: u32) -> Task {
    Task { binding: Binding::Feed { url: "https://gazette.example/feed".to_owned(), want }, ..research() }
}

#[tokio::test]
async fn the_sources_of_the_largest_campaign_fit_one_row() {
    let tools = Tools::answering([Ok(many_headlines(199))]).asked_for(200);
    let (result, _) = outcome(tools, ScriptedModel::new(), wanting(199)).await;
    let WorkOutcome::Artifact { artifact: Artifact::Notes { sources } } = &result.outcome else {
        panic!("{result:?}")
    };
    assert_eq!(sources.len(), 199);
    assert!(sources.iter().all(|source| source.excerpt.ends_with('.') && source.excerpt.len() > 100));
    assert!(serde_json::to_vec(&result).unwrap().len() < limits::NOTES_BYTES + 4_096);
}

#[tokio::test]
async fn few_sources_keep_long_excerpts_and_what_fits_no_row_is_left_out() {
    let tools = Tools::answering([Ok(many_headlines(60))]).asked_for(50);
    let (result, _) = outcome(tools, ScriptedModel::new(), wanting(40)).await;
    let WorkOutcome::Artifact { artifact: Artifact::Notes { sources } } = &result.outcome else {
        panic!("{result:?}")
    };
    assert!(sources.len() == 40 && sources.iter().all(|source| source.excerpt.len() > 500));

    let mut long = many_headlines(199);
    for (at, item) in long["items"].as_array_mut().unwrap().iter_mut().enumerate() {
        item["url"] = json!(format!("https://gazette.example/{at}/{}", "x".repeat(1_000)));
    }
    let tools = Tools::answering([Ok(long)]).asked_for(200);
    let (result, _) = outcome(tools, ScriptedModel::new(), wanting(199)).await;
    let WorkOutcome::Artifact { artifact: Artifact::Notes { sources } } = &result.outcome else {
        panic!("{result:?}")
    };
    assert!((50..80).contains(&sources.len()), "{}", sources.len());
}

#[tokio::test]
async fn a_written_post_is_an_intent_that_cites_its_source() {
    let task = write();
    let digest = task.source.as_ref().unwrap().digest();
    let (result, _) = outcome(Tools::answering([]), ScriptedModel::new(), task).await;
    let WorkOutcome::Intent { intent } = &result.outcome else { panic!("{result:?}") };
    assert_eq!((intent.server.as_str(), intent.tool.as_str()), ("twitter", "post_create"));
    assert_eq!(
        (&intent.arguments["account"], &intent.arguments["made_with_ai"]),
        (&json!("ada"), &json!(true))
    );
    assert!(intent.text().unwrap().ends_with("https://gazette.example/pail"));
    assert_eq!(intent.cites, Some(digest));
    assert!(result.usage.tokens > 0 && result.confidence < Confidence::FULL);
}

/// Repeating is the toolbox's: a second way to do it would multiply the first.
#[tokio::test]
async fn a_tool_that_fails_is_a_failure_that_may_be_tried_again() {
    for failure in
        [ToolError::Unknown("no answer".into()), ToolError::Unsent("throttled".into()), refused(true)]
    {
        let (result, calls) =
            outcome(Tools::answering([Err(failure), Ok(headlines())]), ScriptedModel::new(), research())
                .await;
        assert_eq!(code(&result), ("tool_failed", true));
        assert_eq!((calls, result.confidence), (1, Confidence::ZERO));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_or_forbidden_for_good_is_asked_once() {
    let (result, calls) =
        outcome(Tools::answering([Err(refused(false))]), ScriptedModel::new(), research()).await;
    assert_eq!((code(&result), calls), (("tool_failed", false), 1));
    let forbidden = Tools::answering([Err(ToolError::Forbidden("drift".into()))]);
    let (result, calls) = outcome(forbidden, ScriptedModel::new(), research()).await;
    assert_eq!((code(&result), calls), (("tool_forbidden", false), 1));
}

#[tokio::test(start_paused = true)]
async fn an_overrun_is_an_answer() {
    let (result, _) = outcome(Tools::answering([]), ScriptedModel::new(), research()).await;
    assert_eq!(code(&result), ("deadline", true));
    assert_eq!(result.usage.tool_calls, 1);
}

#[tokio::test]
async fn a_feed_that_says_nothing_is_an_answer() {
    let empty = Tools::answering([Ok(json!({"title": "Gazette", "items": []}))]);
    let (result, _) = outcome(empty, ScriptedModel::new(), research()).await;
    assert_eq!(code(&result), ("no_usable_source", false));
    let odd = Tools::answering([Ok(json!({"posts": 3}))]);
    let (result, _) = outcome(odd, ScriptedModel::new(), research()).await;
    assert_eq!(code(&result), ("unreadable_answer", true));
}

#[tokio::test]
async fn a_model_may_choose_and_not_invent() {
    let inventions: [fn() -> Result<Value, ModelError>; 3] = [
        || Ok(json!({"picks": [{"id": "tub", "excerpt": "Tub won a prize."}]})),
        || Ok(json!({"picks": [{"id": "other", "excerpt": "Tub keeps notes in plain files."}]})),
        || Err(ModelError::Unusable("twice".into())),
    ];
    for invention in inventions {
        let (result, _) = outcome(Tools::answering([Ok(headlines())]), Prepared(invention), research()).await;
        assert_eq!(code(&result), ("model_unusable", true));
    }
}

#[tokio::test]
async fn a_model_out_of_reach_leaves_the_message_on_its_queue() {
    let reviews = Reviews::default();
    let model = Prepared(|| Err(ModelError::Unavailable("throttled".into())));
    let tools = Tools::answering([]);
    let worker = Worker::new(&tools, model, &reviews, Noon, Nines);
    let handled = worker.handle(TaskMessage { task: write() }, &(), DEADLINE).await;
    assert!(matches!(handled, Err(HandleError::Model(_))));
    assert!(reviews.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_task_that_is_not_open_is_ignored() {
    let reviews = Reviews::default();
    let tools = Tools::answering([]);
    let worker = Worker::new(&tools, ScriptedModel::new(), &reviews, Noon, Nines);
    let task = Task { status: TaskStatus::Approved, ..write() };
    worker.handle(TaskMessage { task }, &(), DEADLINE).await.unwrap();
    assert!(reviews.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_task_too_large_or_without_its_input_is_refused() {
    let large = Task { goal: "x".repeat(100 * 1024), ..write() };
    let unbound = Task { source: None, ..write() };
    let misbound = Task { binding: write().binding, ..research() };
    for task in [large, unbound, misbound] {
        let (result, calls) = outcome(Tools::answering([]), ScriptedModel::new(), task).await;
        assert_eq!((code(&result), calls), (("bad_task", false), 0));
    }
}
