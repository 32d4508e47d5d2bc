//! Every row of the catalogue: what is seen, and what is told about it.

use std::collections::BTreeSet;

use super::*;
use crate::domain::diagnosis::known::KnownPool;

const LIMIT: Duration = Duration::from_secs(5);

fn place(port: Port) -> Place<'static> {
    let (number, database) = match port {
        Port::Pooled => (25061, "shop-pool"),
        Port::Direct => (25060, "shop"),
    };
    Place { port, host: "db.example", number, user: "shop_app", database }
}

fn known() -> Known {
    Known {
        pools: vec![KnownPool {
            name: "shop-pool".to_owned(),
            database: "shop".to_owned(),
            user: Some("shop_app".to_owned()),
        }],
        databases: vec!["shop".to_owned(), "defaultdb".to_owned()],
        users: vec!["shop_app".to_owned(), "doadmin".to_owned()],
        pool_port: Some(25061),
        direct_port: Some(25060),
        public_host: Some("db.example".to_owned()),
        region: Some("fra1".to_owned()),
        tells_passwords: true,
        ..Known::default()
    }
}

/// As `PostgreSQL` says it, with a routine.
fn postgres(sqlstate: &str, message: &str) -> Symptom {
    said(sqlstate, message, Some("routine"))
}

/// As `PgBouncer` says it, also where it passes on what it heard at its own sign-in.
fn pgbouncer(sqlstate: &str, message: &str) -> Symptom {
    said(sqlstate, message, None)
}

fn said(sqlstate: &str, message: &str, routine: Option<&str>) -> Symptom {
    Symptom::Said(Said {
        severity: "FATAL".to_owned(),
        sqlstate: sqlstate.to_owned(),
        message: message.to_owned(),
        routine: routine.map(str::to_owned),
        ..Said::default()
    })
}

fn words(text: &str) -> String {
    text.to_owned()
}

/// Port, stage, what was seen; the code and the first sentence of what is told.
type Row = (Port, Stage, Symptom, &'static str, &'static str);

