//! What follows from what was perceived: pure, so that it can be read and tested as a table.

use std::collections::BTreeSet;

use chimera_domain::{
    Campaign, CampaignId, Effect, EffectStatus, Headline, React, Seen, Signal, SignalId, SignalStatus,
    Timestamp,
};

use crate::cluster::{Cluster, cluster};
use crate::event::Heard;
use crate::question::is_direct_question;
use crate::relevance::{Goal, Said, Scored, news_relevance, relevance};
use crate::sources::place;

/// Trends of one region and topic that are looked at in one look, the strongest first.
const TRENDS: usize = 50;

/// Signals of a kind that a campaign is told of beyond those it may react to: enough to show what was passed over. Whoever
/// floods an account fills no campaign.
const SPARE: u32 = 100;

/// A campaign that reacts, with what it has published and been told of.
#[derive(Debug)]
pub(crate) struct Reacting {
    pub(crate) campaign: Campaign,
    pub(crate) react: React,
    pub(crate) published: Published,
    pub(crate) told: Told,
}

/// How many signals of each kind a campaign has.
#[derive(Debug, Default)]
pub(crate) struct Told {
    mentions: u32,
    trends: u32,
}

impl Told {
    /// As its rows say.
    pub(crate) fn of<'a>(signals: impl Iterator<Item = &'a Signal>) -> Self {
        let mut told = Self::default();
        for signal in signals {
            match signal.seen {
                Seen::Mention { .. } => told.mentions = told.mentions.saturating_add(1),
                Seen::Trend { .. } => told.trends = told.trends.saturating_add(1),
            }
        }
        told
    }
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
    /// [PE-14] Whether it is told of mentions.
    fn hears(&self) -> bool {
        self.react.mentions > 0 && self.told.mentions < self.react.mentions.saturating_add(SPARE)
    }

    /// [PE-14] Whether it is told of trends.
    fn reads(&self) -> bool {
        self.react.trends > 0 && self.told.trends < self.react.trends.saturating_add(SPARE)
    }

    /// When it ends to watch, if nothing ends it before.
    pub(crate) fn until(&self) -> Timestamp {
        self.campaign.watches_until().unwrap_or(self.campaign.created_at)
    }

    /// How much it bears on the goal, where that is enough.
    fn weigh(&self, weigh: impl Fn(&Goal<'_>) -> Scored) -> Option<Scored> {
        let published: Vec<&str> = self.published.texts.iter().map(String::as_str).collect();
        let account = self.campaign.agent.as_str();
        let scored = weigh(&Goal { text: &self.campaign.brief.goal, published: &published, account });
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
    let hears = |one: &&Reacting| one.hears() && one.campaign.created_at <= *at && *at < one.until();
    let mut best: Option<(&Reacting, Scored)> = None;
    for one in reacting.iter().filter(hears) {
        let answers_ours = in_reply_to.as_ref().is_some_and(|id| one.published.ids.contains(id));
        let said = Said { text: &mention.text, answers_ours };
        if let Some(scored) = one.weigh(|goal| relevance(goal, &said))
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
pub(crate) fn of_news(
    of: &str,
    headlines: &[Headline],
    reacting: &[Reacting],
    now: Timestamp,
) -> Vec<Signal> {
    let reads: Vec<&Reacting> =
        reacting.iter().filter(|one| one.reads() && place(&one.react) == of).collect();
    let trends = cluster(headlines, now).into_iter().take(TRENDS);
    trends.flat_map(|trend| of_trend(&trend, &reads, now)).collect()
}

fn of_trend(trend: &Cluster, reads: &[&Reacting], now: Timestamp) -> Vec<Signal> {
    let Some(earliest) = trend.articles.last() else { return Vec::new() };
    let of = |one: &&Reacting| {
        let seen = Seen::Trend {
            headline: trend.headline.clone(),
            terms: trend.terms.clone(),
            articles: trend.articles.clone(),
            sources: trend.sources.clone(),
            strength: trend.strength,
        };
        let scored = one.weigh(|goal| news_relevance(goal, &trend.headline, &trend.terms))?;
        Some(one.signal(SignalId::of_trend(earliest), seen, scored, now))
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
    new.retain(|signal| {
        !articles(&signal.seen).iter().any(|article| told.contains(&(&signal.campaign, article)))
    });
    new
}

fn articles(seen: &Seen) -> &[String] {
    match seen {
        Seen::Trend { articles, .. } => articles,
        Seen::Mention { .. } => &[],
    }
}

#[cfg(test)]
mod tests {
    use chimera_domain::{Approving, Confidence, EffectId, Grant, Outcome, SignedGrant};
    use chimera_testkit::builders::{a_campaign, a_tenant, an_agent_id, an_intent, cents, morning, task_id};
    use uuid::Uuid;

    use super::*;

    fn posted(id: &str, text: &str, status: EffectStatus, undoes: Option<&str>) -> Effect {
        let intent = an_intent(text);
        let effect = |id: &str| EffectId::new(id).unwrap();
        let grant = Grant {
            id: id.to_owned(),
            key: "k1".to_owned(),
            tenant: a_tenant(),
            agent: an_agent_id(),
            campaign: a_campaign().build().id,
            effect: effect(id),
            audience: "twitter@test".to_owned(),
            tool: intent.tool.clone(),
            arguments: intent.digest(),
            max_cost: cents(2),
            policy_version: 0,
            expires_at: morning(),
        };
        let approving = Approving {
            task: task_id("write-1"),
            attempt: 1,
            intent,
            idempotency_key: Uuid::nil(),
            flags: BTreeSet::new(),
            review: None,
            unique: Vec::new(),
            buckets: Vec::new(),
            undoes: undoes.map(effect),
        };
        let outcome = Outcome { external_id: format!("post-{id}"), url: None, cost: cents(2) };
        let approved =
            Effect::approved(SignedGrant { grant, signature: String::new() }, approving, morning());
        Effect { status, outcome: Some(outcome), ..approved }
    }

    #[test]
    fn what_was_taken_back_or_never_went_out_is_not_published() {
        let published = Published::of(&[
            posted("e1", "one", EffectStatus::Done, None),
            posted("e2", "two", EffectStatus::Done, None),
            posted("e3", "three", EffectStatus::Failed, None),
            Effect {
                intent: chimera_domain::Intent { arguments: serde_json::json!({}), ..an_intent("") },
                ..posted("e4", "", EffectStatus::Done, Some("e2"))
            },
        ]);
        assert_eq!(published.texts, ["one"]);
        assert_eq!(published.ids, BTreeSet::from(["post-e1".to_owned()]));
    }

    fn trend(campaign: &str, articles: &[&str]) -> Signal {
        let campaign = a_campaign().named(campaign).reacts(0, 1).build();
        let react = campaign.brief.react.clone().unwrap();
        let one = Reacting { campaign, react, published: Published::default(), told: Told::default() };
        let seen = Seen::Trend {
            headline: "Harbour".to_owned(),
            terms: Vec::new(),
            articles: articles.iter().map(|id| (*id).to_owned()).collect(),
            sources: Vec::new(),
            strength: Confidence::FULL,
        };
        let scored = Scored { score: Confidence::FULL, why: String::new() };
        one.signal(SignalId::of_trend(articles.last().unwrap()), seen, scored, morning())
    }

    /// [PE-11]
    #[test]
    fn a_trend_whose_earliest_articles_are_forgotten_is_still_the_same() {
        let known = [trend("c-1", &["a2", "a1"])];
        let new =
            vec![trend("c-1", &["a4", "a3", "a2"]), trend("c-1", &["b2", "b1"]), trend("c-2", &["a3", "a2"])];
        let left = without_known(new.clone(), &known);
        assert_eq!(left, [new[1].clone(), new[2].clone()], "another story, and another campaign's");
    }
}
