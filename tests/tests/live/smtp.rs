use std::path::Path;
use std::time::Duration;

use backing_services::{BackingServices, Environment, Handle, HandleBuilder, Smtp};
use backing_services_conformance::{Ca, Limit, Reaches, Subject, Tls};
use backing_services_tests::servers::Postfix;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

pub(crate) const USER: &str = "mailer";
pub(crate) const PASSWORD: &str = "p@ss:w/rd#1?%";

/// Postfix that wants a login: unencrypted on the first server, over STARTTLS on the one with TLS.
pub(crate) struct OnPostfix;

pub(crate) fn message(to: &str) -> Message {
    let builder =
        Message::builder().from("shop@example.com".parse().unwrap()).to(to.parse().unwrap());
    builder.subject("Grüße").body("The body: ä\n.\nafter a lone dot\n".to_owned()).unwrap()
}

/// What lettre takes in of a server that floods it.
pub(crate) const FLOODS: [Limit; 3] = [
    flooded("hostile_servers/a line without an end"),
    flooded("hostile_servers/a flood of ones"),
    flooded("hostile_servers/a flood of zeros"),
];

const fn flooded(test: &'static str) -> Limit {
    Limit {
        test,
        driver: "lettre 0.11.23",
        upstream: "src/transport/smtp/client/async_connection.rs:366",
        seen: "of memory or took or left behind or nothing",
    }
}

impl Subject for OnPostfix {
    type Adapter = Smtp;
    type Server = Postfix;

    const LIMITS: &[Limit] = &FLOODS;

    fn start() -> Postfix {
        Postfix::with_plain_auth()
    }

    fn start_with_tls(tls: &Tls) -> Option<Postfix> {
        Some(Postfix::with_auth(tls))
    }

    fn reaches(scheme: &str) -> Reaches {
        if scheme == "smtp" { Reaches::Plain } else { Reaches::Tls }
    }

    fn tls_handle(scheme: &str, server: &Postfix, ca: &Path) -> HandleBuilder {
        let port = if scheme == "submission" { server.port() } else { server.tls_port() };
        let builder = Self::handle(scheme).host("localhost").port(port);
        builder.param("tls_ca", ca.to_str().unwrap())
    }

    fn handle(scheme: &str) -> HandleBuilder {
        Handle::builder(scheme).username(USER).password(PASSWORD)
    }

    fn wrong_password() -> Option<(HandleBuilder, &'static str)> {
        let builder = Handle::builder("smtp").username(USER).password("wr0ng");
        Some((builder, "authentication failed: the user name or the password is wrong"))
    }

    fn ends() -> bool {
        true
    }

    async fn use_it(client: &AsyncSmtpTransport<Tokio1Executor>) -> Result<(), String> {
        let answer =
            client.send(message("ada@example.com")).await.map_err(|error| error.to_string())?;
        if answer.is_positive() { Ok(()) } else { Err(format!("{answer:?}")) }
    }
}

backing_services_conformance::suite!(OnPostfix);

#[derive(BackingServices)]
struct Services {
    mail: Smtp,
}

async fn connect(url: &str) -> Result<AsyncSmtpTransport<Tokio1Executor>, String> {
    let services = Services::load(&Environment::from_pairs([("MAIL_URL", url)]))
        .map_err(|error| error.to_string())?;
    services.connect_mail().await.map_err(|error| error.failures()[0].cause().to_owned())
}

#[tokio::test]
async fn what_is_sent_arrives() {
    let server = Postfix::start();
    let mail = connect(&format!("smtp://localhost:{}?local_domain=app.example.com", server.port()))
        .await
        .unwrap();
    mail.send(message("grace@example.com")).await.unwrap();
    let inbox = server.wait_for_mail("grace@example.com", Duration::from_secs(20));
    assert_eq!(inbox.len(), 1);
    assert!(inbox[0].contains("after a lone dot"), "{}", inbox[0]);
    assert!(inbox[0].contains("from app.example.com"), "{}", inbox[0]);
}

#[tokio::test]
async fn a_server_that_wants_a_login_says_so() {
    let server = Postfix::with_plain_auth();
    let mail = connect(&format!("smtp://localhost:{}", server.port())).await.unwrap();
    let refused = mail.send(message("ada@example.com")).await.unwrap_err();
    assert!(refused.is_permanent(), "{refused}");

    let open = Postfix::start();
    let cause =
        connect(&format!("smtp://mailer:secret@localhost:{}", open.port())).await.unwrap_err();
    assert_eq!(cause, "the server offers no authentication that the client speaks");
}

#[tokio::test]
async fn required_tls_is_required() {
    let open = Postfix::start();
    let cause =
        connect(&format!("smtp://localhost:{}?tls=required", open.port())).await.unwrap_err();
    assert!(cause.to_lowercase().contains("starttls"), "{cause}");

    // Without `tls_ca` the CA certificates of the system count, and they do not know this one.
    let certificate = Ca::new("private").issue(&["localhost"]);
    let server = Postfix::with_tls(&certificate);
    let cause = connect(&format!("smtp://localhost:{}", server.port())).await.unwrap_err();
    assert!(cause.contains("certificate does not verify"), "{cause}");
}
