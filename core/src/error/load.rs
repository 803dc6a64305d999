use std::fmt;

use super::{ProblemKind, heading, write_entry};
use crate::adapter::grammar::Grammar;
use crate::environment::found::{Found, Unreadable};
use crate::handle::{HandleError, Origin};
use crate::table::{Field, Kind, Table};

/// Every problem of every field.
///
/// `Display` and `Debug` are the same report.
///
/// ```
/// use backing_services::{BackingServices, Environment};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[setting]
///     port: u16,
/// }
///
/// let error = Services::load(&Environment::from_pairs([("PROT", "8080")])).err().unwrap();
/// assert_eq!(
///     error.to_string(),
///     "1 problem in the environment of `Services`
///
///   PORT: Services::port
///       is not set
///       help: `PROT` is set: did you mean `PORT`?"
/// );
/// ```
#[derive(Clone)]
pub struct LoadError {
    table: &'static Table,
    problems: Vec<Problem>,
}

impl LoadError {
    pub(crate) fn new(table: &'static Table, problems: Vec<Problem>) -> Self {
        Self { table, problems }
    }

    /// One or more a field, in the order of the fields.
    ///
    /// ```
    /// # use backing_services::LoadError;
    /// fn variables(error: &LoadError) -> Vec<&str> {
    ///     error.problems().iter().map(|problem| problem.variable()).collect()
    /// }
    /// ```
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

/// One problem of one field.
///
/// ```
/// # use backing_services::{BackingServices, Environment, ProblemKind};
/// # #[derive(BackingServices)]
/// # struct Services {
/// #     #[setting]
/// #     port: u16,
/// # }
/// # let error = Services::load(&Environment::from_pairs([("", ""); 0])).err().unwrap();
/// let problem = &error.problems()[0];
/// assert_eq!(problem.field(), "Services::port");
/// assert_eq!(problem.variable(), "PORT");
/// assert_eq!(problem.kind(), ProblemKind::Missing);
/// ```
#[derive(Clone)]
pub struct Problem {
    field: String,
    variable: String,
    /// The variable and its aliases, without the prefix.
    names: &'static [&'static str],
    adapter: &'static str,
    origin: Option<Origin>,
    kind: ProblemKind,
    message: String,
    help: String,
}

impl Problem {
    pub(crate) fn new(field: String, variable: String, kind: ProblemKind) -> Self {
        Self {
            field,
            variable,
            names: &[],
            adapter: "",
            origin: None,
            kind,
            message: String::new(),
            help: String::new(),
        }
    }

    /// Names the service of the field.
    pub(crate) fn of(mut self, field: &Field) -> Self {
        match field.kind {
            Kind::Resource { grammar, variables, .. } => {
                self.adapter = grammar.name();
                self.names = variables;
            }
            Kind::Setting { variables, .. } => self.names = variables,
            Kind::Nested { .. } | Kind::Flatten { .. } => {}
        }
        self
    }

    pub(crate) fn missing(mut self, help: String) -> Self {
        "is not set".clone_into(&mut self.message);
        self.help = help;
        self
    }

    /// What is wrong with a source itself, and is a problem of no field.
    pub(crate) fn of_source(of: &str, unreadable: &Unreadable) -> Self {
        let variable = unreadable.origin.as_ref().and_then(Origin::variable).unwrap_or_default();
        Self::new(of.to_owned(), variable.to_owned(), unreadable.kind).because(unreadable.clone())
    }

    pub(crate) fn because(mut self, unreadable: Unreadable) -> Self {
        self.kind = unreadable.kind;
        self.message = unreadable.message;
        self.help = unreadable.help;
        self.origin = unreadable.origin;
        self
    }

    pub(crate) fn refused(
        mut self,
        error: &HandleError,
        origin: Origin,
        grammar: &Grammar,
    ) -> Self {
        self.kind = error.kind();
        error.message().clone_into(&mut self.message);
        let example = grammar.example();
        self.help = match error.help() {
            "" => format!("write it like {example}"),
            help if self.kind == ProblemKind::Scheme => format!("{help}, for example {example}"),
            help => help.to_owned(),
        };
        // What a platform writes nobody can edit: the word has a variable of its own.
        if self.kind == ProblemKind::Insecure
            && let Some((word, name)) = grammar.tls_variable(&self.variable)
        {
            self.help += "; where the handle cannot be edited, set `";
            self.help += &name;
            self.help += "=";
            self.help += word.off;
            self.help += "` beside it";
        }
        self.origin = Some(origin);
        self
    }

