//! An adapter whose feature is off: rustc names the feature, the derive adds nothing.

#![allow(unexpected_cfgs)]

use backing_services::BackingServices;

mod adapters {
    #[cfg(feature = "rabbitmq")]
    pub struct RabbitMq;
}

#[derive(BackingServices)]
struct Services {
    jobs: Option<adapters::RabbitMq>,
}

fn main() {}
