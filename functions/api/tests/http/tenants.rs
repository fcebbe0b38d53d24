//! Two tenants whose rows have the same ids: whatever one asks, it sees its own, and changes nothing of the other's.

use api::{ROUTES, Route};
use axum::http::StatusCode;
use chimera_domain::ports::{AuditEntry, AuditWriter as _, MoneyWriter as _};
use chimera_domain::{
    Agent, Bucket, Campaign, CampaignStatus, DeadLetter, Digest, EffectStatus, Intent, LedgerEntry,
    MoneyTransaction, Policy, PolicyRow, Reservation, RowKey, Table, Task, TaskStatus, TenantId, Transaction,
    WorkOutcome, WriterId,
};
use chimera_testkit::builders::{a_campaign, a_policy, a_task, an_agent, an_intent, cents, morning};
use serde_json::{Value, json};

use crate::world::{Answer, World, a_brief, a_review, an_effect};

const TENANTS: [&str; 2] = ["acme", "beta"];

/// A word that stands in every row of the tenant's, and in no other's.
fn mark(tenant: &str) -> String {
    format!("only-for-{tenant}")
}

fn other(tenant: &str) -> &'static str {
    if tenant == TENANTS[0] { TENANTS[1] } else { TENANTS[0] }
}

fn marked_intent(tenant: &str) -> Intent {
    an_intent(&format!("Lantern reads logs, {}.", mark(tenant)))
}

async fn fill(world: &World, name: &str) {
    let (tenant, mark) = (TenantId::new(name).unwrap(), mark(name));
    let campaign = a_campaign().of_tenant(tenant.clone()).build();
    let brief = chimera_domain::Brief { goal: mark.clone(), ..campaign.brief.clone() };
    let campaign = Campaign { brief, status: CampaignStatus::Active, ..campaign };
    let persona = chimera_domain::Persona { name: mark.clone(), ..an_agent().persona };
    let policy = Policy { recipients: Some([mark.clone()].into()), ..a_policy() };
    let task = Task { tenant: tenant.clone(), goal: mark.clone(), status: TaskStatus::Failed, ..a_task() };
    let letter = DeadLetter {
        id: "m-1".to_owned(),
        tenant: Some(tenant.clone()),
        campaign: Some(campaign.id.clone()),
        task: Some(task.id.clone()),
        origin: "TaskQueue".to_owned(),
        body: String::new(),
        bytes: 0,
        digest: Digest::of_bytes(b""),
        reason: mark.clone(),
        receives: Some(6),
        at: morning(),
        redriven_at: None,
    };
    let mut review = a_review("write-1-r1");
    review.tenant = tenant.clone();
    review.content.outcome = WorkOutcome::Intent { intent: marked_intent(name) };
    let mut effect = an_effect("write-1-e1", EffectStatus::Approved);
    effect.tenant = tenant.clone();
    effect.intent = marked_intent(name);
    world.cloud.force(Agent { tenant: tenant.clone(), persona, ..an_agent() }).unwrap();
    world.cloud.force(PolicyRow { tenant: tenant.clone(), policy }).unwrap();
    world.cloud.force(task).unwrap();
    world.cloud.force(letter).unwrap();
    world.cloud.force(review).unwrap();

    let audited = format!("state|{}|META", RowKey::campaign_partition(&tenant, &campaign.id));
    let entry = AuditEntry::new(audited, 1, None, Digest::of_bytes(b"1"), "req-1", json!({"reason": mark}));
    world.cloud.put(&entry).await.unwrap();
    let buckets = vec![Bucket::Campaign { campaign: campaign.id.clone() }];
    let reservation = Reservation { number: 1, amount: cents(20), day: mark, buckets };
    let entry = LedgerEntry::Reserve {
        campaign: campaign.id.clone(),
        effect: effect.id.clone(),
        reservation: reservation.clone(),
        at: morning(),
    };
    let write = Transaction::by(WriterId::new("test")).insert(effect).unwrap().insert(campaign).unwrap();
    let write =
        MoneyTransaction::from(write).reserve(&tenant, &entry, &reservation, &[cents(1_000)]).unwrap();
    world.cloud.write_money(&write).await.unwrap();
}

async fn world_of_two() -> World {
    let world = World::new();
    for tenant in TENANTS {
        fill(&world, tenant).await;
    }
    world
}