#[expect(clippy::too_many_lines, reason = "a table")]
fn before_a_server() -> Vec<Row> {
    use Port::{Direct, Pooled};
    vec![
        (
            Pooled,
            Stage::Name,
            Symptom::NameUnknown(words("no such host")),
            "DNS",
            "The name db.example cannot be found.",
        ),
        (
            Direct,
            Stage::Port,
            Symptom::Refused,
            "refused",
            "Port 25060 on db.example refused the connection.",
        ),
        (
            Pooled,
            Stage::Port,
            Symptom::DialSilent(LIMIT),
            "time-out",
            "No answer on port 25061 within 5 s.",
        ),
        (
            Pooled,
            Stage::Port,
            Symptom::Unreachable(words("no route to host")),
            "no route",
            "db.example cannot be reached on port 25061.",
        ),
        (
            Direct,
            Stage::Port,
            Symptom::NoNetwork(words("network is unreachable")),
            "no network",
            "From this network there is no way to db.example.",
        ),
        (
            Pooled,
            Stage::Encryption,
            Symptom::Mute(LIMIT),
            "silent",
            "Port 25061 took the connection and then said nothing for 5 s.",
        ),
        (
            Direct,
            Stage::Encryption,
            Symptom::NotPostgres(b'H'),
            "not PostgreSQL",
            "Something other than PostgreSQL answers on port 25060 of db.example.",
        ),
        (
            Direct,
            Stage::Encryption,
            Symptom::NoTls,
            "no TLS",
            "The server on port 25060 offers no encryption.",
        ),
        (
            Pooled,
            Stage::Encryption,
            Symptom::UnknownAuthority(words("UnknownIssuer")),
            "unknown authority",
            "The server's certificate is not signed by the authority it was checked against.",
        ),
        (
            Pooled,
            Stage::Encryption,
            Symptom::BadAuthority(words("no certificate")),
            "unreadable authority",
            "The authority's certificate could not be read.",
        ),
        (
            Pooled,
            Stage::Encryption,
            Symptom::WrongName(words("other names")),
            "name mismatch",
            "The certificate belongs to another name than db.example.",
        ),
        (
            Direct,
            Stage::Encryption,
            Symptom::Expired(words("expired")),
            "certificate expired",
            "The server's certificate has expired.",
        ),
        (
            Direct,
            Stage::Encryption,
            Symptom::NotYetValid(words("not yet")),
            "certificate not yet valid",
            "The server's certificate is not valid yet.",
        ),
        (
            Direct,
            Stage::Encryption,
            Symptom::Tls(words("alert")),
            "TLS",
            "The direct connection could not be encrypted.",
        ),
        (
            Direct,
            Stage::Encryption,
            Symptom::Closed,
            "connection closed",
            "The direct connection was closed without a reason.",
        ),
        (
            Direct,
            Stage::Query,
            Symptom::Broken(words("reset by peer")),
            "connection closed",
            "The direct connection was closed without a reason.",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn sign_ins() -> Vec<Row> {
    use Port::{Direct, Pooled};
    let at = Stage::SignIn;
    vec![
        (
            Direct,
            at,
            postgres(
                "28000",
                "no pg_hba.conf entry for host \"127.0.0.1\", user \"shop_app\", database \"shop\", no encryption",
            ),
            "TLS required",
            "The direct port takes only encrypted connections.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "SSL required"),
            "TLS required",
            "The pooled port takes only encrypted connections.",
        ),
        (
            Direct,
            at,
            postgres(
                "28000",
                "no pg_hba.conf entry for host \"127.0.0.1\", user \"shop_app\", database \"shop\", SSL encryption",
            ),
            "28000",
            "The server does not take shop_app from this computer.",
        ),
        (
            Direct,
            at,
            postgres("28P01", "password authentication failed for user \"shop_app\""),
            "28P01",
            "The password of shop_app was refused.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "password authentication failed for user \"shop_app\""),
            "28P01",
            "The password of shop_app was refused.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "SASL authentication failed"),
            "pooled sign-in",
            "The pooler refused shop_app on “shop-pool”.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "bouncer config error"),
            "pooled sign-in",
            "The pooler refused shop_app on “shop-pool”.",
        ),
        (
            Direct,
            at,
            postgres("3D000", "database \"shop\" does not exist"),
            "3D000",
            "There is no database shop.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "no such database: shop-pool"),
            "no such pool",
            "The pooler knows no pool “shop-pool”.",
        ),
        (
            Pooled,
            at,
            pgbouncer("3D000", "database \"shop\" does not exist"),
            "pool's database",
            "The pool shop-pool leads to the database shop, which does not exist.",
        ),
        (
            Pooled,
            at,
            postgres("3D000", "database \"shop-pool\" does not exist"),
            "not pooled",
            "The pooled URL reaches PostgreSQL itself, not the pooler.",
        ),
        (
            Direct,
            at,
            pgbouncer("08P01", "no such database: shop"),
            "not direct",
            "The direct URL reaches the pooler, not PostgreSQL itself.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "not allowed"),
            "console",
            "“shop-pool” is the pooler's own console, not a pool.",
        ),
        (
            Direct,
            at,
            postgres("28000", "role \"shop_app\" is not permitted to log in"),
            "28000",
            "The role shop_app may not sign in.",
        ),
        (
            Direct,
            at,
            postgres("42501", "permission denied for database \"shop\""),
            "42501",
            "The role shop_app may not connect to shop.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "unsupported startup parameter: search_path"),
            "startup parameter",
            "The pooler does not accept the setting search_path at sign-in.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "unsupported startup parameter in options: jit"),
            "startup parameter",
            "The pooler does not accept the setting jit at sign-in.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "unsupported startup parameter: options"),
            "startup parameter",
            "The pooler does not accept the setting options at sign-in.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "bad packet header: '0000002d00030002'"),
            "protocol",
            "The pooler does not speak the protocol version of this client.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "client_login_timeout"),
            "sign-in time-out",
            "The pooler ended a sign-in that took too long.",
        ),
        (
            Direct,
            at,
            Symptom::Method,
            "sign-in method",
            "The direct port asks for a way to sign in that is not supported.",
        ),
        (
            Direct,
            at,
            Symptom::BarePassword("plain"),
            "bare password",
            "The server asked for the plain password, and it was not sent.",
        ),
        (
            Direct,
            Stage::Proof,
            Symptom::WrongServer,
            "not direct",
            "The direct URL reaches the pooler, not PostgreSQL itself.",
        ),
        (
            Pooled,
            Stage::Proof,
            Symptom::WrongServer,
            "not pooled",
            "The pooled URL reaches PostgreSQL itself, not the pooler.",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn capacities() -> Vec<Row> {
    use Port::{Direct, Pooled};
    let at = Stage::Target;
    vec![
        (
            Direct,
            at,
            postgres(
                "53300",
                "remaining connection slots are reserved for non-replication superuser connections",
            ),
            "53300",
            "The database has no free connection.",
        ),
        (
            Direct,
            at,
            postgres(
                "53300",
                "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            ),
            "53300",
            "The database has no free connection.",
        ),
        (
            Direct,
            at,
            postgres(
                "53300",
                "remaining connection slots are reserved for roles with privileges of the \"pg_use_reserved_connections\" role",
            ),
            "53300",
            "The database has no free connection.",
        ),
        (
            Direct,
            at,
            postgres("53300", "sorry, too many clients already"),
            "53300",
            "The database has no free connection.",
        ),
        (
            Pooled,
            at,
            pgbouncer(
                "53300",
                "remaining connection slots are reserved for non-replication superuser connections",
            ),
            "53300",
            "The database has no free connection.",
        ),
        (
            Direct,
            at,
            postgres("53300", "too many connections for role \"shop_app\""),
            "role limit",
            "The role shop_app has no connection left.",
        ),
        (
            Pooled,
            at,
            pgbouncer("53300", "too many connections for database \"shop\""),
            "database limit",
            "The database shop has no connection left.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "no more connections allowed (max_client_conn)"),
            "max_client_conn",
            "The pooler takes no more clients.",
        ),
        (
            Pooled,
            Stage::Query,
            pgbouncer("08P01", "query_wait_timeout"),
            "query_wait_timeout",
            "No connection of the pool shop-pool became free in time.",
        ),
        (
            Pooled,
            Stage::Query,
            Symptom::Waiting(LIMIT),
            "query_wait_timeout",
            "Signed in, but the first query waited 5 s without an answer.",
        ),
        (
            Pooled,
            at,
            Symptom::NoWelcome(LIMIT),
            "no server behind the pool",
            "The password was accepted, and then nothing came for 5 s.",
        ),
        (
            Direct,
            Stage::Query,
            Symptom::Waiting(LIMIT),
            "slow server",
            "Signed in, but the first query waited 5 s without an answer.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "database \"shop-pool\" is disabled"),
            "pool disabled",
            "The pool shop-pool is switched off.",
        ),
        (
            Pooled,
            Stage::Query,
            pgbouncer("08P01", "database removed"),
            "pool removed",
            "The pool shop-pool was removed while it was in use.",
        ),
        (
            Pooled,
            at,
            pgbouncer(
                "08P01",
                "server login has been failing, try again later (server_login_retry)",
            ),
            "remembered failure",
            "The pooler repeats a failure it remembers.",
        ),
        (
            Pooled,
            at,
            pgbouncer(
                "08P01",
                "server login has been failing, cached error: connect failed (server_login_retry)",
            ),
            "no server behind the pool",
            "The pooler cannot reach the database.",
        ),
        (
            Pooled,
            at,
            pgbouncer(
                "08P01",
                "server login has been failing, cached error: too many connections for role \"shop_app\" (server_login_retry)",
            ),
            "role limit",
            "The role shop_app has no connection left.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "pgbouncer cannot connect to server"),
            "no server behind the pool",
            "The pooler cannot reach the database.",
        ),
    ]
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn later() -> Vec<Row> {
    use Port::{Direct, Pooled};
    let at = Stage::Query;
    vec![
        (
            Direct,
            at,
            postgres("57P01", "terminating connection due to administrator command"),
            "57P01",
            "The direct connection was ended by the server.",
        ),
        (
            Direct,
            Stage::Target,
            postgres("57P03", "the database system is shutting down"),
            "57P03",
            "The database is starting or stopping.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "server conn crashed?"),
            "server connection lost",
            "The connection behind the pool broke off inside a transaction.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "client_idle_timeout"),
            "idle time-out",
            "The pooled connection was ended because nothing was sent over it for long.",
        ),
        (
            Direct,
            at,
            postgres("57P05", "terminating connection due to idle-session timeout"),
            "idle time-out",
            "The direct connection was ended because nothing was sent over it for long.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "idle transaction timeout"),
            "open transaction",
            "The pooled connection was ended because a transaction stayed open.",
        ),
        (
            Direct,
            at,
            postgres("25P03", "terminating connection due to idle-in-transaction timeout"),
            "open transaction",
            "The direct connection was ended because a transaction stayed open.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "query timeout"),
            "57014",
            "A query was stopped before it ended.",
        ),
        (
            Direct,
            at,
            postgres("57014", "canceling statement due to statement timeout"),
            "57014",
            "A query was stopped before it ended.",
        ),
        (
            Direct,
            at,
            postgres("55P03", "canceling statement due to lock timeout"),
            "55P03",
            "A lock was not given in time.",
        ),
        (
            Direct,
            at,
            postgres("40P01", "deadlock detected"),
            "40P01",
            "Two transactions waited for each other, and one was stopped.",
        ),
        (
            Pooled,
            at,
            postgres("42P05", "prepared statement \"s0\" already exists"),
            "42P05",
            "A prepared statement was lost between transactions.",
        ),
        (
            Pooled,
            at,
            postgres("26000", "prepared statement \"PGBOUNCER_9\" does not exist"),
            "26000",
            "A prepared statement was lost between transactions.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "prepared statement did not exist"),
            "prepared name",
            "The pooler refused the name of a prepared statement.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "prepared statement name is already in use"),
            "prepared name",
            "The pooler refused the name of a prepared statement.",
        ),
        (
            Pooled,
            at,
            postgres("34000", "cursor \"cur\" does not exist"),
            "34000",
            "A cursor was lost between transactions.",
        ),
        (
            Pooled,
            at,
            postgres("0A000", "cached plan must not change result type"),
            "0A000",
            "A prepared statement does not fit its table any more.",
        ),
        (
            Pooled,
            at,
            pgbouncer("08P01", "transaction blocks not allowed in statement pooling mode"),
            "statement mode",
            "The pool takes no transactions.",
        ),
        (
            Direct,
            at,
            postgres("25006", "cannot execute INSERT in a read-only transaction"),
            "25006",
            "The database takes no changes at this moment.",
        ),
        (
            Direct,
            at,
            postgres("53100", "could not extend file: No space left on device"),
            "53100",
            "The database's disk is full.",
        ),
        (
            Direct,
            at,
            postgres("42501", "permission denied for table orders"),
            "42501",
            "The role shop_app lacks a right in shop.",
        ),
        (
            Direct,
            at,
            postgres("XX000", "something new"),
            "XX000",
            "A statement over the direct connection was refused.",
        ),
    ]
}

/// With the account at hand these would say that what is there is missing; `mistakes` has them.
const THERE: [&str; 6] =
    ["3D000", "no such pool", "pool's database", "console", "not pooled", "not direct"];

/// Every problem of a connection for the guide, by the part of the connection: as it is told where the account is known.
pub(crate) fn told() -> Vec<(&'static str, Vec<Problem>)> {
    let about_encryption = |symptom: &Symptom| {
        matches!(
            symptom,
            Symptom::NoTls
                | Symptom::UnknownAuthority(_)
                | Symptom::BadAuthority(_)
                | Symptom::WrongName(_)
                | Symptom::Expired(_)
                | Symptom::NotYetValid(_)
                | Symptom::Tls(_)
        )
    };
    let ended = |symptom: &Symptom| matches!(symptom, Symptom::Closed | Symptom::Broken(_));
    let unused = Known { authority_unused: true, ..known() };
    let explained = |rows: Vec<Row>| -> Vec<Problem> {
        let rows = rows.into_iter().filter(|row| !THERE.contains(&row.3));
        let problem =
            |(port, stage, symptom, ..): Row| explain_at(stage, &symptom, place(port), &unused);
        rows.map(problem).collect()
    };
    let (encryption, before): (Vec<Row>, Vec<Row>) =
        before_a_server().into_iter().partition(|row| about_encryption(&row.2));
    let (closed, network): (Vec<Row>, Vec<Row>) = before.into_iter().partition(|row| ended(&row.2));
    let known_words = later().into_iter().filter(|row| row.3 != "XX000").chain(closed).collect();
    vec![
        ("network", [silences(), explained(network)].concat()),
        ("encryption", explained(encryption)),
        ("sign-in", [mistakes(), explained(sign_ins())].concat()),
        ("capacity", [explained(capacities()), behind()].concat()),
        ("later", explained(known_words)),
    ]
}

/// No answer, and what the account or the other port makes of it.
fn silences() -> Vec<Problem> {
    let here = std::net::Ipv4Addr::new(203, 0, 113, 7);
    let silent = Symptom::DialSilent(LIMIT);
    let mut told: Vec<Problem> = [
        (Sources::ShutsOut(3, here), None),
        (Sources::LetsIn(here), None),
        (Sources::LetsIn(here), Some(true)),
        (Sources::LetsIn(here), Some(false)),
    ]
    .into_iter()
    .map(|(sources, web)| {
        let known = Known { sources, web, ..known() };
        explain_at(Stage::Port, &silent, place(Port::Pooled), &known)
    })
    .collect();
    let end = Ended { stage: Stage::Port, symptom: silent };
    let pooled = Side { place: place(Port::Pooled), end: Some(&end) };
    let direct = Side { place: place(Port::Direct), end: None };
    told.extend(explain_pair(pooled, direct, None, &known()).0.map(|(_, problem)| problem));
    told
}

/// The pool waits, and the direct port says why.
fn behind() -> Vec<Problem> {
    let waits = Ended { stage: Stage::Query, symptom: Symptom::Waiting(LIMIT) };
    let full = postgres("53300", "sorry, too many clients already");
    let full = Ended { stage: Stage::Target, symptom: full };
    let pooled = Side { place: place(Port::Pooled), end: Some(&waits) };
    let direct = Side { place: place(Port::Direct), end: Some(&full) };
    let (told, _) = explain_pair(pooled, direct, Some(direct), &known());
    told.into_iter().map(|(_, problem)| problem).collect()
}

/// What is told only because the account knows better, or both ports were asked.
fn mistakes() -> Vec<Problem> {
    let (pooled, direct) = (place(Port::Pooled), place(Port::Direct));
    let said = |place, symptom| explain_at(Stage::SignIn, &symptom, place, &known());
    let both = |one: Symptom, other: Option<Symptom>| {
        let end = |symptom| Ended { stage: Stage::Proof, symptom };
        let (one, other) = (end(one), other.map(end));
        let pooled = Side { place: pooled, end: Some(&one) };
        let direct = Side { place: direct, end: other.as_ref() };
        explain_pair(pooled, direct, Some(direct), &known()).0.map(|(_, problem)| problem)
    };
    let refused = "password authentication failed for user \"shop_ap\"";
    let missing = |name: &str| postgres("3D000", &format!("database \"{name}\" does not exist"));
    let mut told = vec![
        said(Place { database: "shop", ..pooled }, pgbouncer("08P01", "no such database: shop")),
        said(
            Place { database: "shop-pol", ..pooled },
            pgbouncer("08P01", "no such database: shop-pol"),
        ),
        said(pooled, pgbouncer("3D000", "database \"orders\" does not exist")),
        said(Place { database: "pgbouncer", ..pooled }, pgbouncer("08P01", "not allowed")),
        said(Place { number: 25060, ..pooled }, missing("shop-pool")),
        said(Place { database: "shop-pool", ..direct }, missing("shop-pool")),
        said(Place { database: "shop2", ..direct }, missing("shop2")),
        said(Place { number: 25061, ..direct }, pgbouncer("08P01", "no such database: shop")),
        said(Place { user: "shop_ap", ..direct }, postgres("28P01", refused)),
    ];
    told.extend(both(Symptom::WrongServer, Some(Symptom::WrongServer)));
    told.extend(both(pgbouncer("08P01", "SASL authentication failed"), None));
    told
}

fn all() -> Vec<Row> {
    [before_a_server(), sign_ins(), capacities(), later()].concat()
}

#[test]
fn each_symptom_has_its_own_words() {
    for (port, stage, symptom, code, what) in all() {
        let problem = explain_at(stage, &symptom, place(port), &Known::default());
        assert_eq!((problem.code.as_str(), problem.what.as_str()), (code, what), "{symptom:?}");
    }
}

/// Words that the rules of wording leave out, and what else every message owes its reader.
#[test]
fn every_message_keeps_the_rules_of_wording() {
    const AVOIDED: [&str; 12] = [
        "failed", "invalid", "illegal", "abort", "kill", "fatal", "oops", "error", "please",
        "you ", "!", "DSN",
    ];
    for known in [Known::default(), known()] {
        for (port, stage, symptom, ..) in all() {
            let problem = explain_at(stage, &symptom, place(port), &known);
            let quotes = |text: &str| text.contains("says: “");
            let own = if quotes(&problem.why) {
                problem.what.clone()
            } else {
                format!("{} {}", problem.what, problem.why)
            };
            for word in AVOIDED {
                assert!(!own.to_lowercase().contains(word), "{word}: {own}");
            }
            assert!(problem.what.ends_with('.'), "{}", problem.what);
            assert!(
                problem.why.is_empty() || problem.why.ends_with('.') || quotes(&problem.why),
                "{}",
                problem.why
            );
            assert!(!problem.hints.is_empty(), "{} tells nothing to do", problem.what);
            let labels: BTreeSet<&str> =
                problem.hints.iter().map(|hint| hint.label.as_str()).collect();
            assert_eq!(labels.len(), problem.hints.len(), "{} tells it twice", problem.what);
            assert!(problem.quote.is_some(), "{}: who said it?", problem.what);
        }
    }
}

#[test]
fn a_routine_means_that_postgresql_said_it_even_through_the_pooler() {
    let speaker = |routine: Option<&str>| {
        Said { routine: routine.map(str::to_owned), ..Said::default() }.speaker()
    };
    assert_eq!(speaker(Some("InitPostgres")), Speaker::PostgreSql);
    assert_eq!(speaker(None), Speaker::PgBouncer);
    let problem = explain(&pgbouncer("08P01", "query_wait_timeout"), place(Port::Pooled));
    let sentence = problem.quote.map(|quote| quote.sentence());
    assert_eq!(sentence.as_deref(), Some("PgBouncer said: “query_wait_timeout” (08P01)"));
}

/// The first fix of a problem: what its main button does.
fn first_fix(problem: &Problem) -> Option<Fix> {
    problem.hints.iter().find_map(|hint| hint.fix.clone())
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn a_mistake_that_the_account_can_correct_is_corrected_by_a_button() {
    use Port::{Direct, Pooled};
    let repair = |repair| Some(Fix::Repair(repair));
    let name = |port, name: &str| repair(Repair::Name(port, name.to_owned()));
    let database_for_pool = Place { database: "shop", ..place(Pooled) };
    let pool_for_database = Place { database: "shop-pool", ..place(Direct) };
    let misspelt_pool = Place { database: "shop-pol", ..place(Pooled) };
    let misspelt_database = Place { database: "defaultdbs", ..place(Direct) };
    let other_host = Place { host: "db.exmaple", ..place(Pooled) };
    let private = Place { host: "private-db.example", ..place(Pooled) };
    let other_port = Place { number: 5432, ..place(Direct) };
    let host = || repair(Repair::Host("db.example".to_owned()));
    let unknown_database = |name| postgres("3D000", &format!("database \"{name}\" does not exist"));
    for (place, stage, symptom, code, fix) in [
        (
            database_for_pool,
            Stage::Target,
            pgbouncer("08P01", "no such database: shop"),
            "database for pool",
            name(Pooled, "shop-pool"),
        ),
        (
            database_for_pool,
            Stage::SignIn,
            pgbouncer("08P01", "SASL authentication failed"),
            "database for pool",
            name(Pooled, "shop-pool"),
        ),
        (
            pool_for_database,
            Stage::Target,
            unknown_database("shop-pool"),
            "pool for database",
            name(Direct, "shop"),
        ),
        (
            misspelt_pool,
            Stage::Target,
            pgbouncer("08P01", "no such database: shop-pol"),
            "no such pool",
            name(Pooled, "shop-pool"),
        ),
        (
            misspelt_database,
            Stage::Target,
            unknown_database("defaultdbs"),
            "3D000",
            name(Direct, "defaultdb"),
        ),
        (other_host, Stage::Name, Symptom::NameUnknown(words("")), "DNS", host()),
        (private, Stage::Encryption, Symptom::WrongName(words("")), "name mismatch", host()),
        (private, Stage::Port, Symptom::Unreachable(words("")), "no route", host()),
        (
            other_port,
            Stage::Port,
            Symptom::Refused,
            "refused",
            repair(Repair::PortNumber(Direct, 25060)),
        ),
        (
            other_port,
            Stage::Encryption,
            Symptom::NotPostgres(b'H'),
            "not PostgreSQL",
            repair(Repair::PortNumber(Direct, 25060)),
        ),
        (
            place(Pooled),
            Stage::SignIn,
            pgbouncer("08P01", "unsupported startup parameter: options"),
            "startup parameter",
            repair(Repair::Without(Pooled, "options".to_owned())),
        ),
        (
            place(Direct),
            Stage::SignIn,
            postgres("28P01", ""),
            "28P01",
            Some(Fix::FetchPassword("shop_app".to_owned())),
        ),
    ] {
        let problem = explain_at(stage, &symptom, place, &known());
        assert_eq!((problem.code.as_str(), first_fix(&problem)), (code, fix), "{symptom:?}");
    }
    let unused = Known { authority_unused: true, ..known() };
    let problem = explain_at(
        Stage::Encryption,
        &Symptom::UnknownAuthority(words("")),
        place(Pooled),
        &unused,
    );
    assert_eq!(first_fix(&problem), repair(Repair::Certificate));
}

#[test]
fn a_user_the_account_does_not_have_is_named() {
    let stranger = Place { user: "shop_ap", ..place(Port::Direct) };
    let refused = postgres("28P01", "password authentication failed for user \"shop_ap\"");
    let problem = explain_at(Stage::SignIn, &refused, stranger, &known());
    assert_eq!(problem.what, "There is no user shop_ap.");
    assert_eq!(problem.why, "Users here: shop_app, doadmin.");
}

#[test]
fn silence_is_explained_by_the_trusted_sources_and_by_the_web() {
    let here = std::net::Ipv4Addr::new(203, 0, 113, 7);
    for (sources, web, code, fix) in [
        (Sources::ShutsOut(3, here), None, "time-out", Fix::AllowThisComputer),
        (Sources::Only(3), None, "time-out", Fix::AllowThisComputer),
        (Sources::Unknown, None, "time-out", Fix::AllowThisComputer),
        (Sources::LetsIn(here), None, "time-out, trusted", Fix::TryAgain),
        (Sources::LetsIn(here), Some(true), "blocked port", Fix::TryAgain),
        (Sources::LetsIn(here), Some(false), "no way out", Fix::TryAgain),
        (Sources::Everyone, None, "time-out, trusted", Fix::TryAgain),
        (Sources::Everyone, Some(true), "blocked port", Fix::TryAgain),
    ] {
        let known = Known { sources, web, ..known() };
        let problem =
            explain_at(Stage::Port, &Symptom::DialSilent(LIMIT), place(Port::Pooled), &known);
        assert_eq!((problem.code.as_str(), first_fix(&problem)), (code, Some(fix)), "{sources:?}");
        let asks = problem.hints.iter().any(|hint| hint.fix == Some(Fix::AskTheWeb));
        assert_eq!(asks, code == "time-out, trusted", "{sources:?}");
    }
    let nobody = explain_at(
        Stage::Port,
        &Symptom::DialSilent(LIMIT),
        place(Port::Pooled),
        &Known::default(),
    );
    assert_eq!(
        first_fix(&nobody),
        Some(Fix::TryAgain),
        "without an account nothing can be allowed"
    );
}

/// What both ports together tell: the codes, pooled and direct.
fn pair(
    pooled: (Place<'_>, Option<(Stage, Symptom)>),
    direct: (Place<'_>, Option<(Stage, Symptom)>),
    known: &Known,
) -> [Option<String>; 2] {
    let ended =
        |end: Option<(Stage, Symptom)>| end.map(|(stage, symptom)| Ended { stage, symptom });
    let (of_pooled, of_direct) = (ended(pooled.1), ended(direct.1));
    let (one, other) = explain_pair(
        Side { place: pooled.0, end: of_pooled.as_ref() },
        Side { place: direct.0, end: of_direct.as_ref() },
        Some(Side { place: direct.0, end: of_direct.as_ref() }),
        known,
    );
    [one, other].map(|verdict| verdict.map(|(_, problem)| problem.code))
}

#[test]
fn one_port_s_answer_explains_the_other_s() {
    let (pooled, direct) = (place(Port::Pooled), place(Port::Direct));
    let wrong_name = Place { database: "nobody-s", ..pooled };
    let sasl = || Some((Stage::SignIn, pgbouncer("08P01", "SASL authentication failed")));
    let refused = || {
        Some((
            Stage::SignIn,
            postgres("28P01", "password authentication failed for user \"shop_app\""),
        ))
    };
    let full = || Some((Stage::Target, postgres("53300", "sorry, too many clients already")));
    let stale = || {
        Some((
            Stage::Target,
            pgbouncer("28P01", "password authentication failed for user \"shop_app\""),
        ))
    };
    let nothing = Known::default();
    let both = |one: &str, other: &str| {
        [one, other].map(|code| (!code.is_empty()).then(|| code.to_owned()))
    };
    // The same answer of the pooler, three causes.
    assert_eq!(pair((pooled, sasl()), (direct, refused()), &known()), both("28P01", "28P01"));
    assert_eq!(pair((pooled, sasl()), (direct, None), &known()), both("stale secret", ""));
    assert_eq!(pair((pooled, sasl()), (direct, None), &nothing), both("no such pool", ""));
    assert_eq!(pair((wrong_name, sasl()), (direct, None), &known()), both("no such pool", ""));
    // What the pooler heard when it signed in itself.
    assert_eq!(pair((pooled, stale()), (direct, None), &nothing), both("stale secret", ""));
    assert_eq!(pair((pooled, stale()), (direct, refused()), &nothing), both("28P01", "28P01"));
    // Behind the pool there is nothing free either.
    let waits = || Some((Stage::Query, Symptom::Waiting(LIMIT)));
    assert_eq!(pair((pooled, waits()), (direct, full()), &nothing), both("53300", "53300"));
    assert_eq!(pair((pooled, waits()), (direct, None), &nothing), both("query_wait_timeout", ""));
    // A rule lets in both ports or none.
    let silent = || Some((Stage::Port, Symptom::DialSilent(LIMIT)));
    assert_eq!(pair((pooled, silent()), (direct, None), &nothing), both("one port blocked", ""));
    assert_eq!(
        pair((pooled, silent()), (direct, silent()), &nothing),
        both("time-out", "time-out")
    );
}

#[test]
fn exchanged_urls_are_found_whether_the_names_went_along_or_not() {
    let (pooled, direct) = (place(Port::Pooled), place(Port::Direct));
    let proved = || Some((Stage::Proof, Symptom::WrongServer));
    let swapped = ["swapped ports", "swapped ports"].map(|code| Some(code.to_owned()));
    assert_eq!(pair((pooled, proved()), (direct, proved()), &known()), swapped);
    let no_database =
        || Some((Stage::Target, postgres("3D000", "database \"shop-pool\" does not exist")));
    let no_pool = || Some((Stage::Target, pgbouncer("08P01", "no such database: shop")));
    assert_eq!(pair((pooled, no_database()), (direct, no_pool()), &known()), swapped);
}
