//! Flagger: the fields of `pkg/apis/flagger/v1beta1/{canary,status}.go`, and what `pkg/controller/scheduler.go` (`advanceCanary`,
//! `shouldSkipAnalysis`) makes of `suspend` and `skipAnalysis`. It has no tool of its own, and no way back but a failed check or a webhook.

use std::time::Duration;

use rollout::{Failure, Gate, Metric, Pause, RouteKind, Said, span};
use serde_json::{Value, json};
use world::yaml::Edit;
use world::{ObjectKey, TargetPort};

use super::gates::{Series, checks, window};
use super::write::{Beside, Draft, Ground, gate_words};
use super::{Controller, Health, Order, Patch, Standing, Why, text};

pub(super) const CONTROLLER: Controller =
    Controller { name: "Flagger", group: "flagger.app", kind: "Canary", gates: "MetricTemplate", read, steer, write };

/// Over how long its built-in checks look.
const BUILT_IN: Duration = Duration::from_secs(60);

/// Other ways of stepping than by `stepWeights`, which it would take before them (pkg/controller/scheduler.go, `advanceCanary`).
const OTHER_WAYS: [&str; 4] = ["stepWeight", "maxWeight", "iterations", "match"];

const NO_PERSON: (&str, &str) = (
    "no step waits for a person: that takes a webhook of the type confirm-traffic-increase",
    "没有步骤会等人：那需要类型为 confirm-traffic-increase 的 webhook",
);
const NO_COHORT: (&str, &str) = (
    "cohorts are left out: Flagger knows them instead of weights, not beside them",
    "人群被略去：Flagger 只能以人群代替权重，不能并用",
);
const NO_COPIES: (&str, &str) = (
    "copies are left out: Flagger makes them instead of weights, not beside them",
    "复制被略去：Flagger 只能以复制代替权重，不能并用",
);
const NO_HOLD: (&str, &str) = ("it does not hold after a failure: Flagger goes back", "失败后不会保持：Flagger 会退回");

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
    if matches!(text(canary, "/status/phase"), "Waiting" | "WaitingPromotion") {
        for hook in confirming(Some(canary)) {
            let (name, url) = (text(hook, "/name"), text(hook, "/url"));
            said.en += &format!(" (its webhook {name} has to say yes: {url})");
            said.zh += &format!("（须由 webhook {name} 同意：{url}）");
        }
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
    let (beside, metrics) = metrics(ground, &mut lost);
    // Its checks are made at the end of a step, and must read nothing of before.
    let ripe = if metrics.is_empty() { Duration::ZERO } else { ground.ripe().max(BUILT_IN.saturating_add(plan.lag)) };
    let interval = pauses.max().unwrap_or_default().max(plan.interval).max(ripe);
    if plan.steps.iter().any(|step| step.pause != Pause::For(interval)) {
        let time = span(interval);
        let en = format!("every step lasts {time}: Flagger has one interval for all");
        lost.push(Said::new(en, format!("每一步都持续 {time}：Flagger 只有一个间隔")));
    }
    let any = |is: fn(&rollout::Step) -> bool| plan.steps.iter().any(is);
    let waits = any(|step| step.pause == Pause::Manual) && confirming(ground.known).next().is_none();
    for (is, what) in [
        (waits, NO_PERSON),
        (any(|step| step.cohort.is_some()), NO_COHORT),
        (any(|step| step.mirror > 0), NO_COPIES),
        (plan.on_failure == Failure::Hold, NO_HOLD),
    ] {
        lost.extend(is.then(|| Said::from(what)));
    }
    // Its last step is the promotion.
    let weights: Vec<u8> =
        plan.steps.iter().map(|step| step.weight).filter(|weight| (1..100).contains(weight)).collect();
    let analysis = json!({"interval": span(interval), "threshold": plan.tolerance + 1, "stepWeights": weights, "metrics": metrics});
    if ground.known.is_none() {
        let (target, of) = (ground.target, plan.object());
        lost.push(Said::new(
            format!("it makes Deployment {target}-primary and Services, subsets and a route of its own in place of {of}: a new version begins when the template of {target} changes"),
            format!("它会建立 Deployment {target}-primary 以及自己的 Service、子集和路由，取代 {of}：{target} 的模板变化时开始新版本"),
        ));
    }
    let provider = if plan.route.kind == RouteKind::HttpRoute { "gatewayapi:v1" } else { "istio" };
    let spec = json!({"provider": provider,
        "targetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": ground.target},
        "service": service(ground), "analysis": analysis});
    Draft { edits: analysis_edits(ground.known, analysis), spec, beside, lost }
}

