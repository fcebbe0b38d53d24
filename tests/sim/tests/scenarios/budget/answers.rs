//! Many answers at once: open tasks put as rows, and a worker's answer to each on the review queue. No other function
//! runs until a test lets it.

use std::ops::Range;

use chimera_domain::ports::Clock as _;
use chimera_domain::{
    Campaign, CampaignId, CampaignStatus, Confidence, Task, TaskStatus, Thresholds, WorkOutcome,
};
use chimera_sim::SwarmWorld;
use chimera_testkit::builders::{a_campaign, a_result, a_task, an_intent, task_id};
use chimera_testkit::{Queue, VISIBILITY, a_text};
use futures::future::join_all;

/// What a post without a link costs, in cents.
pub(crate) const POST: i64 = 2;

/// Judges that work side by side.
const JUDGES: usize = 4;
/// Messages that one of them gets at once.
const BATCH: usize = 10;
/// Rounds after which something runs in circles.
const MOST_ROUNDS: usize = 20_000;

/// How many approvals meet in a test: `CHIMERA_APPROVALS`, or what every run can afford.
pub(crate) fn approvals() -> usize {
    std::env::var("CHIMERA_APPROVALS").ok().and_then(|text| text.parse().ok()).unwrap_or(200)
}

/// Texts are approved for being there: what is left to decide is the money.
pub(crate) async fn approve_whatever_can_be_paid(world: &SwarmWorld) {
    world
        .change_policy(|policy| {
            policy.thresholds = Thresholds { approve: Confidence::ZERO, hold: Confidence::ZERO };
            policy.topics.clear();
            policy.near_duplicate.window_days = 0;
        })
        .await;
}

/// Puts an active campaign that may spend this.
pub(crate) fn put_campaign(world: &SwarmWorld, id: &str, budget: i64) -> Campaign {
    let accepted = a_campaign().named(id).budget(budget).accepted_at(world.clock.now()).build();
    let active = Campaign { status: CampaignStatus::Active, plan: 1, ..accepted };
    world.force(active.clone());
    active
}

/// Puts an open task for each text of `range`.
pub(crate) fn put_tasks(world: &SwarmWorld, campaign: &CampaignId, range: Range<usize>) -> Vec<Task> {
    let tasks: Vec<Task> = range
        .map(|n| Task { campaign: campaign.clone(), id: task_id(&format!("write-{n:04}")), ..a_task() })
        .collect();
    tasks.iter().for_each(|task| world.force(task.clone()));
    tasks
}

/// A worker answers a task with this text.
pub(crate) fn answer(world: &SwarmWorld, task: &Task, text: &str) {
    let id = format!("r-{}-{}", task.id, task.attempt);
    world.send_result(a_result(task, &id, WorkOutcome::Intent { intent: an_intent(text) }));
}

/// A worker answers each of the tasks, with the text of its number.
pub(crate) fn answer_all(world: &SwarmWorld, tasks: &[Task]) {
    for task in tasks {
        let number = task.id.as_str().trim_start_matches("write-").parse().unwrap_or(0);
        answer(world, task, &a_text(number));
    }
}

/// Judges work side by side until no answer waits.
pub(crate) async fn judge_all(world: &SwarmWorld) {
    for _ in 0..MOST_ROUNDS {
        if world.cloud.visible(Queue::Review) > 0 {
            join_all((0..JUDGES).map(|_| world.deliver(Queue::Review, BATCH))).await;
        } else if world.cloud.waiting(Queue::Review) == 0 {
            return;
        } else {
            // Other queues may hold what nobody receives here: their messages are no reason to look again.
            world.clock.advance(VISIBILITY);
        }
    }
    assert_eq!(world.cloud.waiting(Queue::Review), 0, "answers that are never judged\n{}", world.story());
}

/// The tasks of a campaign that failed for want of money.
pub(crate) fn over_budget(world: &SwarmWorld) -> Vec<Task> {
    let failed = world.tasks_in(TaskStatus::Failed).into_iter();
    failed.filter(|task| task.reason.as_ref().is_some_and(|why| why.starts_with("over budget"))).collect()
}
