use std::collections::BTreeMap;
use std::time::Instant;

use world::Object;

use super::*;
use crate::fake::{Fake, Fault, line};

/// Long enough for a busy machine; every wait is for a condition.
const PATIENCE: Duration = Duration::from_secs(20);

fn pace() -> Pace {
    Pace {
        batch: Duration::from_millis(10),
        beat: Duration::from_millis(200),
        answer: Duration::from_millis(300),
        watch: Duration::from_secs(30),
        overdue: Duration::from_secs(1),
        stream: Duration::from_millis(500),
        page: 2,
        back_off: (Duration::from_millis(20), Duration::from_millis(200)),
        denied: Duration::from_millis(100),
        missing: Duration::from_millis(100),
    }
}

/// What a receiver of batches knows.
struct View {
    batches: Receiver<Batch>,
    cancel: CancellationToken,
    values: BTreeMap<String, u64>,
    coverage: Coverage,
    deleted: Vec<String>,
}

impl View {
    fn of(fake: &Fake) -> Self {
        Self::paced(fake, pace())
    }

    fn paced(fake: &Fake, pace: Pace) -> Self {
        Self::following(fake, vec![Followed::new("test.io", "Thing")], pace)
    }

    fn following(fake: &Fake, kinds: Vec<Followed>, pace: Pace) -> Self {
        let cancel = CancellationToken::new();
        let batches = follow_at(fake.connection(), kinds, cancel.clone(), pace);
        Self { batches, cancel, values: BTreeMap::new(), coverage: Coverage::Ready, deleted: Vec::new() }
    }

    fn take(&mut self, batch: Batch) {
        match batch {
            Batch::Heard => {}
            Batch::Coverage { coverage, .. } => self.coverage = coverage,
            Batch::Changes(changes) => {
                for change in changes {
                    match change {
                        Change::Put(Object::Document(document)) => {
                            let value = document.at("/spec/value").unwrap().as_u64().unwrap();
                            self.values.insert(document.key.name, value);
                        }
                        Change::Put(other) => panic!("{other:?}"),
                        Change::Delete(key) => {
                            self.values.remove(&key.name);
                            self.deleted.push(key.name);
                        }
                    }
                }
            }
        }
    }

    async fn until(&mut self, what: &str, holds: impl Fn(&Self) -> bool) {
        let end = tokio::time::Instant::now() + PATIENCE;
        while !holds(self) {
            match tokio::time::timeout_at(end, self.batches.recv()).await {
                Ok(Some(batch)) => self.take(batch),
                other => panic!("{what}: {other:?}; {:?} {:?}", self.values, self.coverage),
            }
        }
    }

    async fn sees(&mut self, wanted: &[(&str, u64)]) {
        let wanted: BTreeMap<_, _> = wanted.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
        let what = format!("{wanted:?}");
        self.until(&what, |view| view.coverage == Coverage::Ready && view.values == wanted).await;
    }
}

async fn fake(names: &[&str]) -> Fake {
    let fake = Fake::start().await;
    for (index, name) in names.iter().enumerate() {
        fake.put(name, index as u64);
    }
    fake
}

#[tokio::test]
async fn everything_comes_then_every_change() {
    let fake = fake(&["a", "b", "c"]).await;
    let mut view = View::of(&fake);
    let Some(Batch::Coverage { coverage: Coverage::Loading, .. }) = view.batches.recv().await else { panic!() };
    view.sees(&[("a", 0), ("b", 1), ("c", 2)]).await;
    assert_eq!((fake.count("stream"), fake.count("list")), (1, 0));
    fake.put("b", 7);
    fake.delete("c");
    fake.put("d", 3);
    view.sees(&[("a", 0), ("b", 7), ("d", 3)]).await;
    assert_eq!((fake.count("stream"), fake.count("watch")), (1, 0), "the stream goes on as the watch");
}

#[tokio::test]
async fn a_label_selector_goes_along_with_every_question() {
    for streams in [true, false] {
        let fake = fake(&["a"]).await;
        fake.set(|state| state.streams = streams);
        let kinds = vec![Followed { picked: "kept-by!=a,in b".into(), ..Followed::new("test.io", "Thing") }];
        let mut view = View::following(&fake, kinds, pace());
        view.sees(&[("a", 0)]).await;
        fake.put("b", 1);
        view.until("the watch goes on", |view| view.values.contains_key("b")).await;
        let asked = fake.set(|state| state.requests.clone());
        let asked: Vec<_> = asked.iter().filter(|(sort, ..)| ["list", "watch", "stream"].contains(sort)).collect();
        let picks = |path: &str| path.contains("&labelSelector=kept-by%21%3Da%2Cin%20b");
        assert!(asked.iter().all(|(_, _, path)| picks(path)), "{asked:?}");
    }
}

