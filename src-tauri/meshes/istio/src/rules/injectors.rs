//! The webhooks by which proxies are put beside pods.
//! Upstream: istio/istio pkg/config/analysis/analyzers/webhook/webhook.go.

use std::collections::BTreeSet;
use std::sync::Arc;

use world::{Document, Labels};

use crate::read::Index;
use crate::read::field::Field;
use crate::rules::parts::label_selector;

/// The configurations of Istio's injectors, with their webhooks.
pub(super) fn injectors(ask: &Index) -> Vec<(&Arc<Document>, Vec<Field<'_>>)> {
    let all = ask.world.documents_of("admissionregistration.k8s.io", "MutatingWebhookConfiguration");
    let hooks = all.map(|document| (document, Field::of(document).items("webhooks")));
    let ours = |(document, hooks): &(&Arc<Document>, Vec<Field>)| {
        hooks.iter().any(|hook| hook.text("name").ends_with("istio.io")) || !revisions(document, hooks).is_empty()
    };
    hooks.filter(ours).collect()
}

/// The revisions that a configuration speaks of.
fn revisions(document: &Document, hooks: &[Field]) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = document.labels.get("istio.io/rev").map(str::to_owned).into_iter().collect();
    for selector in hooks.iter().flat_map(|hook| [hook.get("namespaceSelector"), hook.get("objectSelector")]) {
        all.extend(selector.labels("matchLabels").get("istio.io/rev").map(str::to_owned));
        let expressions = selector.items("matchExpressions");
        let ours = expressions.iter().filter(|e| e.text("key") == "istio.io/rev");
        all.extend(ours.flat_map(|e| e.texts("values")).map(str::to_owned));
    }
    all
}

/// Labels of a namespace and of a pod in it.
pub(super) struct Occasion {
    namespace: Labels,
    pod: Labels,
}

/// Every way in which a namespace and a pod may ask for a proxy, or refuse one.
pub(super) fn occasions(all: &[(&Arc<Document>, Vec<Field>)]) -> Vec<Occasion> {
    let known: BTreeSet<String> = all.iter().flat_map(|(document, hooks)| revisions(document, hooks)).collect();
    let with = |name: &str, values: [&str; 2]| {
        let label = |name: &str, value: &str| Labels::from([(name, value)]);
        let plain = vec![Labels::new(), label(name, values[0]), label(name, values[1])];
        let mut every = plain.clone();
        for revision in &known {
            every.extend(plain.iter().map(|labels| labels.with([("istio.io/rev", revision)])));
        }
        every
    };
    let pods = with("sidecar.istio.io/inject", ["true", "false"]);
    let namespaces = with("istio-injection", ["enabled", "disabled"]);
    let pairs = namespaces.iter().flat_map(|namespace| pods.iter().map(move |pod| (namespace, pod)));
    pairs.map(|(namespace, pod)| Occasion { namespace: namespace.clone(), pod: pod.clone() }).collect()
}

/// Whether a webhook puts a proxy beside such a pod.
pub(super) fn takes(hook: &Field, occasion: &Occasion) -> bool {
    label_selector(&hook.get("namespaceSelector"), &occasion.namespace)
        && label_selector(&hook.get("objectSelector"), &occasion.pod)
}

/// Whether some webhook of Istio's puts a proxy beside a pod with these labels in a namespace with those.
pub(super) fn will_inject(ask: &Index, namespace: &Labels, pod: &Labels) -> bool {
    let occasion = Occasion { namespace: namespace.clone(), pod: pod.clone() };
    let all = ask.world.documents_of("admissionregistration.k8s.io", "MutatingWebhookConfiguration");
    let hooks = all.flat_map(|document| Field::of(document).items("webhooks"));
    hooks.filter(|hook| hook.text("name").ends_with("istio.io")).any(|hook| takes(&hook, &occasion))
}
