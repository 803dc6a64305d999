//! Score: <https://docs.score.dev>.

use super::Manifest;
use super::compose::{named, server};
use super::tree::{Tree, map, text};

pub(super) fn text_of(manifest: &Manifest) -> String {
    let (mut variables, mut resources) = (Vec::new(), Vec::new());
    let mut is_asked = false;
    let mut ask = |name: &str| {
        is_asked = true;
        text(format!("${{resources.env.{name}}}"))
    };
    for (it, name) in named(manifest) {
        // The name of what is asked of the environment.
        let name = if name == "env" { "env-service".to_owned() } else { name };
        let Some(server) = server(it).filter(|server| server.image.is_some()) else {
            if it.required {
                variables.push((it.variable.clone(), ask(&it.variable)));
            }
            continue;
        };
        let placeholder = |output: &str| text(format!("${{resources.{name}.{output}}}"));
        let Some((kind, outputs)) = server.score else {
            let kind = it.adapter.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            resources.push((name.clone(), map([("type", text(kind))])));
            variables.push((it.variable.clone(), placeholder("url")));
            continue;
        };
        resources.push((name.clone(), map([("type", text(kind))])));
        let stem = crate::environment::stem(&it.variable);
        let is_one = it.declared.grammar.all_variants().is_empty();
        if let (false, Some((scheme, _))) = (is_one, server.handle.split_once(':')) {
            variables.push((format!("{stem}_SCHEME"), text(scheme)));
        }
        // As parts, which take any character of a password as it is.
        for (output, part) in outputs {
            variables.push((format!("{stem}_{part}"), placeholder(output)));
        }
    }
    for it in &manifest.settings {
        match it.default {
            Some(default) => {
                variables.push((it.variable.clone(), text(default.replace('$', "$$"))));
            }
            None if it.required => variables.push((it.variable.clone(), ask(&it.variable))),
            None => {}
        }
    }
    if is_asked {
        resources.push(("env".to_owned(), map([("type", text("environment"))])));
    }
    let mut name = String::new();
    for c in manifest.name().chars().take(60) {
        if c.is_ascii_uppercase() && name.ends_with(|c: char| c.is_ascii_lowercase()) {
            name.push('-');
        }
        name.push(if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    }
    let name = match name.trim_matches('-') {
        name if name.len() < 2 => format!("app{name}"),
        name => name.chars().take(63).collect::<String>().trim_end_matches('-').to_owned(),
    };
    let mut container = vec![("image", text("."))];
    if !variables.is_empty() {
        container.push(("variables", Tree::Map(variables)));
    }
    let mut file = vec![
        ("apiVersion", text("score.dev/v1b1")),
        ("metadata", map([("name", text(name))])),
        ("containers", map([("main", map(container))])),
    ];
    if !resources.is_empty() {
        file.push(("resources", Tree::Map(resources)));
    }
    map(file).yaml()
}
