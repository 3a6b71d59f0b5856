//! The merge by its cases and by its laws.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn merged(kind: &str, [wrote, before, live]: [&Value; 3], chosen: &[(&str, Side)]) -> Merged {
    let three = Three { wrote: Some(wrote), before: Some(before), live: Some(live) };
    merge(kind, three, &|id| chosen.iter().find(|(known, _)| *known == id).map(|(_, side)| *side))
}

fn rule(prefix: &str, version: &str) -> Value {
    json!({"match": [{"uri": {"prefix": prefix}}], "route": [{"destination": {"host": "reviews", "subset": version}}], "timeout": "1s"})
}

fn routes(rules: &[Value]) -> Value {
    json!({"spec": {"hosts": ["reviews"], "http": rules}})
}

/// All but the wished for is as it is said; nothing is asked.
fn holds(kind: &str, three: [&Value; 3], expected: &Value) {
    let merged = merged(kind, three, &[]);
    assert_eq!((merged.value.as_ref(), merged.clashes.as_slice()), (Some(expected), [].as_slice()));
}

#[test]
fn what_others_did_to_other_items_stays() {
    let [a, b, c, d] = ["/a", "/b", "/c", "/d"].map(|prefix| rule(prefix, "v1"));
    let (ours, theirs) = (rule("/b", "v2"), rule("/d", "v3"));
    let wrote = routes(&[a.clone(), ours.clone(), c.clone(), d.clone()]);
    let before = routes(&[a.clone(), b.clone(), c.clone(), d.clone()]);
    let new = rule("/new", "v9");
    let live = routes(&[a.clone(), ours.clone(), c.clone(), theirs.clone(), new.clone()]);
    holds(
        "VirtualService",
        [&wrote, &before, &live],
        &routes(&[a.clone(), b.clone(), c.clone(), theirs.clone(), new.clone()]),
    );
    // Theirs came first, or took one of the others away.
    let live = routes(&[new.clone(), a.clone(), ours.clone(), d.clone()]);
    holds("VirtualService", [&wrote, &before, &live], &routes(&[new.clone(), a.clone(), b.clone(), d.clone()]));
    // Ours was a new rule, or one less.
    let more = routes(&[a.clone(), c.clone(), b.clone()]);
    let less = routes(&[a.clone(), c.clone()]);
    let live = routes(&[new.clone(), a.clone(), c.clone(), b.clone()]);
    holds("VirtualService", [&more, &less, &live], &routes(&[new.clone(), a.clone(), c.clone()]));
    let live = routes(&[new.clone(), a.clone(), c.clone()]);
    holds("VirtualService", [&less, &more, &live], &routes(&[new, a, c, b]));
}

#[test]
fn another_field_of_the_same_item_stays() {
    let (mut before, mut live) = (rule("/a", "v1"), rule("/a", "v2"));
    let wrote = rule("/a", "v2");
    live["timeout"] = json!("9s");
    let three = [&wrote, &before, &live].map(|rule| routes(std::slice::from_ref(rule)));
    before["timeout"] = json!("9s");
    holds("VirtualService", [&three[0], &three[1], &three[2]], &routes(&[before]));
}

#[test]
fn the_same_field_is_asked_for_and_goes_to_whom_was_chosen() {
    let weights =
        |weight: u32| json!({"spec": {"http": [{"name": "r", "route": [{"weight": weight}]}, {"name": "s"}]}});
    let (wrote, before) = (weights(80), weights(90));
    let mut live = weights(60);
    live["spec"]["http"][1]["timeout"] = json!("1s");
    let id = "/spec/http/0/route/0/weight";
    for (chosen, weight) in [(None, 60), (Some(Side::Live), 60), (Some(Side::Back), 90)] {
        let sides: Vec<_> = chosen.map(|side| (id, side)).into_iter().collect();
        let merged = merged("VirtualService", [&wrote, &before, &live], &sides);
        let value = |weight: u32| Some(json!(weight));
        let clash = Clash {
            id: id.into(),
            path: id.into(),
            both: Both::Value,
            before: value(90),
            wrote: value(80),
            live: value(60),
            chosen,
        };
        assert_eq!(merged.clashes, [clash]);
        let merged = merged.value.unwrap();
        assert_eq!(merged.pointer(id), Some(&json!(weight)));
        assert_eq!(merged["spec"]["http"][1]["timeout"], "1s", "what nobody disputes needs no decision");
    }
}

