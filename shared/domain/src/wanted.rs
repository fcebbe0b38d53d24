//! What a brief asks for: a plan does each thing once, and nothing else.

use std::collections::BTreeSet;

use crate::{Binding, Brief, Mention, PaymentOrder, ProposalError, ProposedTask, TaskKind, ToolFeed};

/// What the brief asks for, so far as no task has taken it.
pub(crate) struct Wanted<'a> {
    brief: &'a Brief,
    answered: BTreeSet<&'a str>,
    ordered: Vec<&'a PaymentOrder>,
    posts: u32,
    illustrations: u32,
    films: u32,
    remembering: bool,
}

impl<'a> Wanted<'a> {
    pub(crate) fn by(brief: &'a Brief) -> Self {
        Self {
            brief,
            answered: BTreeSet::new(),
            ordered: brief.payments.iter().collect(),
            posts: brief.posts,
            illustrations: brief.illustrations,
            films: brief.films,
            remembering: brief.remember,
        }
    }

    /// [H-4] [K-3] [K-4] [K-7] [K-12] The task takes what it was asked for, which no other may then.
    pub(crate) fn take(&mut self, task: &'a ProposedTask) -> Result<(), ProposalError> {
        let id = || task.id.clone();
        match (task.kind, &task.binding) {
            // Only what was perceived is read about by its articles.
            (_, Binding::Articles { .. }) => Err(ProposalError::Tool(id())),
            (_, Binding::Feed { url, .. }) if self.is_unnamed_tool(url) => Err(ProposalError::Tool(id())),
            (TaskKind::Research, Binding::Feed { .. } | Binding::SourceOf { .. }) => Ok(()),
            (TaskKind::Write, Binding::Feed { .. } | Binding::SourceOf { .. }) if self.posts > 0 => {
                self.posts -= 1;
                Ok(())
            }
            (TaskKind::Write, Binding::Feed { .. } | Binding::SourceOf { .. }) => {
                Err(ProposalError::Post(id()))
            }
            (TaskKind::Reply, Binding::Mention { mention })
                if self.brief.replies.contains(mention) && self.answered.insert(&mention.id) =>
            {
                Ok(())
            }
            (TaskKind::Reply, _) | (_, Binding::Mention { .. }) => Err(ProposalError::Mention(id())),
            (TaskKind::Transact, Binding::Payment { order }) => {
                let at = self.ordered.iter().position(|ordered| *ordered == order);
                self.ordered.swap_remove(at.ok_or_else(|| ProposalError::Payment(id()))?);
                Ok(())
            }
            (TaskKind::Transact, _) | (_, Binding::Payment { .. }) => Err(ProposalError::Payment(id())),
            (TaskKind::Illustrate, Binding::SourceOf { .. }) if self.illustrations > 0 => {
                self.illustrations -= 1;
                Ok(())
            }
            (TaskKind::Illustrate, _) => Err(ProposalError::Picture(id())),
            (TaskKind::Film, Binding::SourceOf { .. }) if self.films > 0 => {
                self.films -= 1;
                Ok(())
            }
            (TaskKind::Film, _) => Err(ProposalError::Clip(id())),
            (TaskKind::Remember, Binding::Campaign) if std::mem::take(&mut self.remembering) => Ok(()),
            (TaskKind::Remember, _) | (_, Binding::Campaign) => Err(ProposalError::Memory(id())),
        }
    }

    /// [H-4] [K-4] What was asked for by name and no task has taken, for people.
    pub(crate) fn left_out(&self) -> Option<String> {
        let unpaid = self.ordered.first().map(|order| format!("to pay {} to {}", order.amount, order.name));
        let is_open = |mention: &&Mention| !self.answered.contains(mention.id.as_str());
        let unanswered = self.brief.replies.iter().find(is_open);
        unpaid.or_else(|| unanswered.map(|mention| format!("to answer mention {}", mention.id)))
    }

    /// Whether the feed is a tool, of somebody else's server, that the brief does not name with these very arguments.
    fn is_unnamed_tool(&self, url: &str) -> bool {
        let is_named = self.brief.feeds.iter().any(|feed| feed == url);
        !is_named && !matches!(ToolFeed::of(url), Ok(None))
    }
}
