//! The routes over the cloud in memory.

use std::collections::BTreeSet;

use api::{Api, router};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use chimera_domain::ports::Clock as _;
use chimera_domain::{
    Approving, Campaign, CampaignId, Content, DecisionKind, Effect, EffectId, EffectStatus, Flag, Grant,
    ResultId, Review, ReviewId, ReviewStatus, Rung, SignedGrant, Subject, TenantId, Timestamp, WorkOutcome,
};
use chimera_runtime::auth::Verifier;
use chimera_testkit::builders::{
    a_campaign, a_source, a_tenant, a_usage, a_verdict, an_agent, an_agent_id, an_intent, cents, morning,
    task_id,
};
use chimera_testkit::{Faults, MemoryCloud, SeededIds, VirtualClock};
use ed25519_dalek::{Signer as _, SigningKey};
use serde_json::{Value, json};
use tower::ServiceExt as _;

const ISSUER: &str = "https://issuer.example";
const AUDIENCE: &str = "chimera";

/// The routes, the cloud behind them and the issuer's key.
pub(crate) struct World {
    pub(crate) cloud: MemoryCloud,
    clock: VirtualClock,
    key: SigningKey,
    router: Router,
}

/// What a request was answered with.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    headers: HeaderMap,
    /// As it came.
    pub(crate) text: String,
    /// As JSON; null where it is none.
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> String {
        self.headers.get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
    }

    /// It is this problem, told as RFC 9457 has it.
    pub(crate) fn is(&self, status: StatusCode, code: &str) {
        assert_eq!((self.status, &self.body["code"]), (status, &json!(code)), "{}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.body["status"], status.as_u16());
        assert_eq!(self.body["request_id"], self.header("x-request-id"));
        assert!(!self.header("x-request-id").is_empty());
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(Faults::none())
    }

    /// A world with one agent, in which these things go wrong, and which `ops` operates.
    pub(crate) fn with(faults: Faults) -> Self {
        Self::operated_by(TenantId::new("ops").ok(), faults)
    }

    pub(crate) fn operated_by(operating: Option<TenantId>, faults: Faults) -> Self {
        let clock = VirtualClock::default();
        let cloud = MemoryCloud::new(clock.clone(), faults);
        cloud.force(an_agent()).unwrap();
        let key = SigningKey::from_bytes(&rand::random());
        let x = BASE64.encode(key.verifying_key().to_bytes());
        let jwks = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "kid": "k1", "alg": "EdDSA", "x": x}]});
        let verifier = Verifier::from_parts(ISSUER, AUDIENCE, &jwks.to_string()).unwrap();
        let api = Api::new(cloud.as_function("api"), clock.clone(), SeededIds::new(1), verifier, operating);
        Self { cloud, clock, key, router: router(api) }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A token with these claims.
    pub(crate) fn token(&self, claims: &Value) -> String {
        let header = json!({"alg": "EdDSA", "typ": "JWT", "kid": "k1"});
        let message = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
        format!("{message}.{}", BASE64.encode(self.key.sign(message.as_bytes()).to_bytes()))
    }

    pub(crate) fn claims(&self, roles: &[&str], tenant: &str, operator: &str) -> Value {
        let exp = self.now().as_second() + 3_600;
        json!({"iss": ISSUER, "aud": AUDIENCE, "exp": exp, "sub": operator, "tenant": tenant, "roles": roles})
    }

    pub(crate) fn headers_of(&self, roles: &[&str], tenant: &str, operator: &str) -> Vec<(String, String)> {
        let token = self.token(&self.claims(roles, tenant, operator));
        vec![
            ("authorization".to_owned(), format!("Bearer {token}")),
            ("content-type".to_owned(), "application/json".to_owned()),
        ]
    }

    pub(crate) fn headers(&self, roles: &[&str], tenant: &str) -> Vec<(String, String)> {
        self.headers_of(roles, tenant, "ada")
    }

    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: Vec<(String, String)>,
        body: impl Into<Body>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let has_type = headers.iter().filter(|(name, _)| name == "content-type").count() > 1;
        for (at, (name, value)) in headers.into_iter().enumerate() {
            // A content type given by a test replaces the usual one.
            if !(has_type && at == 1) {
                request = request.header(name, value);
            }
        }
        let response = self.router.clone().oneshot(request.body(body.into()).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        Answer { status: parts.status, headers: parts.headers, text, body }
    }

    /// As an operator who is everything but admin.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, self.headers(&["operator"], "acme"), Body::empty()).await
    }

    /// As an operator who is everything but admin.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send("POST", path, self.headers(&["operator"], "acme"), body.to_string()).await
    }

    /// Posts a campaign under a key.
    pub(crate) async fn start(&self, key: &str, body: &Value) -> Answer {
        let mut headers = self.headers(&["operator"], "acme");
        headers.push(("idempotency-key".to_owned(), key.to_owned()));
        self.send("POST", "/campaigns", headers, body.to_string()).await
    }

    pub(crate) fn campaign(&self, id: &str) -> Campaign {
        let rows = self.cloud.rows().unwrap();
        rows.into_iter()
            .filter_map(|row| row.row.into_campaign())
            .find(|campaign| campaign.id.as_str() == id)
            .unwrap()
    }

    pub(crate) fn version_of(&self, campaign: &str) -> u64 {
        let key = chimera_domain::RowKey::campaign(&a_tenant(), &CampaignId::new(campaign).unwrap());
        let rows = self.cloud.rows().unwrap();
        rows.iter().find(|row| row.row.key() == key).unwrap().version
    }

    pub(crate) fn review(&self, id: &str) -> Review {
        let rows = self.cloud.rows().unwrap();
        rows.into_iter()
            .filter_map(|row| row.row.into_review())
            .find(|review| review.id.as_str() == id)
            .unwrap()
    }
}

