//! Checks that run while the user's crate compiles: each is called from a `const _: () = ...;`
//! whose tokens stand at what the user must change. `#[track_caller]` moves the error there.

mod adapter;
mod default;
mod example;
mod params;
mod setting;
mod shared;
#[cfg(feature = "testing")]
mod test;
mod twice;

pub use self::adapter::{check_own_example, check_parameter, check_variant, word_index};
pub use self::default::check_default;
pub use self::example::{Line, check_example, count_lines, lines};
pub use self::params::{check_param_name, check_param_value};
pub use self::setting::{DefaultOf, Unknown, check_setting};
pub use self::shared::check_shared;
#[cfg(feature = "testing")]
pub use self::test::{check_isolated, check_let_through};
pub use self::twice::check_nested;

use super::Field;
use crate::handle::const_text::Text;

/// A field somewhere in nested structs: what goes before its name and before its variables.
#[derive(Clone, Copy)]
struct Place<'a> {
    /// `App::reports.`
    path: &'a str,
    /// `REPORTS_`
    prefix: &'a str,
    field: &'a Field,
    /// Whether the struct around it is optional.
    optional: bool,
}

impl<'a> Place<'a> {
    /// What goes before its own variables.
    const fn own_prefix(&self) -> &'a str {
        self.field.prefix(self.prefix)
    }

    const fn add_path(&self, text: &Text) -> Text {
        text.add("`").add(self.path).add(self.field.name).add("`")
    }

    /// What goes before the names of the fields inside.
    const fn inner_path(&self) -> Text {
        Text::of(self.path).add(self.field.name).add(".")
    }

    const fn inner_prefix(&self, prefix: &str) -> Text {
        Text::of(self.prefix).add(prefix)
    }
}

const fn equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let mut at = a.len();
    if at != b.len() {
        return false;
    }
    while at > 0 {
        at -= 1;
        if a[at] != b[at] {
            return false;
        }
    }
    true
}

/// The path of a struct's own fields, `App::`.
const fn root_path(name: &str) -> Text {
    Text::of(name).add("::")
}

/// Ends the compilation with a text that was built for it.
#[track_caller]
#[expect(clippy::panic, reason = "this is how a constant reports")]
const fn fail(text: &Text) -> ! {
    panic!("{}", text.as_str())
}
