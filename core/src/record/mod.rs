//! The record that a program holds of what it declares.
//!
//! Every struct that derives [`BackingServices`](trait@crate::BackingServices) leaves one record in
//! the program: what the struct declares and what the handles of its adapters may say. It holds no
//! value of any environment; the defaults that stand in the app's code are in it. It survives a
//! release build with LTO, `strip` and `panic = "abort"`, takes no time at run time, and is how
//! the command `backing-services` checks an environment against the very binary that will read it.
//! `#[services(embed = false)]` leaves it out.
//!
//! It takes some 130 bytes a field, and 2 to 6 kB an adapter, once: 12 kB for `Sql` and `Mail`.
//!
//! # The format, version 1
//!
//! | bytes | what |
//! |---|---|
//! | 24 | the marker: the byte 127, then the name of this crate, a space and `record` |
//! | 4 | the version |
//! | 4 | the length of the JSON |
//! | 16 | the checksum of the JSON |
//! | the length | JSON in UTF-8, filled up with spaces to a multiple of 16 bytes |
//!
//! Numbers are little-endian. The checksum is FNV-1a of 128 bits, fed with words of 16 bytes in the
//! place of single ones. A marker without a record behind it is chance.
//!
//! What is absent from an object is empty, false or not there. Keys may be added within a version.
//!
//! | the whole | |
//! |---|---|
//! | `crate` | the version of this crate |
//! | `struct` | the struct |
//! | `adapters` | a list; fields name an adapter by its place in it, from 0 |
//!
//! | a struct | |
//! |---|---|
//! | `name` | its name |
//! | `id` | its path and name |
//! | `fields` | a list |
//!
//! | a field | |
//! |---|---|
//! | `name`, `doc` | its name and its doc comment |
//! | `adapter` | of a service: the place of its adapter |
//! | `variables` | of a service or a setting: its variable, then the aliases, without prefixes |
//! | `required` | whether it is a problem that nothing is set |
//! | `default` | what is used where nothing is set |
//! | `binding`, `shared`, `ignored` | of a service: as its attributes say |
//! | `unready` | of a service: it is no condition of readiness |
//! | `params` | of a service: a list of pairs, each the name and the value of a parameter |
//! | `setting` | of a setting: its type, such as `u16`; empty where that is the app's own |
//! | `flatten` | of a struct of settings: the prefix. What its fields are only `serde` knows |
//! | `nested` | of a nested struct: the struct |
//! | `prefix`, `optional` | of a nested struct: what goes before its variables, and whether it may be absent |
//!
//! | an adapter | |
//! |---|---|
//! | `id` | its path and name; empty where it is written by hand |
//! | `grammar` | what its handles may say |
//!
//! | a grammar | |
//! |---|---|
//! | `name`, `example` | the name of the service, and a handle |
//! | `schemes` | a list of objects with `name`, `port`, `tls`, `socket`, `tls_ports` (a list); an enum of adapters has those of its variants, and the example of the first |
//! | `bindings`, `others` | names by which platforms know it, and names beside it that are somebody else's |
//! | `hosts` | `none`, `one`, `optional` or `several` |
//! | `login_together` | user name and password stand both or not at all |
//! | `unencrypted` | of a credential that nothing encrypts: `refused`, `loopback`, else the adapter's own rule |
//! | `api`, `mail` | any address on the web; the words for TLS are those of mail |
//! | `place` | the handle of a hosted service without its credentials |
//! | `server` | what a developer's machine runs for it, as [`Server`](crate::Server) says: `handle`, `image`, `port`, `page`, `build`, `environment`, `command`, `health`, `volume`, `addon`, `score` and `score_outputs` |
//! | `words` | a list |
//! | `variants` | of an enum of adapters: the grammar of each |
//!
//! | a word | |
//! |---|---|
//! | `name`, `names` | its name, and the others |
//! | `part` | `host`, `port`, `username`, `password`, `path`, `name`, `file`; else it is a parameter |
//! | `in_query` | of a part: it may stand in the query too |
//! | `form` | `text`, `secret`, `file`, `bool`, `char`, `float`, `duration` or a type of whole numbers such as `u16` |
//! | `integer` | in its place: the least and the greatest, as strings |
//! | `words` | in its place: a list of lists of words that mean the same |
//! | `expected` | in its place: how to write what only the app's code reads |
//! | `default`, `max`, `required`, `meaning` | as its attributes say |
//! | `bare` | the unit of a bare number: `s` or `ms` |
//! | `only` | it has no names but its own |
//! | `about` | `tuning`, `ca`, `tls_file` or `credential` |
//! | `tls` | of the word for TLS: its values for off, on and verified |

#[cfg(feature = "_record")]
mod compare;
#[cfg(feature = "_record")]
mod fault;
#[cfg(feature = "_record")]
#[allow(dead_code, reason = "without the commands only tests read a file")]
mod find;
#[cfg(feature = "_record")]
mod known;
#[cfg(feature = "_record")]
#[allow(dead_code, reason = "without the commands only tests ask for all of it")]
mod load;
mod out;
#[cfg(feature = "_record")]
mod parse;
#[cfg(feature = "_record")]
#[allow(dead_code, reason = "without the commands only tests ask for all of it")]
pub(crate) mod read;
#[cfg(all(feature = "cli", feature = "_record"))]
pub(crate) mod subject;
#[cfg(all(test, feature = "_record"))]
mod tests;
#[allow(missing_docs, reason = "nobody but the derives names it")]
mod write;

#[cfg(feature = "_record")]
#[doc(hidden)]
pub use self::compare::{check_by_file, compare_with_record};
#[doc(hidden)]
pub use self::write::{
    Json, count_adapters, json_of_form, json_of_hosts, json_of_port, record, record_len,
};

const VERSION: u32 = 1;

/// It must not stand in a program that only looks for it: nothing but a record is made from it.
const MARKER: [u8; 24] = *b"\x7fbacking-services record";

/// How many bytes the checksum takes at once.
const WORD: usize = 16;

/// What stands before the JSON.
const HEADER: usize = MARKER.len() + 4 + 4 + WORD;

/// FNV-1a, by words of 16 bytes.
const fn checksum(json: &[u8]) -> u128 {
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    let (words, _) = json.as_chunks::<WORD>();
    let mut at = 0;
    while at < words.len() {
        hash = (hash ^ u128::from_le_bytes(words[at])).wrapping_mul(PRIME);
        at += 1;
    }
    hash
}
