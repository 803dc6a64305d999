//! Types that no handle can fill.

use backing_services::{Adapter, ClientError, Connect, Handle};

#[derive(Adapter, Clone)]
#[adapter(schemes("a"), example = "a://localhost")]
struct Tuple(String);

#[derive(Adapter, Clone)]
#[adapter(schemes("b"), example = "b://localhost")]
struct Unit;

#[derive(Adapter, Clone)]
#[adapter(schemes("c"), example = "c://localhost")]
struct Generic<T> {
    #[handle]
    handle: Handle,
    #[handle(param = "value")]
    value: T,
}

#[derive(Adapter, Clone, Copy)]
#[adapter(schemes("d"), example = "d://localhost")]
union Union {
    port: u16,
}

#[derive(Adapter, Clone)]
enum Empty {}

impl Connect for Tuple {
    type Client = String;

    async fn connect(&self) -> Result<String, ClientError> {
        Ok(self.0.clone())
    }
}

impl Connect for Unit {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        Ok(())
    }
}

impl<T: Sync> Connect for Generic<T> {
    type Client = ();

    async fn connect(&self) -> Result<(), ClientError> {
        let _ = &self.value;
        Ok(())
    }
}

fn main() {}
