//! Kubernetes: what the kubelet would hand out to a container, from the files of a deploy.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{
    ConfigMap, Container, EnvFromSource, EnvVar, EnvVarSource, KeyToPath, Pod, PodSpec, Secret,
    Volume, VolumeMount,
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::taken::Taken;
use super::verdict::Usage;
use super::yaml;
use crate::environment::Dangling;

const OPTION: &str = "--kube";
const GIVE: &str = "give the file that has it to `--kube` too, or mark it `optional: true`";

/// The data of a Secret or a ConfigMap.
type Data = BTreeMap<String, Vec<u8>>;

/// A Secret or a ConfigMap.
struct Object {
    kind: &'static str,
    name: String,
    namespace: Option<String>,
    data: Data,
}

/// Something that runs containers.
struct Workload {
    kind: String,
    name: String,
    namespace: Option<String>,
    pod: PodSpec,
    file: PathBuf,
}

/// What the files hold.
#[derive(Default)]
struct Files {
    objects: Vec<Object>,
    workloads: Vec<Workload>,
}

/// What the container gets of the files' workload; of files without one, every key of every Secret
/// and ConfigMap.
pub(super) fn environment(paths: &[PathBuf], container: Option<&str>) -> Result<Taken, Usage> {
    let mut files = Files::default();
    for path in paths {
        for document in yaml::documents(OPTION, path)? {
            files.add(path, document)?;
        }
    }
    let mut taken = Taken::default();
    let Some((workload, container)) = files.container(container)? else {
        for Object { kind, name, data, .. } in &files.objects {
            for (key, value) in data.iter().filter(|(key, _)| is_variable(key)) {
                taken.environment.set(key, text(value), Some(&format!("{kind} {name}")));
            }
        }
        return Ok(taken);
    };
    let place = workload.place();
    Kubelet { files: &files, workload, place, taken: &mut taken }.start(container)?;
    Ok(taken)
}

impl Files {
    fn add(&mut self, path: &Path, document: Value) -> Result<(), Usage> {
        let text = |key: &str| document.get(key).and_then(Value::as_str).unwrap_or_default();
        let kind = text("kind").to_owned();
        match kind.as_str() {
            "List" | "SecretList" | "ConfigMapList" | "DeploymentList" => {
                if let Value::Object(mut list) = document
                    && let Some(Value::Array(items)) = list.remove("items")
                {
                    items.into_iter().try_for_each(|item| self.add(path, item))?;
                }
            }
            "Secret" => {
                let secret: Secret = typed(path, document)?;
                let mut data: Data = BTreeMap::new();
                data.extend(secret.data.into_iter().flatten().map(|(key, it)| (key, it.0)));
                let strings = secret.string_data.into_iter().flatten();
                data.extend(strings.map(|(key, text)| (key, text.into_bytes())));
                let (name, namespace) = (secret.metadata.name, secret.metadata.namespace);
                self.objects.push(Object::new("Secret", name, namespace, data));
            }
            "ConfigMap" => {
                let map: ConfigMap = typed(path, document)?;
                let strings = map.data.into_iter().flatten();
                let mut data: Data = strings.map(|(key, text)| (key, text.into_bytes())).collect();
                data.extend(map.binary_data.into_iter().flatten().map(|(key, it)| (key, it.0)));
                let (name, namespace) = (map.metadata.name, map.metadata.namespace);
                self.objects.push(Object::new("ConfigMap", name, namespace, data));
            }
            "Pod" => {
                let it: Pod = typed(path, document)?;
                self.run(path, kind, it.metadata.name, it.metadata.namespace, it.spec);
            }
            "Deployment" => {
                let it: Deployment = typed(path, document)?;
                let pod = it.spec.and_then(|spec| spec.template.spec);
                self.run(path, kind, it.metadata.name, it.metadata.namespace, pod);
            }
            "ReplicaSet" => {
                let it: ReplicaSet = typed(path, document)?;
                let pod = it.spec.and_then(|spec| spec.template).and_then(|it| it.spec);
                self.run(path, kind, it.metadata.name, it.metadata.namespace, pod);
            }
            "StatefulSet" => {
                let it: StatefulSet = typed(path, document)?;
                let pod = it.spec.and_then(|spec| spec.template.spec);
                self.run(path, kind, it.metadata.name, it.metadata.namespace, pod);
            }
            "DaemonSet" => {
                let it: DaemonSet = typed(path, document)?;
                let pod = it.spec.and_then(|spec| spec.template.spec);
                self.run(path, kind, it.metadata.name, it.metadata.namespace, pod);
            }
            "Job" => {
                let it: Job = typed(path, document)?;
                let pod = it.spec.and_then(|spec| spec.template.spec);
                self.run(path, kind, it.metadata.name, it.metadata.namespace, pod);
            }
            "CronJob" => {
                let it: CronJob = typed(path, document)?;
                let job = it.spec.and_then(|spec| spec.job_template.spec);
                let pod = job.and_then(|spec| spec.template.spec);
                self.run(path, kind, it.metadata.name, it.metadata.namespace, pod);
            }
            _ => {}
        }
        Ok(())
    }

