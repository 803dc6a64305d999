//! A struct without any attribute: both that it needs are asked for.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: String,
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

fn main() {}
