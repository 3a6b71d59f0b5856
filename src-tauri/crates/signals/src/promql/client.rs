//! Asking it: through the API server with the user's own rights, or at an address that the user gave.

use std::sync::atomic::{AtomicBool, Ordering};

use cluster::{ApiError, Cause, Connection, Told, escape};
use world::{Said, said};

use super::answer::{Answer, Line, NoNumber, Refused, kind_of, read, read_version};
use super::find::{Kind, Place};

/// How long it may work at a query; less than we wait for the answer.
const TIMEOUT: &str = "8s";
/// The most points of a line that it gives (web/api/v1/api.go, `queryRange`).
const POINTS: f64 = 11_000.0;

/// How it is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// A Service, and the ports of the pods behind it, for those who may not use the API server's proxy.
    Service(Place, Vec<(String, u16)>),
    /// The connection leads to it.
    Address,
}

/// One Prometheus.
pub struct Client {
    connection: Connection,
    way: Way,
    tenant: String,
    forward: AtomicBool,
}

/// A question that has no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// It was not reached.
    #[error("{}", reason(.0).en)]
    Way(ApiError),
    /// It says no, or is no Prometheus.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// It answers, with no number.
    #[error(transparent)]
    NoNumber(#[from] NoNumber),
}

/// A right or an object that is missing is named whole; of what is not reached the cause says enough.
fn reason(error: &ApiError) -> Said {
    match &error.cause {
        Cause::Forbidden { .. } | Cause::NotFound { .. } | Cause::Server { .. } => error.said(),
        cause => {
            let Said { en, zh } = cause.said();
            said!("it is not reached: {en}", "无法连接到它：{zh}")
        }
    }
}

impl Trouble {
    /// In both languages.
    pub fn said(&self) -> Said {
        match self {
            Self::Way(error) => reason(error),
            Self::Refused(refused) => refused.said(),
            Self::NoNumber(none) => none.said(),
        }
    }
}

impl Client {
    /// Asks nothing yet.
    pub fn new(connection: Connection, way: Way) -> Self {
        Self { connection, way, tenant: String::new(), forward: AtomicBool::default() }
    }

    /// Asks for the data of this tenant, where it keeps those of several apart (Mimir); empty for none.
    #[must_use]
    pub fn of_tenant(self, tenant: &str) -> Self {
        Self { tenant: tenant.to_owned(), ..self }
    }

    /// The version that it says it has, and what it is where it says so.
    ///
    /// # Errors
    /// Where it is not reached, or no Prometheus.
    pub async fn version(&self) -> Result<(String, Option<Kind>), Trouble> {
        let told = self.get("/api/v1/status/buildinfo").await?;
        Ok(read_version(told.status, &told.body)?)
    }

    /// Its clock, and what it is where the form of its answer tells.
    ///
    /// # Errors
    /// Where it is not reached, or refuses, or is no Prometheus.
    pub async fn clock(&self) -> Result<(f64, Option<Kind>), Trouble> {
        let told = self.get(&format!("/api/v1/query?query={}&timeout={TIMEOUT}", escape("time()"))).await?;
        Ok((read(told.status, &told.body)?.number()?, kind_of(&told.body)))
    }

    /// A query at a time, in seconds since 1970; by its own clock where none is given.
    ///
    /// # Errors
    /// Where it is not reached, or refuses.
    pub async fn query(&self, query: &str, at: Option<f64>) -> Result<Answer, Trouble> {
        let at = at.map(|at| format!("&time={at:.3}")).unwrap_or_default();
        self.ask(&format!("/api/v1/query?query={}{at}&timeout={TIMEOUT}", escape(query))).await
    }

    /// A query over time.
    ///
    /// # Errors
    /// Where it is not reached, or refuses.
    pub async fn over(&self, query: &str, (from, to): (f64, f64), step: f64) -> Result<Vec<Line>, Trouble> {
        let step = step.max((to - from) / (POINTS - 1.0)).max(1.0);
        let path = format!(
            "/api/v1/query_range?query={}&start={from:.3}&end={to:.3}&step={step:.0}&timeout={TIMEOUT}",
            escape(query)
        );
        Ok(self.ask(&path).await?.lines())
    }

    async fn ask(&self, path: &str) -> Result<Answer, Trouble> {
        let told = self.get(path).await?;
        Ok(read(told.status, &told.body)?)
    }

    async fn get(&self, path: &str) -> Result<Told, Trouble> {
        let (place, pods) = match &self.way {
            Way::Address => return self.connection.backend_get(path, &self.tenant).await.map_err(Trouble::Way),
            Way::Service(place, pods) => (place, pods),
        };
        let path = format!("{}{path}", place.prefix());
        let by_proxy =
            || self.connection.service_proxy_get(&place.namespace, &place.name, place.port, (&path, &self.tenant));
        let by_forward = async || match pods.first() {
            Some((pod, port)) => {
                Some(self.connection.backend_forward_get(&place.namespace, pod, *port, (&path, &self.tenant)).await)
            }
            None => None,
        };
        if self.forward.load(Ordering::Relaxed)
            && let Some(Ok(told)) = by_forward().await
        {
            return Ok(told);
        }
        let answer = by_proxy().await;
        if !matches!(&answer, Err(error) if matches!(error.cause, Cause::Forbidden { .. })) {
            return answer.map_err(Trouble::Way);
        }
        // A pod behind it answers as well; who may reach neither reads of the right to the Service.
        let forwarded = by_forward().await.and_then(Result::ok);
        self.forward.store(forwarded.is_some(), Ordering::Relaxed);
        forwarded.map_or(answer, Ok).map_err(Trouble::Way)
    }
}
