//! What Prometheus answers (prometheus.io/docs/prometheus/latest/querying/api; web/api/v1/api.go, `response`).

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use world::Said;

use super::Kind;

/// Longest text of it that is passed on.
const SAID: usize = 500;

/// An answer to a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// What it says.
    pub value: Value,
    /// What it says beside: parts that did not answer (Thanos), doubts about the query.
    pub warnings: Vec<String>,
}

/// The value of a query.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// One number.
    Scalar(f64),
    /// A text.
    Text(String),
    /// A number for each series.
    Vector(Vec<Sample>),
    /// Numbers over time for each series.
    Matrix(Vec<Line>),
}

/// Labels with their values.
pub type Labels = BTreeMap<String, String>;

/// A series at one time.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its labels.
    pub labels: Labels,
    /// Its value: a number, not one, or without end. `None` for a native histogram.
    pub value: Option<f64>,
}

/// A series over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its labels.
    pub labels: Labels,
    /// Seconds since 1970 and the value then, in order; times without a sample are left out.
    pub points: Vec<(f64, f64)>,
}

/// Why an answer is not one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoNumber {
    /// No series.
    #[error("it has no data for this")]
    Nothing,
    /// Several.
    #[error("it gives {0} series, not one number: sum them, or say which")]
    Several(usize),
    /// 0/0.
    #[error("it gives NaN: something was divided by nothing")]
    NotANumber,
    /// 1/0.
    #[error("it gives a number without end: something was divided by zero")]
    Infinite,
    /// A text, a histogram, or values over time.
    #[error("it gives {0}, not one number")]
    Other(&'static str),
}

impl NoNumber {
    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::Nothing => "它没有这方面的数据".to_owned(),
            Self::Several(n) => format!("它给出 {n} 个序列而不是一个数：请对它们求和，或说明要哪一个"),
            Self::NotANumber => "它给出 NaN：除法的除数没有值".to_owned(),
            Self::Infinite => "它给出无穷大：有数被零除".to_owned(),
            Self::Other("a text") => "它给出文本而不是一个数".to_owned(),
            Self::Other("a histogram") => "它给出直方图而不是一个数".to_owned(),
            Self::Other(_) => "它给出一段时间的值而不是一个数".to_owned(),
        };
        Said::new(self.to_string(), zh)
    }
}

/// Why an answer could not be read, or what it refuses in its own words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It says no.
    #[error("it refuses the query ({kind}): {said}")]
    Query {
        /// `bad_data`, `execution`, `timeout` …
        kind: String,
        /// Its words.
        said: String,
    },
    /// Something in front of it says no, or it has no such path.
    #[error("the answer is HTTP {status}{}", if said.is_empty() { String::new() } else { format!(": {said}") })]
    Status {
        /// The status.
        status: u16,
        /// The words.
        said: String,
    },
    /// It is no answer of Prometheus.
    #[error("the answer is not one of Prometheus: {0}")]
    Alien(String),
}

impl Refused {
    /// In both languages.
    pub fn said(&self) -> Said {
        let zh = match self {
            Self::Query { kind, said } => format!("它拒绝此查询（{kind}）：{said}"),
            Self::Status { status, said } if said.is_empty() => format!("应答是 HTTP {status}"),
            Self::Status { status, said } => format!("应答是 HTTP {status}：{said}"),
            Self::Alien(why) => format!("应答不是 Prometheus 的：{why}"),
        };
        Said::new(self.to_string(), zh)
    }
}

impl Answer {
    /// The one number that it is.
    ///
    /// # Errors
    /// Why it is none.
    pub fn number(&self) -> Result<f64, NoNumber> {
        let value = match &self.value {
            Value::Scalar(value) => *value,
            Value::Vector(all) => match all.as_slice() {
                [] => return Err(NoNumber::Nothing),
                [one] => one.value.ok_or(NoNumber::Other("a histogram"))?,
                more => return Err(NoNumber::Several(more.len())),
            },
            Value::Text(_) => return Err(NoNumber::Other("a text")),
            Value::Matrix(_) => return Err(NoNumber::Other("values over time")),
        };
        match value {
            value if value.is_nan() => Err(NoNumber::NotANumber),
            value if value.is_infinite() => Err(NoNumber::Infinite),
            value => Ok(value),
        }
    }

    /// The series of a vector that have a finite value; empty for all else.
    pub fn finite(self) -> Vec<(Labels, f64)> {
        let Value::Vector(all) = self.value else { return Vec::new() };
        let finite =
            |sample: Sample| sample.value.filter(|value| value.is_finite()).map(|value| (sample.labels, value));
        all.into_iter().filter_map(finite).collect()
    }

    /// The lines of a matrix; empty for all else.
    pub fn lines(self) -> Vec<Line> {
        if let Value::Matrix(lines) = self.value { lines } else { Vec::new() }
    }
}