#[tokio::test]
async fn pages_are_read_where_lists_cannot_be_streamed() {
    for ends in [false, true] {
        let fake = fake(&["a", "b", "c", "d", "e"]).await;
        fake.set(|state| (state.streams, state.ends_streams) = (!ends, false));
        let mut view = View::of(&fake);
        view.sees(&[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)]).await;
        assert_eq!(fake.count("list"), 3, "three pages of two");
        fake.put("f", 5);
        view.until("the watch goes on", |view| view.values.contains_key("f")).await;
    }
}

#[tokio::test]
async fn a_list_that_expires_in_the_middle_begins_again_and_no_part_is_shown() {
    let fake = fake(&["a", "b", "c", "d", "e"]).await;
    fake.set(|state| state.streams = false);
    let whole = r#"{"kind":"ThingList","metadata":{"resourceVersion":"5","continue":"b"},"items":[{"metadata":{"name":"ghost","resourceVersion":"1"},"spec":{"value":9}}]}"#;
    fake.fail("list", Fault::Status(200, None, whole.into()));
    fake.fail(
        "list",
        Fault::Status(410, None, r#"{"code":410,"reason":"Expired","message":"the continue token is too old"}"#.into()),
    );
    let mut view = View::of(&fake);
    view.sees(&[("a", 0), ("b", 1), ("c", 2), ("d", 3), ("e", 4)]).await;
    assert!(view.deleted.is_empty(), "the part was shown: {:?}", view.deleted);
}

#[tokio::test]
async fn after_410_what_is_gone_goes_and_nothing_flickers() {
    let fake = fake(&["a", "b", "c"]).await;
    let mut view = View::of(&fake);
    view.sees(&[("a", 0), ("b", 1), ("c", 2)]).await;
    fake.set(|state| state.dead = true);
    view.until("stale", |view| matches!(view.coverage, Coverage::Stale(_))).await;
    fake.delete("b");
    fake.put("c", 9);
    fake.compact();
    fake.set(|state| state.dead = false);
    view.sees(&[("a", 0), ("c", 9)]).await;
    assert_eq!(view.deleted, ["b"], "only what is gone");
}

#[tokio::test]
async fn a_silent_link_is_noticed_and_mended() {
    let fake = fake(&["a"]).await;
    let mut view = View::of(&fake);
    view.sees(&[("a", 0)]).await;
    fake.set(|state| state.dead = true);
    let since = Instant::now();
    view.until("stale", |view| matches!(view.coverage, Coverage::Stale(_))).await;
    assert!(since.elapsed() < Duration::from_secs(5), "{:?}", since.elapsed());
    fake.put("b", 5);
    fake.set(|state| state.dead = false);
    view.sees(&[("a", 0), ("b", 5)]).await;
}

#[tokio::test]
async fn a_watch_that_dies_alone_is_replaced_and_misses_nothing() {
    let fake = fake(&["a"]).await;
    fake.set(|state| state.streams = false);
    fake.fail("watch", Fault::Mute);
    let lasting = Duration::from_secs(1);
    let mut view = View::paced(&fake, Pace { watch: lasting, overdue: lasting / 4, ..pace() });
    view.sees(&[("a", 0)]).await;
    // The link as a whole lives: it is asked for a sign of life and answers.
    fake.put("b", 5);
    fake.delete("a");
    view.sees(&[("b", 5)]).await;
    let times: Vec<_> = fake.set(|s| s.requests.iter().filter(|r| r.0 == "watch").map(|r| r.1).collect());
    assert!(times[1] - times[0] < lasting * 10, "{:?}", times[1] - times[0]);
    assert!(fake.count("list") == 1 && times.len() < 5, "no second list, and no storm of watches");
    assert!(fake.set(|s| s.requests.iter().any(|r| r.0 == "watch" && r.2.contains("timeoutSeconds=1"))));
}

#[tokio::test]
async fn a_missing_right_is_said_and_tried_again() {
    let fake = fake(&["a"]).await;
    let text = r#"{"code":403,"message":"things.test.io is forbidden: User \"eve\" cannot watch resource \"things\" in API group \"test.io\" at the cluster scope"}"#;
    fake.fail("stream", Fault::Status(403, None, text.into()));
    let mut view = View::of(&fake);
    view.until("denied", |view| view.coverage == Coverage::Denied("watch".into())).await;
    view.sees(&[("a", 0)]).await;
}

#[tokio::test]
async fn a_kind_that_appears_is_picked_up_and_one_that_goes_is_dropped() {
    let fake = fake(&["a"]).await;
    fake.set(|state| state.served = false);
    let mut view = View::of(&fake);
    view.until("missing", |view| view.coverage == Coverage::Missing).await;
    fake.set(|state| state.served = true);
    view.sees(&[("a", 0)]).await;
    fake.set(|state| state.served = false);
    fake.compact();
    // The stream that is open lives on; the next one finds nothing.
    fake.set(|state| state.dead = true);
    view.until("stale", |view| matches!(view.coverage, Coverage::Stale(_))).await;
    fake.set(|state| state.dead = false);
    view.until("gone", |view| view.coverage == Coverage::Missing && view.values.is_empty()).await;
}

#[tokio::test]
async fn a_broken_line_costs_one_stream_and_no_object() {
    for garbage in [
        &b"{\"type\":\"ADDED\",\"object\":{\"meta\n"[..],
        b"\xff\xfe\xe6\x97\n",
        b"\x1f\x8b\x08\x00\n",
        b"{\"type\":\"NOVEL\",\"object\":{}}\n",
    ] {
        let fake = fake(&["a"]).await;
        let mut view = View::of(&fake);
        view.sees(&[("a", 0)]).await;
        // Each time the link comes back the watch begins anew: then with garbage, more often than it is borne.
        for _ in 0..5 {
            fake.fail("watch", Fault::First(garbage.to_vec()));
        }
        fake.set(|state| state.dead = true);
        view.until("stale", |view| matches!(view.coverage, Coverage::Stale(_))).await;
        fake.set(|state| state.dead = false);
        fake.put("b", 1);
        view.sees(&[("a", 0), ("b", 1)]).await;
        assert!(view.deleted.is_empty());
    }
}

#[tokio::test]
async fn what_was_told_already_changes_nothing() {
    let fake = fake(&["a"]).await;
    let old = serde_json::json!({"metadata": {"namespace": "shop", "name": "a", "resourceVersion": "1"}, "spec": {"value": 99}});
    fake.put("a", 5);
    fake.set(|state| state.streams = false);
    fake.fail("watch", Fault::First(line("MODIFIED", &old)));
    let mut view = View::of(&fake);
    view.sees(&[("a", 5)]).await;
    fake.put("b", 1);
    view.sees(&[("a", 5), ("b", 1)]).await;
}

#[tokio::test]
async fn a_server_that_asks_to_wait_is_left_alone() {
    let fake = fake(&["a"]).await;
    fake.fail("stream", Fault::Status(429, Some(("retry-after", "1")), String::new()));
    let mut view = View::of(&fake);
    view.until("says so", |view| matches!(&view.coverage, Coverage::Stale(why) if why.en.contains("wait"))).await;
    view.sees(&[("a", 0)]).await;
    let times: Vec<_> = fake.set(|s| s.requests.iter().filter(|r| r.0 == "stream").map(|r| r.1).collect());
    assert_eq!(times.len(), 2);
    assert!(times[1] - times[0] >= Duration::from_secs(1), "{:?}", times[1] - times[0]);
}

#[tokio::test]
async fn refusals_and_cuts_are_said_and_survived() {
    for (fault, word) in [
        (Fault::Status(401, None, r#"{"message":"Unauthorized"}"#.into()), "not signed in"),
        (Fault::Status(503, None, "no backend".into()), "503"),
        (Fault::Send(b"{\"type\":\"ADD".to_vec()), "broke"),
    ] {
        let fake = fake(&["a"]).await;
        fake.fail("stream", fault);
        let mut view = View::of(&fake);
        view.until(word, |view| matches!(&view.coverage, Coverage::Stale(why) if why.en.contains(word))).await;
        view.sees(&[("a", 0)]).await;
    }
}

#[tokio::test]
async fn it_stops_at_once() {
    let fake = fake(&["a"]).await;
    fake.fail("stream", Fault::Silent);
    let mut silent = View::of(&fake);
    silent.until("loading", |view| view.coverage == Coverage::Loading).await;
    let mut live = View::of(&fake);
    live.sees(&[("a", 0)]).await;
    for mut view in [silent, live] {
        view.cancel.cancel();
        let since = Instant::now();
        while view.batches.recv().await.is_some() {}
        assert!(since.elapsed() < Duration::from_millis(200), "{:?}", since.elapsed());
    }
}
