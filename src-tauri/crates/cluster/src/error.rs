//! What goes wrong between us and an API server: what was tried, on what, why it failed, what to do next.
//! No text in here ever holds a token, a key or a body that we sent.

use std::fmt;
use std::time::Duration;

/// A call to an API server that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{tried} on {on}: {cause}")]
pub struct ApiError {
    /// What was tried, in words: `read VirtualService shop/reviews`.
    pub tried: String,
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
    /// What to do next; empty where nothing can be done.
    pub fn hint(&self) -> &'static str {
        match &self.cause {
            Cause::Unreachable(Unreachable::Refused) => {
                "Is the cluster running, and is the address in the kubeconfig right?"
            }
            Cause::Unreachable(Unreachable::Timeout(_)) => "Check the network or VPN to this cluster, then try again.",
            Cause::Unreachable(Unreachable::Dns) => "Check the server's name in the kubeconfig, and the VPN's DNS.",
            Cause::Unreachable(Unreachable::Proxy(_)) => "Check proxy-url in the kubeconfig.",
            Cause::Unreachable(Unreachable::Cut(_)) => "Try again; the connection broke on the way.",
            Cause::Untrusted(Untrusted::Expired) => {
                "Renew the API server's certificate; check this machine's clock too."
            }
            Cause::Untrusted(Untrusted::WrongHost) => {
                "Use the name that the certificate is for, or set tls-server-name in the kubeconfig."
            }
            Cause::Untrusted(Untrusted::UnknownAuthority) => {
                "Put the cluster's certificate authority into the kubeconfig (certificate-authority)."
            }
            Cause::Untrusted(Untrusted::ByServer(_)) => "Check the client certificate in the kubeconfig.",
            Cause::Untrusted(Untrusted::Other(_)) => "Is this address really a Kubernetes API server?",
            Cause::Unauthenticated { .. } => {
                "Sign in again: the token or certificate in the kubeconfig is not accepted."
            }
            Cause::Credentials(error) => error.hint(),
            Cause::Forbidden { .. } => "Ask the cluster's administrator for this right.",
            Cause::NotFound { .. } => "It may have been deleted; look again.",
            Cause::NotServed { .. } => "Install the CRD, or open a cluster that has it.",
            Cause::Conflict { owners, .. } if owners.is_empty() => "Somebody changed it in the meantime: review again.",
            Cause::Conflict { .. } => "Take the fields over by name, or leave them to their owner.",
            Cause::Invalid { .. } => "Correct the named fields.",
            Cause::Gone => "Read it again.",
            Cause::TooManyRequests { .. } => "The API server is busy: wait and try again.",
            Cause::Server { .. } => "The API server failed: its own log says why.",
            Cause::Broken { .. } => "Is this address really a Kubernetes API server?",
            Cause::Refused { .. } | Cause::NotAllowed { .. } => "",
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

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(why) => write!(f, "unreachable: {why}"),
            Self::Untrusted(Untrusted::ByServer(why)) => write!(f, "the server does not let us in: {why}"),
            Self::Untrusted(why) => write!(f, "the server's certificate is not trusted: {why}"),
            Self::Unauthenticated { detail } => write!(f, "not signed in: {detail}"),
            Self::Credentials(error) => error.fmt(f),
            Self::Forbidden { verb, resource, detail } if verb.is_empty() || resource.is_empty() => {
                write!(f, "forbidden: {detail}")
            }
            Self::Forbidden { verb, resource, .. } => write!(f, "you may not {verb} {resource}"),
            Self::NotFound { detail } => write!(f, "not found: {detail}"),
            Self::NotServed { group, kind } if group.is_empty() => write!(f, "{kind} is not served there"),
            Self::NotServed { group, kind } => write!(f, "{kind} of {group} is not served there"),
            Self::Conflict { owners, detail } if owners.is_empty() => write!(f, "conflict: {detail}"),
            Self::Conflict { owners, .. } => {
                f.write_str("owned by another manager: ")?;
                list(f, owners.iter().map(|o| format!("{} ({})", o.field, o.manager)))
            }
            Self::Invalid { causes, detail } if causes.is_empty() => write!(f, "not accepted: {detail}"),
            Self::Invalid { causes, .. } => {
                f.write_str("not accepted: ")?;
                list(
                    f,
                    causes.iter().map(|c| match c.field.as_str() {
                        "" => c.message.clone(),
                        field => format!("{field}: {}", c.message),
                    }),
                )
            }
            Self::Gone => f.write_str("the version asked for is no longer kept"),
            Self::TooManyRequests { after } => write!(f, "the server asks to wait {} s", after.as_secs()),
            Self::Refused { status, detail } | Self::Server { status, detail } => {
                write!(f, "the server answered {status}: {detail}")
            }
            Self::Broken { detail } => write!(f, "broken answer: {detail}"),
            Self::NotAllowed { detail } => f.write_str(detail),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, items: impl Iterator<Item = String>) -> fmt::Result {
    for (index, item) in items.enumerate() {
        if index > 0 {
            f.write_str("; ")?;
        }
        f.write_str(&item)?;
    }
    Ok(())
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused => f.write_str("connection refused"),
            Self::Timeout(after) => write!(f, "no answer within {} s", after.as_secs()),
            Self::Dns => f.write_str("the server's name does not resolve"),
            Self::Proxy(detail) => write!(f, "the proxy did not let us through: {detail}"),
            Self::Cut(detail) => write!(f, "the connection broke: {detail}"),
        }
    }
}

impl fmt::Display for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Expired => f.write_str("it has expired or is not valid yet"),
            Self::WrongHost => f.write_str("it is for another host"),
            Self::UnknownAuthority => f.write_str("its authority is unknown"),
            Self::ByServer(detail) | Self::Other(detail) => f.write_str(detail),
        }
    }
}
