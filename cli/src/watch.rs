//! Following a campaign: one line per change, a bar where there is a terminal.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::time::{Duration, Instant};

use chimera_domain::{CampaignStatus, DecisionKind, Flag};
use indicatif::{ProgressBar, ProgressStyle};

use crate::api::{Api, ApiError};
use crate::args::Output;
use crate::card::printable;
use crate::failure::Failure;
use crate::wire::{EffectLine, ReviewLine, TaskLine, Whole};

/// How often the campaign is read.
pub(crate) const PAUSE: Duration = Duration::from_millis(700);
/// Longest feedback shown on a line.
const FEEDBACK_CHARS: usize = 160;

/// Reads a campaign whole.
pub(crate) async fn read(api: &Api, campaign: &str) -> Result<Whole, Failure> {
    let answer = api.get(&format!("campaigns/{campaign}")).await?;
    Ok(serde_json::from_value(answer).map_err(anyhow::Error::from)?)
}

/// Reads it again, over short interruptions of the API: watching must not end before the campaign does.
pub(crate) async fn read_patiently(api: &Api, campaign: &str) -> Result<Whole, Failure> {
    const TRIES: u32 = 5;
    for _ in 1..TRIES {
        match read(api, campaign).await {
            Err(Failure::Api(error)) if is_passing(&error) => tokio::time::sleep(PAUSE * 2).await,
            other => return other,
        }
    }
    read(api, campaign).await
}

fn is_passing(error: &ApiError) -> bool {
    match error {
        ApiError::Refused { status, .. } | ApiError::Foreign { status, .. } => {
            *status == 429 || *status >= 500
        }
        ApiError::Unreachable { .. } => true,
        ApiError::Client(_) | ApiError::Base(_) => false,
    }
}