/// What changes in the analysis of a canary that is there: its webhooks, alerts and all else stay; other ways of stepping go.
fn analysis_edits(known: Option<&Value>, wanted: Value) -> Vec<Edit> {
    let at = |name: &str| format!("/spec/analysis/{name}");
    let now = known.and_then(|known| known.pointer("/spec/analysis")).and_then(Value::as_object);
    let others = OTHER_WAYS.into_iter().filter(|name| now.is_some_and(|now| now.contains_key(*name)));
    let fields = wanted.as_object().into_iter().flatten();
    others
        .map(|name| Edit::remove(&at(name)))
        .chain(fields.map(|(name, value)| Edit::set(&at(name), value.clone())))
        .collect()
}

/// The webhooks at which a canary waits for somebody (pkg/apis/flagger/v1beta1/canary.go, `HookType`).
fn confirming(canary: Option<&Value>) -> impl Iterator<Item = &Value> {
    let analysis = canary.and_then(analysis);
    let hooks = analysis.and_then(|one| one.get("webhooks")?.as_array()).into_iter().flatten();
    hooks.filter(|hook| text(hook, "/type").starts_with("confirm-"))
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
fn metrics(ground: &Ground<'_>, lost: &mut Vec<Said>) -> (Vec<Beside>, Vec<Value>) {
    let plan = ground.plan;
    let Ok(server) = ground.server.as_ref() else {
        let metrics: Vec<Value> = plan.gates.iter().filter_map(|gate| metric(gate, lost)).collect();
        if !metrics.is_empty() {
            lost.push(("its checks need a Prometheus that it knows", "它的检查需要它所知的 Prometheus").into());
        }
        return (Vec::new(), metrics);
    };
    lost.extend(server.wants.iter().map(|want| Said::from(*want)));
    // The stable version runs as a copy of the target (pkg/canary/deployment_controller.go).
    let target = ground.known.map_or(ground.target, |known| text(known, "/spec/targetRef/name"));
    let of = |name: &str| {
        format!(r#"destination_workload_namespace="{}",destination_workload="{name}""#, plan.service.namespace)
    };
    let all = checks(plan, server, &Series { canary: of(target), stable: of(&format!("{target}-primary")) }, lost);
    if !all.is_empty() {
        lost.push(("a look without a number counts as a failed one", "没有数值的检查算作失败").into());
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
fn metric(gate: &Gate, lost: &mut Vec<Said>) -> Option<Value> {
    let (name, bound, value) = match (gate.metric, gate.min, gate.max) {
        (Metric::SuccessRate, Some(min), None) => ("request-success-rate", "min", min),
        (Metric::P99, None, Some(max)) => ("request-duration", "max", max),
        _ => {
            let gate = gate_words(gate);
            let en = format!("the gate “{gate}” is left out: Flagger has no such check built in");
            lost.push(Said::new(en, format!("条件“{gate}”被略去：Flagger 没有这样的内置检查")));
            return None;
        }
    };
    if gate.over.is_some() {
        let gate = gate_words(gate);
        let en = format!("of the gate “{gate}” the comparison with the stable version is left out");
        lost.push(Said::new(en, format!("条件“{gate}”中与稳定版本的比较被略去")));
    }
    Some(json!({"name": name, "interval": span(BUILT_IN), "thresholdRange": {bound: value}}))
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
