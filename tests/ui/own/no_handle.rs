//! An adapter that does not keep its handle.

use backing_services::{Adapter, BackingServices, ClientError, Connect};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost")]
struct Chat {
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
    Services::from_env()?.connect().await?.chat.len();
    Ok(())
}
