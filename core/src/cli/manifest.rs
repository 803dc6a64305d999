//! `manifest`: what the app declares.

use std::fs;
use std::path::Path;

use super::output;
use super::subject::Subject;
use super::verdict::{Usage, Verdict};
use crate::manifest::Format;

/// The files of Compose, by their names.
const COMPOSE: &str = "compose.yaml";
const DOTENV: &str = ".env";

pub(super) fn run(
    subject: &dyn Subject,
    format: Format,
    folder: Option<&Path>,
) -> Result<Verdict, Usage> {
    let manifest = subject.manifest();
    let Some(folder) = folder else {
        output::whole(&manifest.format(format));
        return Ok(Verdict::Good);
    };
    if format != Format::Compose {
        return Err(Usage("--output goes with `--format compose`".to_owned()));
    }
    let compose = manifest.compose();
    for (name, text) in [(COMPOSE, compose.yaml()), (DOTENV, compose.env())] {
        let path = folder.join(name);
        if path.exists() {
            return Err(Usage::new("--output", &path, "it is there already: remove it first"));
        }
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&path, text));
        written.map_err(|error| Usage::new("--output", &path, error.kind()))?;
        output::line(path.display());
    }
    Ok(Verdict::Good)
}
