#![allow(clippy::option_option, reason = "`None` is a problem, `Some(None)` is detached")]

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Field, Kind, Table};
use crate::adapter::Adapter;
use crate::backing::BackingServices;
use crate::environment::{Ask, Environment, Found, Origin, Sources, Unreadable, join};
use crate::error::{HandleError, LoadError, Problem, ProblemKind, mask, mask_word};
use crate::handle::Handle;
use crate::setting::flatten::{self, Fault};
use crate::suggest;

/// As `load` of the whole process environment, which most apps need only for the hints of a report.
pub fn from_env<S: BackingServices>() -> Result<S, LoadError> {
    if let Some(environment) = Environment::process_for(S::TABLE)
        && let Ok(services) = load(&environment)
    {
        return Ok(services);
    }
    load(&Environment::process())
}

pub fn load<S: BackingServices>(environment: &Environment) -> Result<S, LoadError> {
    let sources = Sources::new(environment);
    let problems = sources.problems(S::TABLE);
    let mut loader = Loader {
        environment,
        sources,
        root: S::TABLE,
        table: S::TABLE,
        path: format!("{}::", S::TABLE.name),
        prefix: String::new(),
        problems,
    };
    match S::__load(&mut loader) {
        Some(services) if loader.problems.is_empty() => Ok(services),
        _ => Err(LoadError::new(S::TABLE, loader.problems)),
    }
}

