//! Where a cursor stands in a YAML text, told by indentation alone: while somebody types, the text seldom reads.

/// A step from the root to the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Into the value of a key.
    Key(String),
    /// Into an item of a list.
    Item,
}

/// A place in a text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// The way to the mapping or list that the cursor is in.
    pub(super) steps: Vec<Step>,
    /// The key whose value is being typed; none where a key is, or an item of a list.
    pub(super) key: Option<String>,
    /// Column (from 0) at which what is being typed begins.
    pub(super) from: usize,
    /// Column (from 0) of the keys of the mapping.
    pub(super) indent: usize,
    /// The other keys of the mapping, with what stands behind them.
    pub(super) siblings: Vec<(String, String)>,
}

/// A line: its dashes, and the key behind them.
struct Line<'a> {
    /// Columns of `-`, from the left.
    dashes: Vec<usize>,
    /// Column of what comes after them.
    column: usize,
    /// The key, and what stands behind its colon.
    entry: Option<(&'a str, &'a str)>,
    empty: bool,
}

impl<'a> Line<'a> {
    fn read(text: &'a str) -> Self {
        let mut dashes = Vec::new();
        let mut column = text.len() - text.trim_start_matches(' ').len();
        let mut rest = &text[column..];
        while rest == "-" || rest.starts_with("- ") {
            dashes.push(column);
            let inner = rest[1..].trim_start_matches(' ');
            column += rest.len() - inner.len();
            rest = inner;
        }
        let colon = rest.find(": ").or_else(|| rest.strip_suffix(':').map(str::len));
        let entry = colon.map(|at| (unquoted(&rest[..at]), rest[at + 1..].trim_start()));
        let empty = rest.is_empty() && dashes.is_empty() || rest.starts_with('#');
        Self { dashes, column, entry, empty }
    }
}

fn unquoted(text: &str) -> &str {
    text.trim().trim_matches(['"', '\''])
}

/// The place of a cursor: `line` from 1, `column` from 0.
pub(super) fn place(text: &str, line: usize, column: usize) -> Place {
    let lines: Vec<&str> = text.lines().collect();
    let at = line.saturating_sub(1);
    let whole = lines.get(at).copied().unwrap_or_default();
    let before: String = whole.chars().take(column).collect();
    let here = Line::read(&before);
    let mut place = Place { indent: here.column, ..Place::default() };
    if let Some((key, typed)) = here.entry {
        place.key = Some(key.to_owned());
        place.from = before.chars().count() - typed.chars().count();
    } else {
        place.from = here.column;
    }
    place.siblings = siblings(&lines, at, &here);
    place.steps = steps(&lines, at, &here);
    place
}

/// Upwards: each line that stands further left is a step nearer to the root.
fn steps(lines: &[&str], at: usize, here: &Line<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = here.dashes.iter().map(|_| Step::Item).collect();
    let mut left = here.dashes.first().copied().unwrap_or(here.column);
    let mut in_list = !here.dashes.is_empty();
    for text in lines[..at.min(lines.len())].iter().rev() {
        let line = Line::read(text);
        if line.empty {
            continue;
        }
        // A list may stand as far left as the key that it belongs to.
        if let Some((key, _)) = line.entry
            && (line.column < left || in_list && line.column == left)
        {
            steps.push(Step::Key(key.to_owned()));
            left = line.column;
            in_list = false;
        }
        for dash in line.dashes.iter().rev() {
            if *dash < left {
                steps.push(Step::Item);
                left = *dash;
                in_list = true;
            }
        }
        if left == 0 && !in_list {
            break;
        }
    }
    steps.reverse();
    steps
}

/// The keys beside the one at the cursor.
fn siblings(lines: &[&str], at: usize, here: &Line<'_>) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut take = |line: &Line<'_>| {
        if let Some((key, value)) = line.entry.filter(|_| line.column == here.column) {
            found.push((key.to_owned(), unquoted(value).to_owned()));
        }
    };
    let outside = |line: &Line<'_>| !line.empty && line.column < here.column;
    if here.dashes.is_empty() {
        for text in lines[..at.min(lines.len())].iter().rev() {
            let line = Line::read(text);
            if outside(&line) {
                break;
            }
            take(&line);
            // A dash before the keys begins the item.
            if line.column == here.column && !line.dashes.is_empty() {
                break;
            }
        }
    }
    for text in lines.iter().skip(at + 1) {
        let line = Line::read(text);
        if outside(&line) || (line.column == here.column && !line.dashes.is_empty()) {
            break;
        }
        take(&line);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "spec:\n  hosts:\n  - reviews\n  http:\n  - name: a\n    route:\n    - destination:\n        host: reviews\n        su\n      weight: 90\n    \n";

    fn told(line: usize, column: usize) -> (String, Option<String>, usize, Vec<String>) {
        let place = place(TEXT, line, column);
        let step = |step: &Step| match step {
            Step::Key(key) => format!(".{key}"),
            Step::Item => "[]".to_owned(),
        };
        let names = place.siblings.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
        (place.steps.iter().map(step).collect(), place.key, place.from, names)
    }

    #[test]
    fn a_place_is_found_while_the_text_does_not_read() {
        assert_eq!(told(9, 10), (".spec.http[].route[].destination".into(), None, 8, vec!["host=reviews".into()]));
        assert_eq!(told(8, 16).1, Some("host".into()), "a value");
        assert_eq!(told(8, 16).2, 14);
        assert_eq!(told(10, 16).0, ".spec.http[].route[]");
        assert_eq!(told(10, 16).3, ["destination="]);
        assert_eq!(told(11, 4), (".spec.http[]".into(), None, 4, vec!["route=".into(), "name=a".into()]));
        assert_eq!(told(3, 6).0, ".spec.hosts[]");
        assert_eq!(told(2, 3).0, ".spec");
        assert_eq!(place("host: re ", 1, 9).from, 6, "a blank behind what is typed");
        assert_eq!(told(99, 0), (String::new(), None, 0, vec!["spec=".into()]), "behind the end");
    }
}
