//! Clusters, the frame, settings.

use cluster::{Cause, ConnectError, ExecError};
use session::live::{Link as SessionLink, Live};
use session::secrets::Kept;
use session::settings::{Settings as SessionSettings, Theme as SessionTheme};
use session::{Card, Error, Seen};
use world::{Coverage, Said, said};

use super::{all, millis};
use session::overview::Settled;

use crate::types::{
    ClusterCard, CoverageState, KindCoverage, KubeconfigFile, Link, MeshSeen, Overview, Probe, Reach, Right, Settings,
    SettledChange, Theme,
};

pub(crate) fn card(card: Card) -> ClusterCard {
    ClusterCard {
        id: card.id,
        name: card.name,
        demo: card.demo,
        production: card.production,
        server: card.server,
        user: card.user,
        namespace: card.namespace,
        file: card.file.display().to_string(),
        current: card.current,
        needs_consent: card.needs_consent,
        session: card.session,
    }
}

pub(crate) fn file(report: cluster::FileReport) -> KubeconfigFile {
    KubeconfigFile {
        path: report.path.display().to_string(),
        added: report.added,
        contexts: report.contexts as u32,
        problem: report.problem.map(|problem| problem.to_string()).unwrap_or_default(),
    }
}

impl From<mesh::Presence> for MeshSeen {
    fn from(presence: mesh::Presence) -> Self {
        Self { mesh: presence.mesh.to_owned(), versions: presence.versions, mode: presence.mode }
    }
}

impl From<cluster::Right> for Right {
    /// What the server does not say is not allowed: a button that then works is better than one that fails.
    fn from(right: cluster::Right) -> Self {
        Self { what: right.what.to_owned(), allowed: right.allowed.unwrap_or(false), verb: right.verb }
    }
}

pub(crate) fn probe(seen: Seen) -> Probe {
    let silent = |reach, because: Said, hint: Said| Probe {
        cluster: seen.id.clone(),
        reach,
        because: because.en,
        hint: hint.en,
        zh: because.zh,
        hint_zh: hint.zh,
        kubernetes: String::new(),
        meshes: Vec::new(),
        user: String::new(),
        rights: Vec::new(),
        services: None,
        millis: 0.0,
    };
    match seen.answer {
        Ok((probed, presences)) => Probe {
            kubernetes: probed.kubernetes,
            meshes: all(presences),
            user: probed.user,
            rights: all(probed.rights),
            services: probed.services,
            millis: probed.millis,
            ..silent(Reach::Reachable, Said::default(), Said::default())
        },
        Err(error) => silent(reach(&error), error.said(), error.hint().into()),
    }
}

fn reach(error: &Error) -> Reach {
    match error {
        Error::Api(error) => match &error.cause {
            Cause::Untrusted(_) => Reach::Untrusted,
            Cause::Unauthenticated { .. } => Reach::Unauthenticated,
            Cause::Credentials(error) => of_exec(error),
            Cause::Forbidden { .. } => Reach::Forbidden,
            _ => Reach::Unreachable,
        },
        Error::Connect(ConnectError::Credentials { error, .. }) => of_exec(error),
        Error::NoToken { .. } => Reach::Unauthenticated,
        _ => Reach::Broken,
    }
}

fn of_exec(error: &ExecError) -> Reach {
    if matches!(error, ExecError::NotAllowed { .. }) { Reach::NeedsConsent } else { Reach::Unauthenticated }
}

pub(crate) fn link(live: &Live) -> Link {
    match live.link {
        SessionLink::Connecting => Link::Connecting,
        SessionLink::Live => Link::Live,
        SessionLink::Stale => Link::Stale,
        SessionLink::Lost => Link::Lost,
    }
}

pub(crate) fn overview(card: ClusterCard, seen: session::overview::Overview) -> Overview {
    Overview {
        cluster: card,
        revision: seen.live.world.revision() as f64,
        link: link(&seen.live),
        because: seen.live.because.en.clone(),
        zh: seen.live.because.zh.clone(),
        heard_at: seen.live.heard_at.map_or(0.0, millis),
        kubernetes: seen.kubernetes,
        user: seen.user,
        meshes: all(seen.meshes),
        rights: all(seen.rights),
        coverage: all(seen.coverage),
        namespaces: seen.namespaces,
        services: seen.services,
        workloads: seen.workloads,
        proxies: seen.proxies,
        ill_proxies: seen.ill_proxies,
        findings: seen.findings,
        errors: seen.errors,
        routes: seen.routes,
        policies: seen.policies,
        pending: seen.pending,
        settled: all(seen.settled),
    }
}

impl From<session::overview::Kind> for KindCoverage {
    fn from(kind: session::overview::Kind) -> Self {
        let (state, because) = coverage(kind.coverage);
        Self { group: kind.group, kind: kind.kind, state, because: because.en, zh: because.zh }
    }
}

/// What is known of a kind, and why not more.
pub(crate) fn coverage(coverage: Coverage) -> (CoverageState, Said) {
    match coverage {
        Coverage::Loading => (CoverageState::Loading, Said::default()),
        Coverage::Ready => (CoverageState::Ready, Said::default()),
        Coverage::Denied(verb) => (CoverageState::Denied, said!("the right to {verb} is missing", "缺少权限：{verb}")),
        Coverage::Withheld => (CoverageState::Denied, said!("it is never read from a cluster", "从不从集群读取它")),
        Coverage::Missing => (CoverageState::Missing, said!("the API server does not serve it", "API 服务器不提供它")),
        Coverage::Stale(because) => (CoverageState::Stale, because),
    }
}

pub(crate) fn settings(settings: SessionSettings) -> Settings {
    Settings {
        theme: match settings.theme {
            SessionTheme::System => Theme::System,
            SessionTheme::Dark => Theme::Dark,
            SessionTheme::Light => Theme::Light,
        },
        locale: settings.locale,
        kubeconfigs: settings.kubeconfigs.iter().map(|path| path.display().to_string()).collect(),
        production: settings.production,
        read_only: settings.read_only,
    }
}

/// What the UI may set; consents and kubeconfig files have calls of their own.
pub(crate) fn settings_into(from: Settings, settings: &mut SessionSettings) {
    settings.theme = match from.theme {
        Theme::System => SessionTheme::System,
        Theme::Dark => SessionTheme::Dark,
        Theme::Light => SessionTheme::Light,
    };
    settings.locale = from.locale;
    settings.production = from.production;
    settings.read_only = from.read_only;
}

/// Why a token is kept until the process ends and no longer.
pub(crate) fn fleeting(kept: Kept) -> crate::types::Said {
    match kept {
        Kept::Keyring => Said::default().into(),
        Kept::Process(because) => because.into(),
    }
}

impl From<Settled> for SettledChange {
    fn from(of: Settled) -> Self {
        Self {
            entry: of.entry as f64,
            message: of.message.en,
            zh: of.message.zh,
            written: of.written as u32,
            objects: of.objects as u32,
        }
    }
}