/// Reads field after field and keeps every problem; a field that has one gives `None`.
pub struct Loader<'e> {
    environment: &'e Environment,
    sources: Sources<'e>,
    root: &'static Table,
    table: &'static Table,
    path: String,
    prefix: String,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    /// A required resource, or one with a default.
    pub fn resource<A: Adapter>(&mut self, index: usize) -> Option<A> {
        let field = self.table.fields.get(index)?;
        let attached = self.attached(field)?;
        if attached.is_none() {
            let help = self
                .stray(field)
                .unwrap_or_else(|| format!("set it, for example to {}", A::GRAMMAR.example()));
            self.missing(field, help);
        }
        attached
    }

    /// An optional resource: `Some(None)` is detached.
    pub fn optional<A: Adapter>(&mut self, index: usize) -> Option<Option<A>> {
        let field = self.table.fields.get(index)?;
        self.attached(field)
    }

    /// A nested struct.
    pub fn nested<S: BackingServices>(&mut self, index: usize) -> Option<S> {
        let field = self.table.fields.get(index)?;
        let Kind::Nested { prefix, table, .. } = field.kind else {
            return None;
        };
        let outer_table = std::mem::replace(&mut self.table, table);
        let (path, names) = (self.path.len(), self.prefix.len());
        self.path.push_str(field.name);
        self.path.push('.');
        self.prefix.push_str(prefix);
        let services = S::__load(self);
        self.path.truncate(path);
        self.prefix.truncate(names);
        self.table = outer_table;
        services
    }

    /// An optional nested struct: `Some(None)` when not one of its variables is set.
    pub fn optional_nested<S: BackingServices>(&mut self, index: usize) -> Option<Option<S>> {
        let field = self.table.fields.get(index)?;
        let Kind::Nested { prefix, table, .. } = field.kind else {
            return None;
        };
        let any = self.is_any_set(
            table,
            &format!("{}{}.", self.outer(), field.name),
            &join(&self.prefix, prefix),
        );
        if any { self.nested(index).map(Some) } else { Some(None) }
    }

    /// A required setting, or one with a default.
    pub fn setting<T: DeserializeOwned>(&mut self, index: usize) -> Option<T> {
        let field = self.table.fields.get(index)?;
        let value = self.value(field)?;
        if value.is_none() {
            self.missing(field, format!("set it to a value of type `{}`", type_name::<T>()));
        }
        value
    }

    /// An optional setting.
    pub fn optional_setting<T: DeserializeOwned>(&mut self, index: usize) -> Option<Option<T>> {
        let field = self.table.fields.get(index)?;
        self.value(field)
    }

    /// Whether one of the variables of a nested struct is set, or one of its resources bound.
    fn is_any_set(&self, table: &'static Table, outer: &str, prefix: &str) -> bool {
        let mut any = false;
        each_field(table, outer, prefix, &mut |outer, prefix, field| {
            any |= match (Ask::new(self.root, outer, prefix, field), &field.kind) {
                (Some(ask), _) => !matches!(self.sources.find(&ask), Ok(None)),
                (None, Kind::Setting { variables: [variable, ..], .. }) => {
                    !matches!(self.environment.value(variable, prefix), Ok(None))
                }
                (None, _) => false,
            };
        });
        any
    }

    /// The nested struct that is loaded, as `Ask` has it.
    fn outer(&self) -> &str {
        self.path.get(self.root.name.len() + "::".len()..).unwrap_or_default()
    }

    fn ask(&self, field: &'static Field) -> Option<Ask<'_>> {
        Ask::new(self.root, self.outer(), &self.prefix, field)
    }

    fn attached<A: Adapter>(&mut self, field: &'static Field) -> Option<Option<A>> {
        let Kind::Resource { default, .. } = field.kind else { return None };
        let found = self.sources.find(&self.ask(field)?);
        let Some(found) = self.or_default(field, found, default)? else { return Some(None) };
        let parsed = Handle::parse(&found.value).and_then(|handle| {
            let handle = handle.with_origin(found.origin.clone());
            let adapter =
                A::from_handle(&handle).map_err(|error| error.masked(&handle, A::GRAMMAR))?;
            if self.environment.is_only_loopback() && !adapter.is_loopback() {
                return Err(HandleError::not_loopback());
            }
            Ok(adapter)
        });
        match parsed {
            Ok(adapter) => Some(Some(adapter)),
            Err(error) => {
                let problem = self.problem(field).refused(&error, found, A::GRAMMAR.example());
                self.problems.push(problem);
                None
            }
        }
    }

    /// That parts of a handle are set, and not enough of them.
    fn stray(&self, field: &'static Field) -> Option<String> {
        let stray = self.environment.stray_parts(&self.ask(field)?);
        let names: Vec<_> = stray.iter().map(String::as_str).collect();
        let variable = join(&self.prefix, field.variable());
        (!names.is_empty()).then(|| {
            format!(
                "only {} of its parts is set: set `{variable}` as a whole, or the host too",
                suggest::list(&names).replace(" or ", " and ")
            )
        })
    }

    fn value<T: DeserializeOwned>(&mut self, field: &'static Field) -> Option<Option<T>> {
        #[derive(Deserialize)]
        struct One<T> {
            value: T,
        }

        let Kind::Setting { variables: [variable, ..], default, .. } = field.kind else {
            return None;
        };
        let found = self.environment.value(variable, &self.prefix);
        let Some(found) = self.or_default(field, found, default)? else { return Some(None) };
        match envy::from_iter::<_, One<T>>([("value".to_owned(), found.value.to_string())]) {
            Ok(one) => Some(Some(one.value)),
            Err(error) => {
                let reason = setting_reason(&error.to_string(), &found.value);
                let problem = self.problem(field).bad_setting(&reason, found, &type_name::<T>());
                self.problems.push(problem);
                None
            }
        }
    }

    /// What the environment has, else the default; `Some(None)` if there is neither.
    fn or_default<'a>(
        &mut self,
        field: &'static Field,
        found: Result<Option<Found<'a>>, Unreadable>,
        default: Option<&'static str>,
    ) -> Option<Option<Found<'a>>> {
        match found {
            Ok(Some(found)) => Some(Some(found)),
            Ok(None) => {
                Some(default.map(|text| Found { value: text.into(), origin: Origin::Default }))
            }
            Err(unreadable) => {
                let problem = self.problem(field).because(unreadable);
                self.problems.push(problem);
                None
            }
        }
    }

    fn missing(&mut self, field: &'static Field, help: String) {
        let problem = self.problem(field);
        let mut claimed = HashSet::new();
        each_variable(self.root, "", &mut |name, _| {
            claimed.insert(name.to_owned());
        });
        let near = self.environment.names().filter(|name| {
            !claimed.contains(*name) && suggest::one_edit_apart(name, problem.variable())
        });
        // The first in the alphabet, so that the report is the same each time.
        let help = match near.min() {
            Some(near) => format!("`{near}` is set: did you mean `{}`?", problem.variable()),
            None => help,
        };
        let problem = problem.missing(self.with_dotenv(help));
        self.problems.push(problem);
    }

    /// What may be the cause where a variable is not set: a `.env` file that is not there, or a
    /// line of one that is not read.
    fn with_dotenv(&self, mut help: String) -> String {
        let missing = self.environment.missing_dotenv();
        let missing = missing.map(|path| format!("the file `{path}` was not found"));
        let unreadable = self.environment.unreadable_lines().map(|(path, line, message, help)| {
            format!("line {line} of `{path}` {message}: {help}")
        });
        for cause in missing.chain(unreadable) {
            help.push_str(if help.ends_with('?') { " " } else { "; " });
            help.push_str(&cause);
        }
        help
    }

    fn problem(&self, field: &Field) -> Problem {
        Problem::new(
            format!("{}{}", self.path, field.name),
            format!("{}{}", self.prefix, field.variable()),
            ProblemKind::Missing,
        )
        .of(field)
    }
}

