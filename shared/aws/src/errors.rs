//! The one error map of the house: what a DynamoDB failure means, and so who must act.
//!
//! | DynamoDB says | it means |
//! |---|---|
//! | `ConditionalCheckFailed…` | refused: the caller reads again or reports |
//! | a conflict, a throttle, a transaction still in progress | contention: wait a little and try again |
//! | anything else | unavailable: the message is left for another delivery |

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Debug;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use chimera_domain::{OpRefusal, StoreError};
use serde_json::Value;
use thiserror::Error;

use crate::items;

/// A table that this function was not given: a defect of the template or of `main`.
#[derive(Debug, Error)]
#[error("no {0} table is configured for this function")]
pub(crate) struct NoTable(pub(crate) &'static str);

/// A transaction cancelled for a reason that is neither a condition nor contention: a defect, or a limit of the table.
#[derive(Debug, Error)]
#[error("the transaction was cancelled: {}", .0.join(", "))]
struct Cancelled(Vec<String>);

/// Any failure of a call that has no condition.
pub(crate) fn store_error<E, R>(error: SdkError<E, R>) -> StoreError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: Debug + Send + Sync + 'static,
{
    if error.code().is_some_and(is_contention) { StoreError::Contention } else { unavailable(error) }
}

/// A failed conditional put.
pub(crate) fn put_error(error: SdkError<PutItemError>) -> StoreError {
    match error.as_service_error() {
        Some(PutItemError::ConditionalCheckFailedException(refused)) => refused_alone(refused.item()),
        _ => store_error(error),
    }
}

/// A failed conditional update.
pub(crate) fn update_error(error: SdkError<UpdateItemError>) -> StoreError {
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(refused)) => refused_alone(refused.item()),
        _ => store_error(error),
    }
}

/// A failed transaction.
pub(crate) fn transact_error(error: SdkError<TransactWriteItemsError>) -> StoreError {
    match error.as_service_error() {
        Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => {
            match cancelled.cancellation_reasons() {
                [] => store_error(error),
                reasons => cancelled_error(reasons),
            }
        }
        _ => store_error(error),
    }
}

/// Wraps what is neither a refusal nor contention.
pub(crate) fn unavailable(error: impl Error + Send + Sync + 'static) -> StoreError {
    StoreError::Unavailable(Box::new(error))
}

/// The one operation of a write was refused.
fn refused_alone(old: Option<&HashMap<String, AttributeValue>>) -> StoreError {
    match old_row(old) {
        Ok(old) => StoreError::Refused(vec![OpRefusal { index: 0, old }]),
        Err(unreadable) => unreadable,
    }
}

/// Contention goes before refusals: where one operation conflicted, it is not known yet whether the refused ones were
/// refused because this very transaction was applied before.
fn cancelled_error(reasons: &[CancellationReason]) -> StoreError {
    let codes = || reasons.iter().map(|reason| reason.code().unwrap_or("None"));
    if codes().any(|code| !matches!(code, "None" | CONDITION_FAILED) && !is_contention(code)) {
        return unavailable(Cancelled(codes().map(str::to_owned).collect()));
    }
    if codes().any(is_contention) {
        return StoreError::Contention;
    }
    let refused = reasons
        .iter()
        .enumerate()
        .filter(|(_, reason)| reason.code() == Some(CONDITION_FAILED))
        .map(|(index, reason)| Ok(OpRefusal { index, old: old_row(reason.item())? }))
        .collect::<Result<Vec<_>, StoreError>>();
    match refused {
        Ok(refusals) => StoreError::Refused(refusals),
        Err(unreadable) => unreadable,
    }
}

const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Cancellation reasons and exceptions that pass when others have finished.
fn is_contention(code: &str) -> bool {
    matches!(
        code,
        "TransactionConflict"
            | "TransactionConflictException"
            | "TransactionInProgressException"
            | "ReplicatedWriteConflictException"
            | "ThrottlingError"
            | "ThrottlingException"
            | "ProvisionedThroughputExceeded"
            | "ProvisionedThroughputExceededException"
            | "RequestLimitExceeded"
    )
}

/// An absent row comes as no item, or from some endpoints as an empty one.
fn old_row(item: Option<&HashMap<String, AttributeValue>>) -> Result<Option<Value>, StoreError> {
    item.filter(|item| !item.is_empty()).map(|item| items::value(item.clone())).transpose()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn reason(code: &str) -> CancellationReason {
        CancellationReason::builder().code(code).build()
    }

    #[test]
    fn a_failed_condition_names_its_operation_and_the_row_it_found() {
        let old = items::attributes(&json!({"pk": "p", "sk": "s", "version": 3, "writer": "w"})).unwrap();
        let failed = CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(old)).build();
        let StoreError::Refused(refusals) = cancelled_error(&[reason("None"), failed, reason("None")]) else {
            panic!("not a refusal");
        };
        assert_eq!(
            refusals,
            [OpRefusal { index: 1, old: Some(json!({"pk": "p", "sk": "s", "version": 3, "writer": "w"})) }]
        );
    }

    #[test]
    fn an_absent_row_is_refused_without_an_old_one() {
        let empty =
            CancellationReason::builder().code(CONDITION_FAILED).set_item(Some(HashMap::new())).build();
        let StoreError::Refused(refusals) = cancelled_error(&[empty]) else { panic!("not a refusal") };
        assert_eq!(refusals, [OpRefusal { index: 0, old: None }]);
    }

    #[test]
    fn a_conflict_beside_a_failed_condition_is_contention() {
        for code in ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"] {
            let error = cancelled_error(&[reason(CONDITION_FAILED), reason(code)]);
            assert!(matches!(error, StoreError::Contention), "{code}: {error:?}");
        }
    }

    #[test]
    fn any_other_reason_is_neither_a_refusal_nor_contention() {
        let error = cancelled_error(&[reason("ValidationError"), reason("TransactionConflict")]);
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    }
}
