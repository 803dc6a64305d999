//! `diff`: what another environment means for the app.

use serde::Serialize;

use super::check::JsonProblem;
use super::output;
use super::subject::Subject;
use super::verdict::Verdict;
use crate::adapter::grammar::{Grammar, Part, Scheme, Word};
use crate::adapter::reader::Reader;
use crate::environment::{Environment, Resolver};
use crate::error::LoadError;
use crate::handle::Handle;
use crate::secret::Secret;

/// The two environments, each with what it is called.
pub(super) struct Sides<'a> {
    pub(super) names: [&'a str; 2],
    pub(super) environments: [&'a Environment; 2],
}

pub(super) fn run(subject: &dyn Subject, sides: &Sides<'_>, json: bool) -> Verdict {
    let mut differences = resources(subject, sides);
    differences.extend(settings(subject, sides));
    let refused = sides.environments.map(|it| subject.load(it).err());
    if json {
        let problems = |error: &'_ Option<LoadError>| {
            let problems = error.as_ref().map(LoadError::problems).unwrap_or_default();
            serde_json::json!(problems.iter().map(JsonProblem::new).collect::<Vec<_>>())
        };
        let [before, after] = &refused;
        let problems = [problems(before), problems(after)];
        let json = Json { differences: &differences, problems };
        output::json("diff", subject.table().name, &json);
    } else {
        show(subject, sides, &differences, &refused);
    }
    Verdict::of(refused.iter().all(Option::is_none))
}

fn show(
    subject: &dyn Subject,
    sides: &Sides<'_>,
    differences: &[Difference],
    refused: &[Option<LoadError>; 2],
) {
    if differences.is_empty() {
        output::line(format!("no difference for `{}`", subject.table().name));
    }
    for (index, it) in differences.iter().enumerate() {
        if index > 0 {
            output::line("");
        }
        output::line(output::heading(format!("{}: {}", it.variable, it.field)));
        for Detail { what, before, after } in &it.details {
            let text = match (it.change, before, after) {
                (Change::Appears, _, Some(after)) => output::good(format!("appears: {after}")),
                (Change::Goes, Some(before), _) => output::bad(format!("goes: {before}")),
                (_, Some(before), Some(after)) => format!("{what}: {before} -> {after}"),
                _ => format!("{what} differs"),
            };
            output::line(format!("    {text}"));
        }
    }
    for (name, error) in sides.names.iter().zip(refused) {
        if let Some(error) = error {
            output::line("");
            output::line(format!("{name}:"));
            output::report(error);
        }
    }
}

/// What became of one field.
#[derive(Serialize)]
struct Difference {
    field: String,
    variable: String,
    change: Change,
    #[serde(rename = "what")]
    details: Vec<Detail>,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Change {
    Appears,
    Goes,
    Changed,
}

/// One thing that differs: its values only where they are no secret, and never in JSON.
struct Detail {
    what: String,
    before: Option<String>,
    after: Option<String>,
}

impl Serialize for Detail {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.what)
    }
}

#[derive(Serialize)]
struct Json<'a> {
    differences: &'a [Difference],
    /// Those of the first environment, and those of the second.
    problems: [serde_json::Value; 2],
}

impl Detail {
    fn secret(what: impl Into<String>) -> Self {
        Self { what: what.into(), before: None, after: None }
    }

    fn shown(what: impl Into<String>, before: String, after: String) -> Self {
        Self { what: what.into(), before: Some(before), after: Some(after) }
    }
}

/// What a resource comes to in an environment.
enum State {
    Detached,
    /// It is set, and no handle.
    Broken,
    Attached(Box<Handle>),
}

fn states(environment: &Environment, subject: &dyn Subject) -> Vec<(State, &'static Grammar)> {
    let resolver = Resolver::new(environment, subject.table());
    let state = |(resolution, grammar): (crate::environment::Resolution, &'static Grammar)| {
        // In a handle that its adapter refuses a secret may stand in the place of a name.
        let takes = |handle: &Handle| Reader::takes(handle, grammar.of_scheme(handle.scheme()));
        let state = match resolution.located.map(|located| located.handle) {
            _ if !resolution.problems.is_empty() => State::Broken,
            None => State::Detached,
            Some(Ok(handle)) if takes(&handle) => State::Attached(Box::new(handle)),
            Some(_) => State::Broken,
        };
        (state, grammar)
    };
    resolver.resources().map(state).collect()
}

