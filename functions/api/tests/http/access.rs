//! Who may ask what.

use api::ROUTES;
use axum::body::Body;
use axum::http::StatusCode;
use chimera_domain::EffectStatus;
use chimera_runtime::auth::{Operation, Role, allowed};
use chimera_testkit::builders::a_campaign;
use serde_json::{Value, json};

use crate::world::{World, a_review, an_effect};

/// A route's path with ids of rows that are there.
fn filled(path: &str) -> String {
    let id = match path {
        _ if path.starts_with("/reviews/") => "write-1-r1",
        _ if path.starts_with("/effects/") => "write-1-e1",
        _ if path.starts_with("/tasks/") => "write-1",
        _ if path.starts_with("/agents/") => "mira",
        _ => "c-1",
    };
    path.replace("{campaign}", "c-1").replace("{id}", id).replace("{task}", "write-1")
}

fn world() -> World {
    let world = World::new();
    world.cloud.force(a_campaign().build()).unwrap();
    world.cloud.force(a_review("write-1-r1")).unwrap();
    world.cloud.force(an_effect("write-1-e1", EffectStatus::Approved)).unwrap();
    world
}

///
#[tokio::test]
async fn each_role_may_exactly_what_the_table_says() {
    for route in ROUTES {
        let Some(operation) = route.operation else { continue };
        for role in Role::ALL {
            let world = world();
            let headers = world.headers(&[role.name()], "acme");
            let answer = world.send(route.method, &filled(route.path), headers, Body::empty()).await;
            let cell = format!("{role} {} {}: {}", route.method, route.path, answer.body);
            if allowed(role, operation) {
                assert_ne!(answer.status, StatusCode::FORBIDDEN, "{cell}");
                assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{cell}");
            } else {
                assert_eq!(answer.status, StatusCode::FORBIDDEN, "{cell}");
                answer.is(StatusCode::FORBIDDEN, "forbidden");
            }
            assert!(answer.status.as_u16() < 500, "{cell}");
        }
    }
}

///
#[tokio::test]
async fn nobody_is_nobody() {
    let world = world();
    for route in ROUTES.iter().filter(|route| route.operation.is_some()) {
        let answer = world.send(route.method, &filled(route.path), vec![], Body::empty()).await;
        answer.is(StatusCode::UNAUTHORIZED, "unauthenticated");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    for path in ["/nothing", "/", "/campaigns/"] {
        world.send("GET", path, vec![], Body::empty()).await.is(StatusCode::UNAUTHORIZED, "unauthenticated");
    }
    let health = world.send("GET", "/health", vec![], Body::empty()).await;
    assert_eq!((health.status, &health.body["status"]), (StatusCode::OK, &json!("ok")));
}

///
#[tokio::test]
async fn a_token_that_is_not_ours_is_refused() {
    let (world, stranger) = (world(), World::new());
    let good = world.claims(&["admin"], "acme", "ada");
    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        world.token(&claims)
    };
    for token in [
        stranger.token(&good),
        with("iss", json!("https://other.example")),
        with("aud", json!("other")),
        with("exp", json!(1)),
        with("nbf", json!(4_000_000_000_u64)),
        "x.y.z".to_owned(),
        String::new(),
    ] {
        let headers = vec![("authorization".to_owned(), format!("Bearer {token}"))];
        let answer = world.send("GET", "/campaigns", headers, Body::empty()).await;
        answer.is(StatusCode::UNAUTHORIZED, "unauthenticated");
    }
    let basic = vec![("authorization".to_owned(), "Basic YTpi".to_owned())];
    let answer = world.send("GET", "/campaigns", basic, Body::empty()).await;
    answer.is(StatusCode::UNAUTHORIZED, "unauthenticated");
}

/// [P-9]
#[tokio::test]
async fn another_tenants_rows_are_not_there() {
    let world = world();
    let digest = a_review("write-1-r1").digest;
    for (method, path, body) in [
        ("GET", "/campaigns/c-1", Value::Null),
        ("GET", "/campaigns/c-1/graph", Value::Null),
        ("POST", "/campaigns/c-1/pause", json!({})),
        ("POST", "/campaigns/c-1/resume", json!({})),
        ("POST", "/campaigns/c-1/cancel", json!({})),
        ("PUT", "/campaigns/c-1/budget", json!({"budget": {"minor": 1, "currency": "USD"}})),
        ("POST", "/campaigns/c-1/tasks/write-1/retry", json!({})),
        ("GET", "/agents/mira", Value::Null),
        ("GET", "/agents/mira/watch", Value::Null),
        ("GET", "/reviews/c-1/write-1-r1", Value::Null),
        ("POST", "/reviews/c-1/write-1-r1/decision", json!({"decision": "approve", "digest": digest})),
        ("GET", "/effects/c-1/write-1-e1/receipt", Value::Null),
        ("GET", "/tasks/c-1/write-1/receipt", Value::Null),
        ("GET", "/reviews/c-1/write-1-r1/receipt", Value::Null),
        ("GET", "/ledger/c-1", Value::Null),
        ("GET", "/audit/c-1", Value::Null),
        ("POST", "/dead-letters/c-1/m-1/redrive", json!({})),
    ] {
        let headers = world.headers(&["admin"], "other");
        let body = if body.is_null() { String::new() } else { body.to_string() };
        world.send(method, path, headers, body).await.is(StatusCode::NOT_FOUND, "not_found");
    }
    for path in ["/campaigns", "/reviews", "/dead-letters"] {
        let headers = world.headers(&["admin"], "other");
        let answer = world.send("GET", path, headers, Body::empty()).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert!(!answer.body.to_string().contains("c-1"), "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_known_path_names_its_methods() {
    let world = world();
    let headers = world.headers(&["admin"], "acme");
    let answer = world.send("DELETE", "/campaigns", headers, Body::empty()).await;
    answer.is(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET,HEAD,POST");
    let headers = world.headers(&["admin"], "acme");
    let answer =
        world.send("GET", "/reviews/c-1/write-1-r1/decision?decision=approve", headers, Body::empty()).await;
    answer.is(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed");
}

/// The specification and the routes are one list.
#[test]
fn the_table_of_routes_is_the_specifications() {
    let spec = include_str!("../../../../specs/roles.md");
    let rows = spec
        .lines()
        .filter(|line| ["| `GET /", "| `POST /", "| `PUT /"].iter().any(|start| line.starts_with(start)));
    let specified: Vec<String> = rows.map(str::to_owned).collect();
    let routed: Vec<String> = ROUTES
        .iter()
        .map(|route| {
            let operation = route.operation.map_or_else(
                || "none: open to anybody".to_owned(),
                |operation| format!("`{}`", operation.name()),
            );
            format!("| `{} {}` | {operation} |", route.method, route.path)
        })
        .collect();
    assert_eq!(specified, routed);
}

/// The specification's table is the one that is applied.
#[test]
fn the_table_of_roles_is_the_specifications() {
    let spec = include_str!("../../../../specs/roles.md");
    for operation in Operation::ALL {
        let cells: String = Role::ALL
            .into_iter()
            .map(|role| if allowed(role, operation) { " yes |" } else { " |" })
            .collect();
        let row = format!("| `{}` |{cells}", operation.name());
        assert!(spec.lines().any(|line| line == row), "{row}");
    }
}
