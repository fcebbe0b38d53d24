//! Queues: at least once, a time of invisibility, a count of receives, dead letters.

use std::collections::BTreeMap;
use std::time::Duration;

use chimera_domain::Timestamp;

/// Deliveries after which a message becomes a dead letter.
pub const MAX_RECEIVES: u32 = 5;
/// How long a received message is invisible to others.
pub const VISIBILITY: Duration = Duration::from_secs(30);

/// The queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Queue {
    /// To the planner.
    Plan,
    /// To workers, after those of `TaskHigh`.
    Task,
    /// To workers, first.
    TaskHigh,
    /// To the Judge.
    Review,
    /// To the publisher.
    Effect,
    /// To perception.
    Perception,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 6] =
        [Self::Plan, Self::Task, Self::TaskHigh, Self::Review, Self::Effect, Self::Perception];

    /// Its logical id.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Plan => "PlanQueue",
            Self::Task => "TaskQueue",
            Self::TaskHigh => "TaskQueueHigh",
            Self::Review => "ReviewQueue",
            Self::Effect => "EffectQueue",
            Self::Perception => "PerceptionQueue",
        }
    }
}

/// A message as a consumer gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The message's id: the same at every delivery.
    pub id: String,
    /// Its text.
    pub body: String,
    /// What its sender wrote beside it: whose it is.
    pub owner: Option<String>,
    /// How often it was received, this time included.
    pub receives: u32,
}

#[derive(Debug)]
struct Waiting {
    delivery: Delivery,
    visible_ms: i64,
}

#[derive(Debug, Default)]
pub(crate) struct Queues {
    waiting: BTreeMap<Queue, Vec<Waiting>>,
    dead: BTreeMap<Queue, Vec<Delivery>>,
    sent: u64,
}

impl Queues {
    pub(crate) fn send(&mut self, queue: Queue, body: String, owner: Option<String>, now: Timestamp) {
        self.sent += 1;
        let delivery = Delivery { id: format!("message-{:06}", self.sent), body, owner, receives: 0 };
        let waiting = Waiting { delivery, visible_ms: now.as_millisecond() };
        self.waiting.entry(queue).or_default().push(waiting);
    }

    /// Up to `limit` visible messages, oldest first; each is then invisible for a while. What was received too often is
    /// moved to the dead letters instead.
    pub(crate) fn receive(&mut self, queue: Queue, limit: usize, now: Timestamp) -> Vec<Delivery> {
        let now_ms = now.as_millisecond();
        let waiting = self.waiting.entry(queue).or_default();
        let is_dead = |w: &Waiting| w.visible_ms <= now_ms && w.delivery.receives >= MAX_RECEIVES;
        let (dead, alive) = std::mem::take(waiting).into_iter().partition::<Vec<_>, _>(is_dead);
        *waiting = alive;
        self.dead.entry(queue).or_default().extend(dead.into_iter().map(|w| w.delivery));

        let visible = waiting.iter_mut().filter(|w| w.visible_ms <= now_ms).take(limit);
        visible
            .map(|w| {
                w.visible_ms = now_ms + i64::try_from(VISIBILITY.as_millis()).unwrap_or(i64::MAX / 2);
                w.delivery.receives += 1;
                w.delivery.clone()
            })
            .collect()
    }

    pub(crate) fn delete(&mut self, queue: Queue, id: &str) {
        self.waiting.entry(queue).or_default().retain(|w| w.delivery.id != id);
    }

    pub(crate) fn visible(&self, queue: Queue, now: Timestamp) -> usize {
        let now_ms = now.as_millisecond();
        self.of(queue).filter(|w| w.visible_ms <= now_ms).count()
    }

    pub(crate) fn len(&self, queue: Queue) -> usize {
        self.of(queue).count()
    }

    /// When the next invisible message can be seen again.
    pub(crate) fn next_visible_ms(&self) -> Option<i64> {
        self.waiting.values().flatten().map(|w| w.visible_ms).min()
    }

    pub(crate) fn take_dead(&mut self, queue: Queue) -> Option<Delivery> {
        let dead = self.dead.entry(queue).or_default();
        (!dead.is_empty()).then(|| dead.remove(0))
    }

    pub(crate) fn give_back_dead(&mut self, queue: Queue, letter: Delivery) {
        self.dead.entry(queue).or_default().push(letter);
    }

    pub(crate) fn dead_len(&self, queue: Queue) -> usize {
        self.dead.get(&queue).map_or(0, Vec::len)
    }

    fn of(&self, queue: Queue) -> impl Iterator<Item = &Waiting> {
        self.waiting.get(&queue).into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_that_is_never_deleted_becomes_a_dead_letter_after_five_receives() {
        let mut queues = Queues::default();
        let mut now = Timestamp::UNIX_EPOCH;
        queues.send(Queue::Task, "x".to_owned(), Some("acme/c-1".to_owned()), now);
        for receives in 1..=MAX_RECEIVES {
            assert_eq!(queues.receive(Queue::Task, 10, now)[0].receives, receives);
            assert!(queues.receive(Queue::Task, 10, now).is_empty(), "invisible for a while");
            now += VISIBILITY;
        }
        assert!(queues.receive(Queue::Task, 10, now).is_empty());
        let dead = queues.take_dead(Queue::Task).unwrap();
        assert_eq!((dead.body.as_str(), dead.owner.as_deref()), ("x", Some("acme/c-1")));
        assert_eq!(queues.len(Queue::Task), 0);
    }
}
