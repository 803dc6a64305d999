use backing_services::{BackingServices, Mail};

#[derive(BackingServices)]
struct Services {
    mail: Mail,
}

#[backing_services::test]
async fn an_order_is_mailed(services: Services) {
    drop(services);
}

fn main() {}
