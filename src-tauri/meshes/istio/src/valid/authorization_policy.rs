//! AuthorizationPolicy. Upstream: ValidateAuthorizationPolicy; pkg/config/security/security.go.

use world::said;

use super::names::{self, Wrong};
use super::{Flaws, selector};
use crate::read::field::Field;

pub(super) fn check(spec: &Field, flaws: &mut Flaws) {
    selector::attachment(spec, flaws);
    let (action, rules) = (spec.text("action"), spec.items("rules"));
    let custom = action == "CUSTOM";
    let empty = matches!(action, "CUSTOM" | "DENY") && rules.is_empty();
    flaws.hold(
        &spec.get("rules"),
        empty.then(|| {
            said!(
                "{action} without rules never applies; an empty rule {{}} always does",
                "{action} 没有规则时永远不生效；空规则 {{}} 则总是生效"
            )
        }),
    );
    let provider = spec.get("provider");
    flaws.never(
        custom && !rules.is_empty() && provider.text("name").is_empty(),
        &provider,
        ("CUSTOM needs provider.name", "CUSTOM 需要 provider.name"),
    );
    flaws.never(
        !custom && provider.is_set(),
        &provider,
        ("a provider goes with CUSTOM alone", "provider 只能与 CUSTOM 一起使用"),
    );
    for rule in &rules {
        let (from, to) = (rule.items("from"), rule.items("to"));
        for source in from.iter().map(|f| f.get("source")) {
            check_source(&source, custom, flaws);
        }
        for operation in to.iter().map(|t| t.get("operation")) {
            check_operation(&operation, flaws);
        }
        for when in rule.items("when") {
            check_when(&when, custom, flaws);
        }
        if action == "DENY" && says_http_alone(&from, &to) {
            flaws.warn(
                rule,
                (
                    "it asks for HTTP alone, so on TCP ports it denies everything; name the ports that are meant",
                    "它只针对 HTTP，因此会在 TCP 端口上拒绝一切；请写明所指的端口",
                ),
            );
        }
    }
}

fn any(of: &Field, names: &[&str]) -> bool {
    names.iter().any(|name| of.get(name).len() > 0)
}

/// Fields of a rule that a TCP port knows too, are missing.
fn says_http_alone(from: &[Field], to: &[Field]) -> bool {
    const TCP: [&str; 10] = [
        "principals",
        "notPrincipals",
        "ipBlocks",
        "notIpBlocks",
        "remoteIpBlocks",
        "notRemoteIpBlocks",
        "namespaces",
        "notNamespaces",
        "serviceAccounts",
        "notServiceAccounts",
    ];
    let sources: Vec<Field> = from.iter().map(|f| f.get("source")).filter(Field::is_set).collect();
    let operations: Vec<Field> = to.iter().map(|t| t.get("operation")).filter(Field::is_set).collect();
    let by_source = sources.iter().any(|source| any(source, &TCP));
    let by_port = operations.iter().any(|operation| any(operation, &["ports", "notPorts"]));
    (!sources.is_empty() && operations.is_empty() && !by_source) || (!operations.is_empty() && !by_port)
}

const SOURCE: [&str; 14] = [
    "principals",
    "notPrincipals",
    "requestPrincipals",
    "notRequestPrincipals",
    "namespaces",
    "notNamespaces",
    "serviceAccounts",
    "notServiceAccounts",
    "trustDomains",
    "notTrustDomains",
    "ipBlocks",
    "notIpBlocks",
    "remoteIpBlocks",
    "notRemoteIpBlocks",
];

fn check_source(source: &Field, custom: bool, flaws: &mut Flaws) {
    flaws.never(!any(source, &SOURCE), source, ("the source says nothing", "source 没有任何内容"));
    let who = any(source, &["principals", "notPrincipals", "namespaces", "notNamespaces"]);
    let accounts = any(source, &["serviceAccounts", "notServiceAccounts"]);
    flaws.never(
        who && accounts,
        source,
        (
            "serviceAccounts excludes principals and namespaces",
            "serviceAccounts 不能与 principals 和 namespaces 同时使用",
        ),
    );
    for name in SOURCE {
        let values = source.items(name);
        let address = name.to_ascii_lowercase().ends_with("ipblocks");
        flaws.hold(
            &source.get(name),
            (custom && !address && !values.is_empty())
                .then(|| said!("CUSTOM does not know {name}", "CUSTOM 不支持 {name}")),
        );
        flaws.never(
            name.ends_with("erviceAccounts") && values.len() > 16,
            &source.get(name),
            ("at most 16 accounts", "最多 16 个账号"),
        );
        for value in &values {
            flaws.hold(value, source_value(name, value.as_text()));
        }
    }
}

fn source_value(name: &str, value: &str) -> Wrong {
    match name {
        "ipBlocks" | "notIpBlocks" | "remoteIpBlocks" | "notRemoteIpBlocks" => names::ip_range(value),
        "serviceAccounts" | "notServiceAccounts" => account(value),
        "trustDomains" | "notTrustDomains" => trust_domain(value).or_else(|| {
            value.contains('/').then(|| said!("'{value}': a trust domain has no slash", "“{value}”：信任域中没有斜杠"))
        }),
        _ => value.is_empty().then(|| ("an empty value matches nothing", "空值什么也不匹配").into()),
    }
}

