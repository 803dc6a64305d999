//! The keys of each attribute.

use crate::attr::{Attribute, Key};

pub(crate) const SERVICES: Attribute = Attribute {
    name: "services",
    keys: &[
        Key::text("prefix", "SHOP_"),
        Key::text("clients", "ShopClients"),
        Key::text("example", ".env.example"),
        Key::text("crate", "backing_services"),
    ],
};

pub(crate) const SERVICE: Attribute = Attribute {
    name: "service",
    keys: &[
        Key::text("env", "DATABASE_URL"),
        Key::text("alias", "CLEARDB_DATABASE_URL"),
        Key::text("default", "mysql://localhost/app"),
        Key::flag("nested"),
        Key::text("prefix", "EU_"),
        Key::text("binding", "orders-db"),
    ],
};

pub(crate) const SETTING: Attribute =
    Attribute { name: "setting", keys: &[Key::text("env", "PORT"), Key::text("default", "8080")] };
