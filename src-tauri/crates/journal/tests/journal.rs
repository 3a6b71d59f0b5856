//! What is promised of the record: it is there after a crash, it holds no secret, it refuses what it cannot read.
#![cfg(test)]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use journal::{
    Change, EntryId, Filter, Guard, Journal, JournalError, Look, NewEntry, NewObject, ObjectOutcome, PlainCall,
    Plaintext, REDACTED, Sight, State, Watched,
};
use serde_json::{Value, json};
use world::{ObjectKey, Said};

fn route(name: &str, before: Option<Value>, after: Option<Value>) -> NewObject {
    NewObject {
        key: ObjectKey::new("networking.istio.io", "VirtualService", "shop", name),
        version: "v1".into(),
        change: if before.is_some() { Change::Update } else { Change::Create },
        before,
        after,
        resource_version: "41".into(),
    }
}

fn weight(name: &str, weight: u32) -> NewEntry {
    let body = |weight: u32| json!({"kind": "VirtualService", "spec": {"http": [{"route": [{"weight": weight}]}]}});
    NewEntry {
        cluster: "one".into(),
        context: "dev".into(),
        user: "ann".into(),
        message: format!("weight to {weight}").into(),
        objects: vec![route(name, Some(body(100)), Some(body(weight)))],
        says: vec![json!({"title": "a → b"})],
        undoes: None,
        undoes_too: Vec::new(),
    }
}

fn open(folder: &Path) -> Journal {
    let opened = Journal::open(folder).unwrap();
    assert_eq!(opened.set_aside, None);
    opened.journal
}

#[test]
fn an_entry_from_intent_to_undo() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let id = journal.intend(&weight("reviews", 80)).unwrap();
    assert_eq!(journal.uncertain("one").unwrap().len(), 1);
    let outcome = ObjectOutcome {
        state: State::Applied,
        resource_version: "42".into(),
        because: Said::new("it was so already", "它已是如此"),
    };
    journal.outcome(id, 0, &outcome).unwrap();
    journal.close(id, State::Applied).unwrap();
    journal.acknowledged(id, 3, 4, &[]).unwrap();
    let undo = NewEntry { undoes: Some(id), undoes_too: vec![7, 8], ..weight("reviews", 100) };
    let undo = journal.intend(&undo).unwrap();
    journal.close(undo, State::Applied).unwrap();
    journal.close(id, State::Undone).unwrap();
    drop(journal);

    let journal = open(folder.path());
    let entry = journal.get(id).unwrap();
    assert_eq!((entry.state, entry.acknowledged, entry.proxies), (State::Undone, 3, 4));
    assert_eq!(entry.objects[0].outcome, outcome);
    assert_eq!(entry.objects[0].after.as_ref().unwrap()["spec"]["http"][0]["route"][0]["weight"], 80);
    assert!(!entry.objects[0].redacted && entry.at > 1_700_000_000_000);
    assert_eq!(entry.says, [json!({"title": "a → b"})]);
    assert_eq!(journal.get(undo).unwrap().taken_back().collect::<Vec<_>>(), [7, 8, id]);
    assert!(journal.uncertain("one").unwrap().is_empty());
}

#[test]
fn what_nobody_saw_end_is_closed_by_what_was_found() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let outcome =
        |state, because: &str| ObjectOutcome { state, resource_version: String::new(), because: because.into() };
    let two = || {
        let mut entry = weight("a", 80);
        entry.objects.extend(weight("b", 80).objects);
        journal.intend(&entry).unwrap()
    };
    for (first, second, whole) in [
        (State::Applied, State::Applied, State::Applied),
        (State::RolledBack, State::RolledBack, State::RolledBack),
        (State::Applied, State::RolledBack, State::Partial),
    ] {
        let id = two();
        assert_eq!(
            journal.settle(id, &[(0, outcome(first, "found"))]).unwrap(),
            State::Intended,
            "one is not known yet"
        );
        assert_eq!(journal.uncertain("one").unwrap().len(), 1);
        assert_eq!(journal.settle(id, &[(1, outcome(second, "found"))]).unwrap(), whole);
        assert!(journal.uncertain("one").unwrap().is_empty());
    }

    // Whoever wrote it knows better, before and after.
    let id = two();
    journal.outcome(id, 0, &outcome(State::Applied, "wrote it")).unwrap();
    journal.settle(id, &[(0, outcome(State::RolledBack, "found")), (1, outcome(State::RolledBack, "found"))]).unwrap();
    let entry = journal.get(id).unwrap();
    assert_eq!((entry.state, entry.objects[0].outcome.because.en.as_str()), (State::Partial, "wrote it"));
    journal.outcome(id, 1, &outcome(State::Applied, "")).unwrap();
    journal.close(id, State::Applied).unwrap();
    assert_eq!(journal.settle(id, &[(1, outcome(State::RolledBack, "late"))]).unwrap(), State::Applied);
    assert!(matches!(journal.settle(99, &[]), Err(JournalError::NoEntry(99))));
}

