//! The connection in use, and what makes it anew.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::client::TIMEOUT;
use crate::credentials::{Credentials, Unsound};
use crate::v1::schema_registry_client::SchemaRegistryClient;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// After `idle` without a byte the client asks the registry for a sign of life, and waits `wait` for it: a peer that
/// vanished without a word is noticed within both together, whether or not a call is under way. The registry takes such
/// questions every 10 s and more; a client that asks more often is hung up on.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// How long nothing may come before the client asks.
    pub idle: Duration,
    /// How long it waits for the answer.
    pub wait: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), wait: Duration::from_secs(10) }
    }
}

/// One channel at a time, with a number. Calls under way end on the channel that they began on.
pub(crate) struct Line {
    endpoint: Endpoint,
    files: Credentials,
    current: Mutex<(u64, Channel)>,
}

impl Line {
    pub(crate) fn new(target: &str, files: Credentials, keepalive: Keepalive) -> Result<Self, Unsound> {
        files.tls()?;
        let secured: Uri = format!("https://{target}").parse().map_err(|_| Unsound::target(target))?;
        let endpoint = Endpoint::from_shared(format!("http://{target}"))
            .map_err(|_| Unsound::target(target))?
            .origin(secured)
            .connect_timeout(TIMEOUT)
            .http2_keep_alive_interval(keepalive.idle)
            .keep_alive_timeout(keepalive.wait)
            .keep_alive_while_idle(true);
        let first = connect(&endpoint, &files);
        Ok(Self { endpoint, files, current: Mutex::new((0, first)) })
    }

    /// The calls, and the number of the channel that they are on.
    pub(crate) fn numbered(&self) -> (u64, SchemaRegistryClient<Channel>) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        (current.0, SchemaRegistryClient::new(current.1.clone()))
    }

    pub(crate) fn rpc(&self) -> SchemaRegistryClient<Channel> {
        self.numbered().1
    }

    /// Let the next call make a new channel, unless that of this number has been replaced already.
    pub(crate) fn leave(&self, number: u64) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 == number {
            *current = (number + 1, connect(&self.endpoint, &self.files));
        }
    }
}

fn connect(endpoint: &Endpoint, files: &Credentials) -> Channel {
    let files = files.clone();
    endpoint.connect_with_connector_lazy(service_fn(move |uri| secure(uri, files.clone())))
}

async fn secure(uri: Uri, files: Credentials) -> Result<TokioIo<TlsStream<TcpStream>>, Failure> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let connection = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
    connection.set_nodelay(true)?;
    let name = ServerName::try_from(host.to_owned())?;
    let secured = TlsConnector::from(Arc::new(files.tls()?)).connect(name, connection).await?;
    Ok(TokioIo::new(secured))
}
