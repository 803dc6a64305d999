//! Rules across fields: no variable is read twice. What is nested is compared by a constant in the
//! output, because its names are known only to its own derive.

use std::collections::HashMap;

use crate::errors::Errors;
use crate::model::{Field, Kind, Model, Variable};

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

#[derive(Clone, Copy)]
struct Reader<'a> {
    field: &'a str,
    /// The handle whose `_FILE` it is; none for the variable itself.
    file_of: Option<&'a str>,
}

fn claim<'a>(
    errors: &Errors,
    readers: &mut HashMap<String, Reader<'a>>,
    model: &'a Model<'_>,
    field: &'a Field<'_>,
    variable: &'a Variable,
    is_handle: bool,
) {
    let name = &variable.name;
    let file = is_handle.then(|| format!("{name}_FILE"));
    let taken = readers.get(name).or_else(|| readers.get(file.as_ref()?)).copied();
    if let Some(first) = taken {
        let earlier = format!("`{}::{}`", model.name, first.field);
        let message = if let Some(handle) = first.file_of {
            format!("`{name}` is already the file of `{handle}`, which {earlier} reads")
        } else if readers.contains_key(name) {
            format!("`{name}` is read twice: first by {earlier}")
        } else {
            format!("the file of `{name}`, `{name}_FILE`, is already read by {earlier}")
        };
        let help = if first.field == field.name { "remove one of the two" } else { "give one of them another `env`" };
        errors.at(variable.span, message, help);
        return;
    }
    readers.insert(name.clone(), Reader { field: &field.name, file_of: None });
    if let Some(file) = file {
        readers.insert(file, Reader { field: &field.name, file_of: Some(name) });
    }
}
