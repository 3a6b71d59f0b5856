//! A Prometheus of the cluster: which one is asked, whether it can be relied on, and what it is asked for. Where there is none, or it cannot
//! be relied on, everything goes on without it, and says so.

mod choose;
mod follow;
mod requests;
mod usage;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mesh::Unknown;
use serde::{Deserialize, Serialize};
use signals::promql::{Client, Report};
use tokio::sync::{Mutex, watch};
use world::{Said, said};

pub use signals::promql::{Cover, Kind, Place};
pub use usage::{Usage, Uses};

use crate::Session;
use follow::Signed;

/// How long a look may take before whoever waits for it goes on without.
const PATIENCE: Duration = Duration::from_secs(20);

/// Which one is asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub enum Which {
    /// The one that is found in the cluster, where it is the only one.
    #[default]
    Found,
    /// None.
    Nobody,
    /// This Service.
    Service {
        /// Its namespace.
        namespace: String,
        /// Its name.
        name: String,
        /// Its port.
        port: u16,
    },
    /// One at an address of its own.
    Address {
        /// `https://…` or `http://…`, with what stands before `/api/v1`.
        url: String,
        /// Its certificate authority in PEM; empty for those that this machine trusts.
        #[serde(default)]
        authority: String,
        /// It has a token, which is in the keyring.
        #[serde(default)]
        token: bool,
    },
}

/// What the user chose for a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Chosen {
    /// Which one.
    pub which: Which,
    /// Label matchers that narrow every question of ours to this cluster, e.g. `cluster="west"`; empty where it has this cluster alone.
    pub only: String,
    /// Whose data is asked for, of one that keeps several tenants' apart (Mimir's `X-Scope-OrgID`); empty where it does not.
    pub tenant: String,
}

/// How it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum State {
    /// It was not asked yet.
    #[default]
    Looking,
    /// There is none, as far as this cluster shows.
    Absent,
    /// Several are there, and the user has to choose.
    Several,
    /// The user wants none.
    Off,
    /// It cannot be relied on, because …
    Unusable(Said),
    /// It can be relied on.
    Usable(Report),
}

/// Which one is asked, and how it stands.
#[derive(Clone, Default)]
pub struct Standing {
    /// What the user chose.
    pub chosen: Chosen,
    /// Those that the cluster shows, the best to ask first.
    pub found: Vec<Place>,
    /// The one that is asked, in words; empty where none is.
    pub asked: String,
    /// What it is, by what it says or else by its looks; `None` where none is asked.
    pub kind: Option<Kind>,
    /// How it stands.
    pub state: State,
    client: Option<Arc<Client>>,
}

impl fmt::Debug for Standing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Standing").field("asked", &self.asked).field("state", &self.state).finish_non_exhaustive()
    }
}

impl Standing {
    fn says_the_same(&self, other: &Self) -> bool {
        (&self.chosen, &self.found, &self.asked, self.kind, &self.state)
            == (&other.chosen, &other.found, &other.asked, other.kind, &other.state)
    }

    /// What people call it; `Prometheus` where that is not known.
    pub fn name(&self) -> &'static str {
        self.kind.unwrap_or(Kind::Prometheus).name()
    }

    /// Why it cannot be asked; `None` where it can.
    pub fn because(&self) -> Option<Said> {
        Some(match &self.state {
            State::Usable(_) => return None,
            State::Looking => said!("it was not asked yet", "尚未询问它"),
            State::Absent => said!(
                "no Service of this cluster looks like a Prometheus: its address can be given in the settings",
                "此集群中没有像 Prometheus 的 Service：可在设置中填写其地址"
            ),
            State::Several => {
                said!("several are in this cluster: choose one in the settings", "此集群中有多个：请在设置中选择一个")
            }
            State::Off => said!("it is switched off for this cluster", "已为此集群关闭"),
            State::Unusable(because) => because.clone(),
        })
    }
}

/// One that can be relied on, and what narrows its answers to this cluster.
pub(crate) struct Reliable {
    pub client: Arc<Client>,
    pub only: String,
    pub name: &'static str,
}

/// The Prometheus of a session.
pub(crate) struct Held {
    signed: watch::Sender<Option<Signed>>,
    standing: watch::Sender<Arc<Standing>>,
    uses: watch::Sender<Arc<Uses>>,
    counted: Mutex<Option<requests::Counted>>,
    curves: usage::Curves,
}

impl Default for Held {
    fn default() -> Self {
        Self {
            signed: watch::channel(None).0,
            standing: watch::channel(Arc::default()).0,
            uses: watch::channel(Arc::default()).0,
            counted: Mutex::default(),
            curves: Mutex::default(),
        }
    }
}

impl Session {
    /// Which Prometheus is asked and how it stands, as it changes.
    pub fn prometheus(&self) -> watch::Receiver<Arc<Standing>> {
        self.prometheus.standing.subscribe()
    }

    /// The same once it was asked, or after a while without an answer.
    pub async fn prometheus_looked(&self) -> Arc<Standing> {
        if self.prometheus.signed.borrow().is_none() {
            return self.prometheus.standing.borrow().clone();
        }
        let mut standing = self.prometheus();
        let looked = standing.wait_for(|standing| standing.state != State::Looking);
        match tokio::time::timeout(PATIENCE, looked).await {
            Ok(Ok(standing)) => standing.clone(),
            _ => self.prometheus.standing.borrow().clone(),
        }
    }

    /// Why nothing is known of days before, where there is somebody who might know: one that was not asked yet, that cannot be relied on, or
    /// several of which none was chosen.
    pub(crate) fn days_missing(&self) -> Option<Unknown> {
        let standing = self.prometheus.standing.borrow().clone();
        let told = !matches!(standing.state, State::Absent | State::Off) && self.prometheus.signed.borrow().is_some();
        let because = standing
            .because()
            .unwrap_or_else(|| said!("what it has of these days is still being asked", "仍在询问它有这些天的哪些数据"));
        told.then(|| Unknown { about: standing.name().into(), because })
    }

    /// The one that can be relied on, or why there is none.
    pub(crate) fn reliable(&self) -> Result<Reliable, Unknown> {
        let standing = self.prometheus.standing.borrow().clone();
        let name = standing.name();
        let unknown = |because| Unknown { about: name.into(), because };
        match (&standing.client, standing.because()) {
            (Some(client), None) => Ok(Reliable { client: client.clone(), only: standing.chosen.only.clone(), name }),
            (_, because) => Err(unknown(because.unwrap_or_default())),
        }
    }
}

/// The world's time, in seconds since 1970.
pub(crate) fn now() -> f64 {
    jiff::Timestamp::now().as_millisecond() as f64 / 1000.0
}
