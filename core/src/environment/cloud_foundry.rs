//! Cloud Foundry: `VCAP_SERVICES` holds JSON, or `VCAP_SERVICES_FILE_PATH` names a file that does.
//!
//! <https://docs.cloudfoundry.org/devguide/deploy-apps/environment-variable.html#VCAP-SERVICES>

use std::borrow::Cow;
use std::path::Path;

use serde_json::{Map, Value};

use super::layer::View;
use super::offer::{Offer, Offers};
use super::text::{self, Trouble};
use super::{Origin, Unreadable};

pub(super) const VARIABLE: &str = "VCAP_SERVICES";
pub(super) const FILE: &str = "VCAP_SERVICES_FILE_PATH";

pub(super) fn read(view: &View<'_>, broken: &mut Vec<Unreadable>) -> Offers {
    let mut offers = Offers { noun: "service", offers: Vec::new() };
    let (json, origin) = match json(view) {
        Ok(Some(found)) => found,
        Ok(None) => return offers,
        Err(unreadable) => {
            broken.push(unreadable);
            return offers;
        }
    };
    let mut report = |message: String, help: &str| {
        broken.push(Unreadable::at(origin.clone(), message, help));
    };
    let shape =
        "expected an object of lists: { \"label\": [ { \"name\": .., \"credentials\": { .. } } ] }";
    // Its text may repeat what it has read, so only the place is told.
    let services = match serde_json::from_str::<Value>(&json) {
        Ok(Value::Object(services)) => services,
        Ok(_) => {
            report("has the wrong shape".to_owned(), shape);
            return offers;
        }
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            report(format!("is not JSON: it breaks off or is malformed at {place}"), shape);
            return offers;
        }
    };
    for (label, list) in services {
        let Value::Array(list) = list else {
            report(format!("has the wrong shape: `{label}` is no list"), shape);
            continue;
        };
        for service in list {
            match offer(&label, &service) {
                Ok(offer) => offers.offers.push(offer),
                Err(message) => report(message, shape),
            }
        }
    }
    offers
}

fn json<'e>(view: &View<'e>) -> Result<Option<(Cow<'e, str>, Origin)>, Unreadable> {
    match (view.get_any(VARIABLE), view.get_any(FILE)) {
        (Some(_), Some(_)) => {
            Err(Unreadable::conflict(VARIABLE, FILE, "only one can list the services"))
        }
        (Some((layer, entry)), None) => {
            let found = layer.found(VARIABLE, entry)?;
            Ok(Some((found.value, found.origin)))
        }
        (None, Some((layer, entry))) => {
            let path = Path::new(layer.raw(FILE, entry)?);
            let origin = layer.origin(FILE, entry);
            let unreadable = |message: String| {
                let help = "set it to the path of the JSON file of bound services";
                Unreadable::at(origin.clone(), message, help)
            };
            match text::read(path) {
                Ok(text) => Ok(Some((text.into(), origin))),
                Err(Trouble::Unreadable(reason)) => {
                    Err(unreadable(format!("the file that it names cannot be read: {reason}")))
                }
                Err(Trouble::NotUtf8) => {
                    Err(unreadable("the file that it names is not UTF-8".to_owned()))
                }
            }
        }
        (None, None) => Ok(None),
    }
}

fn offer(label: &str, service: &Value) -> Result<Offer, String> {
    let wrong = |what: &str| format!("has the wrong shape: a service of `{label}` {what}");
    let Value::Object(service) = service else { return Err(wrong("is no object")) };
    let names: Vec<String> = ["binding_name", "name", "instance_name"]
        .iter()
        .filter_map(|key| service.get(*key)?.as_str())
        .filter(|name| !name.is_empty())
        .map(str::to_owned)
        .collect();
    let Some(name) = names.first() else { return Err(wrong("has no name")) };
    let Some(Value::Object(credentials)) = service.get("credentials") else {
        return Err(format!("has the wrong shape: the service `{name}` has no `credentials`"));
    };
    let tags = match service.get("tags") {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(tags)) => {
            tags.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        Some(_) => {
            return Err(format!("has the wrong shape: the `tags` of the service `{name}`"));
        }
    };
    Ok(Offer {
        origin: Origin::CloudFoundry { service: name.as_str().into() },
        kinds: std::iter::once(label.to_owned()).chain(tags).collect(),
        entries: entries(credentials),
        names,
        authorities: None,
        must_be_wanted: false,
        broken: None,
    })
}

/// The credentials that are plain values, and several `uris` as one handle of several hosts.
fn entries(credentials: &Map<String, Value>) -> Vec<(String, String)> {
    let mut entries: Vec<(String, String)> = credentials
        .iter()
        .filter_map(|(name, value)| {
            let text = match value {
                Value::String(text) if !text.is_empty() => text.clone(),
                Value::Number(number) => number.to_string(),
                _ => return None,
            };
            Some((name.to_ascii_lowercase(), text))
        })
        .collect();
    if let Some(Value::Array(uris)) = credentials.get("uris")
        && !entries.iter().any(|(name, _)| name == "uri" || name == "url")
    {
        let uris: Vec<&str> = uris.iter().filter_map(Value::as_str).collect();
        entries.extend(uris.first().map(|uri| ("uri".to_owned(), (*uri).to_owned())));
    }
    entries
}
