//! Compose: what a service of a `compose.yaml` gets.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::taken::Taken;
use super::verdict::Usage;
use super::yaml;
use crate::environment::{Dangling, Environment};

const OPTION: &str = "--compose";
/// How many files and services may stand behind each other by `extends`.
const DEEPEST: usize = 16;

/// A Compose file. What stands in it for a variable is put in before a value is looked at, so that
/// only this much of it has a type.
#[derive(Deserialize, Default)]
struct File {
    #[serde(default)]
    services: BTreeMap<String, Value>,
    #[serde(default)]
    secrets: BTreeMap<String, Option<Content>>,
    #[serde(default)]
    configs: BTreeMap<String, Option<Content>>,
}

/// Where a secret or a config has its content.
#[derive(Deserialize, Default, Clone)]
struct Content {
    file: Option<String>,
    #[serde(rename = "content")]
    text: Option<String>,
    environment: Option<String>,
}

#[derive(Deserialize)]
struct Service {
    environment: Option<Variables>,
    env_file: Option<OneOrMany<EnvFile>>,
    #[serde(default)]
    secrets: Vec<Mounted>,
    #[serde(default)]
    configs: Vec<Mounted>,
    extends: Option<Extends>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Variables {
    Map(BTreeMap<String, Value>),
    List(Vec<String>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany<T> {
    One(T),
    Many(Vec<T>),
}

#[derive(Deserialize)]
#[serde(untagged)]
enum EnvFile {
    Path(String),
    Long { path: String, required: Option<bool>, format: Option<String> },
}

/// A secret or a config by its name, with the place where the service has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Mounted {
    Name(String),
    Long { source: String, target: Option<String> },
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Extends {
    Service(String),
    Long { service: String, file: Option<String> },
}

/// What the service of this name gets, or the only one.
pub(super) fn environment(
    path: &Path,
    service: Option<&str>,
    process: &Environment,
) -> Result<Taken, Usage> {
    let file = read(path)?;
    let name = match service {
        Some(name) if file.services.contains_key(name) => name.to_owned(),
        Some(_) => return Err(Usage::new(OPTION, path, other(&file, "it has no such service"))),
        None => {
            let mut names = file.services.keys();
            let (Some(name), None) = (names.next(), names.next()) else {
                let reason = other(&file, "name one of its services by `--service`");
                return Err(Usage::new(OPTION, path, reason));
            };
            name.clone()
        }
    };
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let project = project(&folder, process);
    let mut taken = Taken::default();
    let place = format!("service {name} in {}", path.display());
    let mut reader = Reader { project: &project, place, taken: &mut taken };
    // What a service extends has its variables before those of any `env_file`.
    for pass in [Pass::Files, Pass::Rest] {
        reader.service(&file, &folder, &name, DEEPEST, pass)?;
    }
    Ok(taken)
}

fn other(file: &File, reason: &str) -> String {
    let names: Vec<_> = file.services.keys().map(String::as_str).collect();
    format!("{reason}: {}", names.join(", "))
}

fn read(path: &Path) -> Result<File, Usage> {
    let document = yaml::documents(OPTION, path)?.into_iter().next().unwrap_or_default();
    // What is wrong with it may repeat a secret.
    serde_json::from_value(document)
        .map_err(|_| Usage::new(OPTION, path, "it is no Compose file: `services` is a map of maps"))
}

/// What a `$` stands for: the variables of the process where these were asked for, and the
/// project's `.env`.
fn project(folder: &Path, process: &Environment) -> Environment {
    let dotenv = folder.join(".env");
    let files = dotenv.is_file().then_some(dotenv);
    process.clone().above(Environment::from_files(files, process))
}

/// What is read of a service, and of those that it extends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The `env_file`s.
    Files,
    Rest,
}

struct Reader<'a> {
    project: &'a Environment,
    place: String,
    taken: &'a mut Taken,
}

impl Reader<'_> {
    fn service(
        &mut self,
        file: &File,
        folder: &Path,
        name: &str,
        left: usize,
        pass: Pass,
    ) -> Result<(), Usage> {
        let wrong = |reason: &str| {
            let place = self.place.clone();
            Usage(format!("{OPTION}: {place}: {reason}"))
        };
        let deep = wrong("its `extends` go round in a circle, or are too many");
        let shape = wrong(
            "one of `environment`, `env_file`, `secrets`, `configs` and `extends` has a shape that \
             Compose does not take",
        );
        let missing = wrong("it extends a service that is not there");
        let Some(value) = file.services.get(name) else { return Err(missing) };
        let service: Service = serde_json::from_value(value.clone()).map_err(|_| shape)?;
        if let Some(extends) = &service.extends {
            let Some(left) = left.checked_sub(1) else { return Err(deep) };
            match extends {
                Extends::Service(base) | Extends::Long { service: base, file: None } => {
                    self.service(file, folder, base, left, pass)?;
                }
                Extends::Long { service: base, file: Some(path) } => {
                    let path = folder.join(self.filled(path));
                    let folder = path.parent().unwrap_or(folder).to_owned();
                    self.service(&read(&path)?, &folder, base, left, pass)?;
                }
            }
        }
        if pass == Pass::Files {
            return match service.env_file {
                Some(OneOrMany::One(file)) => self.env_files(folder, &[file]),
                Some(OneOrMany::Many(files)) => self.env_files(folder, &files),
                None => Ok(()),
            };
        }
        match service.environment {
            Some(Variables::Map(map)) => {
                for (name, value) in map {
                    self.variable(&name, text(&value).as_deref());
                }
            }
            Some(Variables::List(list)) => {
                for entry in list {
                    match entry.split_once('=') {
                        Some((name, value)) => self.variable(name, Some(value)),
                        None => self.variable(&entry, None),
                    }
                }
            }
            None => {}
        }
        for secret in &service.secrets {
            self.mount("secret", "/run/secrets/", &file.secrets, folder, secret)?;
        }
        for config in &service.configs {
            self.mount("config", "/", &file.configs, folder, config)?;
        }
        Ok(())
    }

