//! Envoy's admin port by the agent beside it: `pilot-agent request GET …` run in the proxy's container, for users who may run something there
//! and may not forward a port. A port-forward comes first, and neither is tried before the right to it was asked for.

use bytes::Bytes;
use http::Method;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::api::AttachParams;
use tokio::io::{AsyncRead, AsyncReadExt};
use world::said;

use crate::classify;
use crate::connection::Connection;
use crate::cost::Sort;
use crate::error::{ApiError, Cause, Unreachable};
use crate::pods::{Bounds, LOGGING, READ_ONLY, by_forward, late};
use crate::rights::InPod;

/// Envoy's admin port, on the pod's loopback.
pub const ADMIN_PORT: u16 = 15000;
/// The container that Istio's injector and gateways name so.
pub const CONTAINER: &str = "istio-proxy";
/// Most of what a program says of its failure that is read.
const COMPLAINT: u64 = 4096;

/// What is asked of an admin port.
#[derive(Clone)]
struct Admin<'a> {
    method: Method,
    path: &'a str,
    /// The paths that may be asked for.
    allowed: &'static [&'static str],
    bounds: Bounds,
}

impl<'a> Admin<'a> {
    fn get(path: &'a str) -> Self {
        Self { method: Method::GET, path, allowed: &READ_ONLY, bounds: Bounds::ONE }
    }
}

impl Connection {
    /// GET of Envoy's admin port: by a port-forward, else by running its agent.
    ///
    /// # Errors
    /// `NotAllowed` for a path that is not on the list; `Forbidden` names both rights where both are missing; else as any call.
    pub async fn admin_get(&self, namespace: &str, pod: &str, path: &str) -> Result<Bytes, ApiError> {
        self.admin_within(namespace, pod, Admin { bounds: Bounds::of(path), ..Admin::get(path) }).await
    }

    /// The same of a proxy that nobody has opened: no more than 48 MiB, in no more than ten seconds.
    ///
    /// # Errors
    /// As [`Self::admin_get`]; `Broken` where the answer is larger.
    pub async fn admin_glance(&self, namespace: &str, pod: &str, path: &str) -> Result<Bytes, ApiError> {
        self.admin_within(namespace, pod, Admin { bounds: Bounds::GLANCE, ..Admin::get(path) }).await
    }

    /// Asks Envoy for its log levels, or sets them: `POST /logging` of its admin port, by the same ways.
    ///
    /// # Errors
    /// As [`Self::admin_get`].
    pub async fn admin_logging(&self, namespace: &str, pod: &str, path: &str) -> Result<Bytes, ApiError> {
        let asked = Admin { method: Method::POST, path, allowed: &[LOGGING], bounds: Bounds::ONE };
        self.admin_within(namespace, pod, asked).await
    }

    async fn admin_within(&self, namespace: &str, pod: &str, asked: Admin<'_>) -> Result<Bytes, ApiError> {
        let Admin { method, path, allowed, bounds } = asked.clone();
        let place = (namespace, pod, ADMIN_PORT);
        let tried = by_forward(&method, path, place);
        self.check(&tried, namespace, pod, path, allowed)?;
        let forwarded = self.forwarded(tried, place, method, (path, bounds)).await;
        let Err(ApiError { cause: Cause::Forbidden { verb, .. }, tried, .. }) = &forwarded else { return forwarded };
        let run = match self.may_in(InPod::Run, namespace, pod).await {
            Ok(()) => self.agent_within(namespace, pod, asked).await,
            Err(missing) => Err(self.error(tried.clone(), missing)),
        };
        let Err(ApiError { cause: Cause::Forbidden { verb: other, .. }, .. }) = &run else { return run };
        let cause = Cause::Forbidden {
            verb: verb.clone(),
            resource: format!("pods/portforward, nor {other} pods/exec"),
            detail: format!("neither a port-forward nor running pilot-agent is allowed in {namespace}"),
        };
        Err(self.error(tried.clone(), cause))
    }

    /// The same as [`Self::admin_get`] by running the agent.
    ///
    /// # Errors
    /// As there.
    pub async fn agent_get(&self, namespace: &str, pod: &str, path: &str) -> Result<Bytes, ApiError> {
        self.agent_within(namespace, pod, Admin { bounds: Bounds::of(path), ..Admin::get(path) }).await
    }

