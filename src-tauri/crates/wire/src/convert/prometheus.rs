//! The Prometheus of a cluster.

use session::prometheus::{Chosen, Cover, Kind, Place, Standing, State, Which};

use super::all;
use crate::types::{
    Prometheus, PrometheusChoice, PrometheusCover, PrometheusKind, PrometheusPlace, PrometheusState, PrometheusWhich,
};

impl From<Kind> for PrometheusKind {
    fn from(of: Kind) -> Self {
        match of {
            Kind::Thanos => Self::Thanos,
            Kind::Prometheus => Self::Prometheus,
            Kind::VictoriaMetrics => Self::VictoriaMetrics,
            Kind::Mimir => Self::Mimir,
        }
    }
}

impl From<Place> for PrometheusPlace {
    fn from(of: Place) -> Self {
        Self { kind: of.kind.into(), namespace: of.namespace, name: of.name, port: of.port }
    }
}

impl From<PrometheusChoice> for Chosen {
    fn from(of: PrometheusChoice) -> Self {
        let which = match of.which {
            PrometheusWhich::Found => Which::Found,
            PrometheusWhich::Nobody => Which::Nobody,
            PrometheusWhich::Service => Which::Service { namespace: of.namespace, name: of.name, port: of.port },
            PrometheusWhich::Address => Which::Address { url: of.url, authority: of.authority, token: of.has_token },
        };
        Self { which, only: of.only, tenant: of.tenant }
    }
}

impl From<Chosen> for PrometheusChoice {
    fn from(of: Chosen) -> Self {
        let none = Self {
            which: PrometheusWhich::Found,
            namespace: String::new(),
            name: String::new(),
            port: 0,
            url: String::new(),
            authority: String::new(),
            has_token: false,
            only: of.only,
            tenant: of.tenant,
        };
        match of.which {
            Which::Found => none,
            Which::Nobody => Self { which: PrometheusWhich::Nobody, ..none },
            Which::Service { namespace, name, port } => {
                Self { which: PrometheusWhich::Service, namespace, name, port, ..none }
            }
            Which::Address { url, authority, token } => {
                Self { which: PrometheusWhich::Address, url, authority, has_token: token, ..none }
            }
        }
    }
}

impl From<Cover> for PrometheusCover {
    fn from(of: Cover) -> Self {
        Self { ours: of.ours, others: of.others }
    }
}

pub(crate) fn prometheus(of: &Standing) -> Prometheus {
    let (state, report) = match &of.state {
        State::Looking => (PrometheusState::Looking, None),
        State::Absent => (PrometheusState::Absent, None),
        State::Several => (PrometheusState::Several, None),
        State::Off => (PrometheusState::Off, None),
        State::Unusable(_) => (PrometheusState::Unusable, None),
        State::Usable(report) => (PrometheusState::Usable, Some(report)),
    };
    let because = of.because().unwrap_or_default();
    Prometheus {
        chosen: of.chosen.clone().into(),
        found: all(of.found.clone()),
        asked: of.asked.clone(),
        kind: of.kind.map(PrometheusKind::from),
        state,
        because: because.en,
        zh: because.zh,
        version: report.map(|report| report.version.clone()).unwrap_or_default(),
        age: report.map(|report| report.age),
        containers: report.map(|report| report.containers.into()),
        requests: report.map(|report| report.requests.into()),
    }
}
