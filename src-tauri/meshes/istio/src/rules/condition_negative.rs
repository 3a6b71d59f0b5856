//! A controller says that an object is not in order.

use mesh::{About, Found, Level, Rule, Subject, Words};

use world::Condition;

use crate::read::Index;
use crate::read::field::Field;

pub(crate) const RULE: Rule = Rule {
    name: "condition-negative",
    level: Level::Warning,
    aliases: &["IST0171"],
    what: "The status of the object says that it was not taken as it is.",
    why: "It does not do, wholly or in part, what it says.",
    fix: "Read the controller's reason, and mend what it names.",
    zh: Words {
        what: "对象的状态表明它没有被照原样接受。",
        why: "它全部或部分没有按其内容生效。",
        fix: "请查看控制器给出的原因，并修复所指出的问题。",
    },
    about: &[
        About::Service,
        About::Document("networking.istio.io", "ServiceEntry"),
        About::Document("networking.istio.io", "WorkloadEntry"),
        About::Document("security.istio.io", "AuthorizationPolicy"),
        About::Document("gateway.networking.k8s.io", "Gateway"),
        About::Document("gateway.networking.k8s.io", "HTTPRoute"),
        About::Document("gateway.networking.k8s.io", "GRPCRoute"),
    ],
    reads: &[
        ("", "Service"),
        ("networking.istio.io", "ServiceEntry"),
        ("networking.istio.io", "WorkloadEntry"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("gateway.networking.k8s.io", "Gateway"),
        ("gateway.networking.k8s.io", "HTTPRoute"),
        ("gateway.networking.k8s.io", "GRPCRoute"),
    ],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    match subject {
        Subject::Service(service) => tell(&service.conditions, &["istio.io/WaypointBound"], out),
        Subject::Document(document) => {
            let status = Field::of(document).get("status");
            let bad: &[&str] = match document.key.kind.as_str() {
                "AuthorizationPolicy" => &["ZtunnelAccepted", "WaypointAccepted"],
                "Gateway" | "HTTPRoute" | "GRPCRoute" => &["Accepted", "Programmed", "ResolvedRefs"],
                _ => &["istio.io/WaypointBound"],
            };
            let parents = status.items("parents");
            let all = status.items("conditions").into_iter().chain(parents.iter().flat_map(|p| p.items("conditions")));
            tell(&all.map(|field| read(&field)).collect::<Vec<_>>(), bad, out);
        }
        _ => {}
    }
}

fn read(field: &Field) -> Condition {
    let text = |name: &str| field.text(name).to_owned();
    Condition { kind: text("type"), status: text("status"), reason: text("reason"), message: text("message") }
}

fn tell(all: &[Condition], bad: &[&str], out: &mut Found) {
    for condition in all {
        let kind = condition.kind.as_str();
        let partly = kind == "WaypointAccepted" && condition.reason == "PartiallyInvalid";
        if (bad.contains(&kind) && condition.status == "False") || partly {
            out.at("status.conditions", format!("{kind}: {} {}", condition.reason, condition.message).trim_end());
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.b]}, status: {conditions: [{type: istio.io/WaypointBound, status: "False", reason: R, message: m}]}}"#,
                    &["status.conditions"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: s, namespace: shop}, spec: {ports: [{name: http, port: 80}]}, status: {conditions: [{type: istio.io/WaypointBound, status: "False"}]}}"#,
                    &["status.conditions"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: h, namespace: shop}, status: {parents: [{conditions: [{type: Accepted, status: "False", reason: R}]}]}}"#,
                    &["status.conditions"],
                ),
                (
                    r#"{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {name: h, namespace: shop}, status: {parents: [{conditions: [{type: Accepted, status: "True"}]}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
