//! What is known of a cluster right now, and how fresh it is.

use std::time::{Duration, SystemTime};

use cluster::Batch;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;
use world::{Coverage, Said, World, said};

/// A link that was silent for longer is stale: kinds that are watched send a bookmark a minute at the latest, and the
/// connection is asked in between.
const SILENT: Duration = Duration::from_secs(75);

/// How fresh a world is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Link {
    /// The first lists have not all arrived.
    Connecting,
    /// Followed.
    Live,
    /// The link is down since a moment; what is shown is as old as it says.
    Stale,
    /// Nothing was heard for long.
    Lost,
}

/// A world and its link.
#[derive(Clone, Debug)]
pub struct Live {
    /// Everything that is known.
    pub world: World,
    /// How fresh it is.
    pub link: Link,
    /// Why the link is as it is; empty when all is well.
    pub because: Said,
    /// When the server was last heard.
    pub heard_at: Option<SystemTime>,
}

impl Live {
    pub(crate) fn new(world: World) -> Self {
        Self { world, link: Link::Connecting, because: Said::default(), heard_at: None }
    }

    /// The link by what is known of the kinds.
    fn judge(&mut self) {
        let stale = self.world.coverages().find_map(|(_, _, coverage)| match coverage {
            Coverage::Stale(because) => Some(because.clone()),
            _ => None,
        });
        let loading = self.world.coverages().find(|(.., coverage)| **coverage == Coverage::Loading);
        let silent = self.heard_at.is_some_and(|at| at.elapsed().is_ok_and(|age| age > SILENT));
        (self.link, self.because) = match (stale, loading) {
            (Some(because), _) if silent => (Link::Lost, because),
            (Some(because), _) => (Link::Stale, because),
            (None, Some((_, kind, _))) => (Link::Connecting, said!("{kind} is being listed", "正在列出 {kind}")),
            // A kind that was never spoken of counts as read (worlds of files are whole), so silence must not pass for knowledge.
            (None, None) if self.heard_at.is_none() => {
                (Link::Connecting, said!("nothing has been listed yet", "尚未列出任何资源"))
            }
            (None, None) if silent => (Link::Stale, said!("the server has been silent", "服务器没有动静")),
            (None, None) => (Link::Live, Said::default()),
        };
    }

    fn take(&mut self, batch: Batch) {
        match batch {
            Batch::Changes(changes) => self.world = self.world.after(changes),
            Batch::Coverage { group, kind, coverage } => {
                if !matches!(coverage, Coverage::Stale(_)) {
                    self.heard_at = Some(SystemTime::now());
                }
                self.world = self.world.covering(&group, &kind, coverage);
                return;
            }
            Batch::Heard => {}
        }
        self.heard_at = Some(SystemTime::now());
    }
}

/// Takes batches in until cancelled. Batches that wait together make one step.
pub(crate) async fn follow(mut batches: mpsc::Receiver<Batch>, live: watch::Sender<Live>, cancel: CancellationToken) {
    let mut clock = tokio::time::interval(Duration::from_secs(1));
    loop {
        let first = tokio::select! {
            () = cancel.cancelled() => return,
            batch = batches.recv() => match batch { Some(batch) => Some(batch), None => return },
            _ = clock.tick() => None,
        };
        live.send_if_modified(|live| {
            let before = (live.world.revision(), live.link, live.heard_at);
            for batch in first.into_iter().chain(std::iter::from_fn(|| batches.try_recv().ok())) {
                live.take(batch);
            }
            live.judge();
            before != (live.world.revision(), live.link, live.heard_at)
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn after(batches: Vec<Batch>) -> Live {
        let (sender, receiver) = mpsc::channel(16);
        let (live, mut seen) = watch::channel(Live::new(World::new()));
        for batch in batches {
            sender.send(batch).await.unwrap();
        }
        let cancel = CancellationToken::new();
        let task = tokio::spawn(follow(receiver, live, cancel.clone()));
        seen.changed().await.unwrap();
        cancel.cancel();
        task.await.unwrap();
        seen.borrow().clone()
    }

    fn covered(coverage: Coverage) -> Batch {
        Batch::Coverage { group: String::new(), kind: "Pod".into(), coverage }
    }

    /// What is withheld on purpose is known from the start; that alone is no sign of life.
    #[test]
    fn nothing_heard_is_not_live() {
        let withheld = World::new().covering("", "Secret", Coverage::Withheld);
        let mut live = Live::new(withheld);
        live.judge();
        assert_eq!((live.link, live.because.en.as_str()), (Link::Connecting, "nothing has been listed yet"));
    }

    #[tokio::test]
    async fn the_link_is_what_the_kinds_say() {
        for (batches, link, because) in [
            (vec![covered(Coverage::Loading)], Link::Connecting, "Pod is being listed"),
            (vec![covered(Coverage::Ready)], Link::Live, ""),
            (vec![covered(Coverage::Denied("list".into()))], Link::Live, ""),
            (vec![covered(Coverage::Ready), covered(Coverage::Stale("cut".into()))], Link::Stale, "cut"),
        ] {
            let live = after(batches).await;
            assert_eq!((live.link, live.because.en.as_str()), (link, because));
        }
    }
}
