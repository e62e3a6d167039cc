//! One run of the program: no shell, an empty environment but for PATH, a process group of its own, and a limit in time. What it
//! prints goes to the log, escaped.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use crate::units::Text;

/// All that a program finds in its environment.
const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";
/// Between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(2);
/// Octets of output that are logged of one run; the rest is read and dropped.
const LOGGED: usize = 4 * 1024;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// By itself, with this exit status; `None`: by a signal.
    Itself(Option<i32>),
    /// By us, with everything that it had started.
    Late,
}

/// Runs it once.
///
/// # Errors
/// If it cannot be started.
pub(crate) async fn run(program: &Path, arguments: &[String], limit: Duration) -> std::io::Result<Ended> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("PATH", PATH).current_dir("/").process_group(0).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let said = (log(child.stdout.take(), "standard output"), log(child.stderr.take(), "standard error"));
    let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
    // It has ended when it is gone and nobody holds its output any more.
    let ending = async { tokio::join!(child.wait(), said.0, said.1).0 };
    let ended = match timeout(limit, ending).await {
        Ok(status) => Ended::Itself(status?.code()),
        Err(_late) => Ended::Late,
    };
    if ended == Ended::Late
        && let Some(group) = group.0
    {
        end(&mut child, group).await;
    }
    group.0 = None;
    Ok(ended)
}

/// Everything that a program has started: ended with us, if we end while it runs.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        // It may be gone by now.
        let _gone = self.0.is_some_and(|group| kill_process_group(group, Signal::KILL).is_err());
    }
}

/// Asks the whole group to end, then ends it.
async fn end(child: &mut Child, group: Pid) {
    // It may be gone by now.
    let _gone = kill_process_group(group, Signal::TERM).is_err();
    let _late = timeout(GRACE, child.wait()).await.is_err();
    let _gone = kill_process_group(group, Signal::KILL).is_err();
    let _reaped = child.wait().await.is_err();
}

async fn log(stream: Option<impl AsyncRead + Unpin>, name: &str) {
    let Some(mut stream) = stream else { return };
    let (mut kept, mut buffer) = (Vec::new(), [0_u8; 1_024]);
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        let room = LOGGED - kept.len();
        kept.extend(buffer.iter().take(length.min(room)));
    }
    for line in String::from_utf8_lossy(&kept).lines() {
        tracing::info!("response program, {name}: {}", Text::<512>::from_wire(line));
    }
}
