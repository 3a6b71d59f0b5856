//! A talk that may last as long as the other side goes on, and ends where it pauses for too long: what is as large as a mesh takes long to send.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::error::Cause;
use crate::pods::late;

/// When something was heard last.
type Heard = Arc<Mutex<Instant>>;

/// Talks over a stream until that is over, or nothing was heard for so long.
pub(super) async fn until_silent<S, T, F: Future<Output = Result<T, Cause>>>(
    stream: S,
    limit: Duration,
    talk: impl FnOnce(Listening<S>) -> F,
) -> Result<T, Cause> {
    let heard = Heard::new(Mutex::new(Instant::now()));
    let talk = talk(Listening { inner: stream, heard: heard.clone() });
    tokio::select! {
        answer = talk => answer,
        () = silence(&heard, limit) => Err(late(limit)),
    }
}

async fn silence(heard: &Heard, limit: Duration) {
    loop {
        let end = *heard.lock().unwrap_or_else(PoisonError::into_inner) + limit;
        if end <= Instant::now() {
            return;
        }
        tokio::time::sleep_until(end).await;
    }
}

/// A stream that remembers when it was heard.
pub(super) struct Listening<S> {
    inner: S,
    heard: Heard,
}

impl<S: AsyncRead + Unpin> AsyncRead for Listening<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        to: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = to.filled().len();
        let polled = Pin::new(&mut self.inner).poll_read(context, to);
        if to.filled().len() > before {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Listening<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, from: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const LIMIT: Duration = Duration::from_millis(400);

    /// Hears a byte after each of these pauses, in milliseconds, and then nothing more.
    async fn hears(pauses: &[u64]) -> (Result<usize, Cause>, Duration) {
        let (ours, mut theirs) = tokio::io::duplex(64);
        let begun = Instant::now();
        let says = async {
            for pause in pauses {
                tokio::time::sleep(Duration::from_millis(*pause)).await;
                theirs.write_all(b"x").await.unwrap();
            }
            std::future::pending::<()>().await;
        };
        let hears = until_silent(ours, LIMIT, |mut stream| async move {
            stream.read_exact(&mut [0; 4]).await.map_err(|_| late(LIMIT))
        });
        tokio::select! {
            answer = hears => (answer, begun.elapsed()),
            () = says => unreachable!("it says nothing for ever"),
        }
    }

    #[tokio::test]
    async fn what_goes_on_may_take_long_and_a_pause_may_not() {
        let (answer, took) = hears(&[150, 150, 150, 150]).await;
        assert!(answer == Ok(4) && took > LIMIT, "{answer:?} after {took:?}");
        let (answer, took) = hears(&[150, 150]).await;
        assert!(answer == Err(late(LIMIT)) && took > LIMIT, "{answer:?} after {took:?}");
        assert_eq!(hears(&[]).await.0, Err(late(LIMIT)));
    }
}
