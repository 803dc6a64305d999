//! The forms that other tools read, and how each is used.

use super::{Compose, Format, Manifest, app_json, compose, format, json_schema, score};

impl Manifest {
    /// A [JSON Schema](https://json-schema.org) of the variables, as an object of strings: for
    /// editors of files that hold them as JSON or YAML, and for checks of such files.
    ///
    /// Each variable has its doc comment, default, example and, where its handle has to begin with
    /// one of some schemes, a pattern. What is required may be given in every way that the
    /// environment knows: by an alias, a file (`DB_URL_FILE`), parts (`DB_HOST`), or a platform
    /// that binds it. Other names are not refused. In VS Code, `json.schemas` or `yaml.schemas` of
    /// the settings name the file.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     /// Where the shop listens.
    ///     #[setting(default = "8080")]
    ///     port: u16,
    /// }
    ///
    /// let schema: serde_json::Value = serde_json::from_str(&Services::manifest().json_schema())?;
    /// assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    /// assert_eq!(schema["properties"]["PORT"]["default"], "8080");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn json_schema(&self) -> String {
        json_schema::tree(self).json()
    }

    /// What Compose starts on a developer's machine: a `compose.yaml` with a server for every
    /// resource, and the `.env` with their handles, which [`load`] accepts.
    ///
    /// ```sh
    /// docker compose up --detach --wait # starts all, and waits until each is healthy
    /// docker compose stop db            # detaches one
    /// docker compose down --volumes     # forgets what they keep
    /// ```
    ///
    /// - Each resource has a server of its own, also where two fields have one adapter: as in
    ///   production each handle is swapped, and each server stopped, without the other. Fields
    ///   that share a variable share the server.
    /// - Each listens on 127.0.0.1 alone, on a port from 12000 to 31999, where it is not in the way
    ///   of one that the machine runs already. [`compose_where`](Self::compose_where) asks which
    ///   are free.
    /// - What a server keeps is in a volume of its name.
    /// - The passwords are words made from the names of struct and variable, the same each time,
    ///   because a server keeps the first that it was started with. They protect nothing.
    /// - What another company runs, such as an HTTP API, has no image: its variable is a comment in
    ///   the `.env`, with an example.
    /// - An adapter of the app's own names its server by `#[adapter(server = ...)]`, a
    ///   [`Server`](crate::Server).
    /// - Where one image is built from another, by a few lines in the file, Compose has to be 2.17
    ///   or later.
    ///
    /// [`load`]: trait@crate::BackingServices#method.load
    ///
    #[cfg_attr(feature = "postgres", doc = "```")]
    #[cfg_attr(not(feature = "postgres"), doc = "```ignore")]
    /// use backing_services::{BackingServices, Environment, Postgres};
    ///
    /// #[derive(BackingServices)]
    /// struct Services {
    ///     db: Postgres,
    /// }
    ///
    /// let compose = Services::manifest().compose();
    /// assert!(compose.yaml().contains("image: \"docker.io/library/postgres:18\""));
    ///
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join(".env");
    /// std::fs::write(&path, compose.env())?;
    /// let services = Services::load(&Environment::default().with_dotenv(&path));
    /// assert!(services.is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn compose(&self) -> Compose {
        compose::compose(self, &mut |_| true)
    }

    /// [`compose`](Self::compose) on ports that are free: a number that `is_free` refuses is not
    /// used. Ask before the servers run: their own ports are not free any more.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// use std::net::{Ipv4Addr, TcpListener};
    ///
    /// let is_free = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    /// let compose = Services::manifest().compose_where(is_free);
    /// ```
    pub fn compose_where(&self, mut is_free: impl FnMut(u16) -> bool) -> Compose {
        compose::compose(self, &mut is_free)
    }

    /// The `env` and `addons` of Heroku's
    /// [`app.json`](https://devcenter.heroku.com/articles/app-json-schema), with which Heroku asks
    /// for variables as an app is made: its button, its pipelines, its review apps.
    ///
    /// A required resource of a kind whose add-on is known to fit (PostgreSQL, MySQL, RabbitMQ) is
    /// an add-on by the name of its variable: `DATABASE_URL` is that of `heroku-postgresql` as
    /// `DATABASE`. Heroku's Redis does not fit, because its certificate is self-signed. `PORT` is
    /// Heroku's own to set.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting(default = "2")] workers: u8 }
    /// let json: serde_json::Value = serde_json::from_str(&Services::manifest().app_json())?;
    /// assert_eq!(json["env"]["WORKERS"]["value"], "2");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn app_json(&self) -> String {
        app_json::tree(self).json()
    }

    /// A workload of [Score](https://score.dev) (`score.dev/v1b1`), for `score-compose`,
    /// `score-k8s` and platforms that read it: `resources` by their types, and the `variables` that
    /// take their outputs.
    ///
    /// Outputs are given as parts, `DB_HOST` and its neighbours, which take a password with any
    /// character as it is. A type that Score does not know gives its handle as the output `url`.
    /// What another company runs, and each setting without a default, is asked of a resource of
    /// type `environment`. A platform whose network does without TLS has to say so, in a variable
    /// such as `DB_SSLMODE` or `CACHE_TLS=none`: a password for another machine is not sent
    /// unencrypted otherwise.
    ///
    /// ```
    /// # use backing_services::BackingServices;
    /// # #[derive(BackingServices)] struct Services { #[setting] workers: u8 }
    /// let score = Services::manifest().score();
    /// assert!(score.starts_with("apiVersion: \"score.dev/v1b1\"\n"));
    /// assert!(score.contains("WORKERS: \"${resources.env.WORKERS}\"\n"));
    /// ```
    pub fn score(&self) -> String {
        score::text_of(self)
    }

    /// The form of this name; of [`compose`](Self::compose) the `compose.yaml`, and the picture of
    /// what is declared.
    ///
    /// ```
    /// # use backing_services::{BackingServices, Format};
    /// # #[derive(BackingServices)] struct Services { #[setting] port: u16 }
    /// assert_eq!(Services::manifest().format(Format::Env), "PORT=\n");
    /// ```
    pub fn format(&self, format: Format) -> String {
        format::text(self, format)
    }
}