#[test]
fn lists_newest_first_and_finds() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let ids: Vec<EntryId> =
        (0..10).map(|n| journal.intend(&weight(if n % 2 == 0 { "reviews" } else { "50%_off" }, n)).unwrap()).collect();
    journal.intend(&NewEntry { cluster: "two".into(), ..weight("other", 1) }).unwrap();
    let of = |filter: Filter| journal.list(&filter).unwrap().iter().map(|e| e.id).collect::<Vec<_>>();
    let one = || Filter { cluster: Some("one".into()), ..Filter::default() };
    assert_eq!(of(Filter::default()).len(), 11);
    assert_eq!(of(one()), ids.iter().rev().copied().collect::<Vec<_>>());
    assert_eq!(of(Filter { limit: 2, before: Some(ids[8]), ..one() }), [ids[7], ids[6]]);
    assert_eq!(of(Filter { search: "shop/reviews".into(), ..one() }).len(), 5);
    assert_eq!(of(Filter { search: "%_".into(), ..one() }).len(), 5, "a text, not a pattern");
    assert_eq!(of(Filter { search: "VirtualService".into(), ..Filter::default() }).len(), 11);
    assert_eq!(of(Filter { search: "weight to 3".into(), ..Filter::default() }), [ids[3]]);
    assert_eq!(of(Filter { search: "' OR 1=1 --".into(), ..Filter::default() }), Vec::<EntryId>::new());
}

#[test]
fn what_is_not_there_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let id = journal.intend(&weight("reviews", 80)).unwrap();
    let outcome = ObjectOutcome { state: State::Applied, resource_version: String::new(), because: Said::default() };
    assert!(matches!(journal.get(99), Err(JournalError::NoEntry(99))));
    assert!(matches!(journal.close(99, State::Applied), Err(JournalError::NoEntry(99))));
    assert!(matches!(journal.outcome(id, 7, &outcome), Err(JournalError::NoObject(_, 7))));
    assert!(matches!(journal.intend(&NewEntry { undoes: Some(99), ..weight("x", 1) }), Err(JournalError::Disk(_))));
    assert_eq!(journal.list(&Filter::default()).unwrap().len(), 1, "a refused entry leaves nothing behind");
}

#[test]
fn no_secret_reaches_the_disk() {
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    let secret = json!({"kind": "Secret", "metadata": {"name": "s", "annotations":
        {"kubectl.kubernetes.io/last-applied-configuration": "{\"data\":{\"k\":\"CANARY-01\"}}"}},
        "data": {"key": "CANARY-02"}, "stringData": {"plain": "CANARY-03"}});
    let route_with_token = json!({"kind": "VirtualService", "spec": {"http": [{"headers": {"request": {"set":
        {"Authorization": "CANARY-04", "x-note": "Bearer CANARY-05xyz"}}}}], "token": "CANARY-06"}});
    let entry = NewEntry {
        message: "password: CANARY-07".into(),
        says: vec![json!({"detail": "with Bearer CANARY-08xyz"})],
        objects: vec![route("a", Some(secret.clone()), Some(secret)), route("b", None, Some(route_with_token))],
        ..weight("x", 1)
    };
    let id = journal.intend(&entry).unwrap();
    let because = Said::from("the server got Authorization: CANARY-09");
    journal
        .outcome(id, 0, &ObjectOutcome { state: State::RolledBack, resource_version: String::new(), because })
        .unwrap();
    let read = |folder: &Path| {
        let files = fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap());
        files.flatten().collect::<Vec<u8>>()
    };
    let has = |bytes: &[u8], text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    let bytes = read(folder.path());
    assert!(has(&bytes, "x-note") && has(&bytes, REDACTED), "the files that were read are the journal's");
    assert!(!has(&bytes, "CANARY"), "with its log");
    let kept = journal.get(id).unwrap();
    assert!(kept.objects.iter().all(|object| object.redacted));
    drop(journal);
    assert!(!has(&read(folder.path()), "CANARY"), "and after it was folded in");
}

