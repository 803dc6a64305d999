use backing_services::testing::Isolated;
use backing_services::{BackingServices, HttpApi, Mail, Nats, Smtp};

#[derive(BackingServices)]
struct Services {
    mail: Mail,
    relay: Smtp,
    #[service(nested)]
    partners: Partners,
}

#[derive(BackingServices)]
struct Partners {
    events: Nats,
    weather: HttpApi,
}

#[backing_services::test(shared(relay))]
async fn an_order_is_mailed(services: Isolated<Services>) {
    drop(services);
}

#[backing_services::test(shared(relay, partners.weather), prefixed(partners.events = "PREFIX"))]
async fn let_through_in_words(services: Isolated<Services>) {
    drop(services);
}

fn main() {}
