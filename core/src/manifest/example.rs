//! `.env.example`.

use std::fmt::Write as _;

use super::{Manifest, Resource, Setting};
use crate::suggest;

impl Manifest {
    /// A `.env.example`: every variable with its doc comment, an example or its default. What need
    /// not be set is commented out. The derive's key `example` holds the file against the struct.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     /// Where the shop listens.
    ///     #[setting(default = "8080")]
    ///     port: u16,
    /// }
    ///
    /// assert_eq!(
    ///     Services::manifest().env_example(),
    ///     "# Where the shop listens.\n# Not required; this is the default.\n#PORT=8080\n",
    /// );
    /// ```
    pub fn env_example(&self) -> String {
        text(self)
    }
}

fn text(manifest: &Manifest) -> String {
    let mut named: Vec<&Resource> = Vec::new();
    for resource in &manifest.resources {
        // Fields may share a variable.
        if named.iter().all(|other| other.variable != resource.variable) {
            named.push(resource);
        }
    }
    let resources = named.into_iter().map(resource);
    let settings = manifest.settings.iter().map(setting);
    resources.chain(settings).collect::<Vec<_>>().join("\n")
}

/// A resource of a developer's machine.
#[cfg(feature = "json")]
pub(super) fn local(resource: &Resource, what: &str, handle: &str) -> String {
    let mut text = String::new();
    let service = format!("{}: {what}", resource.adapter);
    for line in resource.doc.lines().chain([service.as_str()]).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "# {}", line.trim_end());
    }
    let _ = writeln!(text, "{}={}", resource.variable, quoted(handle));
    text
}

/// A resource that somebody else runs, of which the developer has a handle or not.
#[cfg(feature = "json")]
pub(super) fn hosted(resource: &Resource) -> String {
    let text = self::resource(&Resource { required: false, ..resource.clone() });
    if resource.required {
        text.replace("Not required; unset, it is detached.", "Required: set it to one of yours.")
    } else {
        text
    }
}

fn resource(resource: &Resource) -> String {
    let Resource { variable, adapter, schemes, example, required, default, doc, .. } = resource;
    let schemes: Vec<_> = schemes.iter().map(|scheme| format!("{scheme}://")).collect();
    let schemes: Vec<_> = schemes.iter().map(String::as_str).collect();
    let service = match schemes[..] {
        [] => (*adapter).to_owned(),
        _ => format!("{adapter}: {}", suggest::list(&schemes).replace('`', "")),
    };
    entry(doc, &service, variable, example, *required, *default)
}

pub(super) fn setting(setting: &Setting) -> String {
    let Setting { variable, required, default, doc, .. } = setting;
    entry(doc, "", variable, "", *required, *default)
}

fn entry(
    doc: &str,
    service: &str,
    variable: &str,
    example: &str,
    required: bool,
    default: Option<&str>,
) -> String {
    let state = match default {
        Some(_) => "Not required; this is the default.",
        None if required => "",
        None => "Not required; unset, it is detached.",
    };
    // A setting is not attached to anything.
    let state = if service.is_empty() {
        state.replace("; unset, it is detached", "")
    } else {
        state.to_owned()
    };
    let mut text = String::new();
    for line in doc.lines().chain([service, &state]).filter(|line| !line.is_empty()) {
        let _ = writeln!(text, "# {}", line.trim_end());
    }
    let mark = if required { "" } else { "#" };
    let _ = writeln!(text, "{mark}{variable}={}", quoted(default.unwrap_or(example)));
    text
}

/// A value as a `.env` file takes it.
fn quoted(value: &str) -> String {
    let is_plain =
        |c: char| !c.is_whitespace() && !matches!(c, '#' | '$' | '\'' | '"' | '\\' | '`');
    if value.chars().all(is_plain) {
        value.to_owned()
    } else if value.contains('\'') {
        format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$"))
    } else {
        format!("'{value}'")
    }
}
