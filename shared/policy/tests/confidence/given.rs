//! A case to be varied: a faithful post of a write task, or an answer to a mention.

use chimera_domain::{
    Binding, Check, Confidence, Criterion, Currency, Mention, Money, Policy, Source, Task, TaskKind, Verdict,
    WorkOutcome,
};
use chimera_policy::{Case, judge_result};
use chimera_testkit::builders::{a_policy, a_source, a_task, an_intent, morning};
use serde_json::json;

pub(crate) const FAITHFUL: &str = "Worth a look: Lantern 2.0 reads log files without a database. “It runs as one binary of six \
    megabytes on Linux and macOS” https://smalltools.example/lantern";

#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) task: Task,
    pub(crate) outcome: WorkOutcome,
    pub(crate) worker: Confidence,
    pub(crate) policy: Policy,
    pub(crate) source: Option<Source>,
    pub(crate) sponsor: Option<String>,
    pub(crate) earlier: Vec<String>,
}

pub(crate) fn criterion(id: &str, check: Check, mandatory: bool) -> Criterion {
    Criterion { id: id.to_owned(), text: id.to_owned(), mandatory, check }
}

/// Those of every post.
pub(crate) fn standard_criteria() -> Vec<Criterion> {
    vec![
        criterion("length", Check::MaxLength(280), true),
        criterion("source", Check::CarriesSource, true),
        criterion("substance", Check::SaysMoreThanTitle, true),
        criterion("language", Check::Language("en".to_owned()), false),
    ]
}

impl Given {
    pub(crate) fn post(text: &str) -> Self {
        Self {
            task: Task { criteria: standard_criteria(), ..a_task() },
            outcome: WorkOutcome::Intent { intent: an_intent(text) },
            worker: Confidence::FULL,
            policy: a_policy(),
            source: Some(a_source()),
            sponsor: None,
            earlier: Vec::new(),
        }
    }

    /// An answer to `mention`, where automated replies are approved.
    pub(crate) fn reply(mention: &str, text: &str) -> Self {
        let mut given = Self::post(text);
        let mention = Mention { id: "m-1".to_owned(), author: "nora".to_owned(), text: mention.to_owned() };
        given.task.kind = TaskKind::Reply;
        given.task.binding = Binding::Mention { mention };
        given.task.criteria = vec![criterion("length", Check::MaxLength(280), true)];
        given.source = None;
        given.policy.ai_replies_approved = true;
        let mut intent = an_intent(text);
        intent.tool = "post_reply".to_owned();
        intent.arguments["in_reply_to"] = json!("m-1");
        intent.cites = None;
        given.outcome = WorkOutcome::Intent { intent };
        given
    }

    pub(crate) fn judged(&self) -> Verdict {
        let earlier: Vec<&str> = self.earlier.iter().map(String::as_str).collect();
        let case = Case {
            task: &self.task,
            outcome: &self.outcome,
            worker_confidence: self.worker,
            policy: &self.policy,
            policy_version: 3,
            budget: Money::new(500, Currency::Usd).unwrap(),
            source: self.source.as_ref(),
            pictures: &[],
            sponsor: self.sponsor.as_deref(),
            earlier: &earlier,
            paid: &[],
            now: morning(),
            hold_first: false,
            covered: None,
        };
        judge_result(&case).verdict
    }

    pub(crate) fn points(&self) -> u16 {
        self.judged().confidence.basis_points()
    }
}
