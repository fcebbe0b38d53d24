//! Looking at tables whole: what verifying the audit needs and no function may.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{StoreError, Table};

/// What is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// The rows of a table.
    Rows(Table),
    /// The audit.
    Audit,
}

/// Reads tables whole, with an operator's own credentials: no function has this port.
pub trait Inspector: Sync {
    /// The names of every partition.
    fn partitions(&self, place: Place) -> impl Future<Output = Result<BTreeSet<String>, StoreError>> + Send;

    /// Every item of a partition as it is stored, read consistently.
    fn items(&self, place: Place, pk: &str) -> impl Future<Output = Result<Vec<Value>, StoreError>> + Send;
}

/// Whose rows are looked at: everybody's, a tenant's, or a campaign's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// This tenant's alone.
    pub tenant: Option<String>,
    /// This campaign's alone.
    pub campaign: Option<String>,
}

impl Scope {
    /// Whether nothing is left out.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a partition of a table belongs to it.
    #[must_use]
    pub fn admits(&self, pk: &str) -> bool {
        if self.is_everything() {
            return true;
        }
        let Some((tenant, rest)) = pk.strip_prefix("T#").and_then(|rest| rest.split_once('#')) else {
            return false;
        };
        let is_tenants = self.tenant.as_deref().is_none_or(|wanted| wanted == tenant);
        let is_campaigns =
            self.campaign.as_deref().is_none_or(|wanted| rest.strip_prefix("C#") == Some(wanted));
        is_tenants && is_campaigns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_admits_its_own_partitions() {
        let scope = |tenant: Option<&str>, campaign: Option<&str>| Scope {
            tenant: tenant.map(str::to_owned),
            campaign: campaign.map(str::to_owned),
        };
        let all = ["SYSTEM", "T#a#C#c", "T#a#C#cc", "T#a#A#c", "T#a#LEDGER", "T#aa#C#c"];
        let admitted =
            |scope: Scope| -> Vec<&str> { all.into_iter().filter(|pk| scope.admits(pk)).collect() };
        assert_eq!(admitted(scope(None, None)), all);
        assert_eq!(admitted(scope(Some("a"), None)), ["T#a#C#c", "T#a#C#cc", "T#a#A#c", "T#a#LEDGER"]);
        assert_eq!(admitted(scope(None, Some("c"))), ["T#a#C#c", "T#aa#C#c"]);
        assert_eq!(admitted(scope(Some("a"), Some("c"))), ["T#a#C#c"]);
    }
}
