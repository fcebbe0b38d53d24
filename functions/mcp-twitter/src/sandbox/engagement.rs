//! How posts do: from the post itself, the hour it was posted at and how many follow the account. Numbers grow with the
//! clock, fast at first, and come to rest. Integers only: the same post does the same everywhere.

use chimera_domain::Timestamp;

use super::People;
use super::dice::Dice;
use super::posts::Post;
use crate::platform::Account;
use crate::shown::PostMetrics;

/// Basis points of a whole.
const WHOLE_BP: u64 = 10_000;
/// Seconds after which a post has half of what it will ever have.
const HALF_LIFE_S: u64 = 2 * 60 * 60;
/// Seconds after which the first follower has seen a post and liked it: there always is one.
const FIRST_LIKE_S: u64 = 60;
/// One post in so many goes round.
const VIRAL_ONE_IN: u64 = 40;
/// How much further such a post reaches.
const VIRAL_TIMES: u64 = 8;

/// What of a post makes a difference.
struct Features {
    has_media: bool,
    has_link: bool,
    asks: bool,
    hashtags: usize,
    chars: usize,
    hour: i64,
}

/// How many follow an account of the sandbox.
pub(crate) fn followers(seed: u64, account: &Account) -> u64 {
    Dice::of(seed, &["followers", account.tenant.as_str(), &account.name]).between(400, 4_000)
}

/// How a post did until `now`.
pub(crate) fn metrics(people: People, post: &Post, followers: u64, now: Timestamp) -> PostMetrics {
    let People { seed, speed } = people;
    let age_s = u64::try_from(now.as_second() - post.created_at.as_second()).unwrap_or_default();
    let age_s = age_s.saturating_mul(u64::from(speed));
    let features = features(post);
    let mut dice = Dice::of(seed, &["engagement", &post.post_id, &post.text]);
    let reach = followers * reach_bp(&features) / WHOLE_BP;
    let mut most = (reach * dice.between(70, 130) / 100).max(3);
    if dice.below(VIRAL_ONE_IN) == 0 {
        most *= VIRAL_TIMES;
    }
    let first = u64::from(age_s >= FIRST_LIKE_S);
    let impressions = (most * age_s / (age_s + HALF_LIFE_S)).max(first);
    let extra = |is_so: bool, more_bp: u64| if is_so { more_bp } else { 0 };
    let mut of_shown = |low_bp: u64, high_bp: u64, more_bp: u64| {
        impressions * (dice.between(low_bp, high_bp) + more_bp) / WHOLE_BP
    };
    PostMetrics {
        post_id: post.post_id.clone(),
        likes: of_shown(150, 400, extra(features.has_media, 100)).max(first),
        replies: of_shown(15, 60, extra(features.asks, 80)),
        reposts: of_shown(20, 80, extra(features.has_media, 20)),
        quotes: of_shown(3, 15, 0),
        bookmarks: of_shown(10, 50, extra(features.has_link, 40)),
        impressions,
    }
}

/// How much of the followers a post reaches at last.
fn reach_bp(of: &Features) -> u64 {
    let mut reach: i64 = 1_500;
    reach += if of.has_media { 900 } else { 0 };
    // The platform shows what leads away from it to fewer.
    reach -= if of.has_link { 600 } else { 0 };
    reach += if of.asks { 200 } else { 0 };
    reach += match of.hashtags {
        0 => 0,
        1..=2 => 150,
        _ => -400,
    };
    reach += if (60..=200).contains(&of.chars) { 200 } else { 0 };
    reach += match of.hour {
        12..=14 | 17..=21 => 500,
        0..=5 => -500,
        _ => 0,
    };
    reach.max(100).unsigned_abs()
}

fn features(post: &Post) -> Features {
    let words = || post.text.split_whitespace();
    Features {
        has_media: !post.media.is_empty(),
        has_link: words().any(|word| word.contains("://")),
        asks: post.text.contains('?'),
        hashtags: words().filter(|word| word.len() > 1 && word.starts_with('#')).count(),
        chars: post.text.chars().count(),
        hour: post.created_at.as_second().rem_euclid(24 * 60 * 60) / (60 * 60),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn post(id: u64, text: &str) -> Post {
        let post = json!({
            "tenant": "t1", "post_id": id.to_string(), "url": "", "account": "nova", "text": text, "made_with_ai": true,
            "created_at": "2027-01-15T13:00:00Z",
        });
        serde_json::from_value(post).unwrap()
    }

    fn after(hours: i64, of: &Post) -> PostMetrics {
        let now = Timestamp::from_second(of.created_at.as_second() + hours * 3_600).unwrap();
        metrics(People { seed: 7, speed: 1 }, of, 2_000, now)
    }

    /// The sum over many posts, so that chance is even.
    fn reached(change: impl Fn(Post) -> Post) -> u64 {
        (0..2_000).map(|id| after(48, &change(post(id, "plain words"))).impressions).sum()
    }

    #[test]
    fn numbers_grow_with_time_and_come_to_rest() {
        let of = post(17, "a post about something that took a while to find out, and a few words more");
        let seen: Vec<PostMetrics> = [0, 1, 2, 4, 24, 240, 241].map(|hours| after(hours, &of)).into();
        assert_eq!((seen[0].impressions, seen[0].likes), (0, 0));
        for pair in seen.windows(2) {
            assert!(pair[0].impressions <= pair[1].impressions && pair[0].likes <= pair[1].likes, "{pair:?}");
        }
        assert!(seen[1].impressions > 0 && seen[4].impressions > seen[2].impressions);
        let last = seen[6].impressions - seen[5].impressions;
        assert!(last * 100 < seen[6].impressions, "{last} of {}", seen[6].impressions);
        for metrics in seen {
            assert!(metrics.likes <= metrics.impressions && metrics.quotes <= metrics.impressions);
        }
    }

    #[test]
    fn the_same_post_does_the_same_and_with_another_seed_otherwise() {
        let of = post(17, "words");
        assert_eq!(after(5, &of), after(5, &of));
        let later = Timestamp::from_second(of.created_at.as_second() + 18_000).unwrap();
        assert_ne!(
            metrics(People { seed: 7, speed: 1 }, &of, 2_000, later),
            metrics(People { seed: 8, speed: 1 }, &of, 2_000, later)
        );
    }

    #[test]
    fn pictures_and_evenings_help_links_and_nights_do_not() {
        let plain = reached(|post| post);
        let picture = reached(|post| {
            let media = json!([{ "digest": "sha256:00", "mime": "image/png", "bytes": 1 }]);
            Post { media: serde_json::from_value(media).unwrap(), ..post }
        });
        let link = reached(|post| Post { text: format!("{} https://example.org", post.text), ..post });
        let night = reached(|post| Post { created_at: "2027-01-15T03:00:00Z".parse().unwrap(), ..post });
        let tags = reached(|post| Post { text: format!("{} #a1 #b2 #c3 #d4", post.text), ..post });
        assert!(picture > plain && link < plain && night < plain && tags < plain);
    }

    #[test]
    fn more_followers_see_more() {
        let of = post(17, "words");
        let now = Timestamp::from_second(of.created_at.as_second() + 18_000).unwrap();
        assert!(
            metrics(People { seed: 7, speed: 1 }, &of, 4_000, now).impressions
                > metrics(People { seed: 7, speed: 1 }, &of, 400, now).impressions
        );
        let nova = Account { tenant: chimera_domain::TenantId::new("t1").unwrap(), name: "nova".to_owned() };
        assert!((400..=4_000).contains(&followers(7, &nova)));
    }
}
