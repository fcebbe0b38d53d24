//! The sandbox: news that break by the clock. The same seed and the same time give the same news, on every machine.

mod stories;

use std::num::NonZeroU32;

use chimera_domain::Timestamp;
use jiff::SignedDuration;

use crate::FeedRefusal;
use crate::article::{Article, id_of};
use crate::wire::{Wire, Wired};
use stories::{PLACES, SOURCES, STORIES, Story};

/// Days that are remembered: what a question about trends may reach back.
const DAYS: i64 = 30;
/// Stories that break on one day.
const STORIES_A_DAY: u64 = 4;
/// Minutes of a day.
const DAY_MINUTES: u64 = 24 * 60;
/// Minutes between two articles about a story: at least, and as many again at most.
const FOLLOW_UP_MINUTES: u64 = 25;

/// Invented news.
#[derive(Debug, Clone, Copy)]
pub struct SandboxWire {
    seed: u64,
    speed: NonZeroU32,
}

impl SandboxWire {
    /// The news of this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, speed: NonZeroU32::MIN }
    }

    /// The same news whose days are so many times shorter.
    #[must_use]
    pub fn faster(self, speed: NonZeroU32) -> Self {
        Self { speed, ..self }
    }

    /// Seconds of the news' own time.
    fn own(self, at: Timestamp) -> i64 {
        at.as_second().saturating_mul(i64::from(self.speed.get()))
    }

    /// Own time as it is on the clock.
    fn on_the_clock(self, own_s: i64) -> Option<Timestamp> {
        let ms = i128::from(own_s) * 1_000 / i128::from(self.speed.get());
        Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()
    }

    /// The articles of one story, from when it breaks.
    fn told(self, story: &Story, day: i64, draw: u64) -> Vec<Article> {
        let place = pick(&PLACES, draw);
        let mut minute = mixed(&[draw, 1]) % DAY_MINUTES;
        let first_source = mixed(&[draw, 2]);
        let articles = story.articles.iter().zip(0_u64..).filter_map(|((title, summary), at)| {
            let published_at = self.on_the_clock(second_of(day, minute)?)?;
            minute += FOLLOW_UP_MINUTES + mixed(&[draw, 3, at]) % FOLLOW_UP_MINUTES;
            let url = format!("https://news.example/{day}/{:08x}/{at}", draw % (1 << 32));
            Some(Article {
                id: id_of(&url),
                title: title.replace("{place}", place),
                summary: summary.replace("{place}", place),
                url,
                source: pick(&SOURCES, first_source.wrapping_add(at)).to_owned(),
                region: story.region.to_owned(),
                topic: story.topic.to_owned(),
                published_at,
            })
        });
        articles.collect()
    }

    /// What breaks on the day that is so many days after 1970, in no order.
    fn day(self, day: i64) -> Vec<Article> {
        let draw = |what: u64| mixed(&[self.seed, day.unsigned_abs(), what]);
        // Stories next to each other in the list, so that no story breaks twice on one day.
        let first = draw(0);
        let stories = u64::try_from(STORIES.len()).unwrap_or(1);
        let number = |at: u64| usize::try_from((first + at) % stories).unwrap_or_default();
        (0..STORIES_A_DAY).flat_map(|at| self.told(&STORIES[number(at)], day, draw(1 + at))).collect()
    }
}

/// Second of own time.
fn second_of(day: i64, minute: u64) -> Option<i64> {
    let minutes =
        day.checked_mul(i64::try_from(DAY_MINUTES).ok()?)?.checked_add(i64::try_from(minute).ok()?)?;
    minutes.checked_mul(60)
}

fn pick<'a>(from: &[&'a str], draw: u64) -> &'a str {
    let at = draw % u64::try_from(from.len()).unwrap_or(1);
    usize::try_from(at).ok().and_then(|at| from.get(at)).copied().unwrap_or_default()
}

/// One number from several, the same everywhere (the finaliser of SplitMix64).
fn mixed(parts: &[u64]) -> u64 {
    parts.iter().fold(0x9e37_79b9_7f4a_7c15, |sum, part| {
        let z = (sum ^ part).wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    })
}

impl Wire for SandboxWire {
    async fn articles(&self, now: Timestamp) -> Result<Wired, FeedRefusal> {
        let today = self.own(now).div_euclid(24 * 60 * 60);
        let oldest =
            now - SignedDuration::from_hours(24 * DAYS) / i32::try_from(self.speed.get()).unwrap_or(i32::MAX);
        let known = |article: &Article| article.published_at <= now && article.published_at > oldest;
        // A story of the day before may still be written about today.
        let articles = (today - DAYS - 1..=today).flat_map(|day| self.day(day)).filter(known).collect();
        Ok(Wired { articles, silent: Vec::new() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn news(seed: u64, at: &str) -> Vec<Article> {
        SandboxWire::new(seed).articles(at.parse().unwrap()).await.unwrap().articles
    }

    #[tokio::test]
    async fn the_same_seed_and_time_give_the_same_news_and_another_seed_others() {
        let at = "2026-03-01T12:00:00Z";
        assert_eq!(news(7, at).await, news(7, at).await);
        assert_ne!(news(7, at).await, news(8, at).await);
    }

    #[tokio::test]
    async fn news_break_by_the_clock_and_never_change_afterwards() {
        let (before, after) = (news(7, "2026-03-01T06:00:00Z").await, news(7, "2026-03-01T18:00:00Z").await);
        let since: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        let kept = |articles: &[Article]| {
            articles.iter().filter(|a| a.published_at > since).cloned().collect::<Vec<_>>()
        };
        let (before, after) = (kept(&before), kept(&after));
        assert!(before.iter().all(|article| after.contains(article)));
        assert!(after.len() > before.len(), "nothing broke in twelve hours");
    }

    #[tokio::test]
    async fn at_speed_a_day_of_news_breaks_within_minutes() {
        let fast = SandboxWire::new(7).faster(NonZeroU32::new(60).unwrap());
        let at: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let since = |minutes| at - SignedDuration::from_mins(minutes);
        let articles = fast.articles(at).await.unwrap().articles;
        let recent = articles.iter().filter(|article| article.published_at > since(24)).count();
        assert!((4..=16).contains(&recent), "{recent} in 24 minutes");
        let earlier = fast.articles(since(24)).await.unwrap().articles;
        let kept = earlier.iter().filter(|article| article.published_at > since(600));
        assert!(kept.clone().count() > 0);
        assert!(kept.clone().all(|article| articles.contains(article)), "what was published stays as it was");
    }

    #[tokio::test]
    async fn no_article_is_there_twice_and_each_says_where_it_happened() {
        let articles = news(7, "2026-03-01T12:00:00Z").await;
        let ids: std::collections::BTreeSet<&str> =
            articles.iter().map(|article| article.id.as_str()).collect();
        assert_eq!(ids.len(), articles.len());
        assert!(
            articles.iter().all(|article| !article.title.contains('{') && !article.summary.contains('{'))
        );
    }
}
