//! A proxy trusts other roots than the rest of the mesh.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "root-differs",
    grave: Grave::Bad,
    what: "It trusts other roots than most proxies do: mutual TLS between them fails.",
    next: "Restart it; if it still differs, look which istiod signed for it.",
    zh: (
        "它信任的根证书与多数代理不同：彼此间的双向 TLS 会失败。",
        "请重启它；若仍不同，请检查是哪个 istiod 为它签发。",
    ),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(look) = of.looked() else { return Answer::Quiet };
    Answer::when(look.trusts(of.mesh.root) == Some(false), || {
        said!("{} where most have {}", "它的是 {}，多数是 {}", look.root, of.mesh.root)
    })
}

#[cfg(test)]
mod tests {
    use super::super::cases::{ROOT, hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let trusts = |root: &str| well().looking(|look| look.root = root.into());
        hold(check, &[trusts("ffff")], &[trusts(""), trusts(&format!("ffff {ROOT}"))], &[]);
    }
}
