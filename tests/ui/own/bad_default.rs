//! Defaults of another type than the field's, and where there can be none.

use std::time::Duration;

use backing_services::{Adapter, ClientError, Connect, Handle, Word};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat://localhost")]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host, default = "localhost")]
    host: String,
    #[handle(default = "1")]
    nothing: String,
    #[handle(param = "room", default = "lobby")]
    room: Option<String>,
}

#[derive(Adapter, Clone)]
#[adapter(schemes("talk"), example = "talk://localhost")]
struct Talk {
    #[handle]
    handle: Handle,
    #[handle(param = "connect_timeout", default = "5")]
    connect_timeout: Duration,
    #[handle(param = "retries", default = "many")]
    retries: u8,
    #[handle(param = "mode", default = "fats")]
    mode: Mode,
}

#[derive(Word, Clone, Copy)]
enum Mode {
    Fast,
    Safe,
}

impl Connect for Chat {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.host.clone())
    }
}

impl Connect for Talk {
    type Client = (Duration, Mode);

    async fn connect(&self) -> Result<(Duration, Mode), ClientError> {
        Ok((self.connect_timeout, self.mode))
    }
}

fn main() {}
