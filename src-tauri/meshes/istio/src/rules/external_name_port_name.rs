//! A port of an ExternalName service says too little.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::parts::{is_control_plane, is_kubernetes, speaks};

pub(crate) const RULE: Rule = Rule {
    name: "external-name-port-name",
    level: Level::Warning,
    aliases: &["IST0150"],
    what: "The port of an ExternalName service says no protocol, or says tcp.",
    why: "Proxies take it as plain TCP to any address: the port is then theirs for every host, and requests to others can go astray.",
    fix: "Name the port after what it speaks: http, https or tls.",
    zh: Words {
        what: "ExternalName 服务的端口没有说明协议，或只写了 tcp。",
        why: "代理会把它当作发往任意地址的普通 TCP，该端口会影响所有主机，发往其他主机的请求可能走错。",
        fix: "请按实际协议命名端口：http、https、tls 等。",
    },
    about: &[About::Service],
    reads: &[("", "Service")],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    let Some(service) = subject.service().filter(|s| s.kind == "ExternalName") else { return };
    if is_control_plane(&service.labels) || is_kubernetes(&service.namespace) {
        return;
    }
    for (at, port) in service.ports.iter().enumerate().filter(|(_, p)| speaks(p).is_none() || p.name == "tcp") {
        out.at(
            format!("spec.ports[{at}].name"),
            said!("port {} is called '{}'", "端口 {} 的名称是“{}”", port.port, port.name),
        );
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: e, namespace: shop}, spec: {type: ExternalName, externalName: a.b, ports: [{name: tcp, port: 80}, {name: nonsense, port: 81}]}}"#,
                    &["spec.ports[0].name", "spec.ports[1].name"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: e, namespace: shop}, spec: {type: ExternalName, externalName: a.b, ports: [{name: https, port: 443}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
