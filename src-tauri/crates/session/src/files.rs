//! A world read from files: manifests, folders of them, and what `kubectl get -o yaml` printed.

pub(crate) mod alone;
pub mod save;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Read;
use std::path::{Path, PathBuf};

use world::yaml::{line_of, located, split};
use world::{Change, Object, ObjectKey, Origin, Said, World, said};

use crate::{Error, Result};

/// Standard input, as a path.
pub const STDIN: &str = "-";

/// A manifest larger than this is none.
const LARGEST: u64 = 64 << 20;

/// Objects of files, with their texts.
#[derive(Clone, Debug, Default)]
pub struct Files {
    /// Every object that could be read, in the order of the files.
    pub objects: Vec<Object>,
    /// What could not be read: the rest was.
    pub problems: Vec<Problem>,
    texts: BTreeMap<String, String>,
    /// Where each object begins; the last where a name comes twice, as the world has it.
    places: HashMap<ObjectKey, (String, usize)>,
    /// File and line on which each object begins, in the order of the files.
    begins: Vec<(String, usize)>,
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// As given; `-` for standard input.
    pub path: String,
    /// From 1.
    pub line: usize,
    /// In words.
    pub message: Said,
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Reads files and folders; `-` is `stdin`.
///
/// # Errors
/// Where a path is not there or cannot be read. Broken documents are problems of the answer.
pub fn read(paths: &[PathBuf], stdin: &mut dyn Read) -> Result<Files> {
    let mut files = Files::default();
    for path in paths {
        if path.as_os_str() == STDIN {
            let text = text_of(STDIN, stdin)?;
            files.add(STDIN, text);
            continue;
        }
        for file in manifests(path)? {
            let name = file.display().to_string();
            let mut opened = std::fs::File::open(&file).map_err(|error| unreadable(&file, &error))?;
            let text = text_of(&name, &mut opened)?;
            files.add(&name, text);
        }
    }
    Ok(files)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::File { path: path.display().to_string(), reason: error.to_string().into() }
}

fn text_of(name: &str, from: &mut dyn Read) -> Result<String> {
    let failed = |reason: Said| Error::File { path: name.to_owned(), reason };
    let mut text = String::new();
    let read = from.take(LARGEST + 1).read_to_string(&mut text).map_err(|error| failed(error.to_string().into()))?;
    if read as u64 > LARGEST {
        return Err(failed(said!("larger than {} MiB", "大于 {} MiB", LARGEST >> 20)));
    }
    Ok(text)
}

/// A file is itself; a folder is its manifests and those of its folders, by name.
fn manifests(path: &Path) -> Result<Vec<PathBuf>> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if !about.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unreadable(path, &error))?;
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(path, &error))?;
        // A link to a folder above would never end: links are followed to files alone.
        let folder = entry.file_type().map_err(|error| unreadable(path, &error))?.is_dir();
        let name = entry.path();
        if folder || (is_manifest(&name) && name.is_file()) {
            names.insert(name);
        }
    }
    let mut found = Vec::new();
    for name in names {
        found.extend(manifests(&name)?);
    }
    Ok(found)
}

/// The manifests of a folder and of its folders, by name; hidden ones, and what may not be read, are passed over.
pub(crate) fn manifests_of(folder: &Path) -> Vec<PathBuf> {
    let hidden = |name: &Path| name.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.'));
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some((entry.as_ref().ok()?.path(), entry.ok()?.file_type().ok()?)))
        // A link to a folder above would never end: links are not followed.
        .filter(|(name, kind)| !hidden(name) && (kind.is_dir() || (kind.is_file() && is_manifest(name))))
        .map(|(name, _)| name)
        .collect();
    names.sort();
    names.into_iter().flat_map(|name| if name.is_dir() { manifests_of(&name) } else { vec![name] }).collect()
}

fn is_manifest(name: &Path) -> bool {
    name.extension().is_some_and(|e| e == "yaml" || e == "yml" || e == "json")
}

/// Reads all manifests of a folder and of its folders, or one file: a file that cannot be read is a problem among others.
///
/// # Errors
/// Where neither is there.
pub fn read_folder(path: &Path) -> Result<(Files, usize)> {
    let about = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let (folder, manifests) = match path.parent() {
        Some(parent) if !about.is_dir() => (parent, vec![path.to_owned()]),
        _ => (path, manifests_of(path)),
    };
    let mut files = Files::default();
    for file in &manifests {
        // Named as its place in the folder: that is what the user looks at.
        let name = file.strip_prefix(folder).unwrap_or(file).display().to_string();
        let opened = std::fs::File::open(file).map_err(|error| unreadable(file, &error));
        match opened.and_then(|mut opened| text_of(&name, &mut opened)) {
            Ok(text) => files.add(&name, text),
            Err(error) => files.problems.push(Problem { path: name, line: 1, message: error.said() }),
        }
    }
    Ok((files, manifests.len()))
}

impl Files {
    fn add(&mut self, path: &str, text: String) {
        let (objects, problems) = located(&text, path);
        for (object, line) in objects {
            self.places.insert(object.key(), (path.to_owned(), line));
            self.begins.push((path.to_owned(), line));
            self.objects.push(object);
        }
        let named = |p: world::yaml::Problem| Problem { path: path.to_owned(), line: p.line, message: p.message };
        self.problems.extend(problems.into_iter().map(named));
        self.texts.insert(path.to_owned(), text);
    }

