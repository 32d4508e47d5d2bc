//! The URL an app reads from its environment, understood as Prisma 6 does.

use percent_encoding::percent_decode_str;
use sqlx::{
    ConnectOptions as _,
    postgres::{PgConnectOptions, PgConnection, PgSslMode},
};

use crate::domain::secret::Secret;

/// The name the app's connections carry.
const APPLICATION: &str = "contrezz-web";

#[derive(Clone, Debug)]
pub(super) struct Target {
    options: Options,
    /// Connections of one instance, where the URL bounds them.
    pub(super) limit: Option<u32>,
}

/// Hides the password that sqlx's options would print.
#[derive(Clone)]
struct Options(PgConnectOptions);

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Options(…)")
    }
}

impl Target {
    /// The reason on failure does not hold the URL.
    pub(super) fn parse(url: &Secret, authority: &str) -> Result<Self, String> {
        // It is taken apart here and goes into the connection's options.
        let text = url.expose();
        let rest = text
            .strip_prefix("postgresql://")
            .or_else(|| text.strip_prefix("postgres://"))
            .ok_or("the URL must start with the protocol `postgresql://` or `postgres://`")?;
        // Only the first ? begins the parameters; a second one is part of a value.
        let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let (place, database) = place.split_once('/').unwrap_or((place, ""));
        let (login, address) = place.rsplit_once('@').ok_or("the URL has no user")?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "5432"));
        let port = port.parse().map_err(|_not_a_number| "invalid port number in database URL")?;
        if user.is_empty() {
            return Err("the URL has no user".to_owned());
        }

        let value = |name: &str| {
            parameters
                .split('&')
                .filter_map(|parameter| parameter.split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value)
        };
        let options = PgConnectOptions::new_without_pgpass()
            .host(host)
            .port(port)
            .username(&decoded(user)?)
            .password(&decoded(password)?)
            .database(&decoded(database)?)
            .application_name(APPLICATION)
            .ssl_root_cert_from_pem(authority.as_bytes().to_vec())
            .ssl_mode(tls(value("sslmode"), value("sslaccept")))
            // A pooler refuses this parameter unless it is told to ignore it.
            .extra_float_digits(None)
            .disable_statement_logging();
        let limit = match value("connection_limit") {
            None => None,
            Some(number) => Some(
                number
                    .parse()
                    .map_err(|_not_a_number| "invalid connection_limit in database URL")?,
            ),
        };
        Ok(Self { options: Options(options), limit })
    }

    pub(super) async fn connect(&self) -> Result<PgConnection, sqlx::Error> {
        self.options.0.connect().await
    }
}

/// Prisma encrypts where the server can, and verifies only where it is told to accept nothing else. A word it does not
/// know counts as `prefer`.
fn tls(mode: Option<&str>, accept: Option<&str>) -> PgSslMode {
    match (mode, accept) {
        (Some("disable"), _) => PgSslMode::Disable,
        (_, Some("strict")) => PgSslMode::VerifyFull,
        (Some("require"), _) => PgSslMode::Require,
        _ => PgSslMode::Prefer, // as said above
    }
}

fn decoded(text: &str) -> Result<String, String> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map(std::borrow::Cow::into_owned).map_err(|_not_utf8| "the URL is not UTF-8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str) -> Result<Target, String> {
        Target::parse(&Secret::new(url), "")
    }

    #[test]
    fn parts_are_decoded_and_parameters_of_prisma_understood() {
        let target = parsed("postgresql://app:p%40ss@127.0.0.2:25061/shop-pool?sslmode=require&pgbouncer=true&connection_limit=5&pool_timeout=20").unwrap();
        let options = &target.options.0;
        assert_eq!(
            (options.get_host(), options.get_port(), options.get_username()),
            ("127.0.0.2", 25061, "app")
        );
        assert_eq!(options.get_database(), Some("shop-pool"));
        assert_eq!(target.limit, Some(5));
    }

    #[test]
    fn a_second_question_mark_belongs_to_the_value_before() {
        let target = parsed("postgresql://app:p@h:1/d?sslmode=require?connection_limit=5").unwrap();
        assert_eq!(target.limit, None);
    }

    #[test]
    fn what_is_no_url_says_why_without_the_url() {
        for (url, why) in [
            ("${db.pool.DATABASE_URL}", "must start with"),
            ("postgresql://:@h:1/d", "no user"),
            ("postgresql://app:secret@h:port/d", "port number"),
            ("postgresql://app:secret@h:1/d?connection_limit=many", "connection_limit"),
        ] {
            let said = parsed(url).unwrap_err();
            assert!(said.contains(why) && !said.contains("secret"), "{url}: {said}");
        }
    }

    #[test]
    fn the_password_is_not_printed() {
        let target = parsed("postgresql://app:canary@h:1/d").unwrap();
        assert!(!format!("{target:?}").contains("canary"));
    }
}
