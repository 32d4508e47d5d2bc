//! Every client's form, over everything it depends on.

use super::*;

const PLAIN: &str = "postgresql://u:p@h:25061/shop-pool?sslmode=require";
const KEYS: (&str, &str) = ("DATABASE_URL", "DIRECT_URL");

fn probe(tracking: Tracking) -> Probe {
    Probe { mode: Some(PoolMode::Transaction), tracking }
}

fn needs(probe: Option<Probe>, ca_file: Option<&'static str>) -> Needs<'static> {
    Needs { probe, limit: 5, ca_file, keys: KEYS }
}

/// Everything a form depends on.
fn all_needs() -> Vec<Needs<'static>> {
    let session = Some(Probe { mode: Some(PoolMode::Session), tracking: Tracking::NotTracked });
    let probes = [
        None,
        Some(probe(Tracking::NotTracked)),
        Some(probe(Tracking::Tracked)),
        Some(probe(Tracking::Unknown)),
        session,
    ];
    let files = [None, Some("shop-db-ca.crt"), Some("/etc/ssl/shop-db.crt")];
    probes.into_iter().flat_map(|probe| files.map(|file| needs(probe, file))).collect()
}

fn made(client: Client, port: Port, base: &str, needs: &Needs<'_>) -> ClientUrl {
    client.url(port, &ConnUrl::parse(base).expect("a good URL"), needs)
}

fn text(client: Client, port: Port, base: &str, needs: &Needs<'_>) -> String {
    made(client, port, base, needs).text().expose().to_owned()
}

#[test]
fn every_client_is_offered_once_and_found_by_its_name() {
    for (index, client) in Client::ALL.into_iter().enumerate() {
        let others = Client::ALL.into_iter().skip(index + 1);
        for other in others {
            assert_ne!(client, other);
            assert_ne!(client.title(), other.title());
        }
        assert!(client.matches(client.title()), "{client:?}");
        assert!(client.matches(client.about().family), "{client:?}");
    }
    assert!(Client::Pgx.matches("GO pool") && !Client::Pgx.matches("go rust"));
}

/// What stands behind `?`, or behind the password of a connection string.
fn query(client: Client, needs: &Needs<'_>) -> String {
    let text = text(client, Port::Pooled, PLAIN, needs);
    match client.about().form {
        Form::Url(_) => text.split_once('?').map_or("", |(_, query)| query).to_owned(),
        Form::Jdbc => text.split_once("password=p&").map_or("", |(_, query)| query).to_owned(),
        Form::DotNet => text.split_once("Password=p;").map_or("", |(_, query)| query).to_owned(),
    }
}

#[test]
fn each_client_gets_what_it_reads_and_nothing_else() {
    let unknown = needs(None, None);
    let tracked = needs(Some(probe(Tracking::Tracked)), Some("ca.crt"));
    let plain = "sslmode=require";
    let checked = "sslmode=verify-full&sslrootcert=ca.crt";
    let node = "sslmode=no-verify";
    for (client, safe, best) in [
        (
            Client::Prisma6,
            "sslmode=require&pgbouncer=true&connection_limit=5&pool_timeout=20",
            "sslmode=require&sslaccept=strict&sslcert=..%2Fca.crt&connection_limit=5&pool_timeout=20",
        ),
        (Client::Prisma7, node, checked),
        (Client::NodePostgres, node, checked),
        (Client::PostgresJs, plain, plain),
        (Client::Drizzle, node, checked),
        (Client::TypeOrm, node, checked),
        (Client::Knex, node, checked),
        (Client::Sequelize, node, checked),
        (Client::Psycopg3, plain, checked),
        (Client::Psycopg2, plain, checked),
        (Client::Asyncpg, plain, checked),
        (Client::SqlAlchemyPsycopg, plain, checked),
        (Client::SqlAlchemyAsyncpg, "ssl=require&prepared_statement_cache_size=0", "ssl=require"),
        (Client::Django, plain, checked),
        (Client::Rails, plain, checked),
        (Client::Laravel, plain, checked),
        (
            Client::Pgx,
            "sslmode=require&default_query_exec_mode=exec&pool_max_conns=5",
            "sslmode=verify-full&sslrootcert=ca.crt&pool_max_conns=5",
        ),
        (Client::GoPq, "sslmode=require&binary_parameters=yes", checked),
        (Client::Hikari, "sslmode=require&prepareThreshold=0", checked),
        (Client::Spring, "sslmode=require&prepareThreshold=0", checked),
        (
            Client::Npgsql,
            "SSL Mode=Require;Trust Server Certificate=true;Maximum Pool Size=5;No Reset On Close=true",
            "SSL Mode=VerifyFull;Root Certificate=ca.crt;Maximum Pool Size=5;No Reset On Close=true",
        ),
        (
            Client::EfCore,
            "SSL Mode=Require;Trust Server Certificate=true;Maximum Pool Size=5;No Reset On Close=true",
            "SSL Mode=VerifyFull;Root Certificate=ca.crt;Maximum Pool Size=5;No Reset On Close=true",
        ),
        (Client::Sqlx, plain, checked),
        (Client::TokioPostgres, plain, plain),
        (Client::Diesel, plain, checked),
        (Client::Ecto, "", ""),
        (Client::Libpq, plain, checked),
        (Client::Unknown, plain, checked),
    ] {
        assert_eq!(query(client, &unknown), safe, "{client:?}, nothing known");
        assert_eq!(query(client, &tracked), best, "{client:?}, tracked and checked");
    }
}

