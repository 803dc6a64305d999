//! An optional resource: attached while its variable is set, detached while it is absent or empty.
//!
//! ```sh
//! cargo run -p examples --example optional --features memcached
//! CACHE_URL=memcached://localhost cargo run -p examples --example optional --features memcached
//! ```

use std::error::Error;
use std::time::Duration;

use backing_services::{BackingServices, Memcached};

/// A page that is faster with a cache and works without one.
#[derive(BackingServices)]
struct Services {
    /// Rendered pages.
    cache: Option<Memcached>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clients = Services::from_env()?.connect().await?;
    let Some(cache) = clients.cache else {
        println!("no cache is attached: {}", render());
        return Ok(());
    };
    if let Some(page) = cache.get("page").await? {
        println!("from the cache: {:?}", String::from_utf8_lossy(&page));
    } else {
        let page = render();
        cache.set("page", &page, Some(Duration::from_mins(1))).await?;
        println!("into the cache: {page}");
    }
    Ok(())
}

fn render() -> String {
    "<h1>Welcome</h1>".to_owned()
}
