//! Two rollouts under way that other controllers drive, and what those controllers would do: as their genuine ones, by the API alone.
//!
//! Deliberately absent: pods. Both versions run all the time; a rollout that has come to its end stays there.

mod argo;
mod flagger;

use std::time::Duration;

use jiff::Timestamp;
use kube::Api;
use kube::api::{ApiResource, DynamicObject, GroupVersionKind, ListParams, Patch, PatchParams};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// How often they look.
const LOOK: Duration = Duration::from_millis(500);

/// What a controller does next.
#[derive(Debug, PartialEq)]
struct Turn {
    /// A merge patch of the status.
    status: Value,
    /// Percent of the requests to the new version, where it moves them.
    weight: Option<u64>,
}

impl Turn {
    /// Leaves out what is so already; none where nothing is left.
    fn beside(mut self, status: &Value) -> Option<Self> {
        if let Some(fields) = self.status.as_object_mut() {
            fields.retain(|name, value| status.get(name).unwrap_or(&Value::Null) != value);
            return (!fields.is_empty()).then_some(self);
        }
        None
    }
}

/// A controller of this cluster.
struct Controller {
    /// Group, version, kind and plural of what it drives.
    kind: [&'static str; 4],
    manager: &'static str,
    next: fn(&Value, Timestamp) -> Option<Turn>,
}

const CONTROLLERS: [Controller; 2] = [
    Controller {
        kind: ["argoproj.io", "v1alpha1", "Rollout", "rollouts"],
        manager: "rollouts-controller",
        next: argo::next,
    },
    Controller { kind: ["flagger.app", "v1beta1", "Canary", "canaries"], manager: "flagger", next: flagger::next },
];

/// Whether no mesh reads a kind of this group: istiod sends nothing because of it.
pub(crate) fn is_theirs(group: &str) -> bool {
    CONTROLLERS.iter().any(|controller| controller.kind[0] == group)
}

/// Drives them until the cluster ends.
pub(crate) async fn run(client: kube::Client, cancel: CancellationToken) {
    let mut clock = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = clock.tick() => {}
        }
        for controller in &CONTROLLERS {
            // What came between is seen at the next look.
            if let Err(error) = controller.look(&client).await {
                tracing::debug!(%error, manager = controller.manager, "a rollout of the demo could not be driven");
            }
        }
    }
}

fn api(
    client: &kube::Client,
    [group, version, kind, plural]: [&str; 4],
    namespace: Option<&str>,
) -> Api<DynamicObject> {
    let resource = ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk(group, version, kind), plural);
    match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    }
}

impl Controller {
    async fn look(&self, client: &kube::Client) -> kube::Result<()> {
        for found in api(client, self.kind, None).list(&ListParams::default()).await? {
            let object = serde_json::to_value(&found).unwrap_or_default();
            let Some(turn) = (self.next)(&object, Timestamp::now()) else { continue };
            if let Some(weight) = turn.weight {
                self.route(client, &object, weight).await?;
            }
            let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
            // Of what it read: an order that came meanwhile is looked at first.
            let patch =
                json!({"metadata": {"resourceVersion": text("/metadata/resourceVersion")}, "status": turn.status});
            let rollouts = api(client, self.kind, Some(text("/metadata/namespace")));
            let params = PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() };
            rollouts.patch_status(text("/metadata/name"), &params, &Patch::Merge(patch)).await?;
        }
        Ok(())
    }

    /// Moves the weights of the VirtualService that a rollout names.
    async fn route(&self, client: &kube::Client, rollout: &Value, weight: u64) -> kube::Result<()> {
        let text = |pointer: &str| rollout.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let kind = ["networking.istio.io", "v1", "VirtualService", "virtualservices"];
        let routes = api(client, kind, Some(text("/metadata/namespace")));
        let routing = "/spec/strategy/canary/trafficRouting/istio";
        let name = text(&format!("{routing}/virtualService/name"));
        let mut http = routes.get(name).await?.data.pointer("/spec/http").cloned().unwrap_or_default();
        let subset = |which: &str| text(&format!("{routing}/destinationRule/{which}SubsetName")).to_owned();
        let (stable, canary) = (subset("stable"), subset("canary"));
        let destinations = http.as_array_mut().into_iter().flatten().filter_map(|rule| rule["route"].as_array_mut());
        for to in destinations.flatten() {
            if to["destination"]["subset"] == *canary {
                to["weight"] = weight.into();
            } else if to["destination"]["subset"] == *stable {
                to["weight"] = weight.abs_diff(100).into();
            }
        }
        let params = PatchParams { field_manager: Some(self.manager.to_owned()), ..PatchParams::default() };
        routes.patch(name, &params, &Patch::Merge(json!({"spec": {"http": http}}))).await.map(drop)
    }
}

/// A time in an object.
fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// `5m`, `30s` or a number of seconds; zero for anything else.
fn span(value: &Value) -> Duration {
    let text = value.as_str().unwrap_or_default();
    let unit = if text.ends_with('h') {
        3600
    } else if text.ends_with('m') {
        60
    } else {
        1
    };
    let count = value.as_u64().or_else(|| text.trim_end_matches(['h', 'm', 's']).parse().ok());
    Duration::from_secs(count.unwrap_or(0).saturating_mul(unit))
}

/// Whether so long has passed since.
fn is_over(since: &Value, lasts: &Value, now: Timestamp) -> bool {
    time(since).is_none_or(|since| now.duration_since(since).unsigned_abs() >= span(lasts))
}
