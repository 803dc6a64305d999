//! The records in the bytes of a program, whatever the format of its file.

use std::fs::File;
use std::hint::black_box;
use std::io::Read as _;
use std::path::Path;

use super::fault::RecordError;
use super::{HEADER, MARKER, VERSION, WORD, checksum};

/// More than any program has.
const LARGEST_FILE: u64 = 4 << 30;
/// More than any struct declares.
const LARGEST_RECORD: usize = 16 << 20;
/// How many bytes may be looked at for records that turn out to be none.
const PATIENCE: usize = 256 << 20;

/// What stands behind the markers.
#[derive(Default)]
pub(super) struct Found<'b> {
    /// The JSON of each, once.
    pub(super) whole: Vec<&'b str>,
    /// A version that is not known here.
    pub(super) newer: Option<u32>,
    /// Whether a checksum is wrong, or a record is cut off.
    pub(super) damaged: bool,
}

/// The bytes of a program.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, RecordError> {
    let failed = |error: std::io::Error| {
        let text = format!("`{}` cannot be read: {error}", path.display());
        RecordError::new(text, "give the path of the app's program")
    };
    let file = File::open(path).map_err(failed)?;
    let about = file.metadata().map_err(failed)?;
    if !about.is_file() || about.len() > LARGEST_FILE {
        let text = format!("`{}` is no program", path.display());
        return Err(RecordError::new(text, "give the path of the app's program"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST_FILE).read_to_end(&mut bytes).map_err(failed)?;
    Ok(bytes)
}

/// The marker. A constant would stand in this program too, which is one that may be searched.
fn marker() -> [u8; MARKER.len()] {
    const BACKWARDS: [u8; MARKER.len()] = {
        let mut bytes = MARKER;
        bytes.reverse();
        bytes
    };
    let mut bytes = black_box(BACKWARDS);
    bytes.reverse();
    bytes
}

pub(super) fn find(bytes: &[u8]) -> Found<'_> {
    let mut found = Found::default();
    let mut patience = PATIENCE;
    let marker = marker();
    let finder = memchr::memmem::Finder::new(&marker);
    let mut rest = bytes;
    while let Some(at) = finder.find(rest) {
        let record = &rest[at..];
        rest = &rest[at + marker.len()..];
        match json(record, &mut patience) {
            Ok(json) => {
                rest = record.get(HEADER + json.len()..).unwrap_or_default();
                // A file for two processors has each twice.
                if !found.whole.contains(&json) {
                    found.whole.push(json);
                }
            }
            Err(Some(version)) => found.newer = Some(version),
            Err(None) => found.damaged = true,
        }
    }
    found
}

/// The JSON of the record that begins here, or its version, or that it is none.
fn json<'b>(record: &'b [u8], patience: &mut usize) -> Result<&'b str, Option<u32>> {
    let after = record.get(MARKER.len()..).ok_or(None)?;
    let (version, after) = after.split_first_chunk::<4>().ok_or(None)?;
    let (length, after) = after.split_first_chunk::<4>().ok_or(None)?;
    let (expected, after) = after.split_first_chunk::<WORD>().ok_or(None)?;
    let version = u32::from_le_bytes(*version);
    if version != VERSION {
        // Anything may stand behind a marker that is none.
        return Err((1..=1000).contains(&version).then_some(version));
    }
    let length = usize::try_from(u32::from_le_bytes(*length)).map_err(|_| None)?;
    let json = after.get(..length).ok_or(None)?;
    *patience = patience.checked_sub(length).ok_or(None)?;
    let is_whole = length <= LARGEST_RECORD
        && length.is_multiple_of(WORD)
        && checksum(json) == u128::from_le_bytes(*expected);
    let json = str::from_utf8(json).ok().filter(|_| is_whole).ok_or(None)?;
    Ok(json)
}
