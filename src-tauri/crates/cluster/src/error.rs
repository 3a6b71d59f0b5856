//! What goes wrong between us and an API server: what was tried, on what, why it failed, what to do next.
//! No text in here ever holds a token, a key or a body that we sent.

use std::fmt;
use std::time::Duration;

use world::{Said, said};

/// A call to an API server that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tried} on {on}: {cause}")]
pub struct ApiError {
    /// What was tried, in words: `read VirtualService shop/reviews`.
    pub tried: Said,
    /// On which cluster, by the context's name.
    pub on: std::sync::Arc<str>,
    /// Why it failed.
    pub cause: Cause,
}

/// Why a call failed. Closed: whoever reads it handles every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No answer came.
    Unreachable(Unreachable),
    /// The server's certificate is not one that we may trust.
    Untrusted(Untrusted),
    /// 401: the credentials are missing, wrong or expired.
    Unauthenticated {
        /// The server's words.
        detail: String,
    },
    /// Fresh credentials could not be had.
    Credentials(crate::ExecError),
    /// 403: a right is missing.
    Forbidden {
        /// The verb, e.g. `list`; empty where the server does not say.
        verb: String,
        /// The resource, e.g. `virtualservices.networking.istio.io`.
        resource: String,
        /// The server's words.
        detail: String,
    },
    /// 404: the object, or the path, is not there.
    NotFound {
        /// The server's words.
        detail: String,
    },
    /// The API server does not serve this kind.
    NotServed {
        /// API group.
        group: String,
        /// Kind.
        kind: String,
    },
    /// 409: someone changed it since, owns the field, or it exists already.
    Conflict {
        /// Who owns which field with another value; empty where the version is what conflicts.
        owners: Vec<FieldOwner>,
        /// The server's words.
        detail: String,
    },
    /// 422, or 400 with strict checks: the server does not accept the object.
    Invalid {
        /// What is wrong, by field.
        causes: Vec<FieldCause>,
        /// The server's words.
        detail: String,
    },
    /// 410: the version asked for is no longer kept.
    Gone,
    /// 429: the server asks to wait.
    TooManyRequests {
        /// For how long.
        after: Duration,
    },
    /// 400, 405, 413 …: the server refuses the request as such.
    Refused {
        /// HTTP status.
        status: u16,
        /// The server's words.
        detail: String,
    },
    /// 5xx: the server failed.
    Server {
        /// HTTP status.
        status: u16,
        /// The server's words.
        detail: String,
    },
    /// The answer is not what an API server says.
    Broken {
        /// What is wrong with it.
        detail: String,
    },
    /// We do not do that: a path or a name that is not on our list.
    NotAllowed {
        /// What.
        detail: String,
    },
}

/// Why no answer came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreachable {
    /// Nobody listens there.
    Refused,
    /// No answer within this time.
    Timeout(Duration),
    /// The name does not resolve.
    Dns,
    /// The proxy of the kubeconfig did not let us through.
    Proxy(String),
    /// The connection broke.
    Cut(String),
}

/// Why a certificate is not trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Untrusted {
    /// It has ended, or has not begun.
    Expired,
    /// It is for another name.
    WrongHost,
    /// Signed by an authority that is not in the kubeconfig.
    UnknownAuthority,
    /// The server ended the handshake: it wants a client certificate, or another one.
    ByServer(String),
    /// Anything else: it speaks no TLS that we do.
    Other(String),
}

/// A field that somebody else owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldOwner {
    /// The manager, e.g. `argocd-controller`.
    pub manager: String,
    /// The field as the server writes it, e.g. `.spec.http`.
    pub field: String,
}

/// A field that the server does not accept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldCause {
    /// The field, e.g. `spec.http[0].route`; empty where the server names none.
    pub field: String,
    /// What is wrong with it.
    pub message: String,
}

impl ApiError {
    /// In both languages.
    pub fn said(&self) -> Said {
        let (Said { en, zh }, cause) = (&self.tried, self.cause.said());
        Said::new(format!("{en} on {}: {}", self.on, cause.en), format!("{zh}（{}）：{}", self.on, cause.zh))
    }

