//! Allowances in a server's own DynamoDB table: `ALLOWANCE#<tenant>#<tool>` / `BUCKET`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use chimera_domain::Timestamp;

use super::allowance::{Allowance, AllowanceStore, Spent, UNTOUCHED};
use super::burn::StoreFault;
use super::dynamo::{Table, fault, number, number_in};

/// Times a call is taken while the bucket passes between full and not full: each needs another caller at that moment.
const RACES: u32 = 4;
/// The attribute of the bucket's one number.
const FULL_AT: &str = "full_at_us";

/// Allowances in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoAllowances {
    table: Table,
}

/// The two ways a call is taken: from a bucket that is full, or from one that is refilling. Each is one write that needs
/// no reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Full,
    Refilling,
}

impl DynamoAllowances {
    /// Allowances in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table::new(client, table) }
    }

    /// Takes one call; the bucket's number where it could not.
    async fn try_take(
        &self,
        pk: &str,
        way: Way,
        allowance: Allowance,
        now_us: i64,
    ) -> Result<Result<(), i64>, StoreFault> {
        let refill = allowance.refill_us();
        let update = self.table.update(pk, "BUCKET").expression_attribute_values(":now", number(now_us));
        let update = match way {
            Way::Full => update
                .condition_expression("attribute_not_exists(pk) OR full_at_us < :now")
                .update_expression("SET full_at_us = :next")
                .expression_attribute_values(":next", number(now_us + refill)),
            Way::Refilling => update
                .condition_expression("full_at_us BETWEEN :now AND :latest")
                .update_expression("SET full_at_us = full_at_us + :refill")
                .expression_attribute_values(":latest", number(now_us + allowance.window_us() - refill))
                .expression_attribute_values(":refill", number(refill)),
        };
        let update =
            update.return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match update.send().await {
            Ok(_) => Ok(Ok(())),
            Err(error) => seen(error).map(Err),
        }
    }
}

/// The number in the row that a condition refused.
fn seen(error: SdkError<UpdateItemError>) -> Result<i64, StoreFault> {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
            refused.item().map_or(Ok(UNTOUCHED), |item| number_in(item, FULL_AT))
        }
        _ => Err(fault(error)),
    }
}

impl AllowanceStore for DynamoAllowances {
    async fn spend(
        &self,
        tenant: &str,
        tool: &'static str,
        allowance: Allowance,
        now: Timestamp,
    ) -> Result<Spent, StoreFault> {
        let (pk, now_us) = (format!("ALLOWANCE#{tenant}#{tool}"), now.as_microsecond());
        let mut way = Way::Full;
        for _ in 0..RACES {
            let Err(full_at) = self.try_take(&pk, way, allowance, now_us).await? else {
                return Ok(Spent::Taken);
            };
            if let Err(wait) = allowance.take(full_at, now_us) {
                return Ok(Spent::Wait(wait));
            }
            way = if full_at < now_us { Way::Full } else { Way::Refilling };
        }
        Ok(Spent::Wait(std::time::Duration::from_micros(allowance.refill_us().unsigned_abs())))
    }
}
