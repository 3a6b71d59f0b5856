//! The log of a container, as it grows.

use bytes::Bytes;
use http_body_util::BodyExt;
use kube::client::Body;
use world::{Said, said};

use crate::classify;
use crate::connection::{Call, Connection, is_path_part};
use crate::cost::Heard;
use crate::error::{ApiError, Cause, Unreachable};

/// From when a log is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Since {
    /// So many seconds ago.
    Seconds(u32),
    /// This time, RFC 3339 in UTC.
    Time(String),
}

/// A log that is followed. Dropping it ends that.
pub struct Log {
    connection: Connection,
    tried: Said,
    body: Heard<Body>,
}

impl Connection {
    /// Follows the log of a container; the node writes its time before each line.
    ///
    /// # Errors
    /// As any call; `Forbidden` names `get pods/log`.
    pub async fn pod_log(
        &self,
        (namespace, pod): (&str, &str),
        container: &str,
        since: &Since,
    ) -> Result<Log, ApiError> {
        let tried = said!(
            "GET the log of {container} of Pod {namespace}/{pod}",
            "读取 Pod {namespace}/{pod} 中 {container} 的日志"
        );
        if ![namespace, pod, container].into_iter().all(is_path_part) {
            return Err(self.error(tried, Cause::NotAllowed { detail: "not the name of a pod or container".into() }));
        }
        let since = match since {
            Since::Seconds(seconds) => format!("sinceSeconds={}", (*seconds).max(1)),
            Since::Time(time) => format!("sinceTime={time}"),
        };
        let path = format!(
            "/api/v1/namespaces/{namespace}/pods/{pod}/log?container={container}&follow=true&timestamps=true&{since}"
        );
        let call = Call { accept: "*/*", identity: true, ..Call::get(tried, path) };
        let body = self.open(&call).await?.into_body();
        Ok(Log { connection: self.clone(), tried: call.tried, body })
    }
}

impl Log {
    /// What was written next, cut anywhere; `None` where the log ended. Safe to drop in the middle of waiting.
    ///
    /// # Errors
    /// Where the connection broke.
    pub async fn next(&mut self) -> Result<Option<Bytes>, ApiError> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => {
                    let cause = Cause::Unreachable(Unreachable::Cut(classify::shorten(&error.to_string())));
                    return Err(self.connection.error(self.tried.clone(), cause));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}
