//! The cluster's API by a `kubectl proxy` that runs as long as the recorder: an object is put and taken away without a process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Child;
use std::time::Duration;

use serde_json::Value;

use crate::Outcome;
use crate::kubectl;

/// The API server, through the proxy.
pub struct Server {
    proxy: Child,
    address: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Server {
    /// Starts the proxy on a port of its choice.
    pub fn start() -> Outcome<Self> {
        let mut proxy = kubectl::command(&["proxy", "--port=0"])?.spawn()?;
        let mut line = String::new();
        BufReader::new(proxy.stdout.take().ok_or("kubectl proxy says nothing")?).read_line(&mut line)?;
        let address = line.trim().rsplit(' ').next().unwrap_or_default().to_owned();
        Ok(Self { proxy, address })
    }

    /// Creates an object; the answer is the object, or why it was refused.
    pub fn create(&self, body: &Value) -> Outcome<Result<Value, String>> {
        self.send("POST", &collection(body), Some(body))
    }

    /// Deletes an object.
    pub fn delete(&self, body: &Value) -> Outcome<()> {
        let name = body["metadata"]["name"].as_str().unwrap_or_default();
        self.send("DELETE", &format!("{}/{name}", collection(body)), None)??;
        Ok(())
    }

    fn send(&self, method: &str, path: &str, body: Option<&Value>) -> Outcome<Result<Value, String>> {
        let body = body.map(Value::to_string).unwrap_or_default();
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("the API server gave no answer")?;
        let good = head.split_whitespace().nth(1).is_some_and(|status| status.starts_with('2'));
        let answer: Value = serde_json::from_str(body)?;
        Ok(if good { Ok(answer) } else { Err(answer["message"].as_str().unwrap_or(body).to_owned()) })
    }
}

/// Where objects like this one lie: `/apis/GROUP/VERSION/namespaces/NAMESPACE/PLURAL`.
fn collection(body: &Value) -> String {
    let version = body["apiVersion"].as_str().unwrap_or_default();
    let root = if version.contains('/') { "apis" } else { "api" };
    let namespace = body["metadata"]["namespace"].as_str().unwrap_or_default();
    let kind = body["kind"].as_str().unwrap_or_default().to_ascii_lowercase();
    let plural = match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o']) => format!("{stem}ies"),
        _ => format!("{kind}s"),
    };
    format!("/{root}/{version}/namespaces/{namespace}/{plural}")
}
