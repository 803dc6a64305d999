//! Misspelt keys.

use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schema("chat"), exampel = "chat://localhost", timeout = 5)]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(hots)]
    host: String,
    #[handle(parm = "room")]
    room: String,
    #[handle(query)]
    query: String,
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(format!("{}{}{}", self.host, self.room, self.query))
    }
}

#[derive(BackingServices)]
struct Services {
    chat: Chat,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Services::from_env()?.connect().await?.chat.len();
    Ok(())
}
