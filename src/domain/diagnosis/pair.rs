//! Both ports together: where one's answer explains the other's.

use crate::domain::{
    diagnosis::{
        Known, Place, Repair, Symptom, TEST_AGAIN, capacity, explain_at, meaning::Meaning, quoted,
        session, sign_in,
    },
    problem::{Fix, Problem, Speaker},
    stages::{Port, Stage},
};

/// Where one port's test ended, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    pub stage: Stage,
    pub symptom: Symptom,
}

/// One port's part in the whole.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    pub place: Place<'a>,
    /// `None`: every stage passed.
    pub end: Option<&'a Ended>,
}

/// The stage at which a port's test ended, and what it means.
type Verdict = Option<(Stage, Problem)>;

/// What the ends of both tests mean, pooled and direct. `crossed`: what the direct port answers to the user and the
/// password of the pooled URL; the same as `direct` where both URLs carry the same.
pub fn explain_pair(
    pooled: Side<'_>,
    direct: Side<'_>,
    crossed: Option<Side<'_>>,
    known: &Known,
) -> (Verdict, Verdict) {
    if let (Some(one), Some(other)) = (pooled.end, direct.end)
        && pooled.is_the_other()
        && direct.is_the_other()
    {
        let problem = exchanged(pooled, direct);
        return (
            Some((one.stage, quoted(problem.clone(), &one.symptom, Port::Pooled))),
            Some((other.stage, quoted(problem, &other.symptom, Port::Direct))),
        );
    }
    let of_pooled = pooled.end.map(|end| {
        by_the_other(pooled, direct, known)
            .or_else(|| refused_by_pooler(end, pooled, crossed?, known))
            .or_else(|| silent_pooler(end, pooled, direct, known))
            .map_or_else(
                || (end.stage, explain_at(end.stage, &end.symptom, pooled.place, known)),
                |(stage, problem)| (stage, quoted(problem, &end.symptom, Port::Pooled)),
            )
    });
    let of_direct = direct.end.map(|end| {
        by_the_other(direct, pooled, known).map_or_else(
            || (end.stage, explain_at(end.stage, &end.symptom, direct.place, known)),
            |(stage, problem)| (stage, quoted(problem, &end.symptom, Port::Direct)),
        )
    });
    (of_pooled, of_direct)
}

impl Side<'_> {
    fn passed(&self, stage: Stage) -> bool {
        self.end.is_none_or(|end| stage.index() < end.stage.index())
    }

    /// User and password were accepted, whatever became of the database.
    fn let_in(&self) -> bool {
        let later = matches!(
            self.meaning(),
            Some(
                Meaning::NoDatabase(_)
                    | Meaning::NoConnectRight(_)
                    | Meaning::RoleLimit(_)
                    | Meaning::DatabaseLimit(_)
            )
        );
        later || self.passed(Stage::Target)
    }

    fn is_down(&self) -> bool {
        matches!(self.end, Some(Ended { symptom: Symptom::Refused, .. }))
    }

    fn meaning(&self) -> Option<Meaning> {
        match &self.end?.symptom {
            Symptom::Said(said) => Some(Meaning::of(said)),
            _ => None, // no server said anything
        }
    }

    /// The other kind of server answered here, by its own word or by its process id.
    fn is_the_other(&self) -> bool {
        let Some(Ended { stage, symptom }) = self.end else { return false };
        match symptom {
            Symptom::WrongServer => true,
            Symptom::Said(said) if stage.index() <= Stage::Target.index() => {
                match (self.place.port, said.speaker()) {
                    (Port::Pooled, Speaker::PostgreSql) => {
                        matches!(Meaning::of(said), Meaning::NoDatabase(_))
                    }
                    (Port::Direct, Speaker::PgBouncer) => true,
                    _ => false, // each for itself
                }
            }
            _ => false, // nobody told who he is
        }
    }
}

fn exchanged(pooled: Side<'_>, direct: Side<'_>) -> Problem {
    let problem = Problem::new(
        "swapped ports",
        "These two URLs seem exchanged.",
        format!(
            "The one marked “pooled” uses port {} and reaches PostgreSQL; the one marked “direct” uses port {} and reaches the pooler.",
            pooled.place.number, direct.place.number
        ),
    );
    // Where a name was accepted it belongs to its port, so the whole URLs are exchanged; else the ports only.
    let whole = [pooled, direct]
        .iter()
        .any(|side| matches!(side.end, Some(Ended { symptom: Symptom::WrongServer, .. })));
    let repair = if whole { Repair::Exchange } else { Repair::ExchangePorts };
    let label =
        if whole { "Exchange them and test again" } else { "Exchange the ports and test again" };
    problem.fix(label, Fix::Repair(repair))
}

