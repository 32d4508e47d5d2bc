//! Who signs in, and to what: passwords, roles, pools, databases, and the parameters sent along.

use crate::domain::{
    diagnosis::{Known, Place, Repair, TEST_AGAIN, known::nearest, meaning::Meaning},
    problem::{Fix, Problem},
    stages::Port,
};

pub(super) fn explain(meaning: &Meaning, place: Place<'_>, known: &Known) -> Option<Problem> {
    let Place { user, database, .. } = place;
    Some(match meaning {
        Meaning::Hidden if known.lacks_user(user) => no_user(user, known),
        Meaning::Hidden | Meaning::NoServer if database == CONSOLE => console(place, known),
        Meaning::Hidden => hidden(place, known),
        Meaning::PasswordRefused if known.lacks_user(user) => no_user(user, known),
        Meaning::PasswordRefused => password_refused(user, known),
        Meaning::NoDatabase(name) => {
            // Where the URL names none, the server takes the user's name.
            let name = if name.is_empty() || database.is_empty() { database } else { name };
            match place.port {
                Port::Direct => no_database(name, known),
                Port::Pooled => pool_s_database(name, place, known),
            }
        }
        Meaning::NoPool => no_pool(place, known),
        Meaning::ConsoleOnly => console(place, known),
        Meaning::NoLogin(role) => Problem::new(
            "28000",
            format!("The role {role} may not sign in."),
            "It exists, and has no LOGIN right.",
        )
        .statement(format!("ALTER ROLE {} LOGIN;", identifier(role)))
        .fix(TEST_AGAIN, Fix::TryAgain),
        Meaning::NoConnectRight(database) => no_connect(user, database),
        Meaning::StartupParameter(name) => startup_parameter(name, place),
        Meaning::NewProtocol => Problem::new(
            "protocol",
            "The pooler does not speak the protocol version of this client.",
            "Version 3.2 came with PostgreSQL 18; poolers before PgBouncer 1.23 know 3.0 only.",
        )
        .hint("Let the client use protocol 3.0 on the pooled URL (libpq: max_protocol_version=3.0)"),
        Meaning::TlsRequired => Problem::new(
            "TLS required",
            format!("The {} port takes only encrypted connections.", place.port.word()),
            "The connection that was tried was not encrypted. The URL needs sslmode=require or stronger.",
        )
        .hint("Add sslmode=require to the URL"),
        Meaning::NotFromHere => Problem::new(
            "28000",
            format!("The server does not take {user} from this computer."),
            "Its own list of who may come from where has no entry for this.",
        )
        .hint("Check host, user and database in the URL"),
        Meaning::SignInTimeout => Problem::new(
            "sign-in time-out",
            "The pooler ended a sign-in that took too long.",
            "Most likely: the line is very slow, or something held the connection back.",
        )
        .fix(TEST_AGAIN, Fix::TryAgain),
        _ => return None, // about capacity, or later than the sign-in
    })
}

/// The name under which the pooler itself is asked; no pool can have it.
pub(super) const CONSOLE: &str = "pgbouncer";

pub(super) fn console(place: Place<'_>, known: &Known) -> Problem {
    Problem::new(
        "console",
        format!("“{}” is the pooler's own console, not a pool.", place.database),
        "On the pool port the last part of the URL must be the pool's name.",
    )
    .use_pool(place, known)
}

pub(super) fn password_refused(user: &str, known: &Known) -> Problem {
    Problem::new(
        "28P01",
        format!("The password of {user} was refused."),
        "It was changed after the URL was copied, or a special character was not encoded.",
    )
    .other_password(user, known)
}

fn no_user(user: &str, known: &Known) -> Problem {
    let why = known.list_users().unwrap_or_default();
    let problem = Problem::new("no such user", format!("There is no user {user}."), why);
    match nearest(user, known.users.iter().map(String::as_str)) {
        Some(near) => problem.hint(format!("Check the spelling: did the URL mean {near}?")),
        None => problem.hint("Check the user's name in the URL"),
    }
}

/// The pooler's one answer to three mistakes.
fn hidden(place: Place<'_>, known: &Known) -> Problem {
    let Place { user, database, .. } = place;
    let no_such_pool = !known.pools.is_empty() && known.pool(database).is_none();
    if no_such_pool {
        // The pooler refuses an unknown pool like this where it asks the database for passwords.
        return no_pool(place, known);
    }
    Problem::new(
        "pooled sign-in",
        format!("The pooler refused {user} on “{database}”."),
        "It gives the same answer to an incorrect password, an unknown user and an unknown pool.",
    )
    .other_password(user, known)
    .hint("Compare with the direct connection: it tells the three apart")
}

