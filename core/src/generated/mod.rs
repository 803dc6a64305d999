//! What the derives write calls to, and what it stands on. Not public API: it changes with any
//! release.

#![allow(missing_docs, reason = "nobody but the derives names it")]

mod apart;
mod attempt;
mod call;
mod check;
mod connect;
mod derived;
mod field;
#[cfg(feature = "attached")]
pub(crate) mod held;
mod isolation;
mod join;
#[cfg(feature = "cli")]
pub(crate) mod listed;
mod load;
mod loader;
mod nested;
mod once;
mod resource;
mod scope;
mod variant;

pub use core;
pub use core::option::Option::{None, Some};
pub use std::boxed::Box;
pub use std::string::String;
pub use std::vec::Vec;

pub use crate::concurrent::Work;
pub use crate::error::{Failures, Message};

#[cfg(feature = "attached")]
pub(crate) use self::attempt::after;
#[cfg(any(feature = "attached", feature = "cli"))]
pub(crate) use self::call::Call;
pub use self::check::{
    DefaultOf, Line, Unknown, check_default, check_example, check_nested, check_own_example,
    check_param_name, check_param_value, check_parameter, check_setting, check_shared,
    check_variant, count_lines, lines, word_index,
};
#[cfg(feature = "testing")]
pub use self::check::{check_isolated, check_let_through};
#[cfg(feature = "attached")]
pub(crate) use self::connect::connect_by;
pub use self::connect::{
    close_all, connect, connect_each, connect_one, connect_within, debug_clients, debug_results,
    ping_all,
};
pub(crate) use self::derived::Derived;
pub use self::field::{
    Attach, Client, Clients, Declared, Describe, DescribeNested, Flatten, Flattened, Load, Nested,
    Optional, Service, Setting, Value,
};
pub use self::isolation::{IsolationOf, Shared};
pub use self::join::{Output, Outputs, Works};
pub use self::load::load;
#[cfg(feature = "attached")]
pub(crate) use self::load::load_and_note;
#[cfg(feature = "testing")]
pub(crate) use self::load::load_for_test;
pub use self::loader::Loader;
pub(crate) use self::loader::settings_that_show;
#[cfg(feature = "_record")]
pub(crate) use self::loader::{Identity, Reads, load_with};
pub use self::scope::Scope;
pub use self::variant::{
    ConnectVariant, Variant, concat_schemes, concat_words, count_schemes, count_words,
    debug_adapter, debug_client, port_words, refused,
};
pub use crate::adapter::fields::{HostField, Password, Path, PortField, Timeout, Username, Whole};
pub use crate::adapter::reader::Reader;
pub use crate::record::{
    Json, count_adapters, json_of_form, json_of_hosts, json_of_port, record, record_len,
};
#[cfg(feature = "_record")]
pub use crate::record::{check_by_file, compare_with_record};
pub use crate::setting::flatten::Named;
pub use crate::setting::named::NamedType;
pub use crate::table::{Field, Isolated, Kind, OfAdapter, Table};
#[cfg(feature = "testing")]
pub use crate::testing::generated as testing;

#[cfg(test)]
mod tests;
