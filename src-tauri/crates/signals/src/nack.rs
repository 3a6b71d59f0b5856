//! What a proxy says when it refuses a configuration, made readable: which resource, and why.
//!
//! Upstream: Envoy's `source/common/listener_manager/lds_api.cc` and `source/common/upstream/cds_api_helper.cc` join one line a
//! refused resource behind `Error adding/updating …(s) `; a message that breaks protoc-gen-validate's rules carries the whole
//! message in protobuf's text form, whose first line differs from one time to the next.

use world::ObjectKey;

use crate::culprit::objects;

/// Longest text that is kept, in characters: some carry a whole configuration.
const LONGEST: usize = 600;
/// What istiod writes behind the first 4,096 characters of a longer refusal (istio pilot/pkg/xds, `ACK ERROR`); measured.
const CUT: &str = "...(truncated)";

/// One refusal.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Nack {
    /// The type that was refused: CDS, LDS …
    pub kind: String,
    /// The refused resource: `virtualInbound`; empty where the text names none.
    pub resource: String,
    /// Why, in the proxy's own words, without the configuration that it may repeat.
    pub text: String,
    /// The objects that the refused part says it was made of, where the text repeats it.
    pub made_of: Vec<ObjectKey>,
    /// The text ends before the reason, which stands behind a configuration that it repeats: the log of the proxy has it.
    pub is_cut: bool,
    /// When what was refused was sent first, in seconds since 1970; `None` where unknown, as to whoever looks once: what is refused is sent
    /// again at each push, and nobody but the latest is told of.
    pub sent_at: Option<i64>,
}

impl Nack {
    /// Reads what a proxy says of a type of configuration.
    pub fn read(kind: &str, raw: &str) -> Self {
        let raw = raw.trim();
        let (resource, text) = match refused(raw) {
            Some(found) => found,
            None => (repeated_name(raw).unwrap_or_default(), reason(raw)),
        };
        let is_repeated = raw.contains(REPEATED);
        Self {
            kind: kind.into(),
            resource,
            text: shortened(&text),
            made_of: if is_repeated { objects(raw) } else { Vec::new() },
            is_cut: text == CUT,
            sent_at: None,
        }
    }

    /// In one line: the resource, then why.
    pub fn line(&self) -> String {
        match self.resource.as_str() {
            "" => self.text.clone(),
            resource => format!("{resource}: {}", self.text),
        }
    }
}

/// `Error adding/updating listener(s) virtualInbound: why`.
fn refused(raw: &str) -> Option<(String, String)> {
    let rest = raw.strip_prefix("Error adding/updating ")?;
    let (_, rest) = rest.split_once("(s) ")?;
    let (name, text) = rest.split_once(": ")?;
    Some((name.trim().into(), reason(text)))
}

/// Why alone: what a message in text form is followed or preceded by.
fn reason(text: &str) -> String {
    let text = text.trim();
    match (is_repeated(text), text.rfind("\n: ")) {
        (true, Some(at)) => text[at + 3..].trim().into(),
        // What is repeated is no reason.
        (true, None) => CUT.into(),
        _ => text.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "),
    }
}

/// Text form begins with a line that protobuf puts there against parsers: `goo.gle/debugproto`, `debugstr`, `debugonly`.
const REPEATED: &str = "goo.gle/debug";

fn is_repeated(text: &str) -> bool {
    text.starts_with(REPEATED)
}

fn repeated_name(text: &str) -> Option<String> {
    if !is_repeated(text) {
        return None;
    }
    let line = text.lines().find_map(|line| line.strip_prefix("name: \""))?;
    Some(line.trim_end().trim_end_matches('"').into())
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As genuine proxies of Istio 1.30 wrote them.
    #[test]
    fn refusals_as_proxies_say_them() {
        let repeated = "goo.gle/debugproto   \nname: \"outbound|9080||ratings.shop.svc.cluster.local\"\ntype: EDS\nconnect_timeout {\n}\n\
            : Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be greater than 0s)";
        let table = [
            (
                "Error adding/updating listener(s) virtualInbound: Didn't find a registered implementation for 'stamp' with type URL: 'shop.filters.HeaderStamp'\n",
                "virtualInbound",
                "Didn't find a registered implementation for 'stamp' with type URL: 'shop.filters.HeaderStamp'",
            ),
            (
                repeated,
                "outbound|9080||ratings.shop.svc.cluster.local",
                "Proto constraint validation failed (ClusterValidationError.ConnectTimeout: value must be greater than 0s)",
            ),
            ("Error adding/updating listener(s) a: no\nb: neither\n", "a", "no; b: neither"),
            ("something else", "", "something else"),
            ("", "", ""),
        ];
        for (raw, resource, text) in table {
            let nack = Nack::read("LDS", raw);
            assert_eq!((nack.resource.as_str(), nack.text.as_str()), (resource, text), "{raw}");
        }
    }

    #[test]
    fn endless_texts_end() {
        let nack = Nack::read("CDS", &"語".repeat(100_000));
        assert_eq!(nack.text.chars().count(), LONGEST + 1);
    }
}
