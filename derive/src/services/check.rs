//! Rules across fields: no variable is read twice. What is nested is compared by a constant in the
//! output, because its names are known only to its own derive; so are the types of fields that
//! share a variable.

use std::collections::HashMap;
use std::iter;

use crate::errors::Errors;
use crate::services::model::{Kind, Model, Resource, Variable};

pub(crate) fn check(errors: &Errors, model: &Model<'_>) {
    let mut claims = Claims { errors, model, readers: HashMap::new() };
    for field in &model.fields {
        match &field.kind {
            Kind::Resource(resource) => {
                for variable in &resource.variables {
                    claims.add(&field.name, variable, Some(resource));
                }
            }
            Kind::Setting { variables, .. } => {
                for variable in variables {
                    claims.add(&field.name, variable, None);
                }
            }
            Kind::Flatten { .. } | Kind::Nested { .. } | Kind::Unclear => {}
        }
    }
    let readers = claims.readers;
    for field in &model.fields {
        let Kind::Resource(Resource { ignored, .. }) = &field.kind else { continue };
        for Variable { name, span } in ignored {
            if let Some(reader) = readers.get(name) {
                let message = format!("`{name}` is read by {}", reader.describe(model));
                errors.at(
                    *span,
                    message.trim_end_matches(','),
                    "a name that is read cannot be ignored",
                );
            }
        }
    }
}

struct Claims<'a> {
    errors: &'a Errors,
    model: &'a Model<'a>,
    readers: HashMap<String, Reader<'a>>,
}

/// Who reads a variable.
#[derive(Clone, Copy)]
struct Reader<'a> {
    field: &'a str,
    /// The handle whose file the variable names; none if it is read for itself.
    file_of: Option<&'a str>,
    /// The service that it is the handle of; none of a setting.
    resource: Option<&'a Resource>,
}

impl Reader<'_> {
    fn describe(self, model: &Model<'_>) -> String {
        let field = format!("`{}::{}`", model.name, self.field);
        match self.file_of {
            Some(handle) => format!("{field}, as the file of `{handle}`,"),
            None => field,
        }
    }

    /// Whether both read the variable of the one service that they share.
    fn shares(self, other: Self) -> bool {
        let variable = |reader: Self| {
            let resource = reader.resource.filter(|resource| resource.shared)?;
            resource.variables.first().map(|variable| &variable.name)
        };
        self.field != other.field && variable(self).is_some() && variable(self) == variable(other)
    }
}

impl<'a> Claims<'a> {
    fn add(&mut self, field: &'a str, variable: &'a Variable, resource: Option<&'a Resource>) {
        // A handle may also stand in the file that `X_FILE` names.
        let name = &variable.name;
        let itself = (name.clone(), Reader { field, file_of: None, resource });
        let file = Reader { field, file_of: Some(name), resource };
        let file = resource.is_some().then(|| (format!("{name}_FILE"), file));
        let claims: Vec<_> = iter::once(itself).chain(file).collect();
        for (name, reader) in &claims {
            if let Some(first) = self.readers.get(name)
                && !first.shares(*reader)
            {
                self.report(name, *first, *reader, variable);
                return;
            }
        }
        self.readers.extend(claims);
    }

    fn report(&self, name: &str, first: Reader<'_>, second: Reader<'_>, variable: &Variable) {
        let model = self.model;
        let (by, and_by) = (first.describe(model), second.describe(model));
        let same = first.field == second.field;
        let message = if same {
            format!("`{name}` is read twice by `{}::{}`", model.name, first.field)
        } else {
            format!("`{name}` is read twice: by {by} and by {}", and_by.trim_end_matches(','))
        };
        let is_one_service = [first, second]
            .into_iter()
            .all(|reader| reader.resource.is_some() && reader.file_of.is_none());
        let help = if same {
            "remove one of the two"
        } else if is_one_service {
            "give one of them another `env`; for one service in two fields write `shared` on both"
        } else {
            "give one of them another `env`"
        };
        self.errors.at(variable.span, message, help);
    }
}
