//! An adapter whose `connect` cannot move between threads.

use std::rc::Rc;

use backing_services::{Adapter, BackingServices, ClientError, Handle, HandleError};

#[derive(Clone)]
struct Chat;

impl Adapter for Chat {
    const NAME: &'static str = "chat";
    const SCHEMES: &'static [&'static str] = &["chat"];
    const EXAMPLE: &'static str = "chat://localhost";
    type Client = ();

    fn from_handle(_: &Handle) -> Result<Self, HandleError> {
        Ok(Self)
    }

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
