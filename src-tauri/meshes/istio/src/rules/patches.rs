//! The patches of EnvoyFilters. Upstream: istio/istio pkg/config/analysis/analyzers/envoyfilter/envoyfilter.go.

use crate::kinds::NETWORKING;
use crate::read::Index;
use crate::read::field::Field;

/// Patches of a spec with this operation; up to the first that has none at all, as istiod's own analyzer reads them.
pub(super) fn with_operation<'a>(spec: &Field<'a>, operations: &[&str]) -> Vec<Field<'a>> {
    let all = spec.items("configPatches").into_iter().take_while(|change| change.has("patch"));
    all.filter(|change| operations.contains(&change.get("patch").text("operation"))).collect()
}

/// Where there is nothing to add to, or to remove.
pub(super) fn is_route(change: &Field) -> bool {
    matches!(change.text("applyTo"), "ROUTE_CONFIGURATION" | "HTTP_ROUTE")
}

/// What can be replaced.
pub(super) fn is_replaceable(change: &Field) -> bool {
    matches!(change.text("applyTo"), "NETWORK_FILTER" | "HTTP_FILTER" | "VIRTUAL_HOST")
}

/// Patches whose outcome depends on which other patches came before them, in a filter without priority.
pub(super) fn relative<'a>(spec: &Field<'a>) -> Vec<Field<'a>> {
    if spec.number("priority") != 0.0 {
        return Vec::new();
    }
    let all = with_operation(spec, &["REMOVE", "REPLACE", "INSERT_BEFORE", "INSERT_AFTER"]).into_iter();
    let kept = all.filter(|change| match change.get("patch").text("operation") {
        "REMOVE" => !is_route(change),
        "REPLACE" => is_replaceable(change),
        _ => true,
    });
    kept.collect()
}

/// What a patch is about: the name in its value, or the filter that it looks for.
fn name<'a>(change: &Field<'a>) -> &'a str {
    let own = change.at("patch.value").text("name");
    let has_value = change.at("patch.value").len() > 0;
    if own.is_empty() && has_value { change.at("match.listener.filterChain.filter").text("name") } else { own }
}

/// Another patch about the same thing is for some versions of the proxy alone.
pub(super) fn varies_by_version(ask: &Index, change: &Field, own: &world::ObjectKey) -> bool {
    let versioned =
        |other: &Field| !other.at("match.proxy").text("proxyVersion").is_empty() && name(other) == name(change);
    let all = ask.world.documents_of(NETWORKING, "EnvoyFilter");
    let patches = all.flat_map(|document| {
        let patches = Field::of(document).get("spec").items("configPatches").into_iter();
        patches.map(move |patch| (document.key == *own, patch))
    });
    patches.filter(|(same, other)| !(*same && other.path() == change.path())).any(|(_, other)| versioned(&other))
}
