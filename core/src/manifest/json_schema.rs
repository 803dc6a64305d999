//! JSON Schema: <https://json-schema.org/draft/2020-12>.

use std::fmt::Write as _;

use super::tree::{Tree, map, text, texts};
use super::{Manifest, Resource, Setting};
use crate::adapter::grammar::{Grammar, Part};

pub(super) fn tree(manifest: &Manifest) -> Tree {
    let (mut properties, mut needed): (Vec<(String, Tree)>, Vec<Tree>) = (Vec::new(), Vec::new());
    let mut add = |name: &str, property: Tree| {
        // Fields may share a variable.
        if properties.iter().all(|(other, _)| other != name) {
            properties.push((name.to_owned(), property));
        }
    };
    for it in &manifest.resources {
        add(&it.variable, resource(it));
        for alias in &it.aliases {
            add(alias, other_name(&it.variable, pattern(it)));
        }
        if it.required {
            let mut ways = named(&it.variable, &it.aliases);
            let parts = parts(it);
            if !parts.is_empty() {
                ways.push(some_name(&parts));
            }
            ways.extend(
                ["CREDENTIALS_DIRECTORY", "SERVICE_BINDING_ROOT", "VCAP_SERVICES"].map(set),
            );
            needed.push(map([("anyOf", Tree::List(ways))]));
        }
    }
    for it in &manifest.settings {
        add(&it.variable, setting(it));
        for alias in &it.aliases {
            add(alias, other_name(&it.variable, None));
        }
        if it.required {
            let mut ways = named(&it.variable, &it.aliases);
            ways.push(set("CREDENTIALS_DIRECTORY"));
            needed.push(map([("anyOf", Tree::List(ways))]));
        }
    }
    let mut schema = vec![
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("title", text(format!("The environment of {}", manifest.name()))),
        ("type", text("object")),
        ("properties", Tree::Map(properties)),
        ("additionalProperties", map([("type", text("string"))])),
    ];
    if !needed.is_empty() {
        schema.push(("allOf", Tree::List(needed)));
    }
    map(schema)
}

fn resource(it: &Resource) -> Tree {
    let schemes: Vec<_> = it.schemes.iter().map(|scheme| format!("{scheme}://")).collect();
    let state = match (it.required, it.default) {
        (true, _) => "Required.",
        (false, Some(_)) => "Not required: there is a default.",
        (false, None) => "Not required: unset, it is detached.",
    };
    let service = format!("{}: {}. {state}", it.adapter, schemes.join(", "));
    let mut property = described(it.doc, &service);
    property.extend(it.default.map(|default| ("default", text(default))));
    property.push(("examples", texts([it.example])));
    property.extend(pattern(it).map(|pattern| ("pattern", text(pattern))));
    map(property)
}

fn setting(it: &Setting) -> Tree {
    let state = if it.required { "Required." } else { "Not required." };
    let mut property = described(it.doc, state);
    property.extend(it.default.map(|default| ("default", text(default))));
    map(property)
}

fn other_name(variable: &str, pattern: Option<String>) -> Tree {
    let mut property = described("", &format!("Read where {variable} is unset."));
    property.extend(pattern.map(|pattern| ("pattern", text(pattern))));
    map(property)
}

fn described(doc: &str, state: &str) -> Vec<(&'static str, Tree)> {
    let separator = if doc.is_empty() { "" } else { "\n\n" };
    vec![("type", text("string")), ("description", text([doc, separator, state].concat()))]
}

/// That the text is empty, which is unset, or begins with a scheme of the field, in any case.
fn pattern(it: &Resource) -> Option<String> {
    // Beside a bucket that is named by parts, an address on the web is no handle and does no harm.
    if it.schemes.contains(&"s3") {
        return None;
    }
    let schemes = it.schemes.iter().map(|scheme| {
        let mut pattern = String::new();
        for c in scheme.chars() {
            if c.is_ascii_alphabetic() {
                let _ = write!(pattern, "[{}{c}]", c.to_ascii_uppercase());
            } else if c.is_ascii_digit() {
                pattern.push(c);
            } else {
                let _ = write!(pattern, "[{c}]");
            }
        }
        pattern
    });
    let schemes: Vec<_> = schemes.collect();
    Some(format!("^(?:$|(?:{}):)", schemes.join("|")))
}

/// A property that is there and not empty.
fn set(name: &str) -> Tree {
    let value = map([("minLength", Tree::Number(1))]);
    map([("properties", map([(name, value)])), ("required", texts([name]))])
}

/// The variable, its aliases, and what can stand for each.
fn named(variable: &str, aliases: &[String]) -> Vec<Tree> {
    let names = || std::iter::once(variable).chain(aliases.iter().map(String::as_str));
    let mut ways: Vec<_> = names().map(set).collect();
    ways.extend(names().map(|name| set(&format!("{name}_FILE"))));
    ways.extend(
        names().filter_map(|name| Some(set(&format!("{}_URI", name.strip_suffix("_URL")?)))),
    );
    ways
}

/// That one of the names begins with one of these.
fn some_name(names: &[String]) -> Tree {
    let pattern = map([("pattern", text(format!("^(?:{})(?:_FILE)?$", names.join("|"))))]);
    map([("not", map([("propertyNames", map([("not", pattern)]))]))])
}

/// The names of parts that say where the resource is, or are enough where that is known.
fn parts(it: &Resource) -> Vec<String> {
    let mut words = Vec::new();
    place_words(it.declared.grammar, &mut words);
    let variables = std::iter::once(&it.variable).chain(&it.aliases);
    let stems = variables.map(|name| crate::environment::stem(name));
    stems.flat_map(|stem| words.iter().map(move |word| format!("{stem}_{word}"))).collect()
}

fn place_words(grammar: &Grammar, out: &mut Vec<String>) {
    for word in grammar.all_words() {
        let says_place = match word.part() {
            Part::Host | Part::File => true,
            Part::Username | Part::Password => grammar.fixed_place().is_some(),
            _ => word.name() == "socket",
        };
        if says_place {
            for name in word.all_names() {
                let name = name.to_ascii_uppercase().replace('-', "_");
                if !out.contains(&name) {
                    out.push(name);
                }
            }
        }
    }
    for variant in grammar.all_variants() {
        place_words(variant, out);
    }
}
