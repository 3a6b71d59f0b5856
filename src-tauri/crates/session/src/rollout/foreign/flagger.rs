//! Flagger: the fields of `pkg/apis/flagger/v1beta1/{canary,status}.go`, and what `pkg/controller/scheduler.go` (`advanceCanary`,
//! `shouldSkipAnalysis`) makes of `suspend` and `skipAnalysis`. It has no tool of its own, and no way back but a failed check or a webhook.

use rollout::{Failure, Gate, Metric, Pause, RouteKind, Said, span};
use serde_json::{Value, json};
use world::{ObjectKey, TargetPort};

use super::gates::{Series, checks, window};
use super::write::{Beside, Draft, Ground, gate_words};
use super::{Controller, Health, Order, Patch, Standing, Why, text};

pub(super) const CONTROLLER: Controller =
    Controller { name: "Flagger", group: "flagger.app", kind: "Canary", gates: "MetricTemplate", read, steer, write };

fn read(canary: &Value) -> Standing {
    let phase = text(canary, "/status/phase");
    let under_way = matches!(phase, "Progressing" | "Promoting" | "Finalising" | "Initializing" | "Terminating");
    let health = match phase {
        _ if under_way && is_suspended(canary) => Health::Paused,
        _ if under_way => Health::Going,
        "Waiting" | "WaitingPromotion" => Health::Paused,
        "Initialized" | "Succeeded" | "Terminated" => Health::Done,
        "Failed" => Health::Failed,
        _ => Health::Unknown,
    };
    let weight = canary.pointer("/status/canaryWeight").and_then(Value::as_u64);
    Standing {
        health,
        phase: phase.to_owned(),
        message: message(canary),
        step: step(canary),
        weight,
        moves: moves(canary),
    }
}

fn is_suspended(canary: &Value) -> bool {
    canary.pointer("/spec/suspend") == Some(&true.into())
}

fn analysis(canary: &Value) -> Option<&Value> {
    canary.pointer("/spec/analysis").or_else(|| canary.pointer("/spec/canaryAnalysis"))
}

fn message(canary: &Value) -> Said {
    let conditions = canary.pointer("/status/conditions").and_then(Value::as_array);
    let promoted = conditions.into_iter().flatten().find(|one| one["type"] == "Promoted");
    let mut said = Said::from(promoted.map(|one| text(one, "/message")).unwrap_or_default().to_owned());
    let failed = canary.pointer("/status/failedChecks").and_then(Value::as_u64).unwrap_or(0);
    if failed > 0 {
        let of = analysis(canary).and_then(|one| one.get("threshold")?.as_u64()).unwrap_or(0);
        said.en += &format!(" ({failed} of {of} checks failed)");
        said.zh += &format!("（{of} 次检查中失败 {failed} 次）");
    }
    if is_suspended(canary) {
        said.en += " (suspended)";
        said.zh += "（已挂起）";
    }
    said.en = said.en.trim().to_owned();
    said
}

/// How many of its weights, or of its iterations, are behind it.
fn step(canary: &Value) -> Option<(u64, u64)> {
    let analysis = analysis(canary)?;
    let number = |name: &str| analysis.get(name).and_then(Value::as_u64).filter(|number| *number > 0);
    let status = |name: &str| canary.pointer("/status")?.get(name)?.as_u64();
    if let Some(all) = number("iterations") {
        return Some((status("iterations")?.min(all), all));
    }
    let weight = status("canaryWeight")?;
    if let Some(weights) = analysis.get("stepWeights").and_then(Value::as_array).filter(|all| !all.is_empty()) {
        let reached = weights.iter().filter_map(Value::as_u64).filter(|one| *one <= weight).count();
        return Some((reached as u64, weights.len() as u64));
    }
    let by = number("stepWeight")?;
    let all = number("maxWeight").unwrap_or(100).div_ceil(by);
    Some((weight.div_ceil(by).min(all), all))
}

/// The routing objects that it makes for its target; which kind, its provider says, or else a flag of its controller that nobody sees.
fn moves(canary: &Value) -> Vec<ObjectKey> {
    let namespace = text(canary, "/metadata/namespace");
    let named = text(canary, "/spec/service/name");
    let name = if named.is_empty() { text(canary, "/spec/targetRef/name") } else { named };
    if name.is_empty() {
        return Vec::new();
    }
    let kinds: &[(&str, &str)] = match text(canary, "/spec/provider") {
        "istio" => &[("networking.istio.io", "VirtualService")],
        "" => &[("networking.istio.io", "VirtualService"), ("gateway.networking.k8s.io", "HTTPRoute")],
        gateway if gateway.starts_with("gatewayapi") => &[("gateway.networking.k8s.io", "HTTPRoute")],
        _ => &[],
    };
    kinds.iter().map(|(group, kind)| ObjectKey::new(group, kind, namespace, name)).collect()
}

