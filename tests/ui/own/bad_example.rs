//! Examples that do not parse, or are of another service.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schemes("chat"), example = "chat.example:7000")]
struct Chat {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: String,
}

#[derive(Adapter, Clone)]
#[adapter(schemes("talk", "talks"), example = "chat://talk.example")]
struct Talk {
    #[handle]
    handle: Handle,
    #[handle(host)]
    host: String,
}

#[derive(Adapter, Clone)]
#[adapter(schemes("call"), example = "call://user:pa#ss@call.example")]
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
