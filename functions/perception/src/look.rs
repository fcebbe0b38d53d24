//! One look: what is watched, what is there, what follows, and where the next look begins.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chimera_domain::{
    Headline, RowKey, Signal, StoreError, Stored, Timestamp, Transaction, Watch, WriterId, limits,
    ports::{Clock, HandleError, Ids, Resources, StateReader, StateReaderExt as _, StateWriter},
};

use crate::Perception;
use crate::signals::{Published, Reacting, Told, of_mentions, of_news, without_known};
use crate::sources::{self, Answers, Question, place};

/// How long a headline is remembered: trends are of four hours (FR2.2).
const MEMORY: Duration = Duration::from_secs(4 * 60 * 60);
/// How the sort keys of trends begin.
const TRENDS: &str = "SIGNAL#trend-";
/// Headlines remembered, the newest.
const HEADLINES: usize = 150;
/// Bytes of them: a row that grew too long could never be written, and nothing would be heard any more.
const HEADLINES_BYTES: usize = 64 * 1024;

impl<S, R, C, I> Perception<S, R, C, I>
where
    S: StateReader + StateWriter,
    R: Resources,
    C: Clock,
    I: Ids,
{
    /// Looks, writes what follows, and moves the watch on.
    ///
    /// # Errors
    /// [`StoreError::Refused`] where the watch is no longer as it was read: another look was faster, or a campaign began.
    pub(crate) async fn look(
        &self,
        watch: &Stored<Watch>,
        now: Timestamp,
        within: Duration,
    ) -> Result<(), HandleError> {
        let mut reacting = self.reacting(&watch.row).await?;
        let (policy, _) = self.store.policy(&watch.row.tenant).await?;
        if policy.stops(&watch.row.agent) {
            // [PE-15] Nothing is asked, and so nothing is passed over: it is there when the switch is taken back.
            return self.rest(watch, &reacting, now).await;
        }
        let answers = sources::ask(&self.servers, &question(&watch.row, &reacting, now), within).await;
        let remembered = remember(&watch.row.headlines, &answers, now);
        let news = self.unread(&watch.row, &answers, &remembered, &reacting);
        let has_mentions = answers.said.as_ref().is_some_and(|said| !said.mentions.is_empty());
        if has_mentions || !news.is_empty() {
            self.read_rows(&mut reacting).await?;
        }
        let trends = news.iter().flat_map(|(place, headlines)| of_news(place, headlines, &reacting, now));
        let told = self.tell_trends(trends.collect()).await?;
        let heard = answers.said.as_ref().map_or(&[][..], |said| &said.mentions);
        let mentions = of_mentions(heard, &reacting, now);
        let moved = self.moved(&watch.row, &reacting, &answers, remembered, now);
        tracing::info!(
            agent.id = %watch.row.agent, signals = told + mentions.len(), mentions = heard.len(),
            asked = answers.asked, silent = answers.silent, "The world was looked at"
        );
        self.tell_mentions(watch, moved, mentions).await
    }

    /// The campaigns that react and are not over, the oldest first.
    async fn reacting(&self, watch: &Watch) -> Result<Vec<Reacting>, StoreError> {
        let key = |id| RowKey::campaign(&watch.tenant, id);
        let keys: Vec<RowKey> = watch.campaigns.iter().map(key).collect();
        let rows = if keys.is_empty() { Vec::new() } else { self.store.get_many(&keys).await? };
        let campaigns = rows.into_iter().flatten().filter_map(|row| row.row.into_campaign());
        let reacting = campaigns.filter(|campaign| !campaign.status.is_over()).filter_map(|campaign| {
            let react = campaign.brief.react.clone()?;
            Some(Reacting { campaign, react, published: Published::default(), told: Told::default() })
        });
        Ok(reacting.collect())
    }

    async fn read_rows(&self, reacting: &mut [Reacting]) -> Result<(), StoreError> {
        for one in reacting {
            let partition = RowKey::campaign_partition(&one.campaign.tenant, &one.campaign.id);
            let rows = self.store.query(&partition, "EFFECT#").await?;
            let effects: Vec<_> = rows.into_iter().filter_map(|row| row.row.into_effect()).collect();
            one.published = Published::of(&effects);
            let rows = self.store.query(&partition, "SIGNAL#").await?;
            let signals: Vec<Signal> = rows.into_iter().filter_map(|row| row.row.into_signal()).collect();
            one.told = Told::of(signals.iter());
        }
        Ok(())
    }

    /// The places whose headlines have to be looked at: one of them was not there before, a campaign was not, or nothing was heard
    /// of the place when it was looked at last.
    fn unread<'a>(
        &self,
        watch: &Watch,
        answers: &Answers,
        remembered: &'a [Headline],
        reacting: &[Reacting],
    ) -> BTreeMap<&'a str, Vec<Headline>> {
        let known: BTreeSet<(&str, &str)> =
            watch.headlines.iter().map(|old| (old.place.as_str(), old.id.as_str())).collect();
        let mut of: BTreeMap<&str, Vec<Headline>> = BTreeMap::new();
        for headline in remembered.iter().filter(|headline| answers.news.contains_key(&headline.place)) {
            of.entry(&headline.place).or_default().push(headline.clone());
        }
        of.retain(|of, headlines| {
            let is_new = headlines.iter().any(|headline| !known.contains(&(*of, headline.id.as_str())));
            let is_newer = |one: &Reacting| watch.looked_at.is_none_or(|at| one.campaign.created_at >= at);
            let was_silent = watch.silent.iter().any(|silent| silent == of);
            is_new || was_silent || reacting.iter().any(|one| place(&one.react) == *of && is_newer(one))
        });
        of
    }

    /// [PE-11] Writes what the campaigns have not been told of yet, each once; gives how many that were.
    async fn tell_trends(&self, trends: Vec<Signal>) -> Result<usize, HandleError> {
        let mut new = self.without_told(trends).await?;
        let count = new.len();
        while !new.is_empty() {
            let rest = new.split_off(new.len().min(limits::OPS_PER_TRANSACTION));
            self.insert(new).await?;
            new = rest;
        }
        Ok(count)
    }

    async fn without_told(&self, trends: Vec<Signal>) -> Result<Vec<Signal>, StoreError> {
        let new = self.without_rows(trends).await?;
        let campaigns: BTreeSet<_> = new.iter().map(|signal| (&signal.tenant, &signal.campaign)).collect();
        let mut known = Vec::new();
        for (tenant, campaign) in campaigns {
            let partition = RowKey::campaign_partition(tenant, campaign);
            let rows = self.store.query(&partition, TRENDS).await?;
            known.extend(rows.into_iter().filter_map(|row| row.row.into_signal()));
        }
        Ok(without_known(new, &known))
    }

    /// Those that have no row yet. A trend is seen for hours, and is a row after the first look.
    async fn without_rows(&self, mut signals: Vec<Signal>) -> Result<Vec<Signal>, StoreError> {
        let key = |signal: &Signal| RowKey::signal(&signal.tenant, &signal.campaign, &signal.id);
        let keys: Vec<RowKey> = signals.iter().map(key).collect();
        if keys.is_empty() {
            return Ok(signals);
        }
        let mut rows = self.store.get_many(&keys).await?.into_iter();
        signals.retain(|_| rows.next().flatten().is_none());
        Ok(signals)
    }

    /// Inserts signals; what is there already is done.
    async fn insert(&self, mut signals: Vec<Signal>) -> Result<(), HandleError> {
        while !signals.is_empty() {
            let mut write = Transaction::by(self.writer("trends"));
            for signal in &signals {
                write = write.insert(signal.clone())?;
            }
            match self.store.write(&write).await {
                Err(StoreError::Refused(refusals)) if !refusals.is_empty() => {
                    let there: BTreeSet<usize> = refusals.iter().map(|refusal| refusal.index).collect();
                    let mut index = 0_usize..;
                    signals.retain(|_| index.next().is_some_and(|index| !there.contains(&index)));
                }
                Ok(_) => return Ok(()),
                Err(failed) => return Err(failed.into()),
            }
        }
        Ok(())
    }

    /// [PE-11] One transaction: the signals, and the watch behind the mentions they are made of. Whoever has not got the
    /// watch has told nobody anything, and what was told once is never looked at again.
    async fn tell_mentions(
        &self,
        watch: &Stored<Watch>,
        moved: Watch,
        signals: Vec<Signal>,
    ) -> Result<(), HandleError> {
        let mut write = Transaction::by(self.writer("look")).replace(watch, moved)?;
        for signal in self.without_rows(signals).await? {
            write = write.insert(signal)?;
        }
        self.store.write(&write).await?;
        Ok(())
    }

    /// The watch while a switch stops its agent.
    async fn rest(
        &self,
        watch: &Stored<Watch>,
        reacting: &[Reacting],
        now: Timestamp,
    ) -> Result<(), HandleError> {
        let campaigns: Vec<_> = reacting.iter().map(|one| one.campaign.id.clone()).collect();
        let due_at = (!campaigns.is_empty()).then(|| self.pace.next(now, 0));
        let resting = Watch { campaigns, due_at, ..watch.row.clone() };
        let write = Transaction::by(self.writer("rest")).replace(watch, resting)?;
        self.store.write(&write).await?;
        Ok(())
    }

    /// The watch after the look. [PE-13] A campaign stays until a look after its time has heard all that it reacts to.
    fn moved(
        &self,
        watch: &Watch,
        reacting: &[Reacting],
        answers: &Answers,
        headlines: Vec<Headline>,
        now: Timestamp,
    ) -> Watch {
        let stays = |one: &&Reacting| now < one.until() || !answers.cover(&one.react);
        let campaigns: Vec<_> = reacting.iter().filter(stays).map(|one| one.campaign.id.clone()).collect();
        let failures = if answers.is_nothing() { watch.failures.saturating_add(1) } else { 0 };
        let has_more = answers.said.as_ref().is_some_and(|said| said.has_more);
        let next = if has_more { now } else { self.pace.next(now, failures) };
        let newest = answers.said.as_ref().and_then(|said| said.newest.clone());
        let heard = |place: &String| answers.news.contains_key(place);
        Watch {
            silent: places(reacting).into_iter().filter(|place| !heard(place)).collect(),
            headlines: if campaigns.is_empty() { Vec::new() } else { headlines },
            due_at: (!campaigns.is_empty()).then_some(next),
            newest_mention: newest.or_else(|| watch.newest_mention.clone()),
            looked_at: Some(now),
            failures,
            campaigns,
            ..watch.clone()
        }
    }

    fn writer(&self, what: &str) -> WriterId {
        WriterId::new(format!("{what}-{}", self.ids.fresh()))
    }
}

