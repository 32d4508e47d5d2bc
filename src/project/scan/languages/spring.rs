//! Java, Kotlin and C#: where data sources are made in code.

use crate::domain::project::{Feature, Kind, Library};

use super::{Code, Read};

pub fn read(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for at in source.find_all(&["new", "HikariConfig", "("]) {
        read.clients.push((Library::Hikari, code.seen("HikariConfig", at)));
        if !source.has("setMaximumPoolSize") {
            let why = code.limit_why("By default it keeps 10 connections open in each instance.");
            let found = code.found(Kind::Limits, at, "The pool has no maximum size.", why);
            read.sighted.push(found.into());
        }
        if code.target.loses_statements() && !source.text.contains("prepareThreshold") {
            let found = code
                .feature(Feature::NamedStatement, at, "The driver prepares statements by name after five runs.")
                .because("The pool does not keep track of them, as far as is known. The URL of step 5 switches it off with prepareThreshold=0.");
            read.sighted.push(found.into());
        }
    }
    for at in source.find("getNotifications").take(1) {
        read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
    }
    for at in source.find("WaitAsync").take(1) {
        if source.has("NpgsqlConnection") {
            read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
        }
    }
    for at in source.find("UseNpgsql") {
        read.clients.push((Library::EfCore, code.seen("UseNpgsql", at)));
    }
}
