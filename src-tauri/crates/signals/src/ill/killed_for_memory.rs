//! The container of a proxy was killed for memory.

use world::said;

use super::{Answer, Diagnosis, Evidence, Grave};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "killed-for-memory",
    grave: Grave::Warn,
    what: "It was killed because it used more memory than its limit.",
    next: "Raise its memory limit, or give it less to know (Sidecar).",
    zh: ("它因超过内存上限被终止。", "请提高其内存上限，或用 Sidecar 缩小其配置范围。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    let row = of.row;
    Answer::when(row.trouble.as_deref() == Some("OOMKilled"), || said!("{} restarts", "重启了 {} 次", row.restarts))
}

#[cfg(test)]
mod tests {
    use super::super::cases::{hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let killed = |why: &str| well().row(|row| (row.trouble, row.restarts) = (Some(why.into()), 2));
        hold(check, &[killed("OOMKilled")], &[killed("Completed")], &[]);
    }
}