/// Calls `visit` with every variable of a table, and whether it holds a handle.
pub(crate) fn each_variable(
    table: &'static Table,
    prefix: &str,
    visit: &mut dyn FnMut(&str, bool),
) {
    each_field(table, "", prefix, &mut |_, prefix, field| match field.kind {
        Kind::Resource { variables, .. } => {
            for variable in variables {
                visit(&join(prefix, variable), true);
            }
        }
        Kind::Setting { variables, .. } => {
            for variable in variables {
                visit(&join(prefix, variable), false);
            }
        }
        Kind::Flatten { .. } | Kind::Nested { .. } => {}
    });
}

/// Calls `visit` with each field of a table, also of nested ones: with the structs it stands in, a dot behind
/// each, with the prefix of its variables, and itself.
pub(crate) fn each_field(
    table: &'static Table,
    outer: &str,
    prefix: &str,
    visit: &mut dyn FnMut(&str, &str, &'static Field),
) {
    for field in table.fields {
        visit(outer, prefix, field);
        if let Kind::Nested { prefix: inner, table, .. } = field.kind {
            let outer = format!("{outer}{}.", field.name);
            each_field(table, &outer, &join(prefix, inner), visit);
        }
    }
}

/// The type as it is written in a struct: `Option<Level>`, not `core::option::Option<app::Level>`.
fn type_name<T>() -> String {
    let mut name = String::new();
    for part in
        std::any::type_name::<T>().split_inclusive(['<', '>', ',', ' ', '&', '(', ')', '[', ']'])
    {
        name.push_str(part.rsplit("::").next().unwrap_or_default());
    }
    name
}

/// What `envy` says, without the value that it repeats.
fn setting_reason(message: &str, value: &str) -> String {
    let reason = message.split(" while parsing value '").next().unwrap_or_default();
    let parts = value.split(',').map(str::trim);
    // The words of the type stay as they are: of `prod` a hole in `production` would tell.
    if let Some((_, expected)) = reason.rsplit_once("`, expected ")
        && reason.starts_with("unknown variant `")
    {
        let masked = std::iter::once(value)
            .chain(parts)
            .fold(expected.to_owned(), |text, part| mask_word(&text, part));
        return format!("unknown variant `***`, expected {masked}");
    }
    mask(reason, std::iter::once(value).chain(parts))
}

impl Loader<'_> {
    /// A struct of the app's, each of whose fields is a setting.
    pub fn flatten<T: DeserializeOwned>(&mut self, index: usize) -> Option<T> {
        let field = self.table.fields.get(index)?;
        let Kind::Flatten { prefix, names } = field.kind else { return None };
        let (environment, names) = (self.environment, names());
        let prefix = join(&self.prefix, prefix).into_owned();
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        for name in names {
            match environment.value(&variable_of(name), &prefix) {
                Ok(value) => found.extend(value.map(|value| ((*name).to_owned(), value))),
                Err(unreadable) => {
                    broken.push(*name);
                    let problem = self.flattened(field, &prefix, name).because(unreadable);
                    self.problems.push(problem);
                }
            }
        }
        // Without a prefix only a type that reads every name is given what it does not know.
        if names.is_empty() || !prefix.is_empty() {
            found.extend(self.unnamed(names, &prefix));
        }
        let values: Vec<_> =
            found.iter().map(|(name, found)| (name.as_str(), &*found.value)).collect();
        let faults = match flatten::read(&values, &broken) {
            Ok(value) => return Some(value),
            Err(faults) => faults,
        };
        for fault in faults {
            let problem = match fault {
                Fault::Missing(name) => {
                    let help = format!("set it: the field `{name}` has no default");
                    self.flattened(field, &prefix, name).missing(self.with_dotenv(help))
                }
                Fault::Wrong(name, expected) => {
                    let origin = found.iter().find(|(other, _)| *other == name);
                    let origin = origin.map(|(_, found)| found.origin.clone());
                    let problem = self.flattened(field, &prefix, &name);
                    bad(problem, origin, format!("has a bad value: {expected}"), String::new())
                }
                Fault::Unknown(name) => {
                    let near = suggest::nearest(&name, names.iter().copied());
                    let help = match near {
                        Some(near) => format!("did you mean `{prefix}{}`?", variable_of(near)),
                        None => "clear it, or give the struct such a field".to_owned(),
                    };
                    let problem = self.flattened(field, &prefix, &name);
                    bad(problem, None, "is no field of the struct".to_owned(), help)
                }
                Fault::Twice(name) => {
                    let help = "clear one of the variables that stand for this field".to_owned();
                    let problem = self.flattened(field, &prefix, name);
                    bad(problem, None, "is given by two variables".to_owned(), help)
                }
                Fault::Refused => {
                    let message = "the app refuses these values together".to_owned();
                    bad(self.flattened(field, &prefix, ""), None, message, String::new())
                }
            };
            self.problems.push(problem);
        }
        None
    }

    /// What begins with the prefix and is not the name of a field.
    fn unnamed(&self, names: &[&str], prefix: &str) -> Vec<(String, Found<'static>)> {
        let is_known = |name: &str| {
            let itself = name.strip_suffix("_FILE").unwrap_or(name);
            names.iter().any(|known| [name, itself].contains(&variable_of(known).as_str()))
        };
        let rest = |(variable, value): (String, String)| {
            let name = variable.strip_prefix(prefix)?;
            let is_new = !name.is_empty() && !is_known(name);
            let origin = Origin::Variable { name: variable.as_str().into() };
            is_new.then(|| (name.to_lowercase(), Found { value: value.into(), origin }))
        };
        self.environment.pairs().filter_map(rest).collect()
    }

    /// A problem of one field of such a struct, or of all of it.
    fn flattened(&self, field: &Field, prefix: &str, name: &str) -> Problem {
        let dot = if name.is_empty() { "" } else { "." };
        Problem::new(
            format!("{}{}{dot}{name}", self.path, field.name),
            format!("{prefix}{}", variable_of(name)),
            ProblemKind::Missing,
        )
    }
}

/// The variable of a field that `serde` names: `HTTP_PORT` for `http_port`.
fn variable_of(name: &str) -> String {
    name.to_uppercase().replace('-', "_")
}

fn bad(problem: Problem, origin: Option<Origin>, message: String, help: String) -> Problem {
    problem.because(Unreadable { kind: ProblemKind::Setting, origin, message, help })
}
