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

/// What the ends of both tests mean, pooled and direct. `same_password`: both URLs carry the same one.
pub fn explain_pair(
    pooled: Side<'_>,
    direct: Side<'_>,
    same_password: bool,
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
    let same = same_password && pooled.place.user == direct.place.user;
    let of_pooled = pooled.end.map(|end| {
        by_the_other(pooled, direct, known)
            .or_else(|| pooled_by_direct(end, pooled, direct, same, known))
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

fn pooled_by_direct(
    end: &Ended,
    pooled: Side<'_>,
    direct: Side<'_>,
    same: bool,
    known: &Known,
) -> Verdict {
    let place = pooled.place;
    let let_in = same && direct.end.is_none_or(|end| Stage::Target.index() < end.stage.index());
    let of_direct = direct.meaning();
    let nothing_told = match pooled.meaning() {
        Some(Meaning::PoolWait | Meaning::NoServer | Meaning::Remembered(None)) => true,
        None => matches!(
            end.symptom,
            Symptom::NoSignIn(_) | Symptom::NoWelcome(_) | Symptom::Waiting(_)
        ),
        Some(_) => false,
    };
    match (pooled.meaning(), of_direct) {
        (Some(Meaning::Hidden | Meaning::PasswordRefused), Some(Meaning::PasswordRefused))
            if same && !known.lacks_user(place.user) =>
        {
            Some((Stage::SignIn, sign_in::password_refused(place.user, known)))
        }
        // A pooler that asks the database for passwords finds none for a role without LOGIN.
        (Some(Meaning::Hidden), Some(meaning @ Meaning::NoLogin(_))) if same => {
            Some((Stage::SignIn, sign_in::explain(&meaning, place, known)?))
        }
        (Some(Meaning::Hidden), _) if place.database == sign_in::CONSOLE => None,
        (Some(Meaning::Hidden), _) if let_in && known.pool(place.database).is_none() => {
            let problem = sign_in::no_pool(place, known)
                .detail("The same password works on the direct port, so it is not the password.");
            Some((Stage::Target, problem))
        }
        (Some(Meaning::Hidden | Meaning::PasswordRefused), _) if let_in => {
            Some((Stage::SignIn, stale(place, known)))
        }
        (_, None) if nothing_told && direct.is_down() => {
            let problem = capacity::explain(&Meaning::NoServer, place, known)?;
            Some((end.stage, problem.detail("The direct port refuses connections, too.")))
        }
        (_, Some(Meaning::Full)) if nothing_told => Some((end.stage, behind_is_full(place))),
        // The pooler says nothing or repeats itself; the direct port has just heard the cause.
        (_, Some(meaning)) if nothing_told && direct.place.user == place.user => {
            let problem = match meaning {
                Meaning::NoDatabase(_) | Meaning::PasswordRefused => return None,
                meaning => sign_in::explain(&meaning, place, known)
                    .or_else(|| capacity::explain(&meaning, place, known))
                    .or_else(|| session::ended(&meaning, place))?,
            };
            Some((
                end.stage,
                problem.detail("The direct port told the cause; the pooler does not."),
            ))
        }
        _ => None, // explained by itself
    }
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
