//! A proxy may not be asked by this user.

use super::{Answer, Diagnosis, Evidence, Grave};

pub(super) const DIAGNOSIS: Diagnosis = Diagnosis {
    code: "right-missing",
    grave: Grave::Unknown,
    what: "It may not be asked with your rights, so less is known of it.",
    next: "Ask for the right that is named.",
    zh: ("以您的权限无法询问它，因此所知有限。", "请申请所指出的权限。"),
};

pub(super) fn check(of: &Evidence<'_>) -> Answer {
    match of.look {
        Some(Err(because)) if because.en.contains("you may not") => Answer::ill([because.clone()]),
        Some(Err(because)) => Answer::Unknown(because.clone()),
        _ => Answer::Quiet,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cases::{Case, hold, well};
    use super::check;

    #[test]
    fn fires_stays_quiet_and_does_not_know() {
        let refused = |because: (&str, &str)| Case { look: Some(Err(because.into())), ..well() };
        let unasked = Case { look: None, ..well() };
        hold(
            check,
            &[refused(("you may not get pods/portforward there", "你无权在那里 get pods/portforward"))],
            &[unasked],
            &[refused(("it took too long", "耗时过长"))],
        );
    }
}
