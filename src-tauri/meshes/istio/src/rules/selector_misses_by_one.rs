//! A selector is one label away from pods that are there.

use mesh::{About, Found, Level, Rule, Subject, Words, selects};
use std::sync::Arc;
use world::yaml::Edit;
use world::{Labels, Pod, Said, Service, said};

use crate::kinds::NETWORKING;
use crate::kinds::SECURITY;
use crate::kinds::destination_rule::decide::host_of;
use crate::read::Index;
use crate::rules::{beside, governed};

pub(crate) const RULE: Rule = Rule {
    name: "selector-misses-by-one",
    level: Level::Warning,
    aliases: &[],
    what: "The selector matches nothing, and one label away are pods that it would match.",
    why: "A slip in a label name or value leaves the object without effect, without any error.",
    fix: "Correct the label as proposed, if those pods are meant.",
    zh: Words {
        what: "选择器什么都没匹配到，而只差一个标签就能匹配现有的 Pod。",
        why: "标签名或值的笔误会让对象毫无作用，也不报任何错误。",
        fix: "若指的是那些 Pod，请按建议更正标签。",
    },
    about: &[
        About::Document(SECURITY, "PeerAuthentication"),
        About::Document(SECURITY, "AuthorizationPolicy"),
        About::Document(SECURITY, "RequestAuthentication"),
        About::Document("telemetry.istio.io", "Telemetry"),
        About::Document("extensions.istio.io", "WasmPlugin"),
        About::Document(NETWORKING, "Sidecar"),
        About::Document(NETWORKING, "DestinationRule"),
        About::Service,
    ],
    reads: &[
        ("security.istio.io", "PeerAuthentication"),
        ("security.istio.io", "AuthorizationPolicy"),
        ("security.istio.io", "RequestAuthentication"),
        ("telemetry.istio.io", "Telemetry"),
        ("extensions.istio.io", "WasmPlugin"),
        ("networking.istio.io", "Sidecar"),
        ("networking.istio.io", "DestinationRule"),
        ("", "Service"),
        ("", "Pod"),
    ],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    for place in places(ask, subject) {
        if place.wanted.is_empty() || place.among.any(ask, &place.wanted) {
            continue;
        }
        let among = place.among.pods(ask);
        let mut near = among.iter().filter_map(|pod| Some((pod, change(&place.wanted, &pod.labels)?)));
        let Some((pod, first)) = near.next() else { continue };
        let agreed = near.all(|(_, other)| other == first);
        let (name, change) = (&pod.workload.1, first.words());
        let message =
            Said::new(format!("{name} would fit if {}", change.en), format!("若{}，{name} 就会匹配", change.zh));
        let fix = if agreed && subject.document().is_some() { first.edits(&place.pointer) } else { Vec::new() };
        out.mend(place.path, message, fix);
    }
}

/// Labels that ask for pods, and the pods that they could mean.
struct Place<'a> {
    path: String,
    pointer: String,
    wanted: Labels,
    among: Among<'a>,
}

