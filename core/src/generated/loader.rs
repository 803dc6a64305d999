//! Reads what a table declares, field after field, and keeps every problem.

#![allow(clippy::option_option, reason = "`None` is a problem, `Some(None)` is detached")]

use std::any::TypeId;
use std::collections::HashSet;
use std::marker::PhantomData;
use std::mem;

use serde_core::de::DeserializeOwned;

use crate::adapter::Adapter;
use crate::adapter::grammar::Grammar;
use crate::adapter::reader::require_scheme;
use crate::environment::{Environment, Found, Located, Origin, Resolution, Resolver, Unreadable};
use crate::error::{HandleError, LoadError, Problem, ProblemKind};
use crate::handle::Handle;
use crate::setting::Form;
use crate::setting::flatten::{self, Fault};
use crate::suggest;
use crate::table::{Field, Kind, Table, each_field, join};
#[cfg(feature = "testing")]
use crate::testing::{Taken, Taking};

/// Loads what a table declares; `walk` takes the fields one by one.
pub(crate) fn load_with<T>(
    table: &'static Table,
    environment: &Environment,
    walk: impl FnOnce(&mut Loader<'_>) -> Option<T>,
) -> Result<T, LoadError> {
    Loader::new(table, environment).load(walk)
}

/// [`load_with`], with a hash of the text of each setting by its path: what a running app compares.
#[cfg(feature = "attached")]
pub(super) fn load_and_note_with<T>(
    table: &'static Table,
    environment: &Environment,
    walk: impl FnOnce(&mut Loader<'_>) -> Option<T>,
) -> (Result<T, LoadError>, Vec<(String, u64)>) {
    let mut loader = Loader::new(table, environment);
    loader.noted = Some(Vec::new());
    let result = loader.load(walk);
    (result, loader.noted.unwrap_or_default())
}

/// [`load_with`] for a test, which takes the adapters and gives others back.
#[cfg(feature = "testing")]
pub(super) fn load_for_test_with<T>(
    table: &'static Table,
    environment: &Environment,
    taken: &Taken,
    walk: impl FnOnce(&mut Loader<'_>) -> Option<T>,
) -> Result<T, LoadError> {
    let mut loader = Loader::new(table, environment);
    loader.test = Some(taken);
    loader.load(walk)
}

/// The settings whose type leaves no room for a secret and whose text is of it, by their paths.
pub(crate) fn settings_that_show<T>(
    table: &'static Table,
    environment: &Environment,
    walk: impl FnOnce(&mut Loader<'_>) -> Option<T>,
) -> Vec<String> {
    let mut loader = Loader::new(table, environment);
    loader.shown = Some(Vec::new());
    let _ = walk(&mut loader);
    loader.shown.unwrap_or_default()
}

/// How the handle of a field is read.
pub(crate) trait Reads {
    /// What it becomes.
    type Value;

    fn grammar(&self) -> &'static Grammar;

    /// By what its type is told from others.
    fn identity(&self) -> Identity;

    /// # Errors
    ///
    /// The handle means nothing to it.
    fn read(&self, handle: &Handle) -> Result<Self::Value, HandleError>;

    fn is_loopback(&self, value: &Self::Value) -> bool;

    /// What a test has alone in the place of a resource.
    #[cfg(feature = "testing")]
    fn own(&self, _: &Taken, _key: &str) -> Option<Self::Value> {
        None
    }

    /// Gives a resource to the test.
    #[cfg(feature = "testing")]
    fn take(&self, _: &Taken, _: Taking<'_>, _: &Self::Value) {}
}

/// The type of a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Identity {
    /// The type itself.
    Type(TypeId),
    /// The path and name that a record has of it.
    #[cfg(feature = "_record")]
    Name(&'static str),
}

/// By the type of the field.
struct Typed<A>(PhantomData<A>);

impl<A: Adapter> Reads for Typed<A> {
    type Value = A;

    fn grammar(&self) -> &'static Grammar {
        A::GRAMMAR
    }

    fn identity(&self) -> Identity {
        Identity::Type(TypeId::of::<A>())
    }

    fn read(&self, handle: &Handle) -> Result<A, HandleError> {
        A::from_handle(handle)
    }

    fn is_loopback(&self, adapter: &A) -> bool {
        adapter.is_loopback()
    }

    #[cfg(feature = "testing")]
    fn own(&self, test: &Taken, key: &str) -> Option<A> {
        test.own(key)
    }

    #[cfg(feature = "testing")]
    fn take(&self, test: &Taken, taking: Taking<'_>, adapter: &A) {
        test.take(taking, adapter);
    }
}

/// Reads field after field and keeps every problem; a field that has one gives `None`.
pub struct Loader<'e> {
    environment: &'e Environment,
    resolver: Resolver<'e>,
    /// Where the search for the next resource begins.
    place: usize,
    root: &'static Table,
    table: &'static Table,
    /// The nested struct that is loaded, with a dot behind each: `reports.`
    outer: String,
    prefix: String,
    problems: Vec<Problem>,
    /// The settings whose values may be shown, where somebody asks for them.
    shown: Option<Vec<String>>,
    /// A hash of the text of each setting, where somebody asks for it.
    #[cfg(feature = "attached")]
    noted: Option<Vec<(String, u64)>>,
    /// What a test loads: adapters that it isolates, or those that it has alone.
    #[cfg(feature = "testing")]
    test: Option<&'e Taken>,
    /// The variables that fields share, each with the type and the path of the first.
    shared: Vec<(&'static str, Identity, String)>,
}

impl<'e> Loader<'e> {
    fn new(table: &'static Table, environment: &'e Environment) -> Self {
        let resolver = Resolver::new(environment, table);
        let problems = resolver.problems(table);
        Self {
            environment,
            resolver,
            place: 0,
            root: table,
            table,
            outer: String::new(),
            prefix: String::new(),
            problems,
            shown: None,
            #[cfg(feature = "attached")]
            noted: None,
            #[cfg(feature = "testing")]
            test: None,
            shared: Vec::new(),
        }
    }

    /// All of it, if there is no problem.
    fn load<T>(&mut self, walk: impl FnOnce(&mut Self) -> Option<T>) -> Result<T, LoadError> {
        match walk(self) {
            Some(services) if self.problems.is_empty() => Ok(services),
            _ => Err(LoadError::new(self.table, mem::take(&mut self.problems))),
        }
    }

    /// A required resource, or one with a default.
    pub fn resource<A: Adapter>(&mut self, index: usize) -> Option<A> {
        let field = self.table.fields.get(index)?;
        self.required(field, &Typed::<A>(PhantomData))
    }

    /// An optional resource: `Some(None)` is detached.
    pub fn optional<A: Adapter>(&mut self, index: usize) -> Option<Option<A>> {
        let field = self.table.fields.get(index)?;
        self.attached(field, &Typed::<A>(PhantomData)).map(Result::ok)
    }

    /// A required setting, or one with a default.
    pub fn setting<T: DeserializeOwned>(&mut self, index: usize) -> Option<T> {
        let field = self.table.fields.get(index)?;
        self.required_value(field, &Form::TYPED)
    }

    /// An optional setting.
    pub fn optional_setting<T: DeserializeOwned>(&mut self, index: usize) -> Option<Option<T>> {
        let field = self.table.fields.get(index)?;
        self.value(field, &Form::TYPED)
    }

    /// The fields of the struct that is being loaded.
    #[cfg(feature = "_record")]
    pub(crate) fn fields(&self) -> &'static [Field] {
        self.table.fields
    }

    /// The nested struct that it is, with a dot behind each, and what goes before its variables.
    #[cfg(feature = "_record")]
    pub(crate) fn place_of_struct(&self) -> (String, String) {
        (self.outer.clone(), self.prefix.clone())
    }

    /// A required resource, or one with a default.
    pub(crate) fn required<R: Reads>(
        &mut self,
        field: &'static Field,
        reads: &R,
    ) -> Option<R::Value> {
        match self.attached(field, reads)? {
            Ok(adapter) => Some(adapter),
            Err(stray) => {
                let variable = join(field.prefix(&self.prefix), field.variable());
                let help = if stray.is_empty() {
                    format!("set it, for example to {}", reads.grammar().example())
                } else {
                    let names: Vec<_> = stray.iter().map(String::as_str).collect();
                    let names = suggest::list(&names).replace(" or ", " and ");
                    format!(
                        "only {names} of its parts is set: set `{variable}` as a whole, or the host too"
                    )
                };
                self.missing(field, help);
                None
            }
        }
    }

    /// A nested struct, whose fields `walk` takes.
    pub(crate) fn nested<T>(
        &mut self,
        index: usize,
        walk: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let field = self.table.fields.get(index)?;
        let Kind::Nested { prefix, table, .. } = field.kind else {
            return None;
        };
        let outer_table = mem::replace(&mut self.table, table);
        let (outer, names) = (self.outer.len(), self.prefix.len());
        self.outer.push_str(field.name);
        self.outer.push('.');
        self.prefix.push_str(prefix);
        let services = walk(self);
        self.outer.truncate(outer);
        self.prefix.truncate(names);
        self.table = outer_table;
        services
    }

    /// An optional nested struct: `Some(None)` when not one of its variables is set.
    pub(crate) fn optional_nested<T>(
        &mut self,
        index: usize,
        walk: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        if self.is_nested_set(index)? { self.nested(index, walk).map(Some) } else { Some(None) }
    }

    /// Whether an optional nested struct is there.
    fn is_nested_set(&self, index: usize) -> Option<bool> {
        let field = self.table.fields.get(index)?;
        let Kind::Nested { prefix, table, .. } = field.kind else {
            return None;
        };
        let outer = format!("{}{}.", self.outer, field.name);
        Some(self.is_any_set(table, &outer, &join(&self.prefix, prefix)))
    }

    /// A required setting, or one with a default.
    pub(crate) fn required_value<T>(&mut self, field: &'static Field, form: &Form<T>) -> Option<T> {
        let value = self.value(field, form)?;
        if value.is_none() {
            self.missing(field, format!("set it to {}", (form.expected)()));
        }
        value
    }

    /// Whether one of the variables of a nested struct is set, or one of its resources bound.
    fn is_any_set(&self, table: &'static Table, outer: &str, prefix: &str) -> bool {
        let mut any = false;
        each_field(table, outer, prefix, &mut |outer, prefix, field| {
            any |= match field.kind {
                Kind::Resource { .. } => {
                    let place = self.resolver.place(outer, field, self.place);
                    place.is_some_and(|place| self.resolver.is_set(place))
                }
                Kind::Setting { .. } | Kind::Flatten { .. } | Kind::Nested { .. } => {
                    let is_set = |name: &str| !matches!(self.environment.variable(name), Ok(None));
                    field.variables(prefix).iter().any(is_set)
                }
            };
        });
        any
    }

    /// The path of a field, such as `Services::reports.db`.
    fn path(&self, field: &Field) -> String {
        format!("{}::{}{}", self.root.name, self.outer, field.name)
    }

    /// The adapter of a field; `Some(Err(..))` where nothing attaches it, with the parts that are
    /// set all the same.
    pub(crate) fn attached<R: Reads>(
        &mut self,
        field: &'static Field,
        reads: &R,
    ) -> Option<Result<R::Value, Vec<String>>> {
        let place = self.place(field)?;
        if !self.is_of_one_type(field, reads.identity()) {
            return None;
        }
        #[cfg(feature = "testing")]
        if let Some(own) = self.own(field, reads) {
            return Some(Ok(own));
        }
        let Resolution { located, problems, stray, .. } = self.resolver.resolve(place);
        #[cfg(feature = "testing")]
        let located = self.or_memory(field, reads.grammar(), located);
        let failed = !problems.is_empty();
        for problem in problems {
            self.report(field, self.problem(field).because(problem));
        }
        let Some(Located { handle, origin }) = located else {
            return if failed { None } else { Some(Err(stray)) };
        };
        let grammar = reads.grammar();
        let adapter = handle.and_then(|handle| {
            let handle = handle.with_origin(origin.clone());
            let masked = |error: HandleError| error.masked(&handle, grammar);
            // An adapter that is written by hand need not look at it.
            require_scheme(&handle, grammar)?;
            let adapter = reads.read(&handle).map_err(masked)?;
            if self.environment.is_only_loopback() && !reads.is_loopback(&adapter) {
                return Err(HandleError::not_loopback());
            }
            Ok(adapter)
        });
        match adapter {
            Ok(adapter) if !failed => {
                #[cfg(feature = "testing")]
                self.take(field, reads, &adapter);
                Some(Ok(adapter))
            }
            Ok(_) => None,
            // A handle that contradicts what stands beside it may be refused for the same reason.
            Err(_) if failed => None,
            Err(error) => {
                self.report(field, self.problem(field).refused(&error, origin, grammar));
                None
            }
        }
    }

    /// Where the handle of a field is looked for: of fields that share a variable, all at the first
    /// that has it.
    fn place(&mut self, field: &'static Field) -> Option<usize> {
        self.place = self.resolver.place(&self.outer, field, self.place)?;
        let Some(variable) = field.shared_variable() else { return Some(self.place) };
        let mut set = None;
        each_field(self.root, "", "", &mut |outer, _, other| {
            if set.is_none() && other.shared_variable() == Some(variable) {
                let place = self.resolver.place(outer, other, 0);
                set = place.filter(|place| self.resolver.is_set(*place));
            }
        });
        set.or(Some(self.place))
    }

    /// Whether the earlier fields that share the variable are of this type. Where a trait is
    /// written by hand no constant has compared them.
    fn is_of_one_type(&mut self, field: &'static Field, identity: Identity) -> bool {
        let Some(variable) = field.shared_variable() else { return true };
        let first = self.shared.iter().find(|(name, ..)| *name == variable);
        let Some((_, known, path)) = first else {
            let path = self.path(field);
            self.shared.push((variable, identity, path));
            return true;
        };
        let is_one = *known == identity;
        if !is_one {
            let problem = self.problem(field).because(Unreadable {
                kind: ProblemKind::Conflict,
                origin: None,
                message: format!("is shared with `{path}`, whose type is another"),
                help: "one handle makes one client: give both fields one type".to_owned(),
            });
            self.problems.push(problem);
        }
        is_one
    }

    /// Adds a problem; of fields that share a variable the first has reported it already.
    fn report(&mut self, field: &Field, problem: Problem) {
        let is_told = field.shared_variable().is_some()
            && self.problems.iter().any(|told| {
                told.variable() == problem.variable() && told.message() == problem.message()
            });
        if !is_told {
            self.problems.push(problem);
        }
    }

    /// Takes note of what a setting was read from.
    #[cfg(feature = "attached")]
    fn note(&mut self, field: &Field, text: impl std::hash::Hash) {
        use std::hash::Hasher as _;

        if self.noted.is_none() {
            return;
        }
        let mut hasher = std::hash::DefaultHasher::new();
        text.hash(&mut hasher);
        let note = (self.path(field), hasher.finish());
        self.noted.get_or_insert_default().push(note);
    }

    /// An optional setting.
    pub(crate) fn value<T>(&mut self, field: &'static Field, form: &Form<T>) -> Option<Option<T>> {
        let Kind::Setting { variables, default, .. } = field.kind else { return None };
        let found = match self.environment.setting(variables, &self.prefix) {
            Ok(found) => found,
            Err(unreadable) => {
                let problem = self.problem(field).because(unreadable);
                self.problems.push(problem);
                return None;
            }
        };
        let default = || default.map(|text| Found { value: text.into(), origin: Origin::Default });
        let found = found.or_else(default);
        #[cfg(feature = "attached")]
        self.note(field, found.as_ref().map(|found| &*found.value));
        let Some(found) = found else { return Some(None) };
        match (form.read)(&found.value) {
            Ok(value) => {
                // A text that is none of the type may be anything.
                if self.shown.is_some() && (form.shows)() {
                    let path = self.path(field);
                    self.shown.get_or_insert_default().push(path);
                }
                Some(Some(value))
            }
            Err(expected) => {
                let problem = self.problem(field).bad_setting(&expected.to_string(), found);
                self.problems.push(problem);
                None
            }
        }
    }

    fn missing(&mut self, field: &'static Field, help: String) {
        let problem = self.problem(field);
        let mut claimed = HashSet::new();
        each_field(self.root, "", "", &mut |_, prefix, field| {
            claimed.extend(field.variables(prefix).iter().map(str::to_owned));
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
        self.report(field, problem);
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
            self.path(field),
            format!("{}{}", field.prefix(&self.prefix), field.variable()),
            ProblemKind::Missing,
        )
        .of(field)
    }
}

impl Loader<'_> {
    /// A struct of the app's, each of whose fields is a setting.
    pub fn flatten<T: DeserializeOwned>(&mut self, index: usize) -> Option<T> {
        let field = self.table.fields.get(index)?;
        let Kind::Flatten { prefix, names, .. } = field.kind else { return None };
        let (environment, names) = (self.environment, names());
        let prefix = join(&self.prefix, prefix).into_owned();
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        for name in names {
            match environment.variable(&join(&prefix, &flatten::variable(name))) {
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
        #[cfg(feature = "attached")]
        self.note(field, &values);
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
                        Some(near) => {
                            format!("did you mean `{prefix}{}`?", flatten::variable(near))
                        }
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
            names.iter().any(|known| [name, itself].contains(&flatten::variable(known).as_str()))
        };
        let rest = |(variable, value): (String, String)| {
            let name = variable.strip_prefix(prefix)?;
            let is_new = !name.is_empty() && !is_known(name);
            let origin = Origin::Variable { name: variable.clone().into() };
            is_new.then(|| (name.to_lowercase(), Found { value: value.into(), origin }))
        };
        self.environment.pairs().filter_map(rest).collect()
    }

    /// A problem of one field of such a struct, or of all of it.
    fn flattened(&self, field: &Field, prefix: &str, name: &str) -> Problem {
        let dot = if name.is_empty() { "" } else { "." };
        Problem::new(
            format!("{}{dot}{name}", self.path(field)),
            format!("{prefix}{}", flatten::variable(name)),
            ProblemKind::Missing,
        )
    }
}

#[cfg(feature = "testing")]
impl Loader<'_> {
    /// What the test has alone in the place of this field's resource.
    fn own<R: Reads>(&self, field: &Field, reads: &R) -> Option<R::Value> {
        reads.own(self.test?, &self.resource_key(field))
    }

    /// Gives the resource of a field to the test.
    fn take<R: Reads>(&self, field: &'static Field, reads: &R, value: &R::Value) {
        if let Some(test) = self.test {
            let problem = self.problem(field);
            let (path, variable) = (problem.field(), problem.variable());
            let taking = Taking { key: self.resource_key(field), path, variable, field };
            reads.take(test, taking, value);
        }
    }

    /// Of a service that can be kept in memory, that where nothing is set.
    fn or_memory(
        &self,
        field: &Field,
        grammar: &Grammar,
        located: Option<Located>,
    ) -> Option<Located> {
        let Kind::Resource { required, default, .. } = field.kind else { return located };
        let is_set = located.as_ref().is_some_and(|it| !matches!(it.origin, Origin::Default));
        let takes_memory = grammar.scheme("memory").is_some();
        if self.test.is_none() || is_set || !takes_memory || !required && default.is_none() {
            return located;
        }
        Some(Located { handle: Handle::parse("memory:"), origin: Origin::Default })
    }

    /// What fields that share a resource have in common.
    fn resource_key(&self, field: &Field) -> String {
        match field.shared_variable() {
            Some(variable) => variable.to_owned(),
            None => self.path(field),
        }
    }
}

fn bad(problem: Problem, origin: Option<Origin>, message: String, help: String) -> Problem {
    problem.because(Unreadable { kind: ProblemKind::Setting, origin, message, help })
}
