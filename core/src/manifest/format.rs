//! The forms by their names, for command lines.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use super::Manifest;
use crate::suggest;

/// A form in which a [`Manifest`] leaves the binary, by the word that a command line knows it by.
///
/// ```
/// use backing_services::{BackingServices, Format};
///
/// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
/// let format: Format = "markdown".parse()?;
/// assert!(Services::manifest().format(format).contains("| `PORT` |"));
/// assert!("word".parse::<Format>().is_err());
/// # Ok::<(), backing_services::UnknownFormat>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Format {
    /// [`Manifest::env_example`].
    Env,
    /// [`Manifest::markdown`].
    Markdown,
    /// [`Manifest::json`].
    Json,
    /// [`Manifest::json_schema`].
    JsonSchema,
    /// [`Manifest::picture`] as SVG.
    Svg,
    /// [`Manifest::picture`] as Mermaid.
    Mermaid,
    /// The `compose.yaml` of [`Manifest::compose`].
    Compose,
    /// [`Manifest::app_json`].
    AppJson,
    /// [`Manifest::score`].
    Score,
}

impl Format {
    /// Every form.
    ///
    /// ```
    /// use backing_services::Format;
    ///
    /// let words: Vec<_> = Format::ALL.iter().map(Format::word).collect();
    /// assert_eq!(
    ///     words.join(" "),
    ///     "env markdown json json-schema svg mermaid compose app-json score"
    /// );
    /// ```
    pub const ALL: &'static [Self] = &[
        Self::Env,
        Self::Markdown,
        Self::Json,
        Self::JsonSchema,
        Self::Svg,
        Self::Mermaid,
        Self::Compose,
        Self::AppJson,
        Self::Score,
    ];

    /// Its word.
    ///
    /// ```
    /// # use backing_services::Format;
    /// assert_eq!(Format::JsonSchema.word(), "json-schema");
    /// ```
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Env => "env",
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::JsonSchema => "json-schema",
            Self::Svg => "svg",
            Self::Mermaid => "mermaid",
            Self::Compose => "compose",
            Self::AppJson => "app-json",
            Self::Score => "score",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(word: &str) -> Result<Self, UnknownFormat> {
        Self::ALL.iter().find(|format| format.word() == word).copied().ok_or(UnknownFormat)
    }
}

/// The word is that of no [`Format`]. The message lists those that are.
///
/// ```
/// use backing_services::Format;
///
/// let error = "yaml".parse::<Format>().unwrap_err();
/// assert!(error.to_string().starts_with("no such format: expected `env`, `markdown`"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownFormat;

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = Format::ALL.iter().map(Format::word).collect();
        write!(f, "no such format: expected {}", suggest::list(&words))
    }
}

impl Error for UnknownFormat {}

pub(super) fn text(manifest: &Manifest, format: Format) -> String {
    match format {
        Format::Env => manifest.env_example(),
        Format::Markdown => manifest.markdown(),
        Format::Json => manifest.json(),
        Format::JsonSchema => manifest.json_schema(),
        Format::Svg => manifest.picture().svg(),
        Format::Mermaid => manifest.picture().mermaid(),
        Format::Compose => manifest.compose().yaml().to_owned(),
        Format::AppJson => manifest.app_json(),
        Format::Score => manifest.score(),
    }
}
