//! The certificate of a proxy should have been renewed by now. The agent renews it when half of its time is over
//! (istio/istio security/pkg/nodeagent/cache/secretcache.go, `rotateTime`; `SECRET_GRACE_PERIOD_RATIO` is 0.5).

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave, span};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "certificate-ends-soon",
    grave: Grave::Warn,
    what: "Its certificate ends soon and was not renewed in time.",
    next: "Look whether istiod signs certificates, and at the agent's log in the container.",
    zh: ("其证书即将到期，且未按时续签。", "请检查 istiod 是否签发证书，并查看容器中代理程序的日志。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let Some(certificate) = of.looked().and_then(|look| look.certificate.as_ref()) else { return Answer::Quiet };
    let (start, end, now) =
        (certificate.not_before.as_second(), certificate.not_after.as_second(), of.mesh.now.as_second());
    let (life, left) = ((end - start).max(0), end - now);
    Answer::when(left > 0 && life > 0 && left * LAST < life, || {
        said!("{} left", "还剩 {}", span(of.mesh.now, certificate.not_after))
    })
}

/// Less than this part of its time is left: a fifth.
const LAST: i64 = 5;

#[cfg(test)]
mod tests {
    use super::super::cases::{at, hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let left = |hours| well().looking(|look| look.certificate.as_mut().unwrap().not_after = at(hours));
        hold(check, &[left(1)], &[left(-1), left(3)], &[]);
    }
}
