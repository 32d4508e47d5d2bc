//! Arguments to window or command line; the one runtime.

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use poolwright::cli::{Exit, args, check, migrate, report, run, self_test};
use tokio::runtime::Runtime;

fn main() -> ExitCode {
    poolwright::safety::before_anything();
    let cli = match args::Cli::try_parse() {
        Ok(cli) => cli,
        Err(err) => return refused(&err),
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(err) => {
            report::print_error(&format!("the system gave no threads to work with: {err}"));
            return ExitCode::from(Exit::Stopped.code());
        }
    };
    let exit = match cli.command {
        None if cli.self_test => runtime.block_on(self_test::run(window::tried())),
        None => window::open(&runtime),
        #[cfg(feature = "practice")]
        Some(args::Command::Practice(args)) => {
            if args.no_window || !window::possible() {
                runtime.block_on(run::practice(&args))
            } else {
                window::practise(&runtime, &args)
            }
        }
        Some(args::Command::Setup(args)) => runtime.block_on(run::setup(&args)),
        Some(args::Command::Migrate(command)) => runtime.block_on(migrate::run(&command)),
        Some(args::Command::Check(args)) => runtime.block_on(check::check(&args)),
    };
    // A keychain or name look-up that hangs must not keep the program from ending.
    runtime.shutdown_timeout(std::time::Duration::from_millis(1500));
    ExitCode::from(exit.code())
}

/// Help and version are answers; everything else was not understood.
fn refused(err: &clap::Error) -> ExitCode {
    // Where even this can't be printed, the exit code still tells.
    err.print().ok();
    match err.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(Exit::Usage.code()),
    }
}

/// Without a window: one sentence and how to go on.
fn no_window(why: &str) -> Exit {
    report::print_error(&format!("{why} It also works without one:"));
    report::print_line(&args::Cli::command().render_usage().to_string());
    report::print_line("       poolwright practice --no-window");
    report::print_line("       poolwright setup --profile poolwright.toml");
    Exit::Usage
}

#[cfg(feature = "gui")]
mod window {
    use std::{path::PathBuf, sync::Arc};

    #[cfg(feature = "practice")]
    use poolwright::cli::{report, run};
    use poolwright::{
        cli::Exit,
        effects::{World, saved::Place, settings},
        setup::{Rules, Setup},
        ui::{self, Begun, Open, StartPractice, StartReal},
    };
    use serde_json::{Value, json};

    use super::Runtime;

    /// Is there a display to open a window on?
    pub fn possible() -> bool {
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        !cfg!(target_os = "linux") || set("DISPLAY") || set("WAYLAND_DISPLAY")
    }

    pub fn open(runtime: &Runtime) -> Exit {
        if !possible() {
            return super::no_window("There is no display to open a window on.");
        }
        show(runtime, None)
    }

    /// Opens the practice set-up at its first step.
    #[cfg(feature = "practice")]
    pub fn practise(runtime: &Runtime, args: &poolwright::cli::args::Practice) -> Exit {
        match runtime.block_on(run::begin_practice(&args.scenario, &args.crowd)) {
            Ok((setup, world, practice)) => {
                let guard = Some(Box::new(practice) as Box<dyn Send>);
                show(runtime, Some(Begun { setup, world, place: None, guard }))
            }
            Err(problem) => {
                report::print_problem(&problem);
                Exit::Stopped
            }
        }
    }

    /// What came of opening one, for the self-test.
    pub fn tried() -> Value {
        match ui::self_test::run() {
            Ok(shown) => json!({
                "renderer": shown.renderer,
                "frames": shown.frames,
                "letters": shown.letters,
            }),
            Err(err) => json!({ "error": err.to_string() }),
        }
    }

    fn show(runtime: &Runtime, begin: Option<Begun>) -> Exit {
        // What the guard of a practice set-up stops runs on the runtime.
        let _inside = runtime.enter();
        let open = Open {
            tasks: runtime.handle().clone(),
            begin,
            saves: saves(),
            practice: practice(),
            real: real(),
            settings: settings::load(),
        };
        match ui::run(open) {
            Ok(()) => Exit::Done,
            Err(err) => super::no_window(&format!("{err}.")),
        }
    }

    /// Without a home folder nothing is kept, and beginning a set-up says why.
    fn saves() -> Option<PathBuf> {
        World::real().ok().map(|world| Place::below(&world.data))
    }

    fn real() -> StartReal {
        Arc::new(|| {
            let world = World::real()?;
            let place = Some(Place::new(Place::below(&world.data)));
            Ok(Begun { setup: Setup::new(Rules::default()), world, place, guard: None })
        })
    }

    #[cfg(feature = "practice")]
    #[expect(clippy::unnecessary_wraps, reason = "a build without practice has none")]
    fn practice() -> Option<StartPractice> {
        Some(Arc::new(|| {
            Box::pin(async {
                let (setup, world, practice) =
                    run::begin_practice("full", &poolwright::cli::args::Crowd::default()).await?;
                Ok(Begun { setup, world, place: None, guard: Some(Box::new(practice)) })
            })
        }))
    }

    #[cfg(not(feature = "practice"))]
    fn practice() -> Option<StartPractice> {
        None
    }
}

/// The build without a window.
#[cfg(not(feature = "gui"))]
mod window {
    use poolwright::cli::Exit;

    use super::Runtime;

    #[cfg(feature = "practice")]
    pub fn possible() -> bool {
        false
    }

    pub fn tried() -> serde_json::Value {
        serde_json::Value::Null
    }

    pub fn open(_runtime: &Runtime) -> Exit {
        super::no_window("This build has no window.")
    }

    #[cfg(feature = "practice")]
    pub fn practise(_runtime: &Runtime, _args: &poolwright::cli::args::Practice) -> Exit {
        super::no_window("This build has no window.")
    }
}
