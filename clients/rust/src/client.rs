//! One connection to a registry: reads that are remembered, records judged, watches. What a watch does is `watch`'s.

use std::future::Future;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_core::Stream;
use lru::LruCache;
use tokio::time::{sleep, timeout};
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::credentials::{Credentials, Unsound};
use crate::google::api::HttpBody;
use crate::line::{Keepalive, Line};
use crate::refused::Refused;
use crate::v1::schema_registry_client::SchemaRegistryClient;
use crate::v1::{GetSchemaRequest, ValidateRecordsRequest, ValidateRecordsResponse};
use crate::watch::{Event, Watching, follow};

/// The newest version of a schema.
pub const LATEST: &str = "latest";

const REMEMBERED: NonZeroUsize = NonZeroUsize::new(1000).unwrap();
const ATTEMPTS: u32 = 4;
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

type Known = Mutex<LruCache<(String, String), Arc<Document>>>;

/// One connection to a registry; clones share it and what it remembers.
#[derive(Clone)]
pub struct Client {
    line: Arc<Line>,
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
    /// is used without a restart. Connects with the first call, within a Tokio runtime, and always directly: proxies of
    /// the environment are not used.
    ///
    /// # Errors
    /// [`Unsound`] where a file can't be read or isn't what it should be, or `target` isn't `HOST:PORT`.
    pub fn new(target: &str, files: Credentials) -> Result<Self, Unsound> {
        Self::with_keepalive(target, files, Keepalive::default())
    }

    /// As `new`, with another [`Keepalive`] than the default.
    ///
    /// # Errors
    /// As `new`.
    pub fn with_keepalive(target: &str, files: Credentials, keepalive: Keepalive) -> Result<Self, Unsound> {
        let line = Arc::new(Line::new(target, files, keepalive)?);
        Ok(Self { line, known: Arc::new(Mutex::new(LruCache::new(REMEMBERED))) })
    }

    /// The generated client on the same connection.
    #[must_use]
    pub fn rpc(&self) -> SchemaRegistryClient<Channel> {
        self.line.rpc()
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
    /// itself, also where nothing comes for three of the registry's intervals (30 s, unless it says otherwise), and goes
    /// on from the last revision it told.
    ///
    /// Ends after an error that asking again won't change: `Code::OutOfRange` where the registry can't go on from that
    /// revision, `Code::Unavailable` only where it could not be reached in the first place.
    pub fn watch(&self, what: Watching) -> impl Stream<Item = Result<Event, Refused>> + Send + use<> {
        follow(self.line.clone(), what)
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
