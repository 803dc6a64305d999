//! A `connect` that cannot move between threads.

use std::rc::Rc;

use backing_services::{Adapter, BackingServices, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
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
        let room = Rc::new(self.host.clone());
        std::future::ready(()).await;
        Ok(room.to_string())
    }
}

#[derive(BackingServices)]
struct Services {
    chat: Chat,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    Services::from_env()?.connect().await?;
    Ok(())
}