fn account(value: &str) -> Wrong {
    let parts: Vec<&str> = value.split('/').collect();
    let good = parts.len() <= 2 && parts.iter().all(|p| !p.is_empty()) && !value.contains('*') && value.len() <= 320;
    (!good).then(|| {
        said!("'{value}' is neither ACCOUNT nor NAMESPACE/ACCOUNT", "“{value}”既不是 ACCOUNT 也不是 NAMESPACE/ACCOUNT")
    })
}

fn trust_domain(value: &str) -> Wrong {
    let stars = value.matches('*').count();
    let edge = stars == 0 || value.starts_with('*') || value.ends_with('*');
    (value.is_empty() || stars > 1 || !edge)
        .then(|| said!("'{value}': one star, at the start or at the end", "“{value}”：只能有一个星号，位于开头或结尾"))
}

const OPERATION: [&str; 8] = ["ports", "notPorts", "methods", "notMethods", "paths", "notPaths", "hosts", "notHosts"];

fn check_operation(operation: &Field, flaws: &mut Flaws) {
    flaws.never(!any(operation, &OPERATION), operation, ("the operation says nothing", "operation 没有任何内容"));
    for name in OPERATION {
        for value in operation.items(name) {
            let text = value.as_text();
            let wrong = match name {
                "ports" | "notPorts" => port(text),
                "paths" | "notPaths" if !text.is_empty() => template(text),
                _ => text.is_empty().then(|| ("an empty value matches nothing", "空值什么也不匹配").into()),
            };
            flaws.hold(&value, wrong);
        }
    }
}

fn port(text: &str) -> Wrong {
    text.parse::<u16>().is_err().then(|| said!("'{text}' is no port", "“{text}”不是端口"))
}

/// Upstream: security.CheckValidPathTemplate.
fn template(path: &str) -> Wrong {
    let templated = path.contains("{*}") || path.contains("{**}");
    let mut rest_taken = false;
    for part in path.trim_matches('/').split('/') {
        if matches!(part, "{*}" | "{**}") {
            if rest_taken {
                return Some(said!(
                    "'{path}': nothing that stands for more may follow {{**}}",
                    "“{path}”：{{**}} 之后不能再有通配段"
                ));
            }
            rest_taken = part == "{**}";
        } else if part.contains(['{', '}']) {
            return Some(said!(
                "'{path}': braces are for {{*}} and {{**}} alone",
                "“{path}”：大括号只能用于 {{*}} 和 {{**}}"
            ));
        } else if templated && !is_literal(part) {
            return Some(said!(
                "'{path}': '{part}' has letters that a template does not know",
                "“{path}”：“{part}”含有模板不支持的字符"
            ));
        }
    }
    None
}

fn is_literal(part: &str) -> bool {
    let known = |b: u8| b.is_ascii_alphanumeric() || b"-._~%!$&'()+,;:@=*".contains(&b) && b != b'*';
    !part.is_empty() && part.bytes().all(known)
}

fn check_when(when: &Field, custom: bool, flaws: &mut Flaws) {
    let key = when.text("key");
    let at = when.get("key");
    if key.is_empty() {
        flaws.error(&at, ("the key is missing", "缺少 key"));
        return;
    }
    let who = ["source.namespace", "source.serviceAccount", "source.trustDomain", "source.principal"];
    flaws.hold(
        &at,
        (custom && (who.contains(&key) || key.starts_with("request.auth.")))
            .then(|| said!("CUSTOM does not know {key}", "CUSTOM 不支持 {key}")),
    );
    let (values, not) = (when.items("values"), when.items("notValues"));
    flaws.never(
        values.is_empty() && not.is_empty(),
        when,
        ("values or notValues must be there", "必须写 values 或 notValues"),
    );
    let mut known = false;
    for value in values.iter().chain(&not) {
        let text = value.as_text();
        let wrong = match key {
            "source.ip" | "remote.ip" | "destination.ip" => names::ip_range(text),
            "destination.port" => port(text),
            "source.serviceAccount" => account(text),
            "source.trustDomain" => trust_domain(text),
            _ => text.is_empty().then(|| ("an empty value matches nothing", "空值什么也不匹配").into()),
        };
        known |= wrong.is_none();
        flaws.hold(value, wrong);
    }
    if known {
        flaws.hold(&at, attribute(key));
    }
}

/// Upstream: security.ValidateAttribute.
fn attribute(key: &str) -> Wrong {
    const PLAIN: [&str; 12] = [
        "source.ip",
        "remote.ip",
        "source.namespace",
        "source.serviceAccount",
        "source.principal",
        "source.trustDomain",
        "request.auth.principal",
        "request.auth.audiences",
        "request.auth.presenter",
        "destination.ip",
        "destination.port",
        "connection.sni",
    ];
    let mapped = ["request.headers", "request.auth.claims", "experimental."].iter().any(|p| key.starts_with(p));
    let open = key.find('[').unwrap_or(0);
    let keyed = key.ends_with(']') && open > 0 && open + 2 < key.len();
    let good = if mapped { keyed } else { PLAIN.contains(&key) };
    (!good).then(|| said!("there is no attribute {key}", "没有 {key} 这个属性"))
}
