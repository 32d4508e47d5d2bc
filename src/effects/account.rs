//! The account's client for an effect, and what its errors are for a person.

use std::{error::Error, time::Duration};

use tokio::sync::mpsc;

use crate::{
    digitalocean::{
        client::{Client, ClientError},
        error::{ApiError, Failure, Reason, Refusal},
    },
    domain::{
        problem::{Fix, Problem},
        record::Exchange,
        secret::Secret,
    },
    effects::{Notes, World},
};

/// Where tokens are made.
const TOKENS: &str = "https://cloud.digitalocean.com/account/api/tokens";

pub(super) fn client(
    token: Option<&Secret>,
    world: &World,
    notes: &Notes,
) -> Result<Client, Problem> {
    match token {
        Some(token) => {
            client_for(token, world, notes.exchanges()).map(|client| client.within(notes.budget()))
        }
        None => Err(Problem::new(
            "no token",
            "Nobody is signed in.",
            "The account is asked with a token, and there is none.",
        )
        .hint("Sign in on step 1")),
    }
}

fn client_for(
    token: &Secret,
    world: &World,
    exchanges: mpsc::Sender<Exchange>,
) -> Result<Client, Problem> {
    Client::new(&world.api, &world.proxy, token, &world.timing, exchanges).map_err(|err| match &err
    {
        ClientError::Token => Problem::new(
            "token",
            "The token was not sent.",
            "It holds a character that no token has, such as a line break.",
        )
        .hint("Paste another token"),
        ClientError::Base(base) => Problem::new(
            "not encrypted",
            "The token was not sent.",
            format!("The address of the account, {base}, is not encrypted."),
        ),
        ClientError::Tls(_) => chain(
            Problem::new(
                "certificates",
                "No encrypted connection can be made from here.",
                "Most likely: this computer has no list of certificate authorities.",
            )
            .hint("Install the package ca-certificates"),
            &err,
        ),
    })
}

/// What the person is told.
pub(super) fn problem(err: &ApiError) -> Problem {
    let problem = match &err.failure {
        Failure::Refused(refusal) => refused(err, refusal),
        Failure::Unreachable { reason, .. } => unreachable(*reason),
        Failure::Silent(limit) => again(Problem::new(
            "time-out",
            format!("DigitalOcean did not answer within {}.", duration(*limit)),
            "",
        )),
        Failure::Broken(_) => again(Problem::new(
            "connection",
            "The connection to DigitalOcean broke.",
            "It ended before the whole answer was here.",
        )),
        Failure::Half(bytes) => again(Problem::new(
            "half an answer",
            "The answer of DigitalOcean broke off.",
            format!("It ended after {bytes} bytes, in the middle of a value."),
        )),
        Failure::Redirected(_) => somebody_else(
            "redirect",
            "It pointed to another address, which was not followed: the token goes to DigitalOcean alone.",
        ),
        Failure::NotJson { title: None } => somebody_else("not JSON", "The answer is not JSON."),
        Failure::NotJson { title: Some(title) } => {
            somebody_else("not JSON", &format!("The answer is not JSON; it says: “{title}”."))
        }
        Failure::Unexpected(_) => Problem::new(
            "unexpected answer",
            "DigitalOcean answered in another form than expected.",
            "A field is missing or of another type than the API's description says.",
        )
        .hint("Look for a newer version of Poolwright"),
        Failure::TooLarge(_) => Problem::new(
            "too large",
            "The answer of DigitalOcean was too large to be read.",
            "Nothing that a set-up asks for comes near that size.",
        )
        .fix("Try again", Fix::TryAgain)
        .hint("Report it, with the request of the history, if it stays"),
    };
    let mut problem = chain(problem, err);
    if let Failure::Refused(Refusal { request_id: Some(id), .. }) = &err.failure {
        problem = problem.detail(format!("request id {id}"));
    }
    if err.outcome_unknown() {
        let gap = if problem.why.is_empty() { "" } else { " " };
        problem.why.push_str(gap);
        problem.why.push_str("Whether it was done is not known.");
        problem = problem.outcome_unknown();
    }
    problem
}

