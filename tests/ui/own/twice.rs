//! Keys given twice, fields filled twice, parts taken twice.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), schemes("talk"), example = "chat://localhost", port = 1, port = 2)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle]
    again: Handle,
    #[handle(host)]
    host: String,
    #[handle(host)]
    server: String,
    #[handle(username, username)]
    user: String,
    #[handle(path, port)]
    path: String,
    #[handle(param = "room")]
    room: String,
    #[handle(param = "room")]
    channel: String,
    #[handle(param = "a", param = "b")]
    topic: String,
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

fn main() {}
