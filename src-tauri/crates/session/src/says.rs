//! What a change does to traffic, in lines: the same effect on several requests is said once.

use mesh::{Effect, Request, Tone};
use serde_json::{Value, json};
use world::ObjectKey;

/// Between who calls and who is called.
const ARROW: &str = " → ";

/// One thing that a change does.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How it is meant to be taken.
    pub tone: Tone,
    /// `productpage → reviews`
    pub title: String,
    /// `10 % moves from v1 to v3`
    pub detail: String,
    /// Requests a second that it concerns; 0 where none were seen.
    pub per_second: f64,
    /// Seen in traffic; else asked by the engine itself.
    pub observed: bool,
    /// The object that decides it.
    pub object: Option<ObjectKey>,
    /// The field in it.
    pub path: String,
}

/// The lines of an effect, the worst first. Probes that only repeat what traffic shows are left out; others say what they asked, for
/// of one caller some requests may be let in and others not.
pub fn says(effect: &Effect) -> Vec<Line> {
    let mut lines: Vec<(Line, Vec<String>)> = Vec::new();
    for change in effect.changes.iter().filter(|change| change.tone != Tone::Stays) {
        let same = |line: &Line| line.tone == change.tone && line.title == change.title && line.detail == change.detail;
        let asked = asked(&change.request);
        if let Some((line, all)) = lines.iter_mut().find(|(line, _)| same(line)) {
            line.per_second += change.per_second;
            if !all.contains(&asked) {
                all.push(asked);
            }
            continue;
        }
        let line = Line {
            tone: change.tone,
            title: change.title.clone(),
            detail: change.detail.clone(),
            per_second: change.per_second,
            observed: change.observed,
            object: change.object.clone(),
            path: change.path.clone(),
        };
        lines.push((line, vec![asked]));
    }
    let named = |(line, asked): (Line, Vec<String>)| match &asked[..] {
        [first, rest @ ..] if !line.observed => {
            let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
            Line { title: format!("{} · {first}{more}", line.title), ..line }
        }
        _ => line,
    };
    gathered(lines.into_iter().map(named))
}

/// Lines of requests that nobody was seen to send, of several callers to one place with one end, are one line.
fn gathered(lines: impl Iterator<Item = Line>) -> Vec<Line> {
    let mut all: Vec<(Line, Vec<String>)> = Vec::new();
    for line in lines {
        let (from, rest) = line.title.split_once(ARROW).unwrap_or((&line.title, ""));
        let (from, rest) = (from.to_owned(), rest.to_owned());
        let same = |other: &Line| {
            let to = other.title.split_once(ARROW).map_or("", |(_, to)| to);
            !line.observed && !other.observed && (line.tone, &line.detail, &*rest) == (other.tone, &other.detail, to)
        };
        match all.iter_mut().find(|(other, _)| same(other)) {
            Some((_, callers)) => callers.push(from),
            None => all.push((line, vec![from])),
        }
    }
    let told = |(line, callers): (Line, Vec<String>)| match &callers[..] {
        [_] | [] => line,
        [first, second] => retitled(line, &format!("{first}, {second}")),
        [first, second, rest @ ..] => retitled(line, &format!("{first}, {second} and {} more", rest.len())),
    };
    all.into_iter().map(told).collect()
}

fn retitled(line: Line, callers: &str) -> Line {
    let to = line.title.split_once(ARROW).map_or("", |(_, to)| to).to_owned();
    Line { title: format!("{callers}{ARROW}{to}"), ..line }
}

/// `GET /stock with x-canary: yes`
fn asked(request: &Request) -> String {
    let rest = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
    let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let with = if headers.is_empty() { String::new() } else { format!(" with {}", headers.join(", ")) };
    let over = if request.url.starts_with("https:") { " over TLS" } else { "" };
    format!("{} /{}{over}{with}", request.method, rest.split_once('/').map_or("", |(_, path)| path))
}

const TONES: [(Tone, &str); 5] = [
    (Tone::Cuts, "cuts"),
    (Tone::Opens, "opens"),
    (Tone::Moves, "moves"),
    (Tone::Watch, "watch"),
    (Tone::Stays, "stays"),
];

impl Line {
    /// As the journal keeps it.
    pub(crate) fn saved(&self) -> Value {
        let tone = TONES.iter().find(|(tone, _)| *tone == self.tone).map_or("watch", |(_, word)| word);
        let object = self.object.as_ref().map(|o| json!([o.group, o.kind, o.namespace, o.name]));
        json!({"tone": tone, "title": self.title, "detail": self.detail, "perSecond": self.per_second,
            "observed": self.observed, "object": object, "path": self.path})
    }

    /// From the journal; what an older version did not keep is empty.
    pub(crate) fn from_saved(saved: &Value) -> Self {
        let text = |name: &str| saved[name].as_str().unwrap_or_default().to_owned();
        let tone = TONES.iter().find(|(_, word)| saved["tone"] == *word).map_or(Tone::Watch, |(tone, _)| *tone);
        let object = saved["object"].as_array().map(|parts| {
            let part = |at: usize| parts.get(at).and_then(Value::as_str).unwrap_or_default();
            ObjectKey::new(part(0), part(1), part(2), part(3))
        });
        Self {
            tone,
            title: text("title"),
            detail: text("detail"),
            per_second: saved["perSecond"].as_f64().unwrap_or_default(),
            observed: saved["observed"] == true,
            object,
            path: text("path"),
        }
    }
}

#[cfg(test)]
mod tests {
    use mesh::Caller;

    use super::*;

    #[test]
    fn a_probe_says_the_headers_that_it_asked_with() {
        let request = Request {
            id: String::new(),
            from: Caller::Outside { ip: String::new() },
            via: None,
            method: "GET".into(),
            url: "http://reviews.shop:9080/a?b=c".into(),
            headers: vec![("x-canary".into(), "yes".into())],
            at: None,
        };
        assert_eq!(asked(&request), "GET /a?b=c with x-canary: yes");
        let url = "https://shop.example.com:443/".to_owned();
        assert_eq!(asked(&Request { headers: Vec::new(), url, ..request }), "GET / over TLS");
    }

    #[test]
    fn callers_that_nobody_saw_share_a_line_where_they_share_an_end() {
        let line = |title: &str, detail: &str, observed: bool| Line {
            tone: Tone::Cuts,
            title: title.into(),
            detail: detail.into(),
            per_second: 0.0,
            observed,
            object: None,
            path: String::new(),
        };
        let lines = [
            line("a → x · GET /", "refused", false),
            line("b → x · GET /", "refused", false),
            line("a → y · GET /", "refused", false),
            line("c → x", "refused", true),
            line("c → x · GET /", "refused", false),
            line("d → x · GET /", "another end", false),
        ];
        let told: Vec<String> = gathered(lines.into_iter()).into_iter().map(|line| line.title).collect();
        assert_eq!(told, ["a, b and 1 more → x · GET /", "a → y · GET /", "c → x", "d → x · GET /"]);
    }

    #[test]
    fn a_line_survives_the_journal() {
        let line = Line {
            tone: Tone::Moves,
            title: "a → b".into(),
            detail: "10 % moves from v1 to v2".into(),
            per_second: 1.5,
            observed: true,
            object: Some(ObjectKey::new("g", "K", "ns", "n")),
            path: "spec.http[0]".into(),
        };
        assert_eq!(Line::from_saved(&line.saved()), line);
    }
}
