//! Where objects stand in a checkout, in a folder or in one file: in the document that has them already, wherever that is; else in a file of their
//! own, or, where there is but one file, at its end.

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::path::{Component, Path, PathBuf};

use serde_json::Value;
use world::yaml::{self, Edit};
use world::{Gvk, ObjectKey, Said, said};

use super::{Export, FileChange};
use crate::change::touched::touched;
use crate::change::tray::ChangeKind;
use crate::files::alone::items;
use crate::files::manifests_of;
use crate::{Error, Result};

/// A file larger than this holds no manifest that anybody edits.
const LARGEST: u64 = 4 << 20;

/// The files that change, and how many objects stand there already as they shall be. Looked into is a folder, or a file, which may be a new one.
pub(crate) fn files(root: &Path, folder: &Path, exports: &[Export]) -> Result<(Vec<FileChange>, u32)> {
    let folder = inside(root, folder)?;
    let texts = texts(&folder)?;
    let mut after: BTreeMap<PathBuf, Option<String>> = BTreeMap::new();
    let mut same = 0;
    for export in exports {
        let now = |path: &Path| after.get(path).cloned().unwrap_or_else(|| texts.get(path).cloned());
        let of = |namespace: &str| {
            let paths: BTreeSet<&PathBuf> = texts.keys().chain(after.keys()).collect();
            let pieces = paths.into_iter().filter_map(|path| Some((path.clone(), now(path)?)));
            let at = |(path, text): (PathBuf, String)| {
                let pieces = yaml::split(&text).into_iter().enumerate();
                let there = pieces.flat_map(|(at, piece)| {
                    within(piece, &export.key, namespace).map(|pointer| Place { piece: at, pointer })
                });
                let there: Vec<Place> = there.collect();
                there.into_iter().map(move |place| (path.clone(), text.clone(), place))
            };
            pieces.flat_map(at).collect::<Vec<_>>()
        };
        let found = of(&export.key.namespace).into_iter().next().or_else(|| only(of("")));
        let (path, text) = match (found, export.kind) {
            (None, ChangeKind::Delete) => continue,
            (None, _) if !folder.is_dir() => (folder.clone(), Some(appended(&folder, now(&folder), &export.text)?)),
            (None, _) => {
                let taken: BTreeSet<&Path> = texts.keys().chain(after.keys()).map(PathBuf::as_path).collect();
                (free(&folder, &export.key, &taken), Some(ended(&export.text)))
            }
            (Some((path, text, place)), ChangeKind::Delete) => (path, without(&text, &place)),
            (Some((path, text, place)), _) => (path, Some(replaced(&text, &place, export))),
        };
        if text.as_ref() == now(&path).as_ref() {
            same += 1;
        } else {
            after.insert(path, text);
        }
    }
    let change = |(path, text): (PathBuf, Option<String>)| {
        let before = texts.get(&path).cloned();
        let named = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
        (before != text).then_some(FileChange { path: named, before, after: text })
    };
    Ok((after.into_iter().filter_map(change).collect(), same))
}

/// A file with one document more.
fn appended(file: &Path, text: Option<String>, document: &str) -> Result<String> {
    if file.extension().is_some_and(|extension| extension == "json") {
        let reason = said!("a JSON file takes no document more", "JSON 文件不能再加入文档");
        return Err(Error::File { path: file.display().to_string(), reason });
    }
    let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(ended(document)) };
    let break_ = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let document = ended(document).replace("\r\n", "\n").replace('\n', break_);
    let open = text.lines().next_back().is_some_and(|line| line.trim_end() == "---");
    let (end, marker) =
        (if text.ends_with('\n') { "" } else { break_ }, if open { String::new() } else { format!("---{break_}") });
    Ok(format!("{text}{end}{marker}{document}"))
}

/// The folder by its true name, if that is within the checkout; a file that is not there yet has none.
fn inside(root: &Path, folder: &Path) -> Result<PathBuf> {
    let failed = |reason: Said| Error::File { path: folder.display().to_string(), reason };
    if !folder.exists() && folder.parent() == Some(root) {
        return Ok(folder.to_owned());
    }
    let folder = folder.canonicalize().map_err(|error| failed(error.to_string().into()))?;
    if folder.starts_with(root) && !folder.components().any(|part| part == Component::Normal(".git".as_ref())) {
        Ok(folder)
    } else {
        Err(failed(said!("it is not within the checkout {}", "它不在检出目录 {} 中", root.display())))
    }
}