fn resources(subject: &dyn Subject, sides: &Sides<'_>) -> Vec<Difference> {
    let [before, after] = sides.environments.map(|it| states(it, subject));
    let manifest = subject.manifest();
    let both = manifest.resources().iter().zip(before.into_iter().zip(after));
    let difference = |(declared, ((before, grammar), (after, _))): (&crate::Resource, _)| {
        let grammar: &Grammar = grammar;
        let shown = |handle: &Handle| match grammar.scheme(handle.scheme()) {
            Some(_) => Some(handle.shown(grammar.of_scheme(handle.scheme()))),
            None => Some("a handle of another service".to_owned()),
        };
        let whole = |before, after| vec![Detail { what: "resource".to_owned(), before, after }];
        let (change, details) = match (&before, &after) {
            (State::Detached, State::Detached) | (State::Broken, State::Broken) => return None,
            (State::Detached, State::Attached(after)) => {
                (Change::Appears, whole(None, shown(after)))
            }
            (State::Attached(before), State::Detached) => {
                (Change::Goes, whole(shown(before), None))
            }
            (State::Attached(before), State::Attached(after)) => {
                (Change::Changed, compared(before, after, grammar))
            }
            (State::Detached, State::Broken) => {
                (Change::Appears, whole(None, Some("no handle".to_owned())))
            }
            (State::Broken, State::Detached) => {
                (Change::Goes, whole(Some("no handle".to_owned()), None))
            }
            (State::Broken, State::Attached(_)) | (State::Attached(_), State::Broken) => {
                (Change::Changed, vec![Detail::secret("the handle")])
            }
        };
        (!details.is_empty()).then(|| Difference {
            field: declared.field().to_owned(),
            variable: declared.variable().to_owned(),
            change,
            details,
        })
    };
    both.filter_map(difference).collect()
}

/// What two handles of one field say differently.
fn compared(before: &Handle, after: &Handle, grammar: &Grammar) -> Vec<Detail> {
    let of_one = |handle: &Handle| grammar.of_scheme(handle.scheme()).scheme(handle.scheme());
    let (Some(one), Some(other)) = (of_one(before), of_one(after)) else {
        return if before.expose_url() == after.expose_url() {
            Vec::new()
        } else {
            vec![Detail::secret("the handle")]
        };
    };
    let mut details = Vec::new();
    let mut compare = |what: &str, before: String, after: String| {
        if before != after {
            details.push(Detail::shown(what, before, after));
        }
    };
    let family = |scheme: &Scheme| scheme.name().to_owned();
    compare("scheme", family(one), family(other));
    let names = |handle: &Handle| {
        handle.hosts().iter().map(|host| host.name().to_ascii_lowercase()).collect::<Vec<_>>()
    };
    let ports = |handle: &Handle, scheme: &Scheme| {
        let port = scheme.default_port();
        let ports = handle.hosts().iter().map(|host| host.port().or(port));
        ports.map(|port| port.map_or_else(String::new, |port| port.to_string())).collect::<Vec<_>>()
    };
    compare("host", names(before).join(", "), names(after).join(", "));
    let (old, new) = (ports(before, one), ports(after, other));
    if old.len() == new.len() {
        compare("port", old.join(", "), new.join(", "));
    }
    let is_name = |word: &Word| word.part() == Part::Name && word.kind() != crate::Kind::Secret;
    let shows_path = grammar.of_scheme(after.scheme()).all_words().iter().any(is_name);
    let path = |handle: &Handle| match handle.name() {
        Ok(Some(name)) => name,
        _ => handle.path_decoded(),
    };
    let is_file = grammar.of_scheme(after.scheme()).part(Part::File).is_some();
    match (shows_path, is_file) {
        (true, _) => compare("database", path(before), path(after)),
        (false, true) => compare("file", path(before), path(after)),
        (false, false) => {}
    }
    compare("TLS", tls(before, grammar), tls(after, grammar));
    if !shows_path && !is_file && before.path() != after.path() {
        details.push(Detail::secret("path"));
    }
    if before.username() != after.username() {
        details.push(Detail::secret("user"));
    }
    let password = |handle: &Handle| handle.password().map(|it| Secret::expose(it).to_owned());
    if password(before) != password(after) {
        details.push(Detail::secret("password"));
    }
    details.extend(parameters(before, after, grammar));
    details
}

