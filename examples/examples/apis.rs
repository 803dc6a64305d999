//! APIs of third parties: credentials, time limits and retries are those of the handle. Each is
//! detached until its variable is set.
//!
//! ```sh
//! GITHUB_URL='https://:TOKEN@api.github.com?ping=rate_limit' \
//! TWITTER_URL=https://:BEARER_TOKEN@api.x.com/2 \
//! MAPS_URL=https://:API_KEY@maps.googleapis.com/maps/api \
//! LASTFM_URL='https://API_KEY:SHARED_SECRET@ws.audioscrobbler.com/2.0/?user_agent=shop/1.0' \
//!     cargo run -p examples --example apis --features apis
//! ```

use std::error::Error;

use backing_services::{BackingServices, GoogleMaps, HttpApi, LastFm, Twitter};
use serde_json::Value;

/// Whom the shop asks.
#[derive(BackingServices)]
struct Services {
    /// Any other API is a field of this type.
    github: Option<HttpApi>,
    twitter: Option<Twitter>,
    maps: Option<GoogleMaps>,
    lastfm: Option<LastFm>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clients = Services::from_env()?.connect().await?;

    if let Some(github) = clients.github {
        let project: Value = github.get("repos/rust-lang/rust").send().await?.json().await?;
        println!("GitHub: {} stars", project["stargazers_count"]);
    } else {
        println!("GitHub is detached");
    }

    if let Some(twitter) = clients.twitter {
        let search = twitter.get("tweets/search/recent").query(&[("query", "from:rustlang")]);
        println!("Twitter: {}", search.send().await?.json::<Value>().await?["data"][0]["text"]);
    } else {
        println!("Twitter is detached");
    }

    if let Some(maps) = clients.maps {
        let address = [("address", "Straße 1, Köln")];
        let places: Value = maps.get("geocode/json").query(&address).send().await?.json().await?;
        println!("Google Maps: {}", places["results"][0]["formatted_address"]);
    } else {
        println!("Google Maps is detached");
    }

    if let Some(lastfm) = clients.lastfm {
        let info = lastfm.call("artist.getInfo").param("artist", "Sigur Rós");
        println!("Last.fm: {}", info.send::<Value>().await?["artist"]["name"]);
    } else {
        println!("Last.fm is detached");
    }
    Ok(())
}
