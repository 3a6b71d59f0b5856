//! A plan as an Argo Rollout's strategy (`pkg/apis/rollouts/v1alpha1/types.go`, `CanaryStrategy`; `pkg/apis/rollouts/validation/validation.go`).

use std::time::Duration;

use rollout::{Failure, Pause, Plan, RouteKind, Said, span};
use serde_json::{Value, json};
use world::yaml::Edit;

use super::super::gates::{Series, checks};
use super::super::text;
use super::super::write::{Beside, Draft, Ground};

pub(super) fn write(ground: &Ground<'_>) -> Draft {
    let plan = ground.plan;
    let mut lost = Vec::new();
    let (steps, managed) = canary_steps(plan, ground.ripe());
    let mut edits = vec![Edit::set("/spec/strategy/canary/steps", steps.clone())];
    let mut routing = routing(ground, &mut lost);
    if !managed.is_empty() {
        routing["managedRoutes"] = json!(managed);
        edits.push(Edit::set("/spec/strategy/canary/trafficRouting/managedRoutes", json!(managed)));
        if plan.route.kind == RouteKind::HttpRoute {
            let zh = "人群与复制需要能在 HTTPRoute 上设置它们的插件";
            lost.push(("cohorts and copies need a plugin that can set them on an HTTPRoute", zh).into());
        }
    }
    let mut canary = json!({"steps": steps, "trafficRouting": routing});
    let (template, analysis) = analysis(ground, &mut lost).unzip();
    if let Some(analysis) = analysis {
        canary["analysis"] = analysis.clone();
        edits.push(Edit::set("/spec/strategy/canary/analysis", analysis));
    }
    if plan.route.kind == RouteKind::HttpRoute {
        (canary["stableService"], canary["canaryService"]) = (json!(plan.stable), json!(plan.canary));
    }
    match ground.known {
        // What else it has stays; one of another strategy, or that routes nothing, is given ours.
        Some(known) if known.pointer("/spec/strategy/canary/trafficRouting").is_none() => {
            edits = vec![Edit::set("/spec/strategy", json!({"canary": canary}))];
        }
        Some(_) => {}
        None => {
            let (target, canary) = (ground.target, &plan.canary);
            lost.push(Said::new(
                format!("it takes the place of Deployment {target}: a new version begins when that template changes, not with the pods of {canary}"),
                format!("它取代 Deployment {target}：模板变化时才开始新版本，而不是随 {canary} 的 Pod"),
            ));
        }
    }
    if plan.on_failure == Failure::Hold {
        lost.push(
            ("it does not hold after a failure: Argo Rollouts goes back", "失败后不会保持：Argo Rollouts 会退回")
                .into(),
        );
    }
    let source =
        json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": ground.target, "scaleDown": "onsuccess"});
    let spec = json!({"replicas": ground.replicas, "workloadRef": source, "strategy": {"canary": canary}});
    Draft { edits, spec, beside: template.into_iter().collect(), lost }
}

