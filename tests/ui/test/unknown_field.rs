use backing_services::testing::Isolated;
use backing_services::{BackingServices, Smtp};

#[derive(BackingServices)]
struct Services {
    mail: Smtp,
    #[setting]
    port: u16,
}

#[backing_services::test(shared(mail, mial), prefixed(port = "PREFIX"))]
async fn an_order_is_mailed(services: Isolated<Services>) {
    drop(services);
}

fn main() {}