#[test]
fn each_client_gets_its_own_form() {
    let needs = needs(None, None);
    let starts = |client| {
        let text = text(client, Port::Direct, PLAIN, &needs);
        text.split_once("h:25061").map_or(text.clone(), |(start, _)| start.to_owned())
    };
    assert_eq!(starts(Client::NodePostgres), "postgresql://u:p@");
    assert_eq!(starts(Client::SqlAlchemyPsycopg), "postgresql+psycopg://u:p@");
    assert_eq!(starts(Client::SqlAlchemyAsyncpg), "postgresql+asyncpg://u:p@");
    assert_eq!(starts(Client::Spring), "jdbc:postgresql://");
    assert_eq!(
        starts(Client::Npgsql),
        "Host=h;Port=25061;Database=shop-pool;Username=u;Password=p;SSL Mode=Require;Trust Server Certificate=true"
    );
}

#[test]
fn prisma_6_gets_the_flag_unless_statements_last() {
    let of = |probe| text(Client::Prisma6, Port::Pooled, PLAIN, &needs(probe, None));
    let with = format!("{PLAIN}&pgbouncer=true&connection_limit=5&pool_timeout=20");
    let without = format!("{PLAIN}&connection_limit=5&pool_timeout=20");
    assert_eq!(of(Some(probe(Tracking::NotTracked))), with);
    assert_eq!(of(Some(probe(Tracking::Unknown))), with);
    assert_eq!(of(None), with);
    assert_eq!(of(Some(probe(Tracking::Tracked))), without);
    let session = Probe { mode: Some(PoolMode::Session), tracking: Tracking::NotTracked };
    assert_eq!(of(Some(session)), without);
    let flagged = format!("{PLAIN}&pgbouncer=true");
    let tracked = needs(Some(probe(Tracking::Tracked)), None);
    assert_eq!(text(Client::Prisma6, Port::Pooled, &flagged, &tracked), without);
}

#[test]
fn the_direct_url_of_prisma_is_plain_but_keeps_its_schema() {
    let base = format!("{PLAIN}&schema=app&pgbouncer=true&connection_limit=3");
    let kept = format!("{PLAIN}&schema=app");
    for client in [Client::Prisma6, Client::Prisma7] {
        assert_eq!(text(client, Port::Direct, &base, &needs(None, None)), kept);
    }
}

#[test]
fn a_schema_named_public_is_left_out_and_another_one_kept() {
    let of = |schema: &str| {
        let base = format!("{PLAIN}&schema={schema}");
        text(Client::Prisma6, Port::Pooled, &base, &needs(None, None)).contains("schema=")
    };
    assert!(!of("public") && of("app"));
}

