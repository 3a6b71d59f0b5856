//! One quick look at a cluster: is it there, who are we, what may we do.

use std::sync::Arc;
use std::time::{Duration, Instant};

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};
use world::{Said, said};

use crate::Apis;
use crate::connection::{Call, Connection};
use crate::error::ApiError;
use crate::rights::InPod;

/// How long each question of a probe may take.
const LIMIT: Duration = Duration::from_secs(8);

/// What a cluster says of itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Probed {
    /// `v1.36.3`.
    pub kubernetes: String,
    /// Who the API server says that we are; empty where it does not say.
    pub user: String,
    /// The API groups that are served.
    pub groups: Vec<String>,
    /// What is served.
    pub apis: Arc<Apis>,
    /// What the user may do.
    pub rights: Vec<Right>,
    /// How many services there are; `None` where that may not be read.
    pub services: Option<u32>,
    /// Round trip of one small request in milliseconds.
    pub millis: f64,
}

/// Something that matters for working with a mesh, and whether the user may do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Right {
    /// `read`, `route`, `secure`, `forward`.
    pub what: &'static str,
    /// `None` where the server does not say.
    pub allowed: Option<bool>,
    /// `list pods`.
    pub verb: String,
}

/// (what, verb, group, resource, subresource): all of a `what` must be allowed.
const RIGHTS: [(&str, &str, &str, &str, &str); 5] = [
    ("read", "list", "", "pods", ""),
    ("route", "patch", "networking.istio.io", "virtualservices", ""),
    ("secure", "patch", "security.istio.io", "authorizationpolicies", ""),
    ("secure", "patch", "security.istio.io", "peerauthentications", ""),
    ("forward", InPod::VERB, "", "pods", "portforward"),
];

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    git_version: String,
}

impl Connection {
    /// Looks at the cluster: version, user, groups, rights, number of services; all at once, each with a deadline.
    ///
    /// # Errors
    /// Where the server cannot be reached, does not know us, or serves nothing that we may see.
    pub async fn probe(&self) -> Result<Probed, ApiError> {
        let begun = Instant::now();
        let version: Version = self.json(&Call { limit: LIMIT, ..Call::get(("connect", "连接"), "/version") }).await?;
        let millis = begun.elapsed().as_secs_f64() * 1000.0;
        let (apis, user, rights, services) = tokio::join!(self.apis(), self.user(), self.rights(), self.services());
        let apis = apis?;
        Ok(Probed {
            kubernetes: version.git_version,
            user: user?,
            groups: apis.groups().to_vec(),
            apis,
            rights,
            services,
            millis,
        })
    }

    /// Who we are. A server without SelfSubjectReview (before 1.28) does not say; one that refuses us does.
    async fn user(&self) -> Result<String, ApiError> {
        let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
        let call =
            review(("ask who we are", "询问当前身份"), "/apis/authentication.k8s.io/v1/selfsubjectreviews", &body);
        match self.json::<Value>(&call).await {
            Ok(review) => {
                Ok(review.pointer("/status/userInfo/username").and_then(Value::as_str).unwrap_or_default().into())
            }
            Err(error) if matches!(error.cause, crate::Cause::Unauthenticated { .. }) => Err(error),
            Err(_) => Ok(String::new()),
        }
    }

    async fn rights(&self) -> Vec<Right> {
        let asked = RIGHTS.map(|(what, verb, group, resource, subresource)| async move {
            let allowed = self.may(verb, group, resource, subresource, "").await.ok();
            let slash = if subresource.is_empty() { "" } else { "/" };
            (what, allowed, format!("{verb} {resource}{slash}{subresource}"))
        });
        let mut rights: Vec<Right> = Vec::new();
        for (what, allowed, verb) in futures::future::join_all(asked).await {
            match rights.iter_mut().find(|right| right.what == what) {
                None => rights.push(Right { what, allowed, verb }),
                Some(right) if right.allowed == Some(true) => (right.allowed, right.verb) = (allowed, verb),
                Some(_) => {}
            }
        }
        rights
    }

    /// Whether we may do this; in all namespaces where `namespace` is empty.
    ///
    /// # Errors
    /// As any call.
    pub async fn may(
        &self,
        verb: &str,
        group: &str,
        resource: &str,
        subresource: &str,
        namespace: &str,
    ) -> Result<bool, ApiError> {
        self.may_to(verb, group, resource, subresource, (namespace, "")).await
    }

    /// The same of one object; of all where its name is empty.
    pub(crate) async fn may_to(
        &self,
        verb: &str,
        group: &str,
        resource: &str,
        subresource: &str,
        (namespace, name): (&str, &str),
    ) -> Result<bool, ApiError> {
        let attributes = json!({"verb": verb, "group": group, "resource": resource, "subresource": subresource,
            "namespace": namespace, "name": name});
        let body = json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": {"resourceAttributes": attributes}});
        let tried = said!("ask whether we may {verb} {resource}", "询问是否有权 {verb} {resource}");
        let call = review(tried, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &body);
        let review: Value = self.json(&call).await?;
        Ok(review.pointer("/status/allowed").and_then(Value::as_bool).unwrap_or(false))
    }

    async fn services(&self) -> Option<u32> {
        let call = Call { limit: LIMIT, ..Call::get(("count services", "统计服务"), "/api/v1/services?limit=1") };
        let list: Value = self.json(&call).await.ok()?;
        let shown = list.get("items").and_then(Value::as_array).map_or(0, Vec::len) as u64;
        let rest = list.pointer("/metadata/remainingItemCount").and_then(Value::as_u64).unwrap_or(0);
        u32::try_from(shown + rest).ok()
    }
}

fn review(tried: impl Into<Said>, path: &str, body: &Value) -> Call {
    let body = Some(("application/json", body.to_string().into_bytes()));
    Call { method: Method::POST, body, limit: LIMIT, ..Call::get(tried, path) }
}
