//! The services in the JSON of `VCAP_SERVICES`.

use serde_json::{Map, Value};

use super::super::Origin;
use super::super::bindings::Bound;

/// What the text is to be.
pub(super) const SHAPE: &str =
    "expected an object of lists: { \"label\": [ { \"name\": .., \"credentials\": { .. } } ] }";

/// All of them, or what is wrong with the text as a whole.
pub(super) fn read(json: &str) -> Result<Vec<Bound>, String> {
    // The parser's text may repeat what it has read, so only the place is shown.
    match serde_json::from_str::<Value>(json) {
        Ok(Value::Object(services)) => {
            let all = services.iter().flat_map(|(label, list)| {
                let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
                list.iter().filter_map(move |service| bound(label, service))
            });
            Ok(all.collect())
        }
        Ok(_) => Err("has the wrong shape".to_owned()),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            Err(format!(
                "is not JSON: it breaks off or is malformed at line {line}, column {column}"
            ))
        }
    }
}

/// One service. What is wrong with it is a problem of the field that takes it, and of nobody else.
fn bound(label: &str, service: &Value) -> Option<Bound> {
    let service = service.as_object()?;
    let names: Vec<String> = ["binding_name", "name", "instance_name"]
        .iter()
        .filter_map(|key| service.get(*key)?.as_str())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let name = names.first()?;
    let tags = service.get("tags").and_then(Value::as_array).map(Vec::as_slice);
    let tags = tags.unwrap_or_default().iter().filter_map(Value::as_str).map(str::to_owned);
    let wrong: Option<(String, String)> = match service.get("credentials") {
        Some(Value::Object(_)) => None,
        _ => Some((
            format!("has the wrong shape: the service `{name}` has no `credentials`"),
            SHAPE.to_owned(),
        )),
    };
    let empty = Map::new();
    let credentials = service.get("credentials").and_then(Value::as_object).unwrap_or(&empty);
    Some(Bound {
        origin: Origin::CloudFoundry { service: name.as_str().into() },
        kinds: std::iter::once(label.to_owned()).chain(tags).collect(),
        handles: handles(credentials),
        entries: entries(credentials),
        names,
        certificates: None,
        wrong,
    })
}

/// Whole handles: `uri`, `url`, the `uris` as one of several hosts, and those of nested protocols.
fn handles(credentials: &Map<String, Value>) -> Vec<String> {
    let text = |map: &Map<String, Value>, key: &str| {
        map.get(key).and_then(Value::as_str).filter(|it| !it.is_empty()).map(str::to_owned)
    };
    let list = |map: &Map<String, Value>| {
        let list: Vec<&str> =
            map.get("uris")?.as_array()?.iter().filter_map(Value::as_str).collect();
        (!list.is_empty()).then(|| list.join(","))
    };
    let mut handles: Vec<String> =
        ["uri", "url"].into_iter().filter_map(|key| text(credentials, key)).collect();
    if handles.is_empty() {
        handles.extend(list(credentials));
    }
    let protocols = credentials.get("protocols").and_then(Value::as_object);
    let nested = protocols.into_iter().flat_map(Map::values).filter_map(Value::as_object);
    handles.extend(nested.filter_map(|map| text(map, "uri").or_else(|| list(map))));
    handles
}

/// The credentials that are plain values, without whole handles.
fn entries(credentials: &Map<String, Value>) -> Vec<(String, String)> {
    let entry = |(name, value): (&String, &Value)| {
        let text = match value {
            Value::String(text) if !text.is_empty() => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            _ => return None,
        };
        (!matches!(name.as_str(), "uri" | "url")).then(|| (name.clone(), text))
    };
    credentials.iter().filter_map(entry).collect()
}
