//! Attributes of a field on the type, and the other way round; the key of an enum on a struct.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[handle(host)]
#[adapter(schemes("chat"), example = "chat://localhost", client = "ChatClient")]
struct Chat {
    #[handle]
    handle: Handle,
    #[adapter(host)]
    host: String,
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

fn main() {}
