//! Whether an environment is read by a record as it is by the types of the app: what tests ask.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::known::Known;
use super::read::{self, Record};
use super::write::record_now;
use crate::backing::BackingServices;
use crate::environment::Environment;
use crate::error::{LoadError, Problem};
use crate::setting::named;
use crate::table::{Kind, Table, each_field};

static TABLES: Mutex<Option<HashMap<usize, &'static Table>>> = Mutex::new(None);

/// The table that the record of the struct gives, once.
fn table_of<S: BackingServices>() -> &'static Table {
    let key = std::ptr::from_ref(S::TABLE).addr();
    let mut tables = TABLES.lock().unwrap_or_else(PoisonError::into_inner);
    let made = || match Record::of_bytes(&record_now(S::__JSON), None) {
        Ok(record) => record.table,
        Err(_) => &Table { name: "no record", fields: &[] },
    };
    tables.get_or_insert_default().entry(key).or_insert_with(made)
}

/// What the record of a struct gives another result for, of all that it claims to check.
///
/// # Errors
///
/// Both results.
pub fn compare_with_record<S: BackingServices>(
    environment: &Environment,
    result: &Result<S, LoadError>,
) -> Result<(), String> {
    // What is written by hand, as in tests, leaves no record.
    if S::__JSON.is_empty() {
        return Ok(());
    }
    let table = table_of::<S>();
    let by_record = read::load(table, environment).err();
    let unchecked = Unchecked::of(table);
    let (by_types, by_record) = (result.as_ref().err(), by_record.as_ref());
    if unchecked.0.is_empty() {
        let shown = |error: Option<&LoadError>| error.map(ToString::to_string);
        same("report", &shown(by_types), &shown(by_record))?;
        let explained = environment.explain::<S>().to_string();
        return same("table", &explained, &read::explain(table, environment).to_string());
    }
    let checked = |error: Option<&LoadError>| -> Vec<String> {
        let problems = error.map(LoadError::problems).unwrap_or_default().iter();
        problems.filter(|it| !unchecked.has(it)).map(ToString::to_string).collect()
    };
    same("problems", &checked(by_types), &checked(by_record))
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, one: &T, other: &T) -> Result<(), String> {
    if one == other {
        return Ok(());
    }
    Err(format!("the {what} by the types:\n{one:#?}\nby the record:\n{other:#?}"))
}

fn flattens(table: &'static Table) -> bool {
    let mut any = false;
    each_field(table, "", "", &mut |_, _, field| any |= matches!(field.kind, Kind::Flatten { .. }));
    any
}

/// The paths of the fields that only the app's own code can check.
struct Unchecked(Vec<String>);

impl Unchecked {
    fn of(table: &'static Table) -> Self {
        let mut paths = Vec::new();
        each_field(table, "", "", &mut |outer, _, field| {
            let is_checked = match field.kind {
                Kind::Resource { grammar, id, .. } => {
                    Known::find(id, grammar).is_some() || Known::are_variants(grammar)
                }
                Kind::Setting { ty, .. } => named::form(ty).is_some(),
                Kind::Flatten { .. } => false,
                // Only the app knows whether a variable of the flattened struct is set.
                Kind::Nested { optional, table, .. } => !(optional && flattens(table)),
            };
            if !is_checked {
                paths.push(format!("{}::{outer}{}", table.name, field.name));
            }
        });
        Self(paths)
    }

    fn has(&self, problem: &Problem) -> bool {
        self.0.iter().any(|path| {
            let rest = problem.field().strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }
}

/// What a check of an environment by the record in a file reports: nothing where it is good.
///
/// # Errors
///
/// The file has no such record.
pub fn check_by_file(
    path: &std::path::Path,
    name: Option<&str>,
    environment: &Environment,
) -> Result<String, String> {
    let record = Record::of_file(path, name).map_err(|error| error.to_string())?;
    let error = read::load(record.table, environment).err();
    Ok(error.map(|error| error.to_string()).unwrap_or_default())
}
