//! A server of a service's own kind for a developer's machine, and what platforms call the kind.

/// A server to develop against: the image that [Compose](crate::Manifest::compose) starts, and the
/// handle that reaches it. `#[adapter(server = ...)]` gives it to an adapter.
///
/// `{password}` in the handle, the environment and the command is a word that is generated for the
/// resource, `{port}` in the handle the port of this machine.
///
/// ```
/// use backing_services::Server;
///
/// const TICKER: Server = Server::new("ticker://app:{password}@127.0.0.1:{port}")
///     .image("docker.io/example/ticker:2", 7070)
///     .environment(&[("TICKER_PASSWORD", "{password}")])
///     .volume("/var/lib/ticker")
///     .health("ticker-cli ping");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Server {
    pub(crate) handle: &'static str,
    pub(crate) image: Option<&'static str>,
    pub(crate) port: u16,
    pub(crate) page: Option<u16>,
    pub(crate) build: &'static [&'static str],
    pub(crate) environment: &'static [(&'static str, &'static str)],
    pub(crate) command: &'static [&'static str],
    pub(crate) health: &'static str,
    pub(crate) volume: Option<&'static str>,
    pub(crate) addon: Option<&'static str>,
    pub(crate) score: Option<(&'static str, &'static [(&'static str, &'static str)])>,
}

impl Server {
    /// A resource that needs no server: the handle is a file of this machine.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const NOTES: Server = Server::new("notes:notes.db");
    /// ```
    pub const fn new(handle: &'static str) -> Self {
        Self {
            handle,
            image: None,
            port: 0,
            page: None,
            build: &[],
            environment: &[],
            command: &[],
            health: "",
            volume: None,
            addon: None,
            score: None,
        }
    }

    /// Sets the image, with its tag, and the port that the server listens on.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server =
    ///     Server::new("chat://127.0.0.1:{port}").image("docker.io/example/chat:2", 7070);
    /// ```
    #[must_use]
    pub const fn image(mut self, image: &'static str, port: u16) -> Self {
        self.image = Some(image);
        self.port = port;
        self
    }

    /// Adds lines of a Dockerfile behind `FROM` the image, for a server of which nobody keeps an
    /// image, or whose image holds nothing that could ask how it is.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}")
    ///     .image("docker.io/library/alpine:3.22", 7070)
    ///     .build(&["RUN apk add --no-cache chat"]);
    /// ```
    #[must_use]
    pub const fn build(mut self, lines: &'static [&'static str]) -> Self {
        self.build = lines;
        self
    }

    /// Sets the variables of the container.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server =
    ///     Server::new("chat://127.0.0.1:{port}").environment(&[("CHAT_ROOMS", "3")]);
    /// ```
    #[must_use]
    pub const fn environment(mut self, pairs: &'static [(&'static str, &'static str)]) -> Self {
        self.environment = pairs;
        self
    }

    /// Sets the command of the container, where that of the image does not do.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}").command(&["chatd", "--verbose"]);
    /// ```
    #[must_use]
    pub const fn command(mut self, words: &'static [&'static str]) -> Self {
        self.command = words;
        self
    }

    /// Sets the health check: a command for the image's shell that succeeds when the server
    /// answers.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}").health("chat-cli ping");
    /// ```
    #[must_use]
    pub const fn health(mut self, command: &'static str) -> Self {
        self.health = command;
        self
    }

    /// Sets the folder of the container whose content is kept.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}").volume("/var/lib/chat");
    /// ```
    #[must_use]
    pub const fn volume(mut self, folder: &'static str) -> Self {
        self.volume = Some(folder);
        self
    }

    /// Sets the port of a page for browsers, which is published too.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}").page(8080);
    /// ```
    #[must_use]
    pub const fn page(mut self, port: u16) -> Self {
        self.page = Some(port);
        self
    }

    /// Names the add-on of Heroku whose variable `<NAME>_URL` the adapter takes as it is.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}").addon("chat");
    /// ```
    #[must_use]
    pub const fn addon(mut self, name: &'static str) -> Self {
        self.addon = Some(name);
        self
    }

    /// Names the type of resource in [Score](https://score.dev), and for each of its outputs the
    /// name beside the handle that takes it, as `DB_HOST` takes `host`.
    ///
    /// ```
    /// # use backing_services::Server;
    /// const CHAT: Server = Server::new("chat://127.0.0.1:{port}")
    ///     .score("chat", &[("host", "HOST"), ("password", "PASSWORD")]);
    /// ```
    #[must_use]
    pub const fn score(
        mut self,
        kind: &'static str,
        outputs: &'static [(&'static str, &'static str)],
    ) -> Self {
        self.score = Some((kind, outputs));
        self
    }
}
