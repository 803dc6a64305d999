//! The record of a program, read back.

use std::path::Path;

pub(crate) use super::fault::RecordError;
pub(crate) use super::load::{explain, load, notes};
use super::parse::{self, Whole};
use super::{VERSION, find};
use crate::table::Table;

/// What a program declares.
pub(crate) struct Record {
    pub(crate) table: &'static Table,
    /// The version of this crate that the app was built with.
    pub(crate) version: String,
}

impl Record {
    /// The record in a file, of the struct of this name, or of the only one.
    pub(crate) fn of_file(path: &Path, name: Option<&str>) -> Result<Self, RecordError> {
        Self::of_bytes(&find::read(path)?, name)
    }

    pub(crate) fn of_bytes(bytes: &[u8], name: Option<&str>) -> Result<Self, RecordError> {
        let found = find::find(bytes);
        let all: Result<Vec<_>, _> = found.whole.iter().map(|json| Whole::read(json)).collect();
        let all = all?;
        if all.is_empty() {
            return Err(match found.newer {
                Some(version) => RecordError::new(
                    format!(
                        "the record in the program has version {version}, and {VERSION} is the last that \
                         is known here"
                    ),
                    "install a newer `backing-services`",
                ),
                None if found.damaged => RecordError::damaged(),
                None => RecordError::new(
                    "the program holds no record",
                    "was it built with `embed = false`, or is it no program that derives \
                     `BackingServices`?",
                ),
            });
        }
        let whole = choose(all, name)?;
        let version = whole.version.clone();
        Ok(Self { table: parse::table(whole)?, version })
    }

    /// What a check by this record leaves out, each in a sentence without its full stop.
    pub(crate) fn notes(&self) -> Vec<String> {
        let mut notes = notes(self.table);
        let own = env!("CARGO_PKG_VERSION");
        if self.version != own {
            let version = &self.version;
            notes.insert(
                0,
                format!("the app has version {version} of this crate, and this is {own}"),
            );
        }
        notes
    }
}

/// The struct of this name, by its name or its path; without one the only struct that is not nested
/// in another.
fn choose(mut all: Vec<Whole>, name: Option<&str>) -> Result<Whole, RecordError> {
    let mut nested = Vec::new();
    for whole in &all {
        whole.of.nested(&mut nested);
    }
    let is_nested = |whole: &Whole| nested.contains(&whole.of.id);
    let is_meant = |whole: &Whole| match name {
        Some(name) => [&whole.of.name, &whole.of.id].into_iter().any(|own| own == name),
        None => !is_nested(whole),
    };
    let mut meant: Vec<usize> = (0..all.len()).filter(|at| is_meant(&all[*at])).collect();
    if meant.is_empty() && name.is_none() {
        // Structs that are nested in each other are none that an app derives.
        meant = (0..all.len()).collect();
    }
    if let [only] = meant[..] {
        return Ok(all.swap_remove(only));
    }
    let ids = |places: &[usize]| {
        let ids: Vec<_> = places.iter().map(|at| format!("`{}`", all[*at].of.id)).collect();
        ids.join(", ")
    };
    Err(match name {
        Some(_) if meant.is_empty() => RecordError::new(
            "the program holds no record of that struct",
            format!("it holds those of {}", ids(&(0..all.len()).collect::<Vec<_>>())),
        ),
        _ => RecordError::new(
            format!("the program holds the records of several structs: {}", ids(&meant)),
            "choose one with `--struct NAME`",
        ),
    })
}
