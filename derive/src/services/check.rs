//! Rules across fields: no variable is read twice. What is nested is compared by a constant in the
//! output, because its names are known only to its own derive.

use std::collections::HashMap;
use std::iter;

use crate::errors::Errors;
use crate::services::model::{Field, Kind, Model, Variable};

pub(crate) fn check(errors: &Errors, model: &Model<'_>) {
    let mut readers: HashMap<String, Reader<'_>> = HashMap::new();
    for field in &model.fields {
        match &field.kind {
            Kind::Resource { variables, .. } => {
                for variable in variables {
                    claim(errors, &mut readers, model, field, variable, true);
                }
            }
            Kind::Setting { variable, .. } => {
                claim(errors, &mut readers, model, field, variable, false);
            }
            Kind::Nested { .. } | Kind::Unclear => {}
        }
    }
}

/// Who reads a variable.
#[derive(Clone, Copy)]
struct Reader<'a> {
    field: &'a str,
    /// The handle whose file the variable names; none if it is read for itself.
    file_of: Option<&'a str>,
}

impl Reader<'_> {
    fn describe(self, model: &Model<'_>) -> String {
        let field = format!("`{}::{}`", model.name, self.field);
        match self.file_of {
            Some(handle) => format!("{field}, as the file of `{handle}`,"),
            None => field,
        }
    }
}

fn claim<'a>(
    errors: &Errors,
    readers: &mut HashMap<String, Reader<'a>>,
    model: &Model<'_>,
    field: &'a Field<'_>,
    variable: &'a Variable,
    is_handle: bool,
) {
    // A handle may also stand in the file that `X_FILE` names.
    let name = &variable.name;
    let itself = (name.clone(), Reader { field: &field.name, file_of: None });
    let file = (format!("{name}_FILE"), Reader { field: &field.name, file_of: Some(name) });
    let claims: Vec<_> = iter::once(itself).chain(is_handle.then_some(file)).collect();
    for (name, reader) in &claims {
        if let Some(first) = readers.get(name) {
            let (first_reader, second) = (first.describe(model), reader.describe(model));
            let second = second.trim_end_matches(',');
            let same = first.field == reader.field;
            let message = if same {
                format!("`{name}` is read twice by `{}::{}`", model.name, first.field)
            } else {
                format!("`{name}` is read twice: by {first_reader} and by {second}")
            };
            let help =
                if same { "remove one of the two" } else { "give one of them another `env`" };
            errors.at(variable.span, message, help);
            return;
        }
    }
    readers.extend(claims);
}
