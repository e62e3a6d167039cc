//! The byte stream under MQTT: TCP, or TLS over TCP.

use std::io;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use super::failure::Failure;
use super::options::{BrokerUrl, Options, TlsOptions};
use crate::shell::secrets;

/// Either stream.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// Connects to the broker; with TLS, up to the end of the handshake.
pub(super) async fn connect(options: &Options) -> Result<Box<dyn Stream>, Failure> {
    let broker = &options.broker;
    let tcp = timeout(options.connect_timeout, dial(broker))
        .await
        .map_err(|_late| Failure::silent(broker, "TCP connection"))??;
    if !broker.tls {
        return Ok(Box::new(tcp));
    }
    let files = options.tls.clone();
    // The system's certificates are many files.
    let config = tokio::task::spawn_blocking(move || client_config(&files))
        .await
        .map_err(|gone| Failure::passing(format!("TLS could not be set up: {gone}")))?
        .map_err(Failure::lasting)?;
    let name = ServerName::try_from(broker.host.clone()).map_err(|_invalid| {
        Failure::lasting(format!("\"{}\" cannot stand in a certificate: use the broker's name", broker.host))
    })?;
    let handshake = TlsConnector::from(Arc::new(config)).connect(name, tcp);
    match timeout(options.connect_timeout, handshake).await {
        Ok(Ok(stream)) => Ok(Box::new(stream)),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Failure::passing(format!(
            "{broker} closed the connection during the TLS handshake: does this port speak TLS?"
        ))),
        Ok(Err(error)) => Err(Failure::broken(broker, &error)),
        Err(_late) => Err(Failure::silent(broker, "TLS handshake")),
    }
}

async fn dial(broker: &BrokerUrl) -> Result<TcpStream, Failure> {
    let addresses = tokio::net::lookup_host((broker.host.as_str(), broker.port))
        .await
        .map_err(|e| Failure::unresolvable(broker, &e))?;
    let mut failure = Failure::passing(format!("the name \"{}\" of the MQTT broker has no address", broker.host));
    for address in addresses {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                stream.set_nodelay(true).map_err(|e| Failure::connecting(broker, &e))?;
                return Ok(stream);
            }
            Err(error) => failure = Failure::connecting(broker, &error),
        }
    }
    Err(failure)
}

fn client_config(files: &TlsOptions) -> Result<ClientConfig, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| format!("TLS cannot be set up: {e}"))?
        .with_root_certificates(roots(files.ca.as_deref())?);
    match (&files.certificate, &files.key) {
        (Some(certificate), Some(key)) => {
            let chain = certificates(certificate)?;
            secrets::closed("mqtt.key", key)?;
            let private = PrivateKeyDer::from_pem_file(key)
                .map_err(|e| format!("the key file {} cannot be read as a PEM private key: {e}", key.display()))?;
            builder.with_client_auth_cert(chain, private).map_err(|e| {
                format!("certificate {} and key {} do not make a pair: {e}", certificate.display(), key.display())
            })
        }
        (None, None) => Ok(builder.with_no_client_auth()),
        (Some(_), None) | (None, Some(_)) => {
            Err(String::from("a client certificate needs both `certificate` and `key`"))
        }
    }
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca {
        for certificate in certificates(path)? {
            roots.add(certificate).map_err(|e| format!("a certificate in {} is not a CA: {e}", path.display()))?;
        }
    } else {
        // A single certificate that cannot be used is no reason to distrust the others.
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err(match ca {
            Some(path) => {
                format!("{} holds no certificate: it should be the PEM file of the broker's CA", path.display())
            }
            None => String::from(
                "this system has no CA certificates: set `ca` to the PEM file of the broker's CA, or install ca-certificates",
            ),
        });
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect)
        .map_err(|e| format!("the file {} cannot be read as PEM certificates: {e}", path.display()))
}