#[test]
fn a_newer_or_foreign_file_is_left_as_it_is() {
    for (sql, newer) in [
        ("PRAGMA application_id = 1852600166; PRAGMA user_version = 99; CREATE TABLE later (x)", true),
        ("CREATE TABLE cookies (x); INSERT INTO cookies VALUES (1)", false),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        rusqlite::Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = fs::read(&path).unwrap();
        match Journal::open(folder.path()) {
            Err(JournalError::Newer { found: 99, known: 7, .. }) if newer => {}
            Err(JournalError::Foreign { .. }) if !newer => {}
            other => panic!("{other:?}"),
        }
        assert_eq!(fs::read(&path).unwrap(), before);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_damaged_file_is_set_aside() {
    let intact = tempfile::tempdir().unwrap();
    let journal = open(intact.path());
    for n in 0..200 {
        journal.intend(&weight("reviews", n)).unwrap();
    }
    drop(journal);
    let whole = fs::read(intact.path().join("journal.db")).unwrap();
    assert!(whole.len() > 40_000);
    let damages: [(&str, Vec<u8>); 4] = [
        ("no database", b"apiVersion: v1\nkind: Config\n".repeat(200)),
        ("cut", whole[..whole.len() / 2].to_vec()),
        ("zeros", [&whole[..4096], &vec![0; 20_000][..], &whole[24_096..]].concat()),
        ("noise", whole.iter().enumerate().map(|(n, b)| if n > 4096 { b ^ 0x5A } else { *b }).collect()),
    ];
    for (what, bytes) in damages {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("journal.db"), &bytes).unwrap();
        for round in 1..=2 {
            let opened = Journal::open(folder.path()).unwrap_or_else(|e| panic!("{what}: {e}"));
            let aside = opened.set_aside.unwrap_or_else(|| panic!("{what}: not noticed"));
            assert!(aside.ends_with(format!("journal-damaged-{round}.db")));
            assert_eq!(fs::read(aside).unwrap(), bytes, "{what}: kept as it was");
            opened.journal.intend(&weight("reviews", 1)).unwrap();
            drop(opened.journal);
            fs::write(folder.path().join("journal.db"), &bytes).unwrap();
        }
    }
}

#[test]
fn two_writers_wait_for_each_other() {
    let folder = tempfile::tempdir().unwrap();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let journal = open(folder.path());
                for n in 0..25 {
                    journal.intend(&weight("reviews", n)).unwrap();
                }
            });
        }
    });
    assert_eq!(open(folder.path()).list(&Filter::default()).unwrap().len(), 100);
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let journal = open(folder.path());
    journal.intend(&weight("reviews", 1)).unwrap();
    for file in fs::read_dir(folder.path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

const CHILD: &str = "NETLOFT_JOURNAL_CHILD";

/// Not a test of its own: the process that `intents_survive_a_kill` kills.
#[test]
fn child_that_is_killed() {
    let Some(folder) = std::env::var_os(CHILD) else { return };
    let journal = open(Path::new(&folder));
    let mut out = std::io::stdout().lock();
    for n in 0u32.. {
        let id = journal.intend(&weight("reviews", n)).unwrap();
        writeln!(out, "\nintended {id} {n}").unwrap();
        out.flush().unwrap();
        journal.close(id, State::Applied).unwrap();
    }
}

#[test]
fn intents_survive_a_kill() {
    const RUNS: usize = 30;
    let folder = tempfile::tempdir().unwrap();
    let mut promised: Vec<(EntryId, u32)> = Vec::new();
    for run in 0..RUNS {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_is_killed", "--nocapture"])
            .env(CHILD, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let intended = |line: String| {
            let mut words = line.strip_prefix("intended ")?.split(' ').map(str::to_owned);
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        // Another number of entries each time, and whatever the child is in the middle of.
        promised.extend(lines.by_ref().filter_map(intended).take(1 + run % 7));
        child.kill().unwrap();
        child.wait().unwrap();
        promised.extend(lines.filter_map(intended));

        let journal = open(folder.path());
        for (id, n) in &promised {
            let entry = journal.get(*id).unwrap();
            assert_eq!(entry.message.en, format!("weight to {n}"));
            assert_eq!(entry.objects[0].after.as_ref().unwrap()["spec"]["http"][0]["route"][0]["weight"], *n);
        }
    }
    assert!(promised.len() >= RUNS, "{} intents were promised", promised.len());
}

#[test]
fn a_rollout_has_one_driver_and_hears_wishes_once() {
    let folder = tempfile::tempdir().unwrap();
    let (one, two) = (open(folder.path()), open(folder.path()));
    let id = one.rollout_begin("prod", "ann", "first", &json!({"step": 0})).unwrap();
    assert!(one.rollout_keep(id, "first", &json!({"step": 1}), false).unwrap());
    assert!(!two.rollout_keep(id, "second", &json!({"step": 9}), false).unwrap(), "only its driver keeps it");
    assert!(one.rollout_beat(id, "first").unwrap() && !two.rollout_beat(id, "second").unwrap());
    let seen = two.rollouts("prod").unwrap().remove(0);
    assert_eq!((seen.driver.as_str(), &seen.state, seen.is_over), ("first", &json!({"step": 1}), false));
    assert!(two.rollouts("dev").unwrap().is_empty());

    assert!(!two.rollout_adopt(id, "second", seen.heard - 1).unwrap(), "its driver gave a sign meanwhile");
    assert!(two.rollout_adopt(id, "second", seen.heard).unwrap());
    assert!(!one.rollout_keep(id, "first", &json!({"step": 2}), false).unwrap(), "it was taken over");

    one.rollout_wish(id, "pause").unwrap();
    one.rollout_wish(id, "abort").unwrap();
    assert_eq!(two.rollout_take_wish(id).unwrap().as_deref(), Some("abort"));
    assert_eq!(two.rollout_take_wish(id).unwrap(), None);
    assert!(two.rollout_keep(id, "second", &json!({"step": 2}), true).unwrap());
    assert!(matches!(one.rollout_wish(id, "pause"), Err(JournalError::NoRollout(_))));
}

#[test]
fn plaintext_is_remembered_with_how_long_it_has_been_quiet() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap().journal;
    assert_eq!(journal.plaintext("a").unwrap(), None);
    let call = |caller: &str| PlainCall { namespace: "shop".into(), workload: "cart-v1".into(), caller: caller.into() };
    let look = |at: i64, seconds: f64, heard: &[&str], seen: &[PlainCall]| {
        let heard = heard.iter().map(|name| ("shop".to_owned(), (*name).to_owned())).collect();
        journal.looked("a", &Look { at, seconds, heard, seen: seen.to_vec() }).unwrap();
    };
    look(100_000, 10.0, &[], &[call("legacy/batch"), call("")]);
    look(110_000, 10.0, &[], &[call("")]);
    // Another window looks at the same time.
    look(110_000, 10.0, &[], &[]);
    // The app was away for an hour, and looks again.
    look(3_710_000, 5.0, &[], &[]);
    let Plaintext { watched, calls, .. } = journal.plaintext("a").unwrap().unwrap();
    assert_eq!(watched, Watched { since: 90_000, until: 3_710_000, seconds: 25.0 });
    let told = |calls: BTreeMap<PlainCall, Sight>| -> Vec<_> {
        calls.into_iter().map(|(call, sight)| (call.caller, sight.last, sight.quiet)).collect()
    };
    assert_eq!(told(calls), [(String::new(), 110_000, 5.0), ("legacy/batch".to_owned(), 100_000, 15.0)]);
    // Once its own proxies are read, their time counts alone: a look that they do not answer tells nothing of their callers.
    look(3_720_000, 10.0, &["cart-v1"], &[call("")]);
    look(3_730_000, 10.0, &["mail-v1"], &[]);
    look(3_740_000, 10.0, &["cart-v1", "mail-v1"], &[]);
    let Plaintext { heard, calls, .. } = journal.plaintext("a").unwrap().unwrap();
    let seconds: Vec<_> = heard.into_iter().map(|((_, name), heard)| (name, heard.since, heard.seconds)).collect();
    assert_eq!(seconds, [("cart-v1".to_owned(), 3_710_000, 20.0), ("mail-v1".to_owned(), 3_720_000, 20.0)]);
    assert_eq!(told(calls), [(String::new(), 3_720_000, 10.0), ("legacy/batch".to_owned(), 100_000, 20.0)]);
    assert_eq!(journal.plaintext("b").unwrap(), None, "another cluster is another matter");
}

#[test]
fn a_guard_outlives_the_program_and_not_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap().journal;
    journal.guard("a", "shop", 1_000).unwrap();
    let mut guard = journal.guards("a").unwrap().remove(0);
    assert_eq!(guard, Guard { namespace: "shop".into(), since: 1_000, heard: 1_000, ..Guard::default() });
    guard = Guard { heard: 9_000, before: json!([1, 2]), away: 500, resumed: 2_000, ..guard };
    journal.guard_keep("a", &guard).unwrap();
    drop(journal);
    let journal = Journal::open(folder.path()).unwrap().journal;
    assert_eq!(journal.guards("a").unwrap(), [guard.clone()]);
    assert_eq!(journal.guards("b").unwrap(), [], "another cluster is another matter");
    journal.unguard("a", "shop", 999).unwrap();
    assert_eq!(journal.guards("a").unwrap(), [guard.clone()], "a guard that was asked for at another time is another");
    journal.unguard("a", "shop", 1_000).unwrap();
    journal.guard_keep("a", &guard).unwrap();
    assert_eq!(journal.guards("a").unwrap(), [], "what was ended meanwhile stays ended");
}

#[test]
fn the_guard_of_a_written_step_stays_with_the_next_step_of_its_namespace() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap().journal;
    let entry = journal.intend(&weight("reviews", 10)).unwrap();
    let guards = || -> Vec<_> { journal.guards("a").unwrap().into_iter().map(|one| (one.since, one.entry)).collect() };
    journal.guard("a", "shop", 1_000).unwrap();
    journal.guard("a", "shop", 2_000).unwrap();
    assert_eq!(guards(), [(2_000, None)], "of steps that wait, the last is guarded");
    let written = Guard { entry: Some(entry), ..journal.guards("a").unwrap().remove(0) };
    journal.guard_keep("a", &written).unwrap();
    journal.guard("a", "shop", 3_000).unwrap();
    assert_eq!(guards(), [(2_000, Some(entry)), (3_000, None)]);
    journal.unguard_next("a", "shop").unwrap();
    assert_eq!(guards(), [(2_000, Some(entry))]);
}

