//! Heroku's app.json: <https://devcenter.heroku.com/articles/app-json-schema>.

use super::Manifest;
use super::compose::{named, server};
use super::tree::{Tree, map, text};
use crate::handle::Handle;

/// Heroku sets it.
const PORT: &str = "PORT";

pub(super) fn tree(manifest: &Manifest) -> Tree {
    let (mut env, mut addons) = (Vec::new(), Vec::new());
    for (it, _) in named(manifest) {
        // Whether the service of an enum of adapters is that of its first is for the app to say.
        let is_one = it.declared.grammar.all_variants().is_empty();
        let addon = server(it).and_then(|server| server.addon).filter(|_| is_one && it.required);
        if let (Some(addon), Some(name)) = (addon, it.variable.strip_suffix("_URL")) {
            addons.push(map([("plan", text(addon)), ("as", text(name))]));
            continue;
        }
        let example =
            if it.required { format!(", for example {}", it.example) } else { String::new() };
        // A default on the developer's machine is none on Heroku.
        let is_here = |default: &&str| Handle::parse(default).is_ok_and(|it| it.is_loopback());
        let value = it.default.filter(|default| !is_here(default));
        let service = format!("{}{example}", it.adapter);
        env.push((it.variable.clone(), variable(it.doc, &service, it.required, value)));
    }
    for it in manifest.settings.iter().filter(|it| it.variable != PORT) {
        env.push((it.variable.clone(), variable(it.doc, "", it.required, it.default)));
    }
    let mut file = vec![("env", Tree::Map(env))];
    if !addons.is_empty() {
        file.push(("addons", Tree::List(addons)));
    }
    map(file)
}

fn variable(doc: &str, service: &str, required: bool, value: Option<&str>) -> Tree {
    let doc = doc.split_whitespace().collect::<Vec<_>>().join(" ");
    let description = match (doc.is_empty(), service.is_empty()) {
        (false, false) => format!("{doc} ({service})"),
        _ => doc + service,
    };
    let mut entries = Vec::new();
    if !description.is_empty() {
        entries.push(("description", text(description)));
    }
    entries.extend(value.map(|value| ("value", text(value))));
    entries.push(("required", Tree::Bool(required)));
    map(entries)
}
