//! Every limit in one place, each with its reason (design: a limit on everything).

use std::time::Duration;

/// Tasks in one plan: a person can still read the tree, and a plan still fits a few transactions.
pub const TASKS_PER_PLAN: usize = 200;
/// Longest chain of dependencies: deeper plans were never worth their latency.
pub const PLAN_DEPTH: usize = 20;
/// Times the Judge may reject one task before it has failed.
pub const TRIES_PER_TASK: u32 = 3;
/// Re-plans of one campaign; Lambda's own loop detection does not see loops through DynamoDB.
pub const REPLANS_PER_CAMPAIGN: u32 = 10;
/// Reactions one campaign may allow itself: a person can still read what it said unasked.
pub const REACTIONS_PER_CAMPAIGN: u32 = 100;
/// Longest time a campaign may watch the world, in seconds: a month; a longer one is another campaign.
pub const WATCH_S: u32 = 30 * 24 * 60 * 60;
/// Campaigns of one agent that may react at the same time: each look reads them all.
pub const CAMPAIGNS_PER_WATCH: usize = 20;
/// Rounds one campaign may ask for: as often as it may be re-planned.
pub const ROUNDS_PER_CAMPAIGN: u32 = 10;
/// Articles that one task reads about a trend: enough to see it from several sides.
pub const ARTICLES_PER_TASK: usize = 5;
/// A row and a message, in bytes: far below DynamoDB's 400 KB and SQS's 1 MiB, and cheap to audit.
pub const ROW_BYTES: usize = 100 * 1024;
/// A request body, in bytes.
pub const BODY_BYTES: usize = 256 * 1024;
/// A goal, in characters: longer briefs are documents, not goals.
pub const GOAL_CHARS: usize = 4_000;
/// A task's goal, in characters: a paragraph; what is longer belongs in the brief.
pub const TASK_GOAL_CHARS: usize = 2_000;
/// Plans drawn for one campaign before an operator opens one: who likes none of three edits the last, or asks for
/// something else.
pub const DRAFTS_PER_CAMPAIGN: usize = 3;
/// Versions of a plan that an operator may make by editing it: a person has long found what they want.
pub const EDITS_PER_PLAN: usize = 100;
/// Rows that one edit of a plan may change: it is one transaction, beside the campaign and two plan versions.
pub const CHANGES_PER_EDIT: usize = OPS_PER_TRANSACTION - 5;
/// How long a plan waits for an operator's approval: a week with a weekend in it.
pub const APPROVAL_WAIT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Posts one campaign may ask for: what a plan holds beside the one task that reads a feed.
pub const POSTS_PER_CAMPAIGN: u32 = 199;
/// Bytes of a campaign's criteria: every task that writes carries them, in its row and in its message.
pub const CRITERIA_BYTES: usize = 16 * 1024;
/// Mentions one campaign may answer: a person can still read them all beforehand.
pub const REPLIES_PER_CAMPAIGN: usize = 20;
/// A mention, in characters: twice the longest post, and small beside the rest of a task.
pub const MENTION_CHARS: usize = 560;
/// A platform's id of a mention, in characters: it is a part of a row's key.
pub const MENTION_ID_CHARS: usize = 64;
/// An account's name, in characters.
pub const ACCOUNT_CHARS: usize = 64;
/// A sponsor's name, in characters: it stands in a criterion that every task carries.
pub const SPONSOR_CHARS: usize = 60;
/// Feeds one campaign may read.
pub const FEEDS_PER_CAMPAIGN: usize = 100;
/// A feed's address, in bytes: what browsers and servers agree on.
pub const FEED_BYTES: usize = 2_048;
/// A tool server's name in our configuration, in bytes: it stands in every log line of a call.
pub const SERVER_NAME_BYTES: usize = 64;
/// A tool's name, in bytes: what the protocol recommends as the most.
pub const TOOL_NAME_BYTES: usize = 128;
/// Rows one DynamoDB transaction may touch.
pub const OPS_PER_TRANSACTION: usize = 100;
/// Bytes of rows one transaction may write: DynamoDB takes 4 MiB and counts names and numbers a little differently.
pub const TRANSACTION_BYTES: usize = 3 * 1024 * 1024;
/// Bytes of sources in one task's notes: they share a row with the rest of the task, and each gets its part of them.
pub const NOTES_BYTES: usize = 80 * 1024;
/// Posts that one question about what was published may name: what the platform answers at once.
pub const PUBLISHED_POSTS: usize = 100;
/// Bytes of posts in a task that looks at them: they share a row with the rest of the task.
pub const PUBLISHED_BYTES: usize = 40 * 1024;
/// Memories that one task may propose: what is kept of everything is kept of nothing.
pub const MEMORIES_PER_TASK: usize = 3;
/// Times an effect may be signed again after its grant was proved void or definitely refused.
pub const REJUDGES_PER_EFFECT: u32 = 3;
/// What the models and tools of one attempt cost at most, in minor units: a question, its repair and a few calls.
pub const ATTEMPT_COST_MINOR: i64 = 5;
/// What an attempt to illustrate costs at most, in minor units: one picture at the dearest price (8 cents for a large,
/// premium one) beside what every attempt may cost.
pub const ILLUSTRATE_COST_MINOR: i64 = 8 + ATTEMPT_COST_MINOR;
/// What a clip of each tier costs at most, in minor units: what such models take for two seconds of a size and so many
/// pictures a second, about three times as much with each tier.
pub const DRAFT_CLIP_MINOR: i64 = 10;
/// The same of the middle tier.
pub const STANDARD_CLIP_MINOR: i64 = 40;
/// The same of the dearest tier.
pub const PREMIUM_CLIP_MINOR: i64 = 120;
/// What an attempt to film costs at most where its tier is not known, in minor units: one clip of the dearest tier beside
/// what every attempt may cost.
pub const FILM_COST_MINOR: i64 = PREMIUM_CLIP_MINOR + ATTEMPT_COST_MINOR;
/// The longest clip, in milliseconds: what the networks take from every account.
pub const CLIP_MS: u32 = 140_000;
/// Payments one campaign may order: a person can still read them all beforehand.
pub const PAYMENTS_PER_CAMPAIGN: usize = 10;
/// The name of somebody who is paid, in characters.
pub const PAYEE_CHARS: usize = 60;
/// The reason of a payment, in characters: it goes out as the transfer's memo.
pub const PAYMENT_REASON_CHARS: usize = 120;
/// How long a grant is good for: long enough for a queue, short enough that an old approval is looked at again.
pub const GRANT_LIFETIME: Duration = Duration::from_secs(15 * 60);
/// How long the stream has to follow up on a write before the clock looks: long enough that the clock finds only what the
/// stream missed.
pub const FOLLOW_UP_AFTER: Duration = Duration::from_secs(60);
/// Waits between read-backs of an unconfirmed effect; after the last a human is asked.
pub const READ_BACKS: [Duration; 3] =
    [Duration::from_secs(20), Duration::from_secs(120), Duration::from_secs(600)];
/// Dead letters keep this much of the body, in bytes.
pub const DEAD_LETTER_BYTES: usize = 64 * 1024;
