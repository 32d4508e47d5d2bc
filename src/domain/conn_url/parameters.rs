//! The parameters of a URL that are known: who reads each, and what it means.

/// Who understands a parameter. Every client has its own set; what is foreign to it can make it refuse the URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// libpq and everything on it; most other clients know the same words.
    Libpq,
    /// The server itself, at sign-in. A pooler refuses what it was not told to let through.
    Server,
    /// Prisma's own engine.
    Prisma,
    NodePostgres,
    PostgresJs,
    /// `SQLAlchemy` over asyncpg.
    SqlAlchemy,
    Pgx,
    /// Go's lib/pq.
    GoPq,
    Jdbc,
    Rails,
    Ecto,
    DotNet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub reader: Reader,
    /// One sentence with a full stop.
    pub meaning: &'static str,
}

/// What is known of a parameter; `None` for one that nobody is known to read.
pub fn known(name: &str) -> Option<&'static Parameter> {
    KNOWN.iter().find(|parameter| parameter.name == name)
}

/// May the parameter's value be shown as it is? Values of unknown parameters may be secrets.
pub fn is_harmless(name: &str) -> bool {
    known(name).is_some() && !HOLDS_SECRETS.contains(&name)
}

/// `options` can carry any setting of a session.
const HOLDS_SECRETS: [&str; 5] =
    ["options", "passfile", "password", "sslpassword", "scram_client_key"];

const fn of(reader: Reader, name: &'static str, meaning: &'static str) -> Parameter {
    Parameter { name, reader, meaning }
}

use Reader::{
    DotNet, Ecto, GoPq, Jdbc, Libpq, NodePostgres, Pgx, PostgresJs, Prisma, Rails, Server,
    SqlAlchemy,
};

