//! The planner's view of its rows, of which a test may take a part away: shows what looking at it is for.

use chimera_domain::ports::{StateReader, StateWriter};
use chimera_domain::{Applied, Row, RowKey, StoreError, Stored, TaskStatus, Transaction};
use chimera_testkit::MemoryCloud;

/// What is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The planner overlooks the last of the tasks that another one waits for.
    Inputs,
    /// The planner overlooks effects: what is approved counts as done.
    Effects,
    /// What rows call for is not sent any more, by the stream or by the clock.
    FollowUp,
}

/// The state table as the planner sees it.
#[derive(Debug)]
pub(super) struct Eyes {
    cloud: MemoryCloud,
    missing: Option<Missing>,
}

impl Eyes {
    pub(super) fn new(cloud: MemoryCloud, missing: Option<Missing>) -> Self {
        Self { cloud, missing }
    }

    /// The row as it is seen; none where it is not.
    fn seen(&self, mut stored: Stored) -> Option<Stored> {
        match (self.missing, &mut stored.row) {
            (Some(Missing::Inputs), Row::Task(task)) if task.status == TaskStatus::Blocked => {
                task.depends_on.pop();
            }
            (Some(Missing::Effects), Row::Task(task)) => task.effect = None,
            (Some(Missing::Effects), Row::Effect(_)) => return None,
            _ => {}
        }
        Some(stored)
    }
}

impl StateReader for Eyes {
    async fn get(&self, key: &RowKey) -> Result<Option<Stored>, StoreError> {
        self.cloud.get(key).await
    }

    async fn get_many(&self, keys: &[RowKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.cloud.get_many(keys).await
    }

    async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Stored>, StoreError> {
        let rows = self.cloud.query(pk, prefix).await?;
        Ok(rows.into_iter().filter_map(|stored| self.seen(stored)).collect())
    }

    async fn latest(
        &self,
        pk: &str,
        first: &str,
        last: &str,
        limit: usize,
    ) -> Result<Vec<Stored>, StoreError> {
        self.cloud.latest(pk, first, last, limit).await
    }
}

impl StateWriter for Eyes {
    async fn write(&self, transaction: &Transaction) -> Result<Applied, StoreError> {
        self.cloud.write(transaction).await
    }
}
