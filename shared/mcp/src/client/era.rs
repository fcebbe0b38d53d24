//! Which revision of the protocol a server speaks, and a peer that speaks it. The present revision knows no handshake: a
//! call is one exchange. The older ones begin with one, and what it opens lasts for one call.

use std::time::Duration;

use rmcp::model::{
    ClientCapabilities, ClientConfig, ErrorCode, Implementation, ProtocolVersion, ServerCapabilities,
    ServerPeerInfo,
};
use rmcp::service::{
    ClientInitializeError, ClientLifecycleMode, ClientServiceExt as _, RunningService, serve_directly,
};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{RoleClient, ServiceError};
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::courier::Courier;
use super::fault::{Fault, told};

/// Most time that finding out may take: a server that is silent for so long is asked in the older way, which all know.
const PROBE: Duration = Duration::from_secs(3);

/// The older revisions that have Streamable HTTP or answer as if they had.
const OLDER: [ProtocolVersion; 4] = [
    ProtocolVersion::V_2025_11_25,
    ProtocolVersion::V_2025_06_18,
    ProtocolVersion::V_2025_03_26,
    ProtocolVersion::V_2024_11_05,
];

/// Which revision a server speaks, as our configuration says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Era {
    /// Found out with one probe, and remembered by the process.
    #[default]
    Auto,
    /// The present one: a call is one exchange.
    Modern,
    /// An older one: each call makes its handshake first.
    Legacy,
}

/// Which revision a server was found to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spoken {
    Modern,
    Legacy,
}

/// What a probe found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Probed {
    /// The server said so.
    Surely(Spoken),
    /// The server said nothing in the probe's time. Nothing to remember.
    Perhaps(Spoken),
}

/// A connected peer, ready for requests.
pub(crate) type Peer = RunningService<RoleClient, ClientConfig>;

/// Asks a server which revision it speaks, in at most a third of the time there is.
pub(crate) async fn probe(courier: Courier, within: Instant) -> Result<Probed, Fault> {
    let time = (within.saturating_duration_since(Instant::now()) / 3).min(PROBE);
    let versions = ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] };
    let asked = ourselves(ProtocolVersion::V_2026_07_28).serve_with_lifecycle(transport(&courier), versions);
    match timeout(time, Box::pin(asked)).await {
        Err(_) => Ok(Probed::Perhaps(Spoken::Legacy)),
        Ok(Ok(_)) => Ok(Probed::Surely(Spoken::Modern)),
        Ok(Err(error)) => courier.fault().map_or_else(|| understood(error), Err),
    }
}

/// What the refusal of a probe says about the server.
fn understood(error: ClientInitializeError) -> Result<Probed, Fault> {
    match error {
        ClientInitializeError::JsonRpcError(refusal) if !is_of_the_present(refusal.code.0) => {
            Ok(Probed::Surely(Spoken::Legacy))
        }
        ClientInitializeError::NoCompatibleProtocolVersion { server_supported, .. }
            if server_supported.iter().any(|version| OLDER.contains(version)) =>
        {
            Ok(Probed::Surely(Spoken::Legacy))
        }
        other => Err(Fault::forbidden(format!("the server speaks no revision we know: {other}"))),
    }
}

/// Errors that only the present revision has.
fn is_of_the_present(code: i32) -> bool {
    (-32_029..=-32_020).contains(&code)
}

/// A peer that speaks the revision. The fault is one from before the call.
pub(crate) async fn connect(courier: &Courier, spoken: Spoken) -> Result<Peer, Fault> {
    match spoken {
        Spoken::Modern => Ok(without_handshake(courier)),
        Spoken::Legacy => Box::pin(with_handshake(courier)).await,
    }
}

/// A peer that is known to speak the stateless protocol: no request is spent on finding out.
fn without_handshake(courier: &Courier) -> Peer {
    let peer = ServerPeerInfo::new(ProtocolVersion::V_2026_07_28, ServerCapabilities::default());
    serve_directly(ourselves(ProtocolVersion::V_2026_07_28), transport(courier), Some(peer))
}

async fn with_handshake(courier: &Courier) -> Result<Peer, Fault> {
    let client = ourselves(ProtocolVersion::V_2025_11_25);
    let shaken = client.serve_with_lifecycle(transport(courier), ClientLifecycleMode::Initialize).await;
    let peer = shaken.map_err(|error| {
        let refused = || Fault::forbidden(format!("the handshake failed: {error}"));
        courier.fault().unwrap_or_else(refused).beforehand()
    })?;
    let version = peer.peer_info().map(|info| info.protocol_version.clone());
    match version {
        Some(version) if OLDER.contains(&version) => Ok(peer),
        Some(version) => {
            Err(Fault::forbidden(format!("the server chose revision {}", told(version.to_string()))))
        }
        None => Err(Fault::forbidden("the server chose no revision")),
    }
}

fn ourselves(version: ProtocolVersion) -> ClientConfig {
    let name = Implementation::new("chimera", env!("CARGO_PKG_VERSION"));
    ClientConfig::new(ClientCapabilities::default(), name).with_protocol_version(version)
}

fn transport(courier: &Courier) -> StreamableHttpClientTransport<Courier> {
    let config =
        StreamableHttpClientTransportConfig::with_uri(courier.address()).reinit_on_expired_session(false);
    StreamableHttpClientTransport::with_client(courier.clone(), config)
}

/// Why a request on a connected peer brought no answer.
pub(crate) fn fault_of(error: &ServiceError, courier: &Courier) -> Fault {
    match (courier.fault(), error) {
        (Some(fault), _) => fault,
        (None, ServiceError::McpError(refusal)) if refused_before_running(refusal.code) => {
            Fault::forbidden(refusal.message.to_string())
        }
        (None, ServiceError::McpError(refusal)) if refusal.code == ErrorCode::INTERNAL_ERROR => {
            Fault::broken(refusal.message.to_string())
        }
        (None, other) => Fault::violation(other.to_string()),
    }
}

/// Protocol errors that a server raises instead of calling the tool.
fn refused_before_running(code: ErrorCode) -> bool {
    [
        ErrorCode::INVALID_REQUEST,
        ErrorCode::METHOD_NOT_FOUND,
        ErrorCode::INVALID_PARAMS,
        ErrorCode::PARSE_ERROR,
        ErrorCode::HEADER_MISMATCH,
        ErrorCode::UNSUPPORTED_PROTOCOL_VERSION,
        ErrorCode::MISSING_REQUIRED_CLIENT_CAPABILITY,
    ]
    .contains(&code)
}
