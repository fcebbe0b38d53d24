//! Paging: a limit, and a cursor that means something to us alone.
//!
//! The index lags behind its rows, so each row of a page is read again. What has left the listing since is left out, and
//! a page may hold fewer rows than were asked for: only the absence of `next` ends a listing.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chimera_domain::{Digest, Row};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::errors::{self, Problem};
use crate::state::{Api, Clock, Ids, Store};

/// Rows on a page when nothing is asked.
const DEFAULT_LIMIT: usize = 50;
/// Most rows on a page: what one batched read of rows can carry.
const MAX_LIMIT: usize = 100;
/// Longest cursor read: ours are far shorter.
const CURSOR_BYTES: usize = 2_048;

/// What a listing was asked for.
pub(crate) struct Paging {
    /// How many rows, 1 to 100.
    limit: usize,
    cursor: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    limit: Option<String>,
    cursor: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let asked: Asked = query(parts, "limit and cursor")?;
        Self::of(asked.limit.as_deref(), asked.cursor)
    }
}

/// The query of a route that takes these parameters.
///
/// # Errors
/// 422 when it has another one, or one twice.
pub(crate) fn query<A: DeserializeOwned>(parts: &Parts, takes: &str) -> Result<A, Problem> {
    let refused = |_| errors::invalid("invalid_query", format!("this route takes {takes}, each once"));
    axum::extract::Query::<A>::try_from_uri(&parts.uri).map(|asked| asked.0).map_err(refused)
}

/// A page of rows as they are now.
pub(crate) struct Page {
    /// In the listing's order.
    pub(crate) rows: Vec<Row>,
    /// The cursor of the next page; none at the end.
    pub(crate) next: Option<String>,
}

impl Paging {
    /// From what was asked.
    ///
    /// # Errors
    /// 422 when the limit is none.
    pub(crate) fn of(limit: Option<&str>, cursor: Option<String>) -> Result<Self, Problem> {
        let limit = match limit.map(str::parse::<usize>) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => {
                return Err(errors::invalid("invalid_limit", format!("limit must be 1 to {MAX_LIMIT}")));
            }
        };
        Ok(Self { limit, cursor })
    }

    /// The page of `listing` that was asked for: one query of the index and one batched read.
    ///
    /// # Errors
    /// 400 when the cursor is not one that was given out for this listing; 503 when the store fails.
    pub(crate) async fn read<S: Store, C: Clock, I: Ids>(
        &self,
        api: &Api<S, C, I>,
        listing: &str,
    ) -> Result<Page, Problem> {
        let after = self.position(listing)?;
        let page =
            api.store().listing(listing, after.as_deref(), self.limit).await.map_err(errors::listing)?;
        let rows = api.store().get_many(&page.keys).await.map_err(errors::store)?;
        Ok(Page {
            rows: rows.into_iter().flatten().map(|stored| stored.row).collect(),
            next: page.next.map(|position| seal(listing, &position)),
        })
    }

    fn position(&self, listing: &str) -> Result<Option<String>, Problem> {
        self.cursor.as_deref().map(|cursor| open(listing, cursor).ok_or_else(errors::bad_cursor)).transpose()
    }
}

/// A cursor for a position of `listing`: sealed with the listing's name, so that a cursor of another listing or tenant,
/// or one that was altered, is told from ours. It grants nothing: what is listed follows from the token alone.
fn seal(listing: &str, position: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}{position}", checksum(listing, position)))
}

fn open(listing: &str, cursor: &str) -> Option<String> {
    if cursor.len() > CURSOR_BYTES {
        return None;
    }
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    let (sum, position) = text.split_at_checked(CHECKSUM_CHARS)?;
    (sum == checksum(listing, position)).then(|| position.to_owned())
}

/// Hex digits of the checksum: 64 bits.
const CHECKSUM_CHARS: usize = 16;

fn checksum(listing: &str, position: &str) -> String {
    let digest = Digest::of_bytes(format!("cursor-1\n{listing}\n{position}").as_bytes());
    digest.as_str().chars().skip("sha256:".len()).take(CHECKSUM_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_another_listing_or_altered_is_refused() {
        let cursor = seal("T#a#campaigns", "000001#x");
        assert_eq!(open("T#a#campaigns", &cursor).as_deref(), Some("000001#x"));
        assert_eq!(open("T#b#campaigns", &cursor), None);
        assert_eq!(open("T#a#campaigns", &cursor[1..]), None);
        assert_eq!(open("T#a#campaigns", "%%%"), None);
        assert_eq!(open("T#a#campaigns", ""), None);
    }
}