#[test]
fn who_took_an_item_away_and_who_changed_it_are_asked_for() {
    let subsets = |of: &[(&str, u32)]| json!({"spec": {"subsets": of.iter().map(|(name, weight)| json!({"name": name, "w": weight})).collect::<Vec<_>>()}});
    // We changed v2, they took it away: where it stood is told by what we wrote.
    let three = [subsets(&[("v1", 1), ("v2", 2)]), subsets(&[("v1", 1), ("v2", 0)]), subsets(&[("v1", 1)])];
    let three = [&three[0], &three[1], &three[2]];
    let asked = merged("DestinationRule", three, &[]);
    assert_eq!(asked.value.as_ref(), Some(three[2]));
    assert_eq!((&*asked.clashes[0].id, asked.clashes[0].live.is_none()), ("/spec/subsets/1", true));
    assert_eq!(merged("DestinationRule", three, &[("/spec/subsets/1", Side::Back)]).value.as_ref(), Some(three[1]));
    // We made v2, they changed it.
    let three = [subsets(&[("v1", 1), ("v2", 2)]), subsets(&[("v1", 1)]), subsets(&[("v1", 1), ("v2", 5)])];
    let three = [&three[0], &three[1], &three[2]];
    assert_eq!(merged("DestinationRule", three, &[]).value.as_ref(), Some(three[2]));
    assert_eq!(merged("DestinationRule", three, &[("/spec/subsets/1", Side::Back)]).value.as_ref(), Some(three[1]));
    // We took v2 away, they made another by its name.
    let three = [subsets(&[("v1", 1)]), subsets(&[("v1", 1), ("v2", 2)]), subsets(&[("v1", 1), ("v2", 5)])];
    let three = [&three[0], &three[1], &three[2]];
    assert_eq!(merged("DestinationRule", three, &[("/spec/subsets/+1", Side::Back)]).value.as_ref(), Some(three[1]));
}

#[test]
fn order_is_asked_for_where_it_counts_and_both_put_something_to_one_place() {
    let [a, x, y] = ["/a", "/x", "/y"].map(|prefix| rule(prefix, "v1"));
    let (wrote, before, live) =
        (routes(std::slice::from_ref(&a)), routes(&[a.clone(), x.clone()]), routes(&[a.clone(), y.clone()]));
    let three = [&wrote, &before, &live];
    let asked = merged("VirtualService", three, &[]);
    assert_eq!(
        asked.clashes.iter().map(|clash| (&*clash.id, clash.both)).collect::<Vec<_>>(),
        [("/spec/http", Both::Order)]
    );
    let theirs_first = routes(&[a.clone(), y.clone(), x.clone()]);
    assert_eq!(asked.value.as_ref(), Some(&theirs_first), "theirs answers as it does now until that is decided");
    let ours_first = merged("VirtualService", three, &[("/spec/http", Side::Back)]).value;
    assert_eq!(ours_first, Some(routes(&[a, x, y])));
    let policy = |rules: &[&str]| json!({"spec": {"rules": rules.iter().map(|path| json!({"to": [{"operation": {"paths": [path]}}]})).collect::<Vec<_>>()}});
    holds(
        "AuthorizationPolicy",
        [&policy(&["/a"]), &policy(&["/a", "/x"]), &policy(&["/a", "/y"])],
        &policy(&["/a", "/x", "/y"]),
    );
    let hosts = |hosts: &[&str]| json!({"spec": {"hosts": hosts}});
    holds("ServiceEntry", [&hosts(&["a"]), &hosts(&["a", "b"]), &hosts(&["a", "c"])], &hosts(&["a", "b", "c"]));
}

