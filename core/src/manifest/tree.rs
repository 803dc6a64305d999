//! Data in the order of the fields, as JSON or as YAML.

use std::fmt::Write as _;

use serde::ser::{Serialize, SerializeMap, Serializer};

pub(super) enum Tree {
    Text(String),
    /// Lines of a text.
    Lines(Vec<String>),
    Number(u32),
    Bool(bool),
    List(Vec<Tree>),
    Map(Vec<(String, Tree)>),
}

pub(super) fn text(text: impl Into<String>) -> Tree {
    Tree::Text(text.into())
}

pub(super) fn texts<T: Into<String>>(texts: impl IntoIterator<Item = T>) -> Tree {
    Tree::List(texts.into_iter().map(text).collect())
}

pub(super) fn map<K: Into<String>>(entries: impl IntoIterator<Item = (K, Tree)>) -> Tree {
    Tree::Map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Lines(lines) => serializer.serialize_str(&lines.join("\n")),
            Self::Number(number) => serializer.serialize_u32(*number),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::List(list) => serializer.collect_seq(list),
            Self::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
        }
    }
}

impl Tree {
    pub(super) fn json(&self) -> String {
        // Strings, numbers, booleans and lists and maps of them can always be written.
        let mut text = serde_json::to_string_pretty(self).unwrap_or_default();
        text.push('\n');
        text
    }

    /// As YAML 1.2: maps in blocks, lists in one line, every text in double quotes.
    pub(super) fn yaml(&self) -> String {
        let mut text = String::new();
        self.write(&mut text, 0);
        text
    }

    fn write(&self, out: &mut String, depth: usize) {
        let indent = "  ".repeat(depth);
        match self {
            Self::Map(entries) if !entries.is_empty() => {
                for (key, value) in entries {
                    let _ = write!(out, "{indent}{}:", plain(key));
                    if matches!(value, Self::Map(entries) if !entries.is_empty()) {
                        out.push('\n');
                    } else {
                        out.push(' ');
                    }
                    value.write(out, depth + 1);
                }
            }
            Self::Lines(lines) => {
                out.push_str("|\n");
                for line in lines {
                    let _ = writeln!(out, "{indent}{line}");
                }
            }
            other => {
                let _ = writeln!(out, "{}", other.flow());
            }
        }
    }

    /// In one line.
    fn flow(&self) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::Lines(lines) => quoted(&lines.join("\n")),
            Self::Number(number) => number.to_string(),
            Self::Bool(value) => value.to_string(),
            Self::List(list) => {
                let items: Vec<_> = list.iter().map(Self::flow).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Map(entries) => {
                let entries = entries.iter();
                let items: Vec<_> = entries
                    .map(|(key, value)| format!("{}: {}", quoted(key), value.flow()))
                    .collect();
                format!("{{{}}}", items.join(", "))
            }
        }
    }
}

/// A key without quotes, unless a reader could take it for something else than a text.
fn plain(key: &str) -> String {
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    let words = ["y", "n", "yes", "no", "on", "off", "true", "false", "null"];
    if is_word && !words.contains(&key.to_ascii_lowercase().as_str()) {
        key.to_owned()
    } else {
        quoted(key)
    }
}

/// The strings of JSON are strings of YAML, but for characters that YAML does not print.
fn quoted(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    let mut quoted = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}') {
            let _ = write!(quoted, "\\u{:04x}", u32::from(c));
        } else {
            quoted.push(c);
        }
    }
    quoted
}
