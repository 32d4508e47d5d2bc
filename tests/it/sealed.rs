//! Tokens in a file that a passphrase encrypts.

#![expect(clippy::disallowed_methods, reason = "other programs write files plainly")]

use std::{fs, path::Path};

use poolwright::{
    domain::secret::Secret,
    sealed::{self, SealedError, Tokens},
};

const TOKEN: &str = "dop_v1_canary";

fn tokens() -> Tokens {
    ["jo@shop.example/Shop", "jo@shop.example/Other"]
        .map(|name| (name.to_owned(), Secret::new(format!("{TOKEN}{}", name.len()))))
        .into()
}

fn passphrase() -> Secret {
    Secret::new("correct horse canary")
}

fn changed(file: &Path, key: &str, to: serde_json::Value) {
    let mut value: serde_json::Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    *value.pointer_mut(key).unwrap() = to;
    fs::write(file, value.to_string()).unwrap();
}

#[test]
fn it_opens_with_its_passphrase_alone_and_shows_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("own/tokens.sealed");
    assert!(!sealed::is_there(&file));
    assert_eq!(sealed::open(&file, &passphrase()).unwrap(), []);
    sealed::write(&file, &passphrase(), &tokens()).unwrap();
    assert_eq!(sealed::open(&file, &passphrase()).unwrap(), tokens());
    let wrong = sealed::open(&file, &Secret::new("correct horse canarY")).unwrap_err();
    assert!(matches!(wrong, SealedError::Passphrase), "{wrong:?}");
    let text = fs::read_to_string(&file).unwrap();
    assert!(!text.contains("canary") && !text.contains("shop.example"), "{text}");

    // The same tokens never give the same file.
    sealed::write(&file, &passphrase(), &tokens()).unwrap();
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    sealed::write(&file, &passphrase(), &Vec::new()).unwrap();
    assert!(!file.exists());
}

#[cfg(unix)]
#[test]
fn only_its_owner_may_read_it() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.sealed");
    sealed::write(&file, &passphrase(), &tokens()).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn one_that_was_changed_does_not_open_and_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tokens.sealed");
    let open = || sealed::open(&file, &passphrase()).unwrap_err();
    let anew = || sealed::write(&file, &passphrase(), &tokens()).unwrap();
    anew();
    changed(&file, "/argon2id/passes", 4.into());
    assert!(matches!(open(), SealedError::Passphrase), "{:?}", open());
    anew();
    // A file that would take all memory is refused before it does.
    changed(&file, "/argon2id/memory_kib", u32::MAX.into());
    assert!(matches!(open(), SealedError::Damaged(_)), "{:?}", open());
    anew();
    changed(&file, "/version", 9.into());
    assert!(matches!(open(), SealedError::Newer(9)), "{:?}", open());
    for broken in [&b""[..], b"\0\0", b"{}", b"[1]"] {
        fs::write(&file, broken).unwrap();
        assert!(matches!(open(), SealedError::Damaged(_)), "{broken:?}: {:?}", open());
    }
}

#[cfg(feature = "practice")]
mod with_an_account {
    use std::{path::Path, sync::Arc};

    use jiff::Timestamp;
    use poolwright::{
        domain::{problem::Fix, secret::Secret, timing::Timing},
        effects::{World, accounts::remembered, runner::Runner},
        keychain::Keychain,
        practice::account::{ALL_SCOPES, Account, Allowance, Beginning},
        safety,
        setup::{
            Msg, Rules, Setup,
            facts::Kept,
            step::{Primary, StepId},
            steps::sign_in,
        },
    };
    use tokio::runtime::Handle;

    use crate::driven;

    struct Rig {
        setup: Setup,
        runner: Runner,
    }

    impl Rig {
        fn start(api: &str, data: &Path) -> Self {
            let world = World {
                api: api.to_owned(),
                keychain: Keychain::None,
                address_services: [String::new(), String::new()],
                proxy: poolwright::domain::proxy::Proxy::System,
                data: data.to_owned(),
                timing: Timing::default(),
                provokes: true,
            };
            let runner = Runner::new(world, Handle::current(), Arc::new(|| ()));
            Self { setup: Setup::new(Rules::default()), runner }
        }

        async fn act(&mut self, msg: sign_in::Msg) {
            let orders = self.setup.act(Timestamp::now(), Msg::from(msg));
            driven::settle(&mut self.setup, &mut self.runner, orders).await;
        }

        fn types(&mut self, passphrase: &str) {
            passphrase.clone_into(&mut self.setup.steps.sign_in.draft.passphrase);
        }

        fn kept(&self) -> Option<&Kept> {
            self.setup.facts.account.as_ref().map(|account| &account.kept)
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_token_is_encrypted_found_at_the_next_start_and_forgotten() {
        safety::one_tls_provider();
        let account = Account::on_paper(Beginning::default()).await.unwrap();
        let token = account.issue(ALL_SCOPES, Allowance::default()).await.unwrap();
        let other = account.issue(&["database:read"], Allowance::default()).await.unwrap();
        let data = tempfile::tempdir().unwrap();
        let mut rig = Rig::start(account.base(), data.path());

        // As where the keychain did not answer.
        let keep = rig.setup.fix(StepId::SignIn, &Fix::KeepSealed).unwrap();
        rig.setup.steps.sign_in.remembered = Some(token.clone());
        driven::settle(&mut rig.setup, &mut rig.runner, Vec::new()).await;
        rig.setup.act(Timestamp::now(), keep);
        assert!(matches!(rig.setup.primary(StepId::SignIn), Primary::Blocked(_, why)
            if why == "Type a passphrase of at least 8 characters."));
        rig.types("canary horse");
        rig.act(sign_in::Msg::SignIn).await;
        assert_eq!(rig.kept(), Some(&Kept::Sealed));
        assert_eq!(rig.setup.steps.sign_in.draft.passphrase, "");
        // A second account goes into the same file without typing it again.
        rig.setup.steps.sign_in.remembered = Some(other.clone());
        rig.act(sign_in::Msg::SignIn).await;
        assert_eq!(rig.kept(), Some(&Kept::Sealed));

        // The next start.
        let mut rig = Rig::start(account.base(), data.path());
        let found = remembered(rig.runner.world()).await;
        assert!(found.sealed && found.token.is_none());
        rig.types("canary house");
        rig.act(sign_in::Msg::Unlock).await;
        let problem = rig.setup.problem(StepId::SignIn).unwrap();
        assert_eq!(problem.what, "The passphrase does not open the encrypted file.");
        assert_eq!(rig.kept(), None);
        rig.types("canary horse");
        rig.act(sign_in::Msg::Unlock).await;
        assert_eq!(rig.setup.problem(StepId::SignIn), None);
        assert_eq!(rig.setup.facts.token(), Some(&other), "the one that was used last");
        let names: Vec<String> =
            rig.setup.steps.sign_in.others(&rig.setup.facts).map(str::to_owned).collect();
        rig.act(sign_in::Msg::Switch(names[0].clone())).await;
        assert_eq!(rig.setup.facts.token(), Some(&token));

        rig.act(sign_in::Msg::SignOut).await;
        assert_eq!(rig.kept(), None);
        let file = data.path().join("tokens.sealed");
        let left = poolwright::sealed::open(&file, &Secret::new("canary horse")).unwrap();
        assert_eq!(left.iter().map(|(_, token)| token).collect::<Vec<_>>(), [&other]);
        account.close().await;
    }
}
