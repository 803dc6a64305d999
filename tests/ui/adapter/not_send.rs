//! An adapter whose `connect` cannot move between threads.

use std::rc::Rc;

use backing_services::{
    Adapter, BackingServices, ClientError, Connect, Grammar, Handle, HandleError, Scheme,
};

#[derive(Clone)]
struct Chat(Handle);

impl Adapter for Chat {
    const GRAMMAR: &'static Grammar =
        &Grammar::new("Chat", &[Scheme::new("chat")], "chat://localhost");

    fn from_handle(handle: &Handle) -> Result<Self, HandleError> {
        Ok(Self(handle.clone()))
    }

    fn handle(&self) -> &Handle {
        &self.0
    }
}

impl Connect for Chat {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        let room = Rc::new(1);
        Self::ping(&()).await?;
        drop(room);
        Ok(())
    }

    async fn ping(_: &()) -> Result<(), ClientError> {
        Ok(())
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
