//! The routes, and what each asks of the caller's role.

use axum::routing::{get, post, put};
use axum::{Router, middleware};
use chimera_runtime::auth::Operation::{
    self, DecideReview, PutAgent, PutPolicy, ReadAudit, ReadCampaigns, ReadMoney, ReadReviews, SetBudget,
    StartCampaign, SteerCampaign,
};

use crate::state::{Api, Clock, Ids, Store};
use crate::{
    agents, audit, budgets, caller, campaigns, controls, dead_letters, decisions, errors, graph, health,
    ledger, plans, policies, receipts, retries, reviews, watches,
};

/// One route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: &'static str,
    /// Its path, as the template spells it.
    pub path: &'static str,
    /// What the caller's role must allow; nothing where anybody may ask.
    pub operation: Option<Operation>,
}

const fn route(method: &'static str, path: &'static str, operation: Operation) -> Route {
    Route { method, path, operation: Some(operation) }
}

/// Every route. The template has one event per entry, and a request for anything else is refused.
pub const ROUTES: &[Route] = &[
    route("GET", "/campaigns", ReadCampaigns),
    route("POST", "/campaigns", StartCampaign),
    route("GET", "/campaigns/{id}", ReadCampaigns),
    route("GET", "/campaigns/{id}/graph", ReadCampaigns),
    route("POST", "/campaigns/{id}/pause", SteerCampaign),
    route("POST", "/campaigns/{id}/resume", SteerCampaign),
    route("POST", "/campaigns/{id}/cancel", SteerCampaign),
    route("PUT", "/campaigns/{id}/budget", SetBudget),
    route("POST", "/campaigns/{id}/tasks/{task}/retry", SteerCampaign),
    route("GET", "/campaigns/{id}/plan", ReadCampaigns),
    route("PUT", "/campaigns/{id}/plan", SteerCampaign),
    route("POST", "/campaigns/{id}/plan/approve", SteerCampaign),
    route("POST", "/campaigns/{id}/plan/reject", SteerCampaign),
    route("GET", "/agents/{id}", ReadCampaigns),
    route("PUT", "/agents/{id}", PutAgent),
    route("GET", "/agents/{id}/watch", ReadCampaigns),
    route("GET", "/policy", ReadCampaigns),
    route("PUT", "/policy", PutPolicy),
    route("GET", "/reviews", ReadReviews),
    route("GET", "/api/review_queue", ReadReviews),
    route("GET", "/reviews/{campaign}/{id}", ReadReviews),
    route("POST", "/reviews/{campaign}/{id}/decision", DecideReview),
    route("GET", "/reviews/{campaign}/{id}/receipt", ReadReviews),
    route("GET", "/tasks/{campaign}/{id}/receipt", ReadCampaigns),
    route("GET", "/effects/{campaign}/{id}/receipt", ReadCampaigns),
    route("GET", "/ledger/{campaign}", ReadMoney),
    route("GET", "/audit/{campaign}", ReadAudit),
    route("GET", "/dead-letters", ReadCampaigns),
    route("POST", "/dead-letters/{campaign}/{id}/redrive", SteerCampaign),
    Route { method: "GET", path: "/health", operation: None },
];

/// The routes over `api`.
pub fn router<S: Store, C: Clock, I: Ids>(api: Api<S, C, I>) -> Router {
    Router::new()
        .route("/campaigns", get(campaigns::list::<S, C, I>).post(campaigns::create::<S, C, I>))
        .route("/campaigns/{id}", get(campaigns::show::<S, C, I>))
        .route("/campaigns/{id}/graph", get(graph::show::<S, C, I>))
        .route("/campaigns/{id}/pause", post(controls::pause::<S, C, I>))
        .route("/campaigns/{id}/resume", post(controls::resume::<S, C, I>))
        .route("/campaigns/{id}/cancel", post(controls::cancel::<S, C, I>))
        .route("/campaigns/{id}/budget", put(budgets::put::<S, C, I>))
        .route("/campaigns/{id}/tasks/{task}/retry", post(retries::retry::<S, C, I>))
        .route("/campaigns/{id}/plan", get(plans::show::<S, C, I>).put(plans::put::<S, C, I>))
        .route("/campaigns/{id}/plan/approve", post(plans::approve::<S, C, I>))
        .route("/campaigns/{id}/plan/reject", post(plans::reject::<S, C, I>))
        .route("/agents/{id}", get(agents::show::<S, C, I>).put(agents::put::<S, C, I>))
        .route("/agents/{id}/watch", get(watches::show::<S, C, I>))
        .route("/policy", get(policies::show::<S, C, I>).put(policies::put::<S, C, I>))
        .route("/reviews", get(reviews::list::<S, C, I>))
        .route("/api/review_queue", get(reviews::list::<S, C, I>))
        .route("/reviews/{campaign}/{id}", get(reviews::show::<S, C, I>))
        .route("/reviews/{campaign}/{id}/decision", post(decisions::decide::<S, C, I>))
        .route("/reviews/{campaign}/{id}/receipt", get(receipts::of_review::<S, C, I>))
        .route("/tasks/{campaign}/{id}/receipt", get(receipts::of_task::<S, C, I>))
        .route("/effects/{campaign}/{id}/receipt", get(receipts::of_effect::<S, C, I>))
        .route("/ledger/{campaign}", get(ledger::show::<S, C, I>))
        .route("/audit/{campaign}", get(audit::show::<S, C, I>))
        .route("/dead-letters", get(dead_letters::list::<S, C, I>))
        .route("/dead-letters/{campaign}/{id}/redrive", post(dead_letters::redrive::<S, C, I>))
        .route("/health", get(health::show))
        .fallback(caller::no_such_path)
        .method_not_allowed_fallback(caller::no_such_method)
        .layer(middleware::from_fn(errors::finish))
        .with_state(api)
}
