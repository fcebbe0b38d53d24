//! Roles and what they allow: one table.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a person may be. A person may be several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Looks.
    Viewer,
    /// Answers reviews.
    Reviewer,
    /// Runs campaigns.
    Operator,
    /// Answers for money.
    Finance,
    /// Does everything, and alone puts policy and sees what is nobody's.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::Viewer, Self::Reviewer, Self::Operator, Self::Finance, Self::Admin];

    /// As tokens spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Reviewer => "reviewer",
            Self::Operator => "operator",
            Self::Finance => "finance",
            Self::Admin => "admin",
        }
    }

    /// The role that tokens spell so.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// See campaigns, plans, tasks, agents and policy.
    ReadCampaigns,
    /// Post a campaign.
    StartCampaign,
    /// Pause, resume, cancel, retry what failed, send a dead letter's work again.
    SteerCampaign,
    /// Raise or lower what a campaign may spend.
    SetBudget,
    /// See reviews.
    ReadReviews,
    /// Answer a review.
    DecideReview,
    /// See the ledger.
    ReadMoney,
    /// See the audit.
    ReadAudit,
    /// Put an agent or its persona.
    PutAgent,
    /// Put the policy: thresholds, topics, caps, kill switches.
    PutPolicy,
    /// See dead letters that are nobody's; of the operating tenant alone.
    ReadUnowned,
}

impl Operation {
    /// Every operation.
    pub const ALL: [Self; 11] = [
        Self::ReadCampaigns,
        Self::StartCampaign,
        Self::SteerCampaign,
        Self::SetBudget,
        Self::ReadReviews,
        Self::DecideReview,
        Self::ReadMoney,
        Self::ReadAudit,
        Self::PutAgent,
        Self::PutPolicy,
        Self::ReadUnowned,
    ];

    /// As problems and documents spell it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ReadCampaigns => "read_campaigns",
            Self::StartCampaign => "start_campaign",
            Self::SteerCampaign => "steer_campaign",
            Self::SetBudget => "set_budget",
            Self::ReadReviews => "read_reviews",
            Self::DecideReview => "decide_review",
            Self::ReadMoney => "read_money",
            Self::ReadAudit => "read_audit",
            Self::PutAgent => "put_agent",
            Self::PutPolicy => "put_policy",
            Self::ReadUnowned => "read_unowned",
        }
    }
}

/// The table: for each role, the operations it allows.
pub const ALLOWED: [(Role, &[Operation]); 5] = {
    use Operation::*;
    [
        (Role::Viewer, &[ReadCampaigns, ReadReviews]),
        (Role::Reviewer, &[ReadCampaigns, ReadReviews, DecideReview]),
        (
            Role::Operator,
            &[
                ReadCampaigns,
                ReadReviews,
                DecideReview,
                StartCampaign,
                SteerCampaign,
                PutAgent,
                ReadMoney,
                ReadAudit,
            ],
        ),
        (Role::Finance, &[ReadCampaigns, ReadReviews, ReadMoney, ReadAudit, SetBudget]),
        (Role::Admin, &Operation::ALL),
    ]
};

/// Whether the role allows the operation.
#[must_use]
pub fn allowed(role: Role, operation: Operation) -> bool {
    ALLOWED.iter().any(|(of, operations)| *of == role && operations.contains(&operation))
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roles_that_may(operation: Operation) -> Vec<&'static str> {
        Role::ALL.into_iter().filter(|role| allowed(*role, operation)).map(Role::name).collect()
    }

    #[test]
    fn every_operation_is_allowed_to_exactly_these_roles() {
        let table: Vec<(&str, String)> =
            Operation::ALL.into_iter().map(|o| (o.name(), roles_that_may(o).join(" "))).collect();
        let table: Vec<(&str, &str)> = table.iter().map(|(name, roles)| (*name, roles.as_str())).collect();
        assert_eq!(
            table,
            [
                ("read_campaigns", "viewer reviewer operator finance admin"),
                ("start_campaign", "operator admin"),
                ("steer_campaign", "operator admin"),
                ("set_budget", "finance admin"),
                ("read_reviews", "viewer reviewer operator finance admin"),
                ("decide_review", "reviewer operator admin"),
                ("read_money", "operator finance admin"),
                ("read_audit", "operator finance admin"),
                ("put_agent", "operator admin"),
                ("put_policy", "admin"),
                ("read_unowned", "admin"),
            ]
        );
    }

    #[test]
    fn roles_are_read_as_they_are_written() {
        for role in Role::ALL {
            assert_eq!(Role::named(role.name()), Some(role));
        }
        assert_eq!(Role::named("Admin"), None);
    }
}
