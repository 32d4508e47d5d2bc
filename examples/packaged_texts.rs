//! Writes what packages carry beside the program: the manual page of each command and completions for five shells.
//!
//!   `packaged_texts FOLDER`

use std::{fs, path::Path};

use clap::CommandFactory as _;
use clap_complete::Shell;
use poolwright::cli::args::Cli;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args_os().nth(1).ok_or("packaged_texts FOLDER")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    clap_mangen::generate_to(Cli::command(), folder)?;
    for shell in [Shell::Bash, Shell::Elvish, Shell::Fish, Shell::PowerShell, Shell::Zsh] {
        clap_complete::generate_to(shell, &mut Cli::command(), "poolwright", folder)?;
    }
    Ok(())
}
