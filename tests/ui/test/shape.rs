use backing_services::testing::Isolated;
use backing_services::{BackingServices, Mail};

#[derive(BackingServices)]
struct Services {
    mail: Mail,
}

#[backing_services::test]
fn not_async(services: Isolated<Services>) {
    drop(services);
}

#[backing_services::test]
async fn without_services() {}

#[backing_services::test(shard(mail), worker_threads = "two")]
async fn unknown_key(services: Isolated<Services>) {
    drop(services);
}

#[backing_services::test]
#[test]
async fn twice(services: Isolated<Services>) {
    drop(services);
}

#[backing_services::test(migrate = create_tables)]
async fn whose_tables(one: Isolated<Services>, two: Isolated<Services>) {
    drop((one, two));
}

#[backing_services::test]
struct NoFunction;

fn main() {}
