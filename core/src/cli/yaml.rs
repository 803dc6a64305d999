//! YAML files. What a parser says of one may repeat a secret, so that only the place is shown.

use std::io::{self, Read as _};
use std::path::Path;

use serde_json::Value;

use super::verdict::Usage;
use crate::file;

/// No file of a deploy is longer.
const LIMIT: u64 = 16 * 1024 * 1024;

/// The text of a file that an option names; `-` is what is written to this process.
pub(super) fn text(option: &str, path: &Path) -> Result<String, Usage> {
    let bytes = if path.as_os_str() == "-" {
        let mut bytes = Vec::new();
        let read = io::stdin().take(LIMIT).read_to_end(&mut bytes);
        read.map_err(|error| Usage::new(option, path, file::reason(&error)))?;
        bytes
    } else {
        file::read(path, LIMIT).map_err(|trouble| Usage::new(option, path, trouble))?
    };
    String::from_utf8(bytes).map_err(|_| Usage::new(option, path, "it is not UTF-8"))
}

/// The documents of a file.
pub(super) fn documents(option: &str, path: &Path) -> Result<Vec<Value>, Usage> {
    let text = text(option, path)?;
    serde_saphyr::from_multiple(&text).map_err(|error| {
        let place = error.location().map(|at| (at.line(), at.column()));
        let reason = match place {
            Some((line, column)) => format!("it is no YAML at line {line}, column {column}"),
            None => "it is no YAML".to_owned(),
        };
        Usage::new(option, path, reason)
    })
}
