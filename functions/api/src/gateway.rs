//! Requests as API Gateway hands them over.

use axum::Router;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, LambdaEvent, lambda_runtime, tower::ServiceBuilder};

/// Serves the routes as a Lambda function behind a REST API.
///
/// # Errors
/// When the Lambda runtime cannot be reached.
pub async fn serve(router: Router) -> Result<(), lambda_http::Error> {
    let service = ServiceBuilder::new().map_request(tidy).service(Adapter::from(router));
    lambda_runtime::run(service).await
}

/// Makes the path the route's own. The request adapter would put the stage in front of it, and gives up on a host or
/// path that is no URL; neither is of use here, and no caller may bring the function down by one.
fn tidy(mut event: LambdaEvent<LambdaRequest>) -> LambdaEvent<LambdaRequest> {
    if let LambdaRequest::ApiGatewayV1(request) = &mut event.payload {
        let stage = request.request_context.stage.take();
        let path = request.path.take().unwrap_or_default();
        request.path = Some(without_stage(&path, stage.as_deref()));
        request.request_context.domain_name = None;
        for name in ["host", "x-forwarded-proto"] {
            request.headers.remove(name);
            request.multi_value_headers.remove(name);
        }
    }
    event
}

fn without_stage(path: &str, stage: Option<&str>) -> String {
    let path = path.trim_start_matches('/');
    let rest = stage.and_then(|stage| path.strip_prefix(stage));
    match rest {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => {
            format!("/{}", rest.trim_start_matches('/'))
        }
        _ => format!("/{path}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path_of(event: &str) -> String {
        let payload = serde_json::from_str::<LambdaRequest>(event).unwrap();
        let event = tidy(LambdaEvent::new(payload, lambda_http::Context::default()));
        lambda_http::Request::from(event.payload).uri().to_string()
    }

    #[test]
    fn an_event_asks_for_its_route() {
        assert_eq!(path_of(include_str!("../events/health.json")), "/health");
        assert_eq!(path_of(include_str!("../events/start-campaign.json")), "/campaigns");
        assert_eq!(path_of(include_str!("../events/list-reviews.json")), "/reviews?limit=10");
        let decide = path_of(include_str!("../events/decide.json"));
        assert_eq!(decide, "/reviews/c-1/write-1-r1/decision");
    }

    #[test]
    fn no_path_or_host_brings_the_function_down() {
        let event = include_str!("../events/health.json");
        for path in ["", "health", ":99999999", "//host", "/a b", "/%zz", "/<x>?#", "/\u{0}\u{ffff}"] {
            let hostile = event.replace("\"/health\"", &serde_json::Value::from(path).to_string());
            assert!(path_of(&hostile).starts_with('/'), "{path}");
        }
    }

    #[test]
    fn routes_are_the_same_with_and_without_the_stage() {
        assert_eq!(without_stage("/v1/campaigns", Some("v1")), "/campaigns");
        assert_eq!(without_stage("/campaigns", Some("v1")), "/campaigns");
        assert_eq!(without_stage("/campaigns", None), "/campaigns");
        assert_eq!(without_stage("/v10/campaigns", Some("v1")), "/v10/campaigns");
        assert_eq!(without_stage("//v1//campaigns", Some("v1")), "/campaigns");
    }
}
