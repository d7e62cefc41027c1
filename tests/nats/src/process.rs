//! A child process that does not outlive its parent, and that can be killed as a power cut would.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::wait::blocking;

/// Time limit of an end after SIGTERM.
const ENDS_WITHIN: Duration = Duration::from_secs(60);

/// A running process. Dropping it kills it, and so does the end of the thread that started it, however that ends.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
}

impl Process {
    /// Starts the command. Its output goes where the command sends it.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub fn spawn(name: impl Into<String>, command: &Command) -> Result<Self> {
        let name = name.into();
        // The kernel kills the child when this thread ends, also by SIGKILL, which no destructor sees.
        let mut outer = Command::new("setpriv");
        outer.args(["--pdeathsig", "KILL"]).arg(command.get_program()).args(command.get_args());
        let child = outer.process_group(0).stdin(Stdio::null()).spawn();
        let child = child.with_context(|| format!("starting {name}"))?;
        Ok(Self { name, child })
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The end of the process, if it has ended.
    ///
    /// # Errors
    /// When the system cannot tell.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        self.child.try_wait().with_context(|| format!("looking at {}", self.name))
    }

    /// Kills it with SIGKILL, and waits for its end.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        self.child.kill().with_context(|| format!("killing {}", self.name))?;
        self.child.wait().with_context(|| format!("waiting for the end of {}", self.name))?;
        Ok(())
    }

    /// Stops its execution: it keeps its connections, and answers nothing.
    ///
    /// # Errors
    /// When it has ended.
    pub fn freeze(&self) -> Result<()> {
        let freezing = || format!("freezing {}", self.name);
        let id = i32::try_from(self.child.id()).with_context(freezing)?;
        kill(Pid::from_raw(id), Signal::SIGSTOP).with_context(freezing)
    }

    /// Asks it to end with SIGTERM, and waits until it has.
    ///
    /// # Errors
    /// When it does not end within a minute.
    pub fn terminate(&mut self) -> Result<ExitStatus> {
        let asking = || format!("ending {}", self.name);
        if let Some(status) = self.child.try_wait().with_context(asking)? {
            return Ok(status);
        }
        let id = i32::try_from(self.child.id()).with_context(asking)?;
        kill(Pid::from_raw(id), Signal::SIGTERM).with_context(asking)?;
        let child = &mut self.child;
        blocking(&format!("the end of {}", self.name), ENDS_WITHIN, || Ok(child.try_wait()?))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // These fail only for a child that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
