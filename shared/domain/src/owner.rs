//! Whose a message is, told beside its body.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::{CampaignId, EffectMessage, PlanMessage, ReviewMessage, TaskId, TaskMessage, TenantId};

/// Whose a message is. It travels beside the body, so that what a body no longer tells still finds its campaign and
/// task. Like the body it is a claim: the rows it names must be there, and a task's fence decides.
///
/// As text: `tenant/campaign`, or `tenant/campaign/task/attempt`. No id has a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Whose.
    pub tenant: TenantId,
    /// Which campaign.
    pub campaign: CampaignId,
    /// Which task and which attempt, if it is about one.
    pub task: Option<(TaskId, u32)>,
}

impl Owner {
    /// Name of the message attribute that carries it.
    pub const ATTRIBUTE: &str = "owner";
}

/// The text names no owner. The reader goes on as if it were not there.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("an owner is tenant/campaign or tenant/campaign/task/attempt")]
pub struct InvalidOwner;

impl FromStr for Owner {
    type Err = InvalidOwner;

    fn from_str(text: &str) -> Result<Self, InvalidOwner> {
        let parts: Vec<&str> = text.splitn(5, '/').collect();
        let (tenant, campaign, task) = match parts[..] {
            [tenant, campaign] => (tenant, campaign, None),
            [tenant, campaign, task, attempt] => (tenant, campaign, Some((task, attempt))),
            _ => return Err(InvalidOwner),
        };
        let task = task.map(|(task, attempt)| {
            let task = TaskId::new(task).map_err(|_| InvalidOwner)?;
            Ok((task, attempt.parse().map_err(|_| InvalidOwner)?))
        });
        Ok(Self {
            tenant: TenantId::new(tenant).map_err(|_| InvalidOwner)?,
            campaign: CampaignId::new(campaign).map_err(|_| InvalidOwner)?,
            task: task.transpose()?,
        })
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.tenant, self.campaign)?;
        match &self.task {
            Some((task, attempt)) => write!(f, "/{task}/{attempt}"),
            None => Ok(()),
        }
    }
}

/// A message that knows whose it is: every one of ours.
pub trait Owned {
    /// Whose it is.
    fn owner(&self) -> Owner;
}

impl Owned for PlanMessage {
    fn owner(&self) -> Owner {
        of_campaign(&self.tenant, &self.campaign)
    }
}

impl Owned for TaskMessage {
    fn owner(&self) -> Owner {
        let task = &self.task;
        Owner { task: Some((task.id.clone(), task.attempt)), ..of_campaign(&task.tenant, &task.campaign) }
    }
}

impl Owned for EffectMessage {
    fn owner(&self) -> Owner {
        of_campaign(&self.tenant, &self.campaign)
    }
}

impl Owned for ReviewMessage {
    fn owner(&self) -> Owner {
        match self {
            Self::Result(result) => Owner {
                task: Some((result.task.clone(), result.attempt)),
                ..of_campaign(&result.tenant, &result.campaign)
            },
            Self::Review { tenant, campaign, .. } | Self::Rejudge { tenant, campaign, .. } => {
                of_campaign(tenant, campaign)
            }
        }
    }
}

fn of_campaign(tenant: &TenantId, campaign: &CampaignId) -> Owner {
    Owner { tenant: tenant.clone(), campaign: campaign.clone(), task: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner() -> Owner {
        of_campaign(&TenantId::new("acme").unwrap(), &CampaignId::new("c-1").unwrap())
    }

    ///
    #[test]
    fn an_owner_is_read_as_it_was_written() {
        let of_task = Owner { task: Some((TaskId::new("write-1").unwrap(), 3)), ..owner() };
        assert_eq!(owner().to_string(), "acme/c-1");
        assert_eq!(of_task.to_string(), "acme/c-1/write-1/3");
        for owner in [owner(), of_task] {
            assert_eq!(owner.to_string().parse(), Ok(owner));
        }
    }

    ///
    #[test]
    fn what_names_no_owner_is_refused() {
        let long = format!("acme/{}", "c".repeat(65));
        for text in
            ["", "acme", "acme/", "/c-1", "acme/c-1/t", "acme/c-1/t/", "acme/c-1/t/x", "acme/c-1/t/-1", &long]
        {
            assert_eq!(text.parse::<Owner>(), Err(InvalidOwner), "{text:?}");
        }
        for text in ["acme/c-1/t/1/2", "a b/c-1", "T#acme/c-1", "acme/c-1/t/4294967296", &"/".repeat(100_000)]
        {
            assert_eq!(text.parse::<Owner>(), Err(InvalidOwner));
        }
    }
}
