//! Schemes that no handle can have.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(
    schemes("chat", "", "Chat", "chat://", "2chat", "ch_at", "chat"),
    example = "chat://localhost"
)]
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
