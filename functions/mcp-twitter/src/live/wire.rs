//! What the platform's answers look like, as far as they are read.

use chimera_domain::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::client::CallFault;
use crate::answers::PlatformError;

/// Characters kept of what the platform says about an error.
const DETAIL_CHARS: usize = 300;

/// An account.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) username: String,
    #[serde(default)]
    pub(crate) public_metrics: UserMetrics,
}

/// The platform has an old and a new word for posts, and may give either or both.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct UserMetrics {
    pub(crate) followers_count: u64,
    post_count: u64,
    tweet_count: u64,
}

impl UserMetrics {
    pub(crate) fn posts(&self) -> u64 {
        self.post_count.max(self.tweet_count)
    }
}

/// A post.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Tweet {
    pub(crate) id: String,
    pub(crate) text: String,
    #[serde(default)]
    pub(crate) author_id: Option<String>,
    #[serde(default)]
    pub(crate) created_at: Option<Timestamp>,
    #[serde(default)]
    referenced_posts: Vec<Reference>,
    #[serde(default)]
    referenced_tweets: Vec<Reference>,
    #[serde(default)]
    pub(crate) entities: Entities,
    #[serde(default)]
    pub(crate) attachments: Attachments,
    #[serde(default)]
    pub(crate) public_metrics: TweetMetrics,
}

impl Tweet {
    /// The post it answers, if it is a reply.
    pub(crate) fn replied_to(&self) -> Option<&str> {
        let mut references = self.referenced_posts.iter().chain(&self.referenced_tweets);
        references.find(|reference| reference.kind == "replied_to").map(|reference| reference.id.as_str())
    }
}

#[derive(Debug, Clone, Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
    id: String,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Entities {
    #[serde(default, deserialize_with = "none_or_null")]
    pub(crate) urls: Vec<Link>,
}

/// A short link in a text, and what it stands for.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    pub(crate) url: Option<String>,
    #[serde(default)]
    pub(crate) expanded_url: Option<String>,
    /// There where the link is only how a picture shows in the text.
    #[serde(default)]
    pub(crate) media_key: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Attachments {
    #[serde(default, deserialize_with = "none_or_null")]
    pub(crate) media_keys: Vec<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct TweetMetrics {
    repost_count: u64,
    retweet_count: u64,
    pub(crate) reply_count: u64,
    pub(crate) like_count: u64,
    pub(crate) quote_count: u64,
    pub(crate) bookmark_count: u64,
    pub(crate) impression_count: u64,
}

impl TweetMetrics {
    pub(crate) fn reposts(&self) -> u64 {
        self.repost_count.max(self.retweet_count)
    }
}

/// Several posts, and whom and what they name.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Tweets {
    pub(crate) data: Vec<Tweet>,
    pub(crate) includes: Includes,
    pub(crate) errors: Vec<Problem>,
    pub(crate) meta: Meta,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Includes {
    pub(crate) users: Vec<User>,
    pub(crate) media: Vec<Media>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Media {
    pub(crate) media_key: String,
    #[serde(default, rename = "type")]
    pub(crate) kind: Option<String>,
    #[serde(default)]
    pub(crate) alt_text: Option<String>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Meta {
    pub(crate) next_token: Option<String>,
}

/// Something that is spoken of.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Trending {
    pub(crate) trend_name: String,
    #[serde(default, alias = "post_count")]
    pub(crate) tweet_count: Option<u64>,
}

/// What a project used.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct ProjectUse {
    #[serde(deserialize_with = "number")]
    pub(crate) project_cap: u64,
    #[serde(deserialize_with = "number")]
    pub(crate) project_usage: u64,
    pub(crate) cap_reset_day: u8,
}

/// A list that the platform may also call null.
fn none_or_null<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

/// The platform writes some numbers as texts.
fn number<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Text(String),
    }
    match Either::deserialize(deserializer)? {
        Either::Number(number) => Ok(number),
        Either::Text(text) => text.parse().map_err(serde::de::Error::custom),
    }
}

/// What is wrong, in any of the forms the platform has for it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Problem {
    code: Option<u32>,
    message: Option<String>,
    title: Option<String>,
    detail: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    status: Option<u16>,
    error: Option<Value>,
    error_description: Option<String>,
    errors: Vec<Problem>,
}

