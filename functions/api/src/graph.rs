//! [PL-24] A campaign's plan as a graph: as data, as a picture, as a flowchart. Put together from the rows and stored nowhere.

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use axum::response::{IntoResponse, Response};
use chimera_domain::{CampaignId, RowKey};
use chimera_graph::CampaignGraph;
use serde::Deserialize;

use crate::caller::{At, Caller};
use crate::errors::{self, Problem};
use crate::etag;
use crate::paging;
use crate::state::{Api, Clock, Ids, Store};

/// What a picture that is opened by itself may do: wear its own style, and nothing else.
const GUARDS: [(HeaderName, &str); 2] = [
    (header::CONTENT_SECURITY_POLICY, "default-src 'none'; style-src 'unsafe-inline'"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// The form that was asked for.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Format {
    /// Everything, as data.
    #[default]
    Json,
    /// A picture.
    Svg,
    /// A Mermaid flowchart.
    Mermaid,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default)]
    format: Format,
}

impl<S: Send + Sync> FromRequestParts<S> for Format {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let asked: Asked = paging::query(parts, "format (json, svg or mermaid)")?;
        Ok(asked.format)
    }
}

/// `GET /campaigns/{campaign}/graph`.
pub(crate) async fn show<S: Store, C: Clock, I: Ids>(
    State(api): State<Api<S, C, I>>,
    caller: Caller,
    headers: HeaderMap,
    format: Format,
    At(id): At<CampaignId>,
) -> Result<Response, Problem> {
    let partition = RowKey::campaign_partition(&caller.tenant, &id);
    let rows = api.store().query(&partition, "").await.map_err(errors::store)?;
    let graph = CampaignGraph::of(rows.into_iter().map(|stored| stored.row)).ok_or_else(errors::not_found)?;
    let answer = match format {
        Format::Json => {
            let value = serde_json::to_value(graph).map_err(errors::defect)?;
            etag::answer(&headers, &etag::of_value(&value), value)
        }
        Format::Svg => text(&headers, "image/svg+xml", graph.svg()),
        Format::Mermaid => text(&headers, "text/plain; charset=utf-8", graph.mermaid()),
    };
    Ok((GUARDS, answer).into_response())
}

fn text(headers: &HeaderMap, kind: &'static str, text: String) -> Response {
    let tag = etag::of_text(&text);
    etag::answer_with(headers, &tag, ([(header::CONTENT_TYPE, kind)], text))
}
