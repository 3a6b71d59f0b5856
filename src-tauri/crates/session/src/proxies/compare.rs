//! What the control plane would send a proxy against what the proxy has.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use cluster::Cause;
use serde_json::Value;
use signals::compare::{self, Compared};
use world::{Said, said, yaml};

use crate::session::defect;
use crate::{Error, Result, Session};

pub use signals::compare::{Kind, Standing};

/// The two as they were when both were asked.
#[derive(Debug)]
pub struct Comparison {
    /// Namespace and pod.
    place: (String, String),
    /// Milliseconds since 1970.
    pub read_at: f64,
    /// The instance that was asked, `namespace/pod`; empty where none could be.
    pub control_plane: String,
    /// Why the two cannot be compared; empty where they are.
    pub because: Said,
    parts: Vec<Compared>,
}

impl Comparison {
    /// Every part, those that differ first.
    pub fn parts(&self) -> &[Compared] {
        &self.parts
    }
}

/// What a proxy would be sent stands on a page alone (istio, pilot/pkg/xds/debug.go `ConfigDump`).
const SHUT: (&str, &str) = (
    "the debug pages of its control plane are shut, and what it would send stands on them alone",
    "其控制平面的调试页面已关闭，而将要下发的配置只在那些页面上",
);

const UNKNOWN_TO_ALL: (&str, &str) =
    ("no control plane knows this proxy: it is not connected", "没有控制平面认识这个代理：它未连接");

/// What a control plane would send.
enum Sent {
    Page {
        control_plane: String,
        page: Bytes,
    },
    /// It cannot be known.
    Nothing {
        control_plane: String,
        because: (&'static str, &'static str),
    },
}

/// The last one that was asked for.
pub(crate) type Held = Mutex<Option<Arc<Comparison>>>;

impl Session {
    /// Asks both and compares them.
    ///
    /// # Errors
    /// Where the proxy or its control plane cannot be asked.
    pub async fn proxy_compare(&self, namespace: &str, pod: &str) -> Result<Arc<Comparison>> {
        let read_at = jiff::Timestamp::now().as_millisecond() as f64;
        let held = self.connection().admin_get(namespace, pod, "/config_dump?include_eds");
        let (sent, held) = tokio::join!(self.sent(namespace, pod), held);
        let (control_plane, because, parts) = match sent? {
            Sent::Nothing { control_plane, because } => (control_plane, because.into(), Vec::new()),
            Sent::Page { control_plane, page } => {
                let held = held?;
                let compared = tokio::task::spawn_blocking(move || compare::compare(&page, &held)).await;
                match compared.map_err(|_| defect("comparing configurations"))? {
                    Ok(parts) => (control_plane, Said::default(), parts),
                    Err(error) => (control_plane, error.said(), Vec::new()),
                }
            }
        };
        let place = (namespace.to_owned(), pod.to_owned());
        let made = Arc::new(Comparison { place, read_at, control_plane, because, parts });
        *self.compared.lock().unwrap_or_else(PoisonError::into_inner) = Some(made.clone());
        Ok(made)
    }

    /// What a proxy would be sent, by the instance that has it: the one of the last round first, then every other that runs, for a proxy
    /// changes over, and an instance may have been late for the round.
    async fn sent(&self, namespace: &str, pod: &str) -> Result<Sent> {
        let path = format!("/debug/config_dump?proxyID={pod}.{namespace}&include_eds");
        let mut nothing = Sent::Nothing { control_plane: String::new(), because: UNKNOWN_TO_ALL };
        let mut failed = None;
        for (in_namespace, istiod) in self.planes_of(namespace, pod) {
            let control_plane = format!("{in_namespace}/{istiod}");
            match signals::plane::page(self.connection(), (&in_namespace, &istiod), &path).await {
                Ok(page) => return Ok(Sent::Page { control_plane, page }),
                Err(error) if !matches!(error.cause, Cause::NotFound { .. }) => failed = Some(error),
                Err(_) if self.connection().is_over_xds(&in_namespace, &istiod) => {
                    nothing = Sent::Nothing { control_plane, because: SHUT };
                }
                Err(_) => {}
            }
        }
        failed.map_or(Ok(nothing), |error| Err(error.into()))
    }

    /// The instances that run, the one that the proxy was connected to in the last round before all others.
    fn planes_of(&self, namespace: &str, pod: &str) -> Vec<(String, String)> {
        let mut planes = signals::control_planes(&self.world());
        let fleet = self.fleet.borrow();
        let row = fleet.proxies.iter().find(|row| row.namespace == namespace && row.pod == pod);
        if let Some(known) = row.and_then(|row| row.control_plane.split_once('/')) {
            planes.sort_by_key(|(namespace, istiod)| (namespace.as_str(), istiod.as_str()) != known);
        }
        planes
    }

    /// How one part differs, line by line, without what is secret: before is what the proxy has, after is what it would be sent.
    ///
    /// # Errors
    /// Where it was not compared, or is gone.
    pub fn proxy_difference(&self, namespace: &str, pod: &str, kind: Kind, name: &str) -> Result<Vec<yaml::DiffLine>> {
        let held = self.compared.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let held = held.filter(|held| held.place.0 == namespace && held.place.1 == pod);
        let found = held.as_ref().and_then(|held| {
            let part = held.parts().iter().find(|part| part.kind == kind && part.name == name)?;
            Some(part.both())
        });
        let (sent, had) = found.ok_or_else(|| Error::Field {
            field: "part",
            reason: said!(
                "{name} of {namespace}/{pod} was not compared: compare again",
                "{namespace}/{pod} 的 {name} 尚未比较：请重新比较"
            ),
        })?;
        let text = |mut value: Value| {
            signals::redact(&mut value);
            if value.is_null() { String::new() } else { yaml::write(&value) }
        };
        Ok(yaml::diff(&text(had), &text(sent)))
    }
}