/// Pods that labels could mean.
enum Among<'a> {
    /// Those of a service.
    Behind(&'a Service),
    /// Those of a namespace; of all where it is the root and that holds everywhere.
    Beside(&'a str, bool),
}

impl<'a> Among<'a> {
    /// Whether labels select one of them: found without looking at the others.
    fn any(&self, ask: &Index, wanted: &Labels) -> bool {
        match *self {
            Self::Behind(service) => ask.places.of_service(service).iter().any(|pod| selects(wanted, &pod.labels)),
            Self::Beside(namespace, true) => !governed(ask, namespace, Some(wanted)).is_empty(),
            Self::Beside(namespace, false) => !ask.places.selected(namespace, wanted).is_empty(),
        }
    }

    fn pods(&self, ask: &'a Index) -> Vec<&'a Arc<Pod>> {
        match *self {
            Self::Behind(service) => ask.places.of_service(service),
            Self::Beside(namespace, everywhere) => beside(ask, namespace, everywhere),
        }
    }
}

/// What to change of a label.
#[derive(PartialEq)]
enum Change {
    /// Label, and the value that pods have.
    Value(String, String, String),
    /// The name that pods have for it.
    Name(String, String, String),
    /// Pods have no such label.
    Missing(String),
}

fn places<'a>(ask: &'a Index, subject: &'a Subject) -> Vec<Place<'a>> {
    if let Some(typed) = ask.destination_rules.subject(subject) {
        let host = host_of(typed);
        let service = ask.service_called(&host);
        let Some(service) = service else { return Vec::new() };
        let subsets = typed.spec.subsets.iter().enumerate();
        let place = |(at, subset): (usize, &crate::kinds::destination_rule::Subset)| Place {
            path: format!("spec.subsets[{at}].labels"),
            pointer: format!("/spec/subsets/{at}/labels"),
            wanted: subset.labels.clone(),
            among: Among::Behind(service),
        };
        return subsets.map(place).collect();
    }
    if let Some(service) = subject.service() {
        return vec![Place {
            path: "spec.selector".into(),
            pointer: String::new(),
            wanted: service.selector.clone(),
            among: Among::Beside(&service.namespace, false),
        }];
    }
    let Some(document) = subject.document() else { return Vec::new() };
    let (path, pointer) = match document.key.kind.as_str() {
        "Sidecar" => ("spec.workloadSelector.labels", "/spec/workloadSelector/labels"),
        _ => ("spec.selector.matchLabels", "/spec/selector/matchLabels"),
    };
    let said = document.at(pointer).and_then(|v| v.as_object());
    let label = |(key, value): (&String, &serde_json::Value)| Some((key.clone(), value.as_str()?.to_owned()));
    let wanted: Labels = said.into_iter().flatten().filter_map(label).collect();
    let everywhere = !matches!(document.key.kind.as_str(), "PeerAuthentication" | "Sidecar");
    let among = Among::Beside(&document.key.namespace, everywhere);
    vec![Place { path: path.into(), pointer: pointer.into(), wanted, among }]
}

/// The one label in which pods differ; `None` where more differ, or where nothing speaks for a slip.
fn change(wanted: &Labels, labels: &Labels) -> Option<Change> {
    let mut missed = wanted.iter().filter(|(key, value)| labels.get(key) != Some(*value));
    let (key, value) = missed.next().filter(|_| missed.next().is_none())?;
    let rest = wanted.len() > 1;
    if let Some(other) = labels.get(key) {
        let change = || Change::Value(key.to_owned(), value.to_owned(), other.to_owned());
        return (rest || alike(value, other)).then(change);
    }
    let renamed = labels.iter().find(|(name, v)| *v == value && !wanted.contains_key(name));
    match renamed {
        Some((name, _)) => Some(Change::Name(key.to_owned(), name.to_owned(), value.to_owned())),
        None => rest.then(|| Change::Missing(key.to_owned())),
    }
}

impl Change {
    fn words(&self) -> Said {
        match self {
            Self::Value(key, value, other) => {
                said!("{key} were {other}, not {value}", " {key} 为 {other} 而不是 {value}")
            }
            Self::Name(key, name, _) => said!("{key} were called {name}", " {key} 改名为 {name}"),
            Self::Missing(key) => said!("{key} were not asked for", "不要求 {key}"),
        }
    }

    fn edits(&self, pointer: &str) -> Vec<Edit> {
        let at = |key: &str| format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        match self {
            Self::Value(key, _, other) => vec![Edit::set(&at(key), other.clone())],
            Self::Name(key, name, value) => vec![Edit::remove(&at(key)), Edit::set(&at(name), value.clone())],
            Self::Missing(key) => vec![Edit::remove(&at(key))],
        }
    }
}

/// Whether two words are at most two letters apart, and long enough for that to mean something.
fn alike(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len().min(b.len()) < 4 || a.len().abs_diff(b.len()) > 2 {
        return false;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (above, (y, corner)) in row.iter().skip(1).zip(b.iter().zip(&row)) {
            left = (above + 1).min(left + 1).min(corner + usize::from(x != y));
            next.push(left);
        }
        row = next;
    }
    row.last().is_some_and(|apart| *apart <= 2)
}

#[cfg(test)]
mod tests {
    #[test]
    fn fires_and_stays_quiet() {
        crate::rules::cases::hold(
            &super::RULE,
            &[
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews, version: v9}}, mtls: {mode: STRICT}}}"#,
                    &["spec.selector.matchLabels"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reveiws}}, rules: [{}]}}"#,
                    &["spec.selector.matchLabels"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app.kubernetes.io/name: reviews}}}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop, labels: {}}, spec: {selector: {app: reviews, release: x}, ports: [{name: http, port: 80}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {app: review, version: v1}}]}}"#,
                    &["spec.selector.matchLabels", "spec.subsets[0].labels", "spec.selector"],
                ),
                (
                    r#"{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: nobody}}, mtls: {mode: STRICT}}}
---
{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: reviews}}, rules: [{}]}}
---
{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, subsets: [{name: v1, labels: {version: v1}}, {name: v9, labels: {version: v9}}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop, labels: {}}, spec: {selector: {app: other, release: x}, ports: [{name: http, port: 80}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
