//! What the command line prints: progress per step, problems, the closing table, JSON.

use std::io::{IsTerminal as _, Write as _};

use serde_json::{Value, json};

use crate::{
    cli::{Exit, check::Finding, drive::News, figures, plan},
    domain::{
        activity::verdict::{RULE, Side},
        load,
        mask::visible,
        problem::Problem,
        stages::{Outcome, Port, Stage},
    },
    setup::{
        Setup, StepMsg,
        step::{Standing, StepId},
        steps::{app, measure, migrations, test},
    },
};

/// Progress for a person, line by line; silent where the result is asked for as JSON.
#[derive(Debug)]
pub struct Progress {
    json: bool,
    /// What was last said to be under way.
    doing: String,
    /// The last piece of news.
    news: String,
}

impl Progress {
    pub fn new(json: bool) -> Self {
        Self { json, doing: String::new(), news: String::new() }
    }

    pub fn tell(&mut self, setup: &Setup, news: News<'_>) {
        if self.json {
            return;
        }
        match news {
            News::Begins(step) => {
                say(format_args!("{:>2} {}", step.number(), step.title()));
            }
            News::Working(_, what) => {
                // What is counted behind the first clause would flood the terminal.
                let head = what.split(['…', ',', ':']).next().unwrap_or_default();
                if head != self.doing {
                    self.line(head);
                    head.clone_into(&mut self.doing);
                }
            }
            News::Message(msg) => self.message(msg),
            News::Ended(step) => {
                let standing = setup.standing(step);
                self.line(&format!("{} {}", mark(standing), standing.word()));
            }
            News::Stopped(_, problem) => print_problem(problem),
            News::Needs(_, why) => self.line(&why),
        }
    }

    fn message(&mut self, msg: &StepMsg) {
        match msg {
            StepMsg::Test(test::Msg::Stage(port, stage, outcome)) => {
                self.stage(*port, *stage, outcome)
            }
            StepMsg::Measure(measure::Msg::Waiting(waiting)) => self.waiting(waiting),
            StepMsg::Migrations(migrations::Msg::Applied(applied)) => {
                self.line(&format!("applied {} in {} ms", applied.name, applied.took.as_millis()));
            }
            StepMsg::App(app::Msg::Phase(word)) if *word != self.news => {
                self.line(&format!("deployment {word}"));
                self.news.clone_from(word);
            }
            _ => {} // everything else is told by the step's end
        }
    }

    /// Once for each thing the server says, and once more when it is known who holds the connections.
    fn waiting(&mut self, waiting: &measure::Waiting) {
        let who = figures::holders(&waiting.holders);
        let patience = crate::domain::figures::lasted(waiting.patience);
        let text = format!(
            "The database has no free connection for us: “{}”. {who}It is asked again for up to {patience}.",
            waiting.said
        );
        if text != self.news {
            self.line(&text);
            self.news = text;
        }
    }

    fn stage(&self, port: Port, stage: Stage, outcome: &Outcome) {
        let (mark, text, took) = match outcome {
            Outcome::Passed { found, took } => ("✓", found.clone(), Some(took)),
            Outcome::Unverified { found, took } => ("◐", found.clone(), Some(took)),
            Outcome::Failed(problem) => ("✕", problem.what.clone(), None),
            Outcome::Waiting(why) => ("·", format!("waiting: {why}"), None),
            Outcome::NotReached | Outcome::Running => return,
        };
        let took =
            took.map(|took| format!("  {:.1} ms", took.as_secs_f64() * 1000.0)).unwrap_or_default();
        self.line(&format!("{:<7} {:<17} {mark} {text}{took}", port.word(), stage.title()));
    }

    #[expect(clippy::unused_self, reason = "lines belong to a progress, which may be silent")]
    fn line(&self, text: &str) {
        say(format_args!("   {text}"));
    }
}

/// A reader that went away, such as `head`, must not end work that is under way.
fn say(line: std::fmt::Arguments<'_>) {
    writeln!(std::io::stdout(), "{}", harmless(&line.to_string())).ok();
}

/// The same for what is no result.
fn complain(line: std::fmt::Arguments<'_>) {
    writeln!(std::io::stderr(), "{}", harmless(&line.to_string())).ok();
}

/// Names of files, clusters and apps come from outside, and a terminal obeys what is hidden in them.
fn harmless(text: &str) -> String {
    let pieces = text.split_inclusive(['\n', '\t']).map(|piece| {
        let end = piece.trim_end_matches(['\n', '\t']).len();
        let (words, gap) = piece.split_at(end);
        format!("{}{gap}", visible(words))
    });
    pieces.collect()
}

fn mark(standing: Standing) -> &'static str {
    match standing {
        Standing::Done => "✓",
        Standing::DoneNotVerified => "◐",
        Standing::Skipped => "◌",
        Standing::WouldChange => "✎",
        Standing::Stopped => "✕",
        Standing::NeedsReview => "▲",
        Standing::NotStarted | Standing::Ready | Standing::NeedsYou | Standing::Working => "○",
    }
}

