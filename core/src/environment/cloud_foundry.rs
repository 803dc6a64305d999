//! Cloud Foundry: `VCAP_SERVICES` holds JSON, or `VCAP_SERVICES_FILE_PATH` names a file that does.
//!
//! <https://docs.cloudfoundry.org/devguide/deploy-apps/environment-variable.html#VCAP-SERVICES>

#[cfg(feature = "json")]
mod services;

use std::borrow::Cow;
use std::path::Path;

use super::bindings::{Bindings, Bound};
use super::value_file::{self, Trouble};
use super::{Environment, Origin, Unreadable};

const VARIABLE: &str = "VCAP_SERVICES";
const FILE: &str = "VCAP_SERVICES_FILE_PATH";

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
    match services(&json) {
        Ok(all) => bindings.all = all,
        Err((wrong, help)) => broken.push(Unreadable::at(origin, wrong, help)),
    }
    bindings
}

#[cfg(feature = "json")]
fn services(json: &str) -> Result<Vec<Bound>, (String, &'static str)> {
    services::read(json).map_err(|wrong| (wrong, services::SHAPE))
}

#[cfg(not(feature = "json"))]
use unread as services;

/// Without JSON. An app without a bound service has an empty object, which takes no parser.
#[cfg(any(test, not(feature = "json")))]
fn unread(json: &str) -> Result<Vec<Bound>, (String, &'static str)> {
    if json.chars().filter(|it| !it.is_whitespace()).eq("{}".chars()) {
        return Ok(Vec::new());
    }
    Err((
        "lists services, and this app is built without JSON".to_owned(),
        "build it with the feature `json` of `backing-services`",
    ))
}

fn json(environment: &Environment) -> Result<Option<(Cow<'_, str>, Origin)>, Unreadable> {
    match (environment.find(VARIABLE), environment.find(FILE)) {
        (Some(_), Some(_)) => {
            Err(Unreadable::conflict(VARIABLE, FILE, "only one can list the services"))
        }
        (Some((layer, entry)), None) => {
            let found = layer.found(VARIABLE.into(), entry)?;
            Ok(Some((found.value, found.origin)))
        }
        (None, Some((layer, entry))) => {
            let origin = layer.origin(FILE.into(), entry);
            let help = "set it to the path of the JSON file of bound services";
            match value_file::read(Path::new(layer.raw(FILE, entry)?)) {
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

#[cfg(test)]
mod tests {
    use super::unread;

    #[test]
    fn without_json_services_are_refused_and_none_is_none() {
        assert!(unread(" {\n} ").is_ok_and(|all| all.is_empty()));
        let refused = unread("{\"mysql\": [{\"name\": \"db\"}]}").err();
        assert!(refused.is_some_and(|(_, help)| help.contains("the feature `json`")));
    }
}
