//! What a change does to traffic, in lines: the same effect on several requests is said once.

use mesh::{ARROW, Effect, Request, Tone};
use serde_json::{Value, json};
use world::{ObjectKey, Said, said};

/// One thing that a change does.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// How it is meant to be taken.
    pub tone: Tone,
    /// `productpage → reviews`
    pub title: Said,
    /// `10 % moves from v1 to v3`
    pub detail: Said,
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
    let mut lines: Vec<(Line, Vec<Said>)> = Vec::new();
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
    let named = |(line, asked): (Line, Vec<Said>)| match &asked[..] {
        [first, rest @ ..] if !line.observed => {
            let (Said { en, zh }, title, more) = (first, &line.title, more(1, rest.len()));
            let title = Said::new(format!("{} · {en}{}", title.en, more.en), format!("{} · {zh}{}", title.zh, more.zh));
            Line { title, ..line }
        }
        _ => line,
    };
    gathered(lines.into_iter().map(named))
}

/// Lines of requests that nobody was seen to send, of several callers to one place with one end, are one line.
fn gathered(lines: impl Iterator<Item = Line>) -> Vec<Line> {
    let mut all: Vec<(Line, Vec<Said>)> = Vec::new();
    for line in lines {
        let (from, rest) = parted(&line.title);
        let same = |other: &Line| {
            let told = |line: &Line| (line.tone, line.observed, line.detail.clone());
            !line.observed && told(&line) == told(other) && rest == parted(&other.title).1
        };
        match all.iter_mut().find(|(other, _)| same(other)) {
            Some((_, callers)) => callers.push(from),
            None => all.push((line, vec![from])),
        }
    }
    let told = |(line, callers): (Line, Vec<Said>)| match &callers[..] {
        [_] | [] => line,
        [first, second, rest @ ..] => {
            let more = more(2, rest.len());
            let callers = |of: fn(&Said) -> &str, mark: &str| format!("{}{mark}{}{}", of(first), of(second), of(&more));
            let (_, to) = parted(&line.title);
            let (en, zh) = (callers(|said| &said.en, ", "), callers(|said| &said.zh, "、"));
            Line { title: Said::new(format!("{en}{ARROW}{}", to.en), format!("{zh}{ARROW}{}", to.zh)), ..line }
        }
    };
    all.into_iter().map(told).collect()
}

/// Behind so many that are named: how many there are besides; in Chinese, as is usual there, in all.
fn more(named: usize, others: usize) -> Said {
    let all = named + others;
    if others == 0 { Said::default() } else { said!(" and {others} more", " 等 {all} 个") }
}

/// Who calls, and the rest of a title.
fn parted(title: &Said) -> (Said, Said) {
    let part = |text: &str| match text.split_once(ARROW) {
        Some((from, to)) => (from.to_owned(), to.to_owned()),
        None => (text.to_owned(), String::new()),
    };
    let ((from, to), (from_zh, to_zh)) = (part(&title.en), part(&title.zh));
    (Said::new(from, from_zh), Said::new(to, to_zh))
}

/// `GET /stock with x-canary: yes`
fn asked(request: &Request) -> Said {
    let rest = request.url.split_once("://").map_or(request.url.as_str(), |(_, rest)| rest);
    let what = format!("{} /{}", request.method, rest.split_once('/').map_or("", |(_, path)| path));
    let headers: Vec<String> = request.headers.iter().map(|(name, value)| format!("{name}: {value}")).collect();
    let headers = headers.join(", ");
    let with = if headers.is_empty() { Said::default() } else { said!(" with {headers}", "，带 {headers}") };
    let over = if request.url.starts_with("https:") { (" over TLS", "（TLS）") } else { ("", "") };
    Said::new(format!("{what}{}{}", over.0, with.en), format!("{what}{}{}", over.1, with.zh))
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
        json!({"tone": tone, "title": self.title.en, "titleZh": self.title.zh, "detail": self.detail.en,
            "detailZh": self.detail.zh, "perSecond": self.per_second,
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
            title: Said::new(text("title"), text("titleZh")),
            detail: Said::new(text("detail"), text("detailZh")),
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
        assert_eq!(asked(&request), Said::new("GET /a?b=c with x-canary: yes", "GET /a?b=c，带 x-canary: yes"));
        let url = "https://shop.example.com:443/".to_owned();
        assert_eq!(asked(&Request { headers: Vec::new(), url, ..request }).en, "GET / over TLS");
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
        let told: Vec<Said> = gathered(lines.into_iter()).into_iter().map(|line| line.title).collect();
        let en: Vec<&str> = told.iter().map(|title| title.en.as_str()).collect();
        assert_eq!(en, ["a, b and 1 more → x · GET /", "a → y · GET /", "c → x", "d → x · GET /"]);
        assert_eq!(told[0].zh, "a、b 等 3 个 → x · GET /");
    }

    #[test]
    fn a_line_survives_the_journal() {
        let line = Line {
            tone: Tone::Moves,
            title: "a → b".into(),
            detail: Said::new("10 % moves from v1 to v2", "10 % 从 v1 移到 v2"),
            per_second: 1.5,
            observed: true,
            object: Some(ObjectKey::new("g", "K", "ns", "n")),
            path: "spec.http[0]".into(),
        };
        assert_eq!(Line::from_saved(&line.saved()), line);
    }
}
