//! Asks a gateway from outside the cluster: this machine sends to the address of the gateway's service.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::Ask;

/// Sends the requests of an ask to this address, each over a connection of its own, and gives the answers in the form in which meshapp
/// gives those that it fetches.
///
/// # Errors
/// Where the URL cannot be read, or `curl`, which speaks TLS here, cannot be run.
pub fn fetch(ask: &Ask, address: &str) -> Result<Vec<Value>, Box<dyn Error>> {
    (0..ask.times)
        .map(|_| {
            let started = Instant::now();
            let answer = if ask.url.starts_with("https:") { in_tls(ask, address)? } else { plainly(ask, address) };
            let ms = started.elapsed().as_millis();
            Ok(match answer {
                Ok(text) => read(&text, ms)?,
                Err(why) => json!({"error": why, "ms": ms}),
            })
        })
        .collect()
}

/// The answer as it comes, or why there is none.
fn plainly(ask: &Ask, address: &str) -> Result<String, String> {
    let rest = ask.url.strip_prefix("http://").unwrap_or(&ask.url);
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let host = ask.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("host")).map(|(_, value)| value.as_str());
    let mut text =
        format!("{} {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n", ask.method, host.unwrap_or(authority));
    for (name, value) in ask.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    let said = |error: std::io::Error| error.to_string();
    let mut stream = TcpStream::connect((address, port_of(&ask.url).unwrap_or(80))).map_err(said)?;
    stream.set_read_timeout(Some(Duration::from_secs(15))).map_err(said)?;
    stream.write_all(format!("{text}\r\n").as_bytes()).map_err(said)?;
    let answer = whole(&mut stream, ask.method == "HEAD").map_err(said)?;
    if answer.is_empty() { Err("the connection was closed".into()) } else { Ok(answer) }
}

/// An answer as far as it goes: a proxy that answers by itself keeps the connection open for a second after it.
fn whole(stream: &mut TcpStream, headless: bool) -> std::io::Result<String> {
    let (mut answer, mut part) = (Vec::new(), [0; 4096]);
    while !is_whole(&String::from_utf8_lossy(&answer), headless) {
        let read = stream.read(&mut part)?;
        answer.extend(part.iter().take(read));
        if read == 0 {
            break;
        }
    }
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn is_whole(answer: &str, headless: bool) -> bool {
    let Some((head, body)) = answer.split_once("\r\n\r\n") else { return false };
    let length = head.lines().filter_map(|line| line.split_once(':'));
    let length =
        length.filter(|(name, _)| name.eq_ignore_ascii_case("content-length")).find_map(|(_, n)| n.trim().parse().ok());
    headless || length.is_some_and(|length: usize| body.len() >= length)
}

/// What a server says of itself at a path.
///
/// # Errors
/// Where it cannot be asked.
pub fn get(address: &str, port: u16, path: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect((address, port))?;
    stream.set_read_timeout(Some(Duration::from_secs(15)))?;
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn in_tls(ask: &Ask, address: &str) -> std::io::Result<Result<String, String>> {
    let to = format!("::{address}:{}", port_of(&ask.url).unwrap_or(443));
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--show-error", "--insecure", "--include", "--http1.1", "--path-as-is", "--max-time", "15"]);
    curl.args(["--noproxy", "*", "--connect-to", &to]);
    // Asked for by its name alone, curl waits for a body that does not come.
    if ask.method == "HEAD" {
        curl.arg("--head")
    } else {
        curl.args(["--request", &ask.method])
    };
    for (name, value) in &ask.headers {
        // A header without a value is sent as `name;`.
        curl.args(["--header", &if value.is_empty() { format!("{name};") } else { format!("{name}: {value}") }]);
    }
    let out = curl.arg(&ask.url).output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    Ok(if out.status.success() { Ok(text(&out.stdout)) } else { Err(text(&out.stderr)) })
}

fn read(answer: &str, ms: u128) -> Result<Value, Box<dyn Error>> {
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((answer, ""));
    let status: u16 = head.split_whitespace().nth(1).unwrap_or_default().parse()?;
    let mut headers = serde_json::Map::new();
    for (name, value) in head.lines().filter_map(|line| line.split_once(':')) {
        let name = if name.eq_ignore_ascii_case("location") { "Location" } else { name };
        headers.insert(name.into(), json!([value.trim()]));
    }
    let body = serde_json::from_str(body).unwrap_or_else(|_| Value::String(body.to_owned()));
    Ok(json!({"status": status, "ms": ms, "body": body, "headers": headers}))
}

fn port_of(url: &str) -> Option<u16> {
    let authority = url.split_once("://")?.1.split(['/', '?']).next()?;
    authority.rsplit_once(':')?.1.parse().ok()
}

/// The address from which a pod sees this machine.
///
/// # Errors
/// Where nothing listens at the pod's port.
pub fn own_address(pod: &str, port: u16) -> std::io::Result<String> {
    Ok(TcpStream::connect((pod, port))?.local_addr()?.ip().to_string())
}