    fn misses(&mut self, name: &str, message: String, help: &'static str) {
        self.taken.must.push((name.to_owned(), Dangling { message, help }, self.place.clone()));
    }

    /// What stands in a text for variables of the project; a problem of the service where one of
    /// them has to be set.
    fn filled(&mut self, text: &str) -> String {
        let (filled, missing) = interpolate(text, self.project);
        for name in missing {
            // What stands there by mistake may be a part of a secret.
            let is_usual = |letter: char| !letter.is_ascii_lowercase();
            let name = if name.chars().all(is_usual) { name } else { String::new() };
            let message = "has to be set for this service, and is not".to_owned();
            self.misses(&name, message, "set it in the `.env` beside the Compose file");
        }
        filled
    }

    /// A variable; without a value it is that of the project.
    fn variable(&mut self, name: &str, value: Option<&str>) {
        let value = match value {
            Some(value) => Some(self.filled(value)),
            None => self.project.get(name).map(str::to_owned),
        };
        if let Some(value) = value {
            self.taken.environment.set(name, value, Some(&self.place));
        }
    }

    fn env_files(&mut self, folder: &Path, files: &[EnvFile]) -> Result<(), Usage> {
        for file in files {
            let (path, required, format) = match file {
                EnvFile::Path(path) => (path, true, None),
                EnvFile::Long { path, required, format } => {
                    (path, required.unwrap_or(true), format.as_deref())
                }
            };
            let path = folder.join(self.filled(path));
            if !path.is_file() {
                if required {
                    let message = format!("its `env_file` `{}` is not there", path.display());
                    self.misses("", message, "write it, or mark it `required: false`");
                }
                continue;
            }
            if format == Some("raw") {
                let text = yaml::text(OPTION, &path)?;
                let lines = text.lines().filter(|line| !line.starts_with('#'));
                for (name, value) in lines.filter_map(|line| line.split_once('=')) {
                    let place = path.display().to_string();
                    self.taken.environment.set(name.trim(), value, Some(&place));
                }
                continue;
            }
            let earlier = std::mem::take(&mut self.taken.environment);
            let read = Environment::from_files([&path], self.project);
            self.taken.environment = read.merged_over(earlier);
        }
        Ok(())
    }

    fn mount(
        &mut self,
        kind: &str,
        root: &str,
        declared: &BTreeMap<String, Option<Content>>,
        folder: &Path,
        mounted: &Mounted,
    ) -> Result<(), Usage> {
        let (name, target) = match mounted {
            Mounted::Name(name) => (name, None),
            Mounted::Long { source, target } => (source, target.as_deref()),
        };
        let target = target.unwrap_or(name);
        let target =
            if target.starts_with('/') { target.to_owned() } else { format!("{root}{target}") };
        let Some(content) = declared.get(name) else {
            let message = format!("refers to the {kind} `{name}`, which the file does not declare");
            self.misses("", message, "declare it at the end of the file");
            return Ok(());
        };
        let content = content.clone().unwrap_or_default();
        let found = match content {
            Content { text: Some(text), .. } => Some(self.filled(&text).into_bytes()),
            Content { file: Some(path), .. } => {
                let path: PathBuf = folder.join(self.filled(&path));
                fs::read(path).ok()
            }
            Content { environment: Some(variable), .. } => {
                self.project.get(&variable).map(|value| value.as_bytes().to_vec())
            }
            _ => None,
        };
        match found {
            Some(bytes) => self.taken.mounts.add(&target, &bytes)?,
            None => self.misses(
                "",
                format!("the content of its {kind} `{name}` is not in the given files"),
                "check where it is: `--env` in the container itself",
            ),
        }
        Ok(())
    }
}

