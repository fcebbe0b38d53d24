//! The sample events of our servers are what `lambda_http` takes for a request, and what a server takes for a call.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::{Path, PathBuf};

use serde_json::Value;

/// The servers' folders.
fn servers() -> Vec<PathBuf> {
    let functions = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../functions");
    let folders = std::fs::read_dir(functions).unwrap().map(|entry| entry.unwrap().path());
    let is_server = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with("mcp-");
    folders.filter(is_server).collect()
}

fn samples(server: &Path) -> Vec<(PathBuf, String)> {
    let entries = std::fs::read_dir(server.join("events")).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| (path.clone(), std::fs::read_to_string(path).unwrap())).collect()
}

#[test]
fn every_server_has_sample_events_and_each_is_a_call_posted_to_the_endpoint() {
    let servers = servers();
    assert!(servers.len() > 1, "{servers:?}");
    for server in servers {
        let samples = samples(&server);
        assert!(!samples.is_empty(), "{} has no sample event", server.display());
        for (path, sample) in samples {
            let request = lambda_http::request::from_str(&sample).unwrap();
            let path = path.display();
            assert_eq!((request.method().as_str(), request.uri().path()), ("POST", "/mcp"), "{path}");
            assert_eq!(request.headers()["host"], chimera_mcp::INTERNAL_HOST, "{path}");
            let body: Value = serde_json::from_slice(request.body()).unwrap();
            let params = &body["params"];
            let name = params["name"].as_str().or(params["uri"].as_str()).unwrap();
            assert_eq!(request.headers()["mcp-method"], body["method"].as_str().unwrap(), "{path}");
            assert_eq!(request.headers()["mcp-name"], name, "{path}");
        }
    }
}
