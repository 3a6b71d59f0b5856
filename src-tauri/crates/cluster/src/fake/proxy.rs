//! A proxy on loopback that leads to one place, whatever name it is asked for: whoever comes through cannot have resolved
//! the name by itself.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What it speaks.
#[derive(Clone, Copy)]
pub(crate) enum Speaks {
    /// HTTP CONNECT.
    Connect,
    /// HTTP, and lets nobody through without a password.
    Closed,
    /// SOCKS 5 without authentication.
    Socks5,
}

/// A running proxy.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    /// What it was asked for: the heads of CONNECT requests, the names of SOCKS 5.
    pub(crate) asked: Arc<Mutex<Vec<String>>>,
}

impl Proxy {
    /// Leads to this port on loopback.
    pub(crate) async fn start(speaks: Speaks, to: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let heard = asked.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let heard = heard.clone();
                // An error here is a client that went away.
                tokio::spawn(async move { drop(serve(client, speaks, to, &heard).await) });
            }
        });
        Self { port, asked }
    }
}

async fn serve(mut client: TcpStream, speaks: Speaks, to: u16, heard: &Mutex<Vec<String>>) -> std::io::Result<()> {
    match speaks {
        Speaks::Socks5 => {
            let name = greet(&mut client).await?;
            heard.lock().unwrap().push(name);
            client.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await?;
        }
        Speaks::Connect | Speaks::Closed => {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(client.read_u8().await?);
            }
            heard.lock().unwrap().push(String::from_utf8(head).unwrap());
            if matches!(speaks, Speaks::Closed) {
                return client.write_all(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n").await;
            }
            client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n").await?;
        }
    }
    let mut server = TcpStream::connect(("127.0.0.1", to)).await?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await.map(drop)
}

/// RFC 1928: the methods, then the name that is asked for.
async fn greet(client: &mut TcpStream) -> std::io::Result<String> {
    let mut methods = vec![
        0;
        usize::from({
            client.read_u8().await?;
            client.read_u8().await?
        })
    ];
    client.read_exact(&mut methods).await?;
    client.write_all(&[5, 0]).await?;
    let mut request = [0; 5];
    client.read_exact(&mut request).await?;
    assert_eq!((request[1], request[3]), (1, 3), "CONNECT to a name");
    let mut name = vec![0; usize::from(request[4]) + 2];
    client.read_exact(&mut name).await?;
    name.truncate(name.len() - 2);
    Ok(String::from_utf8(name).unwrap())
}
