//! What a handle can be put together from, where a platform hands out no URL.

/// A part of a handle that a variable of its own may hold.
///
/// ```
/// use backing_services::{Part, Parts};
///
/// const PARTS: Parts = Parts::server().with(&[(Part::Param("region"), &["REGION"])]);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Part {
    /// A host, or several separated by commas or spaces, each with or without a port.
    Host,
    /// The port of a single host.
    Port,
    /// The user name.
    Username,
    /// The password. It may also stand in a file: `DB_PASSWORD_FILE`.
    Password,
    /// The path as one name: a database, a virtual host. A `/` in it is a part of the name.
    Name,
    /// The path of a file or folder of this machine.
    Path,
    /// A parameter of this name.
    Param(&'static str),
}

/// The names that go with each part, in upper case; the first that is set counts.
pub(crate) type Names = &'static [(Part, &'static [&'static str])];

/// Where a platform hands out no URL: which variables a handle is put together from, and by which names
/// platforms know the service. [`Adapter::PARTS`](crate::Adapter::PARTS) is one.
///
/// A field whose variable is `DB_URL` looks for the names behind `DB_`. The credentials of a service
/// binding are found by the same names: `virtual-host` is `VIRTUAL_HOST`.
///
/// ```
/// use backing_services::{Part, Parts};
///
/// // PBX_HOST, PBX_PORT, PBX_USER, PBX_PASSWORD, PBX_NAME and PBX_REALM for a field `pbx`; service bindings of
/// // the type `asterisk`.
/// const PARTS: Parts =
///     Parts::server().known_as(&["asterisk"]).with(&[(Part::Param("realm"), &["REALM"])]);
/// ```
#[derive(Clone, Copy, Default, Debug)]
pub struct Parts {
    /// Tried in order: those of the adapter before those that every server has.
    own: Names,
    common: Names,
    kinds: &'static [&'static str],
    base: Option<&'static str>,
    authorities: Option<&'static str>,
}

const SERVER: Names = &[
    (Part::Host, &["HOST", "HOSTNAME"]),
    (Part::Port, &["PORT"]),
    (Part::Username, &["USER", "USERNAME"]),
    (Part::Password, &["PASSWORD"]),
    (Part::Name, &["NAME", "DATABASE"]),
];

const LOGIN: Names = &[
    (Part::Host, &["HOST", "HOSTNAME"]),
    (Part::Port, &["PORT"]),
    (Part::Username, &["USER", "USERNAME"]),
    (Part::Password, &["PASSWORD"]),
];

/// Of a service whose place is known.
const PLACE: Names = &[(Part::Host, &["HOST", "HOSTNAME"]), (Part::Port, &["PORT"])];

impl Parts {
    /// A server of the app's own: `HOST` or `HOSTNAME`, `PORT`, `USER` or `USERNAME`, `PASSWORD`, and `NAME` or
    /// `DATABASE` for the path.
    ///
    /// ```
    /// # use backing_services::Parts;
    /// const PARTS: Parts = Parts::server();
    /// ```
    pub const fn server() -> Self {
        Self { own: &[], common: SERVER, kinds: &[], base: None, authorities: None }
    }

    /// A service whose place is known: `base` is its handle without credentials, and any credential that
    /// [`with`](Self::with) names is enough. `HOST` and `PORT` name another place.
    ///
    /// ```
    /// # use backing_services::{Part, Parts};
    /// const PARTS: Parts =
    ///     Parts::hosted("sms://api.sms.example").with(&[(Part::Username, &["API_KEY"])]);
    /// ```
    pub const fn hosted(base: &'static str) -> Self {
        Self { own: &[], common: PLACE, kinds: &[], base: Some(base), authorities: None }
    }

    /// No names yet, for a service whose parts are called otherwise.
    ///
    /// ```
    /// # use backing_services::{Part, Parts};
    /// const PARTS: Parts = Parts::new().with(&[(Part::Path, &["PATH", "FILE"])]);
    /// ```
    pub const fn new() -> Self {
        Self { own: &[], common: &[], kinds: &[], base: None, authorities: None }
    }

    /// Without the path: the service has nothing of a name.
    ///
    /// ```
    /// # use backing_services::Parts;
    /// const PARTS: Parts = Parts::server().without_name();
    /// ```
    #[must_use]
    pub const fn without_name(self) -> Self {
        Self { common: LOGIN, ..self }
    }

    /// Adds names, which are looked for before those of [`server`](Self::server).
    ///
    /// ```
    /// # use backing_services::{Part, Parts};
    /// const PARTS: Parts = Parts::server().with(&[(Part::Name, &["VHOST"])]);
    /// ```
    #[must_use]
    pub const fn with(self, names: &'static [(Part, &'static [&'static str])]) -> Self {
        Self { own: names, ..self }
    }

    /// Names by which platforms know the service, beside its schemes: the `type` of a Kubernetes service
    /// binding, the label or a tag of a Cloud Foundry service.
    ///
    /// ```
    /// # use backing_services::Parts;
    /// const PARTS: Parts = Parts::server().known_as(&["rabbitmq"]);
    /// ```
    #[must_use]
    pub const fn known_as(self, kinds: &'static [&'static str]) -> Self {
        Self { kinds, ..self }
    }

    /// The parameter that takes a file of authorities to trust, for the `certificates` of a service binding.
    ///
    /// ```
    /// # use backing_services::Parts;
    /// const PARTS: Parts = Parts::server().authorities("tls_ca");
    /// ```
    #[must_use]
    pub const fn authorities(self, parameter: &'static str) -> Self {
        Self { authorities: Some(parameter), ..self }
    }

    /// Every part and its names, in the order in which they are looked for.
    pub(crate) fn names(&self) -> impl Iterator<Item = (Part, &'static [&'static str])> {
        self.own.iter().chain(self.common).copied()
    }

    /// The names of the password, those of the adapter first.
    pub(crate) fn passwords(&self) -> impl Iterator<Item = &'static str> {
        let passwords = self.names().filter(|(part, _)| *part == Part::Password);
        passwords.flat_map(|(_, names)| names).copied()
    }

    pub(crate) fn kinds(&self) -> &'static [&'static str] {
        self.kinds
    }

    pub(crate) fn base(&self) -> Option<&'static str> {
        self.base
    }

    pub(crate) fn ca_parameter(&self) -> Option<&'static str> {
        self.authorities
    }

    /// Whether having this part is enough to put a handle together.
    pub(crate) fn suffices(&self, part: Part) -> bool {
        match part {
            Part::Host => self.base.is_none(),
            Part::Path => true,
            Part::Username | Part::Password => self.base.is_some(),
            Part::Port | Part::Name | Part::Param(_) => false,
        }
    }
}