    async fn agent_within(&self, namespace: &str, pod: &str, asked: Admin<'_>) -> Result<Bytes, ApiError> {
        let Admin { method, path, allowed, bounds: Bounds { largest, whole, .. } } = asked;
        let tried = said!(
            "run pilot-agent request {method} {path} in Pod {namespace}/{pod}",
            "在 Pod {namespace}/{pod} 中运行 pilot-agent request {method} {path}"
        );
        self.check(&tried, namespace, pod, path, allowed)?;
        let command = ["pilot-agent", "request", method.as_str(), path.trim_start_matches('/')];
        let answer = tokio::time::timeout(whole, self.run(namespace, pod, &command, largest)).await;
        answer.unwrap_or(Err(late(whole))).map_err(|cause| self.error(tried, cause))
    }

    async fn run(&self, namespace: &str, pod: &str, command: &[&str], largest: usize) -> Result<Bytes, Cause> {
        let question = self.meter.question(Sort::of(&format!("/{}", command.last().unwrap_or(&""))));
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), namespace);
        let wanted = AttachParams::default().container(CONTAINER).stdin(false).stdout(true).stderr(true);
        let mut running = pods
            .exec(pod, command.iter().copied(), &wanted)
            .await
            .map_err(|error| self.failed_in(InPod::Run, (namespace, pod), &error))?;
        let (out, complaint, status) = (running.stdout(), running.stderr(), running.take_status());
        let limit = largest as u64 + 1;
        let (out, complaint) = tokio::join!(all(out, limit), all(complaint, COMPLAINT));
        let ended = match status {
            Some(status) => status.await,
            None => None,
        };
        running.abort();
        let out = out?;
        question.heard(out.len());
        if out.len() as u64 == limit {
            return Err(Cause::Broken { detail: format!("the answer is larger than {} MiB", largest >> 20) });
        }
        // Without a word of how it ended, the answer may be a part of it.
        let Some(ended) = ended else {
            return Err(Cause::Unreachable(Unreachable::Cut("how the program ended was not said".into())));
        };
        match ended.status {
            Some(word) if word == "Success" => Ok(answer(out.into())),
            _ => {
                let said = complaint.unwrap_or_default();
                Err(Cause::Refused { status: 500, detail: classify::shorten(&String::from_utf8_lossy(&said)) })
            }
        }
    }
}

/// What the agent was told, without what it writes of itself before: `2026-11-26T11:45:30.121406Z\twarn\t…`.
fn answer(mut out: Bytes) -> Bytes {
    loop {
        let end = out.iter().position(|byte| *byte == b'\n').map_or(out.len(), |at| at + 1);
        let stamp = out.get(..end).and_then(|line| line.split(|byte| *byte == b'\t').next()).unwrap_or_default();
        let is_own = stamp.len() < end && stamp.len() >= 20 && stamp[0].is_ascii_digit() && stamp.ends_with(b"Z");
        if !is_own {
            return out;
        }
        out = out.slice(end..);
    }
}

async fn all(from: Option<impl AsyncRead + Unpin>, limit: u64) -> Result<Vec<u8>, Cause> {
    let mut read = Vec::new();
    if let Some(from) = from {
        let broken =
            |error: std::io::Error| Cause::Unreachable(Unreachable::Cut(classify::shorten(&error.to_string())));
        from.take(limit).read_to_end(&mut read).await.map_err(broken)?;
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_agent_says_of_itself_is_no_answer() {
        for (said, expected) in [
            ("2026-11-26T11:45:30.121406Z\twarn\tOS CA Cert could not be found\n{\"a\": 1}\n", "{\"a\": 1}\n"),
            ("{\"a\":\t1}", "{\"a\":\t1}"),
            ("cluster.a: 1\n2026 is no time\tZ\n", "cluster.a: 1\n2026 is no time\tZ\n"),
            ("2026-11-26T11:45:30.121406Z\twarn\tand no more", ""),
            ("", ""),
        ] {
            assert_eq!(answer(Bytes::from(said)), expected);
        }
    }
}
