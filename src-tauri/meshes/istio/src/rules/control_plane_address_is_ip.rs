//! A webhook of Istio names its control plane by address.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::control_plane::{Address, addresses};

pub(crate) const RULE: Rule = Rule {
    name: "control-plane-address-is-ip",
    level: Level::Info,
    aliases: &["IST0164"],
    what: "The URL of the control plane holds an IP address instead of a name.",
    why: "Its certificate must be for that address, and a change of address cuts the cluster off.",
    fix: "Use a name.",
    zh: Words {
        what: "控制面的 URL 使用了 IP 地址而不是名称。",
        why: "其证书必须签发给该地址，地址一旦变化，集群就会失去连接。",
        fix: "请使用名称。",
    },
    about: &[
        About::Document("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        About::Document("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ],
    reads: &[
        ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"),
        ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ],
};

pub(crate) fn check(_: &Index, subject: &Subject, out: &mut Found) {
    for (config, _) in addresses(subject).into_iter().filter(|(_, address)| matches!(address, Address::Ip)) {
        out.at(format!("{}.url", config.path()), said!("{} names an address", "{} 写的是 IP 地址", config.text("url")));
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
                    r#"{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: istio-validator-a}, webhooks: [{name: v.istio.io, clientConfig: {url: "https://10.0.0.1:15017/validate"}}]}"#,
                    &["webhooks[0].clientConfig.url"],
                ),
                (
                    r#"{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: istio-validator-a}, webhooks: [{name: v.istio.io, clientConfig: {url: "https://istiod.example.com:15017/validate"}}]}"#,
                    &[],
                ),
            ],
        );
    }
}
