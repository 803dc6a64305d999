//! A field that nothing fills, and attributes that name nothing.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost")]
struct Chat {
    #[handle]
    handle: Handle,
    host: String,
    #[handle()]
    port: u16,
    #[handle(param = "")]
    room: String,
    #[handle = "username"]
    user: String,
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

fn main() {}
