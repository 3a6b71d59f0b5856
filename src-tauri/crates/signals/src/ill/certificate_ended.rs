//! The certificate of a proxy has run out.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave, span};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "certificate-ended",
    grave: Grave::Bad,
    what: "Its certificate has ended: mutual TLS with it fails.",
    next: "Look at the agent's log in the container, and whether istiod signs; a restart asks for a new one.",
    zh: (
        "其证书已到期：与它的双向 TLS 会失败。",
        "请查看容器中代理程序的日志以及 istiod 是否签发证书；重启会重新申请证书。",
    ),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(certificate) = of.looked().and_then(|look| look.certificate.as_ref()) else { return Answer::Quiet };
    Answer::when(certificate.not_after <= of.mesh.now, || {
        said!("it ended {} ago", "它已于 {} 前到期", span(certificate.not_after, of.mesh.now))
    })
}

#[cfg(test)]
mod tests {
    use super::super::cases::{at, hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let ended = well().looking(|look| look.certificate.as_mut().unwrap().not_after = at(-1));
        let none = well().looking(|look| look.certificate = None);
        hold(check, &[ended], &[none], &[]);
    }
}
