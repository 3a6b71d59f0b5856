//! From a context to a connection.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};
use std::time::{Duration, Instant};

use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::BodyExt;
use kube::Client;
use kube::client::{Body, ClientBuilder};
use kube::config::{AuthInfo, Config, KubeConfigOptions, Kubeconfig, NamedAuthInfo, NamedCluster, NamedContext};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use tower::{BoxError, Service};
use world::Said;

use crate::exec::{Credentials, Plugin};
use crate::{Connection, Context, ExecError, ExecPolicy};

/// How long a connection may take to be made.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Credentials are renewed this long before they end.
const SKEW: jiff::SignedDuration = jiff::SignedDuration::from_secs(30);
/// Two runs of a plugin are at least this far apart, whatever expiry it names.
const APART: Duration = Duration::from_secs(10);

/// Why a context cannot be opened. Nothing has been asked of the server yet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The context is not complete.
    #[error("context '{context}' cannot be opened: {problem}")]
    Incomplete {
        /// Its name.
        context: String,
        /// What is missing.
        problem: String,
    },
    /// A field of the kubeconfig cannot be used.
    #[error("context '{context}' cannot be used: {reason}")]
    Unusable {
        /// Its name.
        context: String,
        /// Which field, and why.
        reason: String,
    },
    /// It names an authentication plugin of old that Kubernetes itself has dropped.
    #[error("context '{context}' signs in with auth-provider '{provider}', which is no longer supported")]
    OldProvider {
        /// The context's name.
        context: String,
        /// The provider's name.
        provider: String,
    },
    /// Its credential plugin gave nothing.
    #[error("context '{context}': {error}")]
    Credentials {
        /// Its name.
        context: String,
        /// Why.
        error: ExecError,
    },
}

impl ConnectError {
    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::Incomplete { context, problem } => format!("无法打开上下文“{context}”：{problem}"),
            Self::Unusable { context, reason } => format!("无法使用上下文“{context}”：{reason}"),
            Self::OldProvider { context, provider } => {
                format!("上下文“{context}”用 auth-provider“{provider}”登录，它已不再受支持")
            }
            Self::Credentials { context, error } => format!("上下文“{context}”：{}", error.said().zh),
        };
        Said::new(self.to_string(), zh)
    }

    /// What to do next.
    pub fn hint(&self) -> (&'static str, &'static str) {
        match self {
            Self::Incomplete { .. } | Self::Unusable { .. } => {
                ("Correct the kubeconfig, then look again.", "请修正 kubeconfig，再看一次。")
            }
            Self::OldProvider { .. } => (
                "Write the kubeconfig anew with your cloud's tool: it will name an exec plugin.",
                "请用云厂商的工具重新生成 kubeconfig：它会写明一个 exec 插件。",
            ),
            Self::Credentials { error, .. } => error.hint(),
        }
    }
}

/// Opens a context. Runs its credential plugin where it has one that is allowed; asks nothing of the server.
///
/// # Errors
/// Where the kubeconfig cannot be used as it is, or the plugin gives no credentials.
pub async fn connect(context: &Context, policy: &ExecPolicy) -> Result<Connection, ConnectError> {
    connect_apart(context, policy, APART).await
}

/// The same, with runs of a plugin this far apart.
async fn connect_apart(context: &Context, policy: &ExecPolicy, apart: Duration) -> Result<Connection, ConnectError> {
    let name = || context.name.clone();
    if let Some(problem) = &context.problem {
        return Err(ConnectError::Incomplete { context: name(), problem: problem.clone() });
    }
    if let Some(provider) = context.auth.auth_provider.as_ref().filter(|provider| provider.name != "oidc") {
        return Err(ConnectError::OldProvider { context: name(), provider: provider.name.clone() });
    }
    let failed = |error| ConnectError::Credentials { context: name(), error };
    let client = match Plugin::of(&context.auth, &context.cluster, policy) {
        None => client(context, context.auth.clone()).await?,
        Some(plugin) => {
            let credentials = plugin.run().await.map_err(failed)?;
            let held = Held::new(context, &credentials).await?;
            let access =
                Access { plugin: Arc::new(plugin), context: context.clone(), held: Arc::new(Mutex::new(held)), apart };
            Client::new(access, namespace(context))
        }
    };
    Ok(Connection::from_client(client, &context.name))
}

fn namespace(context: &Context) -> String {
    if context.namespace.is_empty() { "default".into() } else { context.namespace.clone() }
}

