//! What must hold of the sequence of writes: the rows as they are in the end cannot tell when something happened.

use std::collections::{BTreeMap, BTreeSet};

use chimera_domain::{
    CampaignEvent, CampaignStatus, EffectEvent, EffectStatus, TaskEvent, TaskStatus, limits,
};
use chimera_testkit::Write;
use serde_json::Value;

use super::check::Broken;

/// A task as the writes have it so far.
#[derive(Debug, Default)]
struct Seen {
    status: String,
    kind: String,
    effect: Option<String>,
    /// Every task that it was ever said to wait for.
    parents: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct Passage {
    tasks: BTreeMap<String, Seen>,
    effects: BTreeMap<String, String>,
    /// The campaign's status, its newest plan and its revision.
    status: String,
    plan: i64,
    revision: i64,
    numbers: BTreeSet<i64>,
    /// The limit on operating cost, in cents.
    limit: Option<i64>,
    broken: Broken,
}

/// How a plan version comes into force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// It is the first, opened by the planner.
    First,
    /// It is the first, opened by an operator.
    Approved,
    /// It replaces another.
    Replan,
}

/// Walks through the writes, transaction by transaction.
pub(super) fn broken(history: &[Write], limit: Option<i64>) -> Broken {
    let mut passage = Passage { limit, ..Passage::default() };
    for together in history.chunk_by(|one, next| one.transaction == next.transaction) {
        passage.take(together);
    }
    let numbers: Vec<i64> = passage.numbers.iter().copied().collect();
    let in_order: Vec<i64> = (1..=i64::try_from(numbers.len()).unwrap_or(i64::MAX)).collect();
    if numbers != in_order {
        passage.broken.push(("plans", format!("the versions are numbered {numbers:?}")));
    }
    passage.broken
}

impl Passage {
    fn take(&mut self, together: &[Write]) {
        let before = self.tasks.len();
        let campaign = together.iter().find(|write| text(&write.new, "kind") == "campaign");
        if let Some(campaign) = campaign {
            text(&campaign.new, "status").clone_into(&mut self.status);
        }
        for write in together {
            match text(&write.new, "kind") {
                "task" => self.task(write),
                "effect" => self.effect(write),
                "campaign" => self.transition(write, is_campaign_event),
                "plan" => self.version(write),
                _ => {}
            }
        }
        if let Some(campaign) = campaign {
            self.campaign(campaign, together, before);
        }
        let live = self.tasks.values().filter(|task| !is_final(&task.status)).count();
        if live > limits::TASKS_PER_PLAN {
            self.say("limits", format!("{live} tasks are under way"));
        }
    }

    fn task(&mut self, write: &Write) {
        let (old, new) = (write.old.as_ref(), &write.new);
        let (id, status) = (text(new, "id").to_owned(), text(new, "status"));
        let was = old.map(|old| text(old, "status"));
        self.transition(write, is_task_event);
        if let Some(old) = old {
            self.way_back(&id, write, old);
        }
        let seen = self.tasks.entry(id.clone()).or_default();
        status.clone_into(&mut seen.status);
        text(new, "work").clone_into(&mut seen.kind);
        seen.effect = Some(text(new, "effect").to_owned()).filter(|effect| !effect.is_empty());
        let parents = new.get("depends_on").and_then(Value::as_array).into_iter().flatten();
        seen.parents.extend(parents.filter_map(Value::as_str).map(str::to_owned));
        if status == "open" && matches!(was, None | Some("blocked")) {
            self.opening(&id);
        }
    }

    /// No row goes back from its end, but by a person's retry; no attempt is counted backwards; a commit is of the attempt
    /// that waited for it, and stays.
    fn way_back(&mut self, id: &str, write: &Write, old: &Value) {
        let (was, is) = (text(old, "status"), text(&write.new, "status"));
        let (attempt, next) = (number(old, "attempt"), number(&write.new, "attempt"));
        let is_retry = (was, is) == ("failed", "open")
            && text(&write.new, "writer").starts_with("retry-")
            && next == attempt + 1;
        if is_final(was) && is != was && !is_retry {
            self.say("way-back", format!("{id} was {was} and became {is}"));
        }
        if next < attempt {
            self.say("way-back", format!("{id} went from attempt {attempt} to {next}"));
        }
        let committed = |row: &Value| row.pointer("/committed/result").cloned();
        let commits = is == "approved" && committed(old) != committed(&write.new);
        if commits && !(["open", "held"].contains(&was) && next == attempt) {
            self.say("fence", format!("{id} was committed while it was {was}, attempt {attempt} and {next}"));
        }
    }