fn steer(canary: &Value, order: Order) -> Result<Vec<Patch>, Why> {
    let spec = |body: Value| Ok(vec![Patch { status: false, exact: false, body: json!({"spec": body}) }]);
    let under_way = matches!(text(canary, "/status/phase"), "Progressing" | "Waiting" | "WaitingPromotion");
    match order {
        Order::Promote => Err((
            "Flagger takes its steps by itself: it can only be brought to the end",
            "Flagger 自己推进步骤：只能让它直接完成",
        )),
        Order::Finish if !under_way => Err(("no new version is on its way", "没有正在发布的新版本")),
        Order::Finish if is_suspended(canary) => Err(("it is suspended: let it go on first", "它被挂起：请先让它继续")),
        Order::Finish => spec(json!({"skipAnalysis": true})),
        Order::Pause if is_suspended(canary) => Err(("it is suspended already", "它已经被挂起")),
        Order::Pause => spec(json!({"suspend": true})),
        Order::Resume if is_suspended(canary) => spec(json!({"suspend": false})),
        Order::Resume => Err(("it is not suspended", "它没有被挂起")),
        Order::Abort => Err((
            "Flagger goes back only by a failed check or its rollback webhook: suspend it, or give its target the old version",
            "Flagger 只在检查失败或经回滚 webhook 时退回：请挂起它，或让目标回到旧版本",
        )),
        Order::Retry => Err(("Flagger begins again when its target changes", "目标变化时 Flagger 会重新开始")),
    }
}

fn write(ground: &Ground<'_>) -> Draft {
    let plan = ground.plan;
    let mut lost = Vec::new();
    let pauses = plan.steps.iter().filter_map(|step| match step.pause {
        Pause::For(time) => Some(time),
        Pause::Manual => None,
    });
    // A step lasts one interval: long enough for the longest.
    let interval = pauses.max().unwrap_or_default().max(plan.interval);
    if plan.steps.iter().any(|step| step.pause != Pause::For(interval)) {
        lost.push(format!("every step lasts {}: Flagger has one interval for all", span(interval)));
    }
    let any = |is: fn(&rollout::Step) -> bool| plan.steps.iter().any(is);
    for (is, what) in [
        (any(|step| step.pause == Pause::Manual), "no step waits for a person: that takes a webhook"),
        (
            any(|step| step.cohort.is_some()),
            "cohorts are left out: Flagger knows them instead of weights, not beside them",
        ),
        (any(|step| step.mirror > 0), "copies are left out: Flagger makes them instead of weights, not beside them"),
        (plan.on_failure == Failure::Hold, "it does not hold after a failure: Flagger goes back"),
    ] {
        lost.extend(is.then(|| what.to_owned()));
    }
    // Its last step is the promotion.
    let weights: Vec<u8> =
        plan.steps.iter().map(|step| step.weight).filter(|weight| (1..100).contains(weight)).collect();
    let (beside, metrics) = metrics(ground, &mut lost);
    let analysis = json!({"interval": span(interval), "threshold": plan.tolerance + 1, "stepWeights": weights, "metrics": metrics});
    if ground.known.is_none() {
        lost.push(format!(
            "it makes Deployment {0}-primary and Services, subsets and a route of its own in place of {1}: a new version begins when the template of {0} changes",
            ground.target,
            plan.object()
        ));
    }
    let provider = if plan.route.kind == RouteKind::HttpRoute { "gatewayapi:v1" } else { "istio" };
    let spec = json!({"provider": provider,
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": ground.target},
        "service": service(ground), "analysis": analysis});
    Draft { fields: vec![("/spec/analysis", analysis)], spec, beside, lost }
}

/// The Service and the route that it makes in place of those that are there: at the same ports, hosts and gateways.
fn service(ground: &Ground<'_>) -> Value {
    let plan = ground.plan;
    let known = ground.ready.world().service(&plan.service.namespace, &plan.service.name);
    let ports = known.map_or(&[][..], |known| known.ports.as_slice());
    let mut service = json!({"name": plan.service.name, "port": ports.first().map_or(80, |port| port.port)});
    if let Some(port) = ports.first() {
        service["targetPort"] = match &port.target {
            TargetPort::Number(number) => json!(number),
            TargetPort::Name(name) => json!(name),
        };
        if !port.name.is_empty() {
            service["portName"] = json!(port.name);
        }
        if let Some(protocol) = &port.app_protocol {
            service["appProtocol"] = json!(protocol);
        }
    }
    // What else its pods listen at, it finds by itself.
    if ports.len() > 1 {
        service["portDiscovery"] = json!(true);
    }
    let fields = match plan.route.kind {
        RouteKind::VirtualService => [("hosts", "/spec/hosts"), ("gateways", "/spec/gateways")],
        RouteKind::HttpRoute => [("hosts", "/spec/hostnames"), ("gatewayRefs", "/spec/parentRefs")],
    };
    for (field, pointer) in fields {
        if let Some(value) = ground.route.pointer(pointer) {
            service[field] = value.clone();
        }
    }
    service
}

