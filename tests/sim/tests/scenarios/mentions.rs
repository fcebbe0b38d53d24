//! Who asks an agent what it is is told soon, however much else there is to do; and whoever answers shares nothing with others
//! who answer.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chimera_domain::ports::{
    Clock, Ids, MessageHandler as _, NoTools, ReadTools, ReasoningModel, ReviewQueue, SendError, SkillTools,
};
use chimera_domain::{
    Confidence, Envelope, Mention, ReviewMessage, Seen, SignalId, TaskId, TaskKind, TaskMessage, TaskResult,
    WorkOutcome,
};
use chimera_model::ScriptedModel;
use chimera_sim::{MentionTrial, SwarmWorld, mention_trial};
use chimera_testkit::builders::a_campaign;
use chimera_testkit::{Queue, SeededIds, VirtualClock};
use worker::Worker;

fn trial(mentions: usize, stretch_s: u64) -> MentionTrial {
    MentionTrial {
        seed: 1,
        campaigns: 2,
        mentions,
        waiting: 100,
        stretch: Duration::from_secs(stretch_s),
        look: Duration::from_secs(1),
        workers: 1,
        approve_from: Confidence::share(5, 10),
    }
}

/// [H-1] [PE-1] [PE-4]
#[tokio::test]
async fn who_asks_is_told_within_ten_seconds_while_ordinary_work_waits() {
    let report = Box::pin(mention_trial(&trial(50, 15))).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert!(report.waiting.0 >= 100 && report.waiting.1 > 0, "nothing was waiting: {report:?}");
    assert!(report.from_said.p99 <= 10_000, "{report:?}");
    assert!(report.from_said.p50 > report.from_heard.p50, "looking takes time, too: {report:?}");
}

/// [PE-1]
#[tokio::test]
async fn looking_by_the_minute_is_told_apart_from_answering() {
    let by_the_minute = MentionTrial { look: Duration::from_secs(60), ..trial(20, 120) };
    let report = Box::pin(mention_trial(&by_the_minute)).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert!(report.from_heard.p99 <= 10_000, "{report:?}");
    assert!(report.from_said.max > 20_000, "whoever speaks after a look waits for the next: {report:?}");
}

/// [PE-4]
#[tokio::test]
async fn fifty_comments_at_once_are_answered_side_by_side() {
    let report = Box::pin(mention_trial(&trial(50, 0))).await.unwrap();
    assert!(report.is_whole(), "{report:?}");
    assert!(report.at_once >= 20, "{report:?}");
    // One after the other would take a hundred seconds at the model alone.
    assert!(report.from_heard.max < 30_000, "{report:?}");
}

/// No tools at all.
#[derive(Debug, Clone, Copy)]
struct Bare;

impl SkillTools for Bare {
    fn for_kind(&self, _: TaskKind) -> impl ReadTools + Send {
        NoTools
    }
}

/// What workers answered.
#[derive(Debug, Default)]
struct Answers(Mutex<Vec<TaskResult>>);

impl ReviewQueue for &Answers {
    async fn send_review(&self, message: &ReviewMessage) -> Result<(), SendError> {
        if let ReviewMessage::Result(result) = message {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push((**result).clone());
        }
        Ok(())
    }
}

impl Answers {
    fn outcomes(self) -> BTreeMap<TaskId, WorkOutcome> {
        let results = self.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        results.into_iter().map(|result| (result.task, result.outcome)).collect()
    }
}

/// All that a worker is made of: nothing of it can read or write a row.
fn is_all<T: SkillTools, M: ReasoningModel, R: ReviewQueue, C: Clock, I: Ids>(
    worker: Worker<T, M, R, C, I>,
) -> Worker<T, M, R, C, I> {
    worker
}

fn a_worker(answers: &Answers, seed: u64) -> Worker<Bare, ScriptedModel, &Answers, VirtualClock, SeededIds> {
    is_all(Worker::new(Bare, ScriptedModel::new(), answers, VirtualClock::default(), SeededIds::new(seed)))
}

/// Fifty people say something, and their tasks are on the queue for what comes first.
async fn fifty_tasks(world: &SwarmWorld) -> Vec<TaskMessage> {
    world.forget_topics().await;
    world.change_policy(|policy| policy.ai_replies_approved = true).await;
    world.start(a_campaign().posts(1).reacts(50, 0)).await;
    for nth in 0..50 {
        let id = format!("m-{nth}");
        let text = if nth % 2 == 0 { "are you a bot?" } else { "Does Lantern run on old laptops?" };
        let mention = Mention { id: id.clone(), author: format!("reader_{nth}"), text: text.to_owned() };
        let seen = Seen::Mention { mention, asks: true, in_reply_to: None };
        world.perceive(SignalId::of_mention(&id), seen).await;
    }
    world.gather(Queue::TaskHigh).await;
    let deliveries = world.cloud.receive(Queue::TaskHigh, 100);
    let read = |body: &str| serde_json::from_str::<Envelope<TaskMessage>>(body).unwrap().body;
    deliveries.iter().map(|delivery| read(&delivery.body)).collect()
}

/// [PE-4]
#[tokio::test]
async fn fifty_comments_become_fifty_tasks_whose_workers_share_nothing_but_the_queue() {
    const TIME: Duration = Duration::from_secs(60);
    let world = SwarmWorld::new();
    let messages = fifty_tasks(&world).await;
    assert_eq!(messages.len(), 50, "{}", world.story());

    let alone = Answers::default();
    for (message, seed) in messages.iter().zip(1..) {
        a_worker(&alone, seed).handle(message.clone(), &(), TIME).await.unwrap();
    }
    let together = Answers::default();
    let one = a_worker(&together, 99);
    let each = messages.iter().map(|message| one.handle(message.clone(), &(), TIME));
    assert!(futures::future::join_all(each).await.iter().all(Result::is_ok));
    drop(one);

    let (alone, together) = (alone.outcomes(), together.outcomes());
    assert_eq!(alone.len(), 50);
    assert!(alone.values().all(|outcome| matches!(outcome, WorkOutcome::Intent { .. })), "{alone:?}");
    assert_eq!(alone, together, "who answers alone answers as one of many does");
    world.abandon();
}
