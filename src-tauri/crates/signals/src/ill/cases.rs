//! What the cases of every diagnosis are made of: a proxy that is well, to be spoiled in one place.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use world::{Labels, Said, World};

use super::{Answer, Check, Evidence, Mesh};
use crate::{
    Alive, Certificate, Complaint, Look, Nack, Plane, ProxyHealth, Role, Size, Suspects, SyncState, TypeHealth, Usage,
};

pub(super) const ROOT: &str = "0011223344556677";

/// Everything that a check may ask, owned.
pub(super) struct Case {
    pub(super) row: ProxyHealth,
    pub(super) look: Option<Result<Look, Said>>,
    pub(super) usage: Option<Usage>,
    pub(super) lost: Option<(String, Timestamp)>,
    pub(super) behind: Option<Timestamp>,
    pub(super) world: World,
    pub(super) planes: Vec<Plane>,
    pub(super) root: String,
    pub(super) complaints: Vec<Complaint>,
}

pub(super) fn now() -> Timestamp {
    Timestamp::from_second(1_800_000_000).unwrap()
}

pub(super) fn at(hours: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

/// A proxy that is well.
pub(super) fn well() -> Case {
    let synced = TypeHealth { state: SyncState::Synced, sent_at: Some(at(-1)), nack: None };
    let row = ProxyHealth {
        namespace: "shop".into(),
        pod: "ratings-v1-x".into(),
        workload: "ratings-v1".into(),
        labels: Labels::from([("app".to_owned(), "ratings".to_owned())]),
        family: crate::family("Istio").unwrap(),
        role: Role::Sidecar,
        alive: Alive::Running,
        version: "1.28.1".into(),
        types: BTreeMap::from([("CDS".to_owned(), synced.clone()), ("LDS".to_owned(), synced)]),
        ready: true,
        restarts: 0,
        trouble: None,
        control_plane: "istio-system/istiod-1".into(),
        connected_at: Some(at(-5)),
        unknown: Vec::new(),
    };
    let certificate = Certificate {
        not_before: at(-6),
        not_after: at(18),
        issuer: Some("O=cluster.local".into()),
        spiffe: "spiffe://cluster.local/ns/shop/sa/ratings".into(),
    };
    let size = Size { bytes: 1_200_000, clusters: 40, listeners: 20, routes: 60, of_services: 900_000 };
    let look = Look { size: Some(size), certificate: Some(certificate), root: ROOT.into(), ..Look::default() };
    let usage = Usage {
        namespace: "shop".into(),
        pod: "ratings-v1-x".into(),
        container: "istio-proxy".into(),
        cpu_usage: Some(12.0),
        cpu_request: Some(100),
        cpu_limit: Some(2000),
        memory_usage: Some(40e6),
        memory_request: Some(134_217_728),
        memory_limit: Some(1 << 30),
        throttled: Some(0.0),
        source: "metrics.k8s.io",
    };
    let plane = Plane {
        pod: ("istio-system".into(), "istiod-1".into()),
        version: "1.28.1".into(),
        answered: true,
        over_xds: false,
    };
    Case {
        row,
        look: Some(Ok(look)),
        usage: Some(usage),
        lost: None,
        behind: None,
        world: World::new(),
        planes: vec![plane],
        root: ROOT.into(),
        complaints: Vec::new(),
    }
}

impl Case {
    /// The proxy refuses what was sent, in these words.
    pub(super) fn refuses(mut self, kind: &str, raw: &str) -> Self {
        let nack = Some(Nack::read(kind, raw));
        self.row.types.insert(kind.into(), TypeHealth { state: SyncState::Error, sent_at: Some(at(-1)), nack });
        self
    }

    /// What it says of itself is changed.
    pub(super) fn looking(mut self, change: impl FnOnce(&mut Look)) -> Self {
        if let Some(Ok(look)) = &mut self.look {
            change(look);
        }
        self
    }

    /// What it uses is changed.
    pub(super) fn using(mut self, change: impl FnOnce(&mut Usage)) -> Self {
        if let Some(usage) = &mut self.usage {
            change(usage);
        }
        self
    }

    /// What istiod and the kubelet say is changed.
    pub(super) fn row(mut self, change: impl FnOnce(&mut ProxyHealth)) -> Self {
        change(&mut self.row);
        self
    }

    pub(super) fn ask(&self, check: Check) -> Answer {
        let complaints: Vec<&Complaint> = self.complaints.iter().collect();
        let suspects = Suspects::of(&self.world);
        check(&Evidence { complaints: &complaints, ..self.evidence(&suspects) })
    }

    pub(super) fn evidence<'a>(&'a self, suspects: &'a Suspects) -> Evidence<'a> {
        Evidence {
            row: &self.row,
            look: self.look.as_ref(),
            usage: self.usage.as_ref(),
            lost: self.lost.as_ref().map(|(plane, at)| (plane.as_str(), *at)),
            behind: self.behind,
            complaints: &[],
            mesh: Mesh {
                world: &self.world,
                suspects,
                planes: &self.planes,
                root_namespace: "istio-system",
                root: &self.root,
                now: now(),
            },
        }
    }
}

impl Case {
    /// It is said in Chinese too, unless the proxy says it itself.
    fn in_both(&self, said: &Said) -> bool {
        let its_own = self.row.nacks().any(|nack| said.en.ends_with(&nack.line()));
        its_own || said.zh.chars().any(|c| ('一'..='鿿').contains(&c))
    }
}

/// Holds a check to its three kinds of cases; each must be what it shall be.
pub(super) fn hold(check: Check, fires: &[Case], quiet: &[Case], unknown: &[Case]) {
    assert!(!fires.is_empty() && matches!(well().ask(check), Answer::Quiet), "well: {:?}", well().ask(check));
    for (n, case) in fires.iter().enumerate() {
        let answer = case.ask(check);
        let Answer::Ill(evidence, _) = &answer else { panic!("fires {n}: {answer:?}") };
        assert!(!evidence.is_empty() && evidence.iter().all(|said| case.in_both(said)), "fires {n}: {answer:?}");
    }
    for (n, case) in quiet.iter().enumerate() {
        assert_eq!(case.ask(check), Answer::Quiet, "quiet {n}");
    }
    for (n, case) in unknown.iter().enumerate() {
        let answer = case.ask(check);
        assert!(matches!(&answer, Answer::Unknown(because) if case.in_both(because)), "unknown {n}: {answer:?}");
    }
}

#[test]
fn a_proxy_that_is_well_has_nothing() {
    let well = well();
    assert_eq!(super::diagnose(&well.evidence(&Suspects::of(&well.world))), (Vec::new(), Vec::new()));
}

#[test]
fn the_gravest_comes_first() {
    let case = well().refuses("LDS", "no").using(|u| u.memory_usage = Some(1.05e9));
    let (ills, _) = super::diagnose(&case.evidence(&Suspects::of(&case.world)));
    let codes: Vec<_> = ills.iter().map(|ill| ill.diagnosis.code).collect();
    assert_eq!(codes, ["rejected", "memory-near-limit"]);
    let line = ills[0].line();
    assert!(line.en.contains("no") && line.zh.contains("拒绝"), "{line:?}");
}

#[test]
fn every_code_is_its_own() {
    let mut codes: Vec<_> = super::TABLE.iter().map(|(diagnosis, _)| diagnosis.code).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), super::TABLE.len());
    for (diagnosis, _) in super::TABLE {
        let sentences = [diagnosis.what, diagnosis.next];
        assert!(sentences.iter().all(|text| text.ends_with('.')), "{}", diagnosis.code);
        assert!([diagnosis.zh.0, diagnosis.zh.1].iter().all(|text| text.ends_with('。')), "{}", diagnosis.code);
    }
}