#[derive(Deserialize)]
struct Body<T> {
    status: String,
    data: Option<T>,
    #[serde(default, rename = "errorType")]
    kind: String,
    #[serde(default)]
    error: String,
    #[serde(default)]
    warnings: Option<Vec<String>>,
    /// VictoriaMetrics, where some of its storage did not answer (app/vmselect/prometheus/query_response.qtpl).
    #[serde(default, rename = "isPartial")]
    is_partial: bool,
}

#[derive(Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
enum Data {
    Scalar((f64, String)),
    String((f64, String)),
    Vector(Vec<Instant>),
    Matrix(Vec<Range>),
}

#[derive(Deserialize)]
struct Instant {
    #[serde(default)]
    metric: Labels,
    value: Option<(f64, String)>,
    histogram: Option<IgnoredAny>,
}

#[derive(Deserialize)]
struct Range {
    #[serde(default)]
    metric: Labels,
    #[serde(default)]
    values: Vec<(f64, String)>,
}

/// Reads the answer to a query, of whatever HTTP status.
///
/// # Errors
/// What it refuses, or why it is no answer of Prometheus.
pub fn read(status: u16, body: &[u8]) -> Result<Answer, Refused> {
    let (data, warnings) = whole::<Data>(status, body)?;
    let value = match data {
        Data::Scalar((_, value)) => Value::Scalar(number(&value)?),
        Data::String((_, text)) => Value::Text(text),
        Data::Vector(all) => Value::Vector(all.into_iter().map(instant).collect::<Result<_, _>>()?),
        Data::Matrix(all) => Value::Matrix(all.into_iter().map(range).collect::<Result<_, _>>()?),
    };
    Ok(Answer { value, warnings: warnings.iter().map(|said| short(said)).collect() })
}

/// Reads the answer of `/api/v1/status/buildinfo`: its version, and what it is where it says so.
///
/// # Errors
/// As of any answer.
pub fn read_version(status: u16, body: &[u8]) -> Result<(String, Option<Kind>), Refused> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Build {
        version: String,
        application: String,
    }
    let Build { version, application } = whole::<Build>(status, body)?.0;
    Ok((short(&version), application.contains("Mimir").then_some(Kind::Mimir)))
}

/// What gave this answer to a query, where its form tells: VictoriaMetrics says how many series it read, and Thanos has a place for what it
/// analysed, which is empty where nobody asked.
pub fn kind_of(body: &[u8]) -> Option<Kind> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Told {
        stats: Stats,
        data: Analysed,
    }
    #[derive(Deserialize, Default)]
    #[serde(default, rename_all = "camelCase")]
    struct Stats {
        series_fetched: Option<IgnoredAny>,
    }
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Analysed {
        analysis: Option<IgnoredAny>,
    }
    let Told { stats, data } = serde_json::from_slice(body).ok()?;
    let thanos = data.analysis.map(|_| Kind::Thanos);
    stats.series_fetched.map(|_| Kind::VictoriaMetrics).or(thanos)
}

fn whole<T: DeserializeOwned>(status: u16, body: &[u8]) -> Result<(T, Vec<String>), Refused> {
    let is_success = (200..300).contains(&status);
    let read: Body<T> = serde_json::from_slice(body).map_err(|error| match is_success {
        true => Refused::Alien(short(&error.to_string())),
        false => Refused::Status { status, said: short(&String::from_utf8_lossy(body)) },
    })?;
    match read.data {
        Some(data) if read.status == "success" && is_success => {
            let partial = read.is_partial.then(|| "a part of its storage did not answer".to_owned());
            Ok((data, read.warnings.into_iter().flatten().chain(partial).collect()))
        }
        _ if read.status == "error" => Err(Refused::Query { kind: short(&read.kind), said: short(&read.error) }),
        _ => Err(Refused::Alien(format!("its status is “{}”", short(&read.status)))),
    }
}

fn instant(read: Instant) -> Result<Sample, Refused> {
    let value = match (&read.value, read.histogram) {
        (Some((_, value)), _) => Some(number(value)?),
        (None, Some(_)) => None,
        (None, None) => return Err(Refused::Alien("a series has no value".into())),
    };
    Ok(Sample { labels: read.metric, value })
}

fn range(read: Range) -> Result<Line, Refused> {
    let mut points = Vec::with_capacity(read.values.len());
    for (at, value) in &read.values {
        if points.last().is_some_and(|(before, _)| before >= at) {
            return Err(Refused::Alien("its times do not ascend".into()));
        }
        points.push((*at, number(value)?));
    }
    Ok(Line { labels: read.metric, points })
}

/// Numbers are texts, for JSON has neither NaN nor infinity.
fn number(text: &str) -> Result<f64, Refused> {
    match text {
        "NaN" => Ok(f64::NAN),
        "+Inf" | "Inf" => Ok(f64::INFINITY),
        "-Inf" => Ok(f64::NEG_INFINITY),
        text => {
            let read = text.parse().ok().filter(|value: &f64| value.is_finite());
            read.ok_or_else(|| Refused::Alien(format!("“{}” is no number", short(text))))
        }
    }
}

