//! What follows from what was perceived: pure, so that it can be read and tested as a table.

use std::collections::BTreeSet;

use chimera_domain::{
    Campaign, CampaignId, Effect, EffectStatus, Headline, React, Seen, Signal, SignalId, SignalStatus,
    Timestamp,
};

use crate::pending::{Cluster, cluster};
use crate::event::Heard;
use crate::pending::is_direct_question;
use crate::pending::{Goal, Said, Scored, relevance};
use crate::sources::place;

/// Trends of one region and topic that are looked at in one look, the strongest first.
const TRENDS: usize = 50;

/// A campaign that reacts, with what it has published.
#[derive(Debug)]
pub(crate) struct Reacting {
    pub(crate) campaign: Campaign,
    pub(crate) react: React,
    pub(crate) published: Published,
}

/// What a campaign has published and not taken back.
#[derive(Debug, Default)]
pub(crate) struct Published {
    ids: BTreeSet<String>,
    texts: Vec<String>,
}

impl Published {
    /// As its effects say.
    pub(crate) fn of(effects: &[Effect]) -> Self {
        let done = || effects.iter().filter(|effect| effect.status == EffectStatus::Done);
        let undone: BTreeSet<_> = done().filter_map(|effect| effect.undoes.as_ref()).collect();
        let mut published = Self::default();
        for effect in done().filter(|effect| !undone.contains(&effect.id)) {
            let text = effect.intent.arguments.get("text").and_then(serde_json::Value::as_str);
            if let (Some(text), Some(outcome)) = (text, &effect.outcome) {
                published.texts.push(text.to_owned());
                published.ids.insert(outcome.external_id.clone());
            }
        }
        published
    }
}

impl Reacting {
    /// When it ends to watch, if nothing ends it before.
    pub(crate) fn until(&self) -> Timestamp {
        self.campaign.watches_until().unwrap_or(self.campaign.created_at)
    }

    fn score(&self, text: &str, answers_ours: bool) -> Option<Scored> {
        let published: Vec<&str> = self.published.texts.iter().map(String::as_str).collect();
        let account = self.campaign.agent.as_str();
        let goal = Goal { text: &self.campaign.brief.goal, published: &published, account };
        let scored = relevance(&goal, &Said { text, answers_ours });
        (scored.score >= self.react.relevance_min).then_some(scored)
    }

    fn signal(&self, id: SignalId, seen: Seen, scored: Scored, now: Timestamp) -> Signal {
        Signal {
            tenant: self.campaign.tenant.clone(),
            campaign: self.campaign.id.clone(),
            id,
            seen,
            relevance: scored.score,
            why: scored.why,
            status: SignalStatus::Open,
            reason: None,
            plan: None,
            seen_at: now,
        }
    }
}

/// [PE-11] Each mention, for the one campaign it bears on most; for none where it bears on none enough. `reacting` has the
/// oldest first, and the oldest has it where several are equal: two would answer it twice.
pub(crate) fn of_mentions(heard: &[Heard], reacting: &[Reacting], now: Timestamp) -> Vec<Signal> {
    heard.iter().filter_map(|heard| of_mention(heard, reacting, now)).collect()
}

fn of_mention(heard: &Heard, reacting: &[Reacting], now: Timestamp) -> Option<Signal> {
    let Heard { mention, at, in_reply_to } = heard;
    let hears = |one: &&Reacting| one.react.mentions > 0 && one.campaign.created_at <= *at && *at < one.until();
    let mut best: Option<(&Reacting, Scored)> = None;
    for one in reacting.iter().filter(hears) {
        let answers_ours = in_reply_to.as_ref().is_some_and(|id| one.published.ids.contains(id));
        if let Some(scored) = one.score(&mention.text, answers_ours)
            && best.as_ref().is_none_or(|(_, before)| scored.score > before.score)
        {
            best = Some((one, scored));
        }
    }
    let (one, scored) = best?;
    let asks = is_direct_question(&mention.text);
    let seen = Seen::Mention { mention: mention.clone(), asks, in_reply_to: in_reply_to.clone() };
    Some(one.signal(SignalId::of_mention(&mention.id), seen, scored, now))
}

/// Each trend among the headlines of a region and topic, for every campaign that it bears on.
pub(crate) fn of_news(of: &str, headlines: &[Headline], reacting: &[Reacting], now: Timestamp) -> Vec<Signal> {
    let reads: Vec<&Reacting> =
        reacting.iter().filter(|one| one.react.trends > 0 && place(&one.react) == of).collect();
    let trends = cluster(headlines, now).into_iter().take(TRENDS);
    trends.flat_map(|trend| of_trend(&trend, &reads, now)).collect()
}

fn of_trend(trend: &Cluster, reads: &[&Reacting], now: Timestamp) -> Vec<Signal> {
    let Some(earliest) = trend.articles.last() else { return Vec::new() };
    let about = format!("{} {}", trend.headline, trend.terms.join(" "));
    let of = |one: &&Reacting| {
        let seen = Seen::Trend {
            headline: trend.headline.clone(),
            terms: trend.terms.clone(),
            articles: trend.articles.clone(),
            sources: trend.sources.clone(),
            strength: trend.strength,
        };
        Some(one.signal(SignalId::of_trend(earliest), seen, one.score(&about, false)?, now))
    };
    reads.iter().filter_map(of).collect()
}

/// The trends that are news to a campaign: none of their articles is part of one that it has been told of. A trend's earliest
/// articles are forgotten after some hours, and what was written since is still the same trend.
pub(crate) fn without_known(mut new: Vec<Signal>, known: &[Signal]) -> Vec<Signal> {
    let told: BTreeSet<(&CampaignId, &String)> = known
        .iter()
        .flat_map(|signal| articles(&signal.seen).iter().map(move |article| (&signal.campaign, article)))
        .collect();
    new.retain(|signal| !articles(&signal.seen).iter().any(|article| told.contains(&(&signal.campaign, article))));
    new
}

fn articles(seen: &Seen) -> &[String] {
    match seen {
        Seen::Trend { articles, .. } => articles,
        Seen::Mention { .. } => &[],
    }
}