#[test]
fn who_moved_rules_alone_is_followed_and_two_who_did_are_asked_for() {
    let [a, b, c] = ["/a", "/b", "/c"].map(|prefix| rule(prefix, "v1"));
    let list = |rules: [&Value; 3]| routes(&rules.map(Clone::clone));
    let (abc, cab, bac) = (list([&a, &b, &c]), list([&c, &a, &b]), list([&b, &a, &c]));
    let new = rule("/new", "v2");
    let live = routes(&[a.clone(), b.clone(), c.clone(), new.clone()]);
    let merged_alone = merged("VirtualService", [&abc, &cab, &live], &[]);
    assert_eq!(merged_alone.value.unwrap()["spec"]["http"].as_array().unwrap().len(), 4);
    let moved = merged("VirtualService", [&abc, &cab, &bac], &[]);
    assert_eq!((moved.value.as_ref(), moved.clashes.len()), (Some(&bac), 1));
    assert_eq!(merged("VirtualService", [&abc, &cab, &bac], &[("/spec/http", Side::Back)]).value, Some(cab));
}

#[test]
fn no_labels_are_labels_of_nobody() {
    let object = |labels: Value| json!({"metadata": {"labels": labels}});
    let bare = json!({"metadata": {}});
    holds("K", [&bare, &object(json!({"a": "1"})), &object(json!({"b": "2"}))], &object(json!({"b": "2", "a": "1"})));
    holds("K", [&object(json!({"a": "1"})), &bare, &object(json!({"a": "1", "b": "2"}))], &object(json!({"b": "2"})));
}

#[test]
fn a_whole_object_is_asked_for() {
    let (wrote, live) = (json!({"spec": 1}), json!({"spec": 2}));
    let gone = Three { wrote: Some(&wrote), before: Some(&live), live: None };
    let back = merge("K", gone, &|_| Some(Side::Back));
    assert_eq!((back.value.as_ref(), &*back.clashes[0].id), (Some(&live), ""));
    assert_eq!(merge("K", gone, &|_| None).value, None);
    let made = Three { wrote: Some(&wrote), before: None, live: Some(&live) };
    assert_eq!(merge("K", made, &|_| Some(Side::Back)).value, None);
    assert_eq!(merge("K", Three { live: Some(&wrote), ..made }, &|_| None), Merged { value: None, clashes: vec![] });
}

/// Any value that has maps and lists of maps in it.
fn tree() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!(true)), (0..4u8).prop_map(|n| json!(n)), "[a-c]".prop_map(|text| json!(text))];
    leaf.prop_recursive(4, 40, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-c]|name", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Changes a value here and there, as the bytes say; everything new bears a mark that nothing else has.
fn marked(value: &Value, who: &str, bytes: &mut impl Iterator<Item = u8>, marks: &mut usize) -> Value {
    let mut mark = || {
        *marks += 1;
        json!(format!("{who}-{marks}."))
    };
    match (bytes.next().unwrap_or(255) % 8, value) {
        (0, _) => mark(),
        (1, Value::Array(list)) => {
            let mut list = list.clone();
            list.insert(list.len() / 2, json!({ "a": mark() }));
            Value::Array(list)
        }
        (1, Value::Object(map)) => {
            let mut map = map.clone();
            map.insert(who.to_owned(), mark());
            Value::Object(map)
        }
        (2, Value::Array(list)) if !list.is_empty() => Value::Array(list[1..].to_vec()),
        (3, Value::Array(list)) => Value::Array(list.iter().rev().cloned().collect()),
        (_, Value::Array(list)) => Value::Array(list.iter().map(|item| marked(item, who, bytes, marks)).collect()),
        (_, Value::Object(map)) => {
            Value::Object(map.iter().map(|(name, value)| (name.clone(), marked(value, who, bytes, marks))).collect())
        }
        _ => value.clone(),
    }
}