    /// What to do next; empty where nothing can be done.
    pub fn hint(&self) -> (&'static str, &'static str) {
        match &self.cause {
            Cause::Unreachable(why) => why.hint(),
            Cause::Untrusted(why) => why.hint(),
            Cause::Unauthenticated { .. } => (
                "Sign in again: the token or certificate in the kubeconfig is not accepted.",
                "请重新登录：kubeconfig 中的令牌或证书未被接受。",
            ),
            Cause::Credentials(error) => error.hint(),
            Cause::Forbidden { .. } => {
                ("Ask the cluster's administrator for this right.", "请向集群管理员申请此权限。")
            }
            Cause::NotFound { .. } => ("It may have been deleted; look again.", "它可能已被删除；请再看一次。"),
            Cause::NotServed { .. } => {
                ("Install the CRD, or open a cluster that has it.", "请安装该 CRD，或打开一个有它的集群。")
            }
            Cause::Conflict { owners, .. } if owners.is_empty() => {
                ("Somebody changed it in the meantime: review again.", "期间有人改了它：请重新审阅。")
            }
            Cause::Conflict { .. } => (
                "Take the fields over by name, or leave them to their owner.",
                "请按名称接管这些字段，或把它们留给其所有者。",
            ),
            Cause::Invalid { .. } => ("Correct the named fields.", "请修正所指出的字段。"),
            Cause::Gone => ("Read it again.", "请重新读取。"),
            Cause::TooManyRequests { .. } => {
                ("The API server is busy: wait and try again.", "API 服务器繁忙：请稍候再试。")
            }
            Cause::Server { .. } => {
                ("The API server failed: its own log says why.", "API 服务器出错：它自己的日志会说明原因。")
            }
            Cause::Broken { .. } => NO_SERVER,
            Cause::Refused { .. } | Cause::NotAllowed { .. } => ("", ""),
        }
    }

    /// Whether the same call may succeed a moment later without anything being changed.
    pub fn is_passing(&self) -> bool {
        matches!(
            self.cause,
            Cause::Unreachable(_) | Cause::TooManyRequests { .. } | Cause::Server { .. } | Cause::Broken { .. }
        )
    }
}

impl Cause {
    /// In both languages; what somebody else says stands in his own words.
    pub fn said(&self) -> Said {
        match self {
            Self::Unreachable(why) => {
                let Said { en, zh } = why.said();
                said!("unreachable: {en}", "无法连接：{zh}")
            }
            Self::Untrusted(Untrusted::ByServer(why)) => {
                said!("the server does not let us in: {why}", "服务器不让我们进入：{why}")
            }
            Self::Untrusted(why) => {
                let Said { en, zh } = why.said();
                said!("the server's certificate is not trusted: {en}", "服务器的证书不受信任：{zh}")
            }
            Self::Unauthenticated { detail } => said!("not signed in: {detail}", "未登录：{detail}"),
            Self::Credentials(error) => error.said(),
            Self::Forbidden { verb, resource, detail } if verb.is_empty() || resource.is_empty() => {
                said!("forbidden: {detail}", "没有权限：{detail}")
            }
            Self::Forbidden { verb, resource, .. } => {
                said!("you may not {verb} {resource}", "你无权 {verb} {resource}")
            }
            Self::NotFound { detail } => said!("not found: {detail}", "未找到：{detail}"),
            Self::NotServed { group, kind } if group.is_empty() => {
                said!("{kind} is not served there", "那里不提供 {kind}")
            }
            Self::NotServed { group, kind } => {
                said!("{kind} of {group} is not served there", "那里不提供 {group} 的 {kind}")
            }
            Self::Conflict { owners, detail } if owners.is_empty() => said!("conflict: {detail}", "冲突：{detail}"),
            Self::Conflict { owners, .. } => {
                let owned = list(owners.iter().map(|o| format!("{} ({})", o.field, o.manager)));
                said!("owned by another manager: {owned}", "属于其他管理者：{owned}")
            }
            Self::Invalid { causes, detail } if causes.is_empty() => {
                said!("not accepted: {detail}", "未被接受：{detail}")
            }
            Self::Invalid { causes, .. } => {
                let wrong = list(causes.iter().map(|c| match c.field.as_str() {
                    "" => c.message.clone(),
                    field => format!("{field}: {}", c.message),
                }));
                said!("not accepted: {wrong}", "未被接受：{wrong}")
            }
            Self::Gone => said!("the version asked for is no longer kept", "所要的版本已不再保留"),
            Self::TooManyRequests { after } => {
                said!("the server asks to wait {} s", "服务器要求等待 {} s", after.as_secs())
            }
            Self::Refused { status, detail } | Self::Server { status, detail } => {
                said!("the server answered {status}: {detail}", "服务器返回 {status}：{detail}")
            }
            Self::Broken { detail } => said!("broken answer: {detail}", "应答已损坏：{detail}"),
            Self::NotAllowed { detail } => detail.as_str().into(),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.said().fmt(f)
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("; ")
}

/// What answers is something else.
const NO_SERVER: (&str, &str) =
    ("Is this address really a Kubernetes API server?", "此地址真的是 Kubernetes API 服务器吗？");

impl Unreachable {
    fn hint(&self) -> (&'static str, &'static str) {
        match self {
            Self::Refused => (
                "Is the cluster running, and is the address in the kubeconfig right?",
                "集群在运行吗？kubeconfig 中的地址对吗？",
            ),
            Self::Timeout(_) => {
                ("Check the network or VPN to this cluster, then try again.", "请检查到此集群的网络或 VPN，然后重试。")
            }
            Self::Dns => (
                "Check the server's name in the kubeconfig, and the VPN's DNS.",
                "请检查 kubeconfig 中服务器的名称，以及 VPN 的 DNS。",
            ),
            Self::Proxy(_) => ("Check proxy-url in the kubeconfig.", "请检查 kubeconfig 中的 proxy-url。"),
            Self::Cut(_) => ("Try again; the connection broke on the way.", "请重试；连接在途中断开了。"),
        }
    }

    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Refused => said!("connection refused", "连接被拒绝"),
            Self::Timeout(after) => said!("no answer within {} s", "{} s 内没有应答", after.as_secs()),
            Self::Dns => said!("the server's name does not resolve", "服务器的名称无法解析"),
            Self::Proxy(detail) => {
                said!("the proxy did not let us through: {detail}", "代理服务器不让我们通过：{detail}")
            }
            Self::Cut(detail) => said!("the connection broke: {detail}", "连接中断：{detail}"),
        }
    }
}