impl Problem {
    /// The answer it stands for; `status` where it names none itself.
    fn error(self, status: u16) -> PlatformError {
        let kind = self.kind.as_deref().and_then(|kind| kind.rsplit('/').next());
        let kind = kind.filter(|kind| !kind.is_empty() && *kind != "about:blank").map(str::to_owned);
        let said = self.detail.or(self.message).or(self.error_description).or(self.title);
        let said = said.or_else(|| self.error.as_ref().and_then(Value::as_str).map(str::to_owned));
        let detail = said.unwrap_or_default().chars().take(DETAIL_CHARS).collect::<String>();
        PlatformError { code: self.code, kind, ..PlatformError::new(status, detail) }
    }

    /// Whether it says that there is no such thing.
    pub(crate) fn is_absence(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| kind.ends_with("/resource-not-found"))
    }

    /// What it would be if it were the whole answer: a success may carry problems beside or instead of what was asked for.
    pub(crate) fn as_answer(&self) -> PlatformError {
        let by_kind = match self.kind.as_deref().and_then(|kind| kind.rsplit('/').next()) {
            Some("resource-not-found") => Some(404),
            Some(
                "not-authorized-for-resource"
                | "not-authorized-for-field"
                | "field-unauthorized"
                | "disallowed-resource"
                | "client-forbidden",
            ) => Some(403),
            Some("invalid-request") => Some(400),
            // For now, all three: to a reader it was not reached.
            Some("resource-unavailable" | "field-hydration-failure" | "internal-error") => Some(503),
            _ => None,
        };
        // Without a status of its own it stays a success that makes no sense.
        self.clone().error(self.status.or(by_kind).unwrap_or(200))
    }
}

/// The platform's words in an answer that is no success. Its list says more than the heading, which fills the gaps.
pub(crate) fn error_of(status: u16, body: &[u8]) -> PlatformError {
    let heading: Problem = serde_json::from_slice(body).unwrap_or_default();
    let Some(first) = heading.errors.first().cloned() else {
        return heading.error(status);
    };
    let detail = first.detail.or(first.message).or(heading.detail);
    let (kind, title) = (first.kind.or(heading.kind), first.title.or(heading.title));
    Problem { code: first.code, detail, kind, title, ..Problem::default() }.error(status)
}

/// The `data` of an answer; what the platform says instead where it has none.
pub(crate) fn data<T: DeserializeOwned>(answer: Value) -> Result<T, CallFault> {
    let problem = answer.pointer("/errors/0").cloned();
    let Some(data) = take(answer, "data") else {
        let problem = problem.and_then(|problem| serde_json::from_value::<Problem>(problem).ok());
        let said = problem.map(|problem| problem.as_answer()).filter(|said| said.refusal().is_some());
        return Err(said.map_or_else(nonsense, CallFault::Answered));
    };
    serde_json::from_value(data).map_err(|_| nonsense())
}

/// Several posts. None at all, where the platform says so without a problem.
pub(crate) fn tweets(answer: Value) -> Result<Tweets, CallFault> {
    serde_json::from_value(answer).map_err(|_| nonsense())
}

fn take(answer: Value, field: &str) -> Option<Value> {
    match answer {
        Value::Object(mut fields) => fields.remove(field).filter(|value| !value.is_null()),
        _ => None,
    }
}

/// A success that does not say what it should.
fn nonsense() -> CallFault {
    CallFault::Lost("the answer does not say what it should".to_owned())
}

#[cfg(test)]
mod tests {
    use chimera_policy::refusals::PlatformRefusal as P;
    use serde_json::json;

    use super::*;

    fn meaning(status: u16, body: &Value) -> (Option<P>, String) {
        let error = error_of(status, body.to_string().as_bytes());
        (error.refusal(), error.detail)
    }

    /// [E-11]
    #[test]
    fn a_problem_is_read_by_its_kind_and_its_words() {
        let problem = |kind: &str, detail: &str| json!({ "type": format!("https://api.twitter.com/2/problems/{kind}"), "title": "No", "detail": detail });
        let blank =
            |detail: &str| json!({ "type": "about:blank", "title": "No", "status": 403, "detail": detail });
        for (status, body, refusal, detail) in [
            (403, blank("duplicate content"), Some(P::Duplicate), "duplicate content"),
            (401, blank("Unauthorized"), Some(P::CredentialsRefused), "Unauthorized"),
            (403, problem("client-forbidden", "Attach it."), Some(P::CredentialsRefused), "Attach it."),
            (429, problem("usage-capped", "Monthly cap"), Some(P::PolicyViolation), "Monthly cap"),
            (402, problem("credits", "No credits."), Some(P::PlatformRefused), "No credits."),
            (503, json!({ "title": "Service Unavailable" }), None, "Service Unavailable"),
        ] {
            assert_eq!(meaning(status, &body), (refusal, detail.to_owned()), "{body}");
        }
        assert_eq!(error_of(502, b"<html>Bad Gateway</html>").refusal(), None);
        assert_eq!(error_of(403, b"").refusal(), Some(P::CredentialsRefused));
        let long = json!({ "detail": "x".repeat(5_000) });
        assert_eq!(meaning(400, &long).1.len(), DETAIL_CHARS);
    }

