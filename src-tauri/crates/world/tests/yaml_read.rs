//! A text means what kubectl says it means. The table was taken from kubectl 1.33, `create --dry-run=client -o json`.
#![cfg(test)]

use serde_json::{Value, json};
use world::yaml::{DiffSide, FieldChange, diff, documents, fields, line_of, own, read, split, write};
use world::{Object, Origin};

#[test]
fn scalars_as_kubectl_reads_them() {
    let table = [
        ("on", json!(true)),
        ("yes", json!(true)),
        ("y", json!(true)),
        ("n", json!(false)),
        ("Off", json!(false)),
        ("NO", json!(false)),
        ("TRUE", json!(true)),
        ("tRue", json!("tRue")),
        ("0400", json!(256)),
        ("0o17", json!(15)),
        ("0o8", json!("0o8")),
        ("1_000", json!(1000)),
        ("1__0", json!(10)),
        ("1_", json!(1)),
        ("_1", json!("_1")),
        ("0_7", json!(7)),
        ("089", json!(89)),
        ("0x1F", json!(31)),
        ("-0x1F", json!(-31)),
        ("0XF", json!(15)),
        ("0x", json!("0x")),
        ("0b101", json!(5)),
        ("+0b11", json!(3)),
        ("0B1", json!(1)),
        ("1e3", json!(1000)),
        ("1E3", json!(1000)),
        ("12e03", json!(12000)),
        ("1.5e3", json!(1500)),
        ("1e400", json!("1e400")),
        ("~", json!(null)),
        ("null", json!(null)),
        ("Null", json!(null)),
        ("", json!(null)),
        ("2024-01-01", json!("2024-01-01")),
        ("2001-12-14t21:59:43.10-05:00", json!("2001-12-14t21:59:43.10-05:00")),
        ("12:30:45", json!("12:30:45")),
        ("1:30", json!("1:30")),
        (".5", json!(0.5)),
        ("1.", json!(1)),
        ("1.0", json!(1)),
        ("0.1_2", json!(0.12)),
        ("07.5", json!(7.5)),
        ("+12", json!(12)),
        ("-0", json!(0)),
        ("123456789012345678901234567890", json!(123456789012345678901234567890.0)),
        ("9223372036854775808", json!(9223372036854775808u64)),
        ("-9223372036854775809", json!(-9223372036854775809.0)),
        ("123456789.123456789", json!(123456789.12345679)),
        ("=", json!("=")),
        ("!!str 5", json!("5")),
        ("!!int \"7\"", json!(7)),
        ("!!float 3", json!(3)),
        ("!foo bar", json!("bar")),
        ("\"on\"", json!("on")),
        ("'0400'", json!("0400")),
        ("|\n  on", json!("on\n")),
        ("\"\\u00e9\\x41\\n\"", json!("éA\n")),
        ("[1, 2, ]", json!([1, 2])),
        ("{x}", json!({"x": null})),
        ("{1: one, true: two, 1.5: three}", json!({"1": "one", "true": "two", "1.5": "three"})),
    ];
    for (text, value) in table {
        let reading = read(&format!("d: {text}\n"));
        assert_eq!(reading.problems, [], "{text}");
        assert_eq!(reading.value["d"], value, "{text}");
    }
}

#[test]
fn merges_and_aliases() {
    let reading = read("b: &b {x: 1, w: 2, y: 0}\nd:\n  <<: *b\n  w: 3\ne:\n  <<: [*b, {w: 4, z: 5}]\nf: *b\n");
    assert_eq!(reading.value["d"], json!({"w": 3, "x": 1, "true": 0}));
    assert_eq!(reading.value["e"], json!({"x": 1, "w": 2, "true": 0, "z": 5}));
    assert_eq!(reading.value["f"], json!({"x": 1, "w": 2, "true": 0}));
}

