//! The commands of `backing-services` in an app's own binary: they check the environment of a
//! deploy, and what it attaches, without starting the app.
//!
//! The people who deploy have a file of variables, a Kubernetes manifest or a Compose file, and
//! want to know whether the app would start with it. [`run`] gives a binary these commands, so that
//! a container that holds nothing but the app has them: `myapp services check`. The environment is
//! read by the very code that the app loads it with, adapters of its own included.
//!
//! The program `backing-services`, of the package `backing-services-cli`, has the same commands for any
//! program that derives `BackingServices`: `backing-services check ./myapp`. There, adapters of an app's
//! own are read by their grammars, rules in their code are not run, and `ping` and `wait` open a
//! connection of TCP to them.
//!
//! | command | does |
//! |---|---|
//! | `check` | reads the environment as the app would, and prints the same report; a good one as a line a resource |
//! | `explain` | where each value comes from, what is passed over, what nobody reads |
//! | `manifest --format FORM` | what the app declares, in a [`Format`]; `--format compose --output DIR` writes the `compose.yaml` and its `.env` |
//! | `diff BEFORE AFTER` | what another file of variables means: host, port, database, TLS; a password *differs* |
//! | `wait --timeout 60s` | connects to every resource until it answers, all at the same time; on a terminal it shows who is missing |
//! | `ping` | once, as a table: resource, answer, milliseconds, version of the server |
//! | `completions SHELL`, `man` | for a shell, and for `man` |
//!
//! The exit code is 0 where everything is good, 1 where there are problems, and 2 where the command
//! cannot be carried out as it was given. `diff` ends with 0 also where the two differ: what ends
//! with 1 is an environment that the app refuses. A command that a signal ends leaves with 130.
//! Colours are for terminals, and not there with `NO_COLOR`.
//!
//! # The environment
//!
//! Without any of these options it is that of the process itself, as in the container of the app.
//!
//! | option | environment |
//! |---|---|
//! | `--env-file FILE` | a file of variables, read as [`with_dotenv`](crate::Environment::with_dotenv) reads one, in the place of a process's variables; several are stacked: of a name that several have the last counts, and a `$` may stand for what an earlier one has |
//! | `--env` | the process's own variables too: they come first, as where an app reads a `.env` |
//! | `--bindings DIR` | Kubernetes service bindings, as `SERVICE_BINDING_ROOT` names them |
//! | `--vcap FILE` | the JSON of `VCAP_SERVICES` |
//! | `--kube FILE,...` | Secrets, ConfigMaps and what runs the app, as the kubelet hands them out: `env` with `valueFrom` and `$(NAME)`, `envFrom`, and volumes, whose files are read where a variable names them; `-` reads standard input, such as that of `helm template`; `--container NAME` chooses one of several. Secrets and ConfigMaps alone: every key is a variable |
//! | `--compose FILE` | a service of a Compose file (`--service NAME`): `environment`, `env_file`, `extends`, `secrets`, `configs`, with `${NAME}` from the `.env` beside the file, and from the process with `--env` |
//!
//! What a Pod or a service refers to and what is not in the given files is a problem of the report:
//! the platform would not start the app. The files that a volume mounts stand in a folder that
//! nobody else can read, in memory where the machine has such a place, until the command ends.
//!
//! # JSON
//!
//! `--json` is for programs: one object, with `version` (1), `command` and `name` (the struct)
//! beside what follows. A version's keys and words stay as they are; keys and words may be added.
//! **No value of the environment is in it**, only names, kinds, and the texts of this crate;
//! `cause` is what a driver or a server said, without the secrets of the handle.
//!
//! | command | keys |
//! |---|---|
//! | `check` | `ok`; `resources`: `field`, `variable`, `adapter`, `attached`, `origin` (or null); `problems`: `field`, `variable`, `kind`, `origin` (or null), `message`, `help`; `notes`: what was left out |
//! | `explain` | `fields`: `field`, `variable`, `from`, `passed_over`; `unused`: `name`, `reason` (null where nobody reads it) |
//! | `manifest` | as [`Manifest::json`](crate::Manifest::json) |
//! | `diff` | `differences`: `field`, `variable`, `change` (`appears`, `goes`, `changed`), `what` (a list: `scheme`, `host`, `port`, `database`, `file`, `path`, `TLS`, `user`, `password`, the names of parameters in backticks, `resource`, `value`, `the handle`); `problems`: two lists as in `check`, of the first and the second file |
//! | `wait`, `ping` | `ok`; `resources`: `field`, `variable`, `adapter`, `ok`, `asked` (false where a connection of TCP was all), `milliseconds`, `version` (or null), `failure` (or null): `kind`, `transient`, `attempts`, `cause`, `help`. An environment with problems is as in `check` |
//!
//! `kind` of a problem is a [`ProblemKind`](crate::ProblemKind), that of a failure a
//! [`FailureKind`](crate::FailureKind), in lower case with `_` between its words: `not_loopback`,
//! `unknown_host`.

