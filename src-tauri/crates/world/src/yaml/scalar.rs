//! What a scalar means to kubectl, and how to write one that means the same to every reader.
//! Upstream of the reading rules: kubernetes-sigs/yaml goyaml.v2/resolve.go, checked against kubectl 1.33.

use serde_json::{Number, Value};

use crate::Said;

/// Why a scalar means nothing that Kubernetes could take.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Meaningless {
    #[error("{0} is no number that Kubernetes can hold")]
    NotFinite(String),
    #[error("{text:?} is not a value for !!{tag}")]
    NotOfTag { tag: String, text: String },
    #[error("!!binary is not read: write the text itself, or base64 in a Secret's data")]
    Binary,
}

impl Meaningless {
    /// In both languages.
    pub(super) fn said(&self) -> Said {
        let zh = match self {
            Self::NotFinite(text) => format!("{text} 不是 Kubernetes 能保存的数字"),
            Self::NotOfTag { tag, text } => format!("{text:?} 不是 !!{tag} 的值"),
            Self::Binary => "不读取 !!binary：请直接写文本，或在 Secret 的 data 中写 base64".to_owned(),
        };
        Said::new(self.to_string(), zh)
    }
}

/// Meaning of a plain scalar.
pub(super) fn resolve(text: &str) -> Result<Value, Meaningless> {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => return Ok(Value::Null),
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => return Ok(true.into()),
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Ok(false.into());
        }
        ".nan" | ".NaN" | ".NAN" | ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" | "-.inf" | "-.Inf"
        | "-.INF" => return Err(Meaningless::NotFinite(text.into())),
        _ => {}
    }
    Ok(number(text).unwrap_or_else(|| text.into()))
}

/// Meaning of a scalar with a tag of YAML's own (`!!str`, `!!int` …).
pub(super) fn resolve_tagged(tag: &str, text: &str) -> Result<Value, Meaningless> {
    let wrong = || Meaningless::NotOfTag { tag: tag.into(), text: text.chars().take(80).collect() };
    match tag {
        "str" => Ok(text.into()),
        "null" => resolve(text)?.is_null().then_some(Value::Null).ok_or_else(wrong),
        "bool" => Some(resolve(text)?).filter(Value::is_boolean).ok_or_else(wrong),
        "int" => number(text).filter(|v| !v.is_f64()).ok_or_else(wrong),
        "float" => number(text).ok_or_else(wrong),
        "binary" => Err(Meaningless::Binary),
        _ => Ok(text.into()),
    }
}

fn number(text: &str) -> Option<Value> {
    let first = text.bytes().next()?;
    if !(first.is_ascii_digit() || matches!(first, b'+' | b'-' | b'.')) {
        return None;
    }
    let plain = text.replace('_', "");
    integer(&plain).or_else(|| float(&plain))
}

