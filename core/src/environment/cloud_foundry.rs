//! Cloud Foundry: `VCAP_SERVICES` holds JSON, or `VCAP_SERVICES_FILE_PATH` names a file that does.
//!
//! <https://docs.cloudfoundry.org/devguide/deploy-apps/environment-variable.html#VCAP-SERVICES>

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Map, Value};

use super::bindings::{Bindings, Bound};
use super::text::{self, Trouble};
use super::{Environment, Origin, Unreadable};

const VARIABLE: &str = "VCAP_SERVICES";
const FILE: &str = "VCAP_SERVICES_FILE_PATH";
const SHAPE: &str =
    "expected an object of lists: { \"label\": [ { \"name\": .., \"credentials\": { .. } } ] }";

/// What is no word of any service.
const OWN: &[&str] = &[
    "jdbcUrl",
    "jdbc_url",
    "jdbc_uri",
    "uri",
    "url",
    "uris",
    "type",
    "provider",
    "label",
    "plan",
    "instance_name",
    "instance_id",
    "dashboard_url",
    "http_api_uri",
    "tls_port",
    "sentinel_port",
    "local_hostname",
    "max_conns",
    "admin_username",
    "admin_password",
    "read_only_username",
    "read_only_password",
    "service_gateway_enabled",
    "service_gateway_access_port",
    "db_type",
    "service_gateway_access_url",
    "tls_ca",
    "certificate_authority",
];

pub(super) fn read(environment: &Environment, broken: &mut Vec<Unreadable>) -> Bindings {
    let mut bindings = Bindings {
        noun: "service",
        own: OWN,
        kinds_go_on: true,
        schemes_tell: true,
        all: Vec::new(),
    };
    let (json, origin) = match json(environment) {
        Ok(Some(found)) => found,
        Ok(None) => return bindings,
        Err(unreadable) => {
            broken.push(unreadable);
            return bindings;
        }
    };
    // The parser's text may repeat what it has read, so only the place is shown.
    let wrong = match serde_json::from_str::<Value>(&json) {
        Ok(Value::Object(services)) => {
            for (label, list) in services {
                let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
                bindings.all.extend(list.iter().filter_map(|service| bound(&label, service)));
            }
            return bindings;
        }
        Ok(_) => "has the wrong shape".to_owned(),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            format!("is not JSON: it breaks off or is malformed at line {line}, column {column}")
        }
    };
    broken.push(Unreadable::at(origin, wrong, SHAPE));
    bindings
}

fn json(environment: &Environment) -> Result<Option<(Cow<'_, str>, Origin)>, Unreadable> {
    let find = |name: &str| {
        let mut layers = environment.layers.iter();
        layers.find_map(|layer| Some((layer, layer.get(name)?)))
    };
    match (find(VARIABLE), find(FILE)) {
        (Some(_), Some(_)) => {
            Err(Unreadable::conflict(VARIABLE, FILE, "only one can list the services"))
        }
        (Some((layer, entry)), None) => {
            let found = layer.found(VARIABLE, entry)?;
            Ok(Some((found.value, found.origin)))
        }
        (None, Some((layer, entry))) => {
            let origin = layer.origin(FILE, entry);
            let help = "set it to the path of the JSON file of bound services";
            match text::read(Path::new(layer.raw(FILE, entry)?)) {
                Ok(text) => Ok(Some((text.into(), origin))),
                Err(Trouble::Unreadable(reason)) => {
                    let message = format!("the file that it names cannot be read: {reason}");
                    Err(Unreadable::at(origin, message, help))
                }
                Err(Trouble::NotUtf8) => {
                    Err(Unreadable::at(origin, "the file that it names is not UTF-8", help))
                }
            }
        }
        (None, None) => Ok(None),
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
