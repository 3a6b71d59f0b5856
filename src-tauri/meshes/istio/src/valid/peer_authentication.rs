//! PeerAuthentication. Upstream: ValidatePeerAuthentication.

use super::{Flaws, names, selector};
use crate::read::field::Field;

pub(super) fn check(spec: &Field, flaws: &mut Flaws) {
    let (selected, ports) = (spec.at("selector.matchLabels").len() > 0, spec.get("portLevelMtls"));
    flaws.never(
        !selected && ports.len() > 0,
        &ports,
        ("only a policy with a selector speaks of ports", "只有带选择器的策略才能指定端口"),
    );
    flaws.never(
        ports.is_set() && ports.len() == 0,
        &ports,
        ("it is there, but names no port", "写了这个字段，却没有写端口"),
    );
    for (port, field) in spec.entries("portLevelMtls") {
        flaws.hold(&field, names::port(port.parse().unwrap_or(0.0)));
    }
    selector::check(&spec.get("selector"), flaws);
}