#[test]
fn entries_are_found_by_kind_person_and_time() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap().journal;
    let by = |user: &str, entry: NewEntry| journal.intend(&NewEntry { user: user.into(), ..entry }).unwrap();
    let (first, second) = (by("ann", weight("reviews", 10)), by("bob", weight("ratings", 20)));
    let ids = |filter: Filter| journal.list(&filter).unwrap().into_iter().map(|entry| entry.id).collect::<Vec<_>>();
    let at = journal.get(second).unwrap().at;
    for (filter, expected) in [
        (Filter { kind: "VirtualService".into(), ..Filter::default() }, vec![second, first]),
        (Filter { kind: "Gateway".into(), ..Filter::default() }, vec![]),
        (Filter { user: "ann".into(), ..Filter::default() }, vec![first]),
        (Filter { user: "an".into(), ..Filter::default() }, vec![]),
        (Filter { since: Some(at + 1), ..Filter::default() }, vec![]),
        (Filter { until: Some(at + 1), search: "ratings".into(), ..Filter::default() }, vec![second]),
    ] {
        assert_eq!(ids(filter.clone()), expected, "{filter:?}");
    }
    let both = Said::new("rollout shop: over", "发布 shop：结束");
    let third = by("ann", NewEntry { message: both.clone(), ..weight("details", 30) });
    assert_eq!(journal.get(third).unwrap().message, both);
    for (search, expected) in [("shop: over", vec![third]), ("结束", vec![third]), ("\"en\"", vec![]), ("zh", vec![])]
    {
        assert_eq!(ids(Filter { search: search.into(), ..Filter::default() }), expected, "{search}");
    }
    let rows = [json!({"pod": "a", "state": "rejected", "because": "Bearer abcdefgh12345678901234567890"})];
    journal.acknowledged(second, 1, 2, &rows).unwrap();
    let kept = journal.get(second).unwrap();
    assert_eq!((kept.acknowledged, kept.proxies, &kept.uptake[0]["pod"]), (1, 2, &json!("a")));
    assert!(!kept.uptake[0].to_string().contains("abcdefgh"), "{:?}", kept.uptake);
}

#[test]
fn a_rollout_that_is_over_takes_no_sign_of_life_and_keeps_no_wish() {
    let folder = tempfile::tempdir().unwrap();
    let journal = Journal::open(folder.path()).unwrap().journal;
    let id = journal.rollout_begin("a", "ann", "d", &json!({})).unwrap();
    assert!(journal.rollout_beat(id, "d").unwrap());
    journal.rollout_wish(id, "\"pause\"").unwrap();
    assert!(journal.rollout_keep(id, "d", &json!({"over": true}), true).unwrap());
    assert!(!journal.rollout_beat(id, "d").unwrap());
    assert_eq!(journal.rollout_take_wish(id).unwrap(), None);
}
