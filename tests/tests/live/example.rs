//! The compiled examples, as a deploy runs them: what differs is the environment.

use std::fmt::Debug;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use backing_services_conformance::{Server, Subject};
use rustix::process::{Pid, Signal, kill_process};

/// An example with an empty environment. Cargo builds the examples before it runs the tests of a
/// workspace.
pub(crate) fn command(name: &str) -> Command {
    let mut path: PathBuf = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(name);
    assert!(
        path.exists(),
        "the example {name} is not built: run tests/run.sh, or `cargo build --examples`"
    );
    let mut command = Command::new(path);
    command.env_clear();
    command
}

/// Which file an example is: after a build it is another.
pub(crate) fn built(name: &str) -> impl PartialEq + Debug + use<> {
    let file = std::fs::metadata(command(name).get_program()).unwrap();
    (file.dev(), file.ino(), file.size(), file.mtime(), file.mtime_nsec())
}

/// What an example that succeeded has said.
pub(crate) fn stdout(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What a deploy sets to attach a server of the harness.
pub(crate) fn url<S: Subject>(scheme: &str, server: &S::Server) -> String {
    let handle = S::at(S::handle(scheme), "localhost", Some(server.port()));
    handle.build().unwrap().expose_url().to_owned()
}

/// An example that serves until it is told to end. Dropping it ends it at once.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it; returns when it says that it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{command:?} says: {line}");
        Self(child)
    }

    /// Ends it in order, as a platform does.
    pub(crate) fn stop(mut self) {
        kill_process(Pid::from_child(&self.0), Signal::TERM).unwrap();
        let status = self.0.wait().unwrap();
        assert!(status.success(), "it ended with {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // After `stop` there is nothing left to end.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
