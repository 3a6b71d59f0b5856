//! Whether one pattern or rule of a policy stands for everything that another stands for. Where it cannot be told, it is not said.

use super::value::block_holds;
use super::{Condition, Operation, Rule, Source};

/// Whether the first stands for all that the second does.
pub(crate) type Covers = fn(&str, &str) -> bool;

/// `*`, `a*`, `*a` and plain values.
pub(crate) fn pattern_covers(wide: &str, narrow: &str) -> bool {
    if wide == narrow || wide == "*" {
        return true;
    }
    // Templates and stars in the middle are compared as they stand.
    let odd = |text: &str| text.contains('{') || text.trim_matches('*').contains('*');
    if odd(wide) || odd(narrow) {
        return false;
    }
    match (wide.strip_suffix('*'), wide.strip_prefix('*')) {
        (Some(prefix), _) => !narrow.starts_with('*') && narrow.trim_end_matches('*').starts_with(prefix),
        (_, Some(suffix)) => !narrow.ends_with('*') && narrow.trim_start_matches('*').ends_with(suffix),
        _ => false,
    }
}

/// As `pattern_covers`, without case.
pub(crate) fn host_covers(wide: &str, narrow: &str) -> bool {
    pattern_covers(&wide.to_ascii_lowercase(), &narrow.to_ascii_lowercase())
}

/// Blocks of addresses.
pub(crate) fn block_covers(wide: &str, narrow: &str) -> bool {
    let parts = |block: &str| block.split_once('/').map(|(base, bits)| (base.to_owned(), bits.parse::<u32>().ok()));
    match (parts(wide), parts(narrow)) {
        (_, None) => block_holds(wide, narrow),
        (Some((_, Some(wide_bits))), Some((base, Some(bits)))) => bits >= wide_bits && block_holds(wide, &base),
        _ => wide == narrow,
    }
}

/// Whether every request that `narrow` names is named by `wide` too.
pub(crate) fn rule_covers(wide: &Rule, narrow: &Rule) -> bool {
    let from = wide.from.is_empty()
        || (!narrow.from.is_empty()
            && narrow.from.iter().all(|n| wide.from.iter().any(|w| source_covers(&w.source, &n.source))));
    let to = wide.to.is_empty()
        || (!narrow.to.is_empty()
            && narrow.to.iter().all(|n| wide.to.iter().any(|w| operation_covers(&w.operation, &n.operation))));
    let same = |a: &Condition, b: &Condition| a.key == b.key && a.values == b.values && a.not_values == b.not_values;
    from && to && wide.when.iter().all(|w| narrow.when.iter().any(|n| same(w, n)))
}

/// A list of the wider one must name all that the narrower names; what the wider excludes, the narrower must exclude by the same words.
fn list_covers(
    (wide, not_wide): (&[String], &[String]),
    (narrow, not_narrow): (&[String], &[String]),
    covers: Covers,
) -> bool {
    let yes = wide.is_empty() || (!narrow.is_empty() && narrow.iter().all(|n| wide.iter().any(|w| covers(w, n))));
    yes && not_wide.iter().all(|no| not_narrow.contains(no))
}

fn source_covers(wide: &Source, narrow: &Source) -> bool {
    let lists = |s: &Source| -> [(Vec<String>, Vec<String>, Covers); 7] {
        let of = |yes: &[String], no: &[String], covers: Covers| (yes.to_vec(), no.to_vec(), covers);
        [
            of(&s.principals, &s.not_principals, pattern_covers),
            of(&s.request_principals, &s.not_request_principals, pattern_covers),
            of(&s.namespaces, &s.not_namespaces, pattern_covers),
            of(&s.service_accounts, &s.not_service_accounts, pattern_covers),
            of(&s.trust_domains, &s.not_trust_domains, pattern_covers),
            of(&s.ip_blocks, &s.not_ip_blocks, block_covers),
            of(&s.remote_ip_blocks, &s.not_remote_ip_blocks, block_covers),
        ]
    };
    let mut narrow = lists(narrow);
    // A principal says its namespace too.
    if let [(principals, ..), _, (namespaces, ..), ..] = &mut narrow
        && namespaces.is_empty()
    {
        let home = |p: &String| p.split_once("/ns/")?.1.split('/').next().map(str::to_owned);
        *namespaces = principals.iter().map(home).collect::<Option<_>>().unwrap_or_default();
    }
    lists(wide)
        .iter()
        .zip(&narrow)
        .all(|((w, not_w, covers), (n, not_n, _))| list_covers((w, not_w), (n, not_n), *covers))
}

fn operation_covers(wide: &Operation, narrow: &Operation) -> bool {
    list_covers((&wide.hosts, &wide.not_hosts), (&narrow.hosts, &narrow.not_hosts), host_covers)
        && list_covers((&wide.ports, &wide.not_ports), (&narrow.ports, &narrow.not_ports), pattern_covers)
        && list_covers((&wide.methods, &wide.not_methods), (&narrow.methods, &narrow.not_methods), pattern_covers)
        && list_covers((&wide.paths, &wide.not_paths), (&narrow.paths, &narrow.not_paths), pattern_covers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_for_what() {
        for (wide, narrow, covers) in [
            ("*", "a", true),
            ("*", "a*", true),
            ("/a*", "/ab", true),
            ("/a*", "/a/b*", true),
            ("/ab*", "/a*", false),
            ("*b", "ab", true),
            ("*b", "*ab", true),
            ("*b", "b*", false),
            ("a*", "*a", false),
            ("a", "a", true),
            ("a", "ab", false),
            ("/a/{*}", "/a/b", false),
        ] {
            assert_eq!(pattern_covers(wide, narrow), covers, "{wide} {narrow}");
        }
        for (wide, narrow, covers) in [
            ("10.0.0.0/8", "10.1.0.0/16", true),
            ("10.1.0.0/16", "10.0.0.0/8", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.0/24", false),
            ("::/0", "10.0.0.0/8", false),
        ] {
            assert_eq!(block_covers(wide, narrow), covers, "{wide} {narrow}");
        }
    }
}
