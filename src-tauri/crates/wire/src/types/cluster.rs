//! Clusters, sessions and the frame.

use super::{Said, wire};

wire! {
    /// No arguments, or no answer.
    #[derive(Default)]
    pub struct Nothing {}
}

wire! {
    /// A path on the user's disk, as chosen in a file dialog or typed.
    pub struct PathArg { pub path: String }
}

/// A server that the user names. It only comes in: the token goes to the keyring, and nothing gives it out again.
#[derive(Debug, serde::Deserialize, ts_rs::TS)]
#[serde(rename_all = "camelCase")]
#[ts(export_to = "types.ts")]
pub struct ServerAdd {
    /// As the user calls it.
    pub name: String,
    /// `https://…`
    pub server: String,
    /// Its certificate authority in PEM; empty for those that this machine trusts.
    pub authority: String,
    #[ts(type = "string")]
    pub token: secrecy::SecretString,
}

wire! {
    /// An added server.
    pub struct ServerAdded {
        pub clusters: Clusters,
        /// Why its token is kept until Netloft ends and no longer; empty where it is in the keyring.
        pub fleeting: Said,
    }
}

wire! {
    /// A cluster by its id in `Clusters`.
    pub struct ClusterRef { pub cluster: String }
}

wire! {
    /// An open session.
    pub struct SessionRef { pub session: String }
}

wire! {
    /// A new session.
    pub struct Opened { pub session: String, pub cluster: String }
}

wire! {
    /// An object's identity.
    #[derive(Eq, Hash)]
    pub struct ObjectRef {
        /// API group; empty for the core group.
        pub group: String,
        pub kind: String,
        /// Empty for cluster-scoped kinds.
        pub namespace: String,
        pub name: String,
    }
}

wire! {
    /// Something that cannot be known, and why.
    #[derive(Eq)]
    pub struct Unknown {
        pub about: String,
        /// The same in Chinese.
        pub about_zh: String,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    /// Everything that can be opened.
    pub struct Clusters {
        pub clusters: Vec<ClusterCard>,
        pub files: Vec<KubeconfigFile>,
    }
}

wire! {
    /// A context of a kubeconfig, or the demo, as known without asking it.
    pub struct ClusterCard {
        /// Stable id: `demo`, or file and context.
        pub id: String,
        /// The context's name.
        pub name: String,
        pub demo: bool,
        /// Looks like production: by name, or marked by the user.
        pub production: bool,
        /// The API server's address; empty for the demo.
        pub server: String,
        /// The kubeconfig user's name.
        pub user: String,
        /// The context's namespace, or empty.
        pub namespace: String,
        /// The file that it comes from; empty for the demo and for servers that the user added.
        pub file: String,
        /// The kubeconfig's current context.
        pub current: bool,
        /// An exec plugin that has to be allowed first: its whole command line.
        pub needs_consent: Option<String>,
        /// The session, where it is open in this app.
        pub session: Option<String>,
    }
}

wire! {
    /// A kubeconfig file and what is wrong with it.
    pub struct KubeconfigFile {
        pub path: String,
        /// Added by the user (can be removed), not from KUBECONFIG or the home folder.
        pub added: bool,
        pub contexts: u32,
        /// Why it cannot be read, or what in it is loose (permissions); empty when all is well.
        pub problem: String,
    }
}

wire! {
    /// How a cluster answered.
    pub enum Reach { Reachable, Unreachable, Unauthenticated, Untrusted, Forbidden, NeedsConsent, Broken }
}

wire! {
    /// What a cluster says of itself.
    pub struct Probe {
        pub cluster: String,
        pub reach: Reach,
        /// Where it is not reachable: what was tried, why it failed, what to do.
        pub because: String,
        pub hint: String,
        /// Both in Chinese.
        pub zh: String,
        pub hint_zh: String,
        /// `v1.36.3`, or empty.
        pub kubernetes: String,
        pub meshes: Vec<MeshSeen>,
        /// Who the API server says that we are.
        pub user: String,
        pub rights: Vec<Right>,
        pub services: Option<u32>,
        /// Round trip in milliseconds.
        pub millis: f64,
    }
}

wire! {
    /// A mesh that was found.
    pub struct MeshSeen { pub mesh: String, pub versions: Vec<String>, pub mode: String }
}

wire! {
    /// Whether the user may do something: `read`, `route` (VirtualServices), `secure` (policies), `forward` (proxies).
    pub struct Right { pub what: String, pub allowed: bool, pub verb: String }
}

wire! {
    /// How fresh a session's world is.
    pub enum Link { Connecting, Live, Stale, Lost }
}

wire! {
    /// What is known of a kind.
    pub enum CoverageState { Loading, Ready, Denied, Missing, Stale }
}

wire! {
    /// What is known of a kind, and why not more.
    pub struct KindCoverage {
        pub group: String,
        pub kind: String,
        pub state: CoverageState,
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
    }
}

wire! {
    /// The frame's facts.
    pub struct Overview {
        pub cluster: ClusterCard,
        pub revision: f64,
        pub link: Link,
        /// Since when the link is as it is, and why.
        pub because: String,
        /// The same in Chinese.
        pub zh: String,
        /// When the last event or bookmark came, milliseconds since 1970.
        pub heard_at: f64,
        pub kubernetes: String,
        pub user: String,
        pub meshes: Vec<MeshSeen>,
        pub rights: Vec<Right>,
        pub coverage: Vec<KindCoverage>,
        pub namespaces: Vec<String>,
        pub services: u32,
        pub workloads: u32,
        pub proxies: u32,
        pub ill_proxies: u32,
        pub findings: u32,
        pub errors: u32,
        pub routes: u32,
        pub policies: u32,
        pub pending: u32,
        /// Changes of an earlier run, or of a connection that was lost, whose end was found out since this session began.
        pub settled: Vec<SettledChange>,
    }
}

wire! {
    /// What a batch of the watch says has changed: ask again for what is on screen.
    #[derive(Hash)]
    pub enum Topic { Overview, Graph, Objects, Findings, Proxies, Traffic, Draft, Journal, Clusters, Access, Prometheus }
}

wire! {
    /// One batch of the watch (at most one a frame).
    pub struct Pulse {
        pub session: String,
        pub revision: f64,
        pub link: Link,
        pub heard_at: f64,
        pub spoiled: Vec<Topic>,
    }
}

wire! {
    /// The colours of the window.
    pub enum Theme { System, Dark, Light }
}

wire! {
    /// The user's settings.
    pub struct Settings {
        pub theme: Theme,
        /// `en`, `zh`, or empty for the system's.
        pub locale: String,
        /// Kubeconfig files that the user added.
        pub kubeconfigs: Vec<String>,
        /// Clusters that the user marked as production (true) or not (false), by id.
        pub production: std::collections::BTreeMap<String, bool>,
        /// Nothing is ever written.
        pub read_only: bool,
    }
}

wire! {
    /// A change whose end nobody saw: how many of its objects are known to be written.
    pub struct SettledChange { pub entry: f64, pub message: String, pub zh: String, pub written: u32, pub objects: u32 }
}
