//! A port of a service does not say its protocol.

use mesh::{Finding, Level, Rule};
use world::ObjectKey;

use crate::detect::membership;
use crate::read::Index;
use crate::read::registry::{Speech, speech};

pub(crate) const RULE: Rule = Rule {
    name: "service-port-name",
    level: Level::Info,
    aliases: &["IST0118", "KIA0601"],
    what: "Neither the name of the port nor its appProtocol says what it speaks.",
    why: "Proxies look at the first bytes of each connection instead: that costs time, and servers that speak first break.",
    fix: "Name the port after its protocol (http, grpc, tcp …, with a dash and more if you like), or set appProtocol.",
    reads: &[("", "Service"), ("", "Pod")],
};

pub(crate) fn check(index: &Index, out: &mut Vec<Finding>) {
    for service in index.world.services() {
        let in_mesh = index.places.of_service(service).into_iter().any(|pod| membership(&index.world, pod).is_some());
        for (at, port) in service.ports.iter().enumerate().filter(|(_, p)| in_mesh && speech(p) == Speech::Sniffed) {
            let key = ObjectKey::new("", "Service", &service.namespace, &service.name);
            let named =
                if port.name.is_empty() { "has no name".to_owned() } else { format!("is called '{}'", port.name) };
            out.push(RULE.at(&key, format!("spec.ports[{at}].name"), format!("port {} {named}", port.port)));
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: ratings, namespace: shop}, spec: {selector: {app: ratings}, ports: [{name: web, port: 9080}]}}"#,
                    &["spec.ports[0].name"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: ratings, namespace: shop}, spec: {selector: {app: ratings}, ports: [{name: web, port: 9080, appProtocol: http}]}}"#,
                    &[],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: batch, namespace: legacy}, spec: {selector: {app: batch}, ports: [{port: 9080}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