/// The gates as an AnalysisTemplate, and how the rollout runs it: beside its steps, from the first one that moves requests
/// (docs/features/analysis.md, "Background Analysis"). No number is neither success nor failure: the run is then inconclusive, and the
/// rollout pauses.
fn analysis(ground: &Ground<'_>, lost: &mut Vec<Said>) -> Option<(Beside, Value)> {
    let plan = ground.plan;
    let server = ground.server(lost)?;
    // Both versions are pods of one Rollout: their names have its name and the hash of their template.
    let rollout = ground.known.map_or(&*plan.service.name, |known| text(known, "/metadata/name"));
    let of = |version: &str| match plan.route.kind {
        RouteKind::HttpRoute => format!(
            r#"destination_service_name="{}",destination_service_namespace="{}""#,
            if version == "canary" { &plan.canary } else { &plan.stable },
            plan.service.namespace
        ),
        RouteKind::VirtualService => {
            format!(r#"namespace="{}",pod=~"{rollout}-{{{{args.{version}}}}}-.+""#, plan.service.namespace)
        }
    };
    let all = checks(plan, server, &Series { canary: of("canary"), stable: of("stable") }, lost);
    if all.is_empty() {
        return None;
    }
    let by_pod = all.iter().any(|check| check.query.contains("{{args."));
    if by_pod {
        let zh = "它的条件需要 Prometheus 中有 pod 标签，Istio 自带的配置即有";
        lost.push(("its gates need the label pod in Prometheus, as Istio's own configuration of it has", zh).into());
    }
    if plan.tolerance > 0 {
        let zh = "失败的检查按整个发布累计，而不是连续计数";
        lost.push(("failed looks count over the whole rollout, and not in a row", zh).into());
    }
    let looks = (plan.patience.as_secs_f64() / plan.interval.as_secs_f64()).ceil() as u64;
    let metrics: Vec<Value> = all
        .iter()
        .map(|check| {
            let (is, number) = (check.holds("result[0]"), "len(result) == 1 && !isNaN(result[0])");
            json!({"name": check.name, "interval": span(plan.interval), "initialDelay": span(check.ripe),
                "failureLimit": plan.tolerance, "inconclusiveLimit": looks, "consecutiveErrorLimit": looks,
                "successCondition": format!("{number} && {is}"), "failureCondition": format!("{number} && !({is})"),
                "provider": {"prometheus": {"address": server.address, "query": check.query}}})
        })
        .collect();
    let name = format!("{}-gates", plan.service.name);
    let mut run = json!({"templates": [{"templateName": name}], "startingStep": starting(ground)});
    let mut spec = json!({"metrics": metrics});
    if by_pod {
        spec["args"] = json!([{"name": "canary"}, {"name": "stable"}]);
        run["args"] = json!([{"name": "canary", "valueFrom": {"podTemplateHashValue": "Latest"}},
            {"name": "stable", "valueFrom": {"podTemplateHashValue": "Stable"}}]);
    }
    Some((Beside { kind: "AnalysisTemplate", name, spec }, run))
}

/// The step behind the first one that sends requests to the new version.
fn starting(ground: &Ground<'_>) -> usize {
    let (steps, _) = canary_steps(ground.plan, ground.ripe());
    let steps = steps.as_array().map_or(&[][..], Vec::as_slice);
    let moves = |step: &Value| {
        step["setWeight"].as_u64().is_some_and(|weight| weight > 0) || step.get("setHeaderRoute").is_some()
    };
    steps.iter().position(moves).map_or(0, |at| at + 1)
}

/// The steps, and the routes that they set besides the weights. Those come after the weight: where the new version has no ready pod, the
/// controller takes them away again (rollout/trafficrouting.go, `reconcileTrafficRouting`), and at no weight it has none unless it is told to.
/// A route that is set with no match is taken away (rollout/trafficrouting/istio/istio.go).
///
/// The analysis looks all the time, also at what was before a step: each step lasts longer by the time that its gates take to see it alone.
fn canary_steps(plan: &Plan, ripe: Duration) -> (Value, Vec<Value>) {
    let (cohort, mirror) = (format!("{}-cohort", plan.service.name), format!("{}-copies", plan.service.name));
    let mut steps = Vec::new();
    let (mut had, mut copied, mut scaled) = (None, 0, false);
    for step in &plan.steps {
        let unseen = step.weight == 0 && (step.cohort.is_some() || step.mirror > 0);
        if unseen != scaled {
            let scale = if unseen { json!({"replicas": 1}) } else { json!({"matchTrafficWeight": true}) };
            steps.push(json!({"setCanaryScale": scale}));
            scaled = unseen;
        }
        steps.push(json!({"setWeight": step.weight}));
        if step.cohort != had {
            let route = match &step.cohort {
                None => json!({"name": cohort}),
                Some(c) => {
                    json!({"name": cohort, "match": [{"headerName": c.header, "headerValue": {"exact": c.value}}]})
                }
            };
            steps.push(json!({"setHeaderRoute": route}));
            had.clone_from(&step.cohort);
        }
        if step.mirror != copied {
            let route = match step.mirror {
                0 => json!({"name": mirror}),
                percentage => {
                    json!({"name": mirror, "percentage": percentage, "match": [{"path": {"prefix": "/"}}]})
                }
            };
            steps.push(json!({"setMirrorRoute": route}));
            copied = step.mirror;
        }
        let time = match step.pause {
            Pause::Manual => ripe,
            Pause::For(time) => time.saturating_add(ripe),
        };
        if !time.is_zero() {
            steps.push(json!({"pause": {"duration": span(time)}}));
        }
        if step.pause == Pause::Manual {
            steps.push(json!({"pause": {}}));
        }
    }
    let set = |field: &str| steps.iter().any(|step| step.get(field).is_some());
    let mut managed = Vec::new();
    managed.extend(set("setHeaderRoute").then(|| json!({"name": cohort})));
    managed.extend(set("setMirrorRoute").then(|| json!({"name": mirror})));
    (Value::Array(steps), managed)
}

fn routing(ground: &Ground<'_>, lost: &mut Vec<Said>) -> Value {
    let Plan { route, service, stable, canary, .. } = ground.plan;
    if route.kind == RouteKind::HttpRoute {
        let zh = "HTTPRoute 由插件 argoproj-labs/gatewayAPI 调整，控制器须装有它";
        let en = "HTTPRoutes are moved by the plugin argoproj-labs/gatewayAPI, which its controller has to have";
        lost.push((en, zh).into());
        let plugin = json!({"httpRoute": route.name, "namespace": route.namespace});
        return json!({"plugins": {"argoproj-labs/gatewayAPI": plugin}});
    }
    let here = route.namespace == service.namespace;
    let mut virtual_service =
        json!({"name": if here { route.name.clone() } else { format!("{}/{}", route.namespace, route.name) }});
    let rules = ground.route.pointer("/spec/http").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    if rules.len() > 1 {
        let splits = |rule: &&Value| {
            let to = rule.get("route").and_then(Value::as_array).into_iter().flatten();
            to.into_iter().any(|one| text(one, "/destination/subset") == stable)
        };
        let names: Vec<&str> = rules.iter().filter(splits).map(|rule| text(rule, "/name")).collect();
        if names.iter().any(|name| name.is_empty()) {
            let en = format!(
                "it finds rules by their names: give the rules of {} that send to {stable} one each",
                route.name
            );
            let zh = format!("它按名称查找规则：请给 {} 中发往 {stable} 的规则各取一个名称", route.name);
            lost.push(Said::new(en, zh));
        }
        virtual_service["routes"] = json!(names.iter().filter(|name| !name.is_empty()).collect::<Vec<_>>());
    }
    let mut istio = json!({"virtualService": virtual_service});
    let host =
        |name: &str| name == service.name || name.starts_with(&format!("{}.{}", service.name, service.namespace));
    let mut rules = ground.ready.world().documents_of("networking.istio.io", "DestinationRule");
    let rule = rules.find(|rule| {
        rule.key.namespace == service.namespace && rule.at("/spec/host").and_then(Value::as_str).is_some_and(host)
    });
    match rule {
        Some(rule) => {
            istio["destinationRule"] =
                json!({"name": rule.key.name, "canarySubsetName": canary, "stableSubsetName": stable});
            lost.push(Said::new(
                format!("it tells the versions apart by a label of its own that it adds to the subsets {stable} and {canary}: the labels that they have must fit the pods of both"),
                format!("它用自己加到子集 {stable} 与 {canary} 的标签区分版本：子集已有的标签须同时符合两者的 Pod"),
            ));
        }
        None => lost.push(Said::new(
            format!("{} has no DestinationRule with the subsets", service.name),
            format!("{} 没有含这些子集的 DestinationRule", service.name),
        )),
    }
    json!({"istio": istio})
}
