//! The team profile as a file: its answers, and a clear sentence with a place where it has none.
#![expect(clippy::disallowed_methods, reason = "people write profiles plainly")]

use std::{fs, path::PathBuf, time::Duration};

use poolwright::{
    domain::{cluster::Environment, problem::Problem, profile::EXAMPLE},
    effects::profile::load,
    setup::{answers::Answers, step::StepId},
};
use tempfile::TempDir;

struct Place(TempDir);

impl Place {
    fn with(text: impl AsRef<[u8]>) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::write(place.file(), text).unwrap();
        place
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("poolwright.toml")
    }

    fn refused(&self) -> Problem {
        load(&self.file()).unwrap_err()
    }
}

#[test]
fn the_example_answers_for_the_folder_it_lies_in() {
    let place = Place::with(EXAMPLE);

    let answers = load(&place.file()).unwrap();

    assert_eq!(answers.cluster.as_deref(), Some("contrezz-db-prod"));
    assert_eq!(answers.project, Some(place.0.path().join(".")));
    assert_eq!(answers.keys, Some(("DATABASE_URL".to_owned(), "DIRECT_URL".to_owned())));
    assert_eq!(answers.sample_every, Some(Duration::from_secs(1)));
    assert_eq!(answers.skip, [StepId::Migrations]);
}

#[test]
fn what_is_left_out_keeps_its_default_and_the_environment_is_production() {
    let place =
        Place::with("\u{feff}version = 1\r\n[variables]\r\ndirect = \"POSTGRES_DIRECT\"\r\n");

    let answers = load(&place.file()).unwrap();

    assert_eq!(
        answers,
        Answers {
            environment: Some(Environment::Production),
            keys: Some(("DATABASE_URL".to_owned(), "POSTGRES_DIRECT".to_owned())),
            project: Some(place.0.path().join(".")),
            ..Answers::default()
        }
    );
}

#[test]
fn every_step_that_can_be_left_out_is_known() {
    for step in StepId::ALL {
        let place = Place::with(format!("version = 1\nskip = [\"{}\"]\n", step.key()));
        let skip = load(&place.file()).map(|answers| answers.skip);
        match step.skippable() {
            Some(_) => assert_eq!(skip, Ok(vec![step])),
            None => assert!(skip.is_err(), "{}", step.key()),
        }
    }
}

#[test]
fn a_missing_file_is_named_with_the_way_to_make_one() {
    let file = tempfile::tempdir().unwrap().path().join("team.toml");

    let problem = load(&file).unwrap_err();

    assert_eq!(problem.what, format!("The team profile {} was not found.", file.display()));
    assert!(problem.hints[0].label.contains("version = 1"), "{problem:?}");
}

#[test]
fn a_fault_is_told_with_file_line_column_and_what_is_expected() {
    let place = Place::with("version = 1\n\n[pool]\n  sise = 11\n");

    let problem = place.refused();

    let file = place.file();
    assert_eq!(
        problem.what,
        format!("The team profile {} was not accepted at line 4, column 3.", file.display())
    );
    assert_eq!(problem.why, "There is no key sise in [pool]. Expected: size. Nothing was sent.");
}

#[test]
fn a_secret_is_refused_and_not_repeated() {
    let canary = "Zq7canary";
    let place = Place::with(format!(
        "version = 1\ncluster = \"postgresql://doadmin:{canary}@db.shop.io:25060/shop\"\n"
    ));

    let problem = place.refused();

    assert!(problem.why.starts_with("A database password stands here."), "{problem:?}");
    assert!(!format!("{problem:?}").contains(canary));
}

#[test]
fn what_is_no_profile_is_a_sentence_and_no_crash() {
    let huge = Place::with("#".repeat(1024 * 1024));
    assert!(huge.refused().why.contains("larger than"), "{:?}", huge.refused());
    let latin = Place::with(b"version = 1\ncluster = \"caf\xe9\"\n");
    assert!(latin.refused().what.ends_with("is not UTF-8 text."));
    let deep = Place::with(format!("version = 1\na = {}", "[".repeat(60_000)));
    assert!(deep.refused().what.contains("line 2"), "{:?}", deep.refused());
    let folder = tempfile::tempdir().unwrap();
    assert!(load(folder.path()).unwrap_err().why.contains("is a folder"));
}
