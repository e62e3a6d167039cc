//! The layout as data: which module may import which, where the world may be touched, and the exceptions with their reasons.

/// A module, and the other modules of the crate that it may import; itself always.
pub(super) struct Place {
    pub(super) name: &'static str,
    pub(super) imports: &'static [&'static str],
}

/// Every module of `src/`. A module without a row may not exist.
pub(super) const PLACES: &[Place] = &[
    Place { name: "lib", imports: &[] },
    Place { name: "main", imports: &["shell"] },
    Place { name: "units", imports: &[] },
    Place { name: "event", imports: &["units"] },
    Place { name: "verdict", imports: &[] },
    Place { name: "alert", imports: &["units", "event"] },
    Place { name: "board", imports: &[] },
    Place { name: "wire", imports: &["units"] },
    Place { name: "usm", imports: &["units", "verdict", "board", "wire"] },
    Place { name: "relay", imports: &["units", "wire"] },
    Place { name: "assemble", imports: &["units", "event", "wire"] },
    Place { name: "audit", imports: &["units", "event", "wire"] },
    Place { name: "catalogue", imports: &["units", "event", "verdict", "wire"] },
    Place { name: "engine", imports: &["units", "event", "verdict", "alert", "board", "audit"] },
    Place { name: "config", imports: &["units", "event", "alert", "engine", "usm", "catalogue", "board"] },
    Place {
        name: "path",
        imports: &[
            "units",
            "event",
            "verdict",
            "wire",
            "usm",
            "relay",
            "assemble",
            "audit",
            "catalogue",
            "engine",
            "config",
        ],
    },
    Place { name: "store", imports: &["units", "event", "alert", "engine", "usm"] },
    Place {
        name: "shell",
        imports: &[
            "units",
            "event",
            "verdict",
            "alert",
            "board",
            "wire",
            "usm",
            "relay",
            "assemble",
            "audit",
            "catalogue",
            "engine",
            "config",
            "path",
            "store",
        ],
    },
];

/// A path of another crate, where in `src/` it may be used, and why nowhere else.
pub(super) struct Bound {
    pub(super) path: &'static [&'static str],
    pub(super) homes: &'static [&'static str],
    pub(super) why: &'static str,
}

const SHELL: &[&str] = &["src/shell/"];
const ALL_BUT_CORE: &[&str] = &["src/shell/", "src/main.rs", "src/store/disk"];
const SHELL_AND_DISK: &[&str] = &["src/shell/", "src/store/disk"];
const IO: &str = "only the shell touches the world";
const TIME: &str = "time is an argument";
const LOCK: &str = "the core has no threads and no locks";

/// Homes are the beginnings of paths.
pub(super) const BOUNDS: &[Bound] = &[
    Bound { path: &["std", "net"], homes: SHELL, why: "only the shell opens sockets; address types are in core::net" },
    Bound {
        path: &["std", "fs"],
        homes: SHELL_AND_DISK,
        why: "only the shell and the sled half of the store touch the disk",
    },
    Bound { path: &["std", "env"], homes: ALL_BUT_CORE, why: IO },
    Bound { path: &["std", "process"], homes: ALL_BUT_CORE, why: IO },
    Bound { path: &["std", "os"], homes: SHELL_AND_DISK, why: IO },
    Bound { path: &["std", "thread"], homes: SHELL_AND_DISK, why: LOCK },
    Bound { path: &["std", "time", "Instant"], homes: SHELL, why: TIME },
    Bound { path: &["std", "time", "SystemTime"], homes: SHELL, why: TIME },
    Bound { path: &["std", "sync", "Mutex"], homes: SHELL_AND_DISK, why: LOCK },
    Bound { path: &["std", "sync", "RwLock"], homes: SHELL_AND_DISK, why: LOCK },
    Bound { path: &["std", "sync", "Condvar"], homes: SHELL_AND_DISK, why: LOCK },
    Bound { path: &["std", "sync", "mpsc"], homes: SHELL, why: LOCK },
    Bound {
        path: &["sled"],
        homes: &["src/store/disk"],
        why: "sled has one home, so that a test can put a failing store there",
    },
    Bound { path: &["tokio"], homes: SHELL, why: IO },
    Bound { path: &["tokio_rustls"], homes: SHELL, why: IO },
    Bound { path: &["rumqttc"], homes: SHELL, why: IO },
    Bound { path: &["rumqttd"], homes: SHELL, why: IO },
    Bound { path: &["rustls"], homes: SHELL, why: IO },
    Bound { path: &["rustls_native_certs"], homes: SHELL, why: IO },
    Bound { path: &["socket2"], homes: SHELL, why: IO },
    Bound { path: &["clap"], homes: SHELL, why: IO },
    Bound { path: &["etherparse"], homes: SHELL, why: IO },
    Bound { path: &["pcap_parser"], homes: SHELL, why: IO },
    Bound { path: &["tracing"], homes: SHELL_AND_DISK, why: "the core returns what happened; the shell logs it" },
    Bound { path: &["tracing_log"], homes: SHELL, why: IO },
    Bound { path: &["tracing_subscriber"], homes: SHELL, why: IO },
];

/// Words that the engine must not say, and why.
pub(super) const ENGINE_REFUSES: &[(&str, &str)] = &[
    ("HashMap", "its order would reach the output; heapless or a BTreeMap"),
    ("HashSet", "its order would reach the output; heapless or a BTreeSet"),
    ("Mutex", LOCK),
    ("RwLock", LOCK),
    ("async", "the engine is a function of input and time"),
    ("await", "the engine is a function of input and time"),
];

/// Directories of one machine; a checkout lies elsewhere on the next.
pub(super) const MACHINE_PATHS: &[&str] =
    &[concat!("/", "tmp/"), concat!("/", "work/"), concat!("/", "root/"), concat!("/", "home/")];

/// Lines of code in a file before its tests.
pub(super) const FILE_LINES: usize = 500;

/// Characters in a line of Rust.
pub(super) const LINE_CHARS: usize = 140;

/// Endings of the files that people edit, where a trailing blank or a tab is an accident.
pub(super) const EDITED: &[&str] = &[".rs", ".toml", ".md", ".sh", ".yml", ".service"];

/// What is inspected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rule {
    Import,
    World,
    EngineWord,
    Print,
    Allow,
    Unfinished,
    MachinePath,
    Sleep,
    LongLine,
    LongFile,
    Head,
    TrailingBlank,
    Tab,
}

/// A place where a rule does not hold, and why.
pub(super) struct Exception {
    pub(super) rule: Rule,
    /// The beginning of its path.
    pub(super) at: &'static str,
    pub(super) reason: &'static str,
}

/// Every one there is.
pub(super) const EXCEPTIONS: &[Exception] = &[
    Exception { rule: Rule::Print, at: "build.rs", reason: "cargo reads a build script's standard output" },
    Exception { rule: Rule::Print, at: "src/main.rs", reason: "a command's last words go to the terminal" },
    Exception { rule: Rule::Print, at: "src/shell/cli", reason: "a command's answer goes to the terminal" },
    Exception { rule: Rule::Print, at: "fuzz/targets/src/main.rs", reason: "its output is its product" },
    Exception { rule: Rule::Print, at: "xtask/", reason: "its output is its product" },
];
