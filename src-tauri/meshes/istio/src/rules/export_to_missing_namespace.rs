//! An object is exported to a namespace that does not exist.

use mesh::{Finding, Level, Rule};

use crate::read::Index;

pub(crate) const RULE: Rule = Rule {
    name: "export-to-missing-namespace",
    level: Level::Warning,
    aliases: &["KIA0005"],
    what: "exportTo names a namespace that does not exist.",
    why: "Nobody there can use the object; if that was the only entry, nobody can.",
    fix: "Correct the name, or use . for the own namespace and * for all.",
    reads: &[("networking.istio.io", "VirtualService"), ("networking.istio.io", "DestinationRule"), ("", "Namespace")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    let routes = index.virtual_services.iter().map(|t| (&t.document.key, &t.spec.export_to));
    let rules = index.all_destination_rules().map(|t| (&t.document.key, &t.spec.export_to));
    for (key, export_to) in routes.chain(rules) {
        for (at, to) in export_to.iter().enumerate().filter(|(_, to)| !matches!(to.as_str(), "." | "*" | "~")) {
            if index.world.namespace(to).is_none() {
                out.push(RULE.at(key, format!("spec.exportTo[{at}]"), format!("there is no namespace {to}")));
            }
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
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, exportTo: [nowhere]}}"#,
                    &["spec.exportTo[0]"],
                ),
                (
                    r#"{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: reviews, exportTo: [., legacy]}}"#,
                    &[],
                ),
            ],
        );
    }
}
