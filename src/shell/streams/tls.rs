//! The certificates of syslog over TLS (RFC 5425): read at the start, and again on SIGHUP and when the files change. Connections that are
//! open go on with what they agreed on; files that are wrong leave the old ones in use. How long our own is good is looked at each time,
//! too.

use std::cell::RefCell;
use std::fs;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

use super::expiry::{Expiry, Standing};
use crate::config::SyslogTls;
use crate::shell::{clock, secrets};
use crate::units::{Mono, Now};
use crate::verdict::Verdict;

/// The files are looked at this often.
const LOOK_EVERY: Duration = Duration::from_secs(60);

/// Our certificate, and those of clients that we ask for.
pub(crate) struct Certificates {
    files: SyslogTls,
    config: Arc<ServerConfig>,
    expiry: Option<Expiry>,
    seen: Vec<Seen>,
}

/// When a file was written, and how long it is; `None` if it is not there.
type Seen = Option<(SystemTime, u64)>;

impl Certificates {
    /// # Errors
    /// Says which file is wrong, and how.
    pub(crate) fn read(files: &SyslogTls) -> Result<Self, String> {
        // Before the files are read: what is written meanwhile is read again.
        let seen = look(files);
        let (config, expiry) = config(files)?;
        Ok(Self { files: files.clone(), config, expiry, seen })
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    fn have_changed(&self) -> bool {
        look(&self.files) != self.seen
    }

    fn read_again(&mut self) -> Result<(), String> {
        self.seen = look(&self.files);
        (self.config, self.expiry) = config(&self.files)?;
        Ok(())
    }
}

/// Reads the files again when asked to, and when they have changed. What is wrong is told until it is right.
pub(super) async fn keep_fresh(
    certificates: Rc<RefCell<Certificates>>,
    asked: Arc<Notify>,
    tell: watch::Sender<Vec<String>>,
) {
    let (mut unread, mut said) = (None, Standing::Good);
    loop {
        let judged = judge(certificates.borrow().expiry.as_ref(), &mut said);
        tell.send_replace(unread.iter().chain(&judged).cloned().collect());
        let is_asked = timeout(LOOK_EVERY, asked.notified()).await.is_ok();
        if !is_asked && !certificates.borrow().have_changed() {
            continue;
        }
        unread = match certificates.borrow_mut().read_again() {
            Ok(()) => {
                tracing::info!("syslog.tls: the certificates were read again; new connections get them");
                said = Standing::Good;
                None
            }
            Err(problem) => {
                let problem = format!("{problem}; the certificates that were read before stay in use");
                tracing::error!("{problem}");
                Some(problem)
            }
        };
    }
}

/// What is wrong with the times of our certificate now; the log is told once of each way to be wrong.
fn judge(expiry: Option<&Expiry>, said: &mut Standing) -> Option<String> {
    let wall = clock::wall();
    let now = Now { mono: Mono::ZERO, wall, synchronised: clock::is_synchronised(wall) };
    let standing = expiry.map_or(Standing::Good, |expiry| expiry.standing(now));
    let problem = expiry.and_then(|expiry| expiry.problem(now));
    if let Some(problem) = problem.as_ref().filter(|_| standing != *said) {
        match standing {
            Standing::Good => {}
            Standing::Soon => tracing::warn!("{problem}"),
            Standing::NotYet | Standing::Expired => tracing::error!("{problem}"),
        }
    }
    *said = standing;
    problem
}

fn look(files: &SyslogTls) -> Vec<Seen> {
    let ca = files.clients.as_ref().map(|clients| &clients.ca);
    let seen = |path: &PathBuf| {
        let about = fs::metadata(path).ok()?;
        Some((about.modified().ok()?, about.len()))
    };
    [Some(&files.certificate), Some(&files.key), ca].into_iter().flatten().map(seen).collect()
}

/// What our connections are made with, and how long our certificate is good.
fn config(files: &SyslogTls) -> Result<(Arc<ServerConfig>, Option<Expiry>), String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| format!("syslog.tls: {error}"))?;
    let builder = match &files.clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(&clients.ca)?), provider);
            let verifier = if clients.required { verifier } else { verifier.allow_unauthenticated() };
            let verifier = verifier.build().map_err(|error| wrong("client-ca", &clients.ca, &error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let chain = certificates("certificate", &files.certificate)?;
    secrets::closed("syslog.tls.key", &files.key)?;
    let key = PrivateKeyDer::from_pem_file(&files.key).map_err(|error| wrong("key", &files.key, &error))?;
    let expiry = Expiry::of(&files.certificate, &chain);
    let config = builder.with_single_cert(chain, key);
    config.map(|config| (Arc::new(config), expiry)).map_err(|error| {
        format!("syslog.tls: {} does not fit {}: {error}", files.key.display(), files.certificate.display())
    })
}

fn roots(path: &Path) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("client-ca", path)? {
        roots.add(certificate).map_err(|error| wrong("client-ca", path, &error))?;
    }
    Ok(roots)
}

fn certificates(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let read = read.map_err(|error| wrong(key, path, &error))?;
    if read.is_empty() { Err(wrong(key, path, &"has no certificate in it")) } else { Ok(read) }
}

fn wrong(key: &str, path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("syslog.tls.{key}: {}: {error}", path.display())
}

/// How a handshake ended that did not come to an end.
pub(super) fn verdict_of(error: &std::io::Error) -> Verdict {
    use rustls::Error::{InvalidCertificate, NoCertificatesPresented};
    match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(InvalidCertificate(_) | NoCertificatesPresented) => Verdict::BadCertificate,
        Some(_) | None => Verdict::BadHandshake,
    }
}
