//! A proxy is of another release than its control plane. Proxies may be one minor release older, and never newer
//! (istio.io/latest/docs/releases/supported-releases, control plane and data plane skew).

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "version-skew",
    grave: Grave::Warn,
    what: "Its release does not go with that of its control plane.",
    next: "Restart the workload, so that the injector gives it the release of the control plane.",
    zh: ("其版本与控制平面的版本不相配。", "请重启该工作负载，使注入器为它配上控制平面的版本。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(plane) = of.mesh.planes.iter().find(|plane| plane.name() == of.row.control_plane) else {
        return Answer::Quiet;
    };
    let of_row =
        if of.row.version.is_empty() { of.looked().map_or("", |look| look.version.as_str()) } else { &of.row.version };
    let (Some(proxy), Some(control)) = (minor(of_row), minor(&plane.version)) else {
        return if of_row.is_empty() {
            Answer::Unknown(said!("its version is not known", "其版本未知"))
        } else {
            Answer::Quiet
        };
    };
    let goes = proxy.0 == control.0 && (proxy.1 == control.1 || proxy.1 + 1 == control.1);
    Answer::when(!goes, || {
        said!("it is {of_row}, its control plane {}", "它是 {of_row}，其控制平面是 {}", plane.version)
    })
}

/// `(1, 28)` of `1.28.1`.
fn minor(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let is = |version: &str| well().row(|row| row.version = version.into());
        let stranger = is("1.1.0").row(|row| row.control_plane.clear());
        hold(check, &[is("1.26.4"), is("1.29.0"), is("2.28.0")], &[is("1.27.9"), is("1.28.0"), stranger], &[is("")]);
    }
}
