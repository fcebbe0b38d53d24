//! How a task stands, in one word: its own status with that of its effect.

use chimera_domain::{EffectStatus, TaskStatus};

/// How a task stands as a picture shows it. A colour of its own, and always its word beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// Waits for other tasks.
    Blocked,
    /// A worker may answer it.
    Open,
    /// A human is asked, about its result or about its effect.
    Held,
    /// The Judge refused its last attempt.
    Rejected,
    /// Its effect is on its way; nobody knows yet what comes of it.
    Acting,
    /// Its result is committed, and nothing more was to happen.
    Approved,
    /// Its effect happened.
    Done,
    /// Its effect happened and was taken back.
    Undone,
    /// It could not be done, or its effect did not happen.
    Failed,
    /// The plan no longer wants it.
    Dropped,
}

/// What a state is painted with: fill and outline on light and on dark ground.
pub(crate) struct Paint {
    pub(crate) light: (&'static str, &'static str),
    pub(crate) dark: (&'static str, &'static str),
}

impl State {
    /// Every state.
    pub const ALL: [Self; 10] = [
        Self::Blocked,
        Self::Open,
        Self::Held,
        Self::Rejected,
        Self::Acting,
        Self::Approved,
        Self::Done,
        Self::Undone,
        Self::Failed,
        Self::Dropped,
    ];

    /// The state of a task with this status, and with this effect if it has one.
    #[must_use]
    pub fn of(task: TaskStatus, effect: Option<EffectStatus>, is_taken_back: bool) -> Self {
        match task {
            TaskStatus::Blocked => Self::Blocked,
            TaskStatus::Open => Self::Open,
            TaskStatus::Held => Self::Held,
            TaskStatus::Rejected => Self::Rejected,
            TaskStatus::Failed => Self::Failed,
            TaskStatus::Dropped => Self::Dropped,
            TaskStatus::Approved => match effect {
                None => Self::Approved,
                Some(_) if is_taken_back => Self::Undone,
                Some(EffectStatus::Done) => Self::Done,
                Some(EffectStatus::Held) => Self::Held,
                Some(EffectStatus::Failed | EffectStatus::Void | EffectStatus::Withdrawn) => Self::Failed,
                Some(
                    EffectStatus::Approved
                    | EffectStatus::Dispatching
                    | EffectStatus::Unconfirmed
                    | EffectStatus::Rejudge,
                ) => Self::Acting,
            },
        }
    }

    /// The state as pictures spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Blocked => "blocked",
            Self::Open => "open",
            Self::Held => "held",
            Self::Rejected => "rejected",
            Self::Acting => "acting",
            Self::Approved => "approved",
            Self::Done => "done",
            Self::Undone => "undone",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
        }
    }

    /// Whether its outline is dashed: nothing is done for it now.
    pub(crate) fn is_idle(self) -> bool {
        matches!(self, Self::Blocked | Self::Dropped)
    }

    pub(crate) fn paint(self) -> Paint {
        let (light, dark) = match self {
            Self::Blocked => (("#f3f4f6", "#6e7781"), ("#21262d", "#8b949e")),
            Self::Open => (("#ddf4ff", "#0969da"), ("#0b2a4a", "#58a6ff")),
            Self::Held => (("#fff8c5", "#9a6700"), ("#3b2e00", "#d29922")),
            Self::Rejected => (("#ffe8d6", "#bc4c00"), ("#3d1f00", "#f0883e")),
            Self::Acting => (("#ebe4ff", "#6639ba"), ("#2a1c4d", "#a371f7")),
            Self::Approved => (("#e6fbea", "#1a7f37"), ("#0f2a19", "#3fb950")),
            Self::Done => (("#c6efce", "#116329"), ("#12401f", "#56d364")),
            Self::Undone => (("#fbe4f0", "#99286e"), ("#42132f", "#db61a2")),
            Self::Failed => (("#ffebe9", "#cf222e"), ("#4a1517", "#ff7b72")),
            Self::Dropped => (("#ffffff", "#6e7781"), ("#0d1117", "#8b949e")),
        };
        Paint { light, dark }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_says_more_than_the_approval_before_it() {
        let of = |effect| State::of(TaskStatus::Approved, effect, false);
        assert_eq!(of(None), State::Approved);
        assert_eq!(of(Some(EffectStatus::Done)), State::Done);
        assert_eq!(of(Some(EffectStatus::Unconfirmed)), State::Acting);
        assert_eq!(of(Some(EffectStatus::Void)), State::Failed);
        assert_eq!(of(Some(EffectStatus::Held)), State::Held);
        assert_eq!(State::of(TaskStatus::Approved, Some(EffectStatus::Done), true), State::Undone);
        // The effect of an attempt before this one.
        assert_eq!(State::of(TaskStatus::Open, Some(EffectStatus::Void), false), State::Open);
    }

    #[test]
    fn every_state_has_a_word_and_a_paint_of_its_own() {
        for (at, state) in State::ALL.into_iter().enumerate() {
            for other in &State::ALL[at + 1..] {
                assert_ne!(state.name(), other.name());
                assert_ne!(state.paint().light, other.paint().light, "{} {}", state.name(), other.name());
                assert_ne!(state.paint().dark, other.paint().dark, "{} {}", state.name(), other.name());
            }
        }
    }
}