/// What the campaigns want to know.
fn question<'a>(watch: &'a Watch, reacting: &[Reacting], now: Timestamp) -> Question<'a> {
    let hears = reacting.iter().any(|one| one.react.mentions > 0);
    let from = reacting.iter().map(|one| one.campaign.created_at).min().unwrap_or(now);
    Question {
        tenant: &watch.tenant,
        agent: &watch.agent,
        since: hears.then(|| watch.newest_mention.as_deref().unwrap_or("0")),
        from,
        places: places(reacting),
    }
}

/// The regions and topics whose news they want to know.
fn places(reacting: &[Reacting]) -> BTreeSet<String> {
    reacting.iter().filter(|one| one.react.trends > 0).map(|one| place(&one.react)).collect()
}

/// What was read now and before, newest first, each once, as long as it is news.
fn remember(before: &[Headline], answers: &Answers, now: Timestamp) -> Vec<Headline> {
    let fresh = answers.news.values().flatten().chain(before);
    let mut seen = BTreeSet::new();
    let mut kept: Vec<Headline> = fresh
        // Somebody else's time may be any: nothing is added to it, and what is far ahead crowds out nobody.
        .filter(|headline| headline.at > now - MEMORY && headline.at < now + MEMORY)
        .filter(|headline| seen.insert((&headline.place, &headline.id)))
        .cloned()
        .collect();
    kept.sort_by(|a, b| (b.at, &a.place, &a.id).cmp(&(a.at, &b.place, &b.id)));
    let mut bytes = 0_usize;
    let fits = |headline: &Headline| {
        bytes = bytes.saturating_add(serde_json::to_vec(headline).map_or(usize::MAX, |json| json.len()));
        bytes <= HEADLINES_BYTES
    };
    kept.into_iter().take(HEADLINES).take_while(fits).collect()
}

