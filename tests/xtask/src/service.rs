//! A program that serves, as a child process that does not outlive its parent.
//!
//! The kernel sends the child SIGTERM when its parent ends, in every case: return, panic, or SIGKILL, which no handler can
//! catch. It stands in a process group of its own, so that Ctrl-C in a terminal reaches this process alone, which ends its
//! services in their order.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// The program that asks the kernel for the signal, with its package.
pub(crate) const NEEDS: (&str, &str) = ("setpriv", "util-linux");

/// Time limit of a start, which takes seconds, and many on a busy machine or a cold disk.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// Time limit of an exit, after which the program is killed.
const ENDS_WITHIN: Duration = Duration::from_secs(20);
/// Time between two looks at a child.
const LOOK: Duration = Duration::from_millis(20);

/// A running service. Dropping it ends it, with SIGTERM.
#[derive(Debug)]
pub(crate) struct Service {
    name: &'static str,
    child: Child,
}

impl Service {
    /// Starts the command, whose output goes where the command sends it.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub(crate) fn spawn(name: &'static str, command: &Command) -> Result<Self> {
        let mut outer = Command::new(NEEDS.0);
        outer.args(["--pdeathsig", "TERM"]).arg(command.get_program()).args(command.get_args());
        for (variable, value) in command.get_envs() {
            match value {
                Some(value) => outer.env(variable, value),
                None => outer.env_remove(variable),
            };
        }
        if let Some(folder) = command.get_current_dir() {
            outer.current_dir(folder);
        }
        outer.process_group(0).stdin(Stdio::null());
        Self::run(name, outer)
    }

    fn run(name: &'static str, mut command: Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("starting the {name}"))?;
        Ok(Self { name, child })
    }

    /// Waits until `ready` has a value.
    ///
    /// # Errors
    /// When the program ends before, or needs too long.
    pub(crate) fn wait_for<T>(&mut self, mut ready: impl FnMut() -> Option<T>) -> Result<T> {
        let deadline = Instant::now() + READY_WITHIN;
        while Instant::now() < deadline {
            if let Some(value) = ready() {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait()? {
                bail!("the {} ended with {status} before it was ready", self.name);
            }
            thread::sleep(LOOK);
        }
        bail!("the {} was not ready within {} s", self.name, READY_WITHIN.as_secs())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // These fail only for a child that has ended.
        let _ =
            Command::new("kill").arg(self.child.id().to_string()).stderr(Stdio::null()).status();
        let deadline = Instant::now() + ENDS_WITHIN;
        while Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => thread::sleep(LOOK),
                Ok(Some(_)) | Err(_) => return,
            }
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Result<Service> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Service::spawn("test service", &command)
    }

    #[test]
    fn a_service_that_is_dropped_gets_a_signal_that_it_can_handle() {
        let folder = std::env::temp_dir().join(format!("turnwire-service-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (ready, ended) = (folder.join("ready"), folder.join("ended"));
        let script = format!(
            "trap 'touch {}; exit' TERM; touch {}; while :; do sleep 0.05; done",
            ended.display(),
            ready.display()
        );
        let mut service = shell(&script).unwrap();
        service.wait_for(|| ready.exists().then_some(())).unwrap();
        drop(service);
        assert!(ended.exists());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_service_that_ends_too_early_is_an_error_with_its_status() {
        let error = shell("exit 7").unwrap().wait_for(|| None::<()>).unwrap_err();
        assert!(error.to_string().contains("exit status: 7"), "{error}");
    }
}
