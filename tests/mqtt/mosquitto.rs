//! A private mosquitto on a free port, in a directory of its own that goes away with it.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// A broker that can be killed and started again on the same port.
pub(crate) struct Mosquitto {
    pub(crate) port: u16,
    pub(crate) directory: PathBuf,
    child: Option<Child>,
}

/// A port that was free a moment ago.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

impl Mosquitto {
    /// Not started yet; `name` makes the directory its own.
    pub(crate) fn new(name: &str) -> Self {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        Self { port: free_port(), directory, child: None }
    }

    /// Starts it with these lines of configuration besides the listener, and waits until it runs.
    pub(crate) fn start(&mut self, lines: &str) {
        let file = self.directory.join("mosquitto.conf");
        let common = "persistence false\nlog_dest stderr\nlog_type all\nmax_queued_messages 0\nuser root\n";
        fs::write(&file, format!("listener {} 127.0.0.1\n{common}{lines}\n", self.port)).unwrap();
        let mut child = Command::new("mosquitto").arg("-c").arg(&file).stderr(Stdio::piped()).spawn().unwrap();
        let stderr = child.stderr.take().unwrap();
        let (ready, is_ready) = mpsc::sync_channel(1);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                if line.contains("running") {
                    ready.try_send(()).ok();
                }
            }
        });
        self.child = Some(child);
        is_ready.recv_timeout(Duration::from_secs(10)).expect("mosquitto runs");
    }

    /// SIGKILL: it forgets everything.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        self.kill();
        fs::remove_dir_all(&self.directory).ok();
    }
}