/// Every manifest below the folder that reads as text; of a file that is there its own, or why it cannot be read: what is not known would be
/// overwritten.
fn texts(folder: &Path) -> Result<BTreeMap<PathBuf, String>> {
    let small = |path: &PathBuf| std::fs::symlink_metadata(path).is_ok_and(|of| of.is_file() && of.len() <= LARGEST);
    let read = |path: PathBuf| std::fs::read_to_string(&path).ok().map(|text| (path, text));
    if folder.is_dir() {
        return Ok(manifests_of(folder).into_iter().filter(small).filter_map(read).collect());
    }
    let failed = |reason: Said| Error::File { path: folder.display().to_string(), reason };
    let length = match std::fs::metadata(folder) {
        Ok(about) => about.len(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
        Err(error) => return Err(failed(error.to_string().into())),
    };
    if length > LARGEST {
        return Err(failed(said!("larger than {} MiB", "大于 {} MiB", LARGEST >> 20)));
    }
    let text = std::fs::read_to_string(folder).map_err(|error| failed(error.to_string().into()))?;
    Ok(BTreeMap::from([(folder.to_owned(), text)]))
}

/// The one of its kind and name that stands in no namespace, as where a kustomization gives it; with two nobody knows whose it is.
fn only<T>(mut found: Vec<T>) -> Option<T> {
    if found.len() == 1 { found.pop() } else { None }
}

/// Where an object stands in a file.
struct Place {
    /// The document's place among those of the file.
    piece: usize,
    /// Within the document: nothing where it is the document, else the item of a list that it is.
    pointer: String,
}

/// Where a document has an object: it is the object, or has it in its list.
fn within(piece: &str, key: &ObjectKey, namespace: &str) -> Option<String> {
    if !piece.contains(&key.name) {
        return None;
    }
    let reading = yaml::read(piece).value;
    let is = |value: &Value| {
        let text = |pointer: &str| value.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let gvk = Gvk::new(text("/apiVersion"), text("/kind"));
        gvk.group == key.group
            && gvk.kind == key.kind
            && text("/metadata/namespace") == namespace
            && text("/metadata/name") == key.name
    };
    if is(&reading) {
        return Some(String::new());
    }
    let item = items(&reading).iter().position(is)?;
    Some(format!("/items/{item}"))
}

/// The file with one object changed: only what differs, so that its comments stay.
fn replaced(text: &str, place: &Place, export: &Export) -> String {
    let pieces = yaml::split(text);
    let Some(old) = pieces.get(place.piece) else { return text.to_owned() };
    let wanted = yaml::read(&export.text).value;
    let whole = yaml::read(old).value;
    let there = whole.pointer(&place.pointer).unwrap_or(&Value::Null);
    let fields = touched(export.base.as_ref().unwrap_or(there), &wanted);
    let edits: Vec<Edit> = fields
        .iter()
        .filter(|field| there.pointer(&field.path) != field.after.as_ref() && field.path != "/metadata/namespace")
        .map(|field| {
            let at = format!("{}{}", place.pointer, field.path);
            match &field.after {
                Some(value) => Edit::set(&at, value.clone()),
                None => Edit::remove(&at),
            }
        })
        .collect();
    let new = match yaml::edit(old, &edits) {
        Ok(new) => new,
        Err(_) if place.pointer.is_empty() => export.text.clone(),
        Err(_) => yaml::edit(old, &[Edit::set(&place.pointer, wanted)]).unwrap_or_else(|_| (*old).to_owned()),
    };
    put(text, old, &new)
}

/// The file with another text in the place of a piece of it.
fn put(text: &str, old: &str, new: &str) -> String {
    // A piece lies within its text: its address says where.
    let begin = old.as_ptr().addr() - text.as_ptr().addr();
    let (before, rest) = text.split_at(begin);
    let new = if rest.len() == old.len() { new.to_owned() } else { ended(new) };
    format!("{before}{new}{}", &rest[old.len()..])
}

/// The file without one object; `None` where it was the last.
fn without(text: &str, place: &Place) -> Option<String> {
    let pieces = yaml::split(text);
    if let Some(old) = pieces.get(place.piece).filter(|piece| items(&yaml::read(piece).value).len() > 1) {
        return Some(
            yaml::edit(old, &[Edit::remove(&place.pointer)]).map_or(text.to_owned(), |new| put(text, old, &new)),
        );
    }
    let old = *pieces.get(place.piece)?;
    (pieces.len() > 1).then(|| cut(text, old))
}

/// The file without a piece of it and one of the markers around it; what stands between its other documents stays.
fn cut(text: &str, old: &str) -> String {
    let line = |text: &str| text.split_inclusive('\n').next().unwrap_or_default().len();
    let is = |text: &str, marker: &str| text[..line(text)].trim_end() == marker;
    // What stands before the first marker is the file's own.
    let comments = old.split_inclusive('\n').take_while(|line| line.starts_with('#') || line.trim().is_empty());
    let head: usize = comments.map(str::len).sum();
    let old = if is(&old[head..], "---") { &old[head + line(&old[head..])..] } else { old };
    let (before, rest) = text.split_at(old.as_ptr().addr() - text.as_ptr().addr());
    let after = &rest[old.len()..];
    let after = if is(after, "...") { &after[line(after)..] } else { after };
    if is(after, "---") {
        return format!("{before}{}", &after[line(after)..]);
    }
    let last = before.trim_end_matches(['\r', '\n']).rfind('\n').map_or(0, |at| at + 1);
    let before = if is(&before[last..], "---") { &before[..last] } else { before };
    format!("{before}{after}")
}

fn ended(text: &str) -> String {
    if text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

/// `namespace/kind-name.yaml`, under the first number that is free.
fn free(folder: &Path, key: &ObjectKey, taken: &BTreeSet<&Path>) -> PathBuf {
    let within = folder.join(if key.namespace.is_empty() { "cluster".to_owned() } else { safe(&key.namespace) });
    let name = format!("{}-{}", safe(&key.kind.to_lowercase()), safe(&key.name));
    let path = |n: u32| {
        let number = if n == 1 { String::new() } else { format!("-{n}") };
        within.join(format!("{name}{number}.yaml"))
    };
    (1..).map(path).find(|path| !taken.contains(path.as_path()) && !path.exists()).unwrap_or_else(|| path(1))
}

/// A name from a cluster as a part of a path: nothing that leads elsewhere, hides, or that some file system refuses.
fn safe(name: &str) -> String {
    let letter = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.') { c } else { '_' };
    let plain: String = name.chars().map(letter).take(200).collect();
    let plain = plain.trim_matches('.');
    if plain.is_empty() { "_".to_owned() } else { plain.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_else() {
        for (name, expected) in [
            ("reviews", "reviews"),
            ("../../etc/passwd", "_.._etc_passwd"),
            ("..", "_"),
            (".git", "git"),
            ("a b;c\n", "a_b_c_"),
            ("é:x", "__x"),
        ] {
            assert_eq!(safe(name), expected);
        }
    }

    fn export(text: &str, base: Option<&str>) -> Export {
        let value = yaml::read(text).value;
        let key = ObjectKey::new("g.io", "K", "a", value["metadata"]["name"].as_str().unwrap());
        Export { key, kind: ChangeKind::Update, text: text.into(), base: base.map(|text| yaml::read(text).value) }
    }

    #[test]
    fn a_document_is_changed_where_it_stands_and_keeps_its_comments() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let one = "# ours\napiVersion: g.io/v1\nkind: K\nmetadata: {name: one, namespace: a}\nspec:\n  w: 1 # the weight\n  own: kept in Git alone\n";
        let two = "apiVersion: g.io/v1\nkind: K\nmetadata: {name: two, namespace: a}\n";
        std::fs::write(root.join("all.yaml"), format!("{one}---\n{two}")).unwrap();
        std::fs::write(root.join("broken.yaml"), "a: [\n").unwrap();
        let base = "apiVersion: g.io/v1\nkind: K\nmetadata: {name: one, namespace: a}\nspec: {w: 1}\n";
        let exports = [
            export(&base.replace("w: 1", "w: 2"), Some(base)),
            export("apiVersion: g.io/v1\nkind: K\nmetadata: {name: new, namespace: a}", None),
            export(two, None),
        ];
        let (changes, same) = files(&root, &root, &exports).unwrap();
        let told: Vec<_> = changes.iter().map(|file| (file.path.as_str(), file.after.as_deref().unwrap())).collect();
        let expected = format!("{}---\n{two}", one.replace("w: 1 #", "w: 2 #"));
        assert_eq!(
            told,
            [
                ("a/k-new.yaml", "apiVersion: g.io/v1\nkind: K\nmetadata: {name: new, namespace: a}\n"),
                ("all.yaml", expected.as_str())
            ]
        );
        assert_eq!(same, 1, "two is there as it shall be");

        let gone = |name: &str| Export {
            kind: ChangeKind::Delete,
            text: String::new(),
            base: None,
            key: ObjectKey::new("g.io", "K", "a", name),
        };
        let (changes, _) = files(&root, &root, &[gone("one")]).unwrap();
        assert_eq!(changes[0].after.as_deref(), Some(two));
        let (changes, _) = files(&root, &root, &[gone("one"), gone("two"), gone("nobody")]).unwrap();
        assert_eq!((changes.len(), changes[0].after.as_deref()), (1, None), "a file without documents goes");
    }

    #[test]
    fn what_stands_between_documents_stays_where_one_goes() {
        let all = "# head\n---\na: 1\n---\n# nothing\n---\nb: 1\n...\n--- # and now\nc: 1\n";
        let pieces = yaml::split(all);
        let without: Vec<String> = ["a: 1", "b: 1", "c: 1"]
            .iter()
            .map(|one| cut(all, pieces.iter().find(|piece| piece.contains(one)).unwrap()))
            .collect();
        assert_eq!(without[0], "# head\n---\n# nothing\n---\nb: 1\n...\n--- # and now\nc: 1\n");
        assert_eq!(without[1], "# head\n---\na: 1\n---\n# nothing\n--- # and now\nc: 1\n");
        assert_eq!(without[2], "# head\n---\na: 1\n---\n# nothing\n---\nb: 1\n...\n", "its comment goes with it");
    }

    #[test]
    fn one_file_takes_what_is_new_at_its_end() {
        let file = Path::new("all.yaml");
        for (text, expected) in [
            (None, "a: 1\n"),
            (Some("\n"), "a: 1\n"),
            (Some("b: 1"), "b: 1\n---\na: 1\n"),
            (Some("b: 1\n---\n"), "b: 1\n---\na: 1\n"),
            (Some("b: 1\r\n"), "b: 1\r\n---\r\na: 1\r\n"),
        ] {
            assert_eq!(appended(file, text.map(str::to_owned), "a: 1").unwrap(), expected);
        }
        assert!(appended(Path::new("all.json"), None, "a: 1").is_err());
        assert!(appended(Path::new("all.json"), Some("{}".into()), "a: 1").is_err());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_not_written() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let file = root.join("all.yaml");
        let exports = [export("apiVersion: g.io/v1\nkind: K\nmetadata: {name: one, namespace: a}", None)];
        let large = vec![b'#'; usize::try_from(LARGEST).unwrap() + 1];
        for (text, why) in [(&b"# \xc4\xe3\xba\xc3\na: 1\n"[..], "UTF-8"), (&large, "larger than 4 MiB")] {
            std::fs::write(&file, text).unwrap();
            let refused = files(&root, &file, &exports).unwrap_err().to_string();
            assert!(refused.contains(why), "{refused}");
        }
    }

    #[test]
    fn a_manifest_whose_namespace_a_kustomization_gives_is_the_objects_where_it_is_the_only_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let live = "apiVersion: g.io/v1\nkind: K\nmetadata: {name: one, namespace: a}\nspec: {w: 1}\n";
        let nameless = "apiVersion: g.io/v1\nkind: K\nmetadata:\n  name: one # of the base\nspec: {w: 1}\n";
        std::fs::write(root.join("base.yaml"), nameless).unwrap();
        let after = live.replace("w: 1", "w: 2");
        for base in [Some(live), None] {
            let (changes, _) = files(&root, &root, &[export(&after, base)]).unwrap();
            assert_eq!(changes.len(), 1, "{base:?}");
            assert_eq!(changes[0].path, "base.yaml");
            assert_eq!(changes[0].after.as_deref(), Some(nameless.replace("w: 1", "w: 2").as_str()), "{base:?}");
        }
        std::fs::write(root.join("other.yaml"), nameless).unwrap();
        let (changes, _) = files(&root, &root, &[export(&after, Some(live))]).unwrap();
        assert_eq!(changes[0].path, "a/k-one.yaml", "nobody knows which of the two is meant");
    }
}
