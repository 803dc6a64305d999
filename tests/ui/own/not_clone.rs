//! An adapter is cloned.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter)]
#[adapter(schemes("chat"), example = "chat://localhost")]
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