    /// File and line on which each object begins, in the order of the files.
    pub fn located(&self) -> impl Iterator<Item = (&str, usize)> {
        self.begins.iter().map(|(path, line)| (path.as_str(), *line))
    }

    /// The same, each with its own text: of a document with its comments, of an item of a list as if it stood alone.
    pub(crate) fn alone(&self) -> impl Iterator<Item = (&str, usize, String)> {
        let mut of = ("", BTreeMap::new());
        self.located().filter_map(move |(path, line)| {
            if of.0 != path {
                of = (path, self.texts.get(path).map(|text| alone::by_line(text)).unwrap_or_default());
            }
            // Of a broken text there is what stands before the break.
            let text = of.1.remove(&line).or_else(|| self.document_at(path, line).map(str::to_owned))?;
            Some((path, line, text))
        })
    }

    /// The world that the files describe.
    pub fn world(&self) -> World {
        self.over(&World::new())
    }

    /// These files laid over a world.
    pub fn over(&self, world: &World) -> World {
        world.after(self.objects.iter().cloned().map(Change::Put))
    }

    /// The text of an object as its file has it.
    pub fn text(&self, world: &World, key: &ObjectKey) -> Option<&str> {
        let Origin::File { path, line } = &world.document(key)?.origin else { return None };
        self.document_at(path, *line)
    }

    /// The document that begins on this line.
    pub fn document_at(&self, path: &str, line: usize) -> Option<&str> {
        let text = self.texts.get(path)?;
        let start = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum::<usize>();
        split(text.get(start..)?).first().copied()
    }

    /// File and line of a field (`spec.http[0].route`) of an object.
    pub fn place(&self, world: &World, key: &ObjectKey, path: &str) -> Option<(String, usize)> {
        // Of documents the world says it: another file may have been laid over this one.
        let (file, line) = match world.document(key).map(|document| document.origin.clone()) {
            Some(Origin::File { path, line }) => (path, line),
            Some(_) => return None,
            None => self.places.get(key)?.clone(),
        };
        let within = self.document_at(&file, line).and_then(|text| line_of(text, &pointer(path))).unwrap_or(1);
        Some((file, line + within - 1))
    }
}

/// `spec.http[0].match[1]` as a JSON pointer; labels with dots stand in brackets.
pub fn pointer(path: &str) -> String {
    let mut pointer = String::new();
    let mut part = String::new();
    let mut bracket = false;
    let mut end = |part: &mut String| {
        if !part.is_empty() {
            pointer.push('/');
            pointer.push_str(&part.replace('~', "~0").replace('/', "~1"));
            part.clear();
        }
    };
    for letter in path.chars() {
        match letter {
            '[' if !bracket => {
                end(&mut part);
                bracket = true;
            }
            ']' if bracket => {
                end(&mut part);
                bracket = false;
            }
            '.' if !bracket => end(&mut part),
            '"' | '\'' if bracket => {}
            letter => part.push(letter),
        }
    }
    end(&mut part);
    pointer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_on_its_line_of_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.yaml");
        let text = "# head\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: a, namespace: shop}\nspec:\n  hosts: [a]\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: b, namespace: shop}\nspec:\n  http:\n  - route: []\n";
        std::fs::write(&file, text).unwrap();
        let files = read(&[folder.path().to_owned()], &mut std::io::empty()).unwrap();
        assert_eq!(files.problems, []);
        let world = files.world();
        let key = ObjectKey::new("networking.istio.io", "VirtualService", "shop", "b");
        let place = files.place(&world, &key, "spec.http[0].route").unwrap();
        assert_eq!(place, (file.display().to_string(), 14));
    }

    #[test]
    fn a_field_of_a_core_kind_is_found_too() {
        let mut text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: a}\nspec:\n  ports:\n  - port: 80\n".as_bytes();
        let files = read(&[PathBuf::from(STDIN)], &mut text).unwrap();
        let key = ObjectKey::new("", "Service", "a", "s");
        assert_eq!(files.place(&files.world(), &key, "spec.ports[0].port"), Some(("-".to_owned(), 10)));
    }

    #[test]
    fn broken_documents_are_named_and_the_rest_is_read() {
        let mut text = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n---\nkind: Nothing\n".as_bytes();
        let files = read(&[PathBuf::from(STDIN)], &mut text).unwrap();
        assert_eq!((files.objects.len(), files.problems.len()), (1, 1));
        assert!(files.problems[0].to_string().starts_with("-:5: "), "{}", files.problems[0]);
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = read(&[PathBuf::from("nowhere.yaml")], &mut std::io::empty()).unwrap_err();
        assert!(error.to_string().starts_with("nowhere.yaml: "), "{error}");
    }

    #[test]
    fn fields_as_people_write_them() {
        for (path, expected) in [
            ("spec.http[0].match[1]", "/spec/http/0/match/1"),
            ("metadata.labels[app.kubernetes.io/name]", "/metadata/labels/app.kubernetes.io~1name"),
            ("metadata.annotations[\"a.b\"]", "/metadata/annotations/a.b"),
            ("", ""),
        ] {
            assert_eq!(pointer(path), expected);
        }
    }
}
