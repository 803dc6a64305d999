//! `check`: whether the app would start in this environment.

use serde::Serialize;

use super::output;
use super::subject::{LoadedResource, Subject};
use super::verdict::Verdict;
use crate::environment::Environment;
use crate::error::{LoadError, Problem};
use crate::handle::Origin;
use crate::manifest::Resource;

pub(super) fn run(subject: &dyn Subject, environment: &Environment, json: bool) -> Verdict {
    let name = subject.table().name;
    let loaded = subject.load(environment).map(|loaded| loaded.resources());
    let notes = subject.notes();
    if json {
        output::json("check", name, &Json::new(subject, &loaded, &notes));
        return Verdict::of(loaded.is_ok());
    }
    match &loaded {
        Ok(attached) => {
            output::line(output::good(format!("the environment of `{name}` is good")));
            let rows = rows(subject, attached);
            if !rows.is_empty() {
                output::line("");
                output::whole(&output::table(&rows));
            }
        }
        Err(report) => output::report(report),
    }
    print_notes(&notes);
    Verdict::of(loaded.is_ok())
}

/// The report of an environment that is not as the app wants it, for every command.
pub(super) fn refuse(subject: &dyn Subject, command: &str, error: &LoadError, json: bool) {
    let notes = subject.notes();
    if json {
        output::json(command, subject.table().name, &Json::new(subject, &Err(error), &notes));
    } else {
        output::report(error);
        print_notes(&notes);
    }
}

fn print_notes(notes: &[String]) {
    if !notes.is_empty() {
        output::line("");
    }
    for note in notes {
        output::line(output::faint(format!("note: {note}")));
    }
}

/// A line a resource, detached ones included.
fn rows(subject: &dyn Subject, attached: &[LoadedResource]) -> Vec<Vec<String>> {
    let manifest = subject.manifest();
    let row = |declared: &Resource| {
        let field = format!("  {}", declared.field());
        let adapter = declared.adapter().to_owned();
        match attached.iter().find(|it| it.variable() == declared.variable()) {
            Some(it) => {
                let origin = it.origin().map(Origin::to_string).unwrap_or_default();
                vec![field, adapter, it.shown(), origin]
            }
            None => vec![field, adapter, "detached".to_owned()],
        }
    };
    manifest.resources().iter().map(row).collect()
}

#[derive(Serialize)]
struct Json<'a> {
    ok: bool,
    resources: Vec<JsonResource>,
    problems: Vec<JsonProblem<'a>>,
    notes: &'a [String],
}

#[derive(Serialize)]
struct JsonResource {
    field: String,
    variable: String,
    adapter: String,
    attached: bool,
    origin: Option<String>,
}

#[derive(Serialize)]
pub(super) struct JsonProblem<'a> {
    field: &'a str,
    variable: &'a str,
    kind: String,
    origin: Option<String>,
    message: &'a str,
    help: &'a str,
}

impl<'a> JsonProblem<'a> {
    pub(super) fn new(problem: &'a Problem) -> Self {
        Self {
            field: problem.field(),
            variable: problem.variable(),
            kind: output::word(&problem.kind()),
            origin: problem.origin().map(Origin::to_string),
            message: problem.message(),
            help: problem.help(),
        }
    }
}

impl<'a> Json<'a> {
    fn new<E: std::borrow::Borrow<LoadError>>(
        subject: &dyn Subject,
        loaded: &'a Result<Vec<LoadedResource>, E>,
        notes: &'a [String],
    ) -> Self {
        let attached = loaded.as_deref().unwrap_or_default();
        let resource = |declared: &Resource| {
            let it = attached.iter().find(|it| it.variable() == declared.variable());
            JsonResource {
                field: declared.field().to_owned(),
                variable: declared.variable().to_owned(),
                adapter: declared.adapter().to_owned(),
                attached: it.is_some(),
                origin: it.and_then(|it| it.origin()).map(Origin::to_string),
            }
        };
        let manifest = subject.manifest();
        let problems = loaded.as_ref().err().map(|error| error.borrow().problems());
        Self {
            ok: loaded.is_ok(),
            // Of an environment with problems nobody can tell what is attached.
            resources: match loaded {
                Ok(_) => manifest.resources().iter().map(resource).collect(),
                Err(_) => Vec::new(),
            },
            problems: problems.unwrap_or_default().iter().map(JsonProblem::new).collect(),
            notes,
        }
    }
}
