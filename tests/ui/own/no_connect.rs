//! The app does not say how to connect.

use backing_services::{Adapter, BackingServices, Handle, Secret};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://:token@localhost")]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(password)]
    token: Secret,
    #[handle(host)]
    host: String,
}

#[derive(BackingServices)]
struct Services {
    chat: Chat,
    other: Option<Chat>,
}

#[tokio::main]
async fn main() -> Result<(), backing_services::Error> {
    let services = Services::from_env()?;
    println!("{} {}", services.chat.host, services.chat.token.expose());
    services.connect().await?.chat.send("hello").await;
    services.connect_other().await?.send("hello").await;
    Ok(())
}
