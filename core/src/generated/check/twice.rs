use super::shared::compare_shared;
use super::{Place, equal, fail, root_path};
use crate::handle::const_text::Text;
use crate::table::{Kind, Table};

/// No variable of a nested struct is read by another field too. What stands beside it in the struct
/// itself is compared by the derive.
#[track_caller]
pub const fn check_nested(table: &Table, index: usize) {
    let path = root_path(table.name);
    let nested = place(table, index, &path);
    let mut other = 0;
    while other < table.fields.len() {
        // Of two nested fields the later one reports.
        let is_nested = matches!(table.fields[other].kind, Kind::Nested { .. });
        let found = if other < index {
            compare(place(table, other, &path), nested)
        } else if other > index && !is_nested {
            compare(nested, place(table, other, &path))
        } else {
            None
        };
        if let Some(text) = found {
            fail(&text);
        }
        other += 1;
    }
}

const fn place<'a>(table: &'a Table, index: usize, path: &'a Text) -> Place<'a> {
    Place { path: path.as_str(), prefix: "", field: &table.fields[index], optional: false }
}

/// The first variable that two fields, or fields inside them, both read.
const fn compare(first: Place<'_>, second: Place<'_>) -> Option<Text> {
    if let Kind::Nested { prefix, table, .. } = first.field.kind {
        let (path, prefix) = (first.inner_path(), first.inner_prefix(prefix));
        let mut at = 0;
        while at < table.fields.len() {
            let inner = inner(table, at, &path, &prefix);
            if let Some(text) = compare(inner, second) {
                return Some(text);
            }
            at += 1;
        }
        return None;
    }
    if let Kind::Nested { prefix, table, .. } = second.field.kind {
        let (path, prefix) = (second.inner_path(), second.inner_prefix(prefix));
        let mut at = 0;
        while at < table.fields.len() {
            if let Some(text) = compare(first, inner(table, at, &path, &prefix)) {
                return Some(text);
            }
            at += 1;
        }
        return None;
    }
    if let (Some(one), Some(two)) = (first.field.shared_variable(), second.field.shared_variable())
        && equal(one, two)
    {
        return compare_shared(first, second);
    }
    let (names, others) = (Names::of(first), Names::of(second));
    let (prefix, other_prefix) = (first.own_prefix(), second.own_prefix());
    let mut at = 0;
    while at < names.list.len() {
        let mut other = 0;
        while other < others.list.len() {
            let name = Name { text: [prefix, names.list[at]], is_handle: names.are_handles };
            let clash =
                Name { text: [other_prefix, others.list[other]], is_handle: others.are_handles };
            if let Some(text) = compare_names(first, name, second, clash) {
                return Some(text);
            }
            other += 1;
        }
        at += 1;
    }
    None
}

/// One variable of one field.
#[derive(Clone, Copy)]
struct Name<'a> {
    text: [&'a str; 2],
    is_handle: bool,
}

/// Two variables meet when they are the same, or when one names the file that may hold the other.
const fn compare_names(
    first: Place<'_>,
    name: Name<'_>,
    second: Place<'_>,
    other: Name<'_>,
) -> Option<Text> {
    let (one, two) = (name.text, other.text);
    let (name_of_both, file_of) = if same(one, "", two, "") {
        (one, [false, false])
    } else if name.is_handle && same(one, "_FILE", two, "") {
        (two, [true, false])
    } else if other.is_handle && same(one, "", two, "_FILE") {
        (one, [false, true])
    } else {
        return None;
    };
    let text = Text::of("`").add(name_of_both[0]).add(name_of_both[1]).add("` is read twice: by ");
    let text = reader(&text, first, one, file_of[0]).add(" and by ");
    let text = reader(&text, second, two, file_of[1]);
    Some(text.add(help(first, second)))
}

const fn help(first: Place<'_>, second: Place<'_>) -> &'static str {
    let is_shared =
        first.field.shared_variable().is_some() || second.field.shared_variable().is_some();
    if is_shared {
        "\nhelp: for one service in two fields write `shared` and the same `env` on both"
    } else {
        "\nhelp: give the nested struct another `prefix`"
    }
}

const fn reader(text: &Text, place: Place<'_>, name: [&str; 2], as_file: bool) -> Text {
    let text = place.add_path(text);
    if as_file { text.add(", as the file of `").add(name[0]).add(name[1]).add("`,") } else { text }
}

const fn inner<'a>(table: &'a Table, at: usize, path: &'a Text, prefix: &'a Text) -> Place<'a> {
    let (path, prefix) = (path.as_str(), prefix.as_str());
    Place { path, prefix, field: &table.fields[at], optional: false }
}

/// The variables of one field.
struct Names<'a> {
    list: &'a [&'a str],
    are_handles: bool,
}

impl<'a> Names<'a> {
    const fn of(place: Place<'a>) -> Self {
        match &place.field.kind {
            Kind::Resource { variables, .. } => Self { list: variables, are_handles: true },
            Kind::Setting { variables, .. } => Self { list: variables, are_handles: false },
            Kind::Flatten { .. } | Kind::Nested { .. } => Self { list: &[], are_handles: false },
        }
    }
}

/// Whether two names are the same, each a prefix, a name and a suffix.
const fn same(a: [&str; 2], a_suffix: &str, b: [&str; 2], b_suffix: &str) -> bool {
    let (a, b) = ([a[0], a[1], a_suffix], [b[0], b[1], b_suffix]);
    let len = a[0].len() + a[1].len() + a[2].len();
    if len != b[0].len() + b[1].len() + b[2].len() {
        return false;
    }
    // From the end: names with a common prefix differ there.
    let mut at = len;
    while at > 0 {
        at -= 1;
        if byte(a, at) != byte(b, at) {
            return false;
        }
    }
    true
}

const fn byte(pieces: [&str; 3], mut at: usize) -> u8 {
    let mut piece = 0;
    while at >= pieces[piece].len() {
        at -= pieces[piece].len();
        piece += 1;
    }
    pieces[piece].as_bytes()[at]
}
