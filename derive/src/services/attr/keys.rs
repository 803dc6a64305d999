//! The keys of each attribute, each named once.

use crate::attr::{Attribute, Key};

pub(crate) const PREFIX: Key = Key::text("prefix", "SHOP_");
pub(crate) const CLIENTS: Key = Key::text_or_tokens("clients", "ShopClients");
pub(crate) const EXAMPLE: Key = Key::text("example", ".env.example");
pub(crate) const EMBED: Key = Key::bool("embed", "false");
pub(crate) const CRATE: Key = Key::text("crate", "backing_services");

pub(crate) const SERVICES: Attribute =
    Attribute { name: "services", keys: &[PREFIX, CLIENTS, EXAMPLE, EMBED, CRATE] };

pub(crate) const NAME: Key = Key::text("name", "ShopClients");
pub(crate) const DERIVE: Key = Key::tokens("derive", "FromRef").repeated();
pub(crate) const ATTR: Key = Key::tokens("attr", "from_ref(skip)").repeated();

/// What stands inside `clients(...)`.
pub(crate) const IN_CLIENTS: Attribute = Attribute { name: "clients", keys: &[NAME, DERIVE, ATTR] };

pub(crate) const ENV: Key = Key::text("env", "DATABASE_URL");
pub(crate) const ALIAS: Key = Key::text("alias", "CLEARDB_DATABASE_URL").repeated();
pub(crate) const SHARED: Key = Key::flag("shared");
pub(crate) const DEFAULT: Key = Key::text("default", "mysql://localhost/app");
pub(crate) const PARAMS: Key = Key::tokens("params", "max_connections = 50");
pub(crate) const NESTED: Key = Key::flag("nested");
pub(crate) const NESTED_PREFIX: Key = Key::text("prefix", "EU_");
pub(crate) const BINDING: Key = Key::text("binding", "orders-db");
pub(crate) const IGNORE: Key = Key::texts("ignore", "DB_SSL_VERIFY").repeated();
pub(crate) const READY: Key = Key::bool("ready", "false");
pub(crate) const CLIENT: Key = Key::value("client", "sqlx::MySqlPool");

pub(crate) const SERVICE: Attribute = Attribute {
    name: "service",
    keys: &[
        ENV,
        ALIAS,
        SHARED,
        DEFAULT,
        PARAMS,
        NESTED,
        NESTED_PREFIX,
        BINDING,
        IGNORE,
        READY,
        CLIENT,
        ATTR,
    ],
};

pub(crate) const SETTING_ENV: Key = Key::text("env", "PORT");
pub(crate) const SETTING_ALIAS: Key = Key::text("alias", "HTTP_PORT").repeated();
pub(crate) const SETTING_DEFAULT: Key = Key::text("default", "8080");
pub(crate) const FLATTEN: Key = Key::flag("flatten");
pub(crate) const FLATTEN_PREFIX: Key = Key::text("prefix", "APP_");

pub(crate) const SETTING: Attribute = Attribute {
    name: "setting",
    keys: &[SETTING_ENV, SETTING_ALIAS, SETTING_DEFAULT, FLATTEN, FLATTEN_PREFIX],
};