/// A plain value as text; none where there is none.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Puts the variables of the project in: `$NAME`, `${NAME}`, `${NAME:-default}`,
/// `${NAME-default}`, `${NAME:+other}`, `${NAME+other}`, `${NAME:?reason}`, `${NAME?reason}`; `$$`
/// is a `$`. Also gives the names that have to be set and are not.
fn interpolate(text: &str, project: &Environment) -> (String, Vec<String>) {
    let (mut filled, mut missing) = (String::new(), Vec::new());
    put(text, project, &mut filled, &mut missing, DEEPEST);
    (filled, missing)
}

fn put(
    text: &str,
    project: &Environment,
    filled: &mut String,
    missing: &mut Vec<String>,
    left: usize,
) {
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('$') {
        filled.push_str(plain);
        rest = behind;
        if let Some(behind) = rest.strip_prefix('$') {
            filled.push('$');
            rest = behind;
            continue;
        }
        let Some(inside) = rest.strip_prefix('{') else {
            let length = name_length(rest);
            if length == 0 {
                filled.push('$');
            } else {
                filled.push_str(value(project, &rest[..length]).unwrap_or_default());
                rest = &rest[length..];
            }
            continue;
        };
        let Some(end) = closing(inside) else {
            filled.push('$');
            continue;
        };
        let (expression, behind) = (&inside[..end], &inside[end + 1..]);
        rest = behind;
        let (name, operation) = expression.split_at(name_length(expression));
        let (counts_empty, operation) = match operation.strip_prefix(':') {
            Some(operation) => (true, operation),
            None => (false, operation),
        };
        let found = value(project, name).filter(|found| !(counts_empty && found.is_empty()));
        let mut other = |text: &str, filled: &mut String| {
            if left > 0 {
                put(text, project, filled, missing, left - 1);
            }
        };
        match (operation.split_at_checked(1), found) {
            (Some(("-", default)), None) => other(default, filled),
            (Some(("+", text)), Some(_)) => other(text, filled),
            (Some(("+", _)), None) => {}
            (Some(("?", _)), None) => missing.push(name.to_owned()),
            (_, found) => filled.push_str(found.unwrap_or_default()),
        }
    }
    filled.push_str(rest);
}

/// The value of a variable, also one that is empty.
fn value<'e>(project: &'e Environment, name: &str) -> Option<&'e str> {
    let empty = || project.values().find(|(other, _)| *other == name).map(|(_, value)| value);
    project.get(name).or_else(empty)
}

fn name_length(text: &str) -> usize {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if text.bytes().next().is_none_or(|first| first.is_ascii_digit()) {
        return 0;
    }
    text.bytes().take_while(is_name).count()
}

/// Where the brace is that ends an expression.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let bytes = text.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if at > 0 && bytes[at - 1] == b'$' => depth += 1,
            b'}' if depth == 0 => return Some(at),
            b'}' => depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_dollar_stands_for() {
        let project = Environment::from_pairs([("HOST", "db"), ("EMPTY", "")]);
        let cases = [
            ("mysql://$HOST/shop", "mysql://db/shop"),
            ("${HOST}:3306", "db:3306"),
            ("${NONE:-localhost}", "localhost"),
            ("${EMPTY:-other}${EMPTY-other}", "other"),
            ("${NONE:-${HOST}}", "db"),
            ("${HOST:+set}${NONE:+set}", "set"),
            ("$$HOST $ 5$", "$HOST $ 5$"),
            ("${NONE}", ""),
            ("${HOST", "${HOST"),
        ];
        for (text, expected) in cases {
            assert_eq!(interpolate(text, &project), (expected.to_owned(), Vec::new()), "{text}");
        }
        assert_eq!(interpolate("${NONE:?set it}", &project).1, ["NONE"]);
        assert_eq!(interpolate("${HOST?set it}", &project).1, [""; 0]);
    }
}