fn integer(text: &str) -> Option<Value> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let prefixed = |prefix: [&str; 2]| prefix.iter().find_map(|p| digits.strip_prefix(p));
    let (digits, radix) = if let Some(digits) = prefixed(["0x", "0X"]) {
        (digits, 16)
    } else if let Some(digits) = prefixed(["0b", "0B"]) {
        (digits, 2)
    } else if let Some(digits) = prefixed(["0o", "0O"]) {
        (digits, 8)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (&digits[1..], 8)
    } else {
        (digits, 10)
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative { 0i64.checked_sub_unsigned(magnitude).map(Value::from) } else { Some(magnitude.into()) }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`; what overflows stays text, as in Go.
fn float(text: &str) -> Option<Value> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).map_or((unsigned, "0"), |(m, e)| (m, e));
    let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let shaped = digits(whole)
        && digits(fraction)
        && digits(exponent)
        && !exponent.is_empty()
        && !(whole.is_empty() && fraction.is_empty());
    if !shaped {
        return None;
    }
    text.parse::<f64>().ok().filter(|f| f.is_finite()).map(from_float)
}

/// Go writes a float without a fraction as an integer, so JSON has one.
fn from_float(float: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "checked to be whole and below 2^53")]
    if float.fract() == 0.0 && float.abs() <= EXACT {
        return Value::from(float as i64);
    }
    Number::from_f64(float).map_or(Value::Null, Value::Number)
}

/// The value with every whole float as an integer, as it is after writing and reading.
pub(super) fn normalised(value: &Value) -> Value {
    match value {
        Value::Number(n) if n.is_f64() => n.as_f64().map_or(Value::Null, from_float),
        Value::Array(items) => items.iter().map(normalised).collect(),
        Value::Object(map) => map.iter().map(|(k, v)| (k.clone(), normalised(v))).collect(),
        other => other.clone(),
    }
}

/// How a string is written where there is a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    /// None where that is safe.
    Plain,
    Single,
    Double,
}

/// A scalar on one line. `flow` forbids what brackets and commas would end.
pub(super) fn scalar(value: &Value, quotes: Quotes, flow: bool) -> String {
    match value {
        Value::String(text) => string(text, quotes, flow),
        other => other.to_string(),
    }
}

/// A string on one line, quoted where any reader would take it for something else.
pub(super) fn string(text: &str, quotes: Quotes, flow: bool) -> String {
    let single = || format!("'{}'", text.replace('\'', "''"));
    if text.chars().any(needs_escape) {
        return double(text);
    }
    match quotes {
        Quotes::Plain if plain_is_safe(text, flow) => text.to_owned(),
        Quotes::Plain if text.contains(['"', '\\']) => single(),
        Quotes::Single => single(),
        Quotes::Plain | Quotes::Double => double(text),
    }
}

fn double(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if needs_escape(c) => match u32::from(c) {
                code @ ..=0xFFFF => out.push_str(&format!("\\u{code:04X}")),
                code => out.push_str(&format!("\\U{code:08X}")),
            },
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Control characters, line separators, and marks that turn or hide text on a screen.
fn needs_escape(c: char) -> bool {
    matches!(c, '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{fff0}'..='\u{ffff}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

fn plain_is_safe(text: &str, flow: bool) -> bool {
    let Some(first) = text.chars().next() else { return false };
    let indicator = "-?:,[]{}#&*!|>'\"%@`=<~".contains(first);
    let blank = text.starts_with(' ') || text.ends_with(' ');
    let marks = text.contains(": ") || text.contains(" #") || text.ends_with(':');
    let flow_marks = flow && text.contains([',', '[', ']', '{', '}', ':']);
    !indicator && !blank && !marks && !flow_marks && !text.starts_with("...") && means_itself(text)
}

/// No YAML 1.1 or 1.2 reader takes it for a number, a boolean, a null or a date.
fn means_itself(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none", ".nan", ".inf", "+.inf", "-.inf",
        "nan", "inf",
    ];
    let word = WORDS.iter().any(|w| text.eq_ignore_ascii_case(w));
    !word && resolve(text).is_ok_and(|v| v.is_string()) && !like_number(text) && !like_date(text)
}

/// Also what only some readers take for a number: `0o8`, `1e400`, `1:30`, `1_`.
fn like_number(text: &str) -> bool {
    let digits = text.trim_start_matches(['+', '-', '.']);
    if !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return false;
    }
    let sexagesimal = digits.contains(':') && digits.bytes().all(|b| b.is_ascii_digit() || b":._".contains(&b));
    let prefixed = ["0x", "0o", "0b"].iter().any(|p| digits.get(..2).is_some_and(|d| d.eq_ignore_ascii_case(p)));
    let decimal = digits.bytes().all(|b| b.is_ascii_digit() || b"_eE+-".contains(&b))
        || digits.bytes().filter(|&b| b == b'.').count() == 1
            && digits.bytes().all(|b| b.is_ascii_digit() || b"._eE+-".contains(&b));
    sexagesimal || prefixed || decimal
}

/// `2024-01-01`, with or without a time.
fn like_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let number = |part: Option<&str>| part.is_some_and(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
    text.as_bytes().get(4) == Some(&b'-')
        && number(parts.next())
        && number(parts.next())
        && parts.next().is_some_and(|p| p.starts_with(|c: char| c.is_ascii_digit()))
}

/// A text of several lines as a literal block: its header and its lines without indentation. `None` where a block
/// would not give it back exactly.
pub(super) fn literal(text: &str) -> Option<(&'static str, std::str::Lines<'_>)> {
    let fits = text.trim_end_matches('\n').contains('\n') || text.ends_with('\n') && text.len() > 1;
    // `|+` would take the blank lines behind it as its own.
    let fits = fits && !text.ends_with("\n\n");
    let odd = text.starts_with([' ', '\n', '\t']) || text.chars().any(|c| c != '\n' && c != '\t' && needs_escape(c));
    let blank_tail = text.lines().any(|line| !line.is_empty() && line.trim_matches([' ', '\t']).is_empty());
    if !fits || odd || blank_tail {
        return None;
    }
    let header = if text.ends_with('\n') { "|" } else { "|-" };
    Some((header, text.lines()))
}