#[cfg(test)]
mod tests {
    use chimera_domain::{CampaignId, SignalId, TenantId};

    use super::*;

    fn headline(id: &str, minutes: i64) -> Headline {
        let at = Timestamp::from_second(minutes * 60).unwrap();
        let (id, title, source) = (id.to_owned(), "A title".to_owned(), "Gazette".to_owned());
        Headline { id, title, source, place: "any/any".to_owned(), at }
    }

    #[test]
    fn trends_are_found_by_how_their_keys_begin() {
        let (tenant, campaign) = (TenantId::new("acme").unwrap(), CampaignId::new("c-1").unwrap());
        let key = |signal: SignalId| RowKey::signal(&tenant, &campaign, &signal).sk;
        assert!(key(SignalId::of_trend("a1")).starts_with(TRENDS));
        assert!(!key(SignalId::of_mention("a1")).starts_with(TRENDS));
    }

    #[test]
    fn headlines_are_remembered_once_for_four_hours_and_the_newest_come_first() {
        let answers = Answers {
            news: BTreeMap::from([("any/any".to_owned(), vec![headline("a3", 500), headline("a2", 300)])]),
            ..Answers::default()
        };
        let before = [headline("a2", 300), headline("a1", 262), headline("a0", 260)];
        let kept = remember(&before, &answers, Timestamp::from_second(501 * 60).unwrap());
        let ids: Vec<&str> = kept.iter().map(|headline| headline.id.as_str()).collect();
        assert_eq!(ids, ["a3", "a2", "a1"]);
        let flood: Vec<Headline> = (0..400).map(|n| headline(&format!("b{n}"), n)).collect();
        assert_eq!(remember(&flood, &answers, Timestamp::UNIX_EPOCH).len(), HEADLINES);
    }

    #[test]
    fn a_server_that_lies_about_times_or_titles_makes_no_row_that_cannot_be_written() {
        let quoting = |n: usize| {
            let (id, title, source) = (format!("{n:064}"), "\"".repeat(240), "\"".repeat(60));
            Headline { id, title, source, place: "any/any".to_owned(), at: Timestamp::UNIX_EPOCH }
        };
        let never = Headline { at: Timestamp::MAX, ..quoting(400) };
        let long_ago = Headline { at: Timestamp::MIN, ..quoting(401) };
        let shown = (0..400).map(quoting).chain([never, long_ago]).collect();
        let answers = Answers { news: BTreeMap::from([("any/any".to_owned(), shown)]), ..Answers::default() };
        let kept = remember(&[], &answers, Timestamp::UNIX_EPOCH);
        assert!(kept.iter().all(|headline| headline.at == Timestamp::UNIX_EPOCH));
        let bytes = serde_json::to_vec(&kept).unwrap().len();
        assert!(kept.len() > 50 && bytes <= HEADLINES_BYTES + kept.len() + 1, "{} in {bytes}", kept.len());
    }
}
