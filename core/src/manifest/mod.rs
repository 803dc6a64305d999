//! What a struct declares, and the forms in which it leaves the binary.

#[cfg(feature = "json")]
mod app_json;
#[cfg(feature = "json")]
mod compose;
mod example;
#[cfg(feature = "json")]
mod format;
#[cfg(feature = "json")]
mod forms;
#[cfg(feature = "json")]
mod json_schema;
mod markdown;
#[cfg(feature = "json")]
mod mermaid;
#[cfg(feature = "json")]
mod picture;
#[cfg(feature = "json")]
mod score;
#[cfg(feature = "json")]
mod svg;
#[cfg(feature = "json")]
mod tree;

use std::fmt;

#[cfg(feature = "json")]
use serde::Serialize;

#[cfg(feature = "json")]
pub use self::compose::Compose;
#[cfg(feature = "json")]
pub use self::format::{Format, UnknownFormat};
#[cfg(feature = "json")]
pub use self::picture::Picture;
#[cfg(feature = "attached")]
pub(crate) use self::svg::escaped;
use crate::adapter::grammar::Grammar;
#[cfg(feature = "json")]
use crate::environment::Environment;
use crate::setting::flatten::{self, Named};
use crate::table::{Field, Kind, Table, within};

/// What a struct declares: every resource and every setting, those of nested structs included.
///
/// It leaves the binary as a [`.env.example`](Self::env_example) and a [Markdown
/// table](Self::markdown), and with the feature `json`, which every adapter has, as a
/// [picture](Self::picture), as [JSON](Self::json), a [JSON Schema](Self::json_schema), what
/// [Compose](Self::compose) starts, an [`app.json`](Self::app_json) and a [Score](Self::score)
/// workload.
///
/// ```
/// use backing_services::BackingServices;
///
/// #[derive(BackingServices)]
/// #[services(prefix = "SHOP_")]
/// struct Services {
///     /// Where the shop listens.
///     #[setting(default = "8080")]
///     port: u16,
/// }
///
/// let manifest = Services::manifest();
/// assert_eq!(manifest.name(), "Services");
/// assert!(manifest.resources().is_empty());
/// assert_eq!(manifest.settings()[0].variable(), "SHOP_PORT");
/// assert_eq!(manifest.settings()[0].doc(), "Where the shop listens.");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Manifest {
    root: Root,
    resources: Vec<Resource>,
    settings: Vec<Setting>,
}

/// The table it was made from.
#[derive(Clone, Copy)]
struct Root(&'static Table);

impl PartialEq for Root {
    fn eq(&self, other: &Self) -> bool {
        self.0.name == other.0.name
    }
}

impl Eq for Root {}

impl fmt::Debug for Root {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.name)
    }
}

/// One resource that a struct declares.
///
/// ```
/// # fn f(resource: &backing_services::Resource) {
/// println!("{}={}", resource.variable(), resource.example());
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "json", derive(Serialize))]
pub struct Resource {
    field: String,
    variable: String,
    aliases: Vec<String>,
    binding: Option<&'static str>,
    adapter: &'static str,
    schemes: Vec<&'static str>,
    example: &'static str,
    required: bool,
    default: Option<&'static str>,
    doc: &'static str,
    #[cfg_attr(feature = "json", serde(skip))]
    declared: Declared,
}

/// What the table says of a resource, for the forms that need more than a resource tells.
#[derive(Clone)]
struct Declared {
    grammar: &'static Grammar,
    /// The optional struct around it without which it need not be there: `reports.`
    needed_in: Option<String>,
}

impl PartialEq for Declared {
    fn eq(&self, other: &Self) -> bool {
        self.grammar.name() == other.grammar.name() && self.needed_in == other.needed_in
    }
}

impl Eq for Declared {}

impl fmt::Debug for Declared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.grammar.name())
    }
}

/// One setting that a struct declares.
///
/// ```
/// # fn f(setting: &backing_services::Setting) {
/// println!("{} ({})", setting.variable(), setting.doc());
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[cfg_attr(feature = "json", derive(Serialize))]
pub struct Setting {
    field: String,
    variable: String,
    aliases: Vec<String>,
    required: bool,
    default: Option<&'static str>,
    doc: &'static str,
}

