//! Alerts to the response program: a sink like any other, with a cursor of its own. Up to four runs at a time, and of one account one
//! after the other, so that a program that hangs holds up no other account for long, and no other sink at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{Refresh, Shared, WAITING, acknowledge, feed};
use crate::alert::{Alert, Kind};
use crate::config::Response;
use crate::engine::Settings;
use crate::event::Account;
use crate::shell::keeper::KeeperHandle;
use crate::shell::nms::ReceiverState;
use crate::shell::response::{self, Beyond, Ended, Job, Runs, Subject, Waiting};

/// The name of its cursor in the store.
pub(crate) const NAME: &str = "response";
/// Runs at a time.
const TOGETHER: usize = 4;
/// Between two tries to start a program that cannot be started; twice as long each time, up to the longest.
const RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// What every run needs.
pub(crate) struct Program {
    pub(crate) configured: Response,
    /// For the thresholds that its arguments name.
    pub(crate) settings: Settings,
    pub(crate) keeper: KeeperHandle,
    pub(crate) runs: Arc<Runs>,
}

/// Delivers for ever. `first` is the outbox number to begin with.
pub(crate) async fn run(
    program: Program,
    first: u64,
    state: watch::Sender<ReceiverState>,
    mut shutdown: watch::Receiver<bool>,
) {
    let (jobs, to_run) = mpsc::channel(WAITING);
    let (tokens, acknowledged) = mpsc::channel(WAITING);
    let shared = Shared::default();
    let (keeper, kinds) = (program.keeper.clone(), program.configured.kinds.clone());
    // What is not for the program still moves its cursor.
    let to_jobs = move |seq: u64, alert: &Alert| {
        let job = response::is_for(&kinds, alert).then(|| Job { seq, alert: Box::new(alert.clone()) });
        vec![(seq, job)]
    };
    let acknowledging = acknowledge(keeper.clone(), Arc::clone(&shared), NAME.into(), acknowledged);
    let feeding = feed(keeper, shared, first, jobs, to_jobs, Refresh::never());
    tokio::select! {
        () = work(program, to_run, tokens, state) => {}
        () = async { tokio::join!(feeding, acknowledging); } => {}
        // A program that runs is ended with us, and runs again at the next start.
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}

async fn work(
    program: Program,
    mut jobs: mpsc::Receiver<(u64, Option<Job>)>,
    tokens: mpsc::Sender<u64>,
    state: watch::Sender<ReceiverState>,
) {
    let program = Arc::new(program);
    let mut running = JoinSet::new();
    let mut subjects: Vec<(u64, Subject)> = Vec::new();
    let mut waiting = Waiting::default();
    loop {
        if running.len() < TOGETHER
            && let Some(job) = waiting.next(|subject| subjects.iter().any(|(_, busy)| busy == subject))
        {
            subjects.push((job.seq, job.subject()));
            running.spawn(carry_out(Arc::clone(&program), job, state.clone()));
            continue;
        }
        let done = tokio::select! {
            job = jobs.recv(), if !waiting.is_full() => match job {
                Some((_, Some(job))) => waiting.push(job).map(|older| {
                    program.runs.folded();
                    older.seq
                }),
                Some((seq, None)) => Some(seq),
                None => return,
            },
            Some(done) = running.join_next() => done.ok().inspect(|seq| subjects.retain(|(running, _)| running != seq)),
        };
        if let Some(seq) = done
            && tokens.send(seq).await.is_err()
        {
            return;
        }
    }
}

/// What the arguments say beyond the alert itself.
async fn beyond(program: &Program, alert: &Alert) -> Beyond {
    let settings = &program.settings;
    let (Some(realm), Some(name)) = (alert.realm, alert.account.clone()) else { return Beyond::default() };
    let account = Account { realm, cluster: alert.cluster.clone().unwrap_or_default(), name };
    if alert.kind != Kind::FailedSu {
        let limit = match alert.kind == Kind::Lockout {
            true => match settings.policies.of_credential(&account, alert.credential).failed_logons {
                // The limit is not known here.
                0 => alert.failures.saturating_sub(1),
                limit => limit - 1,
            },
            false => settings.repeated(realm).more_than,
        };
        return Beyond { more_than: limit, targets: Vec::new() };
    }
    let user = program.keeper.switcher(account.key()).await;
    let targets = user.map(|user| user.targets.iter().map(ToString::to_string).collect()).unwrap_or_default();
    Beyond { more_than: settings.failed_su(realm).more_than, targets }
}

/// Runs the program for this job, as often as it takes to start it.
async fn carry_out(whole: Arc<Program>, job: Job, state: watch::Sender<ReceiverState>) -> u64 {
    let configured = &whole.configured;
    let limit = Duration::from_millis(configured.timeout.as_millis());
    let (program, id) = (configured.program.display(), &job.alert.id);
    let arguments = response::arguments(&job.alert, configured.version, &beyond(&whole, &job.alert).await);
    let mut wait = RETRY;
    loop {
        match response::run(&configured.program, &arguments, limit).await {
            Ok(ended) => {
                whole.runs.note(ended);
                match ended {
                    Ended::Itself(Some(0)) => tracing::info!("response: {program} for {id}: exit status 0"),
                    Ended::Itself(Some(status)) => tracing::warn!("response: {program} for {id}: exit status {status}"),
                    Ended::Itself(None) => tracing::warn!("response: {program} for {id}: ended by a signal"),
                    Ended::Late => {
                        let limit = limit.as_secs();
                        tracing::warn!(
                            "response: {program} for {id}: took more than {limit} s and was ended, with all that it had started"
                        );
                    }
                }
                state.send_replace(ReceiverState::Idle);
                return job.seq;
            }
            Err(error) => {
                let reason =
                    format!("{program} cannot be started: {error}; make it executable, or correct [response] program");
                tracing::warn!("response: {reason}");
                state.send_replace(ReceiverState::Down { reason });
                tokio::time::sleep(wait).await;
                wait = (2 * wait).min(LONGEST_RETRY);
            }
        }
    }
}