mod answer;
mod args;
mod check;
mod compose;
mod diff;
mod explain;
mod kubernetes;
mod manifest;
mod mounts;
mod output;
mod sources;
pub(crate) mod subject;
mod taken;
mod verdict;
mod yaml;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use self::args::{Command, WORD};
use self::subject::{Subject, Typed};
use self::verdict::{Usage, Verdict};
use crate::backing::BackingServices;
use crate::manifest::Format;

/// The commands for the services of this app, by the arguments of this process; a first `services`
/// among them is passed over.
///
/// ```no_run
/// use backing_services::BackingServices;
/// use std::process::ExitCode;
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[setting(default = "8080")]
///     port: u16,
/// }
///
/// fn main() -> ExitCode {
///     if std::env::args().nth(1).as_deref() == Some("services") {
///         return backing_services::cli::run::<Services>(); // myapp services check
///     }
///     // ... the app itself
///     ExitCode::SUCCESS
/// }
/// ```
pub fn run<S: BackingServices + 'static>() -> ExitCode {
    let mut arguments = std::env::args_os();
    let program = arguments.next().unwrap_or_default();
    let program = Path::new(&program).file_name().unwrap_or_default().to_string_lossy();
    let mut arguments = arguments.peekable();
    let has_word = arguments.next_if(|argument| argument == WORD).is_some();
    let name = if has_word { format!("{program} {WORD}") } else { program.into_owned() };
    run_as::<S>(&name, arguments)
}

/// [`run`] with arguments that the app has taken apart: those behind its own word for the commands.
/// `name` is how the app calls them, for the help.
///
/// ```
/// # use backing_services::BackingServices;
/// # #[derive(BackingServices)]
/// # struct Services {
/// #     #[setting(default = "8080")]
/// #     port: u16,
/// # }
/// let code = backing_services::cli::run_as::<Services>("shop ops", ["check"]);
/// ```
pub fn run_as<S: BackingServices + 'static>(
    name: &str,
    arguments: impl IntoIterator<Item = impl Into<OsString>>,
) -> ExitCode {
    let arguments = arguments.into_iter().map(Into::into);
    args::dispatch(name, arguments, |_: &args::NoApp, command| perform(&Typed::<S>::new(), command))
}

/// The commands for the services of other programs, by the [record](crate::record) that each holds:
/// the program `backing-services`.
#[cfg(feature = "_record")]
#[doc(hidden)]
pub fn run_on_programs() -> ExitCode {
    use crate::record::read::Record;
    use crate::record::subject::RecordSubject;

    let arguments = std::env::args_os().skip(1);
    args::dispatch("backing-services", arguments, |app: &args::OtherApp, command| {
        let record = Record::of_file(&app.program, app.name.as_deref());
        let record = record.map_err(|error| Usage(error.to_string()))?;
        perform(&RecordSubject::new(record), command)
    })
}

/// Carries a command out.
fn perform<A: clap::Args>(subject: &dyn Subject, command: &Command<A>) -> Result<Verdict, Usage> {
    match command {
        Command::Check(read) => {
            let stacked = read.sources.environment(subject)?;
            Ok(check::run(subject, &stacked.environment, read.json))
        }
        Command::Explain(read) => {
            let stacked = read.sources.environment(subject)?;
            Ok(explain::run(subject, &stacked.environment, read.json))
        }
        Command::Manifest(declared) => {
            let format = if declared.json { Format::Json } else { declared.format };
            manifest::run(subject, format, declared.output.as_deref())
        }
        Command::Diff(compared) => {
            let (before, after) = (&compared.before, &compared.after);
            let environments = [sources::of_file(before)?, sources::of_file(after)?];
            let [old, new] = [before, after].map(|path| path.display().to_string());
            let sides = diff::Sides { names: [&old, &new], environments: environments.each_ref() };
            Ok(diff::run(subject, &sides, compared.json))
        }
        Command::Wait(waited) => {
            let read = &waited.read;
            let stacked = read.sources.environment(subject)?;
            answer::wait(subject, &stacked.environment, waited.timeout, read.json)
        }
        Command::Ping(read) => {
            let stacked = read.sources.environment(subject)?;
            answer::ping(subject, &stacked.environment, read.json)
        }
        // These have no app, and are done already.
        Command::Completions { .. } | Command::Man { .. } => Ok(Verdict::Good),
    }
}