    /// [P-5] What is opened has all that it waits for: committed, and done.
    fn opening(&mut self, id: &str) {
        if self.status != "active" {
            let status = self.status.clone();
            self.say("inputs", format!("{id} was opened while the campaign was {status}"));
        }
        let Some(task) = self.tasks.get(id) else { return };
        let missing: Vec<String> = task
            .parents
            .iter()
            .filter(|parent| !self.is_there(parent, &task.kind))
            .map(|parent| format!("{id} was opened before {parent} was there"))
            .collect();
        for why in missing {
            self.say("inputs", why);
        }
    }

    /// Whether a task of this kind need not wait for the parent any more. [K-3] [K-7] A picture may be missing, and what
    /// remembers waits for the end of everything, however it ends.
    fn is_there(&self, parent: &str, kind: &str) -> bool {
        let Some(parent) = self.tasks.get(parent) else { return false };
        let effect = parent.effect.as_ref().map(|effect| self.effects.get(effect).map_or("", String::as_str));
        let is_gone = ["failed", "dropped"].contains(&parent.status.as_str());
        match kind {
            "remember" => {
                is_final(&parent.status)
                    && effect.is_none_or(|status| ["done", "failed", "void"].contains(&status))
            }
            _ if ["illustrate", "film"].contains(&parent.kind.as_str()) && is_gone => true,
            _ => parent.status == "approved" && effect.is_none_or(|status| status == "done"),
        }
    }

    fn effect(&mut self, write: &Write) {
        self.transition(write, is_effect_event);
        let new = &write.new;
        self.effects.insert(text(new, "id").to_owned(), text(new, "status").to_owned());
    }

    /// Every change of a status is one that its table of transitions has.
    fn transition(&mut self, write: &Write, is_event: fn(&str, &str) -> bool) {
        let Some(old) = &write.old else { return };
        let (was, is) = (text(old, "status"), text(&write.new, "status"));
        if was != is && !is_event(was, is) {
            let row = text(&write.new, "sk");
            self.say("transitions", format!("{row} was {was} and became {is}, which no event does"));
        }
    }

    fn version(&mut self, write: &Write) {
        self.numbers.insert(number(&write.new, "number"));
        let reserved = write.new.pointer("/reserved/minor").and_then(Value::as_i64);
        if let (Some(limit), Some(reserved)) = (self.limit, reserved)
            && reserved > limit
        {
            let plan = number(&write.new, "number");
            self.say("limits", format!("plan {plan} has set {reserved} cents aside, of {limit}"));
        }
    }

    /// The campaign's own row: which plan is in force, and whether it is over.
    fn campaign(&mut self, write: &Write, together: &[Write], before: usize) {
        let (plan, revision) = (number(&write.new, "plan"), number(&write.new, "revision"));
        if write.old.is_none() {
            self.revision = revision;
        }
        let was = write.old.as_ref().map_or("", |old| text(old, "status"));
        let is = text(&write.new, "status");
        let is_approved = (was, is) == ("awaiting_approval", "active");
        if is_approved || (is == "active" && plan != self.plan) {
            let way = if is_approved {
                Way::Approved
            } else if was == "active" {
                Way::Replan
            } else {
                Way::First
            };
            self.opened(plan, way, together, before);
        }
        // Only what is at work is planned anew.
        let raised = i64::from(plan != self.plan && was == "active");
        if revision != self.revision + raised {
            let was = self.revision;
            self.say("plans", format!("revision {was} became {revision} with plan {plan}"));
        }
        (self.plan, self.revision) = (plan, revision);
        if text(&write.new, "status") == "finished" && was != "finished" {
            self.finished();
        }
    }