/// Follows a campaign until it is over.
pub(crate) async fn follow(api: &Api, campaign: &str, output: Output) -> Result<Whole, Failure> {
    let mut screen = Screen::new(output);
    loop {
        let whole = read_patiently(api, campaign).await?;
        screen.show(&whole);
        if whole.status.is_over() {
            screen.end();
            return Ok(whole);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was shown so far, and where.
pub(crate) struct Screen {
    seen: BTreeMap<String, String>,
    started: Instant,
    changed: Instant,
    bar: Option<ProgressBar>,
    output: Output,
}

impl Screen {
    pub(crate) fn new(output: Output) -> Self {
        let has_terminal = std::io::stderr().is_terminal() && std::io::stdout().is_terminal();
        let now = Instant::now();
        Self {
            seen: BTreeMap::new(),
            started: now,
            changed: now,
            bar: (has_terminal && output == Output::Table).then(new_bar),
            output,
        }
    }

    /// Shows what changed; whether anything did.
    pub(crate) fn show(&mut self, whole: &Whole) -> bool {
        let mut has_changed = false;
        for (key, line) in lines_of(whole) {
            if self.seen.get(&key) != Some(&line) {
                self.line(&format!("{key}: {line}"));
                self.seen.insert(key, line);
                has_changed = true;
            }
        }
        if has_changed {
            self.changed = Instant::now();
        }
        if let Some(bar) = &self.bar {
            let (done, all) = progress(whole);
            bar.set_length(all);
            bar.set_position(done);
            bar.set_message(format!("{} · spent {}", whole.status, whole.spend.spent));
        }
        has_changed
    }

    /// Prints a line with the time since the start; beside the answer where that is JSON.
    pub(crate) fn line(&self, text: &str) {
        self.plain(&format!("{:>7.1}s  {text}", self.started.elapsed().as_secs_f64()));
    }

    /// Prints text as it is.
    pub(crate) fn plain(&self, text: &str) {
        let print = || match self.output {
            Output::Table => println!("{text}"),
            Output::Json => eprintln!("{text}"),
        };
        self.aside(print);
    }

    /// Does something that needs the terminal for itself.
    pub(crate) fn aside<T>(&self, act: impl FnOnce() -> T) -> T {
        match &self.bar {
            Some(bar) => bar.suspend(act),
            None => act(),
        }
    }

    /// Counts as a change: somebody answered.
    pub(crate) fn touch(&mut self) {
        self.changed = Instant::now();
    }

    /// How long nothing has changed.
    pub(crate) fn idle(&self) -> Duration {
        self.changed.elapsed()
    }

    /// Time since the start.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn new_bar() -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {elapsed} {msg}");
    // The template is a constant; the default style is as good should it ever be wrong.
    ProgressBar::new(0).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// A line per thing that can change, in the order in which things come to be.
fn lines_of(whole: &Whole) -> Vec<(String, String)> {
    let hint = match whole.status {
        CampaignStatus::AwaitingApproval => format!(": chimera campaign plan show {}", whole.id),
        _ => String::new(),
    };
    let campaign = (format!("campaign {}", whole.id), format!("{}{hint}", whole.status));
    let tasks = whole.tasks.iter().map(|task| (format!("task {}", task.id), task_line(task)));
    let reviews = whole.reviews.iter().map(|review| (format!("review {}", review.id), review_line(review)));
    let effects = whole.effects.iter().map(|effect| (format!("effect {}", effect.id), effect_line(effect)));
    std::iter::once(campaign).chain(tasks).chain(reviews).chain(effects).collect()
}

fn task_line(task: &TaskLine) -> String {
    let mut line = format!("{} {}, attempt {}", task.kind.name(), task.status, task.attempt);
    if let Some(verdict) = &task.verdict {
        line.push_str(&format!(", confidence {}", verdict.confidence));
    }
    if let Some(feedback) = task.feedback.last() {
        line.push_str(&format!(", told: {}", short(feedback)));
    }
    if let Some(reason) = &task.reason {
        line.push_str(&format!(", because {}", short(reason)));
    }
    line
}

fn review_line(review: &ReviewLine) -> String {
    let flags: Vec<&str> = review.flags.iter().map(Flag::as_str).collect();
    let flags = if flags.is_empty() { "no flag".to_owned() } else { flags.join(", ") };
    let decided = review.decided.map_or(String::new(), |kind| format!(": {}", DecisionKind::name(kind)));
    format!("{}{decided}, task {}, confidence {}, {flags}", review.status, review.task, review.confidence)
}

fn effect_line(effect: &EffectLine) -> String {
    let mut line = effect.status.to_string();
    if let Some(outcome) = &effect.outcome {
        line.push_str(&format!(", {} for {}", outcome.external_id, outcome.cost));
    }
    if let Some(refusal) = &effect.refusal {
        line.push_str(&format!(", refused: {} {}", refusal.code, short(&refusal.message)));
    }
    line
}

fn short(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(FEEDBACK_CHARS) {
        Some((cut, _)) => format!("{}…", &text[..cut]),
        None => text,
    }
}

/// Final steps and all steps: a task is one, the effect of one that acts another.
fn progress(whole: &Whole) -> (u64, u64) {
    let steps = |task: &TaskLine| if task.kind.acts() { 2 } else { 1 };
    let all = whole.tasks.iter().map(steps).sum();
    let done_tasks: u64 = whole
        .tasks
        .iter()
        .filter(|task| task.status.is_final())
        .map(|task| if task.status == chimera_domain::TaskStatus::Approved { 1 } else { steps(task) })
        .sum();
    let done_effects = whole.effects.iter().filter(|effect| effect.status.is_final()).count();
    (done_tasks + u64::try_from(done_effects).unwrap_or(u64::MAX), all)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn whole(status: &str, attempt: u32) -> Whole {
        serde_json::from_value(json!({
            "id": "c-1", "status": "active", "reason": null,
            "brief": {"budget": {"minor": 2000, "currency": "USD"}},
            "plans": [], "signals": [],
            "tasks": [{"id": "w-1", "kind": "write", "status": status, "attempt": attempt, "tries": 0,
                "feedback": ["\u{1b}[2J"], "verdict": null, "reason": null}],
            "effects": [], "reviews": [],
            "spend": {"open": {"minor": 0, "currency": "USD"}, "spent": {"minor": 0, "currency": "USD"}},
        }))
        .unwrap()
    }

    #[test]
    fn only_a_change_is_shown() {
        let mut screen = Screen::new(Output::Json);
        assert!(screen.show(&whole("open", 1)));
        assert!(!screen.show(&whole("open", 1)));
        assert!(screen.show(&whole("open", 2)), "another attempt is a change");
    }

    #[test]
    fn feedback_cannot_steer_the_terminal() {
        let lines = lines_of(&whole("open", 1));
        assert!(lines.iter().all(|(_, line)| !line.contains('\u{1b}')));
    }

    #[test]
    fn a_write_task_is_done_when_its_effect_is() {
        assert_eq!(progress(&whole("open", 1)), (0, 2));
        assert_eq!(progress(&whole("approved", 1)), (1, 2));
        assert_eq!(progress(&whole("failed", 1)), (2, 2));
    }
}
