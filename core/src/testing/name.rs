//! The names of what tests make: nobody has others by accident, and each says when it was made.

use std::fmt;
use std::hash::{BuildHasher as _, DefaultHasher, Hash as _, Hasher as _, RandomState};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const TEST: &str = "backing_test_";
const TEMPLATE: &str = "backing_template_";
/// What is older was left over by a test that failed, or that was killed.
const DAY: u64 = 24 * 60 * 60;
/// A template that is nearly a day old is left alone: another process may be about to delete it.
const USABLE: u64 = 23 * 60 * 60;
/// PostgreSQL cuts a name off after 63 bytes, S3 after 63 characters.
const LONGEST: usize = 60;

/// The name of one test's resources: lower-case letters, digits and `_`, at most 60 of them.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name(String);

impl Name {
    /// A name that nobody has, which ends in that of the test function.
    pub(crate) fn new(test: &str) -> Self {
        let random = RandomState::new().hash_one((std::process::id(), test)) >> 32;
        let mut name = format!("{TEST}{}_{random:08x}_", now());
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
        name.extend(test.chars().map(plain).take(LONGEST - name.len()));
        Self(name.trim_end_matches('_').to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What tests copy their databases from. Two with the same key were migrated by the same code.
#[derive(Clone)]
pub struct Template(String);

impl Template {
    /// The template of what is hashed, and of the program as it was built.
    pub(super) fn of(parts: &[&str]) -> Self {
        let mut hasher = DefaultHasher::new();
        parts.hash(&mut hasher);
        if let Ok(program) = std::env::current_exe() {
            program.hash(&mut hasher);
            if let Ok(file) = program.metadata() {
                (file.len(), file.modified().ok()).hash(&mut hasher);
            }
        }
        Self(format!("{:016x}", hasher.finish()))
    }

    /// A name for it that has not been used.
    ///
    /// ```
    /// # use backing_services::testing::Template;
    /// fn store(template: &Template) {
    ///     println!("kept as {}", template.new_name());
    /// }
    /// ```
    pub fn new_name(&self) -> String {
        format!("{TEMPLATE}{}_{}", now(), self.0)
    }

    /// Whether a name is one of this template, and it may be copied from.
    ///
    /// ```
    /// # use backing_services::testing::Template;
    /// fn find<'a>(template: &Template, names: &'a [String]) -> Option<&'a String> {
    ///     names.iter().find(|name| template.is_called(name))
    /// }
    /// ```
    pub fn is_called(&self, name: &str) -> bool {
        let Some((made, rest)) = taken_apart(name, TEMPLATE) else { return false };
        rest == self.0 && made + USABLE > now()
    }

    pub(super) fn key(&self) -> &str {
        &self.0
    }
}

/// Whether what has this name was made by a test a day ago or earlier, so that a
/// [sweep](super::Isolate::sweep) deletes it. The name may be written with `-` instead of `_`.
///
/// ```
/// use backing_services::testing::is_leftover;
///
/// assert!(is_leftover("backing_test_1700000000_0a1b2c3d_an_order_is_mailed"));
/// assert!(!is_leftover("orders"));
/// ```
pub fn is_leftover(name: &str) -> bool {
    let name = name.replace('-', "_");
    let made = [TEST, TEMPLATE].iter().find_map(|prefix| taken_apart(&name, prefix));
    made.is_some_and(|(made, _)| made + DAY <= now())
}

/// When it was made, and what stands behind that.
fn taken_apart<'a>(name: &'a str, prefix: &str) -> Option<(u64, &'a str)> {
    let (made, rest) = name.strip_prefix(prefix)?.split_once('_')?;
    let is_number = made.len() == 10 && made.bytes().all(|byte| byte.is_ascii_digit());
    let is_ours = rest.len() >= 8 && rest.bytes().take(8).all(|byte| byte.is_ascii_hexdigit());
    if is_number && is_ours { Some((made.parse().ok()?, rest)) } else { None }
}

/// Seconds, of ten digits for some centuries to come.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.as_ref().map_or(0, Duration::as_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_fits_everywhere_and_says_when() {
        let name = Name::new("shop::tests::An_order_is_mailed_and_nothing_else_happens_at_all");
        assert!(name.as_str().len() <= LONGEST, "{name}");
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        assert!(name.as_str().chars().all(plain), "{name}");
        let (made, _) = taken_apart(name.as_str(), TEST).unwrap();
        assert!(now() - made < 10);
        assert!(Name::new("a") != Name::new("a"));
    }

    #[test]
    fn what_is_a_day_old_is_left_over() {
        let at = |age: u64| format!("backing_test_{}_0a1b2c3d_x", now() - age);
        assert!(is_leftover(&at(DAY)) && is_leftover(&at(DAY).replace('_', "-")));
        assert!(!is_leftover(&at(DAY - 60)));
        let template = Template::of(&["shop"]);
        assert!(template.is_called(&template.new_name()) && !is_leftover(&template.new_name()));
        let old = format!("{TEMPLATE}{}_{}", now() - DAY, template.0);
        assert!(!template.is_called(&old) && is_leftover(&old));
        for mine in ["backing_test_", "backing_test_17_0a1b2c3d", "test_1700000000_0a1b2c3d", ""] {
            assert!(!is_leftover(mine), "{mine}");
        }
    }
}
