//! The parts of a handle, and where each stands in its text.

/// `?`, which a `const fn` cannot use yet.
macro_rules! tri {
    ($result:expr) => {
        match $result {
            Ok(value) => value,
            Err(fault) => return Err(fault),
        }
    };
}
pub(super) use tri;

#[derive(Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

impl Span {
    pub(crate) const fn is_empty(self) -> bool {
        self.start == self.end
    }

    pub(crate) fn of(self, text: &str) -> &str {
        text.get(self.start..self.end).unwrap_or_default()
    }
}

/// A part of a handle, as named in messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    Username,
    Password,
    Host,
    Path,
    Query,
}

impl Part {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Username => "user name",
            Self::Password => "password",
            Self::Host => "host",
            Self::Path => "path",
            Self::Query => "parameters",
        }
    }

    /// Of what a handle may have several.
    pub(crate) const fn plural(self) -> &'static str {
        match self {
            Self::Host => "hosts",
            _ => "parameters",
        }
    }
}