const KNOWN: &[Parameter] = &[
    of(Libpq, "application_name", "The name under which the server lists the connection."),
    of(Libpq, "channel_binding", "Ties the sign-in to the encrypted connection."),
    of(Libpq, "client_encoding", "The character set of the texts."),
    of(Libpq, "connect_timeout", "Seconds to wait for a connection."),
    of(Libpq, "dbname", "The database's name."),
    of(Libpq, "fallback_application_name", "The name where application_name gives none."),
    of(Libpq, "gssdelegation", "Whether credentials of GSSAPI are passed on."),
    of(Libpq, "gssencmode", "Whether GSSAPI encrypts the connection."),
    of(Libpq, "gsslib", "The library for GSSAPI on Windows."),
    of(Libpq, "host", "The server's name, or the folder of its socket."),
    of(Libpq, "hostaddr", "The server's address, which saves the look-up of its name."),
    of(Libpq, "keepalives", "Whether an idle connection is kept alive."),
    of(Libpq, "keepalives_count", "Lost signs of life until the connection counts as dead."),
    of(Libpq, "keepalives_idle", "Seconds of silence before the first sign of life."),
    of(Libpq, "keepalives_interval", "Seconds between two signs of life."),
    of(Libpq, "krbsrvname", "The service's name for Kerberos."),
    of(Libpq, "load_balance_hosts", "Whether several hosts are tried in order or at random."),
    of(Libpq, "max_protocol_version", "The newest version of the protocol to ask for."),
    of(Libpq, "min_protocol_version", "The oldest version of the protocol to accept."),
    of(Libpq, "passfile", "A file with passwords."),
    of(Libpq, "password", "The password."),
    of(Libpq, "port", "The port."),
    of(Libpq, "replication", "Asks for the replication protocol, which no pool serves."),
    of(Libpq, "require_auth", "The ways to sign in that are accepted."),
    of(Libpq, "requirepeer", "Who must run the server at the other end of a socket."),
    of(Libpq, "scram_client_key", "A key in the password's place."),
    of(Libpq, "scram_server_key", "A key to check the server with."),
    of(Libpq, "service", "A group of settings in a file."),
    of(Libpq, "servicefile", "The file with groups of settings."),
    of(Libpq, "sslcert", "A certificate file: the client's own, or for Prisma the authority's."),
    of(Libpq, "sslcertmode", "Whether the client shows a certificate."),
    of(Libpq, "sslcompression", "Whether encrypted data is compressed."),
    of(Libpq, "sslcrl", "Certificates that were revoked."),
    of(Libpq, "sslcrldir", "A folder of revoked certificates."),
    of(Libpq, "sslkey", "The key of the client's own certificate."),
    of(Libpq, "sslkeylogfile", "Where the keys of the encryption are written for debugging."),
    of(
        Libpq,
        "sslmode",
        "Whether the connection is encrypted, and whether the certificate is checked.",
    ),
    of(Libpq, "sslnegotiation", "How encryption begins."),
    of(Libpq, "sslpassword", "The password of the client's key."),
    of(Libpq, "sslrootcert", "The certificate authority that must have signed the server's."),
    of(Libpq, "sslsni", "Whether the server's name is sent in clear when encryption begins."),
    of(Libpq, "ssl_max_protocol_version", "The newest version of TLS to use."),
    of(Libpq, "ssl_min_protocol_version", "The oldest version of TLS to accept."),
    of(Libpq, "target_session_attrs", "Whether the server must accept writes."),
    of(Libpq, "tcp_user_timeout", "Milliseconds until unanswered data ends the connection."),
    of(Libpq, "user", "The user."),
    of(
        Server,
        "idle_in_transaction_session_timeout",
        "How long a transaction may idle before the server ends it.",
    ),
    of(Server, "lock_timeout", "How long a statement waits for a lock."),
    of(Server, "options", "Settings that the server takes over at sign-in."),
    of(Server, "search_path", "The schemas in which names are looked up."),
    of(Server, "statement_timeout", "How long a statement may run."),
    of(Server, "timezone", "The session's time zone."),
    of(Prisma, "connection_limit", "The most connections that Prisma's engine opens."),
    of(Prisma, "max_connection_lifetime", "Seconds until a connection is replaced."),
    of(Prisma, "max_idle_connection_lifetime", "Seconds until an idle connection is closed."),
    of(Prisma, "pgbouncer", "Prisma's engine works without prepared statements that last."),
    of(Prisma, "pool_timeout", "Seconds a query waits for one of the engine's connections."),
    of(Prisma, "schema", "The schema that Prisma works in."),
    of(Prisma, "single_use_connections", "Each connection serves one query."),
    of(Prisma, "socket_timeout", "Seconds until a query without an answer is given up."),
    of(Prisma, "sslaccept", "Whether Prisma's engine checks the server's certificate."),
    of(Prisma, "sslidentity", "The client's own certificate, as PKCS 12."),
    of(Prisma, "statement_cache_size", "How many prepared statements are kept."),
    of(NodePostgres, "encoding", "The character set of the texts."),
    of(NodePostgres, "ssl", "Whether the connection is encrypted."),
    of(NodePostgres, "uselibpqcompat", "sslmode then means what it means to libpq."),
    of(PostgresJs, "idle_timeout", "Seconds until an idle connection is closed."),
    of(PostgresJs, "max", "The most connections that the client opens."),
    of(PostgresJs, "max_lifetime", "Seconds until a connection is replaced."),
    of(PostgresJs, "prepare", "Whether statements are prepared by name."),
    of(SqlAlchemy, "prepared_statement_cache_size", "How many prepared statements are kept."),
    of(Pgx, "default_query_exec_mode", "How a query is sent: prepared, described or at once."),
    of(Pgx, "description_cache_capacity", "How many descriptions of statements are kept."),
    of(Pgx, "pool_health_check_period", "How often idle connections are looked after."),
    of(Pgx, "pool_max_conn_idle_time", "How long a connection may idle."),
    of(Pgx, "pool_max_conn_lifetime", "How long a connection may live."),
    of(Pgx, "pool_max_conns", "The most connections that the client opens."),
    of(Pgx, "pool_min_conns", "The connections that are kept open."),
    of(Pgx, "statement_cache_capacity", "How many prepared statements are kept."),
    of(GoPq, "binary_parameters", "Values travel with the query, in one round trip."),
    of(Jdbc, "ApplicationName", "The name under which the server lists the connection."),
    of(Jdbc, "currentSchema", "The schemas in which names are looked up, sent at sign-in."),
    of(Jdbc, "loginTimeout", "Seconds to wait for a connection."),
    of(
        Jdbc,
        "prepareThreshold",
        "Runs of a statement until it is prepared by name; 0 means never.",
    ),
    of(Jdbc, "socketTimeout", "Seconds until a query without an answer is given up."),
    of(Rails, "advisory_locks", "Whether migrations lock each other out."),
    of(Rails, "pool", "The most connections that a process opens."),
    of(Rails, "prepared_statements", "Whether statements are prepared by name."),
    of(Ecto, "pool_size", "The most connections that the client opens."),
    of(Ecto, "timeout", "Milliseconds until a query without an answer is given up."),
    of(DotNet, "Maximum Pool Size", "The most connections that the client opens."),
    of(DotNet, "No Reset On Close", "A connection goes back to the pool without a reset."),
    of(DotNet, "Root Certificate", "The certificate authority that must have signed the server's."),
    of(DotNet, "SSL Mode", "Whether the connection is encrypted and the certificate checked."),
    of(DotNet, "Trust Server Certificate", "The certificate is accepted without a check."),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_stands_once_and_says_what_it_means() {
        for (index, parameter) in KNOWN.iter().enumerate() {
            assert_eq!(known(parameter.name), Some(parameter), "{index}");
            assert!(parameter.meaning.ends_with('.'), "{}", parameter.name);
        }
    }

    #[test]
    fn what_can_hold_a_secret_is_not_shown() {
        for name in ["options", "password", "sslpassword", "token", ""] {
            assert!(!is_harmless(name), "{name}");
        }
        for name in HOLDS_SECRETS {
            assert!(known(name).is_some(), "{name}");
        }
        assert!(is_harmless("sslmode") && is_harmless("pgbouncer"));
    }
}