#[test]
fn what_is_broken_says_where() {
    let table = [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "':'"),
        ("a: 1\na: 2\n", 2, "\"a\" is already set on line 1"),
        ("a: {x: 1, x: 2}\n", 1, "already set on line 1"),
        ("on: 1\ny: 2\n", 2, "already set"),
        ("a: 1\n---\nb: 2\n", 3, "second document"),
        ("a:\n\tb: 1\n", 2, "tab"),
        ("a: .inf\n", 1, "no number"),
        ("a: *x\n", 1, "anchor"),
        ("~: 1\n", 1, "null"),
        ("[1]: 1\n", 1, "list or a map"),
        ("a: &a [*a]\n", 1, "alias"),
        ("a: !!int x\n", 1, "!!int"),
        ("<<: 5\n", 1, "merges only maps"),
        ("a: b: c\n", 1, ""),
        ("a: 'x\n", 1, ""),
        ("a: \"\\q\"\n", 1, ""),
        ("{a: 1\n", 1, ""),
        ("a: 1\n b: 2\n", 2, ""),
        ("a\u{0}b: 1\n", 1, ""),
    ];
    for (text, line, words) in table {
        let reading = read(text);
        let [problem] = &reading.problems[..] else { panic!("{text:?}: {:?}", reading.problems) };
        assert_eq!(reading.value, Value::Null, "{text:?}");
        assert!(problem.error && problem.column > 0 && !problem.message.en.is_empty());
        assert_eq!(problem.line, line, "{text:?}: {}", problem.message);
        assert!(problem.message.zh.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{problem:?}");
        assert!(problem.message.en.contains(words), "{text:?}: {}", problem.message);
    }
}

const TWO: &str = "\
# first
apiVersion: v1
kind: Service
metadata:
  name: a
  namespace: shop
spec:
  ports:
  - port: 80
---
# second
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: r, namespace: shop}
spec:
  note: |
    ---
    not a separator
...
---
";

#[test]
fn lines_of_pointers() {
    let text = split(TWO)[0];
    let lines = read(text).lines;
    let of = |pointer: &str| lines.get(pointer).copied();
    assert_eq!(
        (of(""), of("/kind"), of("/spec/ports"), of("/spec/ports/0/port")),
        (Some(2), Some(3), Some(8), Some(9))
    );
    assert_eq!(line_of(text, "/spec/ports/0/port"), Some(9));
    assert_eq!(line_of(text, "/spec/ports/0/targetPort/x"), Some(9), "the nearest parent of what is missing");
    assert_eq!(line_of(text, "/metadata/name"), Some(5));
    assert_eq!(line_of("a: [", "/a"), None);
    assert_eq!(line_of("", "/a"), None);
    assert_eq!(line_of("x/y:\n  ~z: 1\n", "/x~1y/~0z"), Some(2));
    assert_eq!(line_of("a: &a\n  b: 1\nc: *a\n", "/c/b"), Some(3), "an alias stands where it is written");
}

#[test]
fn a_text_is_split_between_documents_alone() {
    let pieces = split(TWO);
    assert_eq!(pieces.len(), 2);
    assert!(pieces[0].starts_with("# first") && pieces[0].ends_with("- port: 80\n"));
    assert!(pieces[1].starts_with("# second"), "{}", pieces[1]);
    assert!(pieces[1].ends_with("not a separator\n"), "{:?}", pieces[1]);
    for piece in pieces {
        assert_eq!(read(piece).problems, []);
    }
    assert_eq!(split("a: 1\n"), ["a: 1\n"]);
    assert_eq!(split("\n\n"), Vec::<&str>::new());
    assert_eq!(split("---\na: 1\n---\n---\nb: 1"), ["a: 1\n", "b: 1"]);
}

