//! Alerts to the response program: a sink like any other, with a cursor of its own. Up to four runs at a time, and of one account one
//! after the other, so that a program that hangs holds up no other account for long, and no other sink at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{Refresh, Shared, WAITING, acknowledge, feed};
use crate::alert::Alert;
use crate::config::Response;
use crate::event::{Label, Name};
use crate::shell::keeper::KeeperHandle;
use crate::shell::nms::ReceiverState;
use crate::shell::response::{self, Ended};

/// The name of its cursor in the store.
pub(crate) const NAME: &str = "response";
/// Runs at a time.
const TOGETHER: usize = 4;
/// Between two tries to start a program that cannot be started; twice as long each time, up to the longest.
const RETRY: Duration = Duration::from_secs(5);
const LONGEST_RETRY: Duration = Duration::from_secs(300);

/// Whom an alert is about: cluster and account.
type Subject = (Option<Label>, Option<Name>);

/// One alert for the program.
#[derive(Debug)]
struct Job {
    seq: u64,
    subject: Subject,
    id: String,
    arguments: Vec<String>,
}

/// Delivers for ever. `first` is the outbox number to begin with.
pub(crate) async fn run(
    configured: Response,
    keeper: KeeperHandle,
    first: u64,
    state: watch::Sender<ReceiverState>,
    mut shutdown: watch::Receiver<bool>,
) {
    let (jobs, to_run) = mpsc::channel(WAITING);
    let (tokens, acknowledged) = mpsc::channel(WAITING);
    let shared = Shared::default();
    let chosen = configured.clone();
    let to_jobs = move |seq: u64, alert: &Alert| {
        // What is not for the program still moves its cursor.
        let arguments = match response::is_for(&chosen.kinds, alert) {
            true => response::arguments(alert, chosen.version),
            false => Vec::new(),
        };
        vec![Job { seq, subject: (alert.cluster.clone(), alert.account.clone()), id: alert.id.to_string(), arguments }]
    };
    let acknowledging = acknowledge(keeper.clone(), Arc::clone(&shared), NAME.into(), acknowledged);
    let feeding = feed(keeper, shared, first, jobs, to_jobs, Refresh::never());
    tokio::select! {
        () = work(configured, to_run, tokens, state) => {}
        () = async { tokio::join!(feeding, acknowledging); } => {}
        // A program that runs is ended with us, and runs again at the next start.
        _ = shutdown.wait_for(|stop| *stop) => {}
    }
}

async fn work(
    configured: Response,
    mut jobs: mpsc::Receiver<Job>,
    tokens: mpsc::Sender<u64>,
    state: watch::Sender<ReceiverState>,
) {
    let configured = Arc::new(configured);
    let mut running = JoinSet::new();
    let mut subjects: Vec<(u64, Subject)> = Vec::new();
    let mut next: Option<Job> = None;
    loop {
        let is_free = running.len() < TOGETHER
            && next.as_ref().is_none_or(|job| !subjects.iter().any(|(_, s)| *s == job.subject));
        if is_free && let Some(job) = next.take() {
            subjects.push((job.seq, job.subject.clone()));
            running.spawn(carry_out(Arc::clone(&configured), job, state.clone()));
            continue;
        }
        tokio::select! {
            job = jobs.recv(), if next.is_none() => match job {
                // Not for the program.
                Some(job) if job.arguments.is_empty() => if tokens.send(job.seq).await.is_err() { return },
                Some(job) => next = Some(job),
                None => return,
            },
            Some(done) = running.join_next() => if let Ok(seq) = done {
                subjects.retain(|(running, _)| *running != seq);
                if tokens.send(seq).await.is_err() {
                    return;
                }
            },
        }
    }
}

/// Runs the program for this job, as often as it takes to start it.
async fn carry_out(configured: Arc<Response>, job: Job, state: watch::Sender<ReceiverState>) -> u64 {
    let limit = Duration::from_millis(configured.timeout.as_millis());
    let (program, id) = (configured.program.display(), &job.id);
    let mut wait = RETRY;
    loop {
        match response::run(&configured.program, &job.arguments, limit).await {
            Ok(ended) => {
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
