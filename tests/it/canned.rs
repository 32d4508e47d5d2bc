//! A server that answers each path with bytes given beforehand: what no account would say, but a network may.

use std::{future::Future, sync::Arc};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

pub struct Canned {
    pub base: String,
    server: JoinHandle<()>,
}

impl Canned {
    /// `answer` gets the path with its query and the whole head of the request.
    pub async fn serve(answer: impl Fn(&str, &str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        let answer = Arc::new(answer);
        Self::with(move |mut stream| {
            let answer = Arc::clone(&answer);
            async move {
                let head = head(&mut stream).await;
                let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
                stream.write_all(&answer(&path, &head)).await.ok();
                stream.shutdown().await.ok();
            }
        })
        .await
    }

    /// `talk` has each connection to itself.
    pub async fn with<F>(talk: impl Fn(TcpStream) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(talk(stream));
            }
        });
        Self { base, server }
    }
}

impl Drop for Canned {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Reads up to the empty line.
pub async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => break,
            Ok(read) => head.extend_from_slice(&part[..read]),
        }
    }
    String::from_utf8_lossy(&head).into_owned()
}

pub fn json(body: &str) -> Vec<u8> {
    answer("200 OK", "application/json", body)
}

pub fn answer(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
    .into_bytes()
}
