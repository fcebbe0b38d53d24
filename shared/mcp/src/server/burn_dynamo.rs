//! Burn rows in the write server's own DynamoDB table: `GRANT#<tenant>#<id>` / `BURN` and `KEY#<tenant>#<uuid>` / `KEY`.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, Put as PutItem, ReturnValue, TransactWriteItem};
use chimera_domain::ports::Burn;
use chimera_domain::{Outcome, TenantId};
use serde_json::Value;

use super::burn::{BurnRow, BurnStore, Put, StoreFault};

/// Times a put is tried against another transaction on the same rows: such a conflict lasts milliseconds, and whoever
/// it was has then written.
const CONFLICT_TRIES: u32 = 4;

/// Burn rows in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoBurns {
    client: Client,
    table: String,
}

impl DynamoBurns {
    /// Burn rows in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { client, table: table.into() }
    }

    async fn read(&self, pk: &str, sk: &str) -> Result<Option<Item>, StoreFault> {
        let answer = self
            .client
            .get_item()
            .table_name(&self.table)
            .key("pk", text(pk))
            .key("sk", text(sk))
            .consistent_read(true)
            .send()
            .await
            .map_err(fault)?;
        Ok(answer.item)
    }

    /// The row that stands in the way of a refused put.
    async fn obstacle(&self, row: &BurnRow) -> Result<Option<Put>, StoreFault> {
        if let Some(found) = self.get(&row.tenant, &row.grant).await? {
            let own = found.writer == row.writer;
            return Ok(Some(if own { Put::New } else { Put::Found(found) }));
        }
        let Some(key) = row.key else {
            return Ok(None);
        };
        let Some(item) = self.read(&key_pk(&row.tenant, &key.to_string()), "KEY").await? else {
            return Ok(None);
        };
        let holder = self.get(&row.tenant, string(&item, "grant")?).await?;
        Ok(holder.map(Put::KeyUsed))
    }

    async fn try_put(&self, row: &BurnRow) -> Result<(), SdkError<TransactWriteItemsError>> {
        let mut transaction = self.client.transact_write_items();
        let mut items = vec![write_row(row)];
        items.extend(row.key.map(|key| {
            HashMap::from([
                ("pk".to_owned(), text(key_pk(&row.tenant, &key.to_string()))),
                ("sk".to_owned(), text("KEY")),
                ("grant".to_owned(), text(&row.grant)),
            ])
        }));
        for item in items {
            let put = PutItem::builder()
                .table_name(&self.table)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .map_err(SdkError::construction_failure)?;
            transaction = transaction.transact_items(TransactWriteItem::builder().put(put).build());
        }
        transaction.send().await.map(|_| ())
    }
}

type Item = HashMap<String, AttributeValue>;

impl BurnStore for DynamoBurns {
    async fn get(&self, tenant: &TenantId, grant: &str) -> Result<Option<BurnRow>, StoreFault> {
        self.read(&grant_pk(tenant, grant), "BURN").await?.map(|item| read_row(&item)).transpose()
    }

    async fn put(&self, row: &BurnRow) -> Result<Put, StoreFault> {
        let mut last = None;
        for _ in 0..CONFLICT_TRIES {
            let Err(refused) = self.try_put(row).await else {
                return Ok(Put::New);
            };
            let cancelled = matches!(
                refused.as_service_error(),
                Some(TransactWriteItemsError::TransactionCanceledException(_))
            );
            if !cancelled {
                return Err(fault(refused));
            }
            if let Some(found) = self.obstacle(row).await? {
                return Ok(found);
            }
            last = Some(refused);
        }
        Err(last.map_or_else(|| StoreFault("the put was never tried".into()), fault))
    }

