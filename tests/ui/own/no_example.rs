//! An adapter that shows no handle.

use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"))]
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

#[derive(BackingServices)]
struct Services {
    #[service(default = "chat://localhost")]
    chat: Chat,
}

fn main() {
    let _ = Services::from_env();
}
