//! Lines of a stream, however the network cuts it.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Body;

/// Longest line: an event is one object, and etcd keeps none above 1.5 MiB unless told; escapes may treble it.
const LONGEST: usize = 32 << 20;

pub(super) struct Lines<B> {
    body: B,
    buffer: BytesMut,
    /// Up to here the buffer has no line end.
    searched: usize,
}

impl<B: Body<Data = Bytes, Error: std::fmt::Display> + Unpin> Lines<B> {
    pub(super) fn new(body: B) -> Self {
        Self { body, buffer: BytesMut::new(), searched: 0 }
    }

    /// The next line without its end; `None` at the end of the stream. What is left without a line end is no line: it was
    /// cut. Safe to drop in the middle of waiting.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, String> {
        loop {
            if let Some(at) = self.buffer[self.searched..].iter().position(|byte| *byte == b'\n') {
                let mut line = self.buffer.split_to(self.searched + at + 1);
                self.searched = 0;
                line.truncate(line.len() - 1);
                if line.iter().all(u8::is_ascii_whitespace) {
                    continue;
                }
                return Ok(Some(line.freeze()));
            }
            self.searched = self.buffer.len();
            if self.buffer.len() > LONGEST {
                return Err(format!("a line longer than {} MiB", LONGEST >> 20));
            }
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => {
                    if let Some(data) = frame.data_ref() {
                        self.buffer.extend_from_slice(data);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::StreamBody;
    use hyper::body::Frame;

    use super::*;

    #[tokio::test]
    async fn lines_are_the_same_wherever_the_network_cuts() {
        let text = "{\"a\":\"revíews\"}\n\r\n{\"b\":\"日本\"}\n{\"cut\"".as_bytes();
        for cut in 0..text.len() {
            let chunks =
                [&text[..cut], &text[cut..]].map(|c| Ok::<_, std::io::Error>(Frame::data(Bytes::copy_from_slice(c))));
            let mut lines = Lines::new(StreamBody::new(stream::iter(chunks)));
            let mut seen = Vec::new();
            while let Some(line) = lines.next().await.unwrap() {
                seen.push(String::from_utf8(line.to_vec()).unwrap());
            }
            assert_eq!(seen, ["{\"a\":\"revíews\"}", "{\"b\":\"日本\"}"], "cut at {cut}");
        }
    }
}
