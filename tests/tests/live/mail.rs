use std::path::Path;
use std::time::Duration;

use backing_services::adapters::mail::MailTransport;
use backing_services::{BackingServices, Environment, HandleBuilder, Mail};
use backing_services_tests::servers::Postfix;
use backing_services_tests::tls::Tls;
use lettre::AsyncTransport;

use crate::conformance::{Reaches, Subject};
use crate::smtp::{self, PASSWORD, USER, message};

struct OnPostfix;

impl Subject for OnPostfix {
    type Adapter = Mail;
    type Server = Postfix;

    fn start() -> Postfix {
        smtp::OnPostfix::start()
    }

    fn start_with_tls(tls: &Tls) -> Option<Postfix> {
        smtp::OnPostfix::start_with_tls(tls)
    }

    fn reaches(scheme: &str) -> Reaches {
        match scheme {
            "postmark" | "file" => Reaches::Elsewhere,
            _ => smtp::OnPostfix::reaches(scheme),
        }
    }

    fn tls_handle(scheme: &str, server: &Postfix, authority: &Path) -> HandleBuilder {
        smtp::OnPostfix::tls_handle(scheme, server, authority)
    }

    fn handle(scheme: &str) -> HandleBuilder {
        smtp::OnPostfix::handle(scheme)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        smtp::OnPostfix::wrong_password()
    }

    async fn use_it(client: &MailTransport) -> Result<(), String> {
        client.send(message("ada@example.com")).await.map(drop).map_err(|error| error.to_string())
    }
}

conformance!(OnPostfix);

#[derive(BackingServices)]
struct Services {
    mail: Mail,
}

async fn connect(url: &str) -> MailTransport {
    let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)])).unwrap();
    services.connect_mail().await.unwrap()
}

/// Swapping the provider is a change of handle: the code below does not know which it is.
#[tokio::test]
async fn one_code_many_providers() {
    let relay = Postfix::start();
    let folder = tempfile::tempdir().unwrap();
    for url in [
        format!("smtp://localhost:{}", relay.port()),
        format!("file://{}/out/box", folder.path().display()),
    ] {
        connect(&url).await.send(message("ada@example.com")).await.unwrap();
    }
    let inbox = relay.wait_for_mail("ada@example.com", Duration::from_secs(20));
    let outbox: Vec<_> =
        std::fs::read_dir(folder.path().join("out/box")).unwrap().map(Result::unwrap).collect();
    assert_eq!((inbox.len(), outbox.len()), (1, 1), "no probe is left in the outbox");
    assert_eq!(outbox[0].path().extension().unwrap(), "eml");
    for text in [&inbox[0], &std::fs::read_to_string(outbox[0].path()).unwrap()] {
        assert!(text.contains("after a lone dot"), "{text}");
    }
}

/// Postmark over SMTP, with a stand-in on this machine: the token is user name and password.
#[tokio::test]
async fn postmark() {
    // The harness's server knows one user, whose name is not the password: the token is refused, and the
    // failure shows that it was sent as both.
    let server = Postfix::with_plain_auth();
    let url = format!("postmark://{USER}@localhost:{}?tls=none", server.port());
    let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)])).unwrap();
    let report = services.connect_mail().await.unwrap_err();
    let failure = &report.failures()[0];
    assert_eq!(failure.cause(), "authentication failed: the user name or the password is wrong");
    assert!(!report.to_string().contains(PASSWORD) && !report.to_string().contains(USER));
}
