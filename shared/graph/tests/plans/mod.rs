//! Made-up campaigns of any size, in the midst of their work.

use std::collections::BTreeSet;

use chimera_domain::{
    Approving, Binding, Campaign, CampaignStatus, Confidence, Effect, EffectId, EffectStatus, Grant, Plan,
    PlanCause, PlanDiff, PlanStatus, Priority, Row, Seen, Signal, SignalId, SignalStatus, SignedGrant, Task,
    TaskId, TaskKind, TaskStatus,
};
use chimera_graph::CampaignGraph;
use chimera_testkit::builders::{a_campaign, a_task, an_intent, cents, morning, task_id};

/// The graph of a campaign of so many tasks.
///
/// # Panics
/// Never: the rows hold a campaign's own.
pub(crate) fn of_tasks(tasks: usize) -> CampaignGraph {
    let graph = CampaignGraph::of(rows(tasks));
    assert!(graph.is_some(), "the rows hold a campaign's own");
    graph.into_iter().next().unwrap_or_else(|| unreachable!())
}

/// Its rows: research, pictures, posts of which some have pictures, replies, a payment, and a task that remembers. The second
/// version answers a trend by two tasks, for which the last planned post is dropped.
pub(crate) fn rows(tasks: usize) -> Vec<Row> {
    let (replies, reads) = (1 + tasks / 60, 1 + tasks / 100);
    let rest = tasks.saturating_sub(replies + reads + 4);
    let pictures = rest / 4;
    let posts = rest - pictures;
    let mut made: Vec<Task> = Vec::new();
    for at in 1..=reads {
        made.push(task(
            TaskKind::Research,
            &format!("research-{at}"),
            "Read the feed and note what can be told.",
        ));
    }
    for at in 1..=pictures {
        let of = format!("research-{}", 1 + at % reads);
        made.push(bound(TaskKind::Illustrate, &format!("illustrate-{at}"), &of, at, &[]));
    }
    for at in 1..=posts {
        let of = format!("research-{}", 1 + at % reads);
        let picture = format!("illustrate-{at}");
        let waits: &[&str] = if at <= pictures { &[&picture] } else { &[] };
        made.push(bound(TaskKind::Write, &format!("write-{at}"), &of, at, waits));
    }
    for at in 1..=replies {
        let reply =
            task(TaskKind::Reply, &format!("reply-{at}"), "Answer “are you a bot?” by nora, honestly.");
        made.push(Task { priority: Priority::High, ..reply });
    }
    made.push(task(TaskKind::Transact, "transact-1", "Pay Iris Vale for the proofreading."));
    let all: Vec<TaskId> =
        made.iter().filter(|task| task.kind == TaskKind::Write).map(|task| task.id.clone()).collect();
    let remember = task(TaskKind::Remember, "remember-1", "Look at what was published and keep what worked.");
    made.push(Task { depends_on: all, binding: Binding::Campaign, ..remember });
    let planned: Vec<TaskId> = made.iter().map(|task| task.id.clone()).collect();
    let dropped = format!("write-{posts}");
    made.push(of_second(task(TaskKind::Research, "research-p2-1", "Read five articles about the flood.")));
    made.push(of_second(bound(TaskKind::Write, "write-p2-1", "research-p2-1", 0, &[])));
    for (at, task) in made.iter_mut().enumerate() {
        task.ordinal = u32::try_from(at).unwrap_or(u32::MAX);
        stand(task, at, &dropped);
    }
    let effects: Vec<Effect> = made.iter_mut().enumerate().filter_map(|(at, task)| acted(task, at)).collect();
    let kept = u32::try_from(planned.len() - 1).unwrap_or(u32::MAX);
    let mut rows: Vec<Row> = vec![campaign(), first(planned), second(&dropped, kept), trend()];
    rows.extend(made.into_iter().map(|task| Row::Task(Box::new(task))));
    rows.extend(effects.into_iter().map(|effect| Row::Effect(Box::new(effect))));
    rows
}

fn campaign() -> Row {
    let campaign = Campaign { status: CampaignStatus::Active, revision: 2, plan: 2, ..a_campaign().build() };
    Row::Campaign(Box::new(campaign))
}

fn task(kind: TaskKind, id: &str, goal: &str) -> Task {
    Task {
        id: task_id(id),
        kind,
        goal: goal.to_owned(),
        depends_on: Vec::new(),
        binding: Binding::Feed { url: "https://smalltools.example/feed.xml".to_owned(), want: 6 },
        cost: cents(0),
        ..a_task()
    }
}

/// A task about a source of another one, which waits for others beside it.
fn bound(kind: TaskKind, id: &str, of: &str, index: usize, waits: &[&str]) -> Task {
    let goal = match kind {
        TaskKind::Illustrate => "Draw what the article is about, in the character's style.",
        _ => "Write a post about “Tinroof counts rain with a biscuit tin” for people who repair things.",
    };
    let index = u32::try_from(index).unwrap_or(u32::MAX);
    let depends_on = std::iter::once(of).chain(waits.iter().copied()).map(task_id).collect();
    Task { depends_on, binding: Binding::SourceOf { task: task_id(of), index }, ..task(kind, id, goal) }
}

