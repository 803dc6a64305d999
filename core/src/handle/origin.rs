use std::borrow::Cow;
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
        /// The variable's name, mostly as the app's code has it.
        name: Cow<'static, str>,
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
    /// A file in the folder of systemd's credentials.
    #[non_exhaustive]
    Credential {
        /// The variable that the file is named as.
        name: Arc<str>,
    },
    /// Several variables, each a part of the handle.
    #[non_exhaustive]
    Parts {
        /// The variable that they stand in for.
        name: Arc<str>,
        /// Their names, as in `DB_HOST, DB_USER, DB_PASSWORD`.
        parts: Arc<str>,
    },
    /// A handle that was completed by words beside it.
    #[non_exhaustive]
    Completed {
        /// Where the handle came from.
        handle: Box<Origin>,
        /// The names that completed it, as in `DB_PASSWORD, DB_SSLMODE`.
        by: Arc<str>,
    },
    /// A Kubernetes service binding.
    #[non_exhaustive]
    Binding {
        /// The name of its folder.
        name: Arc<str>,
    },
    /// A Cloud Foundry service.
    #[non_exhaustive]
    CloudFoundry {
        /// Its name.
        service: Arc<str>,
    },
    /// The field's `default`.
    Default,
}

impl Origin {
    /// The variable that gave the value, an alias if it was one; `None` for a default and for what
    /// a platform has bound.
    ///
    /// ```
    /// # use backing_services::Origin;
    /// assert_eq!(Origin::Default.variable(), None);
    /// ```
    pub fn variable(&self) -> Option<&str> {
        match self {
            Self::Variable { name } => Some(name),
            Self::File { name, .. }
            | Self::Credential { name }
            | Self::Parts { name, .. }
            | Self::Dotenv { name, .. } => Some(name),
            Self::Completed { handle, .. } => handle.variable(),
            Self::Binding { .. } | Self::CloudFoundry { .. } | Self::Default => None,
        }
    }

    /// What there is to say beyond the variable's name.
    pub(crate) fn note(&self) -> Option<String> {
        match self {
            Self::Variable { .. } => None,
            Self::File { file, .. } => Some(format!("from the file in {file}")),
            Self::Credential { .. } => Some("from the systemd credential".to_owned()),
            Self::Parts { parts, .. } => Some(format!("assembled from {parts}")),
            Self::Completed { handle, by } => Some(match handle.note() {
                Some(note) => format!("{note}, completed by {by}"),
                None => format!("completed by {by}"),
            }),
            Self::Binding { name } => Some(format!("from the service binding {name}")),
            Self::CloudFoundry { service } => Some(format!("from the service {service}")),
            // A `.env` that is empty of entries but broken has no line.
            Self::Dotenv { path, line: 0, .. } => Some(format!("from {path}")),
            Self::Dotenv { path, line, .. } => Some(format!("from {path}, line {line}")),
            Self::Default => Some("the default".to_owned()),
        }
    }

    /// Whether a platform has bound it: then no variable has anything to do with it.
    pub(crate) fn is_bound(&self) -> bool {
        match self {
            Self::Completed { handle, .. } => handle.is_bound(),
            _ => matches!(self, Self::Binding { .. } | Self::CloudFoundry { .. }),
        }
    }

    /// The same, completed by these names.
    pub(crate) fn completed(self, by: &[String]) -> Self {
        if by.is_empty() {
            return self;
        }
        match self {
            Self::Completed { handle, by: earlier } => {
                let by = format!("{earlier}, {}", by.join(", ")).into();
                Self::Completed { handle, by }
            }
            handle => Self::Completed { handle: Box::new(handle), by: by.join(", ").into() },
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
