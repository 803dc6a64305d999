use crate::private::{Field, Kind, Table};

/// What a struct declares: every resource and every setting, those of nested structs included.
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
    name: &'static str,
    resources: Vec<Resource>,
    settings: Vec<Setting>,
}

/// One resource that a struct declares.
///
/// ```
/// # fn f(resource: &backing_services::Resource) {
/// println!("{}={}", resource.variable(), resource.example());
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Resource {
    field: String,
    variable: String,
    aliases: Vec<String>,
    binding: Option<&'static str>,
    adapter: &'static str,
    schemes: &'static [&'static str],
    example: &'static str,
    required: bool,
    default: Option<&'static str>,
    doc: &'static str,
}

/// One setting that a struct declares.
///
/// ```
/// # fn f(setting: &backing_services::Setting) {
/// println!("{} ({})", setting.variable(), setting.doc());
/// # }
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Setting {
    field: String,
    variable: String,
    required: bool,
    default: Option<&'static str>,
    doc: &'static str,
}

impl Manifest {
    pub(crate) fn new(table: &'static Table) -> Self {
        let mut manifest = Self { name: table.name, resources: Vec::new(), settings: Vec::new() };
        manifest.add(table, &format!("{}::", table.name), "", false);
        manifest
    }

    fn add(&mut self, table: &'static Table, path: &str, prefix: &str, inside_optional: bool) {
        for Field { name, doc, kind } in table.fields {
            let field = format!("{path}{name}");
            match *kind {
                Kind::Resource {
                    variables,
                    binding,
                    adapter,
                    schemes,
                    example,
                    required,
                    default,
                    ..
                } => {
                    let mut names = variables.iter().map(|variable| format!("{prefix}{variable}"));
                    self.resources.push(Resource {
                        field,
                        variable: names.next().unwrap_or_default(),
                        aliases: names.collect(),
                        binding,
                        adapter,
                        schemes,
                        example,
                        required: required && !inside_optional,
                        default,
                        doc,
                    });
                }
                Kind::Setting { variable, required, default } => self.settings.push(Setting {
                    field,
                    variable: format!("{prefix}{variable}"),
                    required: required && !inside_optional,
                    default,
                    doc,
                }),
                Kind::Nested { prefix: inner, optional, table } => {
                    let prefix = format!("{prefix}{inner}");
                    self.add(table, &format!("{field}."), &prefix, inside_optional || optional);
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
        self.name
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

    /// The settings, in the order of the fields, nested ones in their place.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// assert_eq!(Services::manifest().settings().len(), 1);
    /// ```
    pub fn settings(&self) -> &[Setting] {
        &self.settings
    }
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
    schemes: &[&'static str] = it.schemes, "println!(\"{}\", it.schemes().join(\", \"));";
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
    /// Whether loading fails without it: no default, not optional, not inside an optional struct.
    required: bool = it.required, "if it.required() { println!(\"{} must be set\", it.variable()); }";
    /// The value that is used when it is unset.
    default: Option<&str> = it.default, "println!(\"{:?}\", it.default());";
    /// The field's doc comment; empty if there is none.
    doc: &str = it.doc, "println!(\"# {}\", it.doc());";
}
