//! AuthorizationPolicy: who may call what.

pub(crate) mod covers;
pub(crate) mod decide;
pub(crate) mod value;

use mesh::Summary;
use serde::Deserialize;
use world::{Document, Said, said};

use crate::kinds::{Selector, or_default, read};

/// `spec`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct AuthorizationPolicy {
    pub selector: Option<Selector>,
    pub target_ref: Option<serde_json::Value>,
    #[serde(deserialize_with = "or_default")]
    pub target_refs: Vec<serde_json::Value>,
    #[serde(deserialize_with = "or_default")]
    pub action: String,
    pub provider: Option<Provider>,
    #[serde(deserialize_with = "or_default")]
    pub rules: Vec<Rule>,
}

impl mesh::Spec for AuthorizationPolicy {
    const GROUP: &'static str = crate::kinds::SECURITY;
    const KIND: &'static str = "AuthorizationPolicy";
}

/// `provider`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Provider {
    pub name: String,
}

/// `rules[]`: one of `from`, one of `to`, and all of `when` must hold; what is absent holds.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Rule {
    #[serde(deserialize_with = "or_default")]
    pub from: Vec<From>,
    #[serde(deserialize_with = "or_default")]
    pub to: Vec<To>,
    #[serde(deserialize_with = "or_default")]
    pub when: Vec<Condition>,
}

/// `rules[].from[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct From {
    #[serde(deserialize_with = "or_default")]
    pub source: Source,
}

/// `rules[].from[].source`; all of its fields must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Source {
    #[serde(deserialize_with = "or_default")]
    pub principals: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_principals: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub request_principals: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_request_principals: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub namespaces: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_namespaces: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub service_accounts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_service_accounts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub trust_domains: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_trust_domains: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub ip_blocks: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_ip_blocks: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub remote_ip_blocks: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_remote_ip_blocks: Vec<String>,
}

/// `rules[].to[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct To {
    #[serde(deserialize_with = "or_default")]
    pub operation: Operation,
}

/// `rules[].to[].operation`; all of its fields must hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Operation {
    #[serde(deserialize_with = "or_default")]
    pub hosts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_hosts: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub ports: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_ports: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub methods: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_methods: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub paths: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_paths: Vec<String>,
}

/// `rules[].when[]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Condition {
    pub key: String,
    #[serde(deserialize_with = "or_default")]
    pub values: Vec<String>,
    #[serde(deserialize_with = "or_default")]
    pub not_values: Vec<String>,
}

impl AuthorizationPolicy {
    /// The action; nothing said allows.
    pub fn action(&self) -> &str {
        if self.action.is_empty() { "ALLOW" } else { &self.action }
    }

    /// Who decides in its stead.
    pub fn provider(&self) -> &str {
        self.provider.as_ref().map_or("nobody", |p| p.name.as_str())
    }

    /// The labels that it asks for; `None` for all workloads.
    pub fn labels(&self) -> Option<&world::Labels> {
        self.selector.as_ref().map(|s| &s.match_labels).filter(|labels| !labels.is_empty())
    }

    /// It is bound to gateways or waypoints, not to workloads.
    pub fn has_target(&self) -> bool {
        self.target_ref.is_some() || !self.target_refs.is_empty()
    }
}

/// Whether the annotation turns a policy into one that only reports.
pub(crate) fn dry_run(document: &Document) -> bool {
    document.annotations.is_true("istio.io/dry-run")
}

pub(crate) fn summary(document: &Document) -> Summary {
    let Ok(spec) = read::<AuthorizationPolicy>(document) else {
        return Summary::unreadable();
    };
    let what = match (spec.action(), spec.rules.len()) {
        ("ALLOW", 0) => said!("allows nothing", "不允许任何请求"),
        ("DENY", 0) => said!("denies nothing", "不拒绝任何请求"),
        ("ALLOW", 1) => said!("allows what its rule names", "允许其规则所列的请求"),
        ("DENY", 1) => said!("denies what its rule names", "拒绝其规则所列的请求"),
        ("ALLOW", n) => said!("allows what one of {n} rules names", "允许 {n} 条规则之一所列的请求"),
        ("DENY", n) => said!("denies what one of {n} rules names", "拒绝 {n} 条规则之一所列的请求"),
        ("AUDIT", _) => said!("reports what its rules name", "上报其规则所列的请求"),
        (action, _) => match &spec.provider {
            Some(provider) => said!("{action} by {}", "{action}，由 {} 决定", provider.name),
            None => said!("{action} by nobody", "{action}，但无人决定"),
        },
    };
    let whom = match spec.selector.as_ref().filter(|s| !s.match_labels.is_empty()) {
        _ if spec.has_target() => said!("its targets", "其目标"),
        Some(selector) => selector.words().into(),
        None => said!("all workloads", "所有工作负载"),
    };
    let dry = if dry_run(document) { said!("dry run", "试运行") } else { Said::default() };
    Summary { text: Said::joined(&[what, whom, dry], " · "), hosts: Vec::new() }
}
