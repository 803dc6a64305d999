//! Fields of types that their part of the handle cannot fill.

use backing_services::{Adapter, BackingServices, ClientError, Connect};

struct Opaque;

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost", port = 7000)]
struct Chat {
    #[handle]
    handle: String,
    #[handle(username)]
    user: u64,
    #[handle(password)]
    password: String,
    #[handle(host)]
    hosts: Vec<String>,
    #[handle(port)]
    port: i32,
    #[handle(path)]
    path: std::path::PathBuf,
    #[handle(param = "mode")]
    mode: Opaque,
    #[handle(param = "connect_timeout")]
    connect_timeout: u64,
}

impl Clone for Opaque {
    fn clone(&self) -> Self {
        Self
    }
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.password.clone())
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
