use std::fmt;
use std::sync::Arc;

/// Where a value came from.
///
/// ```
/// use backing_services::{BackingServices, Environment, Origin};
///
/// #[derive(BackingServices)]
/// struct Services {
///     #[setting]
///     port: u16,
/// }
///
/// let error = Services::load(&Environment::from_pairs([("PORT", "x")])).err().unwrap();
/// let origin = error.problems()[0].origin().unwrap();
/// assert!(matches!(origin, Origin::Variable { .. }));
/// assert_eq!(origin.to_string(), "PORT");
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Origin {
    /// A variable of the process, or of the pairs it was loaded from.
    #[non_exhaustive]
    Variable {
        /// The variable's name.
        name: Arc<str>,
    },
    /// The file that a variable ending in `_FILE` names.
    #[non_exhaustive]
    File {
        /// The variable that the file stands in for.
        name: Arc<str>,
        /// The variable that names the file.
        file: Arc<str>,
    },
    /// A line of a `.env` file.
    #[non_exhaustive]
    Dotenv {
        /// The variable's name.
        name: Arc<str>,
        /// The file, as it was given.
        path: Arc<str>,
        /// The line the entry starts on, from 1.
        line: usize,
    },
    /// The field's `default`.
    Default,
}

impl Origin {
    /// The variable that gave the value, an alias if it was one; `None` for a default.
    ///
    /// ```
    /// # use backing_services::Origin;
    /// assert_eq!(Origin::Default.variable(), None);
    /// ```
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable { name } | Self::File { name, .. } | Self::Dotenv { name, .. } => {
                Some(name)
            }
            Self::Default => None,
        }
    }

    /// What there is to say beyond the variable's name.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            Self::Variable { .. } => None,
            Self::File { file, .. } => Some(format!("from the file in {file}")),
            // A `.env` that is empty of entries but broken has no line.
            Self::Dotenv { path, line: 0, .. } => Some(format!("from {path}")),
            Self::Dotenv { path, line, .. } => Some(format!("from {path}, line {line}")),
            Self::Default => Some("the default".to_owned()),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.variable(), self.note()) {
            (Some(name), Some(note)) => write!(f, "{name} ({note})"),
            (Some(name), None) => f.write_str(name),
            (None, note) => f.write_str(note.as_deref().unwrap_or_default()),
        }
    }
}