    async fn settle(
        &self,
        tenant: &TenantId,
        grant: &str,
        state: &Burn,
        closed: bool,
    ) -> Result<Option<BurnRow>, StoreFault> {
        let updated = self
            .client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(grant_pk(tenant, grant)))
            .key("sk", text("BURN"))
            .condition_expression("#status = :flying")
            .update_expression("SET #status = :status, burn = :burn, closed = :closed")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":flying", text(status(&Burn::InFlight)))
            .expression_attribute_values(":status", text(status(state)))
            .expression_attribute_values(":burn", text(encode(state)))
            .expression_attribute_values(":closed", AttributeValue::Bool(closed))
            .return_values(ReturnValue::AllNew)
            .send()
            .await;
        match updated {
            Ok(answer) => answer.attributes.map(|item| read_row(&item)).transpose(),
            Err(refused) if is_condition(&refused) => self.get(tenant, grant).await,
            Err(other) => Err(fault(other)),
        }
    }

    async fn add_late(&self, tenant: &TenantId, grant: &str, outcome: &Outcome) -> Result<(), StoreFault> {
        self.client
            .update_item()
            .table_name(&self.table)
            .key("pk", text(grant_pk(tenant, grant)))
            .key("sk", text("BURN"))
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET late = :late")
            .expression_attribute_values(":late", text(encode(outcome)))
            .send()
            .await
            .map_err(fault)?;
        Ok(())
    }
}

fn is_condition(error: &SdkError<UpdateItemError>) -> bool {
    matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_)))
}

fn grant_pk(tenant: &TenantId, grant: &str) -> String {
    format!("GRANT#{tenant}#{grant}")
}

fn key_pk(tenant: &TenantId, key: &str) -> String {
    format!("KEY#{tenant}#{key}")
}

fn write_row(row: &BurnRow) -> Item {
    let mut item = HashMap::from([
        ("pk".to_owned(), text(grant_pk(&row.tenant, &row.grant))),
        ("sk".to_owned(), text("BURN")),
        ("tenant".to_owned(), text(row.tenant.as_str())),
        ("grant".to_owned(), text(&row.grant)),
        ("arguments".to_owned(), text(row.arguments.as_str())),
        ("writer".to_owned(), text(row.writer.to_string())),
        ("status".to_owned(), text(status(&row.state))),
        ("burn".to_owned(), text(encode(&row.state))),
        ("closed".to_owned(), AttributeValue::Bool(row.closed)),
        ("at".to_owned(), text(row.at.to_string())),
    ]);
    if let Some(key) = row.key {
        item.insert("key".to_owned(), text(key.to_string()));
    }
    item
}

fn read_row(item: &Item) -> Result<BurnRow, StoreFault> {
    let optional = |name| item.get(name).and_then(|value| value.as_s().ok());
    Ok(BurnRow {
        tenant: TenantId::new(string(item, "tenant")?).map_err(fault)?,
        grant: string(item, "grant")?.to_owned(),
        arguments: decode(&Value::from(string(item, "arguments")?).to_string())?,
        key: optional("key").map(|key| key.parse().map_err(fault)).transpose()?,
        writer: string(item, "writer")?.parse().map_err(fault)?,
        state: decode(string(item, "burn")?)?,
        closed: item.get("closed").and_then(|value| value.as_bool().ok()).copied().unwrap_or_default(),
        late: optional("late").map(|late| decode(late)).transpose()?,
        at: string(item, "at")?.parse().map_err(fault)?,
    })
}

fn string<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreFault> {
    let value = item.get(name).and_then(|value| value.as_s().ok());
    value.map(String::as_str).ok_or_else(|| StoreFault(format!("a burn row lacks {name}").into()))
}

fn status(burn: &Burn) -> &'static str {
    match burn {
        Burn::Void => "void",
        Burn::InFlight => "in_flight",
        Burn::Done { .. } => "done",
        Burn::Refused { .. } => "refused",
        Burn::Unused => "unused",
    }
}

fn encode<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).unwrap_or_default().to_string()
}

fn decode<T: serde::de::DeserializeOwned>(text: &str) -> Result<T, StoreFault> {
    serde_json::from_str(text).map_err(fault)
}

fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

fn fault(error: impl std::error::Error + Send + Sync + 'static) -> StoreFault {
    StoreFault(Box::new(error))
}
