//! Whether the function answers at all. It says nothing about the stores: an alarm watches those.

use axum::Json;
use serde_json::{Value, json};

/// `GET /health`, for anybody.
pub(crate) async fn show() -> Json<Value> {
    Json(json!({"status": "ok"}))
}
