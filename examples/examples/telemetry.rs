//! Metrics and traces to New Relic, logs to Loggly. Each is detached until its variable is set; the
//! code that records does not know.
//!
//! ```sh
//! NEW_RELIC_URL='newrelic://LICENSE_KEY@otlp.nr-data.net?service_name=shop' \
//! LOGS_URL='loggly://TOKEN@logs-01.loggly.com?tag=shop' \
//!     cargo run -p examples --example telemetry --features telemetry
//! ```

use std::error::Error;

use backing_services::adapters::loggly::LogglyClient;
use backing_services::{BackingServices, Connect as _, Loggly, NewRelic};
use opentelemetry::trace::Tracer;
use opentelemetry::{KeyValue, global};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Where the shop tells how it is doing.
#[derive(BackingServices)]
struct Services {
    new_relic: Option<NewRelic>,
    logs: Option<Loggly>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let clients = Services::from_env()?.connect().await?;

    // Without New Relic the global providers are those of OpenTelemetry that record nothing.
    if let Some(new_relic) = &clients.new_relic {
        global::set_tracer_provider(new_relic.tracer_provider.clone());
        global::set_meter_provider(new_relic.meter_provider.clone());
    }
    // Without Loggly the layer is none, and events are printed alone.
    tracing_subscriber::registry()
        .with(LevelFilter::INFO)
        .with(clients.logs.as_ref().map(LogglyClient::layer))
        .with(tracing_subscriber::fmt::layer().without_time())
        .init();

    sell("an analytical engine");

    // Both send in batches, in the background: what is on its way goes out before the process ends.
    if let Some(new_relic) = clients.new_relic {
        NewRelic::close(new_relic).await;
        println!("New Relic has everything");
    }
    if let Some(logs) = clients.logs {
        let kept = logs.clone();
        Loggly::close(logs).await;
        println!("Loggly has everything but {} events", kept.dropped());
    }
    Ok(())
}

fn sell(item: &str) {
    let orders = global::meter("shop").u64_counter("orders").build();
    global::tracer("shop").in_span("sell", |_| {
        let _request = tracing::info_span!("request", path = "/buy").entered();
        orders.add(1, &[KeyValue::new("country", "IS")]);
        tracing::info!(item, "sold");
    });
}
