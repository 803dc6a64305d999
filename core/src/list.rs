//! The one list of adapters: when it is compiled, module, type and schemes of each. The modules, their re-exports, the
//! schemes that a report may show and the tests of all adapters are made from it.

/// Calls a macro with the list.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_adapter {
    ($callback:ident) => {
        $callback! {
            feature = "beanstalkd", beanstalkd Beanstalkd ["beanstalkd", "beanstalk"];
            feature = "blobs", blobs Blobs ["s3", "file", "memory"];
            feature = "couchdb", couchdb CouchDb ["couchdb", "couchdbs", "http", "https"];
            feature = "googlemaps", googlemaps GoogleMaps ["https", "http"];
            feature = "http-api", http_api HttpApi ["https", "http"];
            feature = "lastfm", lastfm LastFm ["https", "http"];
            feature = "loggly", loggly Loggly ["loggly"];
            feature = "mail", mail Mail
                ["smtp", "smtps", "submission", "submissions", "postmark", "file", "memory", "null"];
            feature = "memcached", memcached Memcached ["memcached", "memcache", "memcacheds", "memcached+unix"];
            feature = "mysql", mysql MySql ["mysql", "mariadb", "mysql2"];
            feature = "nats", nats Nats ["nats", "tls"];
            feature = "newrelic", newrelic NewRelic ["newrelic"];
            feature = "otlp", otlp Otlp ["http", "https"];
            feature = "postgres", postgres Postgres ["postgres", "postgresql"];
            feature = "postmark", postmark Postmark ["postmark"];
            feature = "rabbitmq", rabbitmq RabbitMq ["amqp", "amqps"];
            feature = "redis", redis Redis
                [
                    "redis", "rediss", "valkey", "valkeys", "redis+unix", "unix", "valkey+unix",
                    "redis+socket"
                ];
            feature = "s3", s3 S3 ["s3"];
            feature = "smtp", smtp Smtp ["smtp", "smtps", "submission", "submissions"];
            all(feature = "sql", any(feature = "mysql", feature = "postgres", feature = "sqlite")),
                sql Sql
                ["mysql", "mariadb", "mysql2", "postgres", "postgresql", "sqlite"];
            feature = "sqlite", sqlite Sqlite ["sqlite"];
            feature = "twitter", twitter Twitter ["https", "http"];
        }
    };
}

/// The schemes of each adapter, compiled in or not. Only these are ever shown when a handle is refused: what
/// stands before the first colon of a malformed handle may be a secret.
macro_rules! schemes {
    ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
        const SCHEMES: &[&[&str]] = &[$(&$schemes),*];
    };
}

crate::__each_adapter!(schemes);

/// The scheme as the list has it.
pub(crate) fn known_scheme(scheme: &str) -> Option<&'static str> {
    SCHEMES.iter().copied().flatten().copied().find(|known| *known == scheme)
}

#[cfg(test)]
mod tests {
    /// The list has the schemes of each adapter that is compiled in, in the order of its grammar.
    macro_rules! listed {
        ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
            #[test]
            fn the_list_has_every_scheme() {
                $(
                    #[cfg($cfg)]
                    {
                        let grammar = <crate::$adapter as crate::Adapter>::GRAMMAR;
                        let own: Vec<&str> = grammar.schemes().iter().map(|it| it.name()).collect();
                        let listed: Vec<&str> = $schemes.to_vec();
                        // Of databases that are not compiled in, `Sql` has no schemes.
                        let known = own.iter().all(|scheme| listed.contains(scheme));
                        assert!(known, "{}: {own:?}", stringify!($adapter));
                        if cfg!(all(feature = "mysql", feature = "postgres", feature = "sqlite"))
                            || stringify!($adapter) != "Sql"
                        {
                            assert_eq!(own, listed, stringify!($adapter));
                        }
                    }
                )*
            }
        };
    }

    crate::__each_adapter!(listed);

    /// The file of an adapter's page, and its text.
    fn page(module: &str) -> (std::path::PathBuf, String) {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/adapters");
        let file = folder.join(format!("{module}.rs"));
        let file = if file.exists() { file } else { folder.join(module).join("mod.rs") };
        let text = std::fs::read_to_string(&file).unwrap();
        (file, text)
    }

    /// The text with the grammar between its marks.
    fn with_grammar(text: &str, grammar: &crate::Grammar) -> Option<String> {
        let (head, rest) = text.split_once("//! <!-- grammar -->\n")?;
        let (_, tail) = rest.split_once("//! <!-- end -->")?;
        let lines = grammar.page();
        let lines: String = lines
            .lines()
            .map(|line| if line.is_empty() { "//!\n".to_owned() } else { format!("//! {line}\n") })
            .collect();
        Some(format!("{head}//! <!-- grammar -->\n{lines}//! <!-- end -->{tail}"))
    }

    /// The page of each adapter shows its grammar. With the variable `BLESS` set the pages are written anew.
    macro_rules! shown {
        ($($cfg:meta, $module:ident $adapter:ident $schemes:tt;)*) => {
            #[test]
            #[expect(clippy::disallowed_methods, reason = "a developer asks for the pages")]
            fn the_page_of_each_adapter_shows_its_grammar() {
                let bless = std::env::var_os("BLESS").is_some();
                $(
                    #[cfg($cfg)]
                    {
                        let (file, text) = page(stringify!($module));
                        let grammar = <crate::$adapter as crate::Adapter>::GRAMMAR;
                        let name = stringify!($adapter);
                        let right = with_grammar(&text, grammar);
                        let right = right.unwrap_or_else(|| panic!("{name} has no marks"));
                        // What databases are compiled in decides what `Sql` has.
                        let whole = name != "Sql"
                            || cfg!(all(feature = "mysql", feature = "postgres", feature = "sqlite"));
                        if bless && whole {
                            std::fs::write(&file, &right).unwrap();
                        } else if whole {
                            assert!(text == right, "{name}: run its tests with BLESS=1");
                        }
                    }
                )*
            }
        };
    }

    crate::__each_adapter!(shown);
}
