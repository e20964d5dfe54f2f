//! The current connection to the registry, and its replacement.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint, Uri};
use tower::service_fn;

use crate::client::TIMEOUT;
use crate::credentials::{Credentials, Unsound};
use crate::token::Shown;
use crate::v1::schema_registry_client::SchemaRegistryClient;

/// The generated client, which shows the token of the client's credentials.
pub type Rpc = SchemaRegistryClient<InterceptedService<Channel, Shown>>;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// HTTP/2 keepalive: after `idle` without a byte the client sends a ping and waits `wait` for its answer, so that a
/// connection that broke silently is noticed within the sum of both, even with no call in progress. `idle` must be 10 s
/// or more: the registry closes connections that ping more often.
#[derive(Clone, Copy, Debug)]
pub struct Keepalive {
    /// How long the connection may be silent before the client sends a ping.
    pub idle: Duration,
    /// How long the client waits for the ping's answer.
    pub wait: Duration,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(30), wait: Duration::from_secs(10) }
    }
}

/// The current channel, with its number. Calls in progress finish on the channel that they began on.
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

    /// The stub for calls, and the number of its channel.
    pub(crate) fn numbered(&self) -> (u64, Rpc) {
        let current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let shown = Shown(self.files.token.clone());
        (current.0, SchemaRegistryClient::with_interceptor(current.1.clone(), shown))
    }

    pub(crate) fn rpc(&self) -> Rpc {
        self.numbered().1
    }

    /// Makes the next call use a new channel, unless the one of this number has been replaced already.
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
