//! Guards that a test may take away, to see which promises they keep.

/// One guard of the house.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guard {
    /// A task's row must be as the Judge read it when it commits.
    CommitCondition,
    /// A claim requires that its campaign is active.
    ClaimRequiresActive,
    /// The write server checks a grant's signature and what it covers.
    GrantIsVerified,
    /// The write server burns a grant before it calls upstream, and keeps the outcome.
    GrantIsBurnt,
    /// Of two decisions on one review one is refused.
    OneDecisionWins,
    /// The Judge sets money aside in the transaction that approves.
    ReservedWithApproval,
    /// What a row calls for is sent, by the stream and by the clock.
    FollowUp,
    /// The Judge looks for the topics that policy names.
    TopicsAreScreened,
}

impl Guard {
    /// Every guard.
    pub const ALL: [Self; 8] = [
        Self::CommitCondition,
        Self::ClaimRequiresActive,
        Self::GrantIsVerified,
        Self::GrantIsBurnt,
        Self::OneDecisionWins,
        Self::ReservedWithApproval,
        Self::FollowUp,
        Self::TopicsAreScreened,
    ];

    /// The kinds of rows whose conditions are the guard.
    pub(crate) fn conditions_on(self) -> &'static [&'static str] {
        match self {
            Self::CommitCondition => &["task"],
            Self::ClaimRequiresActive => &["campaign"],
            Self::OneDecisionWins => &["review", "decision"],
            Self::GrantIsVerified
            | Self::GrantIsBurnt
            | Self::ReservedWithApproval
            | Self::FollowUp
            | Self::TopicsAreScreened => &[],
        }
    }
}