    /// A version that comes into force: open, the child of the one before, and its difference sums up.
    fn opened(&mut self, plan: i64, way: Way, together: &[Write], before: usize) {
        let is_it =
            |write: &&Write| text(&write.new, "kind") == "plan" && number(&write.new, "number") == plan;
        let Some(version) = together.iter().find(is_it).map(|write| &write.new) else {
            return self.say("plans", format!("plan {plan} came into force without being written"));
        };
        let (status, parent, was) = (text(version, "status"), number(version, "parent"), self.plan);
        // What was proposed for approval is the campaign's newest plan already.
        let is_child = if way == Way::Approved { parent < plan && was == plan } else { parent == was };
        if status != "open" || !is_child {
            self.say("plans", format!("plan {plan} is {status}, a child of {parent}, and replaced {was}"));
        }
        let names = |name: &str| -> BTreeSet<String> {
            let list = version.pointer(&format!("/diff/{name}")).and_then(Value::as_array);
            list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        let (added, dropped, changed) = (names("added"), names("dropped"), names("changed"));
        let kept = version.pointer("/diff/kept").and_then(Value::as_i64).unwrap_or(0);
        let kept = usize::try_from(kept).unwrap_or(0);
        let known = if way == Way::Replan { before } else { 0 };
        if kept + dropped.len() + changed.len() != known {
            self.say("plans", format!("plan {plan} accounts for other than the {known} tasks before it"));
        }
        let rows = || together.iter().map(|write| &write.new).filter(|row| text(row, "kind") == "task");
        let of_it = |id: &str| rows().any(|row| text(row, "id") == id && number(row, "plan") == plan);
        let is_live = |id: &str| self.tasks.get(id).is_some_and(|task| !is_final(&task.status));
        let is_gone = |id: &str| self.tasks.get(id).is_some_and(|task| is_final(&task.status));
        let new = added.iter().filter(|id| !is_live(id) || (way == Way::Replan && !of_it(id)));
        let old = dropped.iter().filter(|id| !is_gone(id));
        let other = changed.iter().filter(|id| !(of_it(id) && is_live(id)));
        let wrong: Vec<String> = new
            .chain(old)
            .chain(other)
            .map(|id| format!("plan {plan} says of {id} what its row does not"))
            .collect();
        for why in wrong {
            self.say("plans", why);
        }
    }

    /// [P-7]
    fn finished(&mut self) {
        let tasks = self.tasks.iter().filter(|(_, task)| !is_final(&task.status));
        let effects =
            self.effects.iter().filter(|(_, status)| !["done", "failed", "void"].contains(&status.as_str()));
        let left: Vec<String> = tasks
            .map(|(id, task)| format!("{id} is {}", task.status))
            .chain(effects.map(|(id, status)| format!("{id} is {status}")))
            .map(|left| format!("the campaign was finished while {left}"))
            .collect();
        for why in left {
            self.say("over", why);
        }
    }

    fn say(&mut self, line: &'static str, why: String) {
        self.broken.push((line, why));
    }
}

fn is_final(status: &str) -> bool {
    ["approved", "failed", "dropped"].contains(&status)
}

fn is_task_event(was: &str, is: &str) -> bool {
    let from = TaskStatus::ALL.iter().find(|status| status.name() == was);
    from.is_some_and(|from| {
        TaskEvent::ALL.iter().any(|event| from.next(*event).is_ok_and(|next| next.name() == is))
    })
}

fn is_effect_event(was: &str, is: &str) -> bool {
    let from = EffectStatus::ALL.iter().find(|status| status.name() == was);
    from.is_some_and(|from| {
        EffectEvent::ALL.iter().any(|event| from.next(*event).is_ok_and(|next| next.name() == is))
    })
}

fn is_campaign_event(was: &str, is: &str) -> bool {
    let from = CampaignStatus::ALL.iter().find(|status| status.name() == was);
    from.is_some_and(|from| {
        CampaignEvent::ALL.iter().any(|event| from.next(*event).is_ok_and(|next| next.name() == is))
    })
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn number(row: &Value, name: &str) -> i64 {
    row.get(name).and_then(Value::as_i64).unwrap_or(0)
}
