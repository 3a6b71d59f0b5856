//! Argo Rollouts: the fields of `pkg/apis/rollouts/v1alpha1/types.go`, the phase as `utils/rollout/rolloututil.go` (`GetRolloutPhase`) tells
//! it, and the patches of its kubectl plugin (`pkg/kubectl-argo-rollouts/cmd/{promote,pause,abort,retry}`).

mod plan;

use rollout::Said;
use serde_json::{Value, json};
use world::ObjectKey;

use super::{Controller, Health, Order, Patch, Standing, Why, text};

pub(super) const CONTROLLER: Controller = Controller {
    name: "Argo Rollouts",
    group: "argoproj.io",
    kind: "Rollout",
    gates: "AnalysisTemplate",
    read,
    steer,
    write: plan::write,
};

fn read(rollout: &Value) -> Standing {
    let (phase, message) = phase(rollout);
    let health = match phase {
        "Progressing" => Health::Going,
        "Paused" => Health::Paused,
        "Healthy" => Health::Done,
        "Degraded" => Health::Failed,
        _ => Health::Unknown,
    };
    let steps = steps(rollout);
    let step = (!steps.is_empty()).then(|| (index(rollout).min(steps.len() as u64), steps.len() as u64));
    Standing { health, phase: phase.to_owned(), message, step, weight: weight(rollout), moves: moves(rollout) }
}

/// Its phase; what the controller has not yet seen counts as under way.
fn phase(rollout: &Value) -> (&str, Said) {
    let seen = text(rollout, "/status/observedGeneration").parse::<i64>().ok();
    let now = rollout.pointer("/metadata/generation").and_then(Value::as_i64);
    if seen.zip(now).is_some_and(|(seen, now)| seen < now) {
        return ("Progressing", ("the controller has not yet seen what is wanted", "控制器还没有看到要求").into());
    }
    if rollout.pointer("/status/controllerPause") == Some(&true.into()) && pauses(rollout) == 0 {
        return (
            "Progressing",
            ("the controller has not yet seen that it shall go on", "控制器还没有看到要继续").into(),
        );
    }
    (text(rollout, "/status/phase"), text(rollout, "/status/message").to_owned().into())
}

