//! What is wrong with a proposal that must stop its campaign.

use chimera_domain::{Binding, Check, Mention, TaskKind, limits};
use chimera_testkit::builders::must;
use rand::Rng as _;
use rand::rngs::StdRng;
use serde_json::{Value, json};

/// One thing that no plan may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flaw {
    /// Tasks that wait for each other, or one that waits for itself.
    Cycle,
    /// A task that waits for one that is not there.
    Unknown,
    /// Too long a chain.
    Deep,
    /// Too many tasks.
    Many,
    /// The same id twice.
    Twice,
    /// No task at all.
    Empty,
    /// A post that nothing could be judged by.
    NoCriteria,
    /// One post more than was asked for.
    MorePosts,
    /// An answer that nobody asked for.
    Unasked,
    /// Not of the demanded form.
    Form,
}

impl Flaw {
    const ALL: [Self; 10] = [
        Self::Cycle,
        Self::Unknown,
        Self::Deep,
        Self::Many,
        Self::Twice,
        Self::Empty,
        Self::NoCriteria,
        Self::MorePosts,
        Self::Unasked,
        Self::Form,
    ];

    pub(super) fn drawn(rng: &mut StdRng) -> Self {
        Self::ALL.get(rng.random_range(0..Self::ALL.len())).copied().unwrap_or(Self::Cycle)
    }

    /// Words of the reason that the campaign must be stopped with: one of these.
    pub(super) fn says(self) -> &'static [&'static str] {
        match self {
            Self::Cycle => &["waits for itself"],
            Self::Unknown => &["which is not in the plan"],
            Self::Deep => &["the plan is deeper than"],
            Self::Many => &["a plan has 1 to 200 tasks"],
            Self::Twice => &["is in the plan twice"],
            // Where the brief names mentions or payments, that they are forgotten is found first.
            Self::Empty => &["a plan has 1 to 200 tasks", "the plan leaves out"],
            Self::NoCriteria => &["has no acceptance criteria"],
            Self::MorePosts => &["more posts than were asked for"],
            Self::Unasked => &["what nobody asked to have answered"],
            Self::Form => &["not of the demanded form"],
        }
    }

    /// Gives the tasks this flaw.
    pub(super) fn spoil(self, rng: &mut StdRng, tasks: &mut Vec<Value>) {
        match self {
            Self::Cycle => tasks.extend(ring(rng.random_range(1..=5))),
            Self::Unknown => tasks.push(research("astray", &["nobody".to_owned()])),
            Self::Deep => tasks.extend(chain(limits::PLAN_DEPTH + rng.random_range(1..=4))),
            Self::Many => {
                let size = limits::TASKS_PER_PLAN + rng.random_range(1..=30);
                tasks.extend((tasks.len()..size).map(|at| research(&format!("more-{at}"), &[])));
            }
            Self::Twice => tasks.extend([research("twice", &[]), research("twice", &[])]),
            Self::Empty => tasks.clear(),
            Self::NoCriteria => tasks.push(write("unjudged", &json!([]))),
            Self::MorePosts => {
                tasks.push(write("one-more", &json!([must("persona", Check::FitsPersona)])));
            }
            Self::Unasked => tasks.push(unasked()),
            Self::Form => {
                let mut task = research("talkative", &[]);
                task["because"] = Value::from("I think so");
                tasks.push(task);
            }
        }
    }
}

/// So many tasks, each waiting for the one before it and the first for the last.
fn ring(size: usize) -> Vec<Value> {
    let id = |at: usize| format!("ring-{at}");
    (0..size).map(|at| research(&id(at), &[id((at + size - 1) % size)])).collect()
}

/// So many tasks, each waiting for the one before it.
fn chain(size: usize) -> Vec<Value> {
    let id = |at: usize| format!("link-{at}");
    let before = |at: usize| at.checked_sub(1).map(id).into_iter().collect::<Vec<_>>();
    (0..size).map(|at| research(&id(at), &before(at))).collect()
}

fn research(id: &str, depends_on: &[String]) -> Value {
    json!({
        "id": id, "kind": TaskKind::Research.name(), "goal": "Read.", "depends_on": depends_on, "binding": feed(),
    })
}

fn write(id: &str, criteria: &Value) -> Value {
    json!({
        "id": id, "kind": TaskKind::Write.name(), "goal": "Write.", "binding": feed(), "criteria": criteria,
    })
}

fn unasked() -> Value {
    let mention =
        Mention { id: "unasked".to_owned(), author: "nora".to_owned(), text: "Nobody asked.".to_owned() };
    json!({
        "id": "unasked", "kind": TaskKind::Reply.name(), "goal": "Answer.",
        "binding": Binding::Mention { mention }, "criteria": [must("persona", Check::FitsPersona)],
    })
}

fn feed() -> Binding {
    Binding::Feed { url: "https://smalltools.example/flawed.xml".to_owned(), want: 1 }
}
