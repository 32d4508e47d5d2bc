//! One script on its way through the server: what is sent, how far it came, where it stopped, what of it stays.

use crate::{
    domain::{
        diagnosis::Said,
        migration::{
            Script,
            script::{self, Spot},
            statements::{Kind, Plan, Statement, statements},
        },
    },
    postgres::{
        migrate::{Progress, Running, ScriptError},
        wire::{Heard, Wire, WireError},
    },
};

/// How a script ended.
#[derive(Debug, Default)]
pub(super) struct Run {
    said: Option<Said>,
    /// Statements that ended, in all parts.
    finished: usize,
    /// Of these, those whose effect stays.
    committed: usize,
    /// Where the part that ended begins, in bytes.
    part: usize,
    attempt: u32,
    /// A transaction of the script's own was still open.
    pub left_open: bool,
}

/// Sends the parts one after the other until one is refused.
pub(super) async fn send(
    wire: &mut Wire,
    script: &Script,
    plan: &Plan,
    attempt: u32,
    progress: &mut impl Progress,
) -> Result<Run, WireError> {
    let mut run = Run { attempt, ..Run::default() };
    let mut running = Running {
        name: &script.name,
        sent: 0,
        bytes: script.sql.len(),
        finished: 0,
        statements: plan.statements,
        attempt,
    };
    progress.news(running);
    for part in &plan.parts {
        run.part = part.start;
        let sql = script.sql.get(part.clone()).unwrap_or_default();
        let heard = |heard: Heard<'_>| {
            match heard {
                Heard::Sent(bytes) => running.sent = part.start + bytes,
                Heard::Finished(tag) => {
                    run.finished += 1;
                    running.sent = part.end;
                    running.finished = run.finished;
                    if tag == "COMMIT" {
                        run.committed = run.finished;
                    }
                }
            }
            progress.news(running);
        };
        let reply = wire.script(sql, heard).await?;
        if reply.error.is_some() {
            run.said = reply.error;
            break;
        }
        if wire.transaction == crate::postgres::wire::Transaction::Idle {
            run.committed = run.finished;
        }
    }
    Ok(run)
}

impl Run {
    /// It waited for a lock that another session holds.
    pub fn gave_way(&self) -> bool {
        self.said.as_ref().is_some_and(|said| said.sqlstate == "55P03")
    }

    /// What to tell where it did not end well.
    pub fn error(self, script: &Script, plan: &Plan) -> Option<ScriptError> {
        let said = match self.said {
            Some(said) => said,
            None if self.left_open => unfinished(),
            None => return None,
        };
        let sql = &script.sql;
        let pointed = said.position.map(|position| {
            let part = sql.get(self.part..).unwrap_or_default();
            self.part + script::offset(part, position)
        });
        let all = || statements(sql);
        let statement = match pointed {
            Some(at) => all().find(|statement| at < statement.range.end),
            // One that leaves a transaction open is the one that began it.
            None if self.finished == plan.statements => {
                all().filter(|it| it.kind == Kind::Begin).last()
            }
            None => all().nth(self.finished),
        };
        let kept = self.committed.checked_sub(1).and_then(|last| all().nth(last));
        Some(ScriptError {
            name: script.name.clone(),
            place: pointed
                .or(statement.as_ref().map(|statement| statement.range.start))
                .map(|at| script::spot(sql, at)),
            statement: statement.map(|it| beginning(sql, &it)).unwrap_or_default(),
            kept: kept.map(|last| line_of_end(sql, &last)),
            left_open: self.left_open,
            for_psql: plan.for_psql,
            may_commit: all().take(self.finished + 1).any(|it| it.kind == Kind::Call),
            tries: self.attempt,
            said,
        })
    }
}

fn unfinished() -> Said {
    Said {
        severity: "ERROR".to_owned(),
        sqlstate: "25001".to_owned(),
        message: "the script begins a transaction and does not end it".to_owned(),
        ..Said::default()
    }
}

fn line_of_end(sql: &str, statement: &Statement) -> usize {
    let Spot { line, .. } = script::spot(sql, statement.range.end);
    line
}

/// Enough of a statement to know it again, on one line.
fn beginning(sql: &str, statement: &Statement) -> String {
    const SHOWN: usize = 160;
    let text = sql.get(statement.range.clone()).unwrap_or_default();
    let head: String = text.chars().take(SHOWN * 2).collect();
    let line: Vec<&str> = head.split_whitespace().collect();
    let line = line.join(" ");
    let shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() || head.len() < text.len() { format!("{shown}…") } else { shown }
}
