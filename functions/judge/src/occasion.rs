//! Who writes: what the Judge acts on, and how it ends it.

use chimera_domain::{Effect, Review, TaskResult, WriterId};

/// One answer, one review or one look at an effect. Other campaigns of the tenant have tasks, reviews and effects of the
/// same ids, and an agent's uniqueness rows are written by all of them: the campaign is part of the name.
#[derive(Debug, Clone)]
pub(crate) struct Occasion(String);

/// How an occasion ends. Each end has a writer id of its own: the Judge may go from one to another, such as from an
/// approval that a bucket refused to a rejection, and must not mistake another delivery's end for its own.
#[derive(Debug, Clone, Copy)]
pub(crate) enum End {
    Approve,
    Reject,
    Fail,
    Hold,
    Void,
    Supersede,
    Wait,
}

impl Occasion {
    pub(crate) fn answer(result: &TaskResult) -> Self {
        Self(format!("result:{}:{}:{}:{}", result.campaign, result.task, result.attempt, result.id))
    }

    pub(crate) fn review(review: &Review) -> Self {
        Self(format!("review:{}:{}", review.campaign, review.id))
    }

    /// No effect is looked at twice between two signatures: `rejudged` counts those.
    pub(crate) fn second_look(effect: &Effect) -> Self {
        Self(format!("rejudge:{}:{}:{}", effect.campaign, effect.id, effect.rejudged))
    }

    /// The writer of an end that may come more than once: told apart by the version it replaces.
    pub(crate) fn writer_at(&self, end: End, version: u64) -> WriterId {
        WriterId::new(format!("{}:{version}", self.writer(end)))
    }

    pub(crate) fn writer(&self, end: End) -> WriterId {
        let end = match end {
            End::Approve => "approve",
            End::Reject => "reject",
            End::Fail => "fail",
            End::Hold => "hold",
            End::Void => "void",
            End::Supersede => "supersede",
            End::Wait => "wait",
        };
        WriterId::new(format!("{}:{end}", self.0))
    }
}