    fn run(
        &mut self,
        file: &Path,
        kind: String,
        name: Option<String>,
        namespace: Option<String>,
        pod: Option<PodSpec>,
    ) {
        let (name, file) = (name.unwrap_or_default(), file.to_owned());
        self.workloads.extend(pod.map(|pod| Workload { kind, name, namespace, pod, file }));
    }

    /// The container of this name, or the only one. A name may have that of its workload before it:
    /// `web/app`.
    fn container(&self, wanted: Option<&str>) -> Result<Option<(&Workload, &Container)>, Usage> {
        let (of, name) = match wanted.map(|it| it.split_once('/').ok_or(it)) {
            Some(Ok((workload, name))) => (Some(workload), Some(name)),
            Some(Err(name)) => (None, Some(name)),
            None => (None, None),
        };
        let workloads = self.workloads.iter().filter(|it| of.is_none_or(|of| it.name == of));
        let mut found = Vec::new();
        for workload in workloads {
            let own = workload.pod.containers.iter();
            // Those that run before are meant only where one is named.
            let first = workload.pod.init_containers.iter().flatten();
            let first = first.filter(|_| name.is_some());
            let all = own.chain(first).filter(|it| name.is_none_or(|name| it.name == name));
            found.extend(all.map(|container| (workload, container)));
        }
        match *found.as_slice() {
            [one] => Ok(Some(one)),
            [] if self.workloads.is_empty() && wanted.is_none() => Ok(None),
            [] => Err(Usage("--container: no workload of the files has such a container".into())),
            _ => {
                let names = found
                    .iter()
                    .map(|(workload, container)| format!("{}/{}", workload.name, container.name));
                let names: Vec<_> = names.collect();
                let names = names.join(", ");
                Err(Usage(format!(
                    "the files have several containers: name one of them by `--container`: {names}"
                )))
            }
        }
    }

    /// The object of this name that a pod of this namespace sees; of several the last, as it would
    /// be applied.
    fn object(&self, kind: &str, name: &str, namespace: Option<&str>) -> Option<&Object> {
        let fits = |it: &&Object| {
            it.kind == kind
                && it.name == name
                && match (it.namespace.as_deref(), namespace) {
                    (Some(own), Some(pod)) => own == pod,
                    _ => true,
                }
        };
        self.objects.iter().rfind(fits)
    }
}

impl Object {
    fn new(
        kind: &'static str,
        name: Option<String>,
        namespace: Option<String>,
        data: Data,
    ) -> Self {
        Self { kind, name: name.unwrap_or_default(), namespace, data }
    }
}

impl Workload {
    /// "Deployment shop in deploy.yaml"
    fn place(&self) -> String {
        format!("{} {} in {}", self.kind, self.name, self.file.display())
    }
}

/// A value, or why the kubelet has none.
type Given = Result<Vec<u8>, Dangling>;

/// What the kubelet does before it starts a container.
struct Kubelet<'a> {
    files: &'a Files,
    workload: &'a Workload,
    place: String,
    taken: &'a mut Taken,
}

