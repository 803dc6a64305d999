//! Events of `tracing` as JSON objects.

use std::fmt::{self, Debug};

use serde::Serialize;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::{LookupSpan, Scope};

use super::client::LogglyClient;
use crate::adapters::background;

/// A layer that sends the events of `tracing` to Loggly; [`LogglyClient::layer`] makes one.
///
/// An event becomes one JSON object. `spans` are those it happened in, the outermost first, with
/// their fields:
///
/// ```json
/// {"timestamp":"2026-11-24T15:28:00.123456Z","level":"INFO","target":"shop::orders",
///  "message":"sold","fields":{"order":1005},
///  "spans":[{"name":"request","fields":{"path":"/buy"}}]}
/// ```
///
/// It never waits, as [`LogglyClient::send`]. What the client's own thread logs while it sends is
/// left out: it would be sent, and logged, for ever.
#[derive(Debug)]
pub struct LogglyLayer {
    client: LogglyClient,
}

impl LogglyClient {
    /// A layer that sends the events of `tracing`.
    ///
    /// ```no_run
    /// # use backing_services::adapters::loggly::LogglyClient;
    /// use tracing_subscriber::layer::SubscriberExt;
    ///
    /// # fn f(logs: &LogglyClient) -> Result<(), tracing::dispatcher::SetGlobalDefaultError> {
    /// let subscriber = tracing_subscriber::registry().with(logs.layer());
    /// tracing::subscriber::set_global_default(subscriber)
    /// # }
    /// ```
    pub fn layer(&self) -> LogglyLayer {
        LogglyLayer { client: self.clone() }
    }
}

/// The fields of a span, kept by its registry.
struct SpanFields(Map<String, Value>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for LogglyLayer {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if background::is_this_thread() {
            return;
        }
        let mut fields = SpanFields(Map::new());
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        // The value's own code runs before the lock on the span is taken.
        let mut recorded = SpanFields(Map::new());
        values.record(&mut recorded);
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<SpanFields>()
        {
            fields.0.extend(recorded.0);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !background::is_this_thread() {
            self.client.send_written(|line| write(line, event, &context).is_some());
        }
    }
}

fn write<S>(line: &mut Vec<u8>, event: &Event<'_>, context: &Context<'_, S>) -> Option<()>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let metadata = event.metadata();
    line.extend_from_slice(b"{\"timestamp\":\"");
    SystemTime.format_time(&mut Writer::new(&mut Ascii(line))).ok()?;
    line.extend_from_slice(b"\",\"level\":\"");
    line.extend_from_slice(metadata.level().as_str().as_bytes());
    line.extend_from_slice(b"\",\"target\":");
    put(line, metadata.target())?;

    let mut fields = Fields { line, put_message: true, first: true, failed: false };
    event.record(&mut fields);
    fields.line.extend_from_slice(b",\"fields\":{");
    fields.put_message = false;
    event.record(&mut fields);
    if fields.failed {
        return None;
    }
    line.extend_from_slice(b"},\"spans\":[");
    let mut first = true;
    for span in context.event_scope(event).into_iter().flat_map(Scope::from_root) {
        line.extend_from_slice(if first { b"{\"name\":" } else { b",{\"name\":" });
        first = false;
        put(line, span.name())?;
        if let Some(SpanFields(fields)) = span.extensions().get::<SpanFields>() {
            line.extend_from_slice(b",\"fields\":");
            put(line, fields)?;
        }
        line.push(b'}');
    }
    line.extend_from_slice(b"]}");
    Some(())
}

fn put(line: &mut Vec<u8>, value: &(impl Serialize + ?Sized)) -> Option<()> {
    serde_json::to_writer(line, value).ok()
}

const MESSAGE: &str = "message";

/// Writes the message alone, or all but the message.
struct Fields<'a> {
    line: &'a mut Vec<u8>,
    put_message: bool,
    first: bool,
    failed: bool,
}

impl Fields<'_> {
    fn put(&mut self, field: &Field, value: &(impl Serialize + ?Sized)) {
        let is_message = field.name() == MESSAGE;
        if is_message != self.put_message {
            return;
        }
        if is_message || !std::mem::take(&mut self.first) {
            self.line.push(b',');
        }
        let name = put(self.line, field.name());
        self.line.push(b':');
        let written = name.and_then(|()| put(self.line, value));
        self.failed |= written.is_none();
    }

    fn concerns(&self, field: &Field) -> bool {
        (field.name() == MESSAGE) == self.put_message
    }
}

macro_rules! values {
    ($($name:ident $type:ty),* $(,)?) => {$(
        fn $name(&mut self, field: &Field, value: $type) {
            self.put(field, &value);
        }
    )*};
}

impl Visit for Fields<'_> {
    values! {
        record_f64 f64, record_i64 i64, record_u64 u64, record_i128 i128, record_u128 u128,
        record_bool bool, record_str &str,
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        // Twice visited, but written out once.
        if self.concerns(field) {
            self.put(field, &Shown(value));
        }
    }
}

impl Visit for SpanFields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }
}

/// A value's `Debug` text as a JSON string, without a text in between.
struct Shown<'a>(&'a dyn Debug);

impl Serialize for Shown<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{:?}", self.0))
    }
}

/// Text that needs no escapes.
struct Ascii<'a>(&'a mut Vec<u8>);

impl fmt::Write for Ascii<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
