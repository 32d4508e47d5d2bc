//! The way to the web that the person set, with a proxy that notes what it is asked.

use std::time::Duration;

use poolwright::{
    digitalocean::client::Client,
    domain::{
        proxy::{Address, Proxy},
        secret::Secret,
        timing::Timing,
    },
    health::Health,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
    sync::mpsc,
};

const TOKEN: &str = "dop_v1_canary_of_the_proxy";

/// Answers everything alike. What it was asked arrives at the receiver, head by head.
async fn proxy(answer: &'static str) -> (Proxy, mpsc::Receiver<String>) {
    poolwright::safety::one_tls_provider();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = Address::parse(&listener.local_addr().unwrap().to_string()).unwrap();
    let (tell, asked) = mpsc::channel(16);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = Vec::new();
            while !head.windows(4).any(|end| end == b"\r\n\r\n") {
                if stream.read_buf(&mut head).await.unwrap_or(0) == 0 {
                    break;
                }
            }
            tell.send(String::from_utf8_lossy(&head).into_owned()).await.ok();
            stream.write_all(answer.as_bytes()).await.ok();
        }
    });
    (Proxy::At(address), asked)
}

fn client(base: &str, proxy: &Proxy) -> Client {
    Client::new(base, proxy, &Secret::new(TOKEN), &Timing::default(), mpsc::channel(9).0).unwrap()
}

#[tokio::test]
async fn the_account_is_asked_over_the_proxy_which_never_sees_the_token() {
    let (proxy, mut asked) =
        proxy("HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n").await;
    let error = client("https://api.digitalocean.com", &proxy).owner().await.unwrap_err();
    let head = asked.recv().await.unwrap();
    assert!(head.starts_with("CONNECT api.digitalocean.com:443 HTTP/1.1"), "{head}");
    assert!(!head.contains(TOKEN), "the token is for the account alone");
    let told = format!("{:?}", error.failure);
    assert!(told.contains("Proxy"), "{told}");
}

#[tokio::test]
async fn what_is_on_this_computer_is_asked_without_the_proxy() {
    let (proxy, mut asked) = proxy("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    client(&format!("http://{nobody}"), &proxy).owner().await.unwrap_err();
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("http://{host}:{}/", nobody.port());
        let health = Health::new(&url, &proxy, Duration::from_secs(2)).unwrap();
        assert_eq!(health.ask().await.status, None, "{host}");
    }
    asked.try_recv().unwrap_err();
}

#[tokio::test]
async fn the_apps_health_address_is_asked_over_the_proxy() {
    let (proxy, mut asked) = proxy("HTTP/1.1 204 No Content\r\n\r\n").await;
    let url = "http://shop.example/health";
    let health = Health::new(url, &proxy, Duration::from_secs(5)).unwrap();
    assert_eq!(health.ask().await.status, Some(204));
    assert!(asked.recv().await.unwrap().starts_with("GET http://shop.example/health HTTP/1.1"));
}
