//! The environment that a command looks at, from the places that its options name.

use std::path::{Path, PathBuf};

use clap::Args;

use super::mounts::Mounts;
use super::subject::Subject;
use super::taken::Taken;
use super::verdict::Usage;
use super::{compose, kubernetes};
use crate::environment::{Dangling, Environment};
use crate::file;
use crate::handle::Origin;

/// Where the environment is read from. Without any of these it is that of this process.
#[derive(Args, Debug, Clone, Default)]
#[command(next_help_heading = "Environment (without any of these: that of this process)")]
pub(super) struct Sources {
    /// A file of variables; may be given again: of a name that several have the last counts
    #[arg(long, value_name = "FILE")]
    env_file: Vec<PathBuf>,

    /// The variables of this process, before those of files
    #[arg(long)]
    env: bool,

    /// A folder of Kubernetes service bindings, as `SERVICE_BINDING_ROOT` names it
    #[arg(long, value_name = "DIR")]
    bindings: Option<PathBuf>,

    /// A file with the JSON of `VCAP_SERVICES`
    #[arg(long, value_name = "FILE")]
    vcap: Option<PathBuf>,

    /// Files of Kubernetes with Secrets, ConfigMaps and what runs the app; `-` reads them from here
    #[arg(long, value_name = "FILE,...", value_delimiter = ',')]
    kube: Vec<PathBuf>,

    /// The container of the app, where the files have several: `app`, or `web/app`
    #[arg(long, value_name = "NAME", requires = "kube")]
    container: Option<String>,

    /// A Compose file, with the `.env` beside it
    #[arg(long, value_name = "FILE")]
    compose: Option<PathBuf>,

    /// The service of the app, where the Compose file has several
    #[arg(long, value_name = "NAME", requires = "compose")]
    service: Option<String>,
}

/// An environment, with the files that it needs as long as it is looked at.
pub(super) struct Stacked {
    pub(super) environment: Environment,
    _mounts: [Mounts; 2],
}

impl Sources {
    /// What the options come to for an app.
    pub(super) fn environment(&self, subject: &dyn Subject) -> Result<Stacked, Usage> {
        self.env_file.iter().try_for_each(|path| is_file("--env-file", path))?;
        let process = if self.env || !self.names_one() {
            Environment::process()
        } else {
            Environment::default()
        };
        let mut pod = Taken::default();
        if !self.kube.is_empty() {
            pod = kubernetes::environment(&self.kube, self.container.as_deref())?;
        }
        let mut service = Taken::default();
        if let Some(path) = &self.compose {
            service = compose::environment(path, self.service.as_deref(), &process)?;
        }
        let files = Environment::from_files(&self.env_file, &process);
        let mut environment = process;
        let (mut must, mut mounts) = (Vec::new(), [const { None }; 2]);
        for (taken, mounted) in [pod, service].into_iter().zip(&mut mounts) {
            let mut own = taken.environment;
            taken.mounts.rewrite(&mut own);
            environment = environment.above(own);
            must.extend(taken.must);
            *mounted = Some(taken.mounts);
        }
        environment = environment.above(files).without_empty_layers();
        if let Some(folder) = &self.bindings {
            if !folder.is_dir() {
                return Err(Usage::new("--bindings", folder, "it is not a folder"));
            }
            environment.set("SERVICE_BINDING_ROOT", folder, None);
        }
        if let Some(path) = &self.vcap {
            is_file("--vcap", path)?;
            environment.clear("VCAP_SERVICES");
            environment.set("VCAP_SERVICES_FILE_PATH", path, None);
        }
        report(subject, &mut environment, must);
        Ok(Stacked { environment, _mounts: mounts.map(Option::unwrap_or_default) })
    }

    /// Whether one of the options names a source.
    fn names_one(&self) -> bool {
        !self.env_file.is_empty()
            || self.bindings.is_some()
            || self.vcap.is_some()
            || !self.kube.is_empty()
            || self.compose.is_some()
    }
}

/// What keeps the platform from starting the app is a problem, unless a field has it already.
fn report(
    subject: &dyn Subject,
    environment: &mut Environment,
    must: Vec<(String, Dangling, String)>,
) {
    if must.is_empty() {
        return;
    }
    let report = subject.load(environment).err();
    let problems = report.as_ref().map_or(&[][..], |report| report.problems());
    let is_named = |name: &str| {
        problems.iter().any(|problem| {
            problem.origin().and_then(Origin::variable).unwrap_or(problem.variable()) == name
                || problem.message().contains(&format!("`{name}`"))
        })
    };
    for (name, dangling, place) in must {
        if name.is_empty() || !is_named(&name) {
            environment.add_broken(&name, dangling, &place);
        }
    }
}

/// A file of variables as one source of two, for `diff`.
pub(super) fn of_file(path: &Path) -> Result<Environment, Usage> {
    is_file("the file", path)?;
    Ok(Environment::from_files([path], &Environment::default()))
}

/// Unlike the `.env` of an app, a file that a command names is there.
fn is_file(option: &str, path: &Path) -> Result<(), Usage> {
    file::read(path, file::LIMIT).map(drop).map_err(|trouble| Usage::new(option, path, trouble))
}