/// How the connection is encrypted: the word for it, where the handle or its adapter has one, and
/// what the scheme says.
fn tls(handle: &Handle, grammar: &Grammar) -> String {
    let grammar = grammar.of_scheme(handle.scheme());
    let by_scheme = grammar.scheme(handle.scheme()).is_some_and(Scheme::is_tls);
    let word = grammar.tls_word().map(|(word, _)| word);
    // A value that is no word of it may be anything.
    let said = word.and_then(|word| word.param_of(handle).filter(|value| word.accepts(value)));
    match (said, by_scheme) {
        (Some(said), _) => said.to_ascii_lowercase(),
        (None, true) => "by the scheme".to_owned(),
        (None, false) => "the default".to_owned(),
    }
}

/// The parameters that differ, by their names alone.
fn parameters(before: &Handle, after: &Handle, grammar: &Grammar) -> Vec<Detail> {
    let grammar = grammar.of_scheme(after.scheme());
    let tls = grammar.tls_word().map(|(word, _)| word.name());
    let words = grammar.all_words().iter();
    let words = words.filter(|word| word.part() == Part::Param && Some(word.name()) != tls);
    let of = |handle: &Handle, word: &Word| {
        word.param_of(handle).or(word.default_value()).map(str::to_owned)
    };
    let differs = words.filter(|word| of(before, word) != of(after, word));
    differs.map(|word| Detail::secret(format!("`{}`", word.name()))).collect()
}

/// Settings by what they are read from: shown where their type leaves no room for a secret.
fn settings(subject: &dyn Subject, sides: &Sides<'_>) -> Vec<Difference> {
    let [before, after] = sides.environments.map(|it| subject.explain(it));
    let raw = sides.environments.map(|it| texts(subject, it));
    let [raw_before, raw_after] = &raw;
    let both = before.rows().iter().zip(after.rows());
    let difference = |(one, other): (&[String; 5], &[String; 5])| {
        let [field, variable, _, shown, _] = one;
        let of = |texts: &[(String, Option<String>)]| {
            let found = texts.iter().find(|(name, _)| name == field)?;
            Some(found.1.clone())
        };
        // What is no setting is none of these.
        let (before, after) = (of(raw_before)?, of(raw_after)?);
        if before == after {
            return None;
        }
        let known = (value(shown), value(&other[3]));
        let (change, before, after) = match (before, after, known) {
            (None, Some(_), (_, Some(shown))) => (Change::Appears, None, Some(shown.to_owned())),
            (Some(_), None, (Some(shown), _)) => (Change::Goes, Some(shown.to_owned()), None),
            (Some(_), Some(_), (Some(one), Some(other))) => {
                (Change::Changed, Some(one.to_owned()), Some(other.to_owned()))
            }
            (None, Some(_), _) => (Change::Appears, None, Some("a value".to_owned())),
            (Some(_), None, _) => (Change::Goes, Some("a value".to_owned()), None),
            _ => (Change::Changed, None, None),
        };
        let details = vec![Detail { what: "value".to_owned(), before, after }];
        Some(Difference { field: field.clone(), variable: variable.clone(), change, details })
    };
    both.filter_map(difference).collect()
}

/// A value that may be shown.
fn value(shown: &str) -> Option<&str> {
    (shown != "***" && !shown.starts_with("error:")).then_some(shown)
}

/// The text of each setting by its path, its default included.
fn texts(subject: &dyn Subject, environment: &Environment) -> Vec<(String, Option<String>)> {
    use crate::environment::{Found, Unreadable};
    use crate::setting::flatten;
    use crate::table::{Kind, each_field, join};

    let mut texts = Vec::new();
    let root = subject.table();
    let text = |found: Result<Option<Found<'_>>, Unreadable>, default: Option<&str>| {
        let found = found.map(|found| found.map(|found| found.value.into_owned()));
        // What cannot be read is something else than what can.
        found.unwrap_or(Some(String::new())).or_else(|| default.map(str::to_owned))
    };
    each_field(root, "", "", &mut |outer, prefix, field| {
        let name = format!("{}::{outer}{}", root.name, field.name);
        match field.kind {
            Kind::Setting { variables, default, .. } => {
                texts.push((name, text(environment.setting(variables, prefix), default)));
            }
            Kind::Flatten { prefix: inner, names, .. } => {
                let prefix = join(prefix, inner);
                for inside in names() {
                    let variable = join(&prefix, &flatten::variable(inside)).into_owned();
                    let text = text(environment.variable(&variable), None);
                    texts.push((format!("{name}.{inside}"), text));
                }
            }
            Kind::Resource { .. } | Kind::Nested { .. } => {}
        }
    });
    texts
}
