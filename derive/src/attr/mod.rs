//! Tokens to attributes, for both derives: entries whose keys are known, each value with its place.

mod cell;
mod cells;
pub(crate) mod entry;
mod key;
mod literal;

pub(crate) use self::cell::Cell;
pub(crate) use self::cells::Cells;
pub(crate) use self::entry::{Scheme, Value};
pub(crate) use self::key::{Attribute, Key};
pub(crate) use self::literal::{krate, type_name};

#[cfg(test)]
mod tests {
    use crate::{adapter, services};

    /// The references at the head of the crate and the keys that the parsers take are the same.
    #[test]
    fn the_docs_list_every_key() {
        let rows =
            include_str!("../lib.rs").lines().filter_map(|line| line.strip_prefix("/// | `"));
        let documented: Vec<String> = rows
            .map(|row| {
                row.replace('`', "").split('|').take(2).map(str::trim).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let known = services::KEYS.iter().chain(adapter::KEYS).flat_map(|attribute| {
            attribute.keys.iter().map(|key| format!("#[{}] {}", attribute.name, key.form("...")))
        });
        assert_eq!(documented, known.collect::<Vec<_>>());
    }
}