fn no_database(name: &str, known: &Known) -> Problem {
    if name.is_empty() {
        return Problem::new(
            "3D000",
            "The direct URL names no database.",
            known.list_databases().unwrap_or_else(|| "Its last part must be one.".to_owned()),
        )
        .hint("Add the database's name to the direct URL");
    }
    if let Some(pool) = known.pool(name) {
        let right = &pool.database;
        return Problem::new(
            "pool for database",
            "The direct URL names the pool, not the database.",
            format!("On the direct port the last part must be the database's name. The pool {name} serves {right}."),
        )
        .fix(
            format!("Use “{right}” and test again"),
            Fix::Repair(Repair::Name(Port::Direct, right.clone())),
        );
    }
    let problem = Problem::new(
        "3D000",
        format!("There is no database {name}."),
        known.list_databases().unwrap_or_else(|| {
            "On the direct port the last part of the URL is the database's name, not the pool's.".to_owned()
        }),
    );
    let only = match known.databases.as_slice() {
        [one] => Some(one.as_str()),
        many => nearest(name, many.iter().map(String::as_str)),
    };
    match only {
        Some(right) => problem.fix(
            format!("Use “{right}” and test again"),
            Fix::Repair(Repair::Name(Port::Direct, right.to_owned())),
        ),
        None => problem.hint("Correct the database's name in the direct URL"),
    }
}

/// The pool is there, the database behind it is not.
pub(super) fn pool_s_database(name: &str, place: Place<'_>, known: &Known) -> Problem {
    let pool = place.database;
    let why = known
        .list_databases()
        .unwrap_or_else(|| "It was deleted after the pool was made.".to_owned());
    Problem::new(
        "pool's database",
        format!("The pool {pool} leads to the database {name}, which does not exist."),
        why,
    )
    .hint("Make the database again, or make a pool for another one in step 4")
}

pub(super) fn no_pool(place: Place<'_>, known: &Known) -> Problem {
    let name = place.database;
    let why = known.list_pools().unwrap_or_else(|| {
        "The last part of the pooled URL is the pool's name, not the database's.".to_owned()
    });
    if name.is_empty() {
        Problem::new("no such pool", "The pooled URL names no pool.", why)
    } else if known.databases.iter().any(|database| database == name) {
        Problem::new(
            "database for pool",
            "The pooled URL names the database, not the pool.",
            format!("On port {} the last part must be the pool's name. {why}", place.number),
        )
    } else {
        Problem::new("no such pool", format!("The pooler knows no pool “{name}”."), why)
    }
    .use_pool(place, known)
}

fn no_connect(user: &str, database: &str) -> Problem {
    Problem::new(
        "42501",
        format!("The role {user} may not connect to {database}."),
        "The CONNECT right on this database was taken away from it.",
    )
    .statement(format!(
        "GRANT CONNECT ON DATABASE {} TO {};",
        identifier(database),
        identifier(user)
    ))
    .fix(TEST_AGAIN, Fix::TryAgain)
}

fn startup_parameter(name: &str, place: Place<'_>) -> Problem {
    let problem = Problem::new(
        "startup parameter",
        format!("The pooler does not accept the setting {name} at sign-in."),
        "A pooled connection serves many clients, so only few settings may come with a sign-in.",
    );
    let problem = match place.port {
        Port::Pooled => problem.fix(
            "Remove “options” from the pooled URL and test again",
            Fix::Repair(Repair::Without(Port::Pooled, "options".to_owned())),
        ),
        Port::Direct => problem,
    };
    if name == "options" {
        return problem.hint("Set what it sets for the role instead: ALTER ROLE … SET …");
    }
    problem.hint(format!(
        "Set it for the role (ALTER ROLE … SET {name} …), or inside each transaction (SET LOCAL {name} …)"
    ))
}

pub(super) fn unknown_method(place: Place<'_>) -> Problem {
    Problem::new(
        "sign-in method",
        format!("The {} port asks for a way to sign in that is not supported.", place.port.word()),
        "DigitalOcean's clusters use SCRAM-SHA-256, so this is most likely another server.",
    )
    .hint("Check that host and port are the cluster's")
}

/// `how`: `plain` or `MD5-hashed`.
pub(super) fn bare_password(how: &str, known: &Known) -> Problem {
    Problem::new(
        "bare password",
        format!("The server asked for the {how} password, and it was not sent."),
        "Nobody verified that it is the cluster: without its certificate anybody could ask for this. DigitalOcean's clusters use SCRAM-SHA-256, which gives no password away.",
    )
    .this_cluster_s(known)
    .hint("Check host and port in the URL")
}

impl Problem {
    fn other_password(self, user: &str, known: &Known) -> Self {
        let problem = if known.tells_passwords {
            self.fix("Fetch the current password", Fix::FetchPassword(user.to_owned()))
        } else {
            self
        };
        problem.fix("Paste the password", Fix::TypePassword(user.to_owned()))
    }

    /// Offers the pool that was most likely meant.
    pub(super) fn use_pool(self, place: Place<'_>, known: &Known) -> Self {
        let meant = known.pool_for(place.database).map(|pool| pool.name.as_str());
        let names = known.pools.iter().map(|pool| pool.name.as_str());
        match meant
            .or_else(|| nearest(place.database, names))
            .filter(|name| *name != place.database)
        {
            Some(name) => self.fix(
                format!("Use “{name}” and test again"),
                Fix::Repair(Repair::Name(Port::Pooled, name.to_owned())),
            ),
            None => self.hint("Use the pool's name in the pooled URL"),
        }
    }

    /// A statement for the administrator.
    pub(super) fn statement(self, statement: String) -> Self {
        self.hint(format!("As the administrator: {statement}"))
            .fix("Copy the statement", Fix::Copy(statement))
    }
}

pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