impl Manifest {
    pub(crate) fn new(table: &'static Table) -> Self {
        let mut manifest = Self { root: Root(table), resources: Vec::new(), settings: Vec::new() };
        manifest.add(table, &format!("{}::", table.name), "", None);
        manifest
    }

    /// Adds the fields of a table; `optional` is the innermost optional struct that they stand in.
    fn add(&mut self, table: &'static Table, path: &str, prefix: &str, optional: Option<&str>) {
        for declared @ Field { name, doc, kind } in table.fields {
            let field = format!("{path}{name}");
            let prefix = declared.prefix(prefix);
            let mut names = declared.variables(prefix).iter().map(str::to_owned).collect();
            match *kind {
                Kind::Resource { binding, grammar, required, default, .. } => {
                    self.resources.push(Resource {
                        field,
                        variable: first(&mut names),
                        aliases: names,
                        binding,
                        adapter: grammar.name(),
                        schemes: grammar.scheme_names().collect(),
                        example: grammar.example(),
                        required: required && optional.is_none(),
                        default,
                        doc,
                        declared: Declared {
                            grammar,
                            needed_in: optional.filter(|_| required).map(str::to_owned),
                        },
                    });
                }
                Kind::Setting { required, default, .. } => self.settings.push(Setting {
                    field,
                    variable: first(&mut names),
                    aliases: names,
                    required: required && optional.is_none(),
                    default,
                    doc,
                }),
                Kind::Flatten { prefix: inner, fields, .. } => {
                    for Named { name, aliases, required } in fields() {
                        let variable = |name| format!("{prefix}{inner}{}", flatten::variable(name));
                        self.settings.push(Setting {
                            field: format!("{field}.{name}"),
                            variable: variable(name),
                            aliases: aliases.into_iter().map(variable).collect(),
                            required: required && optional.is_none(),
                            default: None,
                            doc,
                        });
                    }
                }
                Kind::Nested { prefix: inner, optional: is_optional, table } => {
                    let prefix = format!("{prefix}{inner}");
                    let path = format!("{field}.");
                    let optional = if is_optional { Some(within(&path)) } else { optional };
                    self.add(table, &path, &prefix, optional);
                }
            }
        }
    }

    /// The struct's name.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// assert_eq!(Services::manifest().name(), "Services");
    /// ```
    pub fn name(&self) -> &str {
        self.root.0.name
    }

    /// The resources, in the order of the fields, nested ones in their place.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// for resource in Services::manifest().resources() {
    ///     println!("{}: {}", resource.variable(), resource.adapter());
    /// }
    /// ```
    pub fn resources(&self) -> &[Resource] {
        &self.resources
    }

    /// The settings, in the order of the fields, nested ones in their place. A struct that is
    /// flattened has one for each of its fields, with the doc comment of the whole.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// assert_eq!(Services::manifest().settings().len(), 1);
    /// ```
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }

    /// The whole as JSON, for tools. Its shape changes only with `version`:
    ///
    /// | key | value |
    /// |---|---|
    /// | `version` | 1 |
    /// | `name` | the struct |
    /// | `resources` | a list of objects with `field`, `variable`, `aliases` (a list), `binding` (or null), `adapter`, `schemes` (a list), `example`, `required` (a boolean), `default` (or null), `doc` |
    /// | `settings` | a list of objects with `field`, `variable`, `aliases` (a list), `required`, `default` (or null), `doc` |
    ///
    /// Texts are strings; of a doc comment, lines are separated by newlines. Keys may be added.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// let json: serde_json::Value = serde_json::from_str(&Services::manifest().json())?;
    /// assert_eq!(json["settings"][0]["variable"], "PORT");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[cfg(feature = "json")]
    pub fn json(&self) -> String {
        #[derive(Serialize)]
        struct Json<'a> {
            version: u32,
            name: &'a str,
            resources: &'a [Resource],
            settings: &'a [Setting],
        }

        let Self { resources, settings, .. } = self;
        let json = Json { version: 1, name: self.name(), resources, settings };
        // Strings, booleans and lists of them can always be written.
        serde_json::to_string_pretty(&json).unwrap_or_default()
    }

    /// A picture of the deploy and the resources it declares.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// let svg = Services::manifest().picture().svg();
    /// assert!(svg.starts_with("<svg "));
    /// ```
    #[cfg(feature = "json")]
    pub fn picture(&self) -> Picture {
        Picture::declared(self)
    }

    /// A picture of the deploy and the resources that `environment` attaches: those of this
    /// machine, those elsewhere, and what is detached. It shows hosts, and no secret.
    ///
    /// ```
    /// # use backing_services::{BackingServices, Environment};
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// let text = Services::manifest().picture_of(&Environment::process()).mermaid();
    /// assert!(text.starts_with("flowchart LR\n"));
    /// ```
    #[cfg(feature = "json")]
    pub fn picture_of(&self, environment: &Environment) -> Picture {
        Picture::attached(self, environment)
    }
}

