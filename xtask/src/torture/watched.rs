//! A state that several threads see, and waiting for it with a deadline.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::workspace::Failure;

/// A state under a lock; whoever changes it wakes whoever waits.
#[derive(Debug, Default)]
pub(super) struct Watched<T>(Arc<(Mutex<T>, Condvar)>);

impl<T> Clone for Watched<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Watched<T> {
    pub(super) fn new(state: T) -> Self {
        Self(Arc::new((Mutex::new(state), Condvar::new())))
    }

    /// Looks at it, or changes it.
    pub(super) fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        let (state, changed) = &*self.0;
        let result = work(&mut state.lock().unwrap_or_else(PoisonError::into_inner));
        changed.notify_all();
        result
    }

    /// Waits until it is as wanted; after `patience`, whatever `missing` says.
    pub(super) fn wait(
        &self,
        patience: Duration,
        wanted: impl Fn(&T) -> bool,
        missing: impl FnOnce(&T) -> Failure,
    ) -> Result<(), Failure> {
        let (state, changed) = &*self.0;
        let until = Instant::now() + patience;
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        while !wanted(&state) {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(missing(&state));
            }
            state = changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        Ok(())
    }
}
