//! The keys of each attribute, each named once.

use crate::attr::{Attribute, Key};

pub(crate) const SCHEMES: Key = Key::schemes("schemes", "twilio");
pub(crate) const EXAMPLE: Key = Key::text("example", "twilio://SID:TOKEN@api.twilio.com");
pub(crate) const NAME: Key = Key::text("name", "Twilio");
pub(crate) const PORT: Key = Key::port("port", "443");
pub(crate) const TLS_PORTS: Key = Key::ports("tls_ports", "8443");
pub(crate) const BINDINGS: Key = Key::texts("bindings", "twilio");
pub(crate) const OTHERS: Key = Key::texts("others", "AUTH");
pub(crate) const PLACE: Key = Key::text("place", "twilio://api.twilio.com");
pub(crate) const SERVER: Key = Key::value("server", "SERVER");
pub(crate) const LOGIN: Key = Key::text("login", "together");
pub(crate) const UNENCRYPTED: Key = Key::text("unencrypted", "refused");
pub(crate) const API: Key = Key::flag("api");
pub(crate) const MAIL: Key = Key::flag("mail");
pub(crate) const CHECK: Key = Key::flag("check");
pub(crate) const LOOPBACK: Key = Key::flag("loopback");
pub(crate) const DEBUG: Key = Key::flag("debug");
pub(crate) const CLIENT: Key = Key::text("client", "AlertsClient");
pub(crate) const NO_CLIENT: Key = Key::flag("no_client");
pub(crate) const CRATE: Key = Key::text("crate", "backing_services");

pub(crate) const ADAPTER: Attribute = Attribute {
    name: "adapter",
    keys: &[
        SCHEMES,
        EXAMPLE,
        NAME,
        PORT,
        TLS_PORTS,
        BINDINGS,
        OTHERS,
        PLACE,
        SERVER,
        LOGIN,
        UNENCRYPTED,
        API,
        MAIL,
        CHECK,
        LOOPBACK,
        DEBUG,
        CLIENT,
        NO_CLIENT,
        CRATE,
    ],
};

pub(crate) const USERNAME: Key = Key::flag("username");
pub(crate) const PASSWORD: Key = Key::flag("password");
pub(crate) const HOST: Key = Key::flag("host");
pub(crate) const HANDLE_PORT: Key = Key::flag("port");
pub(crate) const PATH: Key = Key::flag("path");
pub(crate) const PATH_NAME: Key = Key::flag("name");
pub(crate) const FILE: Key = Key::flag("file");
pub(crate) const PARAM: Key = Key::text("param", "region");
pub(crate) const FLATTEN: Key = Key::flag("flatten");
pub(crate) const NAMES: Key = Key::texts("names", "REGION_NAME");
pub(crate) const ONLY: Key = Key::flag("only");
pub(crate) const IN_QUERY: Key = Key::flag("in_query");
pub(crate) const DEFAULT: Key = Key::text("default", "us1");
pub(crate) const MAX: Key = Key::text("max", "24h");
pub(crate) const BARE: Key = Key::text("bare", "s");
pub(crate) const TUNING: Key = Key::flag("tuning");
pub(crate) const TLS: Key = Key::texts("tls", "off\", \"on\", \"verified");
pub(crate) const CA: Key = Key::flag("ca");
pub(crate) const TLS_FILE: Key = Key::flag("tls_file");
pub(crate) const CREDENTIAL: Key = Key::flag("credential");

pub(crate) const HANDLE: Attribute = Attribute {
    name: "handle",
    keys: &[
        USERNAME,
        PASSWORD,
        HOST,
        HANDLE_PORT,
        PATH,
        PATH_NAME,
        FILE,
        PARAM,
        FLATTEN,
        NAMES,
        ONLY,
        IN_QUERY,
        DEFAULT,
        MAX,
        BARE,
        TUNING,
        TLS,
        CA,
        TLS_FILE,
        CREDENTIAL,
    ],
};