async fn client(context: &Context, mut auth: AuthInfo) -> Result<Client, ConnectError> {
    auth.exec = None;
    let unusable = |reason: String| ConnectError::Unusable { context: context.name.clone(), reason };
    let scheme = context.server.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    if !matches!(scheme.as_deref(), Some("http" | "https")) {
        return Err(unusable("server has to begin with https:// or http://".into()));
    }
    let single = Kubeconfig {
        clusters: vec![NamedCluster {
            name: "c".into(),
            cluster: Some(context.cluster.clone()),
            ..NamedCluster::default()
        }],
        auth_infos: vec![NamedAuthInfo { name: "u".into(), auth_info: Some(auth), ..NamedAuthInfo::default() }],
        contexts: vec![NamedContext {
            name: "x".into(),
            context: Some(kube::config::Context {
                cluster: "c".into(),
                user: Some("u".into()),
                namespace: Some(namespace(context)),
                ..kube::config::Context::default()
            }),
            ..NamedContext::default()
        }],
        current_context: Some("x".into()),
        ..Kubeconfig::default()
    };
    let mut config = Config::from_custom_kubeconfig(single, &KubeConfigOptions::default())
        .await
        .map_err(|error| unusable(said(&error)))?;
    config.connect_timeout = Some(CONNECT_LIMIT);
    config.default_retry = false;
    Ok(ClientBuilder::try_from(config).map_err(|error| unusable(said(&error)))?.build())
}

/// An error with its causes, on one line.
fn said(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        next = cause.source();
    }
    crate::classify::shorten(&text)
}

/// The credentials of a plugin while they last, with the client that carries its certificate.
struct Held {
    client: Client,
    token: Option<SecretString>,
    renew_at: Option<jiff::Timestamp>,
    got: Instant,
    round: u64,
}

impl Held {
    async fn new(context: &Context, credentials: &Credentials) -> Result<Self, ConnectError> {
        let mut auth = context.auth.clone();
        if let Some((certificate, key)) = &credentials.identity {
            use base64::Engine;
            let base64 = base64::engine::general_purpose::STANDARD;
            auth.client_certificate_data = Some(base64.encode(certificate));
            auth.client_key_data = Some(SecretString::from(base64.encode(key.expose_secret())));
        }
        let client = client(context, auth).await?;
        let renew_at = credentials.expires.map(|at| at.checked_sub(SKEW).unwrap_or(at));
        Ok(Self { client, token: credentials.token.clone(), renew_at, got: Instant::now(), round: 0 })
    }

    fn is_over(&self) -> bool {
        self.renew_at.is_some_and(|at| jiff::Timestamp::now() >= at)
    }
}

/// Puts a plugin's credentials on each request, and renews them when they end or the server refuses them.
#[derive(Clone)]
struct Access {
    plugin: Arc<Plugin>,
    context: Context,
    held: Arc<Mutex<Held>>,
    apart: Duration,
}

impl Access {
    /// Client, token and round; renewed where they are over, or where `refused` is the round that is held.
    async fn current(&self, refused: Option<u64>) -> Result<(Client, Option<SecretString>, u64), BoxError> {
        let mut held = self.held.lock().await;
        let rejected = refused == Some(held.round);
        if (held.is_over() || rejected) && held.got.elapsed() >= self.apart {
            let credentials = self.plugin.run().await?;
            let round = held.round + 1;
            *held = Held { round, ..Held::new(&self.context, &credentials).await? };
        }
        Ok((held.client.clone(), held.token.clone(), held.round))
    }

    async fn send(self, request: Request<Body>) -> Result<Response<Body>, BoxError> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let (client, token, round) = self.current(None).await?;
        let response = client.send(signed(&parts, body.clone(), token)?).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let (client, token, again) = self.current(Some(round)).await?;
        if again == round { Ok(response) } else { Ok(client.send(signed(&parts, body, token)?).await?) }
    }
}

fn signed(
    parts: &http::request::Parts,
    body: bytes::Bytes,
    token: Option<SecretString>,
) -> Result<Request<Body>, BoxError> {
    let mut request = Request::from_parts(parts.clone(), Body::from(body));
    if let Some(token) = token {
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
        value.set_sensitive(true);
        request.headers_mut().insert(AUTHORIZATION, value);
    }
    Ok(request)
}

impl Service<Request<Body>> for Access {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _task: &mut Task<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().send(request))
    }
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
#[cfg(test)]
#[path = "ways_in_tests.rs"]
mod ways_in;
