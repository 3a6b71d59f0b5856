//! Host names of listeners and routes, with a star for their first labels.

/// Whether every name that the first stands for is one of the second.
pub fn within(host: &str, pattern: &str) -> bool {
    let Some(suffix) = pattern.strip_prefix('*') else { return host == pattern };
    match host.strip_prefix('*') {
        Some(own) => host.len() >= pattern.len() && own.ends_with(suffix),
        None => host.ends_with(suffix),
    }
}

/// The names that both stand for: the narrower of the two, or none.
pub fn common<'a>(a: &'a str, b: &'a str) -> Option<&'a str> {
    if within(a, b) {
        Some(a)
    } else if within(b, a) {
        Some(b)
    } else {
        None
    }
}

/// The pattern that says most about a name: the name itself before any star, then the longest star.
pub fn best<'a>(patterns: impl IntoIterator<Item = &'a str>, host: &str) -> Option<&'a str> {
    let fitting = patterns.into_iter().filter(|pattern| within(host, pattern));
    fitting.max_by_key(|pattern| (!pattern.starts_with('*'), pattern.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_names_share() {
        for (a, b, shared) in [
            ("a.com", "a.com", Some("a.com")),
            ("a.com", "*.com", Some("a.com")),
            ("*.com", "*.a.com", Some("*.a.com")),
            ("*", "*.a.com", Some("*.a.com")),
            ("*", "*", Some("*")),
            ("*.a.com", "a.com", None),
            ("*.a.com", "x.y.a.com", Some("x.y.a.com")),
            ("a.com", "b.com", None),
        ] {
            assert_eq!(common(a, b), shared, "{a} {b}");
            assert_eq!(common(b, a), shared, "{b} {a}");
        }
    }

    #[test]
    fn the_one_that_says_most() {
        let all = ["*", "*.com", "*.a.com", "x.a.com"];
        assert_eq!(best(all, "x.a.com"), Some("x.a.com"));
        assert_eq!(best(all, "y.a.com"), Some("*.a.com"));
        assert_eq!(best(all, "a.com"), Some("*.com"));
        assert_eq!(best(all, "net"), Some("*"));
        assert_eq!(best(["*.com"], "net"), None);
    }
}
