//! Clips: which tier each gets, what the plan sets aside for it, and when a post goes out without one.
#![expect(clippy::unwrap_used, reason = "what cannot be made fails the test")]

use chimera_domain::Priority::{High, Normal};
use chimera_domain::VideoTier::{Draft, Premium, Standard};
use chimera_domain::{
    Brief, BriefError, Proposal, ProposalError, ProposedTask, Spendable, TaskId, TaskKind, VideoTier,
    VideoTiers, limits, video_tier,
};
use serde_json::{Value, json};

/// What an attempt at each tier sets aside.
const PAID: [i64; 3] = [15, 45, 125];

/// [K-2] [K-16]
#[test]
fn a_tier_follows_from_priority_and_from_what_is_left_for_how_many_clips() {
    assert_eq!(VideoTier::ALL.map(VideoTier::attempt_cost), PAID);
    assert_eq!(TaskKind::Film.attempt_cost(), limits::FILM_COST_MINOR);
    assert_eq!(limits::FILM_COST_MINOR, PAID[2], "where no tier is known, the dearest");
    for (priority, left, clips, tier) in [
        // Enough for anything: what matters most gets the best, everyday clips the middle.
        (High, 10_000, 1, Some(Premium)),
        (Normal, 10_000, 1, Some(Standard)),
        (High, 125, 1, Some(Premium)),
        (High, 124, 1, Some(Standard)),
        (Normal, 45, 1, Some(Standard)),
        // Little: the cheapest, whatever matters.
        (High, 44, 1, Some(Draft)),
        (Normal, 44, 1, Some(Draft)),
        (High, 15, 1, Some(Draft)),
        // Too little: none.
        (High, 14, 1, None),
        (Normal, 14, 1, None),
        (High, 0, 1, None),
        (High, -5, 1, None),
        (High, i64::MIN, 1, None),
        // More clips share it.
        (High, 249, 2, Some(Standard)),
        (High, 250, 2, Some(Premium)),
        (Normal, 89, 2, Some(Draft)),
        (Normal, 90, 2, Some(Standard)),
        // No share pays for one, and the whole does.
        (Normal, 40, 3, Some(Draft)),
        (Normal, 14, 3, None),
        (High, 10_000, 0, Some(Premium)),
    ] {
        assert_eq!(video_tier(priority, left, clips), tier, "{priority:?}, {left} for {clips}");
    }
}

fn task(id: &str, kind: &str, depends_on: &[&str], priority: &str) -> ProposedTask {
    let binding = match kind {
        "research" => json!({"from": "feed", "url": "https://a.example/f", "want": 3}),
        _ => json!({"from": "source_of", "task": "research-1", "index": 0}),
    };
    let task = json!({
        "id": id, "kind": kind, "goal": "x", "depends_on": depends_on, "binding": binding, "priority": priority,
    });
    serde_json::from_value(task).unwrap()
}

/// A feed, two posts and their clips; the second one matters most.
fn tasks() -> Vec<ProposedTask> {
    vec![
        task("research-1", "research", &[], "normal"),
        task("write-1", "write", &["research-1", "film-1"], "normal"),
        task("write-2", "write", &["research-1", "film-2"], "normal"),
        task("film-1", "film", &["research-1"], "normal"),
        task("film-2", "film", &["research-1"], "high"),
    ]
}

fn id(text: &str) -> TaskId {
    TaskId::new(text).unwrap()
}

fn tiers(of: &[(&str, VideoTier)]) -> VideoTiers {
    of.iter().map(|(task, tier)| (id(task), *tier)).collect()
}

/// [K-16] [M-12]
#[test]
fn clips_share_what_every_other_attempt_leaves_of_the_limit_and_the_budget() {
    // One attempt of each of the three others.
    let others = 3 * limits::ATTEMPT_COST_MINOR;
    for (attempts, clips, expected) in [
        (None, 1_000, tiers(&[("film-1", Standard), ("film-2", Premium)])),
        (Some(others + 1_000), 1_000, tiers(&[("film-1", Standard), ("film-2", Premium)])),
        // What matters most chooses first from its share.
        (Some(others + 90), 1_000, tiers(&[("film-1", Standard), ("film-2", Standard)])),
        (Some(others + 30), 1_000, tiers(&[("film-1", Draft), ("film-2", Draft)])),
        (Some(others + 29), 1_000, tiers(&[("film-2", Draft)])),
        (Some(others + 14), 1_000, tiers(&[])),
        (Some(others - 1), 1_000, tiers(&[])),
        // The brief's budget bounds them as well.
        (None, 100, tiers(&[("film-1", Standard), ("film-2", Standard)])),
        (None, 20, tiers(&[("film-2", Draft)])),
        (Some(others + 1_000), 0, tiers(&[])),
    ] {
        let spendable = Spendable { attempts, clips };
        let chosen = spendable.tiers(&tasks(), &VideoTiers::new());
        assert_eq!(chosen, expected, "{spendable:?}");
        let cost: i64 = chosen.values().map(|tier| tier.attempt_cost()).sum();
        assert!(cost <= clips && attempts.is_none_or(|most| cost <= (most - others).max(0)), "{cost}");
    }
}

