//! How a run ended, for the next one: a file in the store's directory that says `running` until something better is known. A process
//! that is killed, and a power cut, leave it so.

use std::fs;
use std::path::{Path, PathBuf};

use super::cli::complain;
use crate::units::Text;

/// What the service ends with when a part of it has panicked or ended by itself: `EX_SOFTWARE` of sysexits.h.
pub(crate) const FAILED: u8 = 70;

/// What the file says while nothing is known.
const RUNNING: &str = "running";
/// What that means once the run is over.
const NO_REASON: &str = "no reason recorded: killed, or the power failed";

/// Why a run failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It could not start.
    Start(String),
    /// A part of it ended that never should.
    Part(String),
}

impl From<String> for Failure {
    fn from(why: String) -> Self {
        Self::Start(why)
    }
}

/// The file of this run.
#[derive(Debug)]
pub(crate) struct LastEnd {
    file: PathBuf,
    /// How the run before this ended, if there was one.
    pub(crate) before: Option<String>,
}

impl LastEnd {
    /// A run begins with this store, which is ours alone.
    pub(crate) fn begin(store: &Path) -> Self {
        let file = store.join("last-end");
        let before = fs::read_to_string(&file).ok().map(|said| said.trim().to_owned());
        let before = before.map(|said| if said == RUNNING { NO_REASON.to_owned() } else { bounded(&said) });
        let this = Self { file, before };
        this.note(RUNNING);
        this
    }

    /// From now on any panic, in whatever thread or task, is noted and ends the process.
    pub(crate) fn watch_panics(&self) {
        let file = self.file.clone();
        std::panic::set_hook(Box::new(move |panic| {
            let thread = std::thread::current().name().unwrap_or("without a name").to_owned();
            let reason = panicked(&thread, &panic.to_string());
            write(&file, &reason);
            complain(&reason);
            std::process::exit(FAILED.into());
        }));
    }

    /// How this run ends.
    pub(crate) fn note(&self, reason: &str) {
        write(&self.file, reason);
    }
}

fn write(file: &Path, reason: &str) {
    // Where the disk does not work, nothing is recorded; health says that of the disk.
    let _lost = fs::write(file, format!("{reason}\n")).is_err();
}

fn panicked(thread: &str, what: &str) -> String {
    bounded(&format!("panic in {thread}: {what}"))
}

/// A panic may repeat what somebody has sent.
fn bounded(said: &str) -> String {
    Text::<256>::from_wire(said).as_str().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the next run would be told.
    fn told(store: &Path) -> Option<String> {
        LastEnd::begin(store).before
    }

    #[test]
    fn a_run_knows_how_the_one_before_it_ended() {
        let store = std::env::temp_dir().join(format!("lockwarden-last-end-{}", std::process::id()));
        fs::create_dir_all(&store).unwrap();
        assert_eq!(told(&store), None);
        assert_eq!(told(&store).as_deref(), Some("no reason recorded: killed, or the power failed"));
        LastEnd::begin(&store).note("stopped by SIGTERM");
        assert_eq!(told(&store).as_deref(), Some("stopped by SIGTERM"));
        fs::remove_dir_all(&store).unwrap();
    }

    /// The test's own program, started again, is the service that panics.
    #[test]
    fn a_task_that_panics_ends_the_process_with_its_exit_code_and_is_named_by_the_next_run() {
        const STORE: &str = "LOCKWARDEN_TEST_PANICS_IN";
        if let Some(store) = std::env::var_os(STORE) {
            LastEnd::begin(Path::new(&store)).watch_panics();
            let task = || panic!("as asked");
            let thread = std::thread::Builder::new().name("path".into()).spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                tokio::task::LocalSet::new()
                    .block_on(&runtime, async { tokio::task::spawn_local(async move { task() }).await })
            });
            _ = thread.unwrap().join();
            return;
        }
        let store = std::env::temp_dir().join(format!("lockwarden-panics-{}", std::process::id()));
        fs::create_dir_all(&store).unwrap();
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        let name = "shell::last_end::tests::a_task_that_panics_ends_the_process_with_its_exit_code_and_is_named_by_the_next_run";
        let ended = again.args([name, "--exact"]).env(STORE, &store).output().unwrap();
        assert_eq!(ended.status.code(), Some(70));
        let told = told(&store).unwrap();
        assert!(told.starts_with("panic in path: ") && told.contains("as asked"), "{told}");
        fs::remove_dir_all(&store).unwrap();
    }
}
