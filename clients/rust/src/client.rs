//! One connection to a registry: reads that are remembered, records judged, watches. What a watch does is `watch`'s.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use hyper_util::rt::TokioIo;
use lru::LruCache;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::pki_types::ServerName;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint, Uri};
use tonic::{Code, Response, Status};
use tower::service_fn;

use crate::credentials::{Credentials, Unsound};
use crate::google::api::HttpBody;
use crate::refused::Refused;
use crate::v1::schema_registry_client::SchemaRegistryClient;
use crate::v1::{GetSchemaRequest, ValidateRecordsRequest, ValidateRecordsResponse};
use crate::watch::{Event, Watching, follow};

/// The newest version of a schema.
pub const LATEST: &str = "latest";

const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();
const ATTEMPTS: u32 = 4;
const TIMEOUT: Duration = Duration::from_secs(5);

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Known = Mutex<LruCache<(String, String), Arc<Document>>>;

/// One connection to a registry; clones share it and what it remembers.
#[derive(Clone)]
pub struct Client {
    rpc: SchemaRegistryClient<Channel>,
    known: Arc<Known>,
}

/// One version, byte for byte as it was registered.
#[derive(Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Document {
    pub id: String,
    pub version: String,
    pub revision: i64,
    pub fingerprint: String,
    pub etag: String,
    pub raw: Vec<u8>,
}

impl Client {
    /// Reads the credentials' files once to tell whether they are sound, and again for each connection: a renewed pair
    /// is used without a restart. Connects with the first call, within a Tokio runtime.
    ///
    /// # Errors
    /// [`Unsound`] where a file can't be read or isn't what it should be, or `target` isn't `HOST:PORT`.
    pub fn new(target: &str, files: Credentials) -> Result<Self, Unsound> {
        files.tls()?;
        let not_a_target = |_| Unsound::target(target);
        let secured: Uri = format!("https://{target}").parse().map_err(not_a_target)?;
        let endpoint = Endpoint::from_shared(format!("http://{target}"))
            .map_err(|_| Unsound::target(target))?
            .origin(secured)
            .connect_timeout(TIMEOUT)
            .http2_keep_alive_interval(Duration::from_secs(30))
            .keep_alive_timeout(Duration::from_secs(10));
        let channel = endpoint.connect_with_connector_lazy(service_fn(move |uri| secure(uri, files.clone())));
        let known = Arc::new(Mutex::new(LruCache::new(REMEMBERED)));
        Ok(Self { rpc: SchemaRegistryClient::new(channel), known })
    }

    /// The generated client on the same connection.
    #[must_use]
    pub fn rpc(&self) -> SchemaRegistryClient<Channel> {
        self.rpc.clone()
    }

    /// One version of a schema, or the newest for [`LATEST`].
    ///
    /// A version never changes, so one that this client had before is not asked for again; the latest is asked for each
    /// time, and sent only if it changed.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn get(&self, id: &str, version: &str) -> Result<Arc<Document>, Refused> {
        let version = version.trim_start_matches('v');
        let asked = (id.to_owned(), if version.is_empty() { LATEST } else { version }.to_owned());
        let known = self.recall(&asked);
        if let Some(known) = &known
            && asked.1 != LATEST
        {
            return Ok(known.clone());
        }
        let request = GetSchemaRequest {
            id: asked.0.clone(),
            version: asked.1.clone(),
            if_none_match: known.as_ref().map(|known| known.etag.clone()).unwrap_or_default(),
            ..Default::default()
        };
        let answer = call(|| {
            let (mut rpc, request) = (self.rpc(), request.clone());
            async move { rpc.get_schema(request).await }
        })
        .await?;
        let (metadata, body, _) = answer.into_parts();
        match known {
            Some(known) if body.data.is_empty() => Ok(known),
            _ => Ok(self.remember(asked, document(&metadata, body))),
        }
    }

    /// Judges a JSON array of records against one version, on the server.
    ///
    /// # Errors
    /// [`Refused`].
    pub async fn validate(
        &self,
        id: &str,
        version: &str,
        records: impl Into<Vec<u8>>,
    ) -> Result<ValidateRecordsResponse, Refused> {
        let body = HttpBody { content_type: "application/json".into(), data: records.into(), ..Default::default() };
        let request = ValidateRecordsRequest { id: id.into(), version: version.into(), records: Some(body) };
        let answer = call(|| {
            let (mut rpc, request) = (self.rpc(), request.clone());
            async move { rpc.validate_records(request).await }
        });
        Ok(answer.await?.into_inner())
    }

    /// Every version after a revision, then each further one as it is registered: once each, in order. It reconnects by
    /// itself and goes on from the last revision it told.
    ///
    /// Ends after an error that asking again won't change: `Code::OutOfRange` where the registry can't go on from that
    /// revision, `Code::Unavailable` only where it could not be reached in the first place.
    pub fn watch(&self, what: Watching) -> impl Stream<Item = Result<Event, Refused>> + Send + use<> {
        follow(self.rpc(), what)
    }

    fn recall(&self, asked: &(String, String)) -> Option<Arc<Document>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(asked).cloned()
    }

    fn remember(&self, asked: (String, String), found: Document) -> Arc<Document> {
        let found = Arc::new(found);
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.put((asked.0.clone(), found.version.clone()), found.clone());
        known.put(asked, found.clone());
        found
    }
}

/// Sends a unary call, again while the registry can't be reached and its time lasts: reads change nothing, and a write
/// of content that is already there is answered as the first one was.
async fn call<Answer, Sent>(send: impl Fn() -> Sent) -> Result<Response<Answer>, Refused>
where
    Sent: Future<Output = Result<Response<Answer>, Status>>,
{
    let attempts = async {
        let mut attempt = 1;
        loop {
            match send().await {
                Err(status) if status.code() == Code::Unavailable && attempt < ATTEMPTS => {
                    sleep(Duration::from_millis(rand::random_range(0..100 << attempt))).await;
                    attempt += 1;
                }
                settled => return settled,
            }
        }
    };
    let late = |_| Status::deadline_exceeded(format!("no answer within {} s", TIMEOUT.as_secs()));
    Ok(timeout(TIMEOUT, attempts).await.map_err(late)??)
}

async fn secure(uri: Uri, files: Credentials) -> Result<TokioIo<TlsStream<TcpStream>>, Failure> {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let connection = TcpStream::connect((host, uri.port_u16().unwrap_or(443))).await?;
    connection.set_nodelay(true)?;
    let name = ServerName::try_from(host.to_owned())?;
    let secured = TlsConnector::from(Arc::new(files.tls()?)).connect(name, connection).await?;
    Ok(TokioIo::new(secured))
}

fn document(metadata: &MetadataMap, body: HttpBody) -> Document {
    let named = |name| metadata.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    Document {
        id: named("x-schema-id").into(),
        version: named("x-schema-version").into(),
        revision: named("x-schema-revision").parse().unwrap_or_default(),
        fingerprint: named("x-schema-fingerprint").into(),
        etag: named("etag").into(),
        raw: body.data,
    }
}
