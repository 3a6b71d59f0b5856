//! Rollouts on the genuine mesh: driven to their end under load, by a version that fails at will.

use std::sync::Arc;
use std::time::Duration;

use rollout::Plan;
use serde_json::{Value, json};
use session::Session;
use session::rollout::Shown;
use tokio::time::timeout;
use world::ObjectKey;

use crate::shop::{NAMESPACE, ask, until};

type Failure = Box<dyn std::error::Error>;

/// All steps, each with its looks, and a machine that is busy.
pub const WHOLE: Duration = Duration::from_secs(240);

/// What makes version 3 fail, by this name.
pub fn filter(name: &str) -> ObjectKey {
    ObjectKey::new("networking.istio.io", "EnvoyFilter", NAMESPACE, name)
}

/// Version 3 answers so many percent of what it is asked with 503, whoever asks; the others are well.
pub fn failing(name: &str, percent: u8) -> Value {
    let fault = json!({"@type": "type.googleapis.com/envoy.extensions.filters.http.fault.v3.HTTPFault",
        "abort": {"http_status": 503, "percentage": {"numerator": percent, "denominator": "HUNDRED"}}});
    json!({"apiVersion": "networking.istio.io/v1alpha3", "kind": "EnvoyFilter",
        "metadata": {"namespace": NAMESPACE, "name": name},
        "spec": {"workloadSelector": {"labels": {"app": "reviews", "version": "v3"}}, "configPatches": [{
            "applyTo": "HTTP_FILTER",
            "match": {"context": "SIDECAR_INBOUND", "listener": {"filterChain": {"filter": {
                "name": "envoy.filters.network.http_connection_manager",
                "subFilter": {"name": "envoy.filters.http.router"}}}}},
            "patch": {"operation": "INSERT_BEFORE", "value": {"name": "envoy.filters.http.fault", "typed_config": fault}}}]}})
}

/// Requests of the client to reviews without an end.
pub async fn load(client: String) {
    while ask(&client, 20, "").await.is_ok() {}
}

/// Drives a plan to its end, once nothing stands in its way.
///
/// # Errors
/// Where something keeps standing there, or it does not end within [`WHOLE`].
pub async fn rolled(session: &Arc<Session>, plan: Plan) -> Result<Shown, Failure> {
    until("nothing stands in its way", async || {
        let obstacles = session.rollout_check(&plan, &[]).await.map_err(|error| error.to_string())?;
        let first = obstacles.into_iter().find(|obstacle| obstacle.blocks);
        first.map_or(Ok(()), |obstacle| Err(format!("{obstacle:?}")))
    })
    .await?;
    let id = session.rollout_begin(plan, Vec::new()).await?;
    let mut traffic = session.traffic();
    let over = async {
        loop {
            let all = session.rollouts().await?;
            if let Some(over) = all.into_iter().find(|one| one.id == id && one.is_over) {
                return Ok(over);
            }
            let _ = timeout(Duration::from_secs(1), traffic.changed()).await;
        }
    };
    timeout(WHOLE, over).await?
}

/// Waits until 200 requests in a row reach this version, and are served.
///
/// # Errors
/// Where they do not.
pub async fn answered_by(client: &str, version: &str) -> Result<(), Failure> {
    until("all requests reach one version", async || {
        let counts = ask(client, 200, "").await.map_err(|error| error.to_string())?;
        let all = counts.keys().all(|(answered, status)| answered == version && *status == 200);
        if all { Ok(()) } else { Err(format!("{counts:?}")) }
    })
    .await
}
