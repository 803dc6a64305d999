//! The keys of each attribute: what the parser takes, and what the table in the docs must list.

pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
}

pub(crate) struct Key {
    pub(crate) name: &'static str,
    /// A value that shows the form; a key without one takes none.
    pub(crate) example: Option<&'static str>,
}

const fn text(name: &'static str, example: &'static str) -> Key {
    Key { name, example: Some(example) }
}

pub(crate) const SERVICES: Attribute = Attribute {
    name: "services",
    keys: &[
        text("prefix", "SHOP_"),
        text("clients", "ShopClients"),
        text("example", ".env.example"),
        text("crate", "backing_services"),
    ],
};

pub(crate) const SERVICE: Attribute = Attribute {
    name: "service",
    keys: &[
        text("env", "DATABASE_URL"),
        text("alias", "CLEARDB_DATABASE_URL"),
        text("default", "mysql://localhost/app"),
        Key { name: "nested", example: None },
        text("prefix", "EU_"),
        text("binding", "orders-db"),
    ],
};

pub(crate) const SETTING: Attribute =
    Attribute { name: "setting", keys: &[text("env", "PORT"), text("default", "8080")] };
