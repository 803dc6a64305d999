//! The commands and their options.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::builder::PossibleValue;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand, ValueEnum};

use super::output;
use super::sources::Sources;
use super::verdict::{Usage, Verdict};
use crate::adapter::value::Value as _;
use crate::manifest::Format;

/// The word in front of the commands, in the arguments of an app.
pub(super) const WORD: &str = "services";

/// Checks the environment of an app, and what it attaches, without starting the app
#[derive(Parser, Debug)]
#[command(version, disable_help_subcommand = true)]
pub(super) struct Line<A: Args> {
    #[command(subcommand)]
    command: Command<A>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command<A: Args> {
    /// Reads the environment as the app would, and reports every problem
    Check(Read<A>),
    /// Shows where each value comes from, what is passed over, and what nobody reads
    Explain(Read<A>),
    /// Prints what the app declares
    Manifest(Declared<A>),
    /// Compares two environments by what they mean for the app
    Diff(Compared<A>),
    /// Waits until every resource answers
    Wait(Waited<A>),
    /// Asks every resource once, and shows how long each took and its server's version
    Ping(Read<A>),
    /// Prints completions for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Prints the manual page
    Man {
        /// Writes a page for each command into this folder
        #[arg(long, value_name = "DIR")]
        output: Option<PathBuf>,
    },
}

/// A command that reads one environment.
#[derive(Args, Debug)]
pub(super) struct Read<A: Args> {
    #[command(flatten)]
    pub(super) app: A,
    #[command(flatten)]
    pub(super) sources: Sources,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Declared<A: Args> {
    #[command(flatten)]
    pub(super) app: A,
    /// The form
    #[arg(long, value_enum, default_value_t = Format::Env, conflicts_with = "json")]
    pub(super) format: Format,
    /// Writes the `compose.yaml` and the `.env` that goes with it into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "json")]
    pub(super) output: Option<PathBuf>,
    /// Prints JSON: the same as `--format json`
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Compared<A: Args> {
    #[command(flatten)]
    pub(super) app: A,
    /// A file of variables
    pub(super) before: PathBuf,
    /// Another one
    pub(super) after: PathBuf,
    /// Prints JSON
    #[arg(long)]
    pub(super) json: bool,
}

#[derive(Args, Debug)]
pub(super) struct Waited<A: Args> {
    #[command(flatten)]
    pub(super) read: Read<A>,
    /// For how long, such as `60s` or `2m`
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(super) timeout: Duration,
}

impl ValueEnum for Format {
    fn value_variants<'a>() -> &'a [Self] {
        Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.word()))
    }
}

fn duration(text: &str) -> Result<Duration, String> {
    Duration::read(text).ok_or_else(|| format!("expected {}", Duration::KIND.expected()))
}

/// The app is the program itself.
#[derive(Args, Debug)]
pub(super) struct NoApp {}

/// The app is another program.
#[cfg(feature = "_record")]
#[derive(Args, Debug)]
pub(super) struct OtherApp {
    /// The program of the app
    #[arg(value_name = "APP")]
    pub(super) program: PathBuf,
    /// The struct, where the program declares several
    #[arg(long = "struct", value_name = "NAME")]
    pub(super) name: Option<String>,
}

impl<A: Args> Command<A> {
    fn app(&self) -> Option<&A> {
        match self {
            Self::Check(read) | Self::Explain(read) | Self::Ping(read) => Some(&read.app),
            Self::Manifest(declared) => Some(&declared.app),
            Self::Diff(compared) => Some(&compared.app),
            Self::Wait(waited) => Some(&waited.read.app),
            Self::Completions { .. } | Self::Man { .. } => None,
        }
    }
}

/// Parses the arguments. `perform` carries out the commands that are about an app.
pub(super) fn dispatch<A: Args>(
    name: &str,
    arguments: impl Iterator<Item = OsString>,
    perform: impl Fn(&A, &Command<A>) -> Result<Verdict, Usage>,
) -> ExitCode {
    let line = [OsString::from(name)].into_iter().chain(arguments);
    let command = Line::<A>::command().bin_name(name.to_owned());
    let matches = command.try_get_matches_from(line);
    let parsed = matches.and_then(|matches| Line::<A>::from_arg_matches(&matches));
    let command = match parsed {
        Ok(Line { command }) => command,
        Err(error) => {
            let _ = error.print();
            let is_asked =
                matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if is_asked { ExitCode::SUCCESS } else { ExitCode::from(Usage::CODE) };
        }
    };
    let done = match (&command, command.app()) {
        (_, Some(app)) => perform(app, &command),
        (Command::Completions { shell }, None) => Ok(completions::<A>(name, *shell)),
        (Command::Man { output }, None) => man::<A>(name, output.as_ref()),
        _ => Ok(Verdict::Good),
    };
    match done {
        Ok(verdict) => verdict.code(),
        Err(usage) => {
            output::note(format!("{} {usage}", output::bad("error:")));
            ExitCode::from(Usage::CODE)
        }
    }
}

/// The commands as people call them: those of an app stand behind a word of its own.
fn whole<A: Args>(name: &str) -> clap::Command {
    let command = Line::<A>::command();
    match name.split_once(' ') {
        None => command.name(name.to_owned()),
        Some((app, word)) => {
            let word = if word.contains(' ') { WORD } else { word };
            let command = command.name(word.to_owned());
            clap::Command::new(app.to_owned()).subcommand_required(true).subcommand(command)
        }
    }
}

fn completions<A: Args>(name: &str, shell: clap_complete::Shell) -> Verdict {
    let mut command = whole::<A>(name);
    let program = command.get_name().to_owned();
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut command, program, &mut text);
    output::whole(&String::from_utf8_lossy(&text));
    Verdict::Good
}

fn man<A: Args>(name: &str, folder: Option<&PathBuf>) -> Result<Verdict, Usage> {
    let command = whole::<A>(name);
    let failed =
        |error: io::Error| Usage(format!("the manual page cannot be written: {}", error.kind()));
    if let Some(folder) = folder {
        fs::create_dir_all(folder).map_err(failed)?;
        clap_mangen::generate_to(command, folder).map_err(failed)?;
    } else {
        let mut text = Vec::new();
        clap_mangen::Man::new(command).render(&mut text).map_err(failed)?;
        output::whole(&String::from_utf8_lossy(&text));
    }
    Ok(Verdict::Good)
}