#[test]
fn objects_of_files() {
    let (objects, problems) = documents(TWO, "a.yaml");
    assert_eq!(problems, []);
    let [Object::Service(service), Object::Document(route)] = &objects[..] else { panic!("{objects:?}") };
    assert_eq!(service.ports[0].port, 80);
    assert_eq!(route.origin, Origin::File { path: "a.yaml".into(), line: 12 });
    assert_eq!(line_of(TWO, "/x"), None, "two documents have no lines of one");

    let list = json!({"apiVersion": "v1", "kind": "List", "items": [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}},
        {"apiVersion": "v1", "kind": "Namespace"},
        {"apiVersion": "g/v1", "kind": "ThingList", "items": [{"apiVersion": "g/v1", "kind": "Thing", "metadata": {"name": "t"}}]}]});
    for text in [list.to_string(), serde_json::to_string_pretty(&list).unwrap(), write(&list)] {
        let (objects, problems) = documents(&text, "-");
        let kinds: Vec<_> = objects.iter().map(|o| o.key().kind).collect();
        assert_eq!(kinds, ["Namespace", "Thing"]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].message.en.contains("metadata.name"), "{problems:?}");
    }
    let (objects, problems) = documents("apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\na: [\n", "x");
    assert_eq!((objects.len(), problems.len()), (1, 1), "what came before the broken part is read");
    let (objects, problems) = documents("just text", "x");
    assert!(objects.is_empty() && problems[0].message.en.contains("not a Kubernetes object"), "{problems:?}");
}

#[test]
fn written_and_read_again() {
    let object = json!({"metadata": {"name": "r", "labels": {"on": "yes", "v": "1.20"}, "annotations": {}}, "status": null,
        "spec": {"http": [{"route": [{"weight": 80}, {"weight": 20}], "timeout": "5s"}], "empty": [], "nested": [[1, [2]], {"a": {"b": []}}],
            "text": "one\n  two\n", "tail": "x\n\n", "odd": " lead\nx", "dash": "- a", "long": "é\u{202e}\u{1F600}"},
        "kind": "VirtualService", "apiVersion": "networking.istio.io/v1"});
    let text = write(&object);
    assert!(
        text.starts_with("apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata:\n  name: r\n"),
        "{text}"
    );
    assert!(text.contains("  http:\n  - route:\n    - weight: 80\n    - weight: 20\n    timeout: 5s\n"), "{text}");
    assert!(text.contains("  text: |\n    one\n      two\n"), "{text}");
    assert_eq!(read(&text).value, object, "{text}");
    let second: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(second, object, "serde_yaml agrees");
    let third: Value = serde_saphyr::from_str(&text).unwrap();
    assert_eq!(third, object, "serde-saphyr agrees");
}

#[test]
fn differences() {
    let lines = diff("a: 1\nb: 2\nc: 3\n", "a: 1\nb: 5\nc: 3\nd: 4\n");
    let said: Vec<_> = lines.iter().map(|l| (l.side, l.line, l.text.as_str())).collect();
    assert_eq!(
        said,
        [
            (DiffSide::Same, 1, "a: 1"),
            (DiffSide::Before, 2, "b: 2"),
            (DiffSide::After, 2, "b: 5"),
            (DiffSide::Same, 3, "c: 3"),
            (DiffSide::After, 4, "d: 4"),
        ]
    );
    let before = json!({"spec": {"http": [{"weight": 90}, {"weight": 10}], "gone": "x"}, "metadata": {"annotations": {"a.b/c": "1"}}});
    let after = json!({"spec": {"http": [{"weight": 80}, {"weight": 10}, {"new": [1]}]}, "metadata": {"annotations": {"a.b/c": "2"}}});
    let change = |path: &str, before: &str, after: &str| FieldChange {
        path: path.into(),
        before: before.into(),
        after: after.into(),
    };
    assert_eq!(
        fields(&before, &after),
        [
            change("spec.http[0].weight", "90", "80"),
            change("spec.http[2]", "", "{\"new\":[1]}"),
            change("spec.gone", "x", ""),
            change("metadata.annotations[\"a.b/c\"]", "1", "2"),
        ]
    );
}

#[test]
fn own_files() {
    let settings = std::collections::BTreeMap::from([("on".to_owned(), vec!["yes".to_owned(), "1e3".to_owned()])]);
    let text = own::write(&settings).unwrap();
    assert_eq!(own::read::<std::collections::BTreeMap<String, Vec<String>>>(&text).unwrap(), settings);
    assert!(own::read::<Vec<u8>>("a: [").is_err());
}
