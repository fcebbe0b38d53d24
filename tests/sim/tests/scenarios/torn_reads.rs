//! A query is no snapshot: what is written while it runs may show in its later rows alone.

use std::time::Duration;

use chimera_domain::ports::{MessageHandler, StateReader, StateWriter};
use chimera_domain::{
    Applied, CampaignStatus, MediumBand, PlanMessage, Row, RowKey, StoreError, Stored, Subject, Transaction,
};
use chimera_model::ScriptedModel;
use chimera_sim::{Answer, SwarmWorld, all_is_medium};
use chimera_testkit::MemoryCloud;
use chimera_testkit::builders::a_campaign;
use planner::Planner;

/// The state table, whose queries of a whole campaign came to its effects before the last writes.
struct Torn {
    cloud: MemoryCloud,
    effects: Vec<Stored>,
}

impl StateReader for Torn {
    async fn get(&self, key: &RowKey) -> Result<Option<Stored>, StoreError> {
        self.cloud.get(key).await
    }

    async fn get_many(&self, keys: &[RowKey]) -> Result<Vec<Option<Stored>>, StoreError> {
        self.cloud.get_many(keys).await
    }

    async fn query(&self, pk: &str, prefix: &str) -> Result<Vec<Stored>, StoreError> {
        let rows = self.cloud.query(pk, prefix).await?;
        if !prefix.is_empty() {
            return Ok(rows);
        }
        let others = rows.into_iter().filter(|stored| !is_effect(stored));
        Ok(self.effects.iter().cloned().chain(others).collect())
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

impl StateWriter for Torn {
    async fn write(&self, transaction: &Transaction) -> Result<Applied, StoreError> {
        self.cloud.write(transaction).await
    }
}

fn is_effect(stored: &Stored) -> bool {
    matches!(stored.row, Row::Effect(_))
}

/// [R-8] [P-7]
#[tokio::test]
async fn a_campaign_is_not_finished_while_a_post_of_it_is_being_taken_back() {
    let world = SwarmWorld::new();
    world.change_policy(|policy| all_is_medium(policy, MediumBand::PublishThenReview)).await;
    world.start(a_campaign().posts(1)).await;
    world.run_until_quiet().await;
    assert!(world.decide(&world.open_reviews().remove(0), Answer::Approve).await);
    world.run_until_quiet().await;
    let effects: Vec<Stored> = world.cloud.rows().unwrap().into_iter().filter(is_effect).collect();

    let question = world.open_reviews().remove(0);
    assert!(matches!(question.row.subject, Subject::Published { .. }), "{:?}", question.row.subject);
    assert!(world.decide(&question, Answer::Reject("not like this")).await);
    let is_being_taken_back =
        |world: &SwarmWorld| world.effects().iter().any(|effect| effect.undoes.is_some());
    assert!(world.run_until(is_being_taken_back).await, "{}", world.story());

    let campaign = world.campaigns().remove(0);
    let torn = Torn { cloud: world.cloud.as_function("planner"), effects };
    let planner = Planner::new(torn, ScriptedModel::new(), world.clock.clone(), world.ids.clone());
    let look = PlanMessage { tenant: campaign.tenant, campaign: campaign.id };
    let batch = planner.open(std::slice::from_ref(&look)).await.unwrap();
    planner.handle(look, &batch, Duration::from_secs(60)).await.unwrap();
    assert_eq!(world.status(), CampaignStatus::Active, "{}", world.story());

    world.run_until_quiet().await;
    assert_eq!(world.status(), CampaignStatus::Finished, "{}", world.story());
    assert!(world.published().is_empty(), "{}", world.story());
    world.assert_promises();
}
