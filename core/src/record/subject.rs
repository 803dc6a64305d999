//! The record of a program as what the commands are about.

use super::load::{Attached, Resource};
use super::read::{self, Record};
use crate::cli::subject::{Loaded, LoadedResource, Subject};
use crate::environment::Environment;
use crate::error::LoadError;
use crate::explain::Explanation;
use crate::table::{Kind, Table};

/// An app that is known by its record alone.
pub(crate) struct RecordSubject {
    record: Record,
}

impl RecordSubject {
    pub(crate) fn new(record: Record) -> Self {
        Self { record }
    }
}

impl Subject for RecordSubject {
    fn table(&self) -> &'static Table {
        self.record.table
    }

    fn load(&self, environment: &Environment) -> Result<Box<dyn Loaded>, LoadError> {
        let attached = read::load(self.record.table, environment)?;
        Ok(Box::new(RecordLoaded { root: self.record.table, attached }))
    }

    fn explain(&self, environment: &Environment) -> Explanation {
        read::explain(self.record.table, environment)
    }

    fn notes(&self) -> Vec<String> {
        self.record.notes()
    }
}

struct RecordLoaded {
    root: &'static Table,
    attached: Vec<Attached>,
}

impl Loaded for RecordLoaded {
    fn resources(&self) -> Vec<LoadedResource> {
        let mut shared = Vec::new();
        let mut resources = Vec::new();
        for Attached { outer, prefix, field, resource } in &self.attached {
            if let Some(variable) = field.shared_variable() {
                if shared.contains(&variable) {
                    continue;
                }
                shared.push(variable);
            }
            let Kind::Resource { grammar, .. } = field.kind else { continue };
            resources.push(match resource {
                Resource::Known(adapter) => adapter.listed(self.root, outer, prefix, field),
                Resource::ByGrammar(handle) => {
                    LoadedResource::by_tcp(handle.clone(), grammar, self.root, outer, prefix, field)
                }
            });
        }
        resources
    }
}