    pub(crate) fn bad_setting(mut self, expected: &str, found: Found<'_>) -> Self {
        self.kind = ProblemKind::Setting;
        if found.value.starts_with("tcp://") {
            "Kubernetes service links put it there: set `enableServiceLinks: false` or name another \
             variable with `env`"
                .clone_into(&mut self.help);
        } else {
            let value = expected.strip_prefix("expected ");
            self.help = match value {
                Some(value) => format!("set it to {value}"),
                None => String::new(),
            };
        }
        self.message = format!("has a bad value: {expected}");
        self.origin = Some(found.origin);
        self
    }

    /// The field, such as `Services::db` or `Services::reports.warehouse`.
    ///
    /// ```
    /// # fn f(problem: &backing_services::Problem) {
    /// println!("{} cannot be loaded", problem.field());
    /// # }
    /// ```
    pub fn field(&self) -> &str {
        &self.field
    }

    /// The field's variable, such as `DATABASE_URL`, with the prefixes of nested structs. An alias
    /// or file that the value came from instead is named by [`origin`](Problem::origin).
    ///
    /// ```
    /// # fn f(problem: &backing_services::Problem) {
    /// println!("set {}", problem.variable());
    /// # }
    /// ```
    pub fn variable(&self) -> &str {
        &self.variable
    }

    /// Where the value came from; `None` if there is none.
    ///
    /// ```
    /// # fn f(problem: &backing_services::Problem) {
    /// if let Some(origin) = problem.origin() {
    ///     println!("it was read from {origin}");
    /// }
    /// # }
    /// ```
    pub fn origin(&self) -> Option<&Origin> {
        self.origin.as_ref()
    }

    /// What kind of problem it is.
    ///
    /// ```
    /// # use backing_services::{Problem, ProblemKind};
    /// # fn f(problem: &Problem) -> bool {
    /// problem.kind() == ProblemKind::Missing
    /// # }
    /// ```
    pub fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What is wrong, without the variable and the field.
    ///
    /// ```
    /// # fn f(problem: &backing_services::Problem) {
    /// println!("{}", problem.message()); // is not set
    /// # }
    /// ```
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What would be right.
    ///
    /// ```
    /// # fn f(problem: &backing_services::Problem) {
    /// println!("help: {}", problem.help());
    /// # }
    /// ```
    pub fn help(&self) -> &str {
        &self.help
    }

    fn heading(&self) -> String {
        let origin = self.origin.as_ref();
        if let Some(bound) = origin.filter(|origin| origin.is_bound()) {
            // No variable is to be mended there.
            let field = self.field.rsplit(['.', ':']).next().unwrap_or_default();
            return heading(field, bound.note(), &self.field, self.adapter);
        }
        let alias = origin.and_then(Origin::variable).filter(|name| *name != self.variable);
        // A name beside the handle is none: the message says what it is.
        let is_alias = |name: &&str| {
            name.ends_with("_URI") || self.names.iter().any(|own| name.ends_with(own))
        };
        let alias = alias.filter(is_alias).map(|name| format!("from its alias {name}"));
        let notes = alias.into_iter().chain(origin.and_then(Origin::note));
        heading(&self.variable, notes, &self.field, self.adapter)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.heading(), self.message)?;
        if self.help.is_empty() { Ok(()) } else { write!(f, "; {}", self.help) }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.problems.len();
        let noun = if count == 1 { "problem" } else { "problems" };
        write!(f, "{count} {noun} in the environment of `{}`", self.table.name)?;
        for problem in &self.problems {
            let lines = [("", problem.message.as_str()), ("help: ", problem.help.as_str())];
            write_entry(f, &problem.heading(), &lines)?;
        }
        Ok(())
    }
}

impl fmt::Debug for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for LoadError {}
