//! This computer's public address: two services that agree, and everything else they may say.

use std::time::Duration;

use poolwright::{
    address::{self, AddressError},
    domain::timing::Timing,
    safety,
};

use crate::canned::{self, Canned};

async fn ask(first: &str, second: &str) -> Result<std::net::Ipv4Addr, AddressError> {
    safety::one_tls_provider();
    let (first, second) = (first.to_owned(), second.to_owned());
    let canned = Canned::serve(move |path, head| {
        assert!(!head.to_lowercase().contains("authorization"), "a service needs no token");
        let body = if path == "/a" { &first } else { &second };
        canned::answer("200 OK", "text/plain", body)
    })
    .await;
    let services = ["a", "b"].map(|path| format!("{}/{path}", canned.base));
    address::public(&services, &Timing::default()).await
}

#[tokio::test]
async fn two_services_that_agree_tell_the_address() {
    assert_eq!(ask("203.0.113.7\n", " 203.0.113.7 ").await.unwrap().to_string(), "203.0.113.7");
}

#[tokio::test]
async fn anything_else_is_no_address() {
    let here = "203.0.113.7";
    let long = format!("{here}{}", " ".repeat(300));
    for (other, expected) in [
        ("198.51.100.4", "the services do not agree: 203.0.113.7 and 198.51.100.4"),
        ("<html>203.0.113.7</html>", "no address in the answer of"),
        ("", "no address in the answer of"),
        (long.as_str(), "no address in the answer of"),
        ("2001:db8::7", "this network has only IPv6"),
        ("10.0.0.7", "10.0.0.7 is no public address"),
        ("100.64.0.7", "100.64.0.7 is no public address"),
    ] {
        let said = ask(here, other).await.unwrap_err().to_string();
        assert!(said.starts_with(expected), "{other}: {said}");
    }
}

#[tokio::test]
async fn a_service_that_never_answers_is_not_waited_for_for_ever() {
    safety::one_tls_provider();
    let silent = Canned::with(|stream| async move {
        std::future::pending::<()>().await;
        drop(stream);
    })
    .await;
    let ms = Duration::from_millis;
    let timing = Timing { connect: ms(100), tls: ms(100), ..Timing::default() };
    let services = [silent.base.clone(), silent.base.clone()];
    let err = address::public(&services, &timing).await.unwrap_err();
    assert!(matches!(err, AddressError::Silent { .. }), "{err:?}");
}
