use super::{Place, equal, fail, root_path};
use crate::handle::const_text::Text;
use crate::table::{Kind, Table};

/// A field that shares its variable is of the type of the earlier fields that do, and says the
/// same. Nested structs are compared with their variables.
#[track_caller]
pub const fn check_shared(table: &Table, index: usize) {
    let path = root_path(table.name);
    let second = place(table, index, &path);
    let Some(variable) = second.field.shared_variable() else { return };
    let mut at = 0;
    while at < index {
        let first = place(table, at, &path);
        if let Some(other) = first.field.shared_variable()
            && equal(variable, other)
            && let Some(text) = compare_shared(first, second)
        {
            fail(&text);
        }
        at += 1;
    }
}

const fn place<'a>(table: &'a Table, index: usize, path: &'a Text) -> Place<'a> {
    Place { path: path.as_str(), prefix: "", field: &table.fields[index], optional: false }
}

/// One handle makes one client: of two fields that share a variable both are of one type, and what
/// they say of the handle is the same.
pub(super) const fn compare_shared(first: Place<'_>, second: Place<'_>) -> Option<Text> {
    let (
        Kind::Resource { variables, grammar, id, default, params, .. },
        Kind::Resource {
            variables: others,
            grammar: other_grammar,
            id: other_id,
            default: other_default,
            params: other_params,
            ..
        },
    ) = (&first.field.kind, &second.field.kind)
    else {
        return None;
    };
    let (name, other_name) = (grammar.name(), other_grammar.name());
    let text = Text::of("`").add(variables[0]).add("` is shared by ");
    // A type whose trait is written by hand has a name alone, and the loader compares it.
    let is_known = !id.is_empty() && !other_id.is_empty();
    if !equal(name, other_name) || is_known && !equal(id, other_id) {
        let same_name = equal(name, other_name);
        let text = first.add_path(&text.add("two types: "));
        let text = text.add(" is `").add(if same_name { id } else { name }).add("`, ");
        let text = second.add_path(&text);
        let text = text.add(" is `").add(if same_name { other_id } else { other_name }).add("`");
        return Some(text.add("\nhelp: one handle makes one client: give both fields one type"));
    }
    let differs = if !equal_lists(variables, others) {
        "alias"
    } else if !equal(or_empty(*default), or_empty(*other_default)) {
        "default"
    } else if !equal_params(params, other_params) {
        "params"
    } else {
        return None;
    };
    let text = second.add_path(&first.add_path(&text).add(" and "));
    let text = text.add(", which do not say the same `").add(differs).add("`");
    Some(text.add("\nhelp: one handle makes one client: write the same on both fields"))
}

const fn or_empty(text: Option<&str>) -> &str {
    match text {
        Some(text) => text,
        None => "",
    }
}

const fn equal_lists(a: &[&str], b: &[&str]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if !equal(a[at], b[at]) {
            return false;
        }
        at += 1;
    }
    a.len() == b.len()
}

const fn equal_params(a: &[(&str, &str)], b: &[(&str, &str)]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() {
        if !equal(a[at].0, b[at].0) || !equal(a[at].1, b[at].1) {
            return false;
        }
        at += 1;
    }
    a.len() == b.len()
}
