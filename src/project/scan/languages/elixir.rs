//! Elixir: the configuration of Ecto's repositories, and what listens.

use crate::domain::project::{Feature, Kind, Library};

use super::{Code, Read};
use crate::project::scan::found::insert;

pub fn read(code: &Code<'_>, read: &mut Read) {
    let source = &code.source;
    for at in source.find("config") {
        // `config :shop, Shop.Repo, url: …`
        let Some(repo) = (at..at + 9).find(|at| source.word(*at) == "Repo") else { continue };
        if source.word(at + 1) != ":" || source.word(repo + 1) != "," {
            continue;
        }
        let end = (repo..source.tokens.len())
            .find(|at| matches!(source.word(*at), "config" | "end"))
            .unwrap_or(source.tokens.len());
        let option = |name: &str| {
            (repo..end).find(|at| source.word(*at) == name && source.word(at + 1) == ":")
        };
        // A repository without a URL is that of a developer or of tests.
        if option("url").is_none() {
            continue;
        }
        read.clients.push((Library::Ecto, code.seen("Repo", repo)));
        if code.target.loses_statements() && option("prepare").is_none() {
            let what = "Ecto prepares statements by name.";
            let with = if source.line(repo) < source.line(repo + 2) {
                format!("{}{}prepare: :unnamed,", source.line_end(), source.indent(repo + 2))
            } else {
                " prepare: :unnamed,".to_owned()
            };
            let end = source.tokens.get(repo + 1).map_or(0, |comma| comma.range.end);
            let found = code.feature(Feature::NamedStatement, repo, what);
            read.sighted.push(found.fixed(source.text, vec![insert(end, with)]).into());
        }
        if option("pool_size").is_none() {
            let why = code.limit_why("By default it keeps 10 connections open in each instance.");
            read.sighted.push(
                code.found(Kind::Limits, repo, "The repository has no pool_size.", why).into(),
            );
        }
    }
    for at in source.find_all(&["Postgrex", ".", "Notifications"]).take(1) {
        read.sighted.push(code.feature(Feature::Listen, at, "LISTEN is used here.").into());
    }
}