fn refused(err: &ApiError, refusal: &Refusal) -> Problem {
    let operation = &err.operation;
    let code = format!("HTTP {}", refusal.status);
    let said = refusal.message.as_ref().map(|message| format!("DigitalOcean says: “{message}”."));
    let quoted = said.clone().unwrap_or_default();
    if refusal.message.as_ref().is_some_and(|said| said.to_lowercase().contains("maintenance")) {
        return again(Problem::new("maintenance", "The cluster is being maintained.", quoted))
            .hint("Wait until the maintenance is over");
    }
    // The API always names its refusals; a page without a name comes from something in between.
    let named = refusal.id.is_some();
    match refusal.status {
        401 if named => Problem::new(
            code,
            "DigitalOcean did not accept the token.",
            "It was deleted or has expired, or a character is missing.",
        )
        .hint("Paste another token")
        .fix("Create a token", Fix::Open(TOKENS.to_owned())),
        403 if named => Problem::new(
            code,
            format!("This token may not {operation}."),
            format!("That takes the scope {}. {quoted}", operation.scope()).trim_end(),
        )
        .fix(format!("Copy “{}”", operation.scope()), Fix::Copy(operation.scope().to_owned()))
        .fix("Create a token with this scope", Fix::Open(TOKENS.to_owned())),
        404 => Problem::new(
            code,
            format!("The {} was not found.", operation.thing()),
            "It was deleted, or it belongs to another team than the token.",
        )
        .fix("Try again", Fix::TryAgain)
        .hint("See on DigitalOcean's own page whether it is still there"),
        407 => unreachable(Reason::Proxy),
        401 | 403 => somebody_else(&code, &quoted.replace("DigitalOcean says", "The answer says")),
        429 => {
            let what = match refusal.wait {
                Some(wait) => format!("DigitalOcean asks us to wait {}.", duration(wait)),
                None => "DigitalOcean asks us to wait.".to_owned(),
            };
            again(Problem::new(
                code,
                what,
                "250 requests a minute or 5,000 an hour per token, shared with other programs that use it.",
            ))
        }
        500.. => again(Problem::new(
            code,
            format!("DigitalOcean was unable to {operation}."),
            said.unwrap_or_else(|| "It answered with an error of its own.".to_owned()),
        )),
        _ => again(Problem::new(code, format!("DigitalOcean refused to {operation}."), quoted))
            .hint("Change what DigitalOcean names; without a change it will refuse again"),
    }
}

fn unreachable(reason: Reason) -> Problem {
    let offline = |why: &str| {
        again(Problem::new("offline", "DigitalOcean cannot be reached.", why))
            .fix("Proxy settings", Fix::ProxySettings)
            .hint("Check this computer's network")
    };
    match reason {
        Reason::Name => offline("The name of its address was not found. Most likely: there is no network."),
        Reason::Refused => offline("The connection was refused. Most likely: a firewall stands in between."),
        Reason::Silent => offline("Its address did not answer. Most likely: no network, or a firewall drops the connection."),
        Reason::Network => offline("The connection could not be made."),
        Reason::Authority => again(
            Problem::new(
                "certificate",
                "DigitalOcean cannot be reached safely.",
                "The certificate that came is signed by an authority unknown to this computer. Most likely: a proxy of this network opens encrypted connections. The token was not sent.",
            )
            .hint("Add the proxy's authority to this computer's certificates, or use another network"),
        ),
        Reason::Certificate => again(
            Problem::new(
                "certificate",
                "DigitalOcean cannot be reached safely.",
                "The certificate that came was not accepted. Most likely: this computer's clock is wrong, or a proxy answered instead. The token was not sent.",
            )
            .hint("Check this computer's date and time"),
        ),
        Reason::Proxy => again(
            Problem::new(
                "proxy",
                "The proxy let nothing through to DigitalOcean.",
                "It refused the connection; it may ask for a sign-in of its own.",
            )
            .fix("Proxy settings", Fix::ProxySettings)
            .hint("Check the proxy that the variable HTTPS_PROXY or the system names"),
        ),
    }
}

fn somebody_else(code: &str, why: &str) -> Problem {
    let why = format!("{why} Most likely: a proxy or the sign-in page of this network.");
    again(Problem::new(code, "Something else than DigitalOcean's API answered.", why.trim_start()))
        .hint("Open a web page in the browser and see whether this network asks for something")
}

fn again(problem: Problem) -> Problem {
    problem.fix("Try again", Fix::TryAgain)
}

/// Each link of the chain on a line of its own.
pub(super) fn chain(mut problem: Problem, err: &dyn Error) -> Problem {
    let mut link = Some(err);
    while let Some(err) = link {
        problem = problem.detail(err.to_string());
        link = err.source();
    }
    problem
}

