//! The types of settings that have a name beyond the app: what reads an app's record reads their
//! values by the same code as the app.

use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{NonZeroU8, NonZeroU16, NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "_record")]
use serde_core::de::DeserializeOwned;

#[cfg(feature = "_record")]
use super::{
    form::{self, Form},
    words,
};
use crate::secret::Secret;

/// A type with a name beyond the app.
pub trait NamedType {
    /// The name.
    const NAME: &'static str;
}

/// Calls a macro with the list.
macro_rules! each_named {
    ($callback:ident) => {
        $callback! {
            u8, "u8", "Vec<u8>";
            u16, "u16", "Vec<u16>";
            u32, "u32", "Vec<u32>";
            u64, "u64", "Vec<u64>";
            u128, "u128", "Vec<u128>";
            usize, "usize", "Vec<usize>";
            i8, "i8", "Vec<i8>";
            i16, "i16", "Vec<i16>";
            i32, "i32", "Vec<i32>";
            i64, "i64", "Vec<i64>";
            i128, "i128", "Vec<i128>";
            isize, "isize", "Vec<isize>";
            NonZeroU8, "NonZeroU8", "Vec<NonZeroU8>";
            NonZeroU16, "NonZeroU16", "Vec<NonZeroU16>";
            NonZeroU32, "NonZeroU32", "Vec<NonZeroU32>";
            NonZeroU64, "NonZeroU64", "Vec<NonZeroU64>";
            NonZeroUsize, "NonZeroUsize", "Vec<NonZeroUsize>";
            f32, "f32", "Vec<f32>";
            f64, "f64", "Vec<f64>";
            bool, "bool", "Vec<bool>";
            char, "char", "Vec<char>";
            String, "String", "Vec<String>";
            Secret, "Secret", "Vec<Secret>";
            PathBuf, "PathBuf", "Vec<PathBuf>";
            Duration, "Duration", "Vec<Duration>";
            IpAddr, "IpAddr", "Vec<IpAddr>";
            Ipv4Addr, "Ipv4Addr", "Vec<Ipv4Addr>";
            Ipv6Addr, "Ipv6Addr", "Vec<Ipv6Addr>";
            SocketAddr, "SocketAddr", "Vec<SocketAddr>";
            SocketAddrV4, "SocketAddrV4", "Vec<SocketAddrV4>";
            SocketAddrV6, "SocketAddrV6", "Vec<SocketAddrV6>";
            BTreeMap<String, String>, "BTreeMap<String, String>", "Vec<BTreeMap<String, String>>";
            HashMap<String, String>, "HashMap<String, String>", "Vec<HashMap<String, String>>";
        }
    };
}

macro_rules! named {
    ($($ty:ty, $name:literal, $list:literal;)*) => {$(
        impl NamedType for $ty {
            const NAME: &'static str = $name;
        }

        impl NamedType for Vec<$ty> {
            const NAME: &'static str = $list;
        }
    )*};
}

each_named!(named);

/// How a setting of the type of this name is read.
#[cfg(feature = "_record")]
pub(crate) fn form(name: &str) -> Option<Form<()>> {
    macro_rules! forms {
        ($($ty:ty, $own:literal, $list:literal;)*) => {
            match name {
                $($own => form_of::<$ty>(), $list => form_of::<Vec<$ty>>(),)*
                _ => return None,
            }
        };
    }
    Some(each_named!(forms))
}

/// A type of the app's own: it takes any text.
#[cfg(feature = "_record")]
pub(crate) fn unknown() -> Form<()> {
    Form { read: |_| Ok(()), expected: || words::UNKNOWN.to_owned(), shows: || false }
}

#[cfg(feature = "_record")]
fn form_of<T: DeserializeOwned>() -> Form<()> {
    Form {
        read: |text| form::read::<T>(text).map(drop),
        expected: form::expected::<T>,
        shows: form::shows::<T>,
    }
}
