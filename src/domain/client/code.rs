//! A client's settings in its own language, as lines of which some depend on what was found.

use super::{
    About, Needs,
    rules::{self, When},
};

/// What goes into the app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The file where it usually stands.
    pub file: &'static str,
    pub text: String,
    /// The lines that need a reason, with it.
    pub reasons: Vec<(String, String)>,
}

/// Before the reason for a line.
const REASON: &str = " ← ";

pub(super) fn filled(about: &About, needs: &Needs<'_>) -> Option<Code> {
    if about.code.is_empty() {
        return None;
    }
    let mut code = Code { file: about.file, text: String::new(), reasons: Vec::new() };
    for line in about.code.trim_matches('\n').lines() {
        let (when, line) = condition(line);
        if !when.holds(needs) {
            continue;
        }
        let (line, reason) = match line.split_once(REASON) {
            Some((line, reason)) => (line, Some(reason)),
            None => (line, None),
        };
        let line = rules::filled(line, needs);
        if let Some(reason) = reason {
            let name = line.trim().trim_end_matches([',', ';']).to_owned();
            code.reasons.push((name, reason.to_owned()));
        }
        code.text.push_str(line.trim_end());
        code.text.push('\n');
    }
    Some(code)
}

/// When a line stands, and the line.
fn condition(line: &str) -> (When, &str) {
    let marks = [
        ("[verified]", When::Verified),
        ("[encrypted]", When::Encrypted),
        ("[unnamed]", When::Unnamed),
        ("[named]", When::Named),
    ];
    marks
        .into_iter()
        .find_map(|(mark, when)| Some((when, line.strip_prefix(mark)?)))
        .unwrap_or((When::Always, line))
}
