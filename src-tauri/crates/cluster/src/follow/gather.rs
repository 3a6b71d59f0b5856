//! From events of many tasks to few batches.

use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender};
use tokio::time::Instant;
use world::{Change, Coverage, Said};

use super::{Batch, Followed};

/// More changes than this are sent on at once.
const MANY: usize = 5000;

/// What a task has to say.
pub(super) enum Event {
    Changes(Vec<Change>),
    /// Of the kind with this index.
    Coverage(usize, Coverage),
    Heard,
    /// The link is down since, because of this.
    Down(Said),
}

/// Runs until all tasks, or the receiver, are gone.
pub(super) async fn run(mut events: Receiver<Event>, kinds: Vec<Followed>, batches: Sender<Batch>, wait: Duration) {
    let none = vec![None; kinds.len()];
    let mut gathered = Gathered { coverage: none.clone(), told: none, kinds, changes: Vec::new(), sent: None, batches };
    for index in 0..gathered.kinds.len() {
        gathered.cover(index, Coverage::Loading).await;
    }
    let mut due: Option<Instant> = None;
    while !gathered.batches.is_closed() {
        let event = match due {
            None => events.recv().await,
            Some(at) => match tokio::time::timeout_at(at, events.recv()).await {
                Ok(event) => event,
                Err(_) => {
                    gathered.flush().await;
                    due = None;
                    continue;
                }
            },
        };
        match event {
            None => break,
            Some(Event::Changes(changes)) => {
                gathered.changes.extend(changes);
                if gathered.changes.len() > MANY {
                    gathered.flush().await;
                }
            }
            Some(Event::Coverage(index, coverage)) => gathered.cover(index, coverage).await,
            Some(Event::Heard) if gathered.changes.is_empty() => drop(gathered.batches.send(Batch::Heard).await),
            Some(Event::Heard) => {}
            Some(Event::Down(because)) => gathered.down(&because).await,
        }
        due = if gathered.changes.is_empty() { None } else { due.or_else(|| Some(gathered.due(wait))) };
    }
    gathered.flush().await;
}

struct Gathered {
    kinds: Vec<Followed>,
    coverage: Vec<Option<Coverage>>,
    /// What the receiver was told of each.
    told: Vec<Option<Coverage>>,
    changes: Vec<Change>,
    /// When changes were last sent on.
    sent: Option<Instant>,
    batches: Sender<Batch>,
}

impl Gathered {
    /// The first change after a quiet time goes on at once; those that follow wait for each other.
    fn due(&self, wait: Duration) -> Instant {
        self.sent.map_or_else(Instant::now, |sent| sent + wait)
    }

    async fn flush(&mut self) {
        if !self.changes.is_empty() {
            self.sent = Some(Instant::now());
            drop(self.batches.send(Batch::Changes(std::mem::take(&mut self.changes))).await);
        }
    }

    async fn cover(&mut self, index: usize, coverage: Coverage) {
        if self.coverage[index].as_ref() == Some(&coverage) {
            return;
        }
        self.flush().await;
        self.coverage[index] = Some(coverage);
        for told in 0..self.kinds.len() {
            if self.is_alike(told, index) && !self.kinds[told].beside {
                self.tell(told).await;
            }
        }
    }

    fn is_alike(&self, one: usize, other: usize) -> bool {
        let (one, other) = (&self.kinds[one], &self.kinds[other]);
        one.group == other.group && one.kind == other.kind
    }

    /// Tells what is known of a kind, unless it was told. It is not ready before all that is read beside it was listed, or may not be.
    async fn tell(&mut self, index: usize) {
        let loads = |other: &usize| matches!(self.coverage[*other], None | Some(Coverage::Loading));
        let mut beside =
            (0..self.kinds.len()).filter(|other| self.kinds[*other].beside && self.is_alike(*other, index));
        let known = &self.coverage[index];
        if *known == self.told[index] || *known == Some(Coverage::Ready) && beside.any(|other| loads(&other)) {
            return;
        }
        let Some(coverage) = known.clone() else { return };
        self.told[index] = Some(coverage.clone());
        let Followed { group, kind, .. } = self.kinds[index].clone();
        drop(self.batches.send(Batch::Coverage { group, kind, coverage }).await);
    }

    async fn down(&mut self, because: &Said) {
        for index in 0..self.kinds.len() {
            if self.coverage[index] == Some(Coverage::Ready) {
                self.cover(index, Coverage::Stale(because.clone())).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::channel;
    use tokio::task::yield_now;
    use world::{Object, Pod};

    use super::*;

    fn change(name: &str) -> Event {
        let pod = Pod { name: name.into(), ..Pod::default() };
        Event::Changes(vec![Change::Put(Object::Pod(pod))])
    }

    async fn count(batches: &mut Receiver<Batch>) -> usize {
        match batches.recv().await {
            Some(Batch::Changes(changes)) => changes.len(),
            other => panic!("{other:?}"),
        }
    }

    /// What is told of ConfigMaps of two namespaces, the second read beside the first.
    async fn told_of_maps(heard_of: [(usize, Coverage); 2]) -> Vec<Coverage> {
        let maps = |within: &str| Followed { within: within.into(), ..Followed::new("", "ConfigMap") };
        let (events, heard) = channel(8);
        let (sender, mut batches) = channel(8);
        let kinds = vec![maps("istio-system"), Followed { beside: true, ..maps("linkerd") }];
        let gathering = tokio::spawn(run(heard, kinds, sender, Duration::ZERO));
        let mut told = Vec::new();
        for (index, coverage) in heard_of {
            events.send(Event::Coverage(index, coverage)).await.unwrap();
        }
        drop(events);
        gathering.await.unwrap();
        while let Some(batch) = batches.recv().await {
            let Batch::Coverage { coverage, .. } = batch else { panic!("{batch:?}") };
            told.push(coverage);
        }
        told
    }

    #[tokio::test]
    async fn of_what_is_read_beside_another_of_its_kind_nothing_is_told() {
        let denied = Coverage::Denied("no".into());
        let all = [Coverage::Loading, Coverage::Ready];
        assert_eq!(told_of_maps([(1, denied.clone()), (0, Coverage::Ready)]).await, all);
        assert_eq!(told_of_maps([(0, Coverage::Ready), (1, denied)]).await, all);
    }

    #[tokio::test]
    async fn a_kind_is_not_ready_before_what_is_read_beside_it_is() {
        assert_eq!(told_of_maps([(0, Coverage::Ready), (1, Coverage::Loading)]).await, [Coverage::Loading]);
        let stale = || Coverage::Stale("cut".into());
        assert_eq!(told_of_maps([(0, Coverage::Ready), (0, stale())]).await, [Coverage::Loading, stale()]);
    }

    #[tokio::test]
    async fn the_first_change_does_not_wait_for_others_and_the_next_do() {
        let (events, heard) = channel(8);
        let (sender, mut batches) = channel(8);
        let gathering = tokio::spawn(run(heard, Vec::new(), sender, Duration::from_secs(3600)));
        events.send(change("a")).await.unwrap();
        assert_eq!(count(&mut batches).await, 1);
        for name in ["b", "c", "d"] {
            events.send(change(name)).await.unwrap();
            yield_now().await;
        }
        drop(events);
        assert_eq!(count(&mut batches).await, 3);
        gathering.await.unwrap();
    }
}
