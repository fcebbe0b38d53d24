//! Burn rows in the write server's own DynamoDB table: `GRANT#<tenant>#<id>` / `BURN` and `KEY#<tenant>#<uuid>` / `KEY`.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::ReturnValue;
use chimera_domain::ports::Burn;
use chimera_domain::{Outcome, TenantId};
use serde_json::Value;
use uuid::Uuid;

use super::burn::{BurnKey, BurnRow, BurnStore, Put, StoreFault};
use super::dynamo::{
    Item, Table, decode, encode, fault, flag, is_cancelled, is_condition, past_conflicts, text, text_in,
};

/// Times a put is tried against another transaction on the same rows: such a conflict lasts milliseconds, and whoever
/// it was has then written.
const CONFLICT_TRIES: u32 = 4;

/// Burn rows in DynamoDB.
#[derive(Debug, Clone)]
pub struct DynamoBurns {
    table: Table,
}

impl DynamoBurns {
    /// Burn rows in `table`, whose keys are `pk` and `sk`.
    pub fn new(client: Client, table: impl Into<String>) -> Self {
        Self { table: Table::new(client, table) }
    }

    /// What a put that was not confirmed finds: its own row, where only the reply was lost, or the one in its way.
    async fn obstacle(&self, row: &BurnRow) -> Result<Option<Put>, StoreFault> {
        if let Some(found) = self.get(&row.place()).await? {
            // An own row that somebody has closed meanwhile is nobody's to act on.
            let own = found.writer == row.writer && found.state == row.state;
            return Ok(Some(if own { Put::New } else { Put::Found(found) }));
        }
        match row.key {
            Some(key) => Ok(self.by_key(&row.tenant, key).await?.map(Put::KeyUsed)),
            None => Ok(None),
        }
    }

    async fn try_put(&self, row: &BurnRow) -> Result<(), SdkError<TransactWriteItemsError>> {
        let mut transaction = self.table.client().transact_write_items();
        let key = row.key.map(|key| {
            let mut item = Table::key(key_pk(&row.tenant, key), "KEY");
            item.insert("grant".to_owned(), text(&row.grant));
            item
        });
        for item in [Some(write_row(row)), key].into_iter().flatten() {
            let put = self.table.put_absent(item).map_err(SdkError::construction_failure)?;
            transaction = transaction.transact_items(put);
        }
        transaction.send().await.map(|_| ())
    }
}

impl BurnStore for DynamoBurns {
    async fn get(&self, grant: &BurnKey) -> Result<Option<BurnRow>, StoreFault> {
        self.table.get(grant_pk(grant), "BURN").await?.map(|item| read_row(&item)).transpose()
    }

    async fn by_key(&self, tenant: &TenantId, key: Uuid) -> Result<Option<BurnRow>, StoreFault> {
        let Some(item) = self.table.get(key_pk(tenant, key), "KEY").await? else {
            return Ok(None);
        };
        let grant = text_in(&item, "grant")?.to_owned();
        self.get(&BurnKey { tenant: tenant.clone(), grant }).await
    }

    async fn put(&self, row: &BurnRow) -> Result<Put, StoreFault> {
        let mut last = None;
        for _ in 0..CONFLICT_TRIES {
            let Err(refused) = self.try_put(row).await else {
                return Ok(Put::New);
            };
            // A cancelled put wrote nothing. After any other failure only the row can tell: a grant that is burnt and not
            // acted on would wait for a human.
            match self.obstacle(row).await? {
                Some(found) => return Ok(found),
                None if is_cancelled(&refused) => last = Some(refused),
                None => return Err(fault(refused)),
            }
        }
        Err(last.map_or_else(|| StoreFault("the put was never tried".into()), fault))
    }

    async fn settle(
        &self,
        grant: &BurnKey,
        state: &Burn,
        closed: bool,
    ) -> Result<Option<BurnRow>, StoreFault> {
        let update = self
            .table
            .update(grant_pk(grant), "BURN")
            .condition_expression("#status = :flying")
            .update_expression("SET #status = :status, burn = :burn, closed = :closed")
            .expression_attribute_names("#status", "status")
            .expression_attribute_values(":flying", text(status(&Burn::InFlight)))
            .expression_attribute_values(":status", text(status(state)))
            .expression_attribute_values(":burn", text(encode(state)))
            .expression_attribute_values(":closed", flag(closed))
            .return_values(ReturnValue::AllNew);
        // Whoever voids or closes the grant meanwhile must not cost it its outcome.
        match past_conflicts(move || update.clone().send()).await {
            Ok(answer) => answer.attributes.map(|item| read_row(&item)).transpose(),
            Err(refused) if is_condition(&refused) => self.get(grant).await,
            Err(other) => Err(fault(other)),
        }
    }

    async fn add_late(&self, grant: &BurnKey, outcome: &Outcome) -> Result<(), StoreFault> {
        let update = self
            .table
            .update(grant_pk(grant), "BURN")
            .condition_expression("attribute_exists(pk)")
            .update_expression("SET late = :late")
            .expression_attribute_values(":late", text(encode(outcome)));
        past_conflicts(move || update.clone().send()).await.map_err(fault)?;
        Ok(())
    }
}

fn grant_pk(BurnKey { tenant, grant }: &BurnKey) -> String {
    format!("GRANT#{tenant}#{grant}")
}

fn key_pk(tenant: &TenantId, key: Uuid) -> String {
    format!("KEY#{tenant}#{key}")
}

fn write_row(row: &BurnRow) -> Item {
    let mut item = Table::key(grant_pk(&row.place()), "BURN");
    let fields = [
        ("tenant", text(row.tenant.as_str())),
        ("grant", text(&row.grant)),
        ("tool", text(&row.tool)),
        ("arguments", text(row.arguments.as_str())),
        ("writer", text(row.writer.to_string())),
        ("status", text(status(&row.state))),
        ("burn", text(encode(&row.state))),
        ("closed", flag(row.closed)),
        ("at", text(row.at.to_string())),
    ];
    item.extend(fields.map(|(name, value)| (name.to_owned(), value)));
    item.extend(row.key.map(|key| ("key".to_owned(), text(key.to_string()))));
    item
}

fn read_row(item: &Item) -> Result<BurnRow, StoreFault> {
    let optional = |name| item.get(name).and_then(|value| value.as_s().ok());
    Ok(BurnRow {
        tenant: TenantId::new(text_in(item, "tenant")?).map_err(fault)?,
        grant: text_in(item, "grant")?.to_owned(),
        tool: text_in(item, "tool")?.to_owned(),
        arguments: decode(&Value::from(text_in(item, "arguments")?).to_string())?,
        key: optional("key").map(|key| key.parse().map_err(fault)).transpose()?,
        writer: text_in(item, "writer")?.parse().map_err(fault)?,
        state: decode(text_in(item, "burn")?)?,
        closed: item.get("closed").and_then(|value| value.as_bool().ok()).copied().unwrap_or_default(),
        late: optional("late").map(|late| decode(late)).transpose()?,
        at: text_in(item, "at")?.parse().map_err(fault)?,
    })
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
