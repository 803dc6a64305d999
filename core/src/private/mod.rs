//! What the derive writes calls to. Not public API: it changes with any release.

mod attach;
mod check;
mod join;
mod load;
mod own;
mod role;
mod table;

pub use core;

/// What the texts of errors are made of, for those who name it.
pub use crate::error::Message;

/// What did not connect.
pub type Failures = Vec<crate::error::Failure>;

pub use self::attach::{Scope, connect, connect_one, debug_clients};
pub use self::check::{
    Line, check_default, check_duration, check_example, check_nested, check_own_example,
    check_variant, count_lines, lines,
};
pub use self::join::{Task, join};
pub use self::load::{Loader, from_env, load};
pub(crate) use self::load::{each_field, each_variable};
pub use self::own::{
    Hosts, Limit, Make, Own, OwnClient, Param, Password, Path, Port, Reader, Text, Username,
    Variant, Whole, concat, count, debug_adapter, debug_client, masked, refused,
};
pub use self::role::{
    Attach, Client, Clients, Describe, DescribeNested, Load, Nested, Optional, Service, Setting,
    Value,
};
pub use self::table::{Field, Kind, Table};
