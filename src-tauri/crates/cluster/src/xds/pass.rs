//! What an istiod wants of whoever asks it over TLS, and what we want of it: a token, and a certificate of the mesh's own authority.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use http::Method;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use secrecy::SecretString;
use serde_json::{Value, json};
use world::{Said, said};

use crate::connection::{Call, Connection};
use crate::error::{ApiError, Cause};
use crate::pods::ANSWER;
use crate::rights::InPod;

/// Whose token is asked for: as istioctl does (istioctl/pkg/multixds/gather.go `tokenServiceAccount`). Every namespace has this account,
/// and by itself it may do nothing; what counts is its namespace.
pub(crate) const ACCOUNT: &str = "default";
/// For whom the token is: no API server takes it (istio, pkg/security/security.go `TokenAudiences`).
const AUDIENCE: &str = "istio-ca";
/// The shortest life that an API server grants (kubernetes, pkg/apis/authentication/validation).
const LIFE: Duration = Duration::from_secs(600);
/// It is renewed this long before it ends.
const SKEW: Duration = Duration::from_secs(60);
/// Where istiod tells every namespace who its authority is (istio, pkg/config/constants `CACertNamespaceConfigMap`).
const ROOTS: &str = "istio-ca-root-cert";
/// Largest answer: a token, or a handful of certificates.
const LARGEST: usize = 1 << 20;

/// What opens a namespace's istiods.
#[derive(Clone)]
pub(crate) struct Pass {
    pub(crate) token: Arc<SecretString>,
    pub(crate) tls: Arc<rustls::ClientConfig>,
    until: Instant,
}

/// What is remembered of istiods.
#[derive(Default)]
pub(crate) struct Known {
    /// By namespace.
    passes: RwLock<HashMap<String, Pass>>,
    /// Namespace and pod of those that answer over xDS and not by pages.
    over_xds: RwLock<HashSet<(String, String)>>,
}

impl Connection {
    /// Whether this istiod answered over xDS when its pages were shut.
    pub fn is_over_xds(&self, namespace: &str, pod: &str) -> bool {
        let known = self.xds.over_xds.read().unwrap_or_else(PoisonError::into_inner);
        known.contains(&(namespace.to_owned(), pod.to_owned()))
    }

    /// Remembers by which way this istiod answers.
    pub fn remember_over_xds(&self, namespace: &str, pod: &str, is: bool) {
        let mut known = self.xds.over_xds.write().unwrap_or_else(PoisonError::into_inner);
        let place = (namespace.to_owned(), pod.to_owned());
        if is {
            known.insert(place);
        } else {
            known.remove(&place);
        }
    }

    /// The pass for a namespace's istiods, got anew where there is none that still holds.
    pub(super) async fn pass(&self, namespace: &str, tried: &Said) -> Result<Pass, ApiError> {
        let known = self.xds.passes.read().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned();
        if let Some(pass) = known.filter(|pass| Instant::now() < pass.until) {
            return Ok(pass);
        }
        self.check_rights(namespace, tried).await?;
        let until = Instant::now() + LIFE - SKEW;
        let (token, tls) = tokio::try_join!(self.token(namespace), self.authority(namespace))?;
        let pass = Pass { token: Arc::new(token), tls: Arc::new(tls), until };
        self.xds.passes.write().unwrap_or_else(PoisonError::into_inner).insert(namespace.to_owned(), pass.clone());
        Ok(pass)
    }

    /// Forgets a pass that did not open: the authority may be another one by now.
    pub(super) fn forget_pass(&self, namespace: &str) {
        self.xds.passes.write().unwrap_or_else(PoisonError::into_inner).remove(namespace);
    }

    async fn check_rights(&self, namespace: &str, tried: &Said) -> Result<(), ApiError> {
        let forward = self.may(InPod::VERB, "", "pods", InPod::Forward.subresource(), namespace);
        let token = self.may("create", "", "serviceaccounts", "token", namespace);
        let (token, forward) = tokio::try_join!(token, forward)?;
        let both = [(forward, InPod::VERB, "pods/portforward"), (token, "create", "serviceaccounts/token")];
        for (may, verb, resource) in both {
            if !may {
                let detail = format!("{verb} {resource} is not allowed in {namespace}");
                let cause = Cause::Forbidden { verb: verb.into(), resource: resource.into(), detail };
                return Err(self.error(tried, cause));
            }
        }
        Ok(())
    }

    async fn token(&self, namespace: &str) -> Result<SecretString, ApiError> {
        let tried = said!(
            "ask for a token of ServiceAccount {namespace}/{ACCOUNT} for {AUDIENCE}",
            "为 {AUDIENCE} 申请 ServiceAccount {namespace}/{ACCOUNT} 的令牌"
        );
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
            "spec": {"audiences": [AUDIENCE], "expirationSeconds": LIFE.as_secs()}});
        let call = Call {
            method: Method::POST,
            body: Some(("application/json", body.to_string().into_bytes())),
            ..short(tried, format!("/api/v1/namespaces/{namespace}/serviceaccounts/{ACCOUNT}/token"))
        };
        let answer: Value = self.json(&call).await?;
        let token = answer.pointer("/status/token").and_then(Value::as_str).filter(|token| !token.is_empty());
        let none = || self.error(&call.tried, Cause::Broken { detail: "the answer has no token".into() });
        Ok(SecretString::from(token.ok_or_else(none)?))
    }

    async fn authority(&self, namespace: &str) -> Result<rustls::ClientConfig, ApiError> {
        let tried = said!("read ConfigMap {namespace}/{ROOTS}", "读取 ConfigMap {namespace}/{ROOTS}");
        let call = short(tried, format!("/api/v1/namespaces/{namespace}/configmaps/{ROOTS}"));
        let answer: Value = self.json(&call).await?;
        let pem = answer.pointer("/data/root-cert.pem").and_then(Value::as_str).unwrap_or_default();
        trusting(pem).map_err(|cause| self.error(&call.tried, cause))
    }
}

fn short(tried: Said, path: String) -> Call {
    Call { limit: ANSWER, largest: LARGEST, ..Call::get(tried, path) }
}

/// TLS that trusts these authorities and nobody else.
pub(super) fn trusting(pem: &str) -> Result<rustls::ClientConfig, Cause> {
    let broken = |detail: &str| Cause::Broken { detail: detail.to_owned() };
    let mut roots = rustls::RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem.as_bytes()).filter_map(Result::ok));
    if roots.is_empty() {
        return Err(broken("it has no certificate"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let mut config =
        config.map_err(|error| broken(&error.to_string()))?.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(config)
}

#[cfg(test)]
impl Pass {
    pub(super) fn new(token: &str, pem: &str) -> Self {
        let (token, tls) = (Arc::new(SecretString::from(token)), Arc::new(trusting(pem).unwrap()));
        Self { token, tls, until: Instant::now() + LIFE }
    }
}
