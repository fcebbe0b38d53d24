//! Why the command ends with another code than 0.

use std::process::ExitCode;

use thiserror::Error;

use crate::api::ApiError;

/// Each variant is one exit code; see the table in the README.
#[derive(Debug, Error)]
pub(crate) enum Failure {
    /// The operator finds another feed; nothing was made.
    #[error("the feed cannot be used: {0}")]
    Feed(String),
    /// The operator corrects the brief; nothing was made.
    #[error("the brief cannot be used: {0}")]
    Brief(String),
    /// The operator corrects the playbook, or what fills it; nothing was made.
    #[error("the playbook cannot be used: {0}")]
    Playbook(String),
    /// The operator corrects the list of tasks; nothing was changed.
    #[error("the plan cannot be used: {0}")]
    Plan(String),
    /// The operator corrects the policy; nothing was changed.
    #[error("{file} is no policy: {problem}")]
    Policy {
        /// Where it is.
        file: String,
        /// What is wrong with it, and where in the file.
        problem: String,
    },
    /// The operator looks at the campaign.
    #[error("{0}")]
    NotFinished(String),
    /// The operator decides, or says how to.
    #[error(
        "review {review} of campaign {campaign} waits for a human, and this is no terminal: say --decide approve, \
         reject or edit, or answer with `chimera reviews` as the same tenant"
    )]
    NeedsHuman {
        /// The campaign.
        campaign: String,
        /// The review.
        review: String,
    },
    /// The operator approves, edits or rejects the plan, and watches on.
    #[error(
        "the plan of campaign {0} waits for an operator: answer it with `chimera campaign plan` as the same tenant, then \
         `chimera campaign watch {0}`"
    )]
    PlanWaits(String),
    /// Somebody looks who may have written to the tables, and restores them.
    #[error("the audit and the rows do not agree: {0} finding(s)")]
    Tampered(usize),
    /// The operator corrects the request, signs in, or starts the cloud.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The operator mends a local file or setting.
    #[error("{0:#}")]
    Local(#[from] anyhow::Error),
}

impl Failure {
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::NotFinished(_) | Self::Local(_) => 1,
            Self::Feed(_) | Self::Brief(_) | Self::Playbook(_) | Self::Plan(_) | Self::Policy { .. } => 2,
            Self::Api(_) => 3,
            Self::NeedsHuman { .. } | Self::PlanWaits(_) => 4,
            Self::Tampered(_) => 5,
        })
    }
}
