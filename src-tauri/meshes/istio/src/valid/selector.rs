//! Selectors, targets and `exportTo`, which many kinds share.

use std::collections::BTreeSet;

use world::said;

use super::Flaws;
use super::names;
use crate::read::field::Field;

/// `selector.matchLabels`. Upstream: validateWorkloadSelector.
pub(super) fn check(selector: &Field, flaws: &mut Flaws) {
    labels(selector, "matchLabels", flaws);
}

/// `workloadSelector.labels`; answers whether it is usable. Upstream: ValidateAlphaWorkloadSelector.
pub(super) fn workload(selector: &Field, flaws: &mut Flaws) -> bool {
    labels(selector, "labels", flaws)
}

fn labels(selector: &Field, name: &str, flaws: &mut Flaws) -> bool {
    if !selector.is_set() {
        return true;
    }
    let entries = selector.entries(name);
    if entries.is_empty() {
        flaws
            .warn(selector, ("the selector has no labels, so it selects everything", "选择器没有标签，因此会选择一切"));
    }
    let mut usable = true;
    for (key, value) in entries {
        if key.is_empty() || key.contains('*') || value.as_text().contains('*') {
            flaws.error(&value, ("a selector knows no empty keys and no stars", "选择器不支持空键和星号"));
            usable = false;
        }
    }
    usable
}

/// What a policy holds for: one of `selector`, `targetRef` and `targetRefs`. Upstream: validateOneOfSelectorType,
/// validatePolicyTargetReference.
pub(super) fn attachment(spec: &Field, flaws: &mut Flaws) {
    let selector = spec.get("selector");
    let many = spec.items("targetRefs");
    let set = [selector.is_set(), spec.has("targetRef"), !many.is_empty()];
    flaws.never(
        set.iter().filter(|s| **s).count() > 1,
        &selector,
        ("only one of selector and targetRefs may be there", "selector 和 targetRefs 只能写一个"),
    );
    check(&selector, flaws);
    for target in many.into_iter().chain([spec.get("targetRef")].into_iter().filter(Field::is_set)) {
        flaws.never(target.text("name").is_empty(), &target, ("the target has no name", "目标没有名称"));
        flaws.never(
            !target.text("namespace").is_empty(),
            &target,
            ("a target lies in the policy's own namespace", "目标必须位于策略自己的命名空间"),
        );
        let known = matches!(
            (target.text("group"), target.text("kind")),
            ("" | "core", "Service")
                | ("networking.istio.io", "ServiceEntry")
                | ("gateway.networking.k8s.io", "Gateway" | "GatewayClass")
        );
        flaws.never(
            !known,
            &target,
            (
                "a target is a Service, a ServiceEntry, a Gateway or a GatewayClass of Kubernetes",
                "目标只能是 Service、ServiceEntry，或 Kubernetes 的 Gateway、GatewayClass",
            ),
        );
    }
}

/// Whom an object is shown to. Upstream: validateExportTo.
pub(super) fn export_to(namespace: &str, spec: &Field, hidden_too: bool, selected: bool, flaws: &mut Flaws) {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let all = spec.items("exportTo");
    for entry in &all {
        let to = if entry.as_text() == "." { namespace } else { entry.as_text() };
        if seen.contains(to) {
            flaws.error(entry, said!("{} is listed twice", "{} 列出了两次", entry.as_text()));
        } else if matches!(to, "*" | ".") || (to == "~" && hidden_too) || names::is_label(to) {
            seen.insert(to);
        } else {
            flaws.error(entry, said!("'{to}' is no namespace", "“{to}”不是命名空间"));
        }
    }
    let field = spec.get("exportTo");
    let alone = (seen.contains("*") || seen.contains("~")) && all.len() > 1;
    flaws.never(alone, &field, ("* and ~ stand alone", "* 和 ~ 只能单独使用"));
    let beyond = selected && !seen.is_empty() && (seen.len() > 1 || !seen.contains(namespace));
    flaws.never(
        beyond,
        &field,
        (
            "a rule with a workloadSelector holds in its own namespace alone",
            "带 workloadSelector 的规则只在自己的命名空间中生效",
        ),
    );
}
