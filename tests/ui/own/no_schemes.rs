//! An adapter that does not say which handles it takes.

use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(example = "chat://localhost")]
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

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    services.connect().await?.chat.len();
    Ok(())
}
