//! The Prometheus text format, read in place: one pass over the bytes, nothing allocated for a line that nobody wants.

use std::borrow::Cow;

/// One sample. Everything in it points into the text.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    /// Name of the metric; `…_bucket`, `…_sum` and `…_count` for histograms.
    pub name: &'a str,
    /// What is between the braces.
    pub labels: Labels<'a>,
    /// The value; may be NaN or infinite.
    pub value: f64,
}

/// The labels of a sample.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a>(&'a str);

impl<'a> Labels<'a> {
    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<Cow<'a, str>> {
        self.iter().find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// All labels in their order. Ends where the text is not well formed.
    pub fn iter(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            rest = rest.trim_start_matches([' ', ',', '\t']);
            let (name, after) = rest.split_once('=')?;
            let quoted = after.trim_start().strip_prefix('"')?;
            let end = quote_end(quoted.as_bytes())?;
            rest = quoted.get(end + 1..)?;
            Some((name.trim_matches([' ', '\t', '"']), unescape(quoted.get(..end)?)))
        })
    }
}

/// Calls `each` for the samples whose name `wanted` accepts. Returns how many lines could not be read.
pub fn scan<'a>(text: &'a [u8], wanted: impl Fn(&[u8]) -> bool, mut each: impl FnMut(Sample<'a>)) -> usize {
    let mut broken = 0;
    let mut rest = text;
    // The samples of a family follow each other: their name is looked at once.
    let (mut family, mut is_wanted) = (&b""[..], false);
    while !rest.is_empty() {
        let end = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii();
        rest = rest.get(end + 1..).unwrap_or_default();
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let ends = |b: &u8| matches!(b, b'{' | b' ' | b'\t');
        if family.is_empty() || !line.starts_with(family) || !line.get(family.len()).is_some_and(ends) {
            family = &line[..line.iter().position(ends).unwrap_or(line.len())];
            is_wanted = wanted(family);
        }
        if !is_wanted {
            continue;
        }
        match sample(line, family.len()) {
            Some(sample) => each(sample),
            None => broken += 1,
        }
    }
    broken
}

fn sample(line: &[u8], name: usize) -> Option<Sample<'_>> {
    let line = std::str::from_utf8(line).ok()?;
    let (name, rest) = (line.get(..name)?, line.get(name..)?);
    if name.is_empty() {
        return None;
    }
    let rest = rest.trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        None => ("", rest),
        Some(inside) => {
            let end = braces_end(inside.as_bytes())?;
            (inside.get(..end)?, inside.get(end + 1..)?)
        }
    };
    // After the value there may be a time, and an exemplar behind a hash.
    let value = number(rest.split_ascii_whitespace().next()?)?;
    Some(Sample { name, labels: Labels(labels), value })
}

/// Most values are whole and small: those are read without the general rule for fractions.
fn number(text: &str) -> Option<f64> {
    let digits = text.as_bytes();
    if digits.len() <= 15 && digits.iter().all(u8::is_ascii_digit) {
        return Some(digits.iter().fold(0_u64, |sum, digit| sum * 10 + u64::from(digit - b'0')) as f64);
    }
    text.parse().ok()
}

/// Where the text after an opening brace has the closing one, quotes considered.
fn braces_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'}', text.get(at..)?)?;
        if text[at] == b'}' {
            return Some(at);
        }
        at += 1;
        at += quote_end(text.get(at..)?)? + 1;
    }
}

/// Where the text after an opening quote has the closing one, escapes considered.
fn quote_end(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => plain.push(c),
            _ => match chars.next() {
                Some('n') => plain.push('\n'),
                Some(other @ ('\\' | '"')) => plain.push(other),
                Some(other) => plain.extend(['\\', other]),
                None => plain.push('\\'),
            },
        }
    }
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Owned = (String, Vec<(String, String)>, f64);

    fn all(text: &[u8]) -> (Vec<Owned>, usize) {
        let mut samples = Vec::new();
        let broken = scan(
            text,
            |_| true,
            |sample| {
                let labels = sample.labels.iter().map(|(name, value)| (name.to_owned(), value.into_owned()));
                samples.push((sample.name.to_owned(), labels.collect(), sample.value));
            },
        );
        (samples, broken)
    }

    #[test]
    fn lines_as_they_come() {
        type Read = (&'static str, &'static [(&'static str, &'static str)], f64);
        let table: [(&str, Option<Read>); 16] = [
            ("up 1", Some(("up", &[], 1.0))),
            ("up{} 1\r", Some(("up", &[], 1.0))),
            ("  up 1e3 1700000000", Some(("up", &[], 1000.0))),
            ("a{b=\"c\"} 2 # {id=\"x\"} 1", Some(("a", &[("b", "c")], 2.0))),
            ("a{ b = \"c\" , d=\"e\", } 2", Some(("a", &[("b", "c"), ("d", "e")], 2.0))),
            ("a{b=\"}\\\"\\\\\\n{\"} +Inf", Some(("a", &[("b", "}\"\\\n{")], f64::INFINITY))),
            ("a{le=\"+Inf\"} 3", Some(("a", &[("le", "+Inf")], 3.0))),
            ("a{b=\"日本\"} -0.5", Some(("a", &[("b", "日本")], -0.5))),
            ("a{b=\"c\"", None),
            ("a{b=\"c} 1", None),
            ("a{b=\"c\\", None),
            ("a", None),
            ("a x", None),
            ("{a=\"b\"} 1", None),
            ("a{b=\"c\"}", None),
            ("# HELP a 1", None),
        ];
        for (line, expected) in table {
            let (samples, broken) = all(line.as_bytes());
            match expected {
                Some((name, labels, value)) => {
                    let labels = labels.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
                    assert_eq!(samples, [(name.to_owned(), labels, value)], "{line}");
                }
                None => assert!(samples.is_empty() && broken == usize::from(!line.starts_with('#')), "{line}"),
            }
        }
        assert_eq!(all(b"a 1\n\xff\xfe 2\nb 3").1, 1, "what is no text costs its own line");
    }

    fn escaped(text: &str) -> String {
        text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            samples in prop::collection::vec(
                ("[a-z_]{1,12}", prop::collection::vec(("[a-z_]{1,8}", "\\PC*|[\\\\\"\n{},= ]*"), 0..4), -1e9..1e9f64), 0..20)
        ) {
            let mut text = String::new();
            for (name, labels, value) in &samples {
                let labels: Vec<_> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", escaped(v))).collect();
                text.push_str(&format!("# TYPE {name} counter\n{name}{{{}}} {value:?}\n", labels.join(",")));
            }
            prop_assert_eq!(all(text.as_bytes()), (samples, 0));
        }

        #[test]
        fn no_bytes_break_it(bytes in prop::collection::vec(any::<u8>(), 0..300), quotes in "[a{}\"\\\\=, 1\n]{0,80}") {
            all(&bytes);
            all(quotes.as_bytes());
        }
    }
}
