//! Values of another form than the key takes.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schemes = "chat", example("chat://localhost"), port = "443", name = Chat, debug = true)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host = "localhost")]
    host: String,
    #[handle(param("room"))]
    room: String,
}

#[derive(Adapter, Clone)]
#[adapter(schemes(talk), example = "talk://localhost", port = 70000, name = "")]
struct Talk {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: String,
}

#[derive(Adapter, Clone)]
#[adapter(schemes(), example = "call://localhost")]
struct Call {
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

impl Connect for Talk {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

impl Connect for Call {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

fn main() {}
