//! The SDK's requests over the same HTTP client as everything else: a program that links two pays for both.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use reqwest::{Body, Client, Request};
use tokio::time::timeout;

/// Lets the SDK send by this client, whose limit on connecting holds instead of the SDK's. All other limits and the
/// retries stay the SDK's: the client must have none.
#[must_use]
pub fn sdk_http(client: Client) -> SharedHttpClient {
    http_client_fn(move |settings, _| {
        let (client, read_timeout) = (client.clone(), settings.read_timeout());
        SharedHttpConnector::new(Transport { client, read_timeout })
    })
}

#[derive(Debug, Clone)]
struct Transport {
    client: Client,
    /// Longest wait for an answer's head.
    read_timeout: Option<Duration>,
}

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().exchange(request))
    }
}

impl Transport {
    async fn exchange(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let request = request.try_into_http1x().map_err(|error| ConnectorError::user(error.into()))?;
        let request = Request::try_from(request.map(Body::wrap)).map_err(meaning)?;
        let answered = self.client.execute(request);
        let answered = match self.read_timeout {
            Some(limit) => {
                timeout(limit, answered).await.map_err(|late| ConnectorError::timeout(late.into()))?
            }
            None => answered.await,
        };
        let response: http::Response<Body> = answered.map_err(meaning)?.into();
        let response = response.map(SdkBody::from_body_1_x);
        HttpResponse::try_from(response).map_err(|error| ConnectorError::other(error.into(), None))
    }
}

/// What the SDK makes of it: it repeats timeouts and broken connections, and not what cannot be sent at all.
fn meaning(error: reqwest::Error) -> ConnectorError {
    let (is_timeout, is_ours) = (error.is_timeout(), error.is_builder());
    let error = error.without_url().into();
    match (is_timeout, is_ours) {
        (true, _) => ConnectorError::timeout(error),
        (_, true) => ConnectorError::user(error),
        _ => ConnectorError::io(error),
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::http::{HeaderMap, StatusCode, Uri};

    use super::*;

    async fn listen(router: Router) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        format!("http://{address}")
    }

    async fn call(url: &str, read_timeout: Option<Duration>) -> Result<HttpResponse, ConnectorError> {
        let mut request = HttpRequest::new(SdkBody::from("{\"a\":1}"));
        request.set_method("POST").unwrap();
        request.set_uri(url.to_owned()).unwrap();
        request.headers_mut().insert("x-amz-target", "s.Get");
        Transport { client: Client::new(), read_timeout }.call(request).await
    }

    #[tokio::test]
    async fn a_request_arrives_as_it_was_signed_and_its_answer_comes_back() {
        let echo = |uri: Uri, headers: HeaderMap, body: String| async move {
            let target = headers["x-amz-target"].to_str().unwrap().to_owned();
            let length = headers["content-length"].to_str().unwrap().to_owned();
            (StatusCode::CONFLICT, [("x-kind", target)], format!("{uri} {length} {body}"))
        };
        let base = listen(Router::new().fallback(echo)).await;
        let url = format!("{base}/functions/arn%3Aaws%3Aa/invocations?b=%2F");
        let answer = call(&url, None).await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.headers().get("x-kind")), (409, Some("s.Get")));
        let body = http::Response::new(Body::wrap(answer.into_body()));
        let body = reqwest::Response::from(body).text().await.unwrap();
        assert_eq!(body, "/functions/arn%3Aaws%3Aa/invocations?b=%2F 7 {\"a\":1}");
    }

    #[tokio::test]
    async fn what_may_pass_is_told_from_what_cannot_be_sent() {
        let nowhere = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let refused = call(&format!("http://{nowhere}/"), None).await.unwrap_err();
        assert!(refused.is_io(), "{refused:?}");
        let silent = listen(Router::new().fallback(std::future::pending::<()>)).await;
        let late = call(&silent, Some(Duration::from_millis(50))).await.unwrap_err();
        assert!(late.is_timeout(), "{late:?}");
        let unsendable = call("ftp://127.0.0.1/", None).await.unwrap_err();
        assert!(unsendable.is_user(), "{unsendable:?}");
    }
}
