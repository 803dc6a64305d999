//! What Postmark can beyond SMTP: one call for up to 500 messages, each with an answer of its own.
//! It is detached until its variable is set.
//!
//! ```sh
//! POSTMARK_URL=postmark://SERVER_TOKEN@api.postmarkapp.com \
//! SENDER=shop@example.com \
//!     cargo run -p examples --example mail --features postmark
//! ```
//!
//! For mail through any provider see the example `quickstart`.

use std::error::Error;

use backing_services::{BackingServices, Postmark};
use postmark::Query;
use postmark::api::Body;
use postmark::api::email::SendEmailRequest;

/// What the shop writes to its customers with.
#[derive(BackingServices)]
struct Services {
    postmark: Option<Postmark>,
    /// An address that Postmark knows as a sender of this account.
    #[setting(default = "shop@example.com")]
    sender: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let services = Services::from_env()?;
    let customers = ["ada@example.com", "grace@example.com", "nobody@bounced.example"];
    let news: Vec<_> = customers
        .iter()
        .map(|customer| {
            SendEmailRequest::builder()
                .from(&services.sender)
                .to(*customer)
                .subject("The engine is back")
                .body(Body::text("You asked us to tell you.\n".to_owned()))
                .message_stream("broadcast")
                .build()
        })
        .collect();

    let Some(postmark) = services.connect().await?.postmark else {
        println!("Postmark is detached: {} messages are not sent", news.len());
        return Ok(());
    };
    // The call as a whole succeeds, also where Postmark refuses some of its messages.
    let answers = news.execute(&postmark).await?;
    for (customer, answer) in customers.iter().zip(answers) {
        match answer.error_for_status() {
            Ok(_) => println!("{customer}: sent"),
            Err(refused) => println!("{customer}: {} ({})", refused.message, refused.error_code),
        }
    }
    Ok(())
}