/// Everything in the tables that is not this tenant's.
fn others(world: &World, tenant: &str) -> Vec<(Table, RowKey, Value)> {
    let own = format!("T#{tenant}#");
    let tables = [Table::State, Table::Ledger, Table::Decisions].into_iter();
    let rows = tables
        .flat_map(|table| world.cloud.items(table).into_iter().map(move |(key, item)| (table, key, item)));
    rows.filter(|(_, key, _)| !key.pk.starts_with(&own)).collect()
}

async fn ask(world: &World, tenant: &str, route: &Route) -> Answer {
    let id = match route.path {
        path if path.starts_with("/reviews/") => "write-1-r1",
        path if path.starts_with("/effects/") => "write-1-e1",
        path if path.starts_with("/tasks/") => "write-1",
        path if path.starts_with("/agents/") => "mira",
        path if path.starts_with("/dead-letters/") => "m-1",
        _ => "c-1",
    };
    let path = route.path.replace("{campaign}", "c-1").replace("{id}", id).replace("{task}", "write-1");
    let mut headers = world.headers(&["admin"], tenant);
    headers.push(("idempotency-key".to_owned(), "key-1".to_owned()));
    let body = match (route.method, route.path) {
        ("GET", _) => String::new(),
        ("PUT", "/agents/{id}") => {
            headers.push(("content-type".to_owned(), "text/markdown".to_owned()));
            "---\nname: Mira\nid: mira\nvoice_traits: [dry]\ndirectives: [Name it.]\n---\nBorn.\n".to_owned()
        }
        ("PUT", "/policy") => json!(a_policy()).to_string(),
        ("PUT", "/campaigns/{id}/budget") => json!({"budget": cents(5_000)}).to_string(),
        ("POST", "/campaigns") => a_brief().to_string(),
        ("POST", "/reviews/{campaign}/{id}/decision") => {
            json!({"decision": "approve", "digest": a_review("write-1-r1").digest}).to_string()
        }
        _ => "{}".to_owned(),
    };
    world.send(route.method, &path, headers, body).await
}

/// Those of a plan that waits: the campaigns here are at work (`plans.rs` has them).
fn is_of_waiting_plans(path: &str) -> bool {
    path.contains("/plan")
}

/// What an agent watches has no words of its tenant's (`watches.rs` has it).
fn has_marks(path: &str) -> bool {
    !path.ends_with("/watch")
}

/// [A-5] [P-9]
#[tokio::test]
async fn each_tenant_reads_its_own_rows_and_nothing_of_the_others() {
    let world = world_of_two().await;
    let routes = ROUTES.iter().filter(|route| route.method == "GET" && route.operation.is_some());
    for route in routes.filter(|route| !is_of_waiting_plans(route.path)) {
        for tenant in TENANTS {
            let answer = ask(&world, tenant, route).await;
            let case = format!("{tenant} {}: {}", route.path, answer.body);
            assert_eq!(answer.status, StatusCode::OK, "{case}");
            let text = answer.body.to_string();
            assert!(!has_marks(route.path) || text.contains(&mark(tenant)), "{case}");
            assert!(!text.contains(&mark(other(tenant))), "{case}");
        }
    }
}

/// [A-5] [P-9]
#[tokio::test]
async fn whatever_a_tenant_does_the_others_rows_stay_as_they_were() {
    let routes = ROUTES.iter().filter(|route| route.method != "GET");
    for route in routes.filter(|route| !is_of_waiting_plans(route.path)) {
        let world = world_of_two().await;
        for tenant in TENANTS {
            let before = others(&world, tenant);
            let answer = ask(&world, tenant, route).await;
            let case = format!("{tenant} {} {}: {}", route.method, route.path, answer.body);
            assert!(answer.status.is_success(), "{case}");
            assert!(!answer.body.to_string().contains(&mark(other(tenant))), "{case}");
            assert!(others(&world, tenant) == before, "{case}");
        }
    }
}

///
#[tokio::test]
async fn one_key_of_two_tenants_is_two_campaigns() {
    let world = world_of_two().await;
    let route = ROUTES.iter().find(|route| (route.method, route.path) == ("POST", "/campaigns")).unwrap();
    let first = ask(&world, TENANTS[0], route).await;
    let second = ask(&world, TENANTS[1], route).await;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_ne!(first.body["id"], second.body["id"]);
    let again = ask(&world, TENANTS[0], route).await;
    assert_eq!((again.status, &again.body["id"]), (StatusCode::OK, &first.body["id"]));
}
