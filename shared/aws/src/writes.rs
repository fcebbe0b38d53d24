//! Conditional writes: all of a transaction or nothing, tried again while others are in the way.

use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use chimera_domain::ports::{DecisionWriter, MoneyWriter, StateWriter};
use chimera_domain::{Applied, DecisionTransaction, MoneyTransaction, StoreError, Transaction};
use tokio::time::sleep;

use crate::config::contention_waits;
use crate::store::DynamoStore;
use crate::{errors, ops};

impl StateWriter for DynamoStore {
    async fn write(&self, transaction: &Transaction) -> Result<Applied, StoreError> {
        self.apply(transaction).await
    }
}

impl MoneyWriter for DynamoStore {
    async fn write_money(&self, transaction: &MoneyTransaction) -> Result<Applied, StoreError> {
        self.apply(transaction.inner()).await
    }
}

impl DecisionWriter for DynamoStore {
    async fn write_decision(&self, transaction: &DecisionTransaction) -> Result<Applied, StoreError> {
        self.apply(transaction.inner()).await
    }
}

impl DynamoStore {
    async fn apply(&self, transaction: &Transaction) -> Result<Applied, StoreError> {
        let elements = transaction
            .ops()
            .iter()
            .map(|op| ops::element(op, self.tables(), transaction.writer()))
            .collect::<Result<Vec<_>, _>>()?;
        let mut waits = contention_waits();
        loop {
            match self.send(&elements).await {
                Ok(()) => return Ok(Applied::Now),
                Err(StoreError::Refused(refusals)) => return transaction.settle_refusals(refusals),
                Err(StoreError::Contention) => match waits.next() {
                    Some(wait) => sleep(wait).await,
                    None => return Err(StoreError::Contention),
                },
                Err(other) => return Err(other),
            }
        }
    }

    /// One operation needs no transaction, at half the price. A lone check has no other form than a transaction.
    async fn send(&self, elements: &[TransactWriteItem]) -> Result<(), StoreError> {
        match elements {
            [] => Ok(()),
            [TransactWriteItem { put: Some(put), .. }] => self.put_alone(put.clone()).await,
            [TransactWriteItem { update: Some(update), .. }] => self.update_alone(update.clone()).await,
            several => self.transact(several.to_vec()).await,
        }
    }

    async fn put_alone(&self, put: Put) -> Result<(), StoreError> {
        self.client()
            .put_item()
            .table_name(put.table_name)
            .set_item(Some(put.item))
            .set_condition_expression(put.condition_expression)
            .set_expression_attribute_names(put.expression_attribute_names)
            .set_expression_attribute_values(put.expression_attribute_values)
            .set_return_values_on_condition_check_failure(put.return_values_on_condition_check_failure)
            .send()
            .await
            .map(drop)
            .map_err(errors::put_error)
    }

    async fn update_alone(&self, update: Update) -> Result<(), StoreError> {
        self.client()
            .update_item()
            .table_name(update.table_name)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .set_return_values_on_condition_check_failure(update.return_values_on_condition_check_failure)
            .send()
            .await
            .map(drop)
            .map_err(errors::update_error)
    }

    async fn transact(&self, elements: Vec<TransactWriteItem>) -> Result<(), StoreError> {
        self.client()
            .transact_write_items()
            .set_transact_items(Some(elements))
            .send()
            .await
            .map(drop)
            .map_err(errors::transact_error)
    }
}