impl Kubelet<'_> {
    fn start(mut self, container: &Container) -> Result<(), Usage> {
        let mut variables: BTreeMap<String, Given> = BTreeMap::new();
        for from in container.env_from.iter().flatten() {
            self.all_of(from, &mut variables);
        }
        for variable in container.env.iter().flatten() {
            if let Some(given) = self.one(variable, &variables) {
                variables.insert(variable.name.clone(), given);
            }
        }
        for mount in container.volume_mounts.iter().flatten() {
            let volumes = self.workload.pod.volumes.iter().flatten();
            if let Some(volume) = volumes.clone().find(|it| it.name == mount.name) {
                self.mount(volume, mount, &variables)?;
            }
        }
        for (name, given) in variables {
            match given {
                Ok(value) => self.taken.environment.set(&name, text(&value), Some(&self.place)),
                Err(dangling) => {
                    self.taken.environment.set_dangling(&name, dangling, &self.place);
                }
            }
        }
        Ok(())
    }

    fn data(&self, kind: &str, name: &str) -> Result<&Data, Dangling> {
        let namespace = self.workload.namespace.as_deref();
        let object = self.files.object(kind, name, namespace);
        object.map(|object| &object.data).ok_or_else(|| Dangling {
            message: format!("refers to the {kind} `{name}`, which is not in the given files"),
            help: GIVE,
        })
    }

    /// What the container cannot start without.
    fn misses(&mut self, name: &str, dangling: Dangling) {
        self.taken.must.push((name.to_owned(), dangling, self.place.clone()));
    }

    /// `envFrom`: every key that is the name of a variable.
    fn all_of(&mut self, from: &EnvFromSource, variables: &mut BTreeMap<String, Given>) {
        let secret = from.secret_ref.as_ref().map(|it| ("Secret", &it.name, it.optional));
        let map = from.config_map_ref.as_ref().map(|it| ("ConfigMap", &it.name, it.optional));
        let Some((kind, name, optional)) = secret.or(map) else { return };
        match self.data(kind, name) {
            Ok(data) => {
                let prefix = from.prefix.as_deref().unwrap_or_default();
                let named = data.iter().map(|(key, value)| (format!("{prefix}{key}"), value));
                let named = named.filter(|(name, _)| is_variable(name));
                variables.extend(named.map(|(name, value)| (name, Ok(value.clone()))));
            }
            Err(_) if optional == Some(true) => {}
            Err(dangling) => self.misses("", dangling),
        }
    }

    /// One variable; none where what it refers to is optional and missing.
    fn one(&mut self, it: &EnvVar, before: &BTreeMap<String, Given>) -> Option<Given> {
        match (it.value.as_deref(), &it.value_from) {
            (None | Some(""), Some(source)) => {
                let given = self.referred(source)?;
                if let Err(dangling) = &given
                    && (source.secret_key_ref.is_some() || source.config_map_key_ref.is_some())
                {
                    self.misses(&it.name, dangling.clone());
                }
                Some(given)
            }
            (value, _) => Some(expand(value.unwrap_or_default(), before)),
        }
    }

    fn referred(&self, source: &EnvVarSource) -> Option<Given> {
        let secret = source.secret_key_ref.as_ref();
        let secret = secret.map(|it| ("Secret", &it.name, &it.key, it.optional));
        let map = source.config_map_key_ref.as_ref();
        let map = map.map(|it| ("ConfigMap", &it.name, &it.key, it.optional));
        if let Some((kind, name, key, optional)) = secret.or(map) {
            let given = self.data(kind, name).and_then(|data| {
                data.get(key).cloned().ok_or_else(|| Dangling {
                    message: no_key(kind, name, key),
                    help: "name a key that it has, or mark it `optional: true`",
                })
            });
            return if optional == Some(true) { given.ok().map(Ok) } else { Some(given) };
        }
        let field = source.field_ref.as_ref().map(|it| it.field_path.as_str());
        match (field, &self.workload.namespace) {
            (Some("metadata.namespace"), Some(namespace)) => {
                Some(Ok(namespace.clone().into_bytes()))
            }
            _ => Some(Err(Dangling {
                message: "is known to the cluster alone".to_owned(),
                help: "a check of the files cannot tell it: check in the container, or give a \
                       `value`",
            })),
        }
    }

    fn mount(
        &mut self,
        volume: &Volume,
        mount: &VolumeMount,
        variables: &BTreeMap<String, Given>,
    ) -> Result<(), Usage> {
        let files = self.files_of(volume);
        let below = match (&mount.sub_path, &mount.sub_path_expr) {
            (Some(path), _) => path.clone(),
            (None, Some(path)) => match expand(path, variables) {
                Ok(path) => String::from_utf8_lossy(&path).into_owned(),
                Err(_) => return Ok(()),
            },
            (None, None) => String::new(),
        };
        let below = below.trim_matches('/');
        for (path, content) in files {
            let rest = match path.strip_prefix(below) {
                Some(rest) if below.is_empty() || rest.is_empty() || rest.starts_with('/') => rest,
                _ => continue,
            };
            let rest = rest.trim_start_matches('/');
            let slash = if rest.is_empty() { "" } else { "/" };
            let target = format!("{}{slash}{rest}", mount.mount_path.trim_end_matches('/'));
            self.taken.mounts.add(&target, &content)?;
        }
        Ok(())
    }

    /// The files of a volume by their paths in it.
    fn files_of(&mut self, volume: &Volume) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        if let Some(it) = &volume.secret {
            let name = it.secret_name.as_deref().unwrap_or_default();
            self.project("Secret", name, it.items.as_deref(), it.optional, &mut files);
        }
        if let Some(it) = &volume.config_map {
            self.project("ConfigMap", &it.name, it.items.as_deref(), it.optional, &mut files);
        }
        let projected = volume.projected.iter().flat_map(|it| it.sources.iter().flatten());
        for source in projected {
            if let Some(it) = &source.secret {
                self.project("Secret", &it.name, it.items.as_deref(), it.optional, &mut files);
            }
            if let Some(it) = &source.config_map {
                self.project("ConfigMap", &it.name, it.items.as_deref(), it.optional, &mut files);
            }
        }
        files
    }

    fn project(
        &mut self,
        kind: &str,
        name: &str,
        items: Option<&[KeyToPath]>,
        optional: Option<bool>,
        files: &mut BTreeMap<String, Vec<u8>>,
    ) {
        let is_optional = optional == Some(true);
        let data = match self.data(kind, name) {
            Ok(data) => data.clone(),
            Err(_) if is_optional => return,
            Err(dangling) => {
                let message = format!("a volume {}", dangling.message);
                return self.misses("", Dangling { message, ..dangling });
            }
        };
        let Some(items) = items.filter(|items| !items.is_empty()) else {
            files.extend(data);
            return;
        };
        for KeyToPath { key, path, .. } in items {
            match data.get(key) {
                Some(value) => {
                    files.insert(path.trim_matches('/').to_owned(), value.clone());
                }
                None if is_optional => {}
                None => self.misses(
                    "",
                    Dangling {
                        message: format!("a volume {}", no_key(kind, name, key)),
                        help: "name a key that it has, or mark the volume `optional: true`",
                    },
                ),
            }
        }
    }
}