#[test]
fn no_other_client_gets_a_parameter_of_prisma() {
    let flagged = format!("{PLAIN}&pgbouncer=true&connection_limit=9&schema=app");
    for client in Client::ALL {
        for port in Port::BOTH {
            if client == Client::Prisma6 || (client, port) == (Client::Prisma7, Port::Direct) {
                continue;
            }
            for needs in all_needs() {
                let (with, without) =
                    (text(client, port, &flagged, &needs), text(client, port, PLAIN, &needs));
                assert_eq!(with, without, "{client:?} {port:?}");
            }
        }
    }
}

#[test]
fn what_a_pooler_refuses_at_sign_in_is_left_out_of_the_pooled_url_only() {
    let base = format!("{PLAIN}&options=-c%20a%3Db&search_path=app");
    let needs = needs(None, None);
    for client in Client::ALL {
        let pooled = made(client, Port::Pooled, &base, &needs);
        assert_eq!(
            (pooled.url.parameter("options"), pooled.url.parameter("search_path")),
            (None, None)
        );
    }
    let direct = made(Client::Pgx, Port::Direct, &base, &needs);
    assert_eq!(direct.url.parameter("search_path"), Some("app"));
}

#[test]
fn an_unknown_parameter_stays_where_the_client_ignores_it() {
    let base = format!("{PLAIN}&flavour=vanilla&application_name=shop");
    let needs = needs(None, None);
    let kept = |client, port| made(client, port, &base, &needs).url.parameter("flavour").is_some();
    assert!(kept(Client::NodePostgres, Port::Pooled) && kept(Client::Pgx, Port::Direct));
    assert!(!kept(Client::Libpq, Port::Direct) && !kept(Client::Pgx, Port::Pooled));
    let named = made(Client::Libpq, Port::Pooled, &base, &needs);
    assert_eq!(named.url.parameter("application_name"), Some("shop"));
    assert!(named.reasons.iter().any(|(what, _)| what == "no flavour"));
}

#[test]
fn a_url_that_came_with_its_own_authority_keeps_it() {
    let base = "postgresql://u:p@h:25061/d?sslmode=verify-full&sslrootcert=mine.crt";
    let needs = needs(None, None);
    assert_eq!(text(Client::Libpq, Port::Pooled, base, &needs), base);
    assert!(text(Client::Prisma6, Port::Pooled, base, &needs).contains("sslcert=..%2Fmine.crt"));
}

#[test]
fn every_parameter_and_every_setting_has_its_reason() {
    for client in Client::ALL {
        for needs in all_needs() {
            for port in Port::BOTH {
                let made = made(client, port, PLAIN, &needs);
                for (key, _) in &made.url.parameters {
                    assert!(made.reason(key).is_some(), "{client:?} {port:?} {key}");
                }
                for (what, why) in &made.reasons {
                    assert!(why.ends_with('.') && !what.contains('$'), "{client:?} {what}: {why}");
                }
            }
            let Some(code) = client.code(&needs) else { continue };
            for (line, why) in &code.reasons {
                assert!(code.text.contains(line.as_str()), "{client:?} {line}");
                assert!(why.ends_with(['.', '…']) && !why.contains(" ← "), "{client:?} {why}");
            }
            for left in ["$KEY", "$DIRECT", "$LIMIT", "$CA", "[verified]", "[unnamed]", " ← "] {
                assert!(!code.text.contains(left), "{client:?} {left}");
            }
            let limit_in_url = made(client, Port::Pooled, PLAIN, &needs).text();
            let limited = code.text.contains('5') || limit_in_url.expose().contains("=5");
            // A command and a PHP process open one.
            let one = matches!(client, Client::Libpq | Client::Laravel);
            assert!(limited || one, "{client:?} says how many connections");
        }
    }
}

#[test]
fn migrations_name_the_direct_url() {
    for client in Client::ALL {
        let (command, why) = client.migrate(("APP_DB", "ADMIN_DB"));
        let said = format!("{command} {why}");
        assert!(said.contains("ADMIN_DB") && !said.contains("$KEY"), "{client:?}: {said}");
        assert!(why.ends_with('.'), "{client:?}");
    }
}
