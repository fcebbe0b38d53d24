//! Answers in a server's own DynamoDB table: `ANSWER#<tenant>#<tool>` / `KEY#<key>`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;
use chimera_domain::Timestamp;
use serde_json::Value;

use super::answers::{AnswerKey, AnswerRow, AnswerStore, Taken, Taking};
use super::burn::StoreFault;
use super::dynamo::{
    Item, Table, decode, encode, fault, is_condition, json_in, number, number_in, text, text_in,
};

/// A key that nobody holds, or whose holder's lease has run out.
const FREE: &str = "attribute_not_exists(pk) OR #status = :free \
                    OR (#status = :held AND arguments = :arguments AND (until_ms <= :now OR holder = :holder))";

/// Answers in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoAnswers {
    table: Table,
}

impl DynamoAnswers {
    /// Answers in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table::new(client, table) }
    }

    async fn row(&self, key: &AnswerKey) -> Result<Option<AnswerRow>, StoreFault> {
        let item = self.table.get(pk(key), sk(key)).await?;
        Ok(item.map(|item| read_row(&item)).transpose()?.flatten())
    }
}

impl AnswerStore for DynamoAnswers {
    async fn take(&self, taking: &Taking) -> Result<Taken, StoreFault> {
        let key = &taking.key;
        let update = self.table.update(pk(key), sk(key)).condition_expression(FREE);
        let taken = update
            .update_expression(
                "SET #status = :held, arguments = :arguments, holder = :holder, until_ms = :until",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":free", text("free"))
            .expression_attribute_values(":held", text("in_progress"))
            .expression_attribute_values(":arguments", text(taking.arguments.as_str()))
            .expression_attribute_values(":holder", text(taking.holder.to_string()))
            .expression_attribute_values(":now", number(taking.now.as_millisecond()))
            .expression_attribute_values(":until", number(taking.until.as_millisecond()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(refused) = taken else {
            return Ok(Taken::Own);
        };
        let found = match refused.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(found)) => Some(found.item().map(read_row)),
            _ => None,
        };
        let Some(row) = found else {
            // Whether it was written only the row can tell: a key that is held and not used would wait for its lease.
            let own = |row: AnswerRow| row.holder == taking.holder && row.answer.is_none();
            let is_own = self.row(key).await?.is_some_and(own);
            return if is_own { Ok(Taken::Own) } else { Err(fault(refused)) };
        };
        let row = row.transpose()?.flatten();
        // What stood in the way has gone meanwhile: whoever it was is asked about again soon.
        Ok(row.map_or(Taken::InProgress(taking.now), |row| row.seen_by(taking)))
    }

    async fn finish(&self, taking: &Taking, answer: &Value) -> Result<Value, StoreFault> {
        let key = &taking.key;
        let update = self.table.update(pk(key), sk(key));
        let stored = update
            .condition_expression(
                "attribute_not_exists(pk) OR #status = :free OR (#status = :held AND arguments = :arguments)",
            )
            .update_expression(
                "SET #status = :done, arguments = :arguments, holder = :holder, until_ms = :until, answer = :answer",
            )
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":free", text("free"))
            .expression_attribute_values(":held", text("in_progress"))
            .expression_attribute_values(":done", text("done"))
            .expression_attribute_values(":arguments", text(taking.arguments.as_str()))
            .expression_attribute_values(":holder", text(taking.holder.to_string()))
            .expression_attribute_values(":until", number(taking.until.as_millisecond()))
            .expression_attribute_values(":answer", text(encode(answer)))
            .send()
            .await;
        match stored {
            Ok(_) => Ok(answer.clone()),
            Err(refused) if is_condition(&refused) => {
                let standing = self.row(key).await?.filter(|row| row.arguments == taking.arguments);
                Ok(standing.and_then(|row| row.answer).unwrap_or_else(|| answer.clone()))
            }
            Err(other) => Err(fault(other)),
        }
    }

    async fn release(&self, taking: &Taking) -> Result<(), StoreFault> {
        let key = &taking.key;
        let update = self.table.update(pk(key), sk(key));
        let freed = update
            .condition_expression("#status = :held AND holder = :holder")
            .update_expression("SET #status = :free")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":free", text("free"))
            .expression_attribute_values(":held", text("in_progress"))
            .expression_attribute_values(":holder", text(taking.holder.to_string()))
            .send()
            .await;
        match freed {
            Ok(_) => Ok(()),
            // Another call has taken it over.
            Err(refused) if is_condition(&refused) => Ok(()),
            Err(other) => Err(fault(other)),
        }
    }
}

fn pk(key: &AnswerKey) -> String {
    format!("ANSWER#{}#{}", key.tenant, key.tool)
}

fn sk(key: &AnswerKey) -> String {
    format!("KEY#{}", key.key)
}

/// The row, unless it is free.
fn read_row(item: &Item) -> Result<Option<AnswerRow>, StoreFault> {
    if text_in(item, "status")? == "free" {
        return Ok(None);
    }
    let until = Timestamp::from_millisecond(number_in(item, "until_ms")?).map_err(fault)?;
    Ok(Some(AnswerRow {
        arguments: decode(&Value::from(text_in(item, "arguments")?).to_string())?,
        holder: text_in(item, "holder")?.parse().map_err(fault)?,
        until,
        answer: item.contains_key("answer").then(|| json_in(item, "answer")).transpose()?,
    }))
}