/// `38 s`, `2 min 14 s`, `1 h 5 min`.
fn duration(length: Duration) -> String {
    let secs = length.as_secs();
    match (secs / 3600, secs / 60 % 60, secs % 60) {
        (0, 0, 0) => format!("{} ms", length.as_millis()),
        (0, 0, secs) => format!("{secs} s"),
        (0, mins, 0) => format!("{mins} min"),
        (0, mins, secs) => format!("{mins} min {secs} s"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, mins, _) => format!("{hours} h {mins} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{cluster::ClusterId, operation::Operation, pool::PoolName};

    fn create() -> Operation {
        Operation::CreatePool(ClusterId("c1".to_owned()), PoolName::given("shop-pool"))
    }

    fn answered(operation: Operation, refusal: Refusal) -> Problem {
        problem(&ApiError { operation, failure: Failure::Refused(refusal) })
    }

    fn refusal(status: u16, id: &str, message: &str) -> Refusal {
        Refusal {
            status,
            id: Some(id.to_owned()),
            message: Some(message.to_owned()),
            request_id: Some("r1".to_owned()),
            wait: None,
        }
    }

    #[test]
    fn each_refusal_has_its_own_words() {
        let table = [
            (
                refusal(401, "unauthorized", "Unable to authenticate you."),
                "HTTP 401",
                "DigitalOcean did not accept the token.",
            ),
            (
                refusal(403, "forbidden", "You are missing a scope"),
                "HTTP 403",
                "This token may not create pool shop-pool.",
            ),
            (refusal(404, "not_found", ""), "HTTP 404", "The cluster was not found."),
            (
                refusal(422, "unprocessable_entity", "size too big"),
                "HTTP 422",
                "DigitalOcean refused to create pool shop-pool.",
            ),
            (
                refusal(500, "server_error", "Server Error"),
                "HTTP 500",
                "DigitalOcean was unable to create pool shop-pool.",
            ),
            (
                refusal(
                    412,
                    "precondition_failed",
                    "Cannot make changes while the service is undergoing maintenance",
                ),
                "maintenance",
                "The cluster is being maintained.",
            ),
        ];
        for (refusal, code, what) in table {
            let problem = answered(create(), refusal);
            assert_eq!((problem.code.as_str(), problem.what.as_str()), (code, what));
            assert_eq!(problem.detail.last().map(String::as_str), Some("request id r1"));
        }
    }

    #[test]
    fn a_missing_scope_is_named_and_can_be_copied() {
        let problem = answered(create(), refusal(403, "forbidden", "No."));
        assert_eq!(problem.why, "That takes the scope database:create. DigitalOcean says: “No.”.");
        let fixes: Vec<_> = problem.hints.iter().filter_map(|hint| hint.fix.clone()).collect();
        assert!(fixes.contains(&Fix::Copy("database:create".to_owned())));
    }

    #[test]
    fn a_refusal_that_is_not_the_apis_is_not_blamed_on_the_token() {
        let page =
            Refusal { status: 403, message: Some("Corp Proxy".to_owned()), ..Refusal::default() };
        let problem = answered(Operation::ListClusters, page);
        assert_eq!(problem.what, "Something else than DigitalOcean's API answered.");
        assert!(problem.why.starts_with("The answer says: “Corp Proxy”."), "{}", problem.why);
    }

    #[test]
    fn the_wait_is_said_in_units() {
        let wait = |secs| {
            let refusal = Refusal {
                wait: Some(Duration::from_secs(secs)),
                ..refusal(429, "too_many_requests", "x")
            };
            answered(Operation::ListClusters, refusal).what
        };
        assert_eq!(wait(38), "DigitalOcean asks us to wait 38 s.");
        assert_eq!(wait(134), "DigitalOcean asks us to wait 2 min 14 s.");
        assert_eq!(wait(3900), "DigitalOcean asks us to wait 1 h 5 min.");
    }

    #[test]
    fn only_a_change_whose_answer_was_lost_is_unknown() {
        let unknown =
            |operation, failure| problem(&ApiError { operation, failure }).outcome_unknown;
        assert!(unknown(create(), Failure::Half(3)));
        assert!(unknown(create(), Failure::Refused(refusal(503, "x", "x"))));
        assert!(!unknown(create(), Failure::Refused(refusal(422, "x", "x"))));
        assert!(!unknown(create(), Failure::Refused(refusal(429, "x", "x"))));
        assert!(!unknown(Operation::ListClusters, Failure::Half(3)));
    }
}