/// A problem as the terminal shows it: what, why, what to do, details.
pub fn print_problem(problem: &Problem) {
    // Prisma's own codes are what people look up; ours stand in the JSON.
    let code = &problem.code;
    let is_prisma_s = code.strip_prefix('P').is_some_and(|rest| rest.parse::<u16>().is_ok());
    let code = if is_prisma_s { format!(" ({code})") } else { String::new() };
    complain(format_args!("\n   ✕ {}{code}", problem.what));
    if !problem.why.is_empty() {
        complain(format_args!("     {}", problem.why));
    }
    if let Some(quote) = &problem.quote {
        complain(format_args!("     {}", quote.sentence()));
    }
    for hint in &problem.hints {
        complain(format_args!("     → {}", hint.label));
    }
    for detail in &problem.detail {
        complain(format_args!("       {detail}"));
    }
}

/// A sentence that ends the program.
pub fn print_error(text: &str) {
    complain(format_args!("poolwright: {text}"));
}

pub fn print_line(text: &str) {
    say(format_args!("{text}"));
}

/// Asks a yes-or-no question on the terminal; `None` where nobody can answer.
pub fn ask(question: &str) -> Option<bool> {
    if !std::io::stdin().is_terminal() {
        return None;
    }
    let mut terminal = std::io::stdout();
    write!(terminal, "   {question} [y/N] ").and_then(|()| terminal.flush()).ok()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer).ok()?;
    Some(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// What a check found: each thing as it was wanted and as it is.
pub fn print_findings(findings: &[Finding], exit: Exit, as_json: bool) {
    if as_json {
        let findings: Vec<Value> = findings
            .iter()
            .map(|finding| {
                json!({
                    "what": finding.what, "wanted": finding.wanted, "found": finding.found,
                    "same": finding.same,
                })
            })
            .collect();
        say(format_args!("{}", json!({ "exit": exit.code(), "checks": findings })));
        return;
    }
    for finding in findings {
        let (what, found) = (finding.what, &finding.found);
        if finding.same {
            say(format_args!("   ✓ {what:<15} {found}"));
        } else {
            say(format_args!("   ✕ {what:<15} {found}, wanted: {}", finding.wanted));
        }
    }
}

/// The closing table: step, result, figures.
pub fn print_table(setup: &Setup) {
    say(format_args!("\n{:<4}{:<20} {:<20} Figures", "", "Step", "Result"));
    say(format_args!("{}", "─".repeat(100)));
    for step in StepId::ALL {
        let standing = setup.standing(step);
        let lines = figures::figures(setup, step);
        let first = lines.first().cloned().unwrap_or_default();
        let result = format!("{} {}", mark(standing), standing.word());
        say(format_args!("{:>2}  {:<20} {result:<20} {first}", step.number(), step.name()));
        for line in lines.iter().skip(1) {
            say(format_args!("{:<4}{:<20} {:<20} {line}", "", "", ""));
        }
    }
    say(format_args!("{}", "─".repeat(100)));
    if setup.rules.dry_run {
        for line in plan::lines(setup) {
            say(format_args!("{line}"));
        }
    }
}

/// The same as one JSON object.
pub fn print_json(setup: &Setup, exit: Exit) {
    let steps: Vec<Value> = StepId::ALL
        .into_iter()
        .map(|step| {
            let problem = setup.problem(step).map(|problem| {
                json!({
                    "code": problem.code,
                    "what": problem.what,
                    "why": problem.why,
                    "quote": problem.quote.as_ref().map(crate::domain::problem::Quote::sentence),
                    "detail": problem.detail,
                })
            });
            json!({
                "step": step.key(),
                "result": setup.standing(step).word(),
                "figures": figures::figures(setup, step),
                "problem": problem,
            })
        })
        .collect();
    let verdict = setup.facts.comparison.as_ref().map(|comparison| {
        let side = |side: Option<&Side>| {
            side.map(|side| {
                json!({
                    "samples": side.samples, "median": side.median, "peak": side.peak,
                    "refused": side.refused, "transactions": side.transactions,
                })
            })
        };
        json!({
            "verdict": comparison.verdict.word(),
            "before": side(comparison.before.as_ref()),
            "after": side(comparison.after.as_ref()),
            "meaning": comparison.sentence(),
            "rule": RULE,
        })
    });
    let load = setup.facts.loaded.as_ref().map(|loaded| {
        let ports = loaded.outcomes().map(|(port, outcome)| (port.word().to_owned(), ran(outcome)));
        Value::Object(ports.collect())
    });
    let plan = setup.rules.dry_run.then(|| plan::json(setup));
    let result = json!({
        "exit": exit.code(), "steps": steps, "comparison": verdict, "load": load, "plan": plan,
    });
    say(format_args!("{result}"));
}

fn ran(outcome: &load::Outcome) -> Value {
    json!({
        "clients": outcome.clients, "served": outcome.served, "refused": outcome.refused,
        "broken": outcome.broken, "transactions": outcome.transactions, "per_second": outcome.per_second(),
        "wait_p95_ms": outcome.wait_p95.as_secs_f64() * 1000.0, "p95_ms": outcome.p95.as_secs_f64() * 1000.0,
        "server_connections": outcome.peak, "ended": outcome.ended,
        "first_error": outcome.first_error.as_ref().map(|first| json!({ "client": first.client, "said": first.said })),
    })
}
