//! Attributes to meaning: what the type declares, every name settled.

use quote::format_ident;
use syn::ext::IdentExt;
use syn::{DeriveInput, Ident, LitStr, Path, Type};

use super::attr::{Container, Filled, Shape, keys, shape};
use crate::attr::Attribute;
use crate::errors::Errors;
use crate::types;

pub(crate) struct Model<'a> {
    pub(crate) input: &'a DeriveInput,
    /// The type's name, without `r#`.
    pub(crate) name: String,
    /// The name of the service in messages.
    pub(crate) title: String,
    pub(crate) krate: Path,
    pub(crate) container: Container,
    pub(crate) kind: Kind<'a>,
}

pub(crate) enum Kind<'a> {
    /// It reads the handle itself.
    Struct {
        fields: Vec<Field<'a>>,
    },
    /// It leaves that to one of several adapters.
    Enum {
        client: Ident,
        variants: Vec<Variant<'a>>,
    },
    Union,
}

pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    /// Its name, without `r#`.
    pub(crate) name: String,
    /// Its type, or what its `Option` holds.
    pub(crate) ty: &'a Type,
    pub(crate) optional: bool,
    /// The type with its `Option`.
    pub(crate) whole_ty: &'a Type,
    pub(crate) filled: Filled,
    pub(crate) doc: String,
}

pub(crate) struct Variant<'a> {
    pub(crate) ident: &'a Ident,
    /// Its name, without `r#`.
    pub(crate) name: String,
    /// Its adapter; none after an error.
    pub(crate) ty: Option<&'a Type>,
}

impl<'a> Model<'a> {
    pub(crate) fn read(errors: &Errors, input: &'a DeriveInput) -> Self {
        let container = Container::read(errors, &input.attrs);
        let name = input.ident.unraw().to_string();
        let kind = match shape(errors, input) {
            Shape::Struct(fields) => {
                Kind::Struct { fields: read_fields(errors, fields, &keys::ADAPTER) }
            }
            Shape::Enum(variants) => {
                let client = container
                    .client(errors)
                    .unwrap_or_else(|| format_ident!("{name}Client", span = input.ident.span()));
                let variants = variants.into_iter().map(|(variant, field)| Variant {
                    ident: &variant.ident,
                    name: variant.ident.unraw().to_string(),
                    ty: field.map(|field| types::ungroup(&field.ty)),
                });
                Kind::Enum { client: types::generated(&client), variants: variants.collect() }
            }
            Shape::Union => Kind::Union,
        };
        let title = container.name.as_ref().map_or_else(|| name.clone(), LitStr::value);
        let krate = container.krate.clone();
        Self { input, name, title, krate, container, kind }
    }
}

pub(crate) fn read_fields<'a>(
    errors: &Errors,
    fields: Vec<&'a syn::Field>,
    container: &Attribute,
) -> Vec<Field<'a>> {
    fields.into_iter().filter_map(|field| Field::read(errors, field, container)).collect()
}

impl<'a> Field<'a> {
    fn read(errors: &Errors, field: &'a syn::Field, container: &Attribute) -> Option<Self> {
        // Only named fields come here; a tuple struct has been refused.
        let ident = field.ident.as_ref()?;
        let filled = Filled::read(errors, ident, &field.attrs, container);
        let whole_ty = types::ungroup(&field.ty);
        let (ty, optional) = types::option(whole_ty);
        let doc = types::doc(&field.attrs).replace('\n', " ");
        Some(Self { ident, name: ident.unraw().to_string(), ty, optional, whole_ty, filled, doc })
    }
}
