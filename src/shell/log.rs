//! Log lines on standard error: time, level, text. A packet alone never makes a line at `info` or above.

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::config::LogLevel;

/// Starts logging; a second call changes nothing.
pub(crate) fn start(level: LogLevel) {
    let level = match level {
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
        LogLevel::Trace => Level::TRACE,
    };
    // The embedded broker calls every client that leaves an error; sled tells its own story at `info`.
    let targets =
        Targets::new().with_default(level).with_target("rumqttd", LevelFilter::OFF).with_target("sled", Level::WARN);
    let lines = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr()))
        .with_filter(targets);
    let _second = tracing::subscriber::set_global_default(tracing_subscriber::registry().with(lines)).is_err();
    let _second = tracing_log::LogTracer::init().is_err();
}