impl Untrusted {
    fn hint(&self) -> (&'static str, &'static str) {
        match self {
            Self::Expired => (
                "Renew the API server's certificate; check this machine's clock too.",
                "请更新 API 服务器的证书；也请检查本机的时钟。",
            ),
            Self::WrongHost => (
                "Use the name that the certificate is for, or set tls-server-name in the kubeconfig.",
                "请使用证书所属的名称，或在 kubeconfig 中设置 tls-server-name。",
            ),
            Self::UnknownAuthority => (
                "Put the cluster's certificate authority into the kubeconfig (certificate-authority).",
                "请把集群的证书颁发机构放入 kubeconfig（certificate-authority）。",
            ),
            Self::ByServer(_) => {
                ("Check the client certificate in the kubeconfig.", "请检查 kubeconfig 中的客户端证书。")
            }
            Self::Other(_) => NO_SERVER,
        }
    }

    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Expired => said!("it has expired or is not valid yet", "它已过期或尚未生效"),
            Self::WrongHost => said!("it is for another host", "它用于另一个主机"),
            Self::UnknownAuthority => said!("its authority is unknown", "其颁发机构未知"),
            Self::ByServer(detail) | Self::Other(detail) => detail.as_str().into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn in_chinese(text: &str) -> bool {
        text.chars().any(|c| ('一'..='鿿').contains(&c))
    }

    #[test]
    fn every_cause_and_its_next_step_are_said_in_chinese_too() {
        let detail = || "its own words".to_owned();
        let owner = || FieldOwner { manager: "argocd".into(), field: ".spec.http".into() };
        let wrong = || FieldCause { field: "spec.http".into(), message: "Required value".into() };
        let (command, fingerprint) = ("aws".to_owned(), crate::Fingerprint::saved("f"));
        let exec = crate::ExecError::NotAllowed { command, fingerprint };
        let unreachable = [
            Unreachable::Refused,
            Unreachable::Timeout(Duration::from_secs(5)),
            Unreachable::Dns,
            Unreachable::Proxy(detail()),
            Unreachable::Cut(detail()),
        ];
        let untrusted = [
            Untrusted::Expired,
            Untrusted::WrongHost,
            Untrusted::UnknownAuthority,
            Untrusted::ByServer(detail()),
            Untrusted::Other(detail()),
        ];
        let verb = || "list".to_owned();
        let all = unreachable.into_iter().map(Cause::Unreachable).chain(untrusted.into_iter().map(Cause::Untrusted));
        let all = all.chain([
            Cause::Unauthenticated { detail: detail() },
            Cause::Credentials(exec),
            Cause::Forbidden { verb: verb(), resource: "pods".into(), detail: detail() },
            Cause::Forbidden { verb: String::new(), resource: String::new(), detail: detail() },
            Cause::NotFound { detail: detail() },
            Cause::NotServed { group: String::new(), kind: "Pod".into() },
            Cause::NotServed { group: "g".into(), kind: "K".into() },
            Cause::Conflict { owners: vec![], detail: detail() },
            Cause::Conflict { owners: vec![owner()], detail: detail() },
            Cause::Invalid { causes: vec![], detail: detail() },
            Cause::Invalid { causes: vec![wrong()], detail: detail() },
            Cause::Gone,
            Cause::TooManyRequests { after: Duration::from_secs(1) },
            Cause::Refused { status: 405, detail: detail() },
            Cause::Server { status: 503, detail: detail() },
            Cause::Broken { detail: detail() },
        ]);
        for cause in all {
            let error = ApiError { tried: "read".into(), on: "prod".into(), cause };
            let (said, (hint, hint_zh)) = (error.cause.said(), error.hint());
            assert!(in_chinese(&said.zh), "{said:?}");
            assert_eq!(hint.is_empty(), hint_zh.is_empty(), "{said:?}");
            assert!(hint.is_empty() || in_chinese(hint_zh), "{hint_zh}");
            assert_eq!(error.said().en, error.to_string());
        }
    }
}
