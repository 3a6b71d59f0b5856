//! Lines of a stream, however the network cuts it, none longer than is kept.

use super::LONGEST;

/// Collects what comes and gives whole lines.
#[derive(Debug, Default)]
pub struct Lines {
    held: Vec<u8>,
    /// The line that is under way is longer than is kept: the rest of it is passed over.
    over: bool,
}

impl Lines {
    /// Takes what came and calls `line` with each line that ended in it, without its end; what is no UTF-8 is replaced.
    pub fn feed(&mut self, bytes: &[u8], mut line: impl FnMut(&str)) {
        let mut rest = bytes;
        while let Some(at) = memchr::memchr(b'\n', rest) {
            self.keep(&rest[..at]);
            line(&self.text());
            self.held.clear();
            self.over = false;
            rest = &rest[at + 1..];
        }
        self.keep(rest);
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.held.len());
        self.over |= bytes.len() > room;
        self.held.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn text(&self) -> String {
        let mut text = String::from_utf8_lossy(&self.held).into_owned();
        if self.over {
            text.push('…');
        }
        text
    }
}
