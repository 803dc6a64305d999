/// The keys of one attribute: what the parser takes, and what the table in the docs must list.
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
}

/// One key, named in one place; two are the same when their names are.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    /// Whether it may be given several times.
    pub(crate) repeats: bool,
}

/// What a key takes, with a value that shows the form.
#[derive(Clone, Copy)]
pub(crate) enum Takes {
    Nothing,
    Text(&'static str),
    Texts(&'static str),
    Port(&'static str),
    /// `key = true` or `key = false`.
    Bool(&'static str),
    Ports(&'static str),
    Schemes(&'static str),
    /// `key(anything)`, which the key's own parser reads.
    Tokens(&'static str),
    /// `key = anything`, which the key's own parser reads.
    Value(&'static str),
    /// `key = "text"` or `key(anything)`.
    TextOrTokens(&'static str),
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Attribute {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

impl Key {
    const fn new(name: &'static str, takes: Takes) -> Self {
        Self { name, takes, repeats: false }
    }

    /// A key that may be given several times.
    pub(crate) const fn repeated(mut self) -> Self {
        self.repeats = true;
        self
    }

    pub(crate) const fn flag(name: &'static str) -> Self {
        Self::new(name, Takes::Nothing)
    }

    pub(crate) const fn text(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Text(example))
    }

    pub(crate) const fn texts(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Texts(example))
    }

    pub(crate) const fn port(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Port(example))
    }

    pub(crate) const fn bool(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Bool(example))
    }

    pub(crate) const fn ports(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Ports(example))
    }

    pub(crate) const fn schemes(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Schemes(example))
    }

    pub(crate) const fn tokens(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Tokens(example))
    }

    pub(crate) const fn value(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::Value(example))
    }

    pub(crate) const fn text_or_tokens(name: &'static str, example: &'static str) -> Self {
        Self::new(name, Takes::TextOrTokens(example))
    }

    /// As it is written, with a value of its own.
    pub(crate) fn example(&self) -> String {
        match self.takes {
            Takes::Nothing => self.form(""),
            Takes::Text(example)
            | Takes::Texts(example)
            | Takes::Port(example)
            | Takes::Bool(example)
            | Takes::Ports(example)
            | Takes::Schemes(example)
            | Takes::Tokens(example)
            | Takes::Value(example)
            | Takes::TextOrTokens(example) => self.form(example),
        }
    }

    /// As it is written, with this value.
    pub(crate) fn form(&self, value: &str) -> String {
        let name = self.name;
        match self.takes {
            Takes::Nothing => name.to_owned(),
            Takes::Text(_) | Takes::TextOrTokens(_) => format!("{name} = \"{value}\""),
            Takes::Texts(_) | Takes::Schemes(_) => format!("{name}(\"{value}\")"),
            Takes::Port(_) | Takes::Bool(_) | Takes::Value(_) => format!("{name} = {value}"),
            Takes::Ports(_) | Takes::Tokens(_) => format!("{name}({value})"),
        }
    }
}
