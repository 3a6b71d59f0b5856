//! What a control plane would send a proxy against what the proxy has.

use session::proxies::compare::{Comparison, Kind, Standing as Of};

use crate::types::{ComparedPart, PartKind, ProxyComparison, Standing};

pub(crate) fn part_kind(kind: PartKind) -> Kind {
    match kind {
        PartKind::Listener => Kind::Listener,
        PartKind::Route => Kind::Route,
        PartKind::Cluster => Kind::Cluster,
        PartKind::Endpoints => Kind::Endpoints,
    }
}

pub(crate) fn comparison(of: &Comparison) -> ProxyComparison {
    let part = |(kind, name, standing): (Kind, &String, Of)| ComparedPart {
        kind: match kind {
            Kind::Listener => PartKind::Listener,
            Kind::Route => PartKind::Route,
            Kind::Cluster => PartKind::Cluster,
            Kind::Endpoints => PartKind::Endpoints,
        },
        name: name.clone(),
        standing: match standing {
            Of::Differs => Standing::Differs,
            Of::OnlySent => Standing::OnlySent,
            Of::OnlyHeld => Standing::OnlyHeld,
            Of::Equal => Standing::Equal,
        },
    };
    ProxyComparison {
        read_at: of.read_at,
        control_plane: of.control_plane.clone(),
        because: of.because.en.clone(),
        zh: of.because.zh.clone(),
        parts: of.parts().iter().map(|one| part((one.kind, &one.name, one.standing))).collect(),
    }
}