fn of_second(task: Task) -> Task {
    Task { plan: 2, priority: Priority::High, ..task }
}

/// Puts the task somewhere on its way, by its place.
fn stand(task: &mut Task, at: usize, dropped: &str) {
    task.status = match (task.kind, at % 9) {
        _ if task.id.as_str() == dropped => TaskStatus::Dropped,
        (TaskKind::Remember, _) => TaskStatus::Blocked,
        (TaskKind::Research, _) => TaskStatus::Approved,
        (TaskKind::Transact, _) => TaskStatus::Held,
        (_, 4) => TaskStatus::Open,
        (_, 5) => TaskStatus::Held,
        (_, 6) => TaskStatus::Rejected,
        (_, 7) => TaskStatus::Failed,
        (_, 8) => TaskStatus::Blocked,
        _ => TaskStatus::Approved,
    };
    match task.status {
        TaskStatus::Dropped => {
            task.plan = 2;
            task.reason = Some("a post about the flood takes its place".to_owned());
        }
        TaskStatus::Failed => task.reason = Some("over budget: campaign".to_owned()),
        TaskStatus::Rejected => (task.attempt, task.tries) = (2, 1),
        TaskStatus::Approved => task.cost = cents(3),
        _ => {}
    }
}

/// The effect of an approved task that acts, by its place.
fn acted(task: &mut Task, at: usize) -> Option<Effect> {
    if task.status != TaskStatus::Approved || !task.kind.acts() {
        return None;
    }
    let status =
        [EffectStatus::Done, EffectStatus::Approved, EffectStatus::Unconfirmed, EffectStatus::Failed][at % 4];
    let effect = effect(task, status);
    task.effect = Some(effect.id.clone());
    Some(effect)
}

/// An effect of the task's present attempt.
pub(crate) fn effect(task: &Task, status: EffectStatus) -> Effect {
    let intent = an_intent("Tinroof counts rain.");
    let grant = Grant {
        id: "grant-1".to_owned(),
        key: "k".to_owned(),
        tenant: task.tenant.clone(),
        agent: task.agent.clone(),
        campaign: task.campaign.clone(),
        effect: EffectId::of(&task.id, task.attempt),
        audience: "twitter@test".to_owned(),
        tool: intent.tool.clone(),
        arguments: intent.digest(),
        max_cost: cents(20),
        policy_version: 1,
        expires_at: morning(),
    };
    let approving = Approving {
        task: task.id.clone(),
        attempt: task.attempt,
        intent,
        idempotency_key: uuid::Uuid::nil(),
        flags: BTreeSet::new(),
        review: None,
        unique: Vec::new(),
        buckets: Vec::new(),
        undoes: None,
    };
    let signed = SignedGrant { grant, signature: "signature".to_owned() };
    Effect { status, ..Effect::approved(signed, approving, morning()) }
}

fn first(added: Vec<TaskId>) -> Row {
    let campaign = a_campaign().build();
    let estimate = cents(5 * i64::try_from(added.len()).unwrap_or(0));
    Row::Plan(Box::new(Plan {
        tenant: campaign.tenant,
        campaign: campaign.id,
        number: 1,
        parent: 0,
        cause: PlanCause::Brief,
        reason: "the brief".to_owned(),
        goal: None,
        rejected: None,
        diff: PlanDiff { added, ..PlanDiff::default() },
        estimate,
        drawing: Some(cents(0)),
        reserved: None,
        settled: Some(cents(21)),
        status: PlanStatus::Settled,
        created_at: morning(),
    }))
}

fn second(dropped: &str, kept: u32) -> Row {
    let campaign = a_campaign().build();
    Row::Plan(Box::new(Plan {
        tenant: campaign.tenant,
        campaign: campaign.id,
        number: 2,
        parent: 1,
        cause: PlanCause::Signals,
        reason: "a trend: the river is over its banks".to_owned(),
        goal: None,
        rejected: None,
        diff: PlanDiff {
            added: vec![task_id("research-p2-1"), task_id("write-p2-1")],
            dropped: vec![task_id(dropped)],
            changed: Vec::new(),
            kept,
        },
        estimate: cents(10),
        drawing: Some(cents(2)),
        reserved: None,
        settled: None,
        status: PlanStatus::Open,
        created_at: morning() + std::time::Duration::from_secs(3_600),
    }))
}

fn trend() -> Row {
    let campaign = a_campaign().build();
    Row::Signal(Box::new(Signal {
        tenant: campaign.tenant,
        campaign: campaign.id,
        id: SignalId::of_trend("article-1"),
        seen: Seen::Trend {
            headline: "The river is over its banks".to_owned(),
            terms: vec!["river".to_owned(), "flood".to_owned()],
            articles: vec!["article-1".to_owned()],
            sources: vec!["The Small Ledger".to_owned()],
            strength: Confidence::FULL,
        },
        relevance: Confidence::share(82, 100),
        why: "shares rain, river with the goal".to_owned(),
        status: SignalStatus::Answered,
        reason: None,
        plan: Some(2),
        seen_at: morning(),
    }))
}