    /// [E-11]
    #[test]
    fn a_list_of_errors_says_more_than_its_heading() {
        let listed = |first: Value| json!({ "errors": [first], "title": "Invalid Request", "detail": "See the list." });
        for (status, body, refusal, detail) in [
            (
                429,
                json!({ "errors": [{ "code": 88, "message": "Exceeded" }] }),
                Some(P::RateLimited),
                "Exceeded",
            ),
            (403, listed(json!({ "code": 187, "message": "Said." })), Some(P::Duplicate), "Said."),
            (400, listed(json!({ "message": "text is too long" })), Some(P::TextTooLong), "text is too long"),
            (403, listed(json!({ "code": 64 })), Some(P::AccountSuspended), "See the list."),
            (
                400,
                json!({ "error": "invalid_request", "error_description": "Bad." }),
                Some(P::PlatformRefused),
                "Bad.",
            ),
            (400, json!({ "error": "invalid_request" }), Some(P::PlatformRefused), "invalid_request"),
        ] {
            assert_eq!(meaning(status, &body), (refusal, detail.to_owned()), "{body}");
        }
    }

    #[test]
    fn a_success_without_what_was_asked_for_is_told_apart() {
        let gone = json!({ "errors": [{ "type": "https://api.x.com/2/problems/resource-not-found", "title": "Not Found Error", "detail": "Could not find user." }] });
        let told = data::<User>(gone).unwrap_err();
        assert!(
            matches!(&told, CallFault::Answered(error) if error.refusal() == Some(P::NotFound)),
            "{told:?}"
        );
        for odd in [
            json!(null),
            json!({}),
            json!({ "data": null }),
            json!({ "data": { "id": 7 } }),
            json!({ "errors": [{ "title": "?" }] }),
        ] {
            let told = data::<User>(odd.clone()).unwrap_err();
            assert!(matches!(told, CallFault::Lost(_)), "{odd}: {told:?}");
        }
    }

    /// [E-11] Problems beside or instead of what was asked for, as the platform's document names them.
    #[test]
    fn every_documented_problem_has_its_meaning() {
        for (kind, refusal) in [
            ("resource-not-found", Some(P::NotFound)),
            ("not-authorized-for-resource", Some(P::PolicyViolation)),
            ("disallowed-resource", Some(P::PolicyViolation)),
            ("not-authorized-for-field", Some(P::CredentialsRefused)),
            ("field-unauthorized", Some(P::CredentialsRefused)),
            ("invalid-request", Some(P::PlatformRefused)),
            ("resource-unavailable", None),
            ("field-hydration-failure", None),
            ("internal-error", None),
        ] {
            let problem = json!({ "type": format!("https://api.x.com/2/problems/{kind}"), "title": "No", "detail": "no." });
            let problem: Problem = serde_json::from_value(problem).unwrap();
            assert_eq!(problem.as_answer().refusal(), refusal, "{kind}");
        }
    }

    #[test]
    fn the_old_words_and_the_new_ones_are_read_and_lists_may_be_null() {
        let numbers = json!({ "like_count": 9, "repost_count": 3, "retweet_count": 3 });
        let post = json!({
            "id": "1", "text": "a", "public_metrics": numbers,
            "entities": { "urls": null, "mentions": null }, "attachments": { "media_keys": null },
            "referenced_posts": [{ "type": "quoted", "id": "8" }, { "type": "replied_to", "id": "9" }],
        });
        let read: Tweet = serde_json::from_value(post).unwrap();
        assert_eq!((read.public_metrics.reposts(), read.replied_to()), (3, Some("9")));
        let old = json!({ "id": "1", "text": "a", "referenced_tweets": [{ "type": "replied_to", "id": "9" }], "public_metrics": { "retweet_count": 2 } });
        let read: Tweet = serde_json::from_value(old).unwrap();
        assert_eq!((read.public_metrics.reposts(), read.replied_to()), (2, Some("9")));
    }

    #[test]
    fn numbers_may_be_texts() {
        let both = json!({ "project_cap": "2000000", "project_usage": 17, "cap_reset_day": 20 });
        let read: ProjectUse = serde_json::from_value(both).unwrap();
        assert_eq!((read.project_cap, read.project_usage), (2_000_000, 17));
    }
}
