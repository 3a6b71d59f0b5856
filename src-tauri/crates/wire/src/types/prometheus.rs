//! The Prometheus of a cluster.

use super::{Said, wire};

wire! {
    /// Which one is asked: the only one that is found, none, a Service, or one at an address.
    pub enum PrometheusWhich { Found, Nobody, Service, Address }
}

wire! {
    pub enum PrometheusKind { Thanos, Prometheus, VictoriaMetrics, Mimir }
}

wire! {
    /// A Service that looks like one.
    pub struct PrometheusPlace { pub kind: PrometheusKind, pub namespace: String, pub name: String, pub port: u16 }
}

wire! {
    /// What the user chose for a cluster; texts are empty and the port 0 where they have no meaning.
    pub struct PrometheusChoice {
        pub which: PrometheusWhich,
        pub namespace: String,
        pub name: String,
        pub port: u16,
        /// `https://…` or `http://…`, with what stands before `/api/v1`.
        pub url: String,
        /// Its certificate authority in PEM; empty for those that this machine trusts.
        pub authority: String,
        /// A token is kept for the address.
        pub has_token: bool,
        /// Label matchers that narrow every question of ours to this cluster.
        pub only: String,
        /// Whose data is asked for, of one that keeps several tenants' apart; empty where it does not.
        pub tenant: String,
    }
}

wire! {
    pub enum PrometheusState { Looking, Absent, Several, Off, Unusable, Usable }
}

wire! {
    /// Of the things that it has series of: those that are in this cluster, and those that are not.
    pub struct PrometheusCover { pub ours: u32, pub others: u32 }
}

wire! {
    /// Which one is asked, and how it stands.
    pub struct Prometheus {
        pub chosen: PrometheusChoice,
        pub found: Vec<PrometheusPlace>,
        /// The one that is asked, in words; empty where none is.
        pub asked: String,
        /// What it is, by what it says or else by its looks; null where none is asked, or it does not tell.
        pub kind: Option<PrometheusKind>,
        pub state: PrometheusState,
        /// Why it cannot be asked, or not be relied on; else empty.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        /// Empty where it does not say.
        pub version: String,
        /// Seconds since its newest sample.
        pub age: Option<f64>,
        /// Proxies that it has container series of.
        pub containers: Option<PrometheusCover>,
        /// Workloads whose requests it has.
        pub requests: Option<PrometheusCover>,
    }
}

/// Which one shall be asked of a session's cluster. Its token goes to the keyring and never back.
#[derive(Clone, Debug, serde::Deserialize, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.ts")]
pub struct PrometheusChoose {
    /// The session.
    pub session: String,
    /// Which one.
    pub choice: PrometheusChoice,
    /// A new token; null for the one that is kept, if any.
    #[ts(type = "string | null")]
    pub token: Option<secrecy::SecretString>,
}

wire! {
    pub struct PrometheusChosen {
        /// Why its token is kept until Netloft ends and no longer; empty where it is in the keyring, or there is none.
        pub fleeting: Said,
    }
}
