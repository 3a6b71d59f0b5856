//! How far back a query of Prometheus reads: what is older than a step tells nothing of it.
//!
//! Read from the text alone, and never too little: ranges, subqueries and offsets of a part add up where one may stand within the other.
//! No parser of PromQL does this (promql-parser 0.11 was looked at): it refuses what VictoriaMetrics takes besides, such as a `rate` without a range,
//! and an unread query is a gate that never tells anything.
//! Upstream: prometheus/prometheus docs/querying/basics.md, "Time series selectors", "Offset modifier" and "Subquery".

use std::iter::Peekable;
use std::str::Chars;
use std::time::Duration;

/// How far back this query reads.
///
/// # Errors
/// Why it cannot be told: a range is no duration, or a time is fixed (`@`).
pub(crate) fn reach(query: &str) -> Result<Duration, &'static str> {
    let mut rest = query.chars().peekable();
    // The furthest of each part that is open, the outermost first.
    let mut parts = vec![Duration::ZERO];
    while let Some(next) = rest.next() {
        let further = match next {
            '"' | '\'' | '`' => skip_text(&mut rest, next),
            '#' => rest.by_ref().find(|c| *c == '\n').map(|_| Duration::ZERO).unwrap_or_default(),
            '{' => skip_matchers(&mut rest),
            '(' => {
                parts.push(Duration::ZERO);
                continue;
            }
            ')' => {
                let inner = if parts.len() > 1 { parts.pop().unwrap_or_default() } else { Duration::ZERO };
                if let Some(part) = parts.last_mut() {
                    *part = inner.max(*part);
                }
                continue;
            }
            '[' => range(&mut rest)?,
            '@' => fixed(&mut rest)?,
            c if c.is_ascii_alphabetic() || c == '_' => {
                let word = word(&mut rest, c);
                if word.eq_ignore_ascii_case("offset") { offset(&mut rest)? } else { Duration::ZERO }
            }
            _ => Duration::ZERO,
        };
        if let Some(part) = parts.last_mut() {
            *part = part.saturating_add(further);
        }
    }
    Ok(parts.into_iter().max().unwrap_or_default())
}

type Rest<'a> = Peekable<Chars<'a>>;

fn skip_text(rest: &mut Rest<'_>, end: char) -> Duration {
    while let Some(next) = rest.next() {
        if next == '\\' && end != '`' {
            rest.next();
        } else if next == end {
            break;
        }
    }
    Duration::ZERO
}

/// What stands in braces says of what, and nothing of when.
fn skip_matchers(rest: &mut Rest<'_>) -> Duration {
    while let Some(next) = rest.next() {
        match next {
            '}' => break,
            '"' | '\'' | '`' => drop(skip_text(rest, next)),
            _ => {}
        }
    }
    Duration::ZERO
}

fn word(rest: &mut Rest<'_>, first: char) -> String {
    let mut word = String::from(first);
    while let Some(next) = rest.next_if(|c| c.is_ascii_alphanumeric() || "_:".contains(*c)) {
        word.push(next);
    }
    word
}

/// `[5m]`, `[1h:]`, `[1h:30s]`, behind the bracket.
fn range(rest: &mut Rest<'_>) -> Result<Duration, &'static str> {
    let inside: String = rest.by_ref().take_while(|c| *c != ']').collect();
    length(inside.split(':').next().unwrap_or_default().trim())
}

fn skip_space(rest: &mut Rest<'_>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

/// Behind the word `offset`, which may be a label's name as well.
fn offset(rest: &mut Rest<'_>) -> Result<Duration, &'static str> {
    skip_space(rest);
    // Forward in time there is nothing yet.
    let forward = rest.next_if_eq(&'-').is_some();
    skip_space(rest);
    if !forward && rest.peek().is_none_or(|next| ",)".contains(*next)) {
        return Ok(Duration::ZERO);
    }
    let mut text = String::new();
    while let Some(next) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '.') {
        text.push(next);
    }
    let length = length(&text)?;
    Ok(if forward { Duration::ZERO } else { length })
}

/// Behind an `@`: of a query at one time both ends are now.
fn fixed(rest: &mut Rest<'_>) -> Result<Duration, &'static str> {
    skip_space(rest);
    let Some(first) = rest.next_if(char::is_ascii_alphabetic) else {
        return Err("it asks about a fixed time (@), which tells nothing of a step");
    };
    match &*word(rest, first) {
        "start" | "end" => Ok(Duration::ZERO),
        _ => Err("what stands behind its @ is not known"),
    }
}

/// `1h30m`, or seconds. Upstream: prometheus/common model/time.go, `ParseDuration`.
fn length(text: &str) -> Result<Duration, &'static str> {
    const UNREAD: &str = "how far back it looks cannot be told: a range is no duration";
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).map_err(|_| UNREAD);
    }
    let mut sum = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).ok_or(UNREAD)?;
        let (number, after) = rest.split_at(digits);
        let unit = after.find(|c: char| c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at(unit);
        let millis: u64 = match unit {
            "ms" => 1,
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            "w" => 604_800_000,
            "y" => 31_536_000_000,
            _ => return Err(UNREAD),
        };
        let number: u64 = number.parse().map_err(|_| UNREAD)?;
        sum = sum.saturating_add(Duration::from_millis(number.saturating_mul(millis)));
        rest = after;
    }
    if text.is_empty() { Err(UNREAD) } else { Ok(sum) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_subqueries_and_offsets() {
        for (query, seconds) in [
            ("up", 0),
            ("sum(rate(x{a=\"[9h]\", b='offset 9h'}[5m]))", 300),
            ("rate(a[5m]) / rate(b[10m])", 600),
            ("rate(a[5m] offset 1m) / rate(b[5m] OFFSET 1m)", 360),
            ("max_over_time(rate(x[5m])[1h:1m])", 3900),
            ("max_over_time(sum(rate(x[5m])) by (a)[1h:])", 3900),
            ("max_over_time((a + rate(x[5m]))[1h:] offset 1d)", 90300),
            ("x[1h30m5s500ms]", 5405),
            ("rate(x[300])", 300),
            ("rate(x[ 5m ]) # [9h]\n", 300),
            ("x offset -5m", 0),
            ("rate(x[5m] offset -1m)", 300),
            ("sum by (offset) (x)", 0),
            ("sum by (offset, a) (rate(x[1m]))", 60),
            ("x @ end()", 0),
            ("label_replace(x[2w], `a\\`, \"\\\"[9w]\", '', '')", 1_209_600),
            (")))x[1m]", 60),
            ("((((rate(x[1m]", 60),
        ] {
            assert_eq!(reach(query).map(|found| found.as_secs()), Ok(seconds), "{query}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for query in ["x[]", "x[5]m[a]", "x[5m*2]", "x offset 5x", "x @ 1609746000", "x @ now()", "x[", "x offset (5m)"]
        {
            assert!(reach(query).is_err(), "{query}: {:?}", reach(query));
        }
    }
}