/// A brief as an operator posts it.
pub(crate) fn a_brief() -> Value {
    let mut body = json!(a_campaign().brief());
    body["agent"] = json!(an_agent_id());
    body
}

/// An open review of a post, every answer allowed.
pub(crate) fn a_review(id: &str) -> Review {
    let campaign = a_campaign().build();
    let intent = an_intent("Lantern reads logs. https://smalltools.example/lantern");
    let digest = intent.digest();
    Review {
        tenant: campaign.tenant,
        campaign: campaign.id,
        id: ReviewId::new(id).unwrap(),
        subject: Subject::Task { task: task_id("write-1"), attempt: 1, result: ResultId::new("r").unwrap() },
        status: ReviewStatus::Open,
        content: Content {
            outcome: WorkOutcome::Intent { intent },
            usage: Some(a_usage()),
            max_cost: Some(cents(20)),
            source: Some((a_source().title, a_source().url)),
        },
        digest,
        verdict: a_verdict(),
        flags: BTreeSet::from([Flag::new("hold_first")]),
        allowed: vec![DecisionKind::Approve, DecisionKind::Edit, DecisionKind::Reject, DecisionKind::Respond],
        ladder: vec![Rung { reviewers: vec!["reviewer".to_owned()], wait_s: 3_600 }],
        rung: 0,
        start: 1,
        token: None,
        token_of: None,
        due_at: Some(morning() + std::time::Duration::from_secs(3_600)),
        opened_at: morning(),
        ended_at: None,
        decided_by: None,
        decided: None,
    }
}

/// An effect of that post.
pub(crate) fn an_effect(id: &str, status: EffectStatus) -> Effect {
    let campaign = a_campaign().build();
    let intent = an_intent("Lantern reads logs. https://smalltools.example/lantern");
    let digest = intent.digest();
    let grant = Grant {
        id: "grant-1".to_owned(),
        key: "k".to_owned(),
        tenant: campaign.tenant.clone(),
        agent: campaign.agent.clone(),
        campaign: campaign.id.clone(),
        effect: EffectId::new(id).unwrap(),
        audience: "twitter@test".to_owned(),
        tool: "post_create".to_owned(),
        arguments: digest.clone(),
        max_cost: cents(20),
        policy_version: 3,
        expires_at: morning(),
    };
    let approving = Approving {
        task: task_id("write-1"),
        attempt: 1,
        intent,
        idempotency_key: uuid::Uuid::nil(),
        flags: BTreeSet::new(),
        review: None,
        unique: vec![],
        buckets: vec![],
        undoes: None,
    };
    let grant = SignedGrant { grant, signature: "signature".to_owned() };
    Effect { status, due_at: None, ..Effect::approved(grant, approving, morning()) }
}