fn steps(rollout: &Value) -> &[Value] {
    rollout.pointer("/spec/strategy/canary/steps").and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn index(rollout: &Value) -> u64 {
    rollout.pointer("/status/currentStepIndex").and_then(Value::as_u64).unwrap_or(0)
}

fn pauses(rollout: &Value) -> usize {
    rollout.pointer("/status/pauseConditions").and_then(Value::as_array).map_or(0, Vec::len)
}

/// The pods that are stable are those that are wanted.
fn is_promoted(rollout: &Value) -> bool {
    text(rollout, "/status/stableRS") == text(rollout, "/status/currentPodHash")
}

/// What it routes; where it routes nothing, what its last step asked for.
fn weight(rollout: &Value) -> Option<u64> {
    if is_promoted(rollout) {
        return rollout.pointer("/spec/strategy/canary").map(|_| 0);
    }
    if let Some(weight) = rollout.pointer("/status/canary/weights/canary/weight") {
        return weight.as_u64();
    }
    rollout.pointer("/spec/strategy/canary")?;
    if rollout.pointer("/status/abort") == Some(&true.into()) {
        return Some(0);
    }
    let behind = usize::try_from(index(rollout)).ok()?.saturating_add(1);
    let mut asked = steps(rollout).iter().take(behind).filter_map(|step| step.get("setWeight")?.as_u64());
    Some(asked.next_back().unwrap_or(0))
}

/// The objects of its traffic routing: Istio's, and those of its plugin for the Gateway API.
fn moves(rollout: &Value) -> Vec<ObjectKey> {
    let Some(routing) = rollout.pointer("/spec/strategy/canary/trafficRouting") else { return Vec::new() };
    let own = text(rollout, "/metadata/namespace");
    let key = |group: &str, kind: &str, name: &str| {
        // A name may have its namespace before it (utils/istio/istio.go, GetVirtualServiceNamespaceName).
        let (namespace, name) = name.split_once('/').unwrap_or((own, name));
        ObjectKey::new(group, kind, namespace, name)
    };
    let list = |pointer: &str| routing.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let networking = "networking.istio.io";
    let services = routing.pointer("/istio/virtualService").into_iter().chain(list("/istio/virtualServices"));
    let services = services.map(|one| key(networking, "VirtualService", text(one, "/name")));
    let rules = routing.pointer("/istio/destinationRule").into_iter();
    let rules = rules.map(|one| key(networking, "DestinationRule", text(one, "/name")));
    let plugin = "/plugins/argoproj-labs~1gatewayAPI";
    let gateway = routing.pointer(plugin).into_iter().flat_map(|plugin| {
        let many = plugin.get("httpRoutes").and_then(Value::as_array).into_iter().flatten();
        let namespace = plugin.get("namespace").and_then(Value::as_str).unwrap_or(own);
        let names = plugin.get("httpRoute").into_iter().chain(many.filter_map(|one| one.get("name")));
        let names = names.filter_map(Value::as_str);
        names.map(|name| ObjectKey::new("gateway.networking.k8s.io", "HTTPRoute", namespace, name)).collect::<Vec<_>>()
    });
    services.chain(rules).chain(gateway).filter(|key| !key.name.is_empty()).collect()
}

fn steer(rollout: &Value, order: Order) -> Result<Vec<Patch>, Why> {
    let paused = rollout.pointer("/spec/paused") == Some(&true.into());
    let aborted = rollout.pointer("/status/abort") == Some(&true.into());
    let spec = |body| Patch { status: false, exact: false, body };
    let status = |body| Patch { status: true, exact: false, body };
    match order {
        Order::Promote | Order::Finish if aborted => {
            Err(("it was aborted: let it begin again first", "它已被中止：请先让它重新开始"))
        }
        Order::Promote | Order::Finish | Order::Abort if is_promoted(rollout) => {
            Err(("no new version is on its way", "没有正在发布的新版本"))
        }
        Order::Promote => {
            let mut patches: Vec<Patch> = promoted(rollout).into_iter().collect();
            patches.extend(paused.then(|| spec(json!({"spec": {"paused": false}}))));
            if patches.is_empty() {
                Err(("it has no steps: it goes on as its pods come up", "它没有步骤：随 Pod 就绪而推进"))
            } else {
                Ok(patches)
            }
        }
        Order::Finish => {
            let mut patches = vec![status(json!({"status": {"promoteFull": true}}))];
            patches.extend(paused.then(|| spec(json!({"spec": {"paused": false}}))));
            Ok(patches)
        }
        Order::Pause if paused => Err(("it is paused already", "它已经暂停")),
        Order::Pause => Ok(vec![spec(json!({"spec": {"paused": true}}))]),
        Order::Resume if paused => Ok(vec![spec(json!({"spec": {"paused": false}}))]),
        Order::Resume if pauses(rollout) > 0 => Err(("it waits in a step: promote it", "它在某一步等待：请推进它")),
        Order::Resume => Err(("it is not paused", "它没有暂停")),
        Order::Abort if aborted => Err(("it was aborted already", "它已经被中止")),
        Order::Abort => Ok(vec![status(json!({"status": {"abort": true}}))]),
        Order::Retry if aborted => Ok(vec![status(json!({"status": {"abort": false}}))]),
        Order::Retry => Err(("it was not aborted", "它没有被中止")),
    }
}

/// What takes it out of the pause that it waits in, or else on by one step; never both (promote.go, `getPatches`).
fn promoted(rollout: &Value) -> Option<Patch> {
    let steps = steps(rollout);
    let next = || (index(rollout) + 1).min(steps.len() as u64);
    let stuck = text(rollout, "/status/canary/currentStepAnalysisRunStatus/status") == "Inconclusive"
        && rollout.pointer("/status/controllerPause") == Some(&true.into());
    let status = |exact, body: Value| Some(Patch { status: true, exact, body: json!({"status": body}) });
    match pauses(rollout) {
        0 if steps.is_empty() => None,
        0 => status(true, json!({"pauseConditions": null, "currentStepIndex": next()})),
        _ if stuck && !steps.is_empty() => {
            status(true, json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": next()}))
        }
        _ => status(false, json!({"pauseConditions": null})),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(spec: Value, status: Value) -> Value {
        let mut spec = spec;
        spec["strategy"] = json!({"canary": {
            "steps": [{"setWeight": 10}, {"pause": {}}, {"setWeight": 50}, {"pause": {"duration": "5m"}}],
            "trafficRouting": {"istio": {"virtualService": {"name": "reviews", "routes": ["primary"]},
                "destinationRule": {"name": "infra/reviews", "canarySubsetName": "canary", "stableSubsetName": "stable"}},
                "plugins": {"argoproj-labs/gatewayAPI": {"httpRoute": "reviews", "namespace": "edge"}}}}});
        json!({"metadata": {"namespace": "prod", "name": "reviews", "generation": 3}, "spec": spec, "status": status})
    }

    /// Waits in its first pause.
    fn waits() -> Value {
        json!({"observedGeneration": "3", "phase": "Paused", "message": "CanaryPauseStep", "currentStepIndex": 1, "currentPodHash": "b",
            "stableRS": "a", "controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep"}],
            "canary": {"weights": {"canary": {"weight": 10}, "stable": {"weight": 90}}}})
    }

    #[test]
    fn where_it_stands() {
        let found = read(&rollout(json!({}), waits()));
        assert_eq!((found.health, &*found.phase, &*found.message.en), (Health::Paused, "Paused", "CanaryPauseStep"));
        assert_eq!((found.step, found.weight), (Some((1, 4)), Some(10)));
        let moves: Vec<String> = found.moves.iter().map(ToString::to_string).collect();
        assert_eq!(moves, ["VirtualService prod/reviews", "DestinationRule infra/reviews", "HTTPRoute edge/reviews"]);
        let mut late = waits();
        late["observedGeneration"] = json!("2");
        assert_eq!(read(&rollout(json!({}), late)).health, Health::Going);
        let mut freed = waits();
        freed["pauseConditions"] = json!(null);
        assert_eq!(read(&rollout(json!({}), freed)).health, Health::Going);
        let odd = read(&json!({"spec": "x", "status": []}));
        assert_eq!((odd.health, odd.step, odd.weight, odd.moves), (Health::Unknown, None, None, Vec::new()));
        let mut plain = waits();
        plain["canary"] = json!({});
        plain["currentStepIndex"] = json!(2);
        assert_eq!(read(&rollout(json!({}), plain)).weight, Some(50), "what its step asks for");
    }

    #[test]
    fn is_steered_as_its_own_tool_does() {
        let patches = |spec: Value, status: Value, order| {
            let all = steer(&rollout(spec, status), order).map_err(|(why, _)| why)?;
            Ok(all.into_iter().map(|patch| (patch.status, patch.exact, patch.body)).collect::<Vec<_>>())
        };
        let mut goes = waits();
        goes["pauseConditions"] = json!(null);
        goes["controllerPause"] = json!(false);
        let mut aborted = waits();
        aborted["abort"] = json!(true);
        let mut done = waits();
        done["stableRS"] = json!("b");
        let mut stuck = waits();
        stuck["canary"]["currentStepAnalysisRunStatus"] = json!({"status": "Inconclusive"});
        let (off, on) = (json!({"spec": {"paused": false}}), json!({"spec": {"paused": true}}));
        let paused = || json!({"paused": true});
        let status = |exact, body: Value| (true, exact, json!({"status": body}));
        for (spec, state, order, expected) in [
            (json!({}), waits(), Order::Promote, Ok(vec![status(false, json!({"pauseConditions": null}))])),
            (
                json!({}),
                goes.clone(),
                Order::Promote,
                Ok(vec![status(true, json!({"pauseConditions": null, "currentStepIndex": 2}))]),
            ),
            (
                json!({}),
                stuck,
                Order::Promote,
                Ok(vec![status(
                    true,
                    json!({"pauseConditions": null, "controllerPause": false, "currentStepIndex": 2}),
                )]),
            ),
            (
                paused(),
                waits(),
                Order::Promote,
                Ok(vec![status(false, json!({"pauseConditions": null})), (false, false, off.clone())]),
            ),
            (json!({}), aborted.clone(), Order::Promote, Err("it was aborted: let it begin again first")),
            (json!({}), done, Order::Abort, Err("no new version is on its way")),
            (
                paused(),
                waits(),
                Order::Finish,
                Ok(vec![status(false, json!({"promoteFull": true})), (false, false, off.clone())]),
            ),
            (json!({}), waits(), Order::Pause, Ok(vec![(false, false, on)])),
            (paused(), waits(), Order::Resume, Ok(vec![(false, false, off)])),
            (json!({}), waits(), Order::Resume, Err("it waits in a step: promote it")),
            (json!({}), waits(), Order::Abort, Ok(vec![status(false, json!({"abort": true}))])),
            (json!({}), aborted, Order::Retry, Ok(vec![status(false, json!({"abort": false}))])),
            (json!({}), goes, Order::Retry, Err("it was not aborted")),
        ] {
            assert_eq!(patches(spec, state, order), expected, "{order:?}");
        }
    }
}