/// Whose rule is what became of it; each stands between two that nobody touches.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Kept,
    OursChanged,
    TheirsChanged,
    BothChanged,
    OursNew,
    TheirsNew,
    OursGone,
    TheirsGone,
}

fn fate() -> impl Strategy<Value = Fate> {
    use Fate::*;
    prop::sample::select(vec![Kept, OursChanged, TheirsChanged, BothChanged, OursNew, TheirsNew, OursGone, TheirsGone])
}

proptest! {
    #[test]
    fn who_did_nothing_changes_nothing(base in tree(), other in tree()) {
        for (three, expected) in [([&base, &base, &other], &other), ([&base, &other, &base], &other), ([&base, &other, &other], &other)] {
            let merged = merged("VirtualService", three, &[]);
            prop_assert_eq!(merged, Merged { value: Some(expected.clone()), clashes: vec![] });
        }
    }

    #[test]
    fn nobodys_words_are_lost_without_a_word(
        base in tree(),
        ours in prop::collection::vec(any::<u8>(), 0..40),
        theirs in prop::collection::vec(any::<u8>(), 0..40),
        side in prop::sample::select(vec![None, Some(Side::Live), Some(Side::Back)]),
    ) {
        let before = marked(&base, "ours", &mut ours.into_iter(), &mut 0);
        let live = marked(&base, "theirs", &mut theirs.into_iter(), &mut 0);
        let three = Three { wrote: Some(&base), before: Some(&before), live: Some(&live) };
        let merged = merge("VirtualService", three, &|_| side);
        let all = format!("{:?} {:?}", merged.value, merged.clashes);
        for from in [&before, &live].map(Value::to_string) {
            for mark in from.split('"').filter(|word| word.contains('-')) {
                prop_assert!(all.contains(mark), "{mark} of {from} is not in {all}");
            }
        }
    }

    #[test]
    fn what_is_apart_is_never_asked_for(fates in prop::collection::vec(fate(), 1..8), is_named in any::<bool>()) {
        let (mut wrote, mut before, mut live, mut expected) = (vec![], vec![], vec![], vec![]);
        for (n, fate) in fates.into_iter().enumerate() {
            let with = |changes: &[(&str, &str)]| {
                let mut one = rule(&format!("/{n}"), "v1");
                if is_named {
                    one["name"] = json!(format!("r{n}"));
                }
                for (field, value) in changes {
                    one[*field] = json!(value);
                }
                one
            };
            let (ours, theirs) = (("timeout", "7s"), ("rewrite", "x"));
            let (w, b, l, e) = match fate {
                Fate::Kept => (Some(&[][..]), Some(vec![]), Some(vec![]), Some(vec![])),
                Fate::OursChanged => (Some(&[][..]), Some(vec![ours]), Some(vec![]), Some(vec![ours])),
                Fate::TheirsChanged => (Some(&[][..]), Some(vec![]), Some(vec![theirs]), Some(vec![theirs])),
                Fate::BothChanged => (Some(&[][..]), Some(vec![ours]), Some(vec![theirs]), Some(vec![ours, theirs])),
                Fate::OursNew => (None, Some(vec![]), None, Some(vec![])),
                Fate::TheirsNew => (None, None, Some(vec![]), Some(vec![])),
                Fate::OursGone => (Some(&[][..]), None, Some(vec![]), None),
                Fate::TheirsGone => (Some(&[][..]), Some(vec![]), None, None),
            };
            wrote.extend(w.map(&with));
            before.extend(b.map(|changes| with(&changes)));
            live.extend(l.map(|changes| with(&changes)));
            expected.extend(e.map(|changes| with(&changes)));
            let anchor = rule(&format!("/anchor{n}"), "v0");
            for list in [&mut wrote, &mut before, &mut live, &mut expected] {
                list.push(anchor.clone());
            }
        }
        let [wrote, before, live, expected] = [wrote, before, live, expected].map(|rules| routes(&rules));
        let merged = merged("VirtualService", [&wrote, &before, &live], &[]);
        prop_assert_eq!(merged, Merged { value: Some(expected), clashes: vec![] });
    }
}
