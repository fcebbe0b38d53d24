//! Clips for posts: which tier each gets, from its priority and from what is left to spend.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::{Priority, ProposedTask, TaskId, TaskKind, limits};

/// What is paid for a clip, as the image server names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoTier {
    /// Small, and a few pictures a second.
    Draft,
    /// For everyday posts.
    Standard,
    /// For what matters most.
    Premium,
}

/// The tier of each clip that can be paid for, by its task.
pub type VideoTiers = BTreeMap<TaskId, VideoTier>;

impl VideoTier {
    /// All of them, the cheapest first.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Standard, Self::Premium];

    /// Its name, as the image server takes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }

    /// What a clip of it costs at most, in minor units.
    #[must_use]
    pub fn clip_cost(self) -> i64 {
        match self {
            Self::Draft => limits::DRAFT_CLIP_MINOR,
            Self::Standard => limits::STANDARD_CLIP_MINOR,
            Self::Premium => limits::PREMIUM_CLIP_MINOR,
        }
    }

    /// [K-2] What an attempt to make one costs at most, in minor units: the clip, and what every attempt may cost.
    #[must_use]
    pub fn attempt_cost(self) -> i64 {
        self.clip_cost().saturating_add(limits::ATTEMPT_COST_MINOR)
    }

    /// The best that a clip of this priority may have, however much there is: the dearest is for what comes first.
    fn best_for(priority: Priority) -> Self {
        match priority {
            Priority::High => Self::Premium,
            Priority::Normal => Self::Standard,
        }
    }
}

/// [K-16] The tier of the next of so many clips that share what is left, in minor units: the best that its priority allows
/// and its share pays for; where no share pays for any, the cheapest as long as one can be paid for; none where it cannot.
#[must_use]
pub fn video_tier(priority: Priority, left_minor: i64, clips: usize) -> Option<VideoTier> {
    let share = left_minor / i64::try_from(clips.max(1)).unwrap_or(i64::MAX);
    let best = VideoTier::best_for(priority);
    let mut allowed = VideoTier::ALL.into_iter().rev().filter(|tier| *tier <= best);
    let shared = allowed.find(|tier| tier.attempt_cost() <= share);
    shared.or(Some(VideoTier::Draft).filter(|tier| tier.attempt_cost() <= left_minor))
}

/// What may be spent on a plan's tasks, in minor units of the campaign's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spendable {
    /// On one attempt of each of them, clips included, where the policy limits that.
    pub attempts: Option<i64>,
    /// On clips in all.
    pub clips: i64,
}

impl Spendable {
    /// [K-16] The tier of each clip among these tasks that can be paid for, where every other task gets its attempt first and
    /// `kept` clips stay as they are. What matters most chooses first, and of equals the earlier one.
    #[must_use]
    pub fn tiers(self, tasks: &[ProposedTask], kept: &VideoTiers) -> VideoTiers {
        let others = tasks.iter().filter(|task| task.kind != TaskKind::Film);
        let others = others.map(|task| task.kind.attempt_cost()).fold(0, i64::saturating_add);
        let listed = |id: &TaskId| tasks.iter().any(|task| task.id == *id && task.kind == TaskKind::Film);
        let mut tiers: VideoTiers =
            kept.iter().filter(|(id, _)| listed(id)).map(|(id, tier)| (id.clone(), *tier)).collect();
        let held = tiers.values().map(|tier| tier.attempt_cost()).fold(0, i64::saturating_add);
        let attempts = self.attempts.map_or(i64::MAX, |attempts| attempts.saturating_sub(others));
        let mut left = attempts.min(self.clips).saturating_sub(held);
        let is_open = |task: &&ProposedTask| task.kind == TaskKind::Film && !tiers.contains_key(&task.id);
        let mut open: Vec<&ProposedTask> = tasks.iter().filter(is_open).collect();
        open.sort_by_key(|task| task.priority);
        for (at, task) in open.iter().enumerate() {
            if let Some(tier) = video_tier(task.priority, left, open.len() - at) {
                left = left.saturating_sub(tier.attempt_cost());
                tiers.insert(task.id.clone(), tier);
            }
        }
        tiers
    }
}
