//! A port of a service does not say its protocol.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::read::registry::{Speech, speech};

pub(crate) const RULE: Rule = Rule {
    name: "service-port-name",
    level: Level::Info,
    aliases: &["IST0118", "KIA0601", "KIA0602"],
    what: "Neither the name of the port nor its appProtocol says what it speaks.",
    why: "Proxies look at the first bytes of each connection instead: that costs time, and servers that speak first break.",
    fix: "Name the port after its protocol (http, grpc, tcp …, with a dash and more if you like), or set appProtocol.",
    zh: Words {
        what: "端口的名称和 appProtocol 都没有说明它使用什么协议。",
        why: "代理只好查看每个连接的头几个字节：这要花时间，而且由服务端先发话的协议会出错。",
        fix: "请按协议给端口命名（http、grpc、tcp 等，后面可加短横线和其他内容），或设置 appProtocol。",
    },
    about: &[About::Service],
    reads: &[("", "Service"), ("", "Pod"), ("", "Namespace")],
};

pub(crate) fn check(ask: &Index, subject: &Subject, out: &mut Found) {
    let Some(service) = subject.service() else { return };
    let mut sniffed = service.ports.iter().enumerate().filter(|(_, p)| speech(p) == Speech::Sniffed).peekable();
    if sniffed.peek().is_none() || !ask.places.of_service(service).into_iter().any(|pod| ask.membership(pod).is_some())
    {
        return;
    }
    for (at, port) in sniffed {
        if let Some(said) = &port.app_protocol {
            out.at(
                format!("spec.ports[{at}].appProtocol"),
                said!(
                    "port {} speaks '{said}', which no proxy knows",
                    "端口 {} 声明为“{said}”，没有代理认识它",
                    port.port
                ),
            );
            continue;
        }
        let named = match port.name.as_str() {
            "" => said!("port {} has no name", "端口 {} 没有名称", port.port),
            name => said!("port {} is called '{name}'", "端口 {} 的名称是“{name}”", port.port),
        };
        out.at(format!("spec.ports[{at}].name"), named);
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
                    r#"{apiVersion: v1, kind: Service, metadata: {name: ratings, namespace: shop}, spec: {selector: {app: ratings}, ports: [{name: http, port: 9080, appProtocol: amqp}]}}"#,
                    &["spec.ports[0].appProtocol"],
                ),
                (
                    r#"{apiVersion: v1, kind: Service, metadata: {name: batch, namespace: legacy}, spec: {selector: {app: batch}, ports: [{port: 9080}]}}"#,
                    &[],
                ),
            ],
        );
    }
}
