//! Tokens to attributes: what the user wrote, each value with its place, no meaning yet.

mod cell;
mod container;
mod entry;
mod field;
mod keys;
pub(crate) mod name;
mod shape;

pub(crate) use self::cell::Cell;
pub(crate) use self::container::Services;
pub(crate) use self::field::{Name, Role};
pub(crate) use self::shape::named_fields;

#[cfg(test)]
mod tests {
    use super::keys;

    /// The reference at the head of the crate and the keys that the parser takes are the same.
    #[test]
    fn the_docs_list_every_key() {
        let rows =
            include_str!("../lib.rs").lines().filter_map(|line| line.strip_prefix("/// | `"));
        let documented: Vec<String> = rows
            .map(|row| {
                row.replace('`', "").split('|').take(2).map(str::trim).collect::<Vec<_>>().join(" ")
            })
            .collect();
        let mut known = Vec::new();
        for attribute in [keys::SERVICES, keys::SERVICE, keys::SETTING] {
            for key in attribute.keys {
                let form = key.example.map(|_| " = \"...\"").unwrap_or_default();
                known.push(format!("#[{}] {}{form}", attribute.name, key.name));
            }
        }
        assert_eq!(documented, known);
    }
}