fn no_key(kind: &str, name: &str, key: &str) -> String {
    format!("refers to the key `{key}` of the {kind} `{name}`, which has none of this name")
}

/// Of the type that Kubernetes gives to the kind. What is wrong with it may repeat a secret.
fn typed<T: DeserializeOwned>(path: &Path, document: Value) -> Result<T, Usage> {
    let text = |value: Option<&Value>| value.and_then(Value::as_str).unwrap_or_default().to_owned();
    let kind = text(document.get("kind"));
    let name = text(document.get("metadata").and_then(|it| it.get("name")));
    serde_json::from_value(document).map_err(|_| {
        let reason = format!(
            "the {kind} `{name}` is none that Kubernetes takes: a field has a value of another type \
             (each of `data`, `stringData` and `env` is text: put a number or `true` into quotes)"
        );
        Usage::new(OPTION, path, reason)
    })
}

/// Whether the kubelet takes it as the name of a variable.
fn is_variable(name: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-' | b'.');
    let first = name.bytes().next().is_some_and(is_letter);
    first
        && name != "."
        && !name.starts_with("..")
        && name.bytes().all(|byte| is_letter(byte) || byte.is_ascii_digit())
}

/// `$(NAME)` stands for a variable that is there before; `$$` is a `$`.
fn expand(text: &str, before: &BTreeMap<String, Given>) -> Given {
    let mut value = Vec::new();
    let mut rest = text;
    while let Some((plain, behind)) = rest.split_once('$') {
        value.extend(plain.bytes());
        rest = behind;
        if let Some(behind) = rest.strip_prefix('$') {
            value.push(b'$');
            rest = behind;
        } else if let Some((name, behind)) =
            rest.strip_prefix('(').and_then(|inside| inside.split_once(')'))
        {
            match before.get(name) {
                Some(Ok(found)) => value.extend(found),
                Some(Err(dangling)) => {
                    let message = format!("stands for `{name}`, which {}", dangling.message);
                    return Err(Dangling { message, help: dangling.help });
                }
                // One that is not there stays as it is written.
                None => value.extend(format!("$({name})").bytes()),
            }
            rest = behind;
        } else {
            value.push(b'$');
        }
    }
    value.extend(rest.bytes());
    Ok(value)
}

/// The bytes of a value as they are.
#[cfg(unix)]
fn text(value: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStringExt as _;

    OsString::from_vec(value.to_vec())
}

#[cfg(not(unix))]
fn text(value: &[u8]) -> OsString {
    String::from_utf8_lossy(value).into_owned().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_stands_for_one_before() {
        let mut before = BTreeMap::new();
        before.insert("USER".to_owned(), Ok(b"shop".to_vec()));
        let shown = |text: &str| String::from_utf8(expand(text, &before).unwrap()).unwrap();
        assert_eq!(shown("mysql://$(USER)@db"), "mysql://shop@db");
        assert_eq!(shown("$$(USER) $(NOBODY) $USER $( 5$"), "$(USER) $(NOBODY) $USER $( 5$");
    }

    #[test]
    fn names_that_the_kubelet_takes() {
        assert!(is_variable("DB_URL") && is_variable("a.b-c"));
        assert!(!is_variable("1A") && !is_variable("a b") && !is_variable("") && !is_variable("."));
    }
}