/// The gates as MetricTemplates; where no Prometheus is known, those that its own checks can say.
fn metrics(ground: &Ground<'_>, lost: &mut Vec<String>) -> (Vec<Beside>, Vec<Value>) {
    let plan = ground.plan;
    let Ok(server) = ground.server.as_ref() else {
        let metrics: Vec<Value> = plan.gates.iter().filter_map(|gate| metric(gate, lost)).collect();
        if !metrics.is_empty() {
            lost.push("its checks need a Prometheus that it knows".to_owned());
        }
        return (Vec::new(), metrics);
    };
    lost.extend(server.wants.iter().map(|want| (*want).to_owned()));
    // The stable version runs as a copy of the target (pkg/canary/deployment_controller.go).
    let target = ground.known.map_or(ground.target, |known| text(known, "/spec/targetRef/name"));
    let of = |name: &str| {
        format!(r#"destination_workload_namespace="{}",destination_workload="{name}""#, plan.service.namespace)
    };
    let all = checks(plan, server, &Series { canary: of(target), stable: of(&format!("{target}-primary")) }, lost);
    if !all.is_empty() {
        lost.push("a look without a number counts as a failed one".to_owned());
    }
    let provider = json!({"type": "prometheus", "address": server.address});
    let templates = all.iter().map(|check| Beside {
        kind: "MetricTemplate",
        name: check.name.clone(),
        spec: json!({"provider": provider, "query": check.query}),
    });
    let metrics = all.iter().map(|check| {
        json!({"name": check.name, "interval": span(window(plan)), "templateRef": {"name": check.name}, "thresholdRange": check.range()})
    });
    (templates.collect(), metrics.collect())
}

/// A gate as one of the checks that it has built in: the share that succeeded, in percent, and the 99th percentile, in milliseconds.
fn metric(gate: &Gate, lost: &mut Vec<String>) -> Option<Value> {
    let (name, bound, value) = match (gate.metric, gate.min, gate.max) {
        (Metric::SuccessRate, Some(min), None) => ("request-success-rate", "min", min),
        (Metric::P99, None, Some(max)) => ("request-duration", "max", max),
        _ => {
            lost.push(format!("the gate “{}” is left out: Flagger has no such check built in", gate_words(gate)));
            return None;
        }
    };
    if gate.over.is_some() {
        lost.push(format!("of the gate “{}” the comparison with the stable version is left out", gate_words(gate)));
    }
    Some(json!({"name": name, "interval": "1m", "thresholdRange": {bound: value}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn canary(spec: Value, status: Value) -> Value {
        json!({"metadata": {"namespace": "prod", "name": "reviews"}, "spec": spec, "status": status})
    }

    #[test]
    fn where_it_stands() {
        let analysis = json!({"threshold": 5, "stepWeight": 10, "maxWeight": 50});
        let spec =
            json!({"targetRef": {"kind": "Deployment", "name": "reviews"}, "provider": "istio", "analysis": analysis});
        let status = json!({"phase": "Progressing", "canaryWeight": 20, "failedChecks": 1,
            "conditions": [{"type": "Promoted", "message": "New revision detected"}]});
        let found = read(&canary(spec.clone(), status.clone()));
        assert_eq!((found.health, found.step, found.weight), (Health::Going, Some((2, 5)), Some(20)));
        assert_eq!(found.message.en, "New revision detected (1 of 5 checks failed)");
        assert_eq!(found.moves, [ObjectKey::new("networking.istio.io", "VirtualService", "prod", "reviews")]);
        let mut suspended = spec.clone();
        suspended["suspend"] = json!(true);
        assert_eq!(read(&canary(suspended, status)).health, Health::Paused);
        let weights = json!({"targetRef": {"name": "r"}, "service": {"name": "reviews"}, "analysis": {"stepWeights": [1, 5, 50]}});
        let found = read(&canary(weights, json!({"phase": "Failed", "canaryWeight": 5})));
        assert_eq!((found.health, found.step, found.moves.len()), (Health::Failed, Some((2, 3)), 2));
        let odd = read(&json!({"spec": [], "status": 1}));
        assert_eq!((odd.health, odd.step, odd.moves), (Health::Unknown, None, Vec::new()));
    }

    #[test]
    fn is_steered_by_what_its_controller_reads() {
        let going = canary(json!({}), json!({"phase": "Progressing"}));
        let asleep = canary(json!({"suspend": true}), json!({"phase": "Progressing"}));
        let body = |canary: &Value, order| steer(canary, order).map(|all| all[0].body.clone());
        assert_eq!(body(&going, Order::Pause), Ok(json!({"spec": {"suspend": true}})));
        assert_eq!(body(&asleep, Order::Resume), Ok(json!({"spec": {"suspend": false}})));
        assert_eq!(body(&going, Order::Finish), Ok(json!({"spec": {"skipAnalysis": true}})));
        assert!(body(&asleep, Order::Finish).is_err() && body(&going, Order::Abort).is_err());
        assert!(body(&canary(json!({}), json!({"phase": "Succeeded"})), Order::Finish).is_err());
    }
}
