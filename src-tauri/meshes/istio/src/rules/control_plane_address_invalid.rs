//! A webhook of Istio leads nowhere.

use mesh::{About, Found, Level, Rule, Subject, Words};
use world::said;

use crate::read::Index;
use crate::rules::control_plane::{Address, addresses};

pub(crate) const RULE: Rule = Rule {
    name: "control-plane-address-invalid",
    level: Level::Warning,
    aliases: &["IST0163"],
    what: "The webhook names neither a Service nor a usable URL of the control plane.",
    why: "Proxies are not injected, or objects not checked, by that control plane.",
    fix: "Give the webhook the URL of the external control plane, or the Service of the one in the cluster.",
    zh: Words {
        what: "该 webhook 既没有指定 Service，也没有指定可用的控制面 URL。",
        why: "该控制面无法注入代理或校验对象。",
        fix: "请填写外部控制面的 URL，或集群内控制面的 Service。",
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
    for (config, address) in addresses(subject) {
        match address {
            Address::Nowhere => {
                out.at(config.path(), ("neither a Service nor a URL is named", "既没有写 Service，也没有写 URL"))
            }
            Address::Broken => {
                out.at(format!("{}.url", config.path()), said!("'{}' is no URL", "“{}”不是 URL", config.text("url")))
            }
            Address::Ip | Address::Name => {}
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
                    r#"{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: istio-validator-a}, webhooks: [{name: v.istio.io, clientConfig: {}}]}"#,
                    &["webhooks[0].clientConfig"],
                ),
                (
                    r#"{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: istio-validator-a}, webhooks: [{name: v.istio.io, clientConfig: {url: "https://istiod.example.com:15017/validate"}}]}
---
{apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: other}, webhooks: [{name: v.istio.io, clientConfig: {}}]}"#,
                    &[],
                ),
            ],
        );
    }
}