/// [K-16]
#[test]
fn a_clip_that_stays_as_it_is_keeps_its_tier_and_the_others_get_what_it_leaves() {
    let spendable = Spendable { attempts: None, clips: 150 };
    let kept = tiers(&[("film-2", Premium), ("film-9", Premium), ("write-1", Premium)]);
    let expected = tiers(&[("film-1", Draft), ("film-2", Premium)]);
    assert_eq!(spendable.tiers(&tasks(), &kept), expected, "what is not there keeps nothing");
    let spendable = Spendable { attempts: None, clips: 139 };
    assert_eq!(spendable.tiers(&tasks(), &kept), tiers(&[("film-2", Premium)]));
}

/// [K-3] [K-16]
#[test]
fn a_clip_that_nothing_pays_for_is_left_out_and_its_post_does_not_wait_for_it() {
    let mut proposal = Proposal { tasks: tasks() };
    assert_eq!(proposal.without_unpaid_clips(&tiers(&[("film-2", Draft)])), 1);
    let left: Vec<(&str, usize)> =
        proposal.tasks.iter().map(|task| (task.id.as_str(), task.depends_on.len())).collect();
    assert_eq!(left, [("research-1", 0), ("write-1", 1), ("write-2", 2), ("film-2", 1)]);
    assert_eq!(proposal.without_unpaid_clips(&tiers(&[("film-2", Draft)])), 0);
}

/// [K-16]
#[test]
fn what_comes_first_is_a_models_to_say_of_clips_alone() {
    let mut proposal = Proposal { tasks: tasks() };
    proposal.tasks[1].priority = High;
    proposal.put_in_order().unwrap();
    let first: Vec<&str> =
        proposal.tasks.iter().filter(|task| task.priority == High).map(|task| task.id.as_str()).collect();
    assert_eq!(first, ["film-2"]);
}

fn brief(changes: &Value) -> Brief {
    let mut brief = json!({
        "goal": "Be useful", "feeds": ["https://a.example/f"], "posts": 2,
        "budget": {"minor": 500, "currency": "USD"},
    });
    for (name, value) in changes.as_object().unwrap() {
        brief[name] = value.clone();
    }
    serde_json::from_value(brief).unwrap()
}

/// [K-3] [P-10]
#[test]
fn every_clip_is_of_a_post_that_has_no_picture_and_counts_among_the_tasks() {
    assert_eq!(brief(&json!({"films": 2})).check(), Ok(()));
    assert_eq!(brief(&json!({"films": 1, "illustrations": 1})).check(), Ok(()));
    for wrong in [json!({"films": 3}), json!({"films": 2, "illustrations": 1}), json!({"films": u32::MAX})] {
        assert_eq!(brief(&wrong).check(), Err(BriefError::Films(2)), "{wrong}");
    }
    assert_eq!(brief(&json!({"posts": 100, "films": 99})).check(), Ok(()));
    let many = brief(&json!({"posts": 120, "illustrations": 40, "films": 40})).check().unwrap_err();
    let said = "1 feeds, 120 posts, 40 illustrations, 40 films are more than the 200 tasks of a plan";
    assert_eq!(many.to_string(), said);
}

#[test]
fn a_brief_of_before_wants_no_clips_and_reads_as_it_did() {
    let old = brief(&json!({}));
    assert_eq!(old.films, 0);
    assert_eq!(json!(old).get("films"), None, "its digest is what it was");
    assert_eq!(json!(brief(&json!({"films": 1})))["films"], 1);
}

/// [K-3] [J-1]
#[test]
fn a_plan_films_as_many_posts_as_the_brief_asks_for_and_each_source_by_its_notes() {
    let asked = brief(&json!({"posts": 2, "films": 1}));
    let criteria = json!([{"id": "c", "text": "c", "mandatory": true, "check": "fits_persona"}]);
    let mut proposal = Proposal { tasks: tasks() };
    for task in proposal.tasks.iter_mut().filter(|task| task.kind == TaskKind::Write) {
        task.criteria = serde_json::from_value(criteria.clone()).unwrap();
    }
    assert_eq!(proposal.check(&asked), Err(ProposalError::Clip(id("film-2"))));
    assert_eq!(proposal.check(&brief(&json!({"films": 2}))), Ok(()));
    let feed = task("research-1", "research", &[], "normal").binding;
    proposal.tasks[3].binding = feed;
    let faults = proposal.faults(&brief(&json!({"films": 2})));
    assert_eq!(faults, [ProposalError::Clip(id("film-1"))]);
    assert_eq!(faults[0].field(), Some("kind"));
}

/// [K-16] What is refused is refused by its place.
#[test]
fn a_clip_that_cannot_be_paid_for_is_a_fault_of_its_task() {
    let fault = ProposalError::Unfunded(id("film-1"));
    assert_eq!((fault.task(), fault.field()), (Some(&id("film-1")), Some("kind")));
    assert!(Normal > High, "what comes first sorts first");
}