/// Takes the first of the names of a field.
fn first(names: &mut Vec<String>) -> String {
    if names.is_empty() { String::new() } else { names.remove(0) }
}

macro_rules! getters {
    ($type:ident, $argument:ident: $($(#[$doc:meta])* $name:ident: $result:ty = $value:expr, $example:literal;)*) => {
        impl $type {$(
            $(#[$doc])*
            ///
            /// ```
            #[doc = concat!("# fn f(it: &backing_services::", stringify!($type), ") {")]
            #[doc = $example]
            /// # }
            /// ```
            pub fn $name(&self) -> $result {
                let $argument = self;
                $value
            }
        )*}
    };
}

getters! { Resource, it:
    /// The field, such as `Services::db` or `Services::reports.warehouse`.
    field: &str = &it.field, "println!(\"{}\", it.field());";
    /// Its variable, with the prefixes of nested structs.
    variable: &str = &it.variable, "println!(\"set {}\", it.variable());";
    /// Other variables that are read when the first is unset, in this order.
    aliases: &[String] = &it.aliases, "println!(\"or {}\", it.aliases().join(\", \"));";
    /// Its name in platform bindings, where it differs from the field's.
    binding: Option<&str> = it.binding, "println!(\"{:?}\", it.binding());";
    /// The adapter's name, such as `MySQL`.
    adapter: &str = it.adapter, "println!(\"{}\", it.adapter());";
    /// The schemes its handle may have, the preferred one first.
    schemes: &[&'static str] = &it.schemes, "println!(\"{}\", it.schemes().join(\", \"));";
    /// A handle that shows the form.
    example: &str = it.example, "println!(\"{}={}\", it.variable(), it.example());";
    /// Whether loading fails without it: no default, not optional, not inside an optional struct.
    required: bool = it.required, "if it.required() { println!(\"{} must be set\", it.variable()); }";
    /// The handle that is used when it is unset.
    default: Option<&str> = it.default, "println!(\"{:?}\", it.default());";
    /// The field's doc comment; empty if there is none.
    doc: &str = it.doc, "println!(\"# {}\", it.doc());";
}

getters! { Setting, it:
    /// The field, such as `Services::port`.
    field: &str = &it.field, "println!(\"{}\", it.field());";
    /// Its variable, with the prefixes of nested structs.
    variable: &str = &it.variable, "println!(\"set {}\", it.variable());";
    /// Other variables that are read when the first is unset, in this order.
    aliases: &[String] = &it.aliases, "println!(\"or {}\", it.aliases().join(\", \"));";
    /// Whether loading fails without it: no default, not optional, not inside an optional struct.
    required: bool = it.required, "if it.required() { println!(\"{} must be set\", it.variable()); }";
    /// The value that is used when it is unset.
    default: Option<&str> = it.default, "println!(\"{:?}\", it.default());";
    /// The field's doc comment; empty if there is none.
    doc: &str = it.doc, "println!(\"# {}\", it.doc());";
}
