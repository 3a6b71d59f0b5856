//! Whether the server is there at all. A watch on a dead link is silent like a watch on a quiet cluster, so somebody has
//! to ask.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::Sender;
use tokio::sync::watch;
use tokio::time::Instant;

use super::Shared;
use super::gather::Event;
use crate::connection::Call;
use crate::error::Cause;

/// Longest wait between two signs of life while the link is down.
const DOWN: Duration = Duration::from_secs(5);

pub(super) struct Link {
    heard: watch::Sender<Instant>,
    /// Grows each time the link comes back: streams of before may be dead.
    round: watch::Sender<u64>,
}

impl Default for Link {
    fn default() -> Self {
        Self { heard: watch::Sender::new(Instant::now()), round: watch::Sender::new(0) }
    }
}

impl Link {
    /// Something came from the server.
    pub(super) fn heard(&self) {
        self.heard.send_replace(Instant::now());
    }

    fn silence(&self) -> Duration {
        self.heard.borrow().elapsed()
    }

    pub(super) fn rounds(&self) -> watch::Receiver<u64> {
        self.round.subscribe()
    }
}

/// Listens for ever.
pub(super) async fn listen(shared: Arc<Shared>, events: Sender<Event>) {
    let pace = &shared.pace;
    let mut down = false;
    let mut wait = pace.beat;
    loop {
        tokio::time::sleep(wait).await;
        if !down && shared.link.silence() < pace.beat {
            drop(events.send(Event::Heard).await);
            continue;
        }
        let call =
            Call { limit: pace.answer, ..Call::get(("hear from the API server", "联系 API 服务器"), "/version") };
        match shared.connection.send(&call).await {
            Err(error) if matches!(error.cause, Cause::Unreachable(_) | Cause::Untrusted(_)) => {
                if !down {
                    tracing::info!(cluster = shared.connection.name(), %error, "the link is down");
                    drop(events.send(Event::Down(error.cause.said())).await);
                }
                wait = if down { (wait * 2).min(DOWN) } else { pace.beat / 2 };
                down = true;
            }
            // Any answer, also a refusal, is a sign of life.
            _ => {
                shared.link.heard();
                if down {
                    shared.link.round.send_modify(|round| *round += 1);
                }
                (down, wait) = (false, pace.beat);
                drop(events.send(Event::Heard).await);
            }
        }
    }
}