fn short(text: &str) -> String {
    text.trim().chars().take(SAID).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What a genuine Prometheus 2.42 answered: a line each with the query, the status and the body.
    const RECORDED: &str = include_str!("recorded.jsonl");

    #[derive(Deserialize)]
    struct Recorded {
        query: String,
        status: u16,
        body: String,
    }

    fn recorded() -> Vec<Recorded> {
        RECORDED.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    fn answer(query: &str) -> Result<Answer, Refused> {
        let all = recorded();
        let found = all.iter().find(|one| one.query == query).unwrap_or_else(|| panic!("{query} is not recorded"));
        read(found.status, found.body.as_bytes())
    }

    #[test]
    fn what_a_genuine_one_answers() {
        for (query, expected) in [
            ("1", Ok(1.0)),
            ("count(up)", Ok(4.0)),
            ("odd_nan", Err(NoNumber::NotANumber)),
            ("odd_inf", Err(NoNumber::Infinite)),
            ("nothing", Err(NoNumber::Nothing)),
            ("up", Err(NoNumber::Several(4))),
            ("\"x\"", Err(NoNumber::Other("a text"))),
            ("up[6s]", Err(NoNumber::Other("values over time"))),
            // It had a sample once and is no longer exposed: it is gone, and not what it was.
            ("went_away", Err(NoNumber::Nothing)),
        ] {
            assert_eq!(answer(query).unwrap().number(), expected, "{query}");
        }
        let Value::Vector(odd) = answer("odd_text").unwrap().value else { panic!("no vector") };
        assert_eq!(odd[0].labels["t"], "a\"b\\c\nd 日本");
    }

    #[test]
    fn errors_in_its_own_words() {
        for (query, kind, said) in [
            ("sum((", "bad_data", "parse error: unclosed left parenthesis"),
            ("up * on() up", "execution", "many-to-many matching not allowed"),
            ("up @ 11001 points", "bad_data", "exceeded maximum resolution of 11,000 points"),
        ] {
            let Err(Refused::Query { kind: found, said: words }) = answer(query) else { panic!("{query}") };
            assert!(found == kind && words.contains(said), "{query}: {found}: {words}");
        }
        assert_eq!(answer("/nothing"), Err(Refused::Status { status: 404, said: "404 page not found".into() }));
    }

    #[test]
    fn what_is_no_answer_of_it() {
        for (status, body) in [
            (200, "<html>sign in</html>"),
            (200, "{}"),
            (200, r#"{"status":"success"}"#),
            (200, r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{}}]}}"#),
            (200, r#"{"status":"success","data":{"resultType":"scalar","result":[1,"0x10"]}}"#),
            (200, r#"{"status":"success","data":{"resultType":"scalar","result":[1,"infinity"]}}"#),
            (
                200,
                r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[2,"1"],[1,"1"]]}]}}"#,
            ),
        ] {
            assert!(matches!(read(status, body.as_bytes()), Err(Refused::Alien(_))), "{body}");
        }
        assert!(matches!(read(302, b""), Err(Refused::Status { status: 302, .. })));
        // An answer that comes with an error's status is none.
        assert!(read(500, br#"{"status":"success","data":{"resultType":"scalar","result":[1,"1"]}}"#).is_err());
        let histogram =
            r#"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{}]}]}}"#;
        assert_eq!(read(200, histogram.as_bytes()).unwrap().number(), Err(NoNumber::Other("a histogram")));
    }

    proptest! {
        #[test]
        fn no_bytes_break_it(status in 100..600u16, bytes in prop::collection::vec(any::<u8>(), 0..200), at in any::<prop::sample::Index>(), with in any::<u8>()) {
            let _ = read(status, &bytes);
            let all = recorded();
            let one = &all[at.index(all.len())];
            let mut body = one.body.clone().into_bytes();
            let place = at.index(body.len());
            body[place] = with;
            let _ = read(one.status, &body);
            let _ = read(one.status, &body[..place]);
        }

        #[test]
        fn a_number_is_read_as_it_was_written(value in any::<f64>()) {
            let text = match value { v if v.is_nan() => "NaN".to_owned(), v if v.is_infinite() => if v > 0.0 { "+Inf".into() } else { "-Inf".into() }, v => v.to_string() };
            let body = format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{{"metric":{{"a":"b"}},"value":[1.5,"{text}"]}}]}}}}"#);
            let Value::Vector(read) = read(200, body.as_bytes()).unwrap().value else { panic!("no vector") };
            let read = read[0].value.unwrap();
            prop_assert!(read == value || (read.is_nan() && value.is_nan()), "{} {}", read, value);
        }
    }
}