/// One port does not answer, the other does: then neither rule nor host is the cause.
fn by_the_other(side: Side<'_>, other: Side<'_>, known: &Known) -> Verdict {
    let Ended { stage, symptom } = side.end?;
    let place = side.place;
    let same_host = place.host == other.place.host;
    if !same_host || !other.passed(Stage::Port) {
        return None;
    }
    let (number, answers) = (place.number, other.place.number);
    let problem = match symptom {
        Symptom::DialSilent(_) => Problem::new(
            "one port blocked",
            format!("Port {number} does not answer, port {answers} of the same host does."),
            format!(
                "So this computer is let in. Most likely: 1 a company firewall or VPN blocks port {number}; 2 the number is not the cluster's."
            ),
        )
        .right_port(place, known)
        .fix(TEST_AGAIN, Fix::TryAgain),
        _ => return None, // explained by itself
    };
    Some((*stage, problem))
}

/// The pooler's one answer to three mistakes, told apart by PostgreSQL's answer to the same user and password.
fn refused_by_pooler(end: &Ended, pooled: Side<'_>, crossed: Side<'_>, known: &Known) -> Verdict {
    let place = pooled.place;
    let Some(refusal @ (Meaning::Hidden | Meaning::PasswordRefused)) = pooled.meaning() else {
        return None;
    };
    if known.lacks_user(place.user) || place.database == sign_in::CONSOLE {
        return None;
    }
    match crossed.meaning() {
        Some(Meaning::PasswordRefused) => {
            Some((Stage::SignIn, sign_in::password_refused(place.user, known)))
        }
        // A pooler that asks the database for passwords finds none for a role without LOGIN.
        Some(meaning @ Meaning::NoLogin(_)) => {
            Some((Stage::SignIn, sign_in::explain(&meaning, place, known)?))
        }
        _ if !crossed.let_in() => None,
        _ if refusal == Meaning::Hidden && known.pool(place.database).is_none() => {
            let problem = sign_in::no_pool(place, known)
                .detail("The same password works on the direct port, so it is not the password.");
            Some((Stage::Target, problem))
        }
        _ => Some((end.stage, stale(place, known))),
    }
}

/// The pooler says nothing or repeats itself; the direct port may just have heard the cause.
fn silent_pooler(end: &Ended, pooled: Side<'_>, direct: Side<'_>, known: &Known) -> Verdict {
    let place = pooled.place;
    let nothing_told = match pooled.meaning() {
        Some(Meaning::PoolWait | Meaning::NoServer | Meaning::Remembered(None)) => true,
        None => matches!(
            end.symptom,
            Symptom::NoSignIn(_) | Symptom::NoWelcome(_) | Symptom::Waiting(_)
        ),
        Some(_) => false,
    };
    if !nothing_told {
        return None;
    }
    let problem = match direct.meaning() {
        None if direct.is_down() => capacity::explain(&Meaning::NoServer, place, known)?
            .detail("The direct port refuses connections, too."),
        Some(Meaning::Full) => behind_is_full(place),
        None | Some(Meaning::NoDatabase(_) | Meaning::PasswordRefused) => return None,
        Some(meaning) if direct.place.user == place.user => {
            sign_in::explain(&meaning, place, known)
                .or_else(|| capacity::explain(&meaning, place, known))
                .or_else(|| session::ended(&meaning, place))?
                .detail("The direct port told the cause; the pooler does not.")
        }
        Some(_) => return None,
    };
    Some((end.stage, problem))
}

/// PostgreSQL takes the password, the pooler does not: it has another one, or the pool is another user's.
fn stale(place: Place<'_>, known: &Known) -> Problem {
    let Place { user, database, .. } = place;
    let owner =
        known.pool(database).and_then(|pool| pool.user.as_deref()).filter(|owner| *owner != user);
    let why = match owner {
        Some(owner) => format!(
            "PostgreSQL accepts it. The pool {database} signs in as {owner}, whose password the pooler keeps."
        ),
        None => {
            "PostgreSQL accepts it. The pooler still keeps the password from before it was changed."
                .to_owned()
        }
    };
    Problem::new(
        "stale secret",
        format!("The pooler refused {user}, although the password is right."),
        why,
    )
    .fix(TEST_AGAIN, Fix::TryAgain)
    .hint("Wait a minute: the pooler learns a new password with a delay")
    .hint(format!(
        "If it stays so, reset the password of {} on the cluster's Users & Databases page",
        owner.unwrap_or(user)
    ))
}

fn behind_is_full(place: Place<'_>) -> Problem {
    Problem::new(
        "53300",
        "The database behind the pool has no free connection.",
        format!("The direct connection was refused for the same reason, so the pool {} gets none either.", place.database),
    )
    .fix("Keep trying for 2 min", Fix::TryAgain)
    .hint("Step 3 shows who holds the connections")
}
