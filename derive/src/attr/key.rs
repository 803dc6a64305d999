/// The keys of one attribute: what the parser takes, and what the table in the docs must list.
pub(crate) struct Attribute {
    pub(crate) name: &'static str,
    pub(crate) keys: &'static [Key],
}

pub(crate) struct Key {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
}

/// What a key takes, with a value that shows the form.
pub(crate) enum Takes {
    Nothing,
    Text(&'static str),
    Texts(&'static str),
    Port(&'static str),
}

impl Attribute {
    pub(crate) fn names(&self) -> Vec<&'static str> {
        self.keys.iter().map(|key| key.name).collect()
    }
}

impl Key {
    pub(crate) const fn flag(name: &'static str) -> Self {
        Self { name, takes: Takes::Nothing }
    }

    pub(crate) const fn text(name: &'static str, example: &'static str) -> Self {
        Self { name, takes: Takes::Text(example) }
    }

    pub(crate) const fn texts(name: &'static str, example: &'static str) -> Self {
        Self { name, takes: Takes::Texts(example) }
    }

    pub(crate) const fn port(name: &'static str, example: &'static str) -> Self {
        Self { name, takes: Takes::Port(example) }
    }

    /// As it is written, with a value of its own.
    pub(crate) fn example(&self) -> String {
        match self.takes {
            Takes::Nothing => self.form(""),
            Takes::Text(example) | Takes::Texts(example) | Takes::Port(example) => {
                self.form(example)
            }
        }
    }

    /// As it is written, with this value.
    pub(crate) fn form(&self, value: &str) -> String {
        let name = self.name;
        match self.takes {
            Takes::Nothing => name.to_owned(),
            Takes::Text(_) => format!("{name} = \"{value}\""),
            Takes::Texts(_) => format!("{name}(\"{value}\")"),
            Takes::Port(_) => format!("{name} = {value}"),
        }
    }
}
