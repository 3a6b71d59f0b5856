//! JSON read in one pass, and only where somebody looks: what is passed over is never built. For answers of many megabytes of which
//! a few fields matter; they may end early or be no JSON at all.

use std::borrow::Cow;
use std::ops::Range;

/// Deeper than this nothing is read.
const DEEPEST: usize = 256;

/// A place in a text.
#[derive(Debug)]
pub(crate) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0 }
    }

    fn blank(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    /// The next byte that means something.
    fn peek(&mut self) -> Option<u8> {
        self.blank();
        self.bytes.get(self.at).copied()
    }

    /// Calls `member` with each name of the object that begins here; it reads or passes over the value. `None` where the text is broken or
    /// ends; a value of another kind is passed over.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, &str) -> Option<()>) -> Option<()> {
        if self.peek()? != b'{' {
            return self.skip();
        }
        self.inside(|scanner| {
            if scanner.peek()? == b'}' {
                scanner.at += 1;
                return Some(());
            }
            loop {
                let name = scanner.text()?;
                if scanner.peek()? != b':' {
                    return None;
                }
                scanner.at += 1;
                member(scanner, &name)?;
                if scanner.more(b'}')? {
                    return Some(());
                }
            }
        })
    }

    /// Calls `item` at each item of the list that begins here.
    pub(crate) fn list(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if self.peek()? != b'[' {
            return self.skip();
        }
        self.inside(|scanner| {
            if scanner.peek()? == b']' {
                scanner.at += 1;
                return Some(());
            }
            loop {
                item(scanner)?;
                if scanner.more(b']')? {
                    return Some(());
                }
            }
        })
    }

    fn inside(&mut self, read: impl FnOnce(&mut Self) -> Option<()>) -> Option<()> {
        if self.depth >= DEEPEST {
            return None;
        }
        self.at += 1;
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    /// After a member or an item: whether that was the last.
    fn more(&mut self, end: u8) -> Option<bool> {
        let next = self.peek()?;
        self.at += 1;
        match next {
            b',' => Some(false),
            other if other == end => Some(true),
            _ => None,
        }
    }

    /// A text; `None` where something else stands here.
    pub(crate) fn text(&mut self) -> Option<Cow<'a, str>> {
        if self.peek()? != b'"' {
            return None;
        }
        let start = self.at;
        self.string()?;
        let raw = std::str::from_utf8(self.bytes.get(start + 1..self.at - 1)?).ok()?;
        if !raw.contains('\\') {
            return Some(Cow::Borrowed(raw));
        }
        serde_json::from_slice(self.bytes.get(start..self.at)?).ok().map(Cow::Owned)
    }

    /// A text, number or truth value as text; anything else is passed over and empty.
    pub(crate) fn plain(&mut self) -> Option<String> {
        if self.peek()? == b'"' {
            return self.text().map(Cow::into_owned);
        }
        let range = self.range()?;
        let raw = std::str::from_utf8(self.bytes.get(range)?).ok()?;
        Some(if raw.starts_with(['{', '[']) || raw == "null" { String::new() } else { raw.to_owned() })
    }

    /// Passes over a value and says where it stood.
    pub(crate) fn range(&mut self) -> Option<Range<usize>> {
        self.blank();
        let start = self.at;
        self.skip()?;
        Some(start..self.at)
    }

    /// Where the last value ended.
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    /// Where the next value begins.
    pub(crate) fn position(&mut self) -> usize {
        self.blank();
        self.at
    }

    /// Passes over a value.
    pub(crate) fn skip(&mut self) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' | b'[' => self.nested(),
            b'}' | b']' | b',' | b':' => None,
            _ => {
                let rest = &self.bytes[self.at..];
                let end = rest.iter().position(|b| matches!(b, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
                self.at += end.unwrap_or(rest.len());
                Some(())
            }
        }
    }

    /// Passes over what is between quotes.
    fn string(&mut self) -> Option<()> {
        self.at += 1;
        loop {
            self.at += memchr::memchr2(b'"', b'\\', self.bytes.get(self.at..)?)?;
            match self.bytes[self.at] {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                _ => self.at += 2,
            }
        }
    }

    /// Passes over an object or a list, however deep: nothing is kept of it.
    fn nested(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            let rest = self.bytes.get(self.at..)?;
            // With bit 5 set a bracket is its brace, and no other byte of JSON outside of texts becomes one.
            self.at += rest.iter().position(|b| matches!(b | 0x20, b'{' | b'}' | b'"'))?;
            match self.bytes[self.at] | 0x20 {
                b'{' => depth += 1,
                b'}' => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        self.at += 1;
                        return Some(());
                    }
                }
                _ => {
                    self.string()?;
                    continue;
                }
            }
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Builds a value again by walking it, and another by passing over each part.
    fn walked(scanner: &mut Scanner<'_>) -> Option<Value> {
        match scanner.peek()? {
            b'{' => {
                let mut object = serde_json::Map::new();
                scanner.object(|scanner, name| {
                    object.insert(name.to_owned(), walked(scanner)?);
                    Some(())
                })?;
                Some(object.into())
            }
            b'[' => {
                let mut list = Vec::new();
                scanner.list(|scanner| {
                    list.push(walked(scanner)?);
                    Some(())
                })?;
                Some(list.into())
            }
            b'"' => scanner.text().map(|text| text.into_owned().into()),
            _ => {
                let range = scanner.range()?;
                serde_json::from_slice(&scanner.bytes[range]).ok()
            }
        }
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "\\PC*|[\\\\\"\n{}\\[\\],: ]*".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map("[a-z\"\\\\]{0,5}", inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_walked_is_what_is_written(value in any_value(), pretty in any::<bool>()) {
            let text = if pretty { serde_json::to_string_pretty(&value).unwrap() } else { value.to_string() };
            prop_assert_eq!(walked(&mut Scanner::new(text.as_bytes())), Some(value));
            let padded = format!(" {text} ");
            let mut scanner = Scanner::new(padded.as_bytes());
            prop_assert_eq!(scanner.range(), Some(1..text.len() + 1), "{}", text);
        }

        #[test]
        fn nothing_breaks_it(bytes in prop::collection::vec(any::<u8>(), 0..200), marks in "[{}\\[\\]\"\\\\:,a 1\n]{0,80}") {
            for text in [&bytes[..], marks.as_bytes()] {
                walked(&mut Scanner::new(text));
                Scanner::new(text).range();
            }
        }
    }

    #[test]
    fn too_deep_ends() {
        let deep = "[".repeat(100_000);
        assert_eq!(walked(&mut Scanner::new(deep.as_bytes())), None);
        assert_eq!(Scanner::new(deep.as_bytes()).range(), None);
        let closed = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(Scanner::new(closed.as_bytes()).range(), Some(0..200_000));
    }
}
