//! The keys of each attribute.

use crate::attr::{Attribute, Key};

pub(crate) const ADAPTER: Attribute = Attribute {
    name: "adapter",
    keys: &[
        Key::texts("schemes", "twilio"),
        Key::text("example", "twilio://SID:TOKEN@api.twilio.com"),
        Key::text("name", "Twilio"),
        Key::port("port", "443"),
        Key::flag("debug"),
        Key::text("client", "AlertsClient"),
        Key::text("crate", "backing_services"),
    ],
};

pub(crate) const HANDLE: Attribute = Attribute {
    name: "handle",
    keys: &[
        Key::flag("username"),
        Key::flag("password"),
        Key::flag("host"),
        Key::flag("port"),
        Key::flag("path"),
        Key::text("param", "region"),
        Key::text("default", "us1"),
    ],
};
