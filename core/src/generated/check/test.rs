use super::{equal, fail};
use crate::handle::const_text::Text;
use crate::table::{Kind, Table};

/// Every service of a test's struct can be isolated, or is let through in words.
#[track_caller]
pub const fn check_isolated(table: &Table, let_through: &[&str]) {
    let found = not_isolated(table, "", let_through, &Text::new(), 0);
    if found.count == 0 {
        return;
    }
    let text = if found.count == 1 {
        Text::of("of this service nothing can be a test's own: ")
    } else {
        Text::of("of these services nothing can be a test's own: ")
    };
    let text = text.add(found.names.as_str());
    let text = text.add("\nhelp: where tests may share it, say `shared(").add(found.first.as_str());
    let text = text.add(")` in `#[backing_services::test(...)]`; `prefixed(");
    let text = text.add(found.first.as_str()).add(" = \"VARIABLE\")` where the app puts what that");
    fail(&text.add(
        " variable says before its names; or implement `backing_services::testing::Isolate` for \
         its adapter",
    ))
}

#[derive(Clone, Copy)]
struct NotIsolated {
    /// As the message lists them.
    names: Text,
    /// The path of the first, without the struct.
    first: Text,
    count: usize,
}

const fn not_isolated(
    table: &Table,
    outer: &str,
    let_through: &[&str],
    names: &Text,
    count: usize,
) -> NotIsolated {
    let mut found = NotIsolated { names: *names, first: Text::new(), count };
    let mut at = 0;
    while at < table.fields.len() {
        let field = &table.fields[at];
        let path = Text::of(outer).add(field.name);
        match &field.kind {
            Kind::Resource { isolated: None, grammar, .. } => {
                if !contains(let_through, path.as_str()) {
                    if found.count == 0 {
                        found.first = path;
                    } else {
                        found.names = found.names.add(", ");
                    }
                    let text = found.names.add("`").add(path.as_str()).add("` (");
                    found.names = text.add(grammar.name()).add(")");
                    found.count += 1;
                }
            }
            Kind::Nested { table, .. } => {
                let outer = path.add(".");
                let inner =
                    not_isolated(table, outer.as_str(), let_through, &found.names, found.count);
                let first = if found.count == 0 { inner.first } else { found.first };
                found = NotIsolated { first, ..inner };
            }
            Kind::Resource { .. } | Kind::Setting { .. } | Kind::Flatten { .. } => {}
        }
        at += 1;
    }
    found
}

/// What a test lets through is a service of one of its structs.
#[track_caller]
pub const fn check_let_through(tables: &[&Table], path: &str) {
    let mut at = 0;
    while at < tables.len() {
        if has(tables[at], "", path) {
            return;
        }
        at += 1;
    }
    let text = Text::of("`").add(path).add("` is no service of ");
    let text = match tables {
        [table] => text.add("`").add(table.name).add("`"),
        _ => text.add("the test"),
    };
    fail(&text.add("\nhelp: name a field, one of a nested struct as `outer.inner`"))
}

const fn has(table: &Table, outer: &str, wanted: &str) -> bool {
    let mut at = 0;
    while at < table.fields.len() {
        let field = &table.fields[at];
        let path = Text::of(outer).add(field.name);
        let is_it = match &field.kind {
            Kind::Resource { .. } => equal(path.as_str(), wanted),
            Kind::Nested { table, .. } => has(table, path.add(".").as_str(), wanted),
            Kind::Setting { .. } | Kind::Flatten { .. } => false,
        };
        if is_it {
            return true;
        }
        at += 1;
    }
    false
}

const fn contains(list: &[&str], wanted: &str) -> bool {
    let mut at = 0;
    while at < list.len() {
        if equal(list[at], wanted) {
            return true;
        }
        at += 1;
    }
    false
}
